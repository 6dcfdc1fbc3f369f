"""One measure in several studies: aligned where they swept the same, and what differs."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sweep.analysis.intervals import RESAMPLES, Bootstrap
from sweep.analysis.levels import LEVELS, Level, has
from sweep.analysis.medians import Medians, at_rates, best_place, rate_at, resampled
from sweep.analysis.naming import group_names, named, narrowed
from sweep.analysis.responses import SEEDS, Responses, rate_axis
from sweep.analysis.trials import trained
from sweep.catalogue import OUTCOMES
from sweep.errors import RequestError
from sweep.store.results import Results, results_of
from sweep.study import Group, Study
from sweep.study.checks import nearest

MOST_VARIANTS = 32  # how many curves are compared at most

Trials = tuple[str, pd.DataFrame, Sequence[str]]
"""A study's name, its trials and the names of its axes."""


@dataclass(frozen=True, eq=False)
class Side:
    """One study, or the part of it in which the axes that only it has have one value.

    `medians` are those of its trials, led by the measure that is compared. Its groups have each
    other values of `shared`, the axes that all studies have.
    """

    name: str
    medians: Medians
    shared: tuple[str, ...]

    @cached_property
    def places(self) -> pd.DataFrame:
        """A row a group and rate: the shared axes, the rate, its `row` among all, its `value`."""
        group, place = np.nonzero(~np.isnan(self.medians.rates))
        return self._table(group, place, self.medians.rates[group, place])

    def best(self) -> pd.DataFrame:
        """The same of the rate that is best, chosen as `best` does: a row a group.

        The rate is NaN where none is any good.
        """
        place = best_place(self.medians, self.medians.lead)[0]
        rate = rate_at(self.medians, place)
        return self._table(np.arange(len(place)), np.maximum(place, 0), rate)

    def _table(self, group: np.ndarray, place: np.ndarray, rate: np.ndarray) -> pd.DataFrame:
        responses, row = self.medians.responses, group * self.medians.rates.shape[1] + place
        told = {responses.rate: rate, "row": row, "value": self.values(row)}
        table = responses.groups[list(self.shared)].iloc[group]
        return table.reset_index(drop=True).assign(**told)

    def values(self, row: np.ndarray, name: str = "") -> np.ndarray:
        """The medians or shares at some groups and rates, of the measure or of another level."""
        return np.asarray(self.medians.of(name or self.medians.lead)[0].ravel()[row])


@dataclass(frozen=True, eq=False)
class Comparison:
    """Several studies side by side; the first side is what the others are compared with.

    `shared` are the axes aligned, `own` those that only some studies have, of each side one value;
    `seeds` are the seeds that all have in common, 0 if resamples are drawn apart, and `unpaired`
    says why they are. `unlike` says, a line each, what makes the measure one of different scales
    or of different tasks; `studies` are the names.
    """

    measure: str
    rate: str
    shared: tuple[str, ...]
    own: tuple[str, ...]
    seeds: int
    sides: tuple[Side, ...]
    bootstrap: Bootstrap
    unpaired: str
    unlike: tuple[str, ...]
    studies: tuple[str, ...]

    def __repr__(self) -> str:
        seeds = f", {self.seeds} seeds in common" if self.seeds else ""
        names = " with ".join(dict.fromkeys(side.name for side in self.sides))
        return f"<Comparison of {self.measure} by {self.rate}: {names}{seeds}>"

    @property
    def level(self) -> Level:
        """What the measure is."""
        return LEVELS[self.measure]

    @property
    def change(self) -> str:
        """What a change is called: "ratio" to the first side, or "difference" from it."""
        return "ratio" if self.level.ratio else "difference"

    def curves(self) -> pd.DataFrame:
        """The measure of each side at each of its rates, shared by the others or not.

        A row a side, group and rate: `study`, the shared axes, the rate, and `value`, `low` and
        `high` (float64) with its interval as in `by_rate`, NaN with a single seed.
        """
        parts = []
        for side in self.sides:
            row = side.places["row"].to_numpy()
            _, low, high = at_rates(side.medians, self.measure, row, self._draws(side))
            table = side.places.drop(columns="row").assign(low=low, high=high)
            table.insert(0, "study", side.name)
            parts.append(table)
        return pd.concat(parts, ignore_index=True)

    def differences(self) -> pd.DataFrame:
        """Each side against the first where both have the same shared values and rate.

        A row a side but the first, group and rate: `study`, the shared axes, the rate,
        `first` and `value` (the measure of the first side and of this one), `ratio` or `difference`
        and its `low` and `high` (float64). NaN where both diverged, and of intervals with one seed.
        """
        first, keys = self.sides[0].places, [*self.shared, self.rate]
        parts = [
            self._changes(side, first.merge(side.places, on=keys, suffixes=("_first", "")), keys)
            for side in self.sides[1:]
        ]
        return pd.concat(parts, ignore_index=True)

    def at_best(self) -> pd.DataFrame:
        """Each side against the first, each at the rate at which its own measure is best.

        A row a side but the first and group: `study`, the shared axes, `first_rate` and `rate`,
        chosen as `best` chooses them and NaN where none is any good, and the rest as in
        `differences`. Beside a measure of validation data stand the median final losses on the
        training data at these rates, `first_final_loss` and `final_loss`. Intervals are those of
        the measure at these rates; that the rates were chosen by the same trials is not in them.
        """
        first, parts = self.sides[0].best(), []
        for side in self.sides[1:]:
            own = side.best()
            on: dict[str, Any] = {"on": list(self.shared)} if self.shared else {"how": "cross"}
            both = first.merge(own, **on, suffixes=("_first", ""))
            both = both.rename(columns={f"{self.rate}_first": "first_rate", self.rate: "rate"})
            table = self._changes(side, both, [*self.shared, "first_rate", "rate"])
            if self.measure.startswith("validation"):
                rows = both["row_first"].to_numpy(), both["row"].to_numpy()
                table["first_final_loss"] = self.sides[0].values(rows[0], "final_loss")
                table["final_loss"] = side.values(rows[1], "final_loss")
            parts.append(table)
        return pd.concat(parts, ignore_index=True)

    def _changes(self, side: Side, both: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
        """The rows of one side from matched places of it and of the first."""
        table = both[list(keys)].assign(first=both["value_first"], value=both["value"])
        table.insert(0, "study", side.name)
        change = self._change(table["first"].to_numpy(), table["value"].to_numpy())
        ends = np.full((2, len(both)), np.nan)
        pair = (
            (self.sides[0], both["row_first"].to_numpy(), self._draws(self.sides[0])),
            (side, both["row"].to_numpy(), self._draws(side)),
        )
        for part in self.bootstrap.parts(len(both)):
            base, found = (
                resampled(one.medians, self.measure, rows[part], draws) for one, rows, draws in pair
            )
            if found is not None and base is not None:
                least = min(len(base), len(found))
                ends[:, part] = self.bootstrap.interval(self._change(base[:least], found[:least]))
        low, high = np.where(np.isnan(change), np.nan, ends)
        return table.assign(**{self.change: change}, low=low, high=high)

    def _change(self, first: np.ndarray, value: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore", invalid="ignore"):
            found: np.ndarray = value / first if self.level.ratio else value - first
        return found

    def _draws(self, side: Side) -> Bootstrap:
        """The same draws for all sides if seeds are shared, else each its own."""
        number = 0 if self.seeds else self.sides.index(side)
        return replace(self.bootstrap, seed=self.bootstrap.seed + number)


def compare(
    studies: Sequence[Results | Study | str | Path | Trials],
    measure: str | None = None,
    *,
    rate: str | None = None,
    only: str | Iterable[str] = (),
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Comparison:
    """Set studies side by side: results, their directories, studies by name, or tables of trials.

    The first is what the others are compared with. Axes that all have are aligned, by equal values.
    Axes that only some have split their study into sides, one a combination of values. Where all
    have two seeds or more in common, those alone count and are drawn jointly; else all seeds count,
    and each study's are drawn apart. The measure is the loss on validation data where all have
    some, else the final loss. `only`, `level`, `resamples` and `seed` are as for `best`.

    Raises:
        RequestError: there are fewer than two studies or more than `MOST_VARIANTS` sides, nothing
            is trained, the rate is not an axis of all, there is no such measure, or an argument is
            none that can be meant.
        StoreError: a file is damaged or cannot be read.
    """
    measure = named("--measure", measure)
    if measure is not None and measure not in LEVELS:
        raise RequestError(
            f'"{measure}": no measure to compare{nearest(measure, LEVELS)}; there are '
            f"{', '.join(LEVELS)}"
        )
    if not isinstance(studies, list | tuple) or len(studies) < 2:
        raise RequestError("a comparison needs two studies or more, in a list")
    bootstrap = Bootstrap(level, resamples, seed)
    opened = [one if isinstance(one, tuple) else results_of(one) for one in studies]
    tables = [_read(one, measure, only) for one in opened]
    if measure is None:
        validated = all(has(trials, "validation_loss") for _, trials, _ in tables)
        measure = "validation_loss" if validated else "final_loss"
    common = [name for name in tables[0][2] if all(name in axes for _, _, axes in tables)]
    rate = rate_axis(common, rate)
    seeds, unpaired = _shared_seeds(tables)
    laid_out = []
    for name, trials, axes in tables:
        kept = trials if seeds is None else trials.merge(seeds)
        laid_out.append(Responses.of(kept, axes, rate, by_label=True))
        if not laid_out[-1].has(measure):
            raise RequestError(f"{name}: its trials have no {measure}")
        if not (laid_out[-1].paired or unpaired):
            unpaired = f"in {name} each rate has seeds of its own"
    names = [name for name in common if all(name in one.groups for one in laid_out)]
    own = {name for one in laid_out for name in _own(one.groups, names)}
    sides = [
        side
        for (name, _, _), one in zip(tables, laid_out, strict=True)
        for side in _sides(name, one, names, measure)
    ]
    if len(sides) > MOST_VARIANTS:
        raise RequestError(
            f"{len(sides)} combinations of axes that only some of the studies have; at most "
            f"{MOST_VARIANTS} can be compared"
        )
    return Comparison(
        measure=measure,
        rate=rate,
        shared=tuple(names),
        own=tuple(sorted(own)),
        seeds=0 if unpaired else laid_out[0].rows.shape[2],
        sides=tuple(sides),
        bootstrap=bootstrap,
        unpaired=unpaired,
        unlike=tuple(_unlike([one for one in opened if isinstance(one, Results)], measure)),
        studies=tuple(name for name, _, _ in tables),
    )


def _read(source: Results | Trials, measure: str | None, only: str | Iterable[str]) -> Trials:
    if isinstance(source, tuple):
        return source[0], narrowed(source[1], source[2], only), source[2]
    areas = measure == "area_under_curve"
    more = () if areas or measure is None else LEVELS[measure].needs
    return source.study.name, *trained(source, more, only, areas=areas)


def _unlike(studies: Sequence[Results], measure: str) -> Iterator[str]:
    """What makes a measure of these studies one of different scales or of different tasks."""

    def kinds(read: Callable[[Group], object]) -> list[set[object]]:
        return [{read(group) for group in one.study.groups()} for one in studies]

    losses, outcome = kinds(lambda group: group.network.loss), measure in OUTCOMES
    timed = outcome or measure in ("steps_to_target", "area_under_curve")
    names = ", ".join(sorted(map(str, set().union(*losses))))
    told: tuple[tuple[bool, str, Callable[[Group], object]], ...] = (
        (True, f"not one loss function: {names}", lambda group: group.network.loss),
        (True, "not trained on the same data", lambda group: group.data.digest),
        (measure.startswith("validation"), "not the same validation data",
         lambda group: group.validation and group.validation.digest),
        (outcome or measure == "steps_to_target",
         "not the same target, bound or rule of outcomes", lambda group: group.outcome),
        (timed, "not as many steps", lambda group: group.steps),
        (timed, "steps of batches of other sizes", lambda group: group.batch.size),
    )  # fmt: skip
    for matters, words, read in told:
        if matters and any(some != kinds(read)[0] for some in kinds(read)):
            yield words


def _shared_seeds(studies: Sequence[Trials]) -> tuple[pd.DataFrame | None, str]:
    """The seeds that all studies have, if these are two or more, or why resamples are apart."""
    kinds = [(study, [name for name in axes if name in SEEDS]) for study, _, axes in studies]
    first = kinds[0][1]
    if any(set(names) != set(first) for _, names in kinds):
        said = (f"{study} by {' and '.join(names) or 'none'}" for study, names in kinds)
        return None, f"trials are repeated by different seeds, {', '.join(said)}"
    if not first:
        return None, "the studies sweep no seeds"
    found = studies[0][1][first].drop_duplicates()
    for _, trials, _ in studies[1:]:
        found = found.merge(trials[first].drop_duplicates())
    if len(found) > 1:
        return found, ""
    return None, f"the studies have {'but one seed' if len(found) else 'no seeds'} in common"


def _own(groups: pd.DataFrame, shared: Sequence[str]) -> list[str]:
    """The axes besides the shared ones, but for those of which each shared value has but one."""

    def combinations(names: Sequence[str]) -> int:
        return len(groups[list(names)].drop_duplicates()) if names else 1

    names = (str(name) for name in groups if name not in shared)
    return [name for name in names if combinations([*shared, name]) > combinations(shared)]


def _sides(name: str, responses: Responses, shared: Sequence[str], measure: str) -> Iterator[Side]:
    """The sides of one study: one for each combination of the axes that are not shared."""
    groups = responses.groups
    if not (own := _own(groups, shared)):
        yield Side(name, Medians(responses, measure), tuple(shared))
        return
    for _, part in groups.groupby(own, sort=True):
        rows = part.index.to_numpy()
        (told,) = group_names(groups[own], rows[:1].tolist())
        yield Side(f"{name}, {told}", Medians(responses.part(rows), measure), tuple(shared))
