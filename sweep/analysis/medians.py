"""Medians and shares over seeds, of the trials or of resamples; and the rate best by one."""

from dataclasses import dataclass, field

import numpy as np

from sweep.analysis.intervals import MOST_NUMBERS, Bootstrap, Ranked, wilson
from sweep.analysis.levels import LEVELS, Level
from sweep.analysis.responses import Responses


@dataclass(frozen=True, eq=False)
class Block:
    """Some groups of a study, their levels laid out and sorted once, when they are first needed.

    `lead` is the level by which a rate is the best where nothing else is said.
    """

    responses: Responses
    groups: slice
    lead: str = "final_loss"
    ranked: dict[str, Ranked] = field(default_factory=dict)

    @property
    def rates(self) -> np.ndarray:
        """(groups, rates) float64, ascending, NaN where a group has no more."""
        return self.responses.rates[self.groups]

    @property
    def seeds(self) -> int:
        """How many seeds there are, trained or not."""
        return int(self.responses.rows.shape[2])

    def cells(self, name: str) -> np.ndarray:
        """The levels of a measure (groups, rates, seeds) float64, NaN where there is no trial."""
        return self.responses.cells(name, self.groups)

    def rank(self, name: str) -> Ranked:
        """The levels of a measure sorted along the seeds, a row a group and rate."""
        if name not in self.ranked:
            self.ranked[name] = Ranked.of(self.cells(name).reshape(-1, self.seeds))
        return self.ranked[name]


@dataclass(frozen=True, eq=False)
class Medians:
    """Medians and shares over the seeds: of the trials themselves, or of each of some resamples.

    Arrays are (resamples, groups, rates) float64, with one resample, the trials themselves, where
    there are no `counts` (resamples, seeds) of how often each seed was drawn. `original` are then
    those of the trials.
    """

    block: Block
    counts: np.ndarray | None = None
    original: "Medians | None" = None
    known: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def rates(self) -> np.ndarray:
        """(groups, rates) float64, ascending, NaN where a group has no more."""
        return self.block.rates

    def of(self, name: str) -> np.ndarray:
        """The median level at each rate, or the share of seeds; NaN where there is no trial."""
        if name not in self.known:
            self.known[name] = self._share(name) if _is_share(name) else self._median(name)
        return self.known[name]

    def at(self, name: str, place: np.ndarray) -> np.ndarray:
        """The same at one rate a group, its `place` (groups,): (resamples, groups)."""
        if self.counts is None or name in self.known or _is_share(name):
            found = np.take_along_axis(self.of(name), place[np.newaxis, :, np.newaxis], axis=2)
            return found[:, :, 0]
        rows = np.arange(len(place)) * self.rates.shape[1] + place
        return self.block.rank(name).rows(rows).resampled(self.counts)

    def overall(self, outcome: str) -> np.ndarray:
        """The share of a group's trials, over all rates, that had this outcome."""
        cells = self.block.cells(outcome)
        parts = [part.sum(axis=1, keepdims=True) for part in (cells == 1, ~np.isnan(cells))]
        with np.errstate(invalid="ignore"):
            found: np.ndarray = np.divide(*(self._total(part)[:, :, 0] for part in parts))
        return found

    def _median(self, name: str) -> np.ndarray:
        ranked = self.block.rank(name)
        found = ranked.medians() if self.counts is None else ranked.resampled(self.counts)
        return found.reshape(-1, *self.rates.shape)

    def _share(self, name: str) -> np.ndarray:
        cells = self.block.cells(name)
        with np.errstate(invalid="ignore"):
            return np.asarray(self._total(cells == 1) / self._total(~np.isnan(cells)))

    def _total(self, numbers: np.ndarray) -> np.ndarray:
        """The sums of (groups, n, seeds) over the seeds drawn: (resamples, groups, n)."""
        flat = numbers.reshape(-1, numbers.shape[2]).astype(np.float64)
        drawn = np.ones((1, flat.shape[1])) if self.counts is None else self.counts
        found: np.ndarray = (drawn @ flat.T).reshape(-1, *numbers.shape[:2])
        return found


def _is_share(name: str) -> bool:
    return name in LEVELS and LEVELS[name].share


def best_place(medians: Medians, by: str) -> np.ndarray:
    """The place of the rate that is best by a level, (resamples, groups) int64; -1 where none is.

    That is where the median trial diverged at every rate or never reached the target at any, or no
    seed converged. Of equally good rates the one of the lower median final loss is best, and of
    these the lowest.
    """
    level = LEVELS[by]
    bad = level.sign * medians.of(by)
    bad = np.where(np.isnan(bad) | ((bad == 0) & level.share & level.larger), np.inf, bad)
    least = bad.min(axis=2, keepdims=True)
    tied = bad == least
    if by != "final_loss" and np.any(tied.sum(axis=2) > 1):
        loss = np.where(tied, medians.of("final_loss"), np.inf)
        loss = np.where(np.isnan(loss), np.inf, loss)
        tied &= loss == loss.min(axis=2, keepdims=True)
    return np.where(np.isfinite(least[:, :, 0]), tied.argmax(axis=2), -1)


def rate_at(medians: Medians, place: np.ndarray) -> np.ndarray:
    """The rates at places (resamples, groups), NaN where a place is -1."""
    groups = np.arange(len(medians.rates))
    return np.where(place < 0, np.nan, medians.rates[groups, place])


def value_at_best(medians: Medians, name: str, by: str) -> np.ndarray:
    """A level (resamples, groups) at the rate that is best by `by` in the trials themselves."""
    place = best_place(medians.original or medians, by)[0]
    return np.where(place < 0, np.nan, medians.at(name, np.maximum(place, 0)))


def at_rates(cells: np.ndarray, level: Level, bootstrap: Bootstrap) -> np.ndarray:
    """What a level is at some rates, and its interval: (3, rates) from cells (rates, seeds).

    A median with the bootstrap's interval, or a share with Wilson's.
    """
    if level.share:
        count, total = (cells == 1).sum(axis=1), (~np.isnan(cells)).sum(axis=1)
        share = np.where(total > 0, count / np.maximum(total, 1), np.nan)
        return np.stack([share, *wilson(count, total, bootstrap.level)])
    ranked = Ranked.of(cells)
    found = np.full((3, len(cells)), np.nan)
    found[0] = ranked.medians()
    size = max(1, MOST_NUMBERS // bootstrap.resamples)
    for start in range(0, len(cells), size):
        rows = ranked.rows(slice(start, start + size))
        drawn = [rows.resampled(counts) for counts in bootstrap.counts(cells.shape[1], size)]
        if drawn:
            found[1:, start : start + size] = bootstrap.interval(np.concatenate(drawn))
    return found
