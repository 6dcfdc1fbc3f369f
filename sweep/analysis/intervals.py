"""Intervals: of shares Wilson's, of all else the bootstrap's, which draws seeds again.

Each seed is drawn with all its trials. Efron, "Bootstrap methods: another look at the jackknife",
Annals of Statistics 7 (1979). A resample is held as how often each seed was drawn, so that a median
over it is a weighted one over levels that are sorted once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, sqrt
from statistics import NormalDist

import numpy as np

from sweep.errors import RequestError

RESAMPLES = 1000
MOST_DRAWS = 2 * 10**8
"""With more seeds than this allows, resamples are fewer, though never below `FEWEST`."""

FEWEST = 100
MOST_NUMBERS = 2**22  # how many numbers an array of resampled medians has at a time

MOST_CACHED = 2**18
"""How many of them are worked on at a time, so that they stay near the processor."""


@dataclass(frozen=True)
class Bootstrap:
    """How intervals are made: their `level`, the number of `resamples`, and the `seed` of draws.

    Raises:
        RequestError: the level is not between 0 and 1, there are no resamples, or the seed is no
            whole number of at least 0.
    """

    level: float = 0.95
    resamples: int = RESAMPLES
    seed: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.level, float) or not 0 < self.level < 1:
            said = f"the level of intervals must lie between 0 and 1, not {self.level!r}"
            raise RequestError(said)
        for name, least in (("resamples", 1), ("seed", 0)):
            number = getattr(self, name)
            if not isinstance(number, int | np.integer) or number < least:
                raise RequestError(
                    f"{name}: must be a whole number of at least {least}, not {number!r}"
                )

    def counts(
        self, seeds: int, rows: int, crossed: np.ndarray | None = None
    ) -> Iterator[np.ndarray]:
        """How often each seed is drawn: parts (resamples, seeds) int32; none of a single seed.

        The parts have as many resamples as fit `rows` medians of each into memory. Where seeds are
        combinations of several, `crossed` (axes, seeds) numbers what each has of every axis: the
        values of each axis are drawn by themselves, and a combination as often as the product says
        (A. B. Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 1, 2007).
        """
        if seeds < 2:
            return
        total = min(self.resamples, max(FEWEST, MOST_DRAWS // seeds))
        size = max(1, MOST_NUMBERS // max(rows, seeds))
        axes = np.arange(seeds)[np.newaxis] if crossed is None else crossed
        seeded = ([self.seed, axis] if axis else self.seed for axis in range(len(axes)))
        randoms = [np.random.default_rng(one) for one in seeded]
        for start in range(0, total, size):
            n = min(size, total - start)
            counts = np.ones((n, seeds), np.int32)
            for random, numbers in zip(randoms, axes, strict=True):
                values = int(numbers.max()) + 1
                drawn = random.integers(0, values, (n, values))
                drawn += np.arange(n)[:, np.newaxis] * values
                of_axis = np.bincount(drawn.ravel(), minlength=n * values).reshape(n, values)
                counts *= of_axis[:, numbers].astype(np.int32)
            yield counts

    def parts(self, rows: int) -> Iterator[slice]:
        """Runs of rows of which all resamples fit into memory at a time."""
        size = max(1, MOST_NUMBERS // self.resamples)
        yield from (slice(start, start + size) for start in range(0, rows, size))

    def interval(self, found: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The ends of the percentile interval of resamples (resamples, ...) along the first axis.

        They are values that were found, the next further out where a quantile lies between two.
        Resamples without a value, NaN, are left out; without any there is no interval: NaN.
        """
        ranked = np.sort(found, axis=0)
        last = np.sum(~np.isnan(ranked), axis=0) - 1
        tail = (1 - self.level) / 2
        low = np.floor(tail * last).astype(np.int64)
        high = np.ceil((1 - tail) * last).astype(np.int64)
        ends = np.maximum(np.stack([low, high]), 0)
        low_end, high_end = np.take_along_axis(ranked, ends, axis=0)
        return low_end, high_end


@dataclass(frozen=True, eq=False)
class Ranked:
    """Rows of levels by seed, sorted once: `levels` ascend along each row, NaN (no trial) last.

    `order` (rows, seeds) are the seeds in that order and `valid` (rows,) how many have a trial.
    """

    levels: np.ndarray
    order: np.ndarray
    valid: np.ndarray

    @classmethod
    def of(cls, cells: np.ndarray) -> "Ranked":
        """Sort levels (rows, seeds) float64."""
        order = np.argsort(cells, axis=1, kind="stable").astype(np.int32)
        levels = np.take_along_axis(cells, order, axis=1)
        return cls(levels, order, np.sum(~np.isnan(levels), axis=1))

    def rows(self, index: np.ndarray | slice) -> "Ranked":
        """Some of the rows."""
        return Ranked(self.levels[index], self.order[index], self.valid[index])

    def medians(self) -> np.ndarray:
        """The median of each row (rows,) float64: halfway between the middle two of an even number.

        NaN of a row without trials, infinite where one of the two is.
        """
        row = np.arange(len(self.levels))
        low = np.maximum((self.valid - 1) // 2, 0)
        high = np.minimum(self.valid // 2, self.levels.shape[1] - 1)
        return _between(self.levels[row, low], self.levels[row, high])

    def resampled(self, counts: np.ndarray) -> np.ndarray:
        """The medians of each resample (resamples, rows) float64, from `counts` of seeds."""
        seeds = self.levels.shape[1]
        drawn = np.ascontiguousarray(counts.T, np.int16 if seeds < 2**14 else np.int32)
        # A resampled median's rank has a standard deviation of sqrt(seeds) / 2 in the original's.
        half = ceil(3 * sqrt(seeds)) + 1
        found = np.empty((len(counts), len(self.levels)))
        size = max(1, MOST_CACHED // len(counts))
        for start in range(0, len(self.levels), size):
            part = slice(start, start + size)
            rows = self.rows(part)
            first = np.maximum((rows.valid - 1) // 2 - half, 0)
            medians = _weighted(rows, drawn, first, min(seeds, 2 * half + 2))
            if medians is None:
                medians = _weighted(rows, drawn, 0 * first, seeds)
            found[:, part] = medians
        return found


def _weighted(rows: Ranked, drawn: np.ndarray, first: np.ndarray, width: int) -> np.ndarray | None:
    """The weighted medians (resamples, rows), looked for among `width` ranks from `first` on.

    None if one is not there, which cannot be if these are all ranks.
    """
    places = np.arange(rows.levels.shape[1])
    total = _drawn(rows, drawn, places < rows.valid[:, np.newaxis])
    reached = _drawn(rows, drawn, places < first[:, np.newaxis])
    lower, upper = (total + 1) // 2, total // 2 + 1
    if width < len(places) and (reached >= lower).any():
        return None
    at_low, at_high = np.zeros_like(total), np.zeros_like(total)
    for rank in range(width):
        at = np.minimum(first + rank, len(places) - 1)
        weight = drawn[np.take_along_axis(rows.order, at[:, np.newaxis], axis=1)[:, 0]]
        weight[first + rank >= rows.valid] = 0
        reached += weight
        at_low += reached < lower
        at_high += reached < upper
    if (reached < np.minimum(upper, total)).any():
        return None
    row, last = np.arange(len(rows.levels))[:, np.newaxis], len(places) - 1
    low = rows.levels[row, np.minimum(first[:, np.newaxis] + at_low, last)]
    high = rows.levels[row, np.minimum(first[:, np.newaxis] + at_high, last)]
    return np.where(total == 0, np.nan, _between(low, high)).T


def _drawn(rows: Ranked, drawn: np.ndarray, ranks: np.ndarray) -> np.ndarray:
    """How many draws fall on the seeds at the marked `ranks` (rows, resamples)."""
    if ranks.all():
        total = drawn.sum(axis=0, dtype=drawn.dtype)
        return np.broadcast_to(total, (len(ranks), len(total))).copy()
    marked = np.zeros(ranks.shape, np.float32)
    np.put_along_axis(marked, rows.order, ranks, axis=1)
    return (marked @ drawn.astype(np.float32)).astype(drawn.dtype)


def _between(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Halfway between two levels; infinite where one is."""
    return np.where(low == high, low, low / 2 + high / 2)


def wilson(count: np.ndarray, total: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """The score interval of a share, `count` of `total` independent trials; NaN of less than two.

    With p = count / total, n = total and z the normal quantile of (1 + level) / 2 its ends are
    (p + z²/2n ± z sqrt(p (1 - p) / n + z²/4n²)) / (1 + z²/n); it stays within 0 to 1 and has
    a width when all or none did. Wilson, "Probable inference, the law of succession, and
    statistical inference", Journal of the American Statistical Association 22 (1927).
    """
    z = NormalDist().inv_cdf((1 + level) / 2)
    n = np.where(total > 1, total, np.nan)
    p = count / n
    middle = p + z**2 / (2 * n)
    half = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    scale = 1 + z**2 / n
    low, high = (middle - half) / scale, (middle + half) / scale
    # At the two ends the formula rounds to a last digit beside 0 and 1.
    return np.where(count == 0, 0.0 * n, low), np.where(count == total, 0.0 * n + 1, high)
