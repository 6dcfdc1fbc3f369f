"""Trials laid out for analysis: a row a group, a column a learning rate, a layer a seed."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype
from pandas.util import hash_array

from sweep.analysis.levels import has, levels
from sweep.errors import RequestError

RATES = ("learning_rate", "bias_learning_rate")
"""The fields that are learning rates, the usual one first; "learning_rate.0" is that of a layer."""

SEEDS = ("seed", "batch_seed", "data.seed", "validation.seed")
"""The axes whose values repeat a trial rather than change the question."""

MOST_EMPTY = 4
"""Cells are kept for every seed of any rate while there are at most so many times the trials."""

MOST_CELLS = 2**22  # how many cells, 32 MiB of float64, are worked on at a time


@dataclass(frozen=True, eq=False)
class Responses:
    """The trials of a study, each in the cell of its group, its rate and its seed.

    `rate` is the column that is varied, `seeds` are those that repeat, `along` numeric ones that
    run one to one with the rate, and all other axes make the `groups`: a row a group, ascending.
    `rates` (groups, rates) float64 ascend, NaN where a group has fewer; `rows` (groups, rates,
    seeds) int32 is the row in `trials` of the trial in each cell, -1 where there is none. The
    replicates are `paired` when a layer of them is one seed at all rates and groups; their order
    then follows from their results, not from the seeds' numbers. `crossed` (axes, seeds) numbers
    what each layer has of every one of several kinds of seeds, where each value of one meets all of
    the others; else it has one row, of the layers' own numbers.
    """

    trials: pd.DataFrame
    rate: str
    seeds: tuple[str, ...]
    along: tuple[str, ...]
    groups: pd.DataFrame
    rates: np.ndarray
    rows: np.ndarray
    paired: bool
    crossed: np.ndarray

    @classmethod
    def of(
        cls,
        trials: pd.DataFrame,
        axes: Sequence[str],
        rate: str | None = None,
        *,
        by_label: bool = False,
    ) -> "Responses":
        """Lay out `trials`, which have a column for each of the `axes` and the measures.

        With `by_label` the seeds keep the order of their numbers, as those of another table do.

        Raises:
            RequestError: no rate is among the axes, its order means nothing, or no trial is there.
        """
        rate = rate_axis(axes, rate)
        if trials.empty:
            raise RequestError("nothing is trained yet; `sweep run` comes first")
        if rate in SEEDS or not _is_ordered(trials[rate]):
            raise RequestError(f"{rate}: the order of its values means nothing; name another axis")
        seeds = tuple(name for name in axes if name in SEEDS and name != rate)
        others = [name for name in axes if name != rate and name not in seeds]
        along = tuple(name for name in others if _runs_along(trials, name, rate))
        grouped = [name for name in others if name not in along]
        group, first = _codes(trials, grouped)
        place, rates = _places(group, trials[rate].to_numpy(np.float64), len(first))
        replicate, paired = _replicates(trials, seeds, group * rates.shape[1] + place, rates.size)
        at = np.full((*rates.shape, int(replicate.max()) + 1), -1, np.int32)
        at[group, place, replicate] = np.arange(len(trials))
        groups = trials[grouped].iloc[first].reset_index(drop=True)
        at = at if by_label or not paired else _ordered(at, trials)
        crossed = _crossed(trials[list(seeds)], at, paired)
        return cls(trials, rate, seeds, along, groups, rates, at, paired, crossed)

    def parts(self) -> Iterator["Responses"]:
        """Runs of groups, each of at most `MOST_CELLS` cells or of one group."""
        size = max(1, MOST_CELLS // max(self.rows[0].size, 1))
        for start in range(0, len(self.rows), size):
            yield self.part(slice(start, start + size))

    def part(self, groups: slice | np.ndarray) -> "Responses":
        """Some of the groups."""
        rates, rows = self.rates[groups], self.rows[groups]
        return replace(self, groups=self.groups.iloc[groups], rates=rates, rows=rows)

    def has(self, name: str) -> bool:
        """Whether there are levels of this name."""
        return has(self.trials, name)

    def cells(self, name: str) -> np.ndarray:
        """The levels of a measure (groups, rates, seeds) float64, NaN where there is no trial."""
        return np.where(self.rows >= 0, levels(self.trials, name)[self.rows], np.nan)


def is_rate(name: str, fields: Sequence[str] = RATES) -> bool:
    """Whether an axis is a learning rate, or a layer's own."""
    return any(name == field or name.startswith(f"{field}.") for field in fields)


def rate_axis(axes: Sequence[str], rate: str | None = None) -> str:
    """The axis to vary: `rate`, or the study's learning rate, the first layer's own if need be.

    Raises:
        RequestError: there is none.
    """
    listed = ", ".join(axes)
    if rate is not None and rate not in axes:
        raise RequestError(f"{rate}: no axis of this study; it has {listed or 'none'}")
    found = [name for field in RATES for name in sorted(axes) if is_rate(name, (field,))]
    if rate or found:
        return rate or found[0]
    other = f"; vary another axis (--rate): {listed}" if axes else ", nor anything else"
    raise RequestError(f"no learning rate is swept{other}")


def _is_ordered(values: "pd.Series[float]") -> bool:
    return is_numeric_dtype(values) and not is_bool_dtype(values)


def _runs_along(trials: pd.DataFrame, name: str, rate: str) -> bool:
    """Whether every value of the axis goes with one rate and every rate with one value."""
    values = trials[name].nunique()
    if not _is_ordered(trials[name]) or values < 2 or values != trials[rate].nunique():
        return False
    return len(_codes(trials, [name, rate])[1]) == values


def _codes(trials: pd.DataFrame, names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Number the combinations of these columns, ascending; and the first row that has each."""
    code = np.zeros(len(trials), np.int64)
    for name in names:
        one, values = pd.factorize(trials[name], sort=True, use_na_sentinel=False)
        code, _ = pd.factorize(code * len(values) + one, sort=True)
    return code, np.unique(code, return_index=True)[1]


def _places(group: np.ndarray, rate: np.ndarray, groups: int) -> tuple[np.ndarray, np.ndarray]:
    """Each trial's place among the rates of its group, and these rates, NaN after the last."""
    place = pd.Series(rate).groupby(group).rank("dense").to_numpy(np.int64) - 1
    rates = np.full((groups, int(place.max()) + 1), np.nan)
    rates[group, place] = rate
    return place, rates


def _replicates(
    trials: pd.DataFrame, seeds: Sequence[str], cell: np.ndarray, cells: int
) -> tuple[np.ndarray, bool]:
    """Each trial's layer; and whether a layer is one seed throughout.

    That takes a cell for every seed at every rate. Where rates have seeds of their own, as in a
    random design, or a seed comes twice, layers are the trials of a rate by their seeds' order.
    """
    seed, first = _codes(trials, seeds)
    if cells * len(first) <= MOST_EMPTY * len(trials) + MOST_CELLS // 4:
        slots = cell * len(first) + seed
        if np.bincount(slots).max() == 1:
            return seed, True
    order = np.lexsort((levels(trials, "final_loss"), seed, cell))
    counts = np.bincount(cell)
    if cells * counts.max() > 16 * len(trials) + 4 * MOST_CELLS:
        raise RequestError("too many rates have no trials in most groups; analyse groups apart")
    layer = np.empty(len(trials), np.int64)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    layer[order] = np.arange(len(trials)) - starts[cell[order]]
    return layer, bool(counts.max() == 1)


def _crossed(seeds: pd.DataFrame, at: np.ndarray, paired: bool) -> np.ndarray:
    """(axes, layers) as `Responses.crossed`, numbered in the order of the layers."""
    layers = at.shape[2]
    if paired:
        of_layer = seeds.iloc[at.reshape(-1, layers).max(axis=0)]
        numbers = [codes for name in seeds if (codes := pd.factorize(of_layer[name])[0]).any()]
        if len(numbers) > 1 and math.prod(codes.max() + 1 for codes in numbers) == layers:
            return np.stack(numbers)
    return np.arange(layers)[np.newaxis]


def _ordered(at: np.ndarray, trials: pd.DataFrame) -> np.ndarray:
    """Order the layers by a digest of their results: seeds of other numbers change nothing."""
    if at.shape[2] == 1:
        return at
    names = [n for n in ("initial_loss", "final_loss", "steps_to_target") if n in trials]
    weights = hash_array(np.arange(at[:, :, 0].size))[:, np.newaxis] | np.uint64(1)
    digest = np.zeros(at.shape[2], np.uint64)
    for name in (*names, "converged", "stalled"):
        cells = np.where(at >= 0, levels(trials, name)[at], np.nan)
        hashes = hash_array(cells.ravel()).reshape(-1, at.shape[2])
        digest = digest * np.uint64(31) + (hashes * weights).sum(axis=0, dtype=np.uint64)
    return at[:, :, np.argsort(digest, kind="stable")]
