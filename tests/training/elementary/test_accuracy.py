"""The errors of every function and slope, within the bounds that the package's table states."""

from collections.abc import Callable, Iterable

import numpy as np
import pytest

from tests.training.arrays import Array

from .errors import BOUNDS, RANGES, WIDE, Errors, exact_errors, wide_errors
from .points import CHUNK, domain, drawn, edges, strided

functions = pytest.mark.parametrize("name", BOUNDS)
dtypes = pytest.mark.parametrize("dtype", ["float64", "float32"])


@dtypes
@functions
def test_errors_where_formulas_have_edges(name: str, dtype: str) -> None:
    hold(name, [edges(name, dtype, neighbours=2)], exact_errors)


@functions
def test_errors_over_a_million_float32(name: str) -> None:
    hold(name, strided(4099), wide_errors)


@functions
def test_errors_over_a_million_float64(name: str) -> None:
    if WIDE:
        hold(name, drawn(name, 2**20, seed=4), wide_errors)
    else:
        hold(name, [x[:: CHUNK // 2000] for x in drawn(name, CHUNK, seed=4)], exact_errors)


@pytest.mark.soak
@functions
def test_errors_of_every_float32(name: str) -> None:
    hold(name, strided(1), wide_errors)


@pytest.mark.soak
@pytest.mark.skipif(not WIDE, reason="`long double` is no better than float64 here")
@functions
def test_errors_over_ten_million_float64(name: str) -> None:
    """The worst of each chunk, and the neighbourhood of each edge, by mpmath too."""
    worst = hold(name, drawn(name, 10_000_000, seed=5), wide_errors)
    hold(name, [worst], exact_errors)
    hold(name, [edges(name, "float64", neighbours=20)], exact_errors)


def hold(name: str, chunks: Iterable[Array], errors: Callable[[str, Array], list[Errors]]) -> Array:
    """Hold what is found at all points to its bounds and ranges; return each chunk's worst."""
    worst, points = np.zeros((len(BOUNDS[name]), 2)), []
    for chunk in chunks:
        x = domain(name, chunk)
        if not len(x):
            continue
        found = errors(name, x)
        for one, bound, (low, high) in zip(found, BOUNDS[name], RANGES[name], strict=True):
            assert one.ulps.max() <= bound.ulps
            assert one.below.max() <= bound.below
            assert low <= one.found.min() <= one.found.max() <= high
            points += [x[one.ulps.argmax()], x[one.below.argmax()]]
        worst = np.maximum(worst, [[one.ulps.max(), one.below.max()] for one in found])
    for part, (ulps, below) in zip(("", "'s slope"), worst, strict=False):
        print(f"{name}{part}: {ulps:.3f} ulp at worst; {below:.4g} smallest normal numbers")
    return np.array(points)
