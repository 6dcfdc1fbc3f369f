"""Correctly rounded arithmetic from exact rationals, for what NumPy has no function for."""

from fractions import Fraction
from math import copysign, inf, isfinite

import numpy as np

from .arrays import Array

_FORMATS = {"float64": (53, -1074, 1024), "float32": (24, -149, 128)}


def rounded(value: Fraction, dtype: str) -> float:
    """`value` to the nearest number of the format, ties to even, as a Python float."""
    if value == 0:
        return 0.0
    precision, lowest, highest = _FORMATS[dtype]
    size = abs(value)
    exponent = size.numerator.bit_length() - size.denominator.bit_length()
    exponent -= size < Fraction(2) ** exponent  # floor(log2(size))
    unit = Fraction(2) ** max(exponent - precision + 1, lowest)
    nearest = round(value / unit) * unit
    if abs(nearest) >= Fraction(2) ** highest:
        return inf if value > 0 else -inf
    return copysign(float(nearest), value)


def fused(a: float, b: float, c: float, dtype: str) -> float:
    """a * b + c with one rounding (IEEE 754-2019, 5.4.1), NaN without a payload."""
    if not (isfinite(a) and isfinite(b)):
        return a * b + c  # no rounding: infinite or NaN
    if not isfinite(c):
        return c
    exact = Fraction(a) * Fraction(b) + Fraction(c)
    if exact:
        return rounded(exact, dtype)
    # An exact zero: negative only if product and addend are both negative zeros.
    negative = copysign(1.0, a) * copysign(1.0, b) < 0 and copysign(1.0, c) < 0
    return -0.0 if negative and not (a and b) else 0.0


def fused_arrays(a: Array, b: Array, c: Array) -> Array:
    """`fused`, element by element, of arrays of one dtype."""
    rows = zip(a.tolist(), b.tolist(), c.tolist(), strict=True)
    return np.array([fused(*row, a.dtype.name) for row in rows]).astype(a.dtype)
