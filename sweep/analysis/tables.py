"""Tables of what the learning rate did: by group, by criterion and by rate."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from sweep.analysis.intervals import RESAMPLES, Bootstrap, wilson
from sweep.analysis.levels import LEVELS
from sweep.analysis.measures import CRITERIA, MEASURES, RATE_LEVELS, Measure, best_measures
from sweep.analysis.medians import Block, Medians, at_rates
from sweep.analysis.responses import Responses
from sweep.analysis.trials import responses_of
from sweep.catalogue import OUTCOMES
from sweep.errors import RequestError
from sweep.store.results import Results
from sweep.study.checks import nearest

WITHIN = 2.0
"""By default a rate is usable whose median loss is at most so many times the best."""


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
    measures = _best_measures(wanted)
    measures |= {
        name: one
        for name, one in MEASURES.items()
        if not name.startswith("best_") and all(map(responses.has, one.needs))
    }
    found = estimates(responses, measures, choices, _lead(responses, by))
    table = _stacked(
        responses.groups.assign(
            measure=name,
            value=found[name].value,
            low=found[name].low,
            high=found[name].high,
            unit=measure.unit,
        )
        for name, measure in measures.items()
    )
    return Findings(responses, choices, _best_table(responses, wanted, found), table)


def best(
    source: Responses | Results,
    by: str | None = None,
    *,
    rate: str | None = None,
    only: Iterable[str] = (),
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> pd.DataFrame:
    """The best learning rate of each group, by one measure or by each of `CRITERIA` there is.

    A row a group and criterion, groups ascending:

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
        source: the results of a study that was run, or any trials laid out.
        by: what a rate is the best by, any of `LEVELS` or "convergence"; by default each of
            `CRITERIA`, of which those of validation come first.
        rate: of results, the axis to vary; by default the learning rate.
        only: of results, choices of axes' values: "optimizer=adam".
        level: of the intervals.
        resamples: how many the bootstrap draws.
        seed: of these draws.

    Raises:
        RequestError: nothing is trained, there is no such axis or criterion, or the trials have
            not the column that it needs.
        StoreError: a file is damaged or cannot be read.
    """
    responses = _laid_out(source, rate, by, only)
    wanted = _wanted(responses, by)
    choices = Choices(bootstrap=Bootstrap(level, resamples, seed))
    found = estimates(responses, _best_measures(wanted), choices, _lead(responses, by))
    return _best_table(responses, wanted, found)


def summary(
    source: Responses | Results,
    *,
    rate: str | None = None,
    only: Iterable[str] = (),
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
        RequestError: nothing is trained, there is no such axis, or no curves were recorded.
        StoreError: a file is damaged or cannot be read.
    """
    choices = Choices(within, Bootstrap(level, resamples, seed))
    return find(_laid_out(source, rate, None, only, areas=areas), None, choices).summary


def by_rate(
    source: Responses | Results,
    *,
    rate: str | None = None,
    only: Iterable[str] = (),
    areas: bool = False,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> pd.DataFrame:
    """What happened at each rate of each group: `RATE_LEVELS`, each with its interval.

    A row a group and rate, ascending: an axis each, the rate under its own name, `trials`
    (int64), and for each level the columns `<level>`, `<level>_low` and `<level>_high`
    (float64): medians with the bootstrap's interval, shares with Wilson's.

    Raises:
        RequestError: nothing is trained, there is no such axis, or no curves were recorded.
        StoreError: a file is damaged or cannot be read.
    """
    bootstrap = Bootstrap(level, resamples, seed)
    responses = _laid_out(source, rate, None, only, areas=areas)
    swept = ~np.isnan(responses.rates)
    table = responses.groups.iloc[np.nonzero(swept)[0]].reset_index(drop=True)
    table[responses.rate] = responses.rates[swept]
    table["trials"] = (responses.rows >= 0).sum(axis=2)[swept]
    columns: dict[str, np.ndarray] = {}
    for name in filter(responses.has, RATE_LEVELS):
        at = [responses.cells(name, part) for part in responses.blocks()]
        parts = [at_rates(one.reshape(-1, one.shape[2]), LEVELS[name], bootstrap) for one in at]
        for ending, part in zip(("", "_low", "_high"), np.concatenate(parts, axis=1), strict=True):
            columns[name + ending] = part[swept.ravel()]
    return table.assign(**columns)


def _laid_out(
    source: Responses | Results,
    rate: str | None,
    by: str | None = None,
    only: Iterable[str] = (),
    *,
    areas: bool = False,
) -> Responses:
    if isinstance(source, Responses):
        return source
    return responses_of(source, rate, by, only, areas=areas)


def estimates(
    responses: Responses, measures: Mapping[str, Measure], choices: Choices, lead: str
) -> dict[str, Estimate]:
    """Each of these measures of every group, bootstrapped over the seeds jointly.

    `lead` is the level by which a rate is the best where a measure names no other.

    The interval of a share of the seeds at one rate is Wilson's.
    """
    parts = [
        _block(Block(responses, groups, lead), measures, choices) for groups in responses.blocks()
    ]
    found = {
        name: Estimate(*np.concatenate([part[name] for part in parts], axis=1)) for name in measures
    }
    for by, name in (CRITERIA | dict(zip(OUTCOMES, OUTCOMES, strict=True))).items():
        if f"best_{by}" in found and LEVELS[name].share:
            rate, value = found[f"best_rate_by_{by}"].value, found[f"best_{by}"].value
            at_best = (responses.rates == rate[:, np.newaxis])[:, :, np.newaxis]
            total = ((responses.rows >= 0) & at_best).sum(axis=(1, 2))
            ends = wilson(np.round(value * total), total, choices.bootstrap.level)
            found[f"best_{by}"] = Estimate(value, *ends, np.full_like(value, np.nan))
    return found


def _block(
    block: Block, measures: Mapping[str, Measure], choices: Choices
) -> dict[str, np.ndarray]:
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


def _best_measures(wanted: Sequence[str]) -> dict[str, Measure]:
    return {name: one for by in wanted for name, one in best_measures(by).items()}


def _wanted(responses: Responses, by: str | None) -> list[str]:
    """The criteria that are asked for and can be judged."""
    known = [name for name in (*CRITERIA, *LEVELS) if responses.has(CRITERIA.get(name, name))]
    if by is None and responses.has("descent"):
        return ["range_test", "final_loss"]
    if by is None:
        return [name for name in CRITERIA if name in known]
    if by not in CRITERIA and by not in LEVELS:
        raise RequestError(
            f'--by: no measure is called "{by}"{nearest(by, known)}; there are {", ".join(known)}'
        )
    if by not in known:
        why = "no validation data" if by.startswith("validation") else "no such column"
        raise RequestError(f"--by {by}: there is {why}; there are {', '.join(known)}")
    return [by]


def _lead(responses: Responses, by: str | None) -> str:
    """The level by which a rate is the best for what lies around it: a loss, of validation if any.

    It is the one that is asked for, if that is a loss.
    """
    if by in LEVELS and LEVELS[str(by)].unit == "loss":
        return str(by)
    return "validation_loss" if responses.has("validation_loss") else "final_loss"


def _stacked(parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """The rows of tables of a row a group, group by group."""
    return pd.concat(parts).sort_index(kind="stable").reset_index(drop=True)


def _best_table(
    responses: Responses, wanted: Sequence[str], found: Mapping[str, Estimate]
) -> pd.DataFrame:
    there = responses.rows >= 0
    counts = {
        "rates": there.any(axis=2).sum(axis=1),
        "seeds": there.any(axis=1).sum(axis=1),
        "trials": there.sum(axis=(1, 2)),
    }
    parts = []
    for by in wanted:
        rate, value = found[f"best_rate_by_{by}"], found[f"best_{by}"]
        columns: dict[str, Any] = {
            "by": by,
            "best_rate": rate.value,
            "best_rate_low": rate.low,
            "best_rate_high": rate.high,
            "value": value.value,
            "value_low": value.low,
            "value_high": value.high,
            "support": rate.support,
            "edge": _edges(responses.rates, rate.value),
        }
        parts.append(responses.groups.assign(**columns, **counts))
    return _stacked(parts)


def _edges(rates: np.ndarray, best_rate: np.ndarray) -> np.ndarray:
    lowest, highest = np.nanmin(rates, axis=1), np.nanmax(rates, axis=1)
    found = np.where(best_rate == lowest, "lowest", np.where(best_rate == highest, "highest", ""))
    return np.where((lowest == highest) & (best_rate == lowest), "only", found).astype(object)
