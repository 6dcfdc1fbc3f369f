"""The table of activations: one contract for every row."""

from functools import cache
from math import erf
from typing import Any

import mpmath
import numpy as np
import pytest

from sweep.training.activations import ACTIVATIONS
from sweep.training.lanes import inlined

from .arrays import Array
from .compiled import mapped

DTYPES = ["float64", "float32"]
dtypes = pytest.mark.parametrize("dtype", DTYPES)
names = pytest.mark.parametrize("name", list(ACTIVATIONS))


def _sigmoid(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))


def _phi(z: Array) -> Array:
    return np.array([(1 + erf(x / 2**0.5)) / 2 for x in z])


def _density(z: Array) -> Array:
    return np.exp(-z * z / 2) / (2 * np.pi) ** 0.5


def _inner(z: Array) -> Array:
    return np.tanh((2 / np.pi) ** 0.5 * (z + 0.044715 * z**3))


def _gelu_tanh_slope(z: Array) -> Array:
    inner_slope = (2 / np.pi) ** 0.5 * (1 + 3 * 0.044715 * z * z)
    return (1 + _inner(z)) / 2 + z * (1 - _inner(z) ** 2) * inner_slope / 2


# A and dA/dz as functions of z.
PLAIN = {
    "sigmoid": (_sigmoid, lambda z: _sigmoid(z) * _sigmoid(-z)),
    "tanh": (np.tanh, lambda z: 1 / np.cosh(z) ** 2),
    "relu": (lambda z: np.where(z > 0, z, 0), lambda z: np.where(z > 0, 1, 0)),
    "leaky_relu": (lambda z: np.where(z > 0, z, 0.01 * z), lambda z: np.where(z > 0, 1, 0.01)),
    "elu": (lambda z: np.where(z > 0, z, np.expm1(z)), lambda z: np.where(z > 0, 1, np.exp(z))),
    "softplus": (lambda z: np.logaddexp(0, z), _sigmoid),
    "gelu": (lambda z: z * _phi(z), lambda z: _phi(z) + z * _density(z)),
    "gelu_tanh": (lambda z: z * (1 + _inner(z)) / 2, _gelu_tanh_slope),
    "silu": (
        lambda z: z * _sigmoid(z),
        lambda z: _sigmoid(z) * (1 + z * (1 - _sigmoid(z))),
    ),
    "square": (lambda z: z * z, lambda z: 2 * z),
    "identity": (lambda z: z, np.ones_like),
}


def applied(name: str, dtype: str, z: Array) -> tuple[Array, Array]:
    """A and dA/dz of the row, as the kernel has them."""
    a, once_more, slopes = mapped(in_one(name, dtype), z, results=3)
    np.testing.assert_array_equal(once_more, a)
    return a, slopes


@cache
def in_one(name: str, dtype: str) -> Any:
    """Of z: A, A as it comes with the slope, and dA/dz. Compiled once for all tests."""
    row = ACTIVATIONS[name]
    alone = row.function(dtype)
    if row.with_slope is None:
        slope = row.slope

        @inlined
        def all_three(z):  # noqa: ANN001, ANN202
            a = alone(z)
            return a, a, slope(a)
    else:
        both = row.with_slope(dtype)

        @inlined
        def all_three(z):  # noqa: ANN001, ANN202
            a, slopes = both(z)
            return alone(z), a, slopes

    return all_three


@names
def test_a_row_has_its_slope_in_one_way(name: str) -> None:
    row = ACTIVATIONS[name]
    assert (row.slope is None) != (row.with_slope is None)


@dtypes
@names
def test_values_and_slopes(name: str, dtype: str) -> None:
    """To some ulp of 1: the functions' own, NumPy's, and a cancellation that both have alike."""
    z = np.linspace(-4, 4, 256).astype(dtype)  # without 0, where some have their kink
    function, slope = PLAIN[name]
    a, slopes = applied(name, dtype, z)
    tolerance = 8 * np.finfo(dtype).eps
    exact = z.astype(np.float64)
    np.testing.assert_allclose(a, function(exact), rtol=tolerance, atol=tolerance / 4)
    np.testing.assert_allclose(slopes, slope(exact), rtol=tolerance, atol=tolerance)


@dtypes
@names
def test_nan_goes_through(name: str, dtype: str) -> None:
    values, slopes = applied(name, dtype, np.full(8, np.nan, dtype))
    assert np.isnan(values).all()
    assert np.isnan(slopes).all()


@dtypes
@pytest.mark.parametrize(("name", "slope"), [("relu", 0.0), ("leaky_relu", 0.01)])
def test_the_slope_at_a_kink(name: str, slope: float, dtype: str) -> None:
    """As PyTorch has it."""
    values, slopes = applied(name, dtype, np.array([0.0, -0.0], dtype))
    assert values.tolist() == [0, 0]
    assert slopes.tolist() == [np.dtype(dtype).type(slope)] * 2


@dtypes
@pytest.mark.parametrize("name", ["tanh", "elu", "gelu", "gelu_tanh", "silu", "identity"])
def test_the_sign_of_zero_stays(name: str, dtype: str) -> None:
    values, _ = applied(name, dtype, np.array([0.0, -0.0], dtype))
    assert np.signbit(values).tolist() == [False, True]


@dtypes
@names
def test_far_out(name: str, dtype: str) -> None:
    """Where exponentials leave the range of numbers; there the slope is 0 or that of a line."""
    z = np.array([-3e4, -1e3, -200, -40, 40, 200, 1e3, 3e4], dtype)
    function, slope = PLAIN[name]
    a, slopes = applied(name, dtype, z)
    with np.errstate(over="ignore", under="ignore"):
        values, lines = function(z.astype(np.float64)), slope(z.astype(np.float64))
    tolerance, tiny = 8 * np.finfo(dtype).eps, np.finfo(dtype).smallest_normal
    np.testing.assert_allclose(a, values, rtol=tolerance, atol=tiny)
    np.testing.assert_allclose(slopes, lines, rtol=tolerance, atol=tolerance)


# What they tend to; the sign of a zero tells from which side.
LIMITS = {
    "sigmoid": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "relu": (0.0, np.inf),
    "leaky_relu": (-np.inf, np.inf),
    "elu": (-1.0, np.inf),
    "softplus": (0.0, np.inf),
    "gelu": (-0.0, np.inf),
    "gelu_tanh": (-0.0, np.inf),
    "silu": (-0.0, np.inf),
    "square": (np.inf, np.inf),
    "identity": (-np.inf, np.inf),
}


@dtypes
@names
def test_infinities(name: str, dtype: str) -> None:
    """But for sigmoid, which ends below the normal numbers."""
    values, slopes = applied(name, dtype, np.array([-np.inf, np.inf], dtype))
    if name == "sigmoid" and values[0] < np.finfo(dtype).smallest_normal:
        values[0] = 0.0
    np.testing.assert_array_equal(values, LIMITS[name])
    assert np.signbit(values).tolist() == np.signbit(LIMITS[name]).tolist()
    assert not np.isnan(slopes).any()


@dtypes
def test_gelu_far_below_zero(dtype: str) -> None:
    """x Phi(x) is small, and right to the 4.5 ulp of `elementary`'s table even so."""
    z = np.linspace(-12, -4, 400).astype(dtype)
    found, _ = applied("gelu", dtype, z)
    with mpmath.workprec(100):
        true = np.array([float(x * mpmath.ncdf(x)) for x in map(mpmath.mpf, z.tolist())])
    np.testing.assert_allclose(found, true, rtol=4.6 * np.finfo(dtype).eps)


@pytest.mark.parametrize("name", ["elu", "softplus", "sigmoid"])
def test_a_small_slope_keeps_its_digits(name: str) -> None:
    """Where A itself has rounded to a limit the slope is still e^z, as in elu of z = -17.5."""
    z = np.linspace(-80, -17.5, 16, dtype=np.float32)
    _, slopes = applied(name, "float32", z)
    np.testing.assert_allclose(slopes, np.exp(z.astype(np.float64)), rtol=1e-6)
