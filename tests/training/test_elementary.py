"""exp, log, sigmoid and tanh on lanes: their errors, and what they do beyond the normal numbers.

An error is counted in ulp, units in the last place of the true result: 2^(e - p + 1) for a result
between 2^e and 2^(e+1) in a format with p significant bits. The bounds are those of the module's
table, 1.1 ulp for exp and log and 2.5 ulp for sigmoid and tanh.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import mpmath
import numpy as np
import pytest

from sweep.training.elementary import elementary
from sweep.training.lanes import Lanes

from .arrays import Array, bits_of
from .compiled import apply, mapped

DTYPES = ["float64", "float32"]
BOUNDS = {"exp": 1.1, "log": 1.1, "sigmoid": 2.5, "tanh": 2.5}
dtypes = pytest.mark.parametrize("dtype", DTYPES)
functions = pytest.mark.parametrize("name", list(BOUNDS))

# x87's 64 bits, or a Power's or Arm's 113; elsewhere `long double` is no better than float64.
WIDE = np.finfo(np.longdouble).nmant >= 63
PRECISION = 120  # bits of mpmath: a reference wrong by 2^-60 ulp


def _mpmath_sigmoid(x: Any) -> Any:
    return 1 / (1 + mpmath.exp(-x))


def _wide_sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


MPMATH: dict[str, Callable[..., Any]] = {
    "exp": mpmath.exp,
    "log": mpmath.log,
    "sigmoid": _mpmath_sigmoid,
    "tanh": mpmath.tanh,
}
NUMPY = {"exp": np.exp, "log": np.log, "sigmoid": _wide_sigmoid, "tanh": np.tanh}


INTERESTING = {"exp": (-746, 710), "log": (0, 3), "sigmoid": (-746, 40), "tanh": (-25, 25)}


def domain(name: str, x: Array) -> Array:
    """The finite ones of x, positive ones for log."""
    return x[np.isfinite(x) & ((x > 0) | (name != "log"))]


def values(name: str, x: Array) -> Array:
    return mapped(getattr(elementary(x.dtype.name), name), x)


def _around(points: Any, dtype: str) -> Array:
    """Each of the points, and the 8 numbers next to it on either side."""
    centre = np.asarray(points, dtype)
    found = [centre]
    for direction in (-np.inf, np.inf):
        nearby = centre
        for _ in range(8):
            nearby = np.nextafter(nearby, np.array(direction, dtype))
            found.append(nearby)
    return np.concatenate(found)


@cache
def points(name: str, dtype: str) -> Array:
    """Arguments of every size and sign, those near each threshold of a formula, and subnormals."""
    limits, generator = np.finfo(dtype), np.random.default_rng(3)
    log_largest, log_normal = np.log(limits.max), np.log(limits.smallest_normal)
    log_smallest = float(mpmath.log(mpmath.mpf(float(limits.smallest_subnormal))))
    edges = [0, 1, 0.5, 2, np.sqrt(0.5), np.sqrt(2), log_largest, log_normal, log_smallest]
    edges += [10, 22, 87, 88, 89, 104, 708, 709, 710, 745, 746]
    # The ends of the reduced ranges, which are ln 2 and, where a table helps, ln 2 / 16 wide.
    edges += [k * np.log(2) / 4 for k in range(1, 60)] + [k * np.log(2) / 32 for k in range(1, 40)]
    edges = [*edges, *np.negative(edges), limits.smallest_normal, limits.smallest_subnormal]
    if name == "log":
        edges += [2.0**k for k in range(limits.minexp, limits.maxexp, 7)]
    every_size = generator.integers(0, 2**limits.bits, 1500, f"u{limits.bits // 8}").view(dtype)
    within = generator.uniform(log_smallest * 1.02, log_largest * 1.02, 1500)
    near_0 = generator.uniform(-1, 1, 500) * 2.0 ** generator.integers(-30, 1, 500)
    near_1 = 1 + generator.uniform(-1, 1, 500) * 2.0 ** generator.integers(-50, 0, 500)
    with np.errstate(under="ignore"):
        some = [_around(edges, dtype), every_size, within, near_0, near_1, near_0 * 1e-37]
        found = np.concatenate([np.asarray(part, dtype) for part in some])
    return domain(name, found)


def assert_accurate(name: str, dtype: str, in_ulp: Array, in_subnormals: Array) -> None:
    """The errors where the true result is normal, and those in units of the smallest number.

    Below the normal numbers sigmoid is clamped: it may be wrong by the smallest normal one.
    """
    limits, worst_below = np.finfo(dtype), max(in_subnormals, default=0.0)
    print(f"{name} {dtype}: {max(in_ulp):.4f} ulp at worst of {len(in_ulp)};", end=" ")
    print(f"{worst_below:.4g} subnormals at worst of {len(in_subnormals)}")
    assert max(in_ulp) <= BOUNDS[name]
    smallest_normal = 2.0**limits.nmant
    assert worst_below <= {"sigmoid": smallest_normal, "tanh": 2.5}.get(name, 1.0)


def exact_errors(name: str, x: Array) -> tuple[Array, Array]:
    """The errors at x in ulp, and those below the normal numbers in subnormals, by mpmath.

    An infinite result counts as the power of two after the largest number, as the true one does
    that overflows.
    """
    limits, in_ulp, below = np.finfo(x.dtype), [], []
    with mpmath.workprec(PRECISION):
        overflow = mpmath.ldexp(1, limits.maxexp)
        for one, found in zip(x.tolist(), values(name, x).tolist(), strict=True):
            true = min(MPMATH[name](mpmath.mpf(one)), overflow)
            error = abs((overflow if found == np.inf else found) - true)
            if abs(true) < float(limits.smallest_normal):
                below.append(float(error / float(limits.smallest_subnormal)))
            else:
                ulp = mpmath.ldexp(1, mpmath.frexp(true)[1] - 1 - limits.nmant)
                in_ulp.append(float(error / ulp))
    return np.array(in_ulp), np.array(below)


def wide_errors(found: Array, true: Array) -> tuple[Array, Array]:
    """Likewise from true values of a wider type."""
    limits = np.finfo(found.dtype)
    overflow = np.ldexp(true.dtype.type(1), limits.maxexp)
    error = np.abs(np.minimum(found.astype(true.dtype), overflow) - np.minimum(true, overflow))
    normal = np.abs(true) >= limits.smallest_normal
    exponents = np.frexp(np.minimum(true[normal], overflow))[1] - 1
    ulp = np.ldexp(true.dtype.type(1), exponents - limits.nmant)
    return error[normal] / ulp, error[~normal] / true.dtype.type(limits.smallest_subnormal)


@dtypes
@functions
def test_errors_where_formulas_have_edges(name: str, dtype: str) -> None:
    assert_accurate(name, dtype, *exact_errors(name, points(name, dtype)))


@functions
def test_errors_over_a_million_float32(name: str) -> None:
    """Every 4099th bit pattern; NumPy's float64 is right to 2^-28 of float32's ulp."""
    x = np.arange(0, 2**32, 4099, np.uint64).astype(np.uint32).view(np.float32)
    x = domain(name, x)
    with np.errstate(over="ignore", under="ignore"):
        true = NUMPY[name](x.astype(np.float64))
    assert_accurate(name, "float32", *wide_errors(values(name, x), true))


@functions
def test_errors_over_a_million_float64(name: str) -> None:
    """Half of them of all bit patterns, half where the function is neither 0, 1 nor infinite.

    The C library's `long double` is right to about 2^-11 of float64's ulp.
    """
    count, generator = (500_000 if WIDE else 5_000), np.random.default_rng(4)
    every_size = generator.integers(0, 2**64, count, np.uint64).view(np.float64)
    x = domain(name, np.append(every_size, generator.uniform(*INTERESTING[name], count)))
    if not WIDE:
        assert_accurate(name, "float64", *exact_errors(name, x))
        return
    with np.errstate(over="ignore", under="ignore"):
        true = NUMPY[name](x.astype(np.longdouble))
    assert_accurate(name, "float64", *wide_errors(values(name, x), true))


@dtypes
@functions
def test_nan_stays_nan_whatever_its_payload(name: str, dtype: str) -> None:
    limits = np.finfo(dtype)
    payloads = 2 ** np.arange(limits.nmant, dtype=np.uint64)  # signalling ones among them
    infinity = np.array([np.inf, -np.inf], dtype).view(f"u{limits.bits // 8}")
    patterns = (infinity[:, np.newaxis] | payloads.astype(infinity.dtype)).ravel()
    assert np.isnan(values(name, patterns.view(dtype))).all()


LIMITS = {
    "exp": [(-np.inf, 0.0), (np.inf, np.inf), (0.0, 1.0), (-0.0, 1.0), (1e4, np.inf), (-1e4, 0.0)],
    "log": [(np.inf, np.inf), (0.0, -np.inf), (-0.0, -np.inf), (1.0, 0.0), (-1.0, np.nan)],
    "sigmoid": [(-np.inf, 0.0), (np.inf, 1.0), (0.0, 0.5), (-0.0, 0.5), (1e4, 1.0), (-1e4, 0.0)],
    "tanh": [(-np.inf, -1.0), (np.inf, 1.0), (0.0, 0.0), (-0.0, -0.0), (1e4, 1.0), (-1e4, -1.0)],
}


@dtypes
@functions
def test_infinities_zeros_and_the_far_ends(name: str, dtype: str) -> None:
    """Exact, signs of zeros included; but sigmoid, clamped, ends below the normal numbers."""
    arguments, expected = np.array(LIMITS[name], dtype).T
    found = values(name, arguments)
    if name == "sigmoid":
        low = found < np.finfo(dtype).smallest_normal
        np.testing.assert_array_equal(low, expected == 0.0)
        found = np.where(low, 0.0, found).astype(dtype)
    np.testing.assert_array_equal(bits_of(found), bits_of(expected))


@dtypes
@pytest.mark.parametrize(
    ("name", "low", "high"), [("exp", 0.0, np.inf), ("sigmoid", 0.0, 1.0), ("tanh", -1.0, 1.0)]
)
def test_no_rounding_error_leaves_the_range(name: str, low: float, high: float, dtype: str) -> None:
    found = values(name, points(name, dtype))
    assert found.min() >= low
    assert found.max() <= high


@pytest.mark.parametrize("width", [1, 2, 64])
@dtypes
def test_the_same_bits_at_every_width(dtype: str, width: int) -> None:
    table = elementary(dtype)
    exp, log, sigmoid, tanh = table.exp, table.log, table.sigmoid, table.tanh
    x = points("exp", dtype)
    x = x[: len(x) // 64 * 64]

    def all_four(a: Any, b: Any, c: Any) -> Any:
        return exp(a), log(a), sigmoid(a), tanh(a)

    found = apply(all_four, Lanes(dtype, width), np.stack([x] * 3))
    for name, row in zip(["exp", "log", "sigmoid", "tanh"], found, strict=False):
        np.testing.assert_array_equal(bits_of(row), bits_of(values(name, x)), name)
