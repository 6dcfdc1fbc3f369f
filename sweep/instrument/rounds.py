"""Turns that alternate, and what can be said of them: medians, spreads and intervals.

A round is one turn of each, and what is compared are turns of the same round, so that a machine
that slows down slows both. The order of turns rotates from round to round.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

CONFIDENCE = 0.95


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
    """Time turns, in rounds of one turn of each.

    Args:
        turns: what to time, by name.
        rounds: how many.
        before: what to do at the beginning of each round.

    Returns:
        A row a turn: `round`, `turn` (its name), `seconds`, and `cpu_seconds`, those that this
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


def ratios(
    turns: pd.DataFrame, above: str, below: str, column: str = "seconds"
) -> "pd.Series[float]":
    """The column of one turn over that of another, a round each, by `round`."""
    by_name = turns.pivot_table(index="round", columns="turn", values=column)
    return by_name[above] / by_name[below]


def median_interval(values: ArrayLike, confidence: float = CONFIDENCE) -> Interval:
    """The median, and the closest two of the values that hold the true one with that confidence.

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
    k = max([1, *(k for k in range(1, (n + 1) // 2 + 1) if _held(n, k) >= confidence)])
    return Interval(float(np.median(found)), float(found[k - 1]), float(found[n - k]), _held(n, k))


def _held(n: int, k: int) -> float:
    """The probability that the median lies between the k-th smallest and k-th largest of n."""
    return max(0.0, 1.0 - 2.0 * float(sum(math.comb(n, i) for i in range(k)) / 2**n))


def spread(values: ArrayLike) -> float:
    """The distance between the quartiles over the median: the noise of what should be equal."""
    low, middle, high = np.quantile(np.asarray(values, np.float64), (0.25, 0.5, 0.75))
    return float((high - low) / middle)
