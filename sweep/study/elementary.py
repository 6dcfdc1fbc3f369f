"""Elementary functions, draws and designs of whole arrays, the same bits on every machine.

NumPy's and libm's own differ in their last bits between processors. These are made of additions,
multiplications, divisions and square roots alone, which IEEE 754 rounds correctly, one by one; the
draws of integers, which `numpy.random.Philox` guarantees.
"""

from fractions import Fraction
from math import factorial, fsum, sqrt

import numpy as np

_LN2 = 0.6931471805599453  # to the nearest float64
_LN2_HIGH = 0.693147180369123816490  # the leading 33 bits: whole multiples of it are exact
_LN2_LOW = 1.90821492927058770002e-10
_TWO_PI = 6.283185307179586
_DIRECTION = 2**32  # a stream that no data set is drawn from
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


def direction(seed: int, count: int) -> np.ndarray:
    """`count` standard normal draws brought to the length 1, so that no direction is likelier."""
    drawn = normal(seed, _DIRECTION, count)
    return drawn / sqrt(fsum((drawn * drawn).tolist()))


def _polynomial(coefficients: list[float], x: np.ndarray) -> np.ndarray:
    """The sum of coefficients[n] x^n, by Horner's rule."""
    value: np.ndarray = np.full_like(x, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        value = value * x + coefficient
    return value


DESIGNS = ("random", "sobol")
_BITS = 52

# Of each dimension after the first: the coefficients a of a primitive polynomial over GF(2), and
# the first direction numbers m (Joe and Kuo, "Constructing Sobol sequences with better
# two-dimensional projections", 2008, their table new-joe-kuo-6).
_JOE_KUO = (
    (0, (1,)),
    (1, (1, 3)),
    (1, (1, 3, 1)),
    (2, (1, 1, 1)),
    (1, (1, 1, 3, 3)),
    (4, (1, 3, 5, 13)),
    (2, (1, 1, 5, 5, 17)),
    (4, (1, 1, 5, 5, 5)),
    (7, (1, 1, 7, 11, 19)),
    (11, (1, 1, 5, 1, 1)),
    (13, (1, 1, 1, 3, 11)),
    (14, (1, 3, 5, 5, 31)),
    (1, (1, 3, 3, 9, 7, 49)),
    (13, (1, 1, 1, 15, 21, 21)),
    (16, (1, 3, 1, 13, 27, 49)),
    (19, (1, 1, 1, 15, 7, 5)),
    (22, (1, 3, 1, 15, 13, 25)),
    (25, (1, 1, 5, 5, 19, 61)),
    (1, (1, 3, 7, 11, 23, 15, 103)),
    (4, (1, 3, 7, 13, 13, 15, 69)),
)
MAX_DIMENSIONS = len(_JOE_KUO) + 1


def design(name: str, num: int, dimensions: int, seed: int) -> np.ndarray:
    """`num` points of `dimensions` numbers above 0 and below 1: (dimensions, num) float64.

    - random: each number drawn independently
    - sobol: Sobol's sequence, scrambled by a random linear map of the bits and a random shift
      (Matoušek, "On the L2-discrepancy for anchored boxes", 1998); for a power of two of points
      each half, quarter, ... of every dimension has its exact share
    """
    if name == "random":
        return np.stack([uniform(seed, at, num) for at in range(dimensions)])
    return np.stack([_scrambled(num, at, seed) for at in range(dimensions)])


def sobol_bits(num: int, dimension: int) -> np.ndarray:
    """The first `num` <= 2^52 numbers of Sobol's sequence in one dimension, times 2^52: uint64."""
    return _points(num, _directions(dimension, max(num - 1, 1).bit_length()))


def _scrambled(num: int, dimension: int, seed: int) -> np.ndarray:
    drawn = words(seed, dimension, _BITS + 1) >> np.uint64(64 - _BITS)
    shift, rows = drawn[0], drawn[1:]
    plain = _directions(dimension, max(num - 1, 1).bit_length())
    mapped = np.zeros_like(plain)
    for row in range(_BITS):  # from the highest bit on; each depends on itself and on higher ones
        own = np.uint64(1) << np.uint64(_BITS - 1 - row)
        above = rows[row] & ~(own | (own - np.uint64(1)))
        parity = np.bitwise_count(plain & (above | own)) & np.uint8(1)
        mapped |= np.where(parity, own, np.uint64(0))
    return unit((_points(num, mapped) ^ shift).astype(np.float64))


def _points(num: int, directions: np.ndarray) -> np.ndarray:
    """The sum modulo 2 of the directions named by the bits of each number's Gray code."""
    index = np.arange(num, dtype=np.uint64)
    gray = index ^ (index >> np.uint64(1))
    found = np.zeros(num, np.uint64)
    for bit, direction in enumerate(directions):
        found ^= np.where(gray >> np.uint64(bit) & np.uint64(1), direction, np.uint64(0))
    return found


def _directions(dimension: int, count: int) -> np.ndarray:
    """The first `count` direction numbers of a dimension as fractions, times 2^52: uint64."""
    if dimension == 0:
        m = [1] * count
    else:
        a, first = _JOE_KUO[dimension - 1]
        m, degree = list(first), len(first)
        while len(m) < count:
            new = m[-degree] ^ (m[-degree] << degree)
            for k in range(1, degree):
                if a >> (degree - 1 - k) & 1:
                    new ^= m[-k] << k
            m.append(new)
    return np.array([m[k] << (_BITS - 1 - k) for k in range(count)], np.uint64)
