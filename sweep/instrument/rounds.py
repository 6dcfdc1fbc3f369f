"""Turns that alternate, what can be said of them, and how far: medians, intervals and noise.

A round is one turn of each, and what is compared are turns of the same round, so that a machine
that slows down slows both. The order of turns rotates from round to round.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

CONFIDENCE = 0.95
MOST_SPREAD = 0.05
"""Of the calibration's seconds, between quartiles: above it, differences of a twentieth drown."""
LEAST_SHARE = 0.9  # of their processors that threads must have had: below it, others had them


class Interval(NamedTuple):
    """A median and where the true one lies, with the confidence that so few values allow."""

    median: float
    low: float
    high: float
    confidence: float

    def __str__(self) -> str:
        return f"{self.median:.3g} [{self.low:.3g}, {self.high:.3g}]"


def interleaved(
    turns: Mapping[str, Callable[[], object]],
    rounds: int,
    before: Callable[[int], object] = lambda number: None,
) -> pd.DataFrame:
    """Time turns, in rounds of one turn of each, each begun by `before` with its number.

    Returns a row a turn: `round`, `turn` (its name), `seconds`, and `cpu_seconds`, those that this
    process had of all processors meanwhile.
    """
    names, rows = list(turns), []
    for number in range(rounds):
        before(number)
        for name in rotated(names, number):
            start, cpu = time.perf_counter(), time.process_time()
            turns[name]()
            end = time.perf_counter()
            rows.append((number, name, end - start, time.process_time() - cpu))
    return pd.DataFrame(rows, columns=["round", "turn", "seconds", "cpu_seconds"])


def rotated(names: Sequence[str], number: int) -> list[str]:
    """The order of turns in a round: that of the one before, with the last turn first."""
    at = -number % len(names) if names else 0
    return [*names[at:], *names[:at]]


def median_interval(values: ArrayLike) -> Interval:
    """The median, and the closest two of the values that hold the true one with `CONFIDENCE`.

    By order statistics, whatever the distribution: of n values the k-th smallest and the k-th
    largest miss the median with a probability of 2 P(B <= k - 1), where B is how often a fair coin
    falls on heads in n throws (Thompson, "On confidence ranges for the median", 1936). Six values
    are the fewest for 95%; of fewer the ends are the least and the greatest, and the confidence
    says what these are worth.
    """
    found = np.sort(np.asarray(values, np.float64))
    n = len(found)
    if n == 0:
        return Interval(math.nan, math.nan, math.nan, 0.0)
    k = max([1, *(k for k in range(1, (n + 1) // 2 + 1) if _held(n, k) >= CONFIDENCE)])
    return Interval(float(np.median(found)), float(found[k - 1]), float(found[n - k]), _held(n, k))


def _held(n: int, k: int) -> float:
    """The probability that the median lies between the k-th smallest and k-th largest of n."""
    return max(0.0, 1.0 - 2.0 * float(sum(math.comb(n, i) for i in range(k)) / 2**n))


def spread(values: ArrayLike) -> float:
    """The distance between the quartiles over the median: the noise of what should be equal."""
    low, middle, high = np.quantile(np.asarray(values, np.float64), (0.25, 0.5, 0.75))
    return float((high - low) / middle)


@dataclass(frozen=True)
class Noise:
    """What was seen beside the turns."""

    spread: float  # of a calibration that is always the same, between quartiles, over its median
    share: float  # of their processors, what the threads had: the median turn
    stolen: float  # of all processors' time, what the host gave to others; NaN if it does not tell
    slowest_clock: float  # cycles a second, over the rounds
    fastest_clock: float

    @property
    def warning(self) -> str | None:
        """Why nothing should be concluded, in one line; None if the machine was quiet."""
        varied = (
            f"work that is always the same took from round to round {self.spread:.0%} more or less "
            f"(at most {MOST_SPREAD:.0%} is quiet)"
        )
        had = f"threads had {self.share:.0%} of their processors (at least {LEAST_SHARE:.0%})"
        reasons = [varied] * (self.spread > MOST_SPREAD) + [had] * (self.share < LEAST_SHARE)
        return f"the machine was too noisy to conclude: {'; '.join(reasons)}" if reasons else None

    def __str__(self) -> str:
        stolen = "" if np.isnan(self.stolen) else f", {self.stolen:.1%} taken by the host"
        return (
            f"clock {self.slowest_clock / 1e9:.2f} to {self.fastest_clock / 1e9:.2f} GHz, "
            f"noise {self.spread:.1%}, threads had {self.share:.0%} of their processors{stolen}"
        )


def noise(
    calibration: ArrayLike, shares: ArrayLike, clocks: ArrayLike, stolen: float = np.nan
) -> Noise:
    """Judge rounds by the calibration's seconds, the turns' shares of processors and the clock."""
    hertz = np.asarray(clocks, np.float64)
    share = float(np.median(np.asarray(shares, np.float64)))
    return Noise(spread(calibration), share, stolen, float(hertz.min()), float(hertz.max()))


def processor_times(stat: Path = Path("/proc/stat")) -> tuple[float, float]:
    """All processors' time so far and what of it the host took, in ticks; NaN where not told."""
    try:
        fields = stat.read_text().partition("\n")[0].split()
        ticks = [float(field) for field in fields[1:9]]
    except (OSError, ValueError):
        return np.nan, np.nan
    if fields[0] != "cpu" or len(ticks) < 8:
        return np.nan, np.nan
    return sum(ticks), ticks[7]


def stolen_between(before: tuple[float, float], after: tuple[float, float]) -> float:
    """The share of all processors' time that the host gave to others; NaN where not told."""
    total = after[0] - before[0]
    return (after[1] - before[1]) / total if total > 0 else np.nan
