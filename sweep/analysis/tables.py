"""Tables of what the learning rate did: by group, by criterion and by rate."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from sweep.analysis.intervals import RESAMPLES, Bootstrap
from sweep.analysis.levels import CRITERIA, LEVELS, level_of
from sweep.analysis.measures import MEASURES, RATE_LEVELS, Measure, best_measures
from sweep.analysis.medians import Medians, at_rates, share_interval
from sweep.analysis.naming import named
from sweep.analysis.responses import Responses
from sweep.analysis.trials import Source, responses_of
from sweep.catalogue import CURVE_MEASURES, OUTCOMES
from sweep.errors import RequestError
from sweep.study.checks import nearest

WITHIN = 2.0  # by default a rate is usable whose median loss is at most so many times the best

Row = Mapping[Hashable, Any]
"""A row of `best`, of `summary` or of a comparison."""


@dataclass(frozen=True)
class Choices:
    """How groups are measured: the factor `within` which rates are usable, and the bootstrap.

    Raises:
        RequestError: the factor is no number of at least 1.
    """

    within: float = WITHIN
    bootstrap: Bootstrap = field(default_factory=Bootstrap)

    def __post_init__(self) -> None:
        if not isinstance(self.within, int | float) or not 1 <= self.within < np.inf:
            raise RequestError(
                f"the factor of the usable range must be a number of 1 or more: {self.within!r}"
            )


@dataclass(frozen=True, eq=False)
class Findings:
    """The tables `best` and `summary` of some trials, from one pass, and how they were made."""

    responses: Responses
    choices: Choices
    best: pd.DataFrame
    summary: pd.DataFrame

    @property
    def lead(self) -> str:
        """The first criterion, which the others stand behind."""
        return str(self.best["by"].iloc[0])

    @property
    def unlike(self) -> list[str]:
        """The axes by which groups minimise different things, so that they cannot be ranked."""
        axes = map(str, self.responses.groups)
        return [name for name in axes if name == "network.loss" or name.startswith("data.")]

    def leading(self) -> pd.DataFrame:
        """The rows of `best` by the first criterion: a row a group, in their order."""
        return self.best[self.best["by"] == self.lead].reset_index(drop=True)

    def ranked(self) -> list[int]:
        """The groups, the best first by the first criterion; in their order if they are unlike."""
        values = self.leading()["value"]
        if self.unlike:
            return list(range(len(values)))
        order = values.sort_values(ascending=not level_of(self.lead).larger, kind="stable")
        return [int(group) for group in order.index]

    def rows(self, group: int) -> tuple[dict[str, Row], dict[str, Row]]:
        """The rows of one group: of `best` by criterion, of `summary` by measure."""

        def rows(table: pd.DataFrame, by: str) -> dict[str, Row]:
            count = len(table) // len(self.responses.groups)
            part = table.iloc[group * count : (group + 1) * count]
            return {str(row[by]): row for row in part.to_dict("records")}

        return rows(self.best, "by"), rows(self.summary, "measure")


def find(responses: Responses, by: str | None = None, choices: Choices | None = None) -> Findings:
    """Both tables, for one criterion or for each; the other criteria's measures are left out.

    Of a range test, in which the loss of a rate is that of a network on its way, nothing is told
    of usable rates.

    Raises:
        RequestError: as for `best`.
    """
    left_out = ("best_", "usable_") if responses.has("descent") else "best_"
    others = {
        name: one
        for name, one in MEASURES.items()
        if not name.startswith(left_out) and all(map(responses.has, one.needs))
    }
    return _found(responses, by, choices or Choices(), others)


def _found(
    responses: Responses, by: str | None, choices: Choices, others: Mapping[str, Measure]
) -> Findings:
    """The best rates by what is asked for, and beside their measures such `others`."""
    wanted = _wanted(responses, by)
    lead = "validation_loss" if responses.has("validation_loss") else "final_loss"
    if by in LEVELS and LEVELS[str(by)].unit == "loss":
        lead = str(by)  # what lies around a best rate is judged by a loss
    measures = {name: one for each in wanted for name, one in best_measures(each).items()}
    measures |= others
    found = estimates(responses, measures, choices, lead)
    summaries = []
    for name, one in measures.items():
        value, low, high, _ = found[name]
        told = {"measure": name, "value": value, "low": low, "high": high, "unit": one.unit}
        summaries.append(responses.groups.assign(**told))
    there, rates = responses.rows >= 0, responses.rates
    lowest, highest = np.nanmin(rates, axis=1), np.nanmax(rates, axis=1)
    bests = []
    for name in wanted:
        rate, low, high, support = found[f"best_rate_by_{name}"]
        value, value_low, value_high, _ = found[f"best_{name}"]
        ends = [(rate == lowest) & (rate == highest), rate == lowest, rate == highest]
        edge = np.select(ends, ["only", "lowest", "highest"], "").astype(object)
        told = {"by": name, "best_rate": rate, "best_rate_low": low, "best_rate_high": high}
        told |= {"value": value, "value_low": value_low, "value_high": value_high}
        counts = {"rates": there.any(axis=2).sum(axis=1), "seeds": there.any(axis=1).sum(axis=1)}
        counts["trials"] = there.sum(axis=(1, 2))
        bests.append(responses.groups.assign(**told, support=support, edge=edge, **counts))
    best, summary = (  # group by group
        pd.concat(parts).sort_index(kind="stable").reset_index(drop=True)
        for parts in (bests, summaries)
    )
    return Findings(responses, choices, best, summary)


def best(
    source: Source,
    by: str | None = None,
    *,
    rate: str | None = None,
    only: str | Iterable[str] = (),
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> pd.DataFrame:
    """The best learning rate of each group, by one measure or by each of `CRITERIA` there is.

    A row a group and criterion, groups ascending by their values:

        an axis each         the group's value of every axis that is no rate and no seed
        by                   what the rate is the best by, such as "final_loss"
        best_rate            the best of the swept rates; NaN if none is any good
        best_rate_low, _high its bootstrap interval; NaN with a single seed
        value                the median of that measure, or the share that converged
        value_low, _high     its interval at that rate: bootstrap, or Wilson's for a share
        support              the share of resamples in which the same rate is best, NaN likewise
        edge                 "lowest" or "highest" if the best rate is an end of the sweep, "only"
                             if there is but one rate, else ""
        rates, seeds, trials int64, how many there are

    Args:
        source: the results of a study that was run, their directory, the study by its name or file
            (results are then looked for in `results/`), or any trials laid out.
        by: what a rate is the best by, any of `LEVELS` or "convergence"; by default each of
            `CRITERIA`, of which those of validation come first.
        rate: of results, the axis to vary; by default the learning rate.
        only: of results, choices of axes' values: "optimizer=adam", or several.
        level: of the intervals.
        resamples: how many the bootstrap draws.
        seed: of these draws.

    Raises:
        RequestError: nothing is trained, there is no such axis or criterion, the trials have not
            the column that it needs, or an argument is none that can be meant.
        StoreError: a file is damaged or cannot be read.
    """
    choices = Choices(bootstrap=Bootstrap(level, resamples, seed))
    return _found(responses_of(source, rate, by, only), by, choices, {}).best


def summary(
    source: Source,
    *,
    rate: str | None = None,
    only: str | Iterable[str] = (),
    within: float = WITHIN,
    areas: bool = False,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> pd.DataFrame:
    """All `MEASURES` of each group, but for those whose columns the trials have not.

    A row a group and measure, in the order of the groups and then of `MEASURES`: an axis each,
    `measure`, `value`, `low`, `high` (float64) and `unit`. Infinite rates lie above the swept
    ones, -inf below; NaN says that there is none. Intervals are NaN with a single seed.

    Rates are usable whose median loss is at most `within` times the best; with `areas` the
    curves of results are read too. The rest is as for `best`.

    Raises:
        RequestError: as for `best`; or no curves were recorded.
        StoreError: a file is damaged or cannot be read.
    """
    choices = Choices(within, Bootstrap(level, resamples, seed))
    return find(responses_of(source, rate, None, only, areas=areas), None, choices).summary


def by_rate(
    source: Source,
    *,
    rate: str | None = None,
    only: str | Iterable[str] = (),
    areas: bool = False,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> pd.DataFrame:
    """What happened at each rate of each group: those of `RATE_LEVELS` that there are.

    A row a group and rate, ascending: an axis each, the rate under its own name, `trials`
    (int64), and for each level the columns `<level>`, `<level>_low` and `<level>_high`
    (float64): medians with the bootstrap's interval, shares with Wilson's. The rest is as for
    `best`.

    Raises:
        RequestError: as for `best`; or no curves were recorded.
        StoreError: a file is damaged or cannot be read.
    """
    bootstrap = Bootstrap(level, resamples, seed)
    responses = responses_of(source, rate, None, only, areas=areas)
    swept = ~np.isnan(responses.rates)
    table = responses.groups.iloc[np.nonzero(swept)[0]].reset_index(drop=True)
    table[responses.rate] = responses.rates[swept]
    table["trials"] = (responses.rows >= 0).sum(axis=2)[swept]
    columns: dict[str, np.ndarray] = {}
    for name in filter(responses.has, RATE_LEVELS):
        parts = [
            at_rates(Medians(part), name, np.arange(part.rates.size), bootstrap)
            for part in responses.parts()
        ]
        for ending, part in zip(("", "_low", "_high"), np.concatenate(parts, axis=1), strict=True):
            columns[name + ending] = part[swept.ravel()]
    return table.assign(**columns)


def estimates(
    responses: Responses, measures: Mapping[str, Measure], choices: Choices, lead: str
) -> dict[str, np.ndarray]:
    """Each of these measures of every group, bootstrapped over the seeds jointly.

    An array (4, groups) float64 each: the value, the ends of its interval, and its support, which
    is the share of resamples that gave the very same value. All but the value are NaN where there
    is one seed. Shares of the seeds at one rate have that of `share_interval`. `lead` is the level
    by which a rate is the best where a measure names no other.
    """
    parts = [_estimated(Medians(part, lead), measures, choices) for part in responses.parts()]
    found = {name: np.concatenate([part[name] for part in parts], axis=1) for name in measures}
    for by, name in (CRITERIA | dict(zip(OUTCOMES, OUTCOMES, strict=True))).items():
        if f"best_{by}" in found and LEVELS[name].share:
            rate, value = found[f"best_rate_by_{by}"][0], found[f"best_{by}"][0]
            at_best = (responses.rates == rate[:, np.newaxis])[:, :, np.newaxis]
            total = ((responses.rows >= 0) & at_best).sum(axis=(1, 2))
            ends = share_interval(
                value, total, found[f"best_{by}"][1:3], responses.crossed, choices.bootstrap.level
            )
            found[f"best_{by}"] = np.stack([value, *ends, np.full_like(value, np.nan)])
    return found


def _estimated(
    medians: Medians, measures: Mapping[str, Measure], choices: Choices
) -> dict[str, np.ndarray]:
    """The estimates of some groups, which are worked on at a time."""
    values = {name: one.function(medians, choices.within)[0] for name, one in measures.items()}
    drawn: dict[str, list[np.ndarray]] = {name: [] for name in measures}
    for resampled in medians.drawn(choices.bootstrap, medians.rates.size):
        for name, measure in measures.items():
            drawn[name].append(measure.function(resampled, choices.within))
    found = {}
    for name, value in values.items():
        rest = [np.full_like(value, np.nan)] * 3
        if drawn[name]:
            resamples, none = np.concatenate(drawn[name]), np.isnan(value)
            ends = (*choices.bootstrap.interval(resamples), np.mean(resamples == value, axis=0))
            rest = [np.where(none, np.nan, part) for part in ends]
        found[name] = np.stack([value, *rest])
    return found


def _wanted(responses: Responses, by: str | None) -> list[str]:
    """The criteria that are asked for and can be judged."""
    names = dict.fromkeys([*CRITERIA, *LEVELS])
    known = [name for name in names if responses.has(CRITERIA.get(name, name))]
    if named("--by", by) is None:
        if responses.has("descent"):
            return ["range_test", "final_loss"]
        return [name for name in CRITERIA if name in known]
    if by not in names:
        raise RequestError(
            f'--by: no measure is called "{by}"{nearest(str(by), names)}; '
            f"there are {', '.join(names)}"
        )
    if by not in known:
        why = "there is no such column"
        if by.startswith("validation"):
            why = "there is no validation data"
        if by in CURVE_MEASURES:
            why = "it is measured only if record.measures names it"
        raise RequestError(f"--by {by}: {why}; there are {', '.join(known)}")
    return [by]
