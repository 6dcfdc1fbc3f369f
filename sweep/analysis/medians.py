"""Medians and shares over seeds, of the trials or of resamples; and the rate best by one."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from sweep.analysis.intervals import Bootstrap, Ranked, wilson
from sweep.analysis.levels import LEVELS
from sweep.analysis.responses import Responses


@dataclass(frozen=True, eq=False)
class Medians:
    """Medians and shares over the seeds: of the trials themselves, or of each of some resamples.

    Arrays are (resamples, groups, rates) float64, with one resample, the trials themselves, where
    there are no `counts` (resamples, seeds) of how often each seed was drawn. `original` are then
    those of the trials. `lead` is the level by which a rate is the best where nothing else is said;
    `ranks` has what is sorted, once for all resamples.
    """

    responses: Responses
    lead: str = "final_loss"
    counts: np.ndarray | None = None
    original: "Medians | None" = None
    known: dict[str, np.ndarray] = field(default_factory=dict)
    ranks: dict[str, Ranked] = field(default_factory=dict)

    def drawn(self, bootstrap: Bootstrap, rows: int) -> Iterator["Medians"]:
        """Those of all resamples, in parts of as many as fit `rows` medians of each into memory."""
        crossed = self.responses.crossed
        for counts in bootstrap.counts(crossed.shape[1], rows, crossed):
            yield self.of_resamples(counts)

    def of_resamples(self, counts: np.ndarray) -> "Medians":
        """Those of resamples with these counts of each seed."""
        return replace(self, counts=counts, original=self, known={})

    @property
    def rates(self) -> np.ndarray:
        """(groups, rates) float64, ascending, NaN where a group has no more."""
        return self.responses.rates

    def of(self, name: str) -> np.ndarray:
        """The median level at each rate, or the share of seeds; NaN where there is no trial."""
        if name not in self.known:
            self.known[name] = self.rows(name, slice(None)).reshape(-1, *self.rates.shape)
        return self.known[name]

    def at(self, name: str, place: np.ndarray) -> np.ndarray:
        """The same at one rate a group, its `place` (groups,): (resamples, groups)."""
        if name in self.known:
            return self.of(name)[:, np.arange(len(place)), place]
        return self.rows(name, np.arange(len(place)) * self.rates.shape[1] + place)

    def rows(self, name: str, which: np.ndarray | slice) -> np.ndarray:
        """The same at some rates, numbered through all groups: (resamples, rows)."""
        if name in LEVELS and LEVELS[name].share:
            cells = self.cells(name)[which]
            with np.errstate(invalid="ignore"):
                return np.asarray(self._sums(cells == 1) / self._sums(~np.isnan(cells)))
        if name not in self.ranks:
            self.ranks[name] = Ranked.of(self.cells(name))
        ranked = self.ranks[name].rows(which)
        return ranked.resampled(self.counts) if self.counts is not None else ranked.medians()[None]

    def cells(self, name: str) -> np.ndarray:
        """The levels of a measure (groups * rates, seeds) float64, NaN where there is no trial."""
        cells = self.responses.cells(name)
        return cells.reshape(-1, cells.shape[2])

    def overall(self, outcome: str) -> np.ndarray:
        """The share of a group's trials, over all rates, that had this outcome."""
        cells = self.responses.cells(outcome)
        with np.errstate(invalid="ignore"):
            had, all_ = (self._sums(part.sum(axis=1)) for part in (cells == 1, ~np.isnan(cells)))
            return np.asarray(had / all_)

    def _sums(self, numbers: np.ndarray) -> np.ndarray:
        """The sums of (n, seeds) over the seeds drawn: (resamples, n)."""
        drawn = np.ones((1, numbers.shape[1])) if self.counts is None else self.counts
        return np.asarray(drawn @ numbers.astype(np.float64).T)


def best_place(medians: Medians, by: str) -> np.ndarray:
    """The place of the rate that is best by a level, (resamples, groups) int64; -1 where none is.

    That is where the median trial diverged at every rate or never reached the target at any, or no
    seed converged. Of equally good rates the one of the lower median final loss is best, of
    validation accuracies that of the lower loss on validation data, and of these the lowest.
    """
    level = LEVELS[by]
    bad = level.sign * medians.of(by)
    bad = np.where(np.isnan(bad) | ((bad == 0) & level.share & level.larger), np.inf, bad)
    least = bad.min(axis=2, keepdims=True)
    tied = bad == least
    losses = ["validation_loss"] * by.startswith("validation") + ["final_loss"]
    leading = next(filter(medians.responses.has, losses), by)
    if leading != by and np.any(tied.sum(axis=2) > 1):
        loss = np.where(tied, medians.of(leading), np.inf)
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


def resampled(
    medians: Medians, name: str, rows: np.ndarray, bootstrap: Bootstrap
) -> np.ndarray | None:
    """A level at some rates in every resample (resamples, rows); None with a single seed."""
    found = [drawn.rows(name, rows) for drawn in medians.drawn(bootstrap, len(rows))]
    return np.concatenate(found) if found else None


def at_rates(medians: Medians, name: str, rows: np.ndarray, bootstrap: Bootstrap) -> np.ndarray:
    """What a level of the trials is at some rates, and its interval: (3, rows) float64.

    A median with the bootstrap's interval, or a share with that of `share_interval`.
    """
    found = np.full((3, len(rows)), np.nan)
    found[0] = medians.rows(name, rows)[0]
    share, crossed = LEVELS[name].share, medians.responses.crossed
    for part in bootstrap.parts(len(rows)) if not share or len(crossed) > 1 else ():
        drawn = resampled(medians, name, rows[part], bootstrap)
        if drawn is not None:
            found[1:, part] = bootstrap.interval(drawn)
    if share:
        total = (~np.isnan(medians.cells(name)[rows])).sum(axis=1)
        found[1:] = share_interval(found[0], total, found[1:], crossed, bootstrap.level)
    return found


def share_interval(
    share: np.ndarray, total: np.ndarray, drawn: np.ndarray, crossed: np.ndarray, level: float
) -> np.ndarray:
    """The interval (2, n) of shares (n,) of `total` seeds at one rate each: Wilson's.

    That takes seeds that are independent. Where kinds of seeds are `crossed` it is the bootstrap's,
    `drawn` (2, n), but of all and of none, which show no spread: there it is Wilson's of as many
    seeds as the kind with the fewest has.
    """
    several, fewest = len(crossed) > 1, int(crossed.max(axis=1).min()) + 1
    counted = np.minimum(total, fewest) if several else total
    ends = np.array(wilson(np.round(share * counted), counted, level))
    return np.where(several & (share > 0) & (share < 1), drawn, ends)
