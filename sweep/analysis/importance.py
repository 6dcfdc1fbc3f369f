"""How much of what differs between trials is due to each axis, and to each pair of axes."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sweep.errors import RequestError

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Importance:
    """The variance of a measure over a grid, taken apart; all shares are of the whole, 0 to 1.

    Attributes:
        variance: of the measure, each point of the grid counting once, in its unit squared.
        single: the share of each axis alone.
        pairs: the share of each two axes together, beyond what either has alone.
        higher: the share of three and more axes together.
        residual: the share of the differences between trials of the same point.
    """

    variance: float
    single: dict[str, float]
    pairs: dict[tuple[str, str], float]
    higher: float
    residual: float


def importance(table: pd.DataFrame, axes: Sequence[str], values: Array) -> Importance:
    """Take the variance of `values` (n,), one a row of `table`, apart by the columns `axes`.

    A functional analysis of variance. Over a complete grid, all of whose points count the same,
    the measure is a sum of orthogonal functions of no axis, one, two and more (Hoeffding, "A class
    of statistics with asymptotically normal distribution", 1948); the variance of each is its
    share (Hutter, Hoos and Leyton-Brown, "An efficient approach for assessing hyperparameter
    importance", 2014, fit a forest to get it; a grid needs none, and this is exact). The variance
    between rows of one point is the residual.

    Raises:
        RequestError: the grid lacks points, or a value is not finite.
    """
    values = np.asarray(values, np.float64)
    if not np.isfinite(values).all():
        raise RequestError("importance: a value is not finite; take ranks")
    places, levels = zip(*(pd.factorize(table[name]) for name in axes), strict=True)
    shape = tuple(map(len, levels))
    at, size = np.ravel_multi_index(places, shape), int(np.prod(shape))
    counts = np.bincount(at, minlength=size)
    if not counts.all():
        there = f"{np.count_nonzero(counts):,} of the {size:,} points"
        raise RequestError(
            f"importance needs a complete grid: of {', '.join(axes)} there are {there}; "
            "narrow the axes with --set, or train what is missing"
        )
    means = (np.bincount(at, values, size) / counts).reshape(shape)
    within = np.bincount(at, (values - means.ravel()[at]) ** 2, size) / counts

    def variance_of(*kept: int) -> float:
        others = tuple(axis for axis in range(means.ndim) if axis not in kept)
        return float(means.mean(axis=others).var())

    between, residual = float(means.var()), float(within.mean())
    unit = between + residual or 1.0
    single = [variance_of(axis) for axis in range(means.ndim)]
    pairs = {
        (axes[i], axes[j]): max(variance_of(i, j) - single[i] - single[j], 0.0) / unit
        for i, j in combinations(range(means.ndim), 2)
    }
    named = {name: part / unit for name, part in zip(axes, single, strict=True)}
    higher = max(between / unit - sum(named.values()) - sum(pairs.values()), 0.0)
    return Importance(between + residual, named, pairs, higher, residual / unit)
