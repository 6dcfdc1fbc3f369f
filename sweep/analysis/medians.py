"""What measures are computed from: medians and shares over seeds, of the trials or of resamples."""

from dataclasses import dataclass, field

import numpy as np

from sweep.analysis.resampling import Ranked
from sweep.analysis.responses import Responses


@dataclass(frozen=True, eq=False)
class Block:
    """Some groups of a study, their levels laid out and sorted once, when they are first needed."""

    responses: Responses
    groups: slice
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
        """The median level of a measure at each rate; NaN where there is no trial."""
        if name not in self.known:
            ranked = self.block.rank(name)
            found = ranked.medians() if self.counts is None else ranked.resampled(self.counts)
            self.known[name] = found.reshape(-1, *self.rates.shape)
        return self.known[name]

    def at(self, name: str, place: np.ndarray) -> np.ndarray:
        """The median level at one rate a group, its `place` (groups,): (resamples, groups)."""
        if self.counts is None or name in self.known:
            found = np.take_along_axis(self.of(name), place[np.newaxis, :, np.newaxis], axis=2)
            return found[:, :, 0]
        rows = np.arange(len(place)) * self.rates.shape[1] + place
        return self.block.rank(name).rows(rows).resampled(self.counts)

    def share(self, outcome: str) -> np.ndarray:
        """The share of seeds whose trial had this outcome; NaN where there is no trial."""
        if outcome not in self.known:
            cells = self.block.cells(outcome)
            there, ended = self._total(~np.isnan(cells)), self._total(cells == 1)
            with np.errstate(invalid="ignore"):
                self.known[outcome] = ended / there
        return self.known[outcome]

    def overall(self, outcome: str) -> np.ndarray:
        """The share of a group's trials, over all rates, that had this outcome."""
        cells = self.block.cells(outcome)
        there, ended = ~np.isnan(cells), cells == 1
        per_seed = [part.sum(axis=1, keepdims=True) for part in (ended, there)]
        ended_total, total = (self._total(part)[:, :, 0] for part in per_seed)
        with np.errstate(invalid="ignore"):
            found: np.ndarray = ended_total / total
        return found

    def _total(self, numbers: np.ndarray) -> np.ndarray:
        """The sums of (groups, n, seeds) over the seeds drawn: (resamples, groups, n)."""
        flat = numbers.reshape(-1, numbers.shape[2]).astype(np.float64)
        drawn = np.ones((1, flat.shape[1])) if self.counts is None else self.counts
        found: np.ndarray = (drawn @ flat.T).reshape(-1, *numbers.shape[:2])
        return found
