"""Tables of what the learning rate did: by group, by criterion and by rate."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from sweep.analysis.choosing import CRITERIA
from sweep.analysis.measures import MEASURES, RATE_MEASURES, Measure
from sweep.analysis.medians import Block, Medians
from sweep.analysis.resampling import MOST_NUMBERS, Bootstrap, Ranked
from sweep.analysis.responses import Responses
from sweep.analysis.shares import wilson
from sweep.errors import RequestError

WITHIN = 2.0
"""By default a rate is usable whose median final loss is at most so many times the best."""


@dataclass(frozen=True)
class Choices:
    """How groups are measured: the factor `within` which rates are usable, and the bootstrap.

    Raises:
        RequestError: the factor is below 1.
    """

    within: float = WITHIN
    bootstrap: Bootstrap = field(default_factory=Bootstrap)

    def __post_init__(self) -> None:
        if not self.within >= 1:
            raise RequestError(f"the factor of the usable range must be 1 or more: {self.within}")


@dataclass(frozen=True, eq=False)
class Estimate:
    """A measure of every group, (groups,) float64 each: its value, its interval, its support.

    `support` is the share of resamples that gave the very same value. All but the value are NaN
    where there is one seed.
    """

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    support: np.ndarray


@dataclass(frozen=True, eq=False)
class Findings:
    """The tables `best` and `summary` of some trials, from one pass, and how they were made."""

    responses: Responses
    choices: Choices
    best: pd.DataFrame
    summary: pd.DataFrame


def find(responses: Responses, by: str | None = None, choices: Choices | None = None) -> Findings:
    """Both tables, for one criterion or for each; the other criteria's measures are left out.

    Raises:
        RequestError: as for `best`.
    """
    choices, wanted = choices or Choices(), _wanted(responses, by)
    left_out = {name for one in CRITERIA if one not in wanted for name in _names(one)}
    measures = {name: one for name, one in _measured(responses).items() if name not in left_out}
    found = estimates(responses, measures, choices)
    return Findings(
        responses,
        choices,
        _best_table(responses, wanted, found, choices),
        _summary_table(responses, measures, found),
    )


def best(
    responses: Responses, by: str | None = None, choices: Choices | None = None
) -> pd.DataFrame:
    """The best learning rate of each group, by one criterion or by each of them.

    A row a group and criterion, groups ascending:

        an axis each         the group's value of every axis that is no rate and no seed
        by                   "final_loss", "steps_to_target" or "convergence"
        best_rate            the best of the swept rates; NaN if none is any good
        best_rate_low, _high its bootstrap interval; NaN with a single seed
        value                the median final loss, the median steps, or the share that converged
        value_low, _high     its interval at that rate: bootstrap, or Wilson's for a share
        support              the share of resamples in which the same rate is best, NaN likewise
        edge                 "lowest" or "highest" if the best rate is an end of the sweep, "only"
                             if there is but one rate, else ""
        rates, seeds, trials int64, how many there are

    Raises:
        RequestError: there is no such criterion, or the trials have not the column it needs.
    """
    choices, wanted = choices or Choices(), _wanted(responses, by)
    measures = {name: MEASURES[name] for one in wanted for name in _names(one)}
    return _best_table(responses, wanted, estimates(responses, measures, choices), choices)


def summary(responses: Responses, choices: Choices | None = None) -> pd.DataFrame:
    """All `MEASURES` of each group, but for those whose columns the trials have not.

    A row a group and measure, in the order of the groups and then of `MEASURES`: an axis each,
    `measure`, `value`, `low`, `high` (float64) and `unit`. Infinite rates lie above the swept
    ones, -inf below; NaN says that there is none. Intervals are NaN with a single seed.
    """
    measures = _measured(responses)
    found = estimates(responses, measures, choices or Choices())
    return _summary_table(responses, measures, found)


def by_rate(responses: Responses, choices: Choices | None = None) -> pd.DataFrame:
    """What happened at each rate of each group: `RATE_MEASURES`, each with its interval.

    A row a group and rate, ascending: an axis each, the rate under its own name, `trials`
    (int64), and for each measure the columns `<measure>`, `<measure>_low` and `<measure>_high`
    (float64): medians with the bootstrap's interval, shares with Wilson's.
    """
    choices = choices or Choices()
    swept = ~np.isnan(responses.rates)
    group = np.nonzero(swept)[0]
    table = responses.groups.iloc[group].reset_index(drop=True)
    table[responses.rate] = responses.rates[swept]
    table["trials"] = (responses.rows >= 0).sum(axis=2)[swept]
    columns: dict[str, np.ndarray] = {}
    for name, measure in RATE_MEASURES.items():
        if all(map(responses.has, measure.needs)):
            whole = [
                _shares(responses, groups, measure.name, choices.bootstrap)
                if measure.is_share
                else _medians(responses, groups, measure.name, choices.bootstrap)
                for groups in responses.blocks()
            ]
            for ending, parts in zip(("", "_low", "_high"), zip(*whole, strict=True), strict=True):
                columns[name + ending] = np.concatenate(parts)[swept]
    return table.assign(**columns)


def estimates(
    responses: Responses, measures: dict[str, Measure], choices: Choices
) -> dict[str, Estimate]:
    """Each of these measures of every group, bootstrapped over the seeds jointly."""
    parts = [_block(Block(responses, groups), measures, choices) for groups in responses.blocks()]
    return {
        name: Estimate(*np.concatenate([part[name] for part in parts], axis=1)) for name in measures
    }


def _block(block: Block, measures: dict[str, Measure], choices: Choices) -> dict[str, np.ndarray]:
    """For each measure (value, low, high, support) by groups of one block."""
    original = Medians(block)
    values = {name: one.function(original, choices.within)[0] for name, one in measures.items()}
    found: dict[str, list[np.ndarray]] = {name: [] for name in measures}
    for counts in choices.bootstrap.counts(block.seeds, block.rates.size):
        resampled = Medians(block, counts, original)
        for name, measure in measures.items():
            found[name].append(measure.function(resampled, choices.within))
    return {
        name: _with_interval(value, found[name], choices.bootstrap)
        for name, value in values.items()
    }


def _with_interval(
    value: np.ndarray, found: Sequence[np.ndarray], bootstrap: Bootstrap
) -> np.ndarray:
    """(value, low, high, support) from the value and its resamples, of which there may be none."""
    if not found:
        return np.stack([value, *[np.full_like(value, np.nan)] * 3])
    resamples = np.concatenate(found)
    low, high = bootstrap.interval(resamples)
    support = np.mean(resamples == value, axis=0)
    none = np.isnan(value)
    ends = [np.where(none, np.nan, part) for part in (low, high, support)]
    return np.stack([value, *ends])


def _names(by: str) -> tuple[str, str]:
    """The measures of a criterion: the best rate and the value there."""
    return f"best_rate_by_{by}", f"best_{by}"


def _wanted(responses: Responses, by: str | None) -> list[str]:
    """The criteria that are asked for and can be judged."""
    if by is not None and by not in CRITERIA:
        raise RequestError(f'"{by}": no way to be best; there are {", ".join(CRITERIA)}')
    found = [n for n in CRITERIA if by in (None, n) and responses.has(CRITERIA[n].needs)]
    if not found:
        raise RequestError(f"{by}: the trials have no such column")
    return found


def _measured(responses: Responses) -> dict[str, Measure]:
    """The measures whose columns are there."""
    return {name: one for name, one in MEASURES.items() if all(map(responses.has, one.needs))}


def _summary_table(
    responses: Responses, measures: dict[str, Measure], found: dict[str, Estimate]
) -> pd.DataFrame:
    parts = [
        responses.groups.assign(
            measure=name,
            value=found[name].value,
            low=found[name].low,
            high=found[name].high,
            unit=measure.unit,
        )
        for name, measure in measures.items()
    ]
    return pd.concat(parts).sort_index(kind="stable").reset_index(drop=True)


def _best_table(
    responses: Responses, wanted: Sequence[str], found: dict[str, Estimate], choices: Choices
) -> pd.DataFrame:
    parts = [_best(responses, by, found, choices) for by in wanted]
    return pd.concat(parts).sort_index(kind="stable").reset_index(drop=True)


def _best(
    responses: Responses, by: str, found: dict[str, Estimate], choices: Choices
) -> pd.DataFrame:
    """The rows of one criterion."""
    rate, value = (found[name] for name in _names(by))
    there = responses.rows >= 0
    rates = there.any(axis=2).sum(axis=1)
    low, high = value.low, value.high
    if by == "convergence":
        is_best = responses.rates == rate.value[:, np.newaxis]
        total = (there & is_best[:, :, np.newaxis]).sum(axis=(1, 2))
        low, high = wilson(np.round(value.value * total), total, choices.bootstrap.level)
    return responses.groups.assign(
        by=by,
        best_rate=rate.value,
        best_rate_low=rate.low,
        best_rate_high=rate.high,
        value=value.value,
        value_low=low,
        value_high=high,
        support=rate.support,
        edge=_edges(responses.rates, rate.value),
        rates=rates,
        seeds=there.any(axis=1).sum(axis=1),
        trials=there.sum(axis=(1, 2)),
    )


def _edges(rates: np.ndarray, best_rate: np.ndarray) -> np.ndarray:
    lowest, highest = np.nanmin(rates, axis=1), np.nanmax(rates, axis=1)
    found = np.where(best_rate == lowest, "lowest", np.where(best_rate == highest, "highest", ""))
    return np.where((lowest == highest) & (best_rate == lowest), "only", found).astype(object)


def _shares(
    responses: Responses, groups: slice, name: str, bootstrap: Bootstrap
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The share at each rate (groups, rates) and the ends of its interval."""
    cells = responses.cells(name, groups)
    count, total = (cells == 1).sum(axis=2), (~np.isnan(cells)).sum(axis=2)
    share = np.where(total > 0, count / np.maximum(total, 1), np.nan)
    return share, *wilson(count, total, bootstrap.level)


def _medians(
    responses: Responses, groups: slice, name: str, bootstrap: Bootstrap
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The median at each rate (groups, rates) and the ends of its interval."""
    cells = responses.cells(name, groups)
    ranked = Ranked.of(cells.reshape(-1, cells.shape[2]))
    ends = np.full((2, len(ranked.levels)), np.nan)
    size = max(1, MOST_NUMBERS // bootstrap.resamples)
    for start in range(0, len(ranked.levels), size):
        rows = ranked.rows(slice(start, start + size))
        found = [rows.resampled(counts) for counts in bootstrap.counts(cells.shape[2], size)]
        if found:
            ends[:, start : start + size] = bootstrap.interval(np.concatenate(found))
    low, high = ends.reshape(2, *cells.shape[:2])
    return ranked.medians().reshape(low.shape), low, high
