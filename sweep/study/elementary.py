"""Elementary functions and draws of whole arrays, the same bits on every machine.

NumPy's and libm's own differ in their last bits between processors. These are made of additions,
multiplications, divisions and square roots alone, which IEEE 754 rounds correctly, one by one; the
draws of integers, which `numpy.random.Philox` guarantees.
"""

from fractions import Fraction
from math import factorial

import numpy as np

_LN2 = 0.6931471805599453  # to the nearest float64
_LN2_HIGH = 0.693147180369123816490  # the leading 33 bits: whole multiples of it are exact
_LN2_LOW = 1.90821492927058770002e-10
_TWO_PI = 6.283185307179586
_EXP = [float(Fraction(1, factorial(n))) for n in range(14)]
_LOG = [float(Fraction(2, 2 * n + 1)) for n in range(12)]
_SIN = [float(Fraction((-1) ** n, factorial(2 * n + 1))) for n in range(10)]
_COS = [float(Fraction((-1) ** n, factorial(2 * n))) for n in range(10)]


def exponential(x: np.ndarray) -> np.ndarray:
    """e^x of float64 between -745 and 709.7, within 2 units in the last place."""
    k = np.rint(x / _LN2)
    rest = (x - k * _LN2_HIGH) - k * _LN2_LOW
    found: np.ndarray = np.ldexp(_polynomial(_EXP, rest), k.astype(np.int32))
    return found


def logarithm(x: np.ndarray) -> np.ndarray:
    """The natural logarithm of positive float64, within 2 units in the last place or of 1e-16."""
    mantissa, exponent = np.frexp(x)
    small = mantissa < np.sqrt(0.5)
    mantissa = np.where(small, mantissa * 2, mantissa)
    exponent = (exponent - small).astype(np.float64)
    s = (mantissa - 1) / (mantissa + 1)
    found: np.ndarray = s * _polynomial(_LOG, s * s) + exponent * _LN2_LOW
    found += exponent * _LN2_HIGH
    return found


def circle(turns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The cosine and sine of angles in whole turns, float64, within 2e-16 of the true ones."""
    quarter = np.rint(turns * 4)
    angle = (turns - quarter / 4) * _TWO_PI
    square = angle * angle
    cos, sin = _polynomial(_COS, square), angle * _polynomial(_SIN, square)
    q = (quarter % 4).astype(np.int64)
    return np.choose(q, [cos, -sin, -cos, sin]), np.choose(q, [sin, cos, -sin, -cos])


def hyperbolic_tangent(x: np.ndarray) -> np.ndarray:
    """tanh x of float64, within 2e-16 of the true one."""
    t = exponential(-2.0 * np.minimum(np.abs(x), 20.0))
    found: np.ndarray = np.copysign((1 - t) / (1 + t), x)
    return found


def unit(mantissas: np.ndarray) -> np.ndarray:
    """Whole numbers below 2^52, as float64, to the middles of as many parts of 0 .. 1."""
    found: np.ndarray = (mantissas + 0.5) * 2.0**-52
    return found


def uniform(seed: int, stream: int, count: int) -> np.ndarray:
    """The first `count` draws of a stream, float64 above 0 and below 1, multiples of 2^-53."""
    mantissas = (words(seed, stream, count) >> np.uint64(12)).astype(np.float64)
    return unit(mantissas)


def words(seed: int, stream: int, count: int) -> np.ndarray:
    """The first `count` draws of a stream, uint64."""
    return np.random.Philox(key=np.array([seed, stream], np.uint64)).random_raw(count)


def normal(seed: int, stream: int, count: int) -> np.ndarray:
    """The first `count` standard normal draws of a stream (Box and Muller, 1958)."""
    u = uniform(seed, stream, 2 * count)
    found: np.ndarray = np.sqrt(-2.0 * logarithm(u[::2])) * circle(u[1::2])[0]
    return found


def _polynomial(coefficients: list[float], x: np.ndarray) -> np.ndarray:
    """The sum of coefficients[n] x^n, by Horner's rule."""
    value: np.ndarray = np.full_like(x, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        value = value * x + coefficient
    return value
