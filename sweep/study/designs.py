"""Numbers between two ends, spaced or drawn as a study says, whose bits are the same everywhere.

NumPy's and libm's logarithms and powers differ in their last bits between processors; integer and
decimal arithmetic do not. The first points of a longer design are those of a shorter one.
"""

import math
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Context, Decimal
from itertools import accumulate, repeat

import numpy as np

from sweep.study.elementary import uniform, unit, words

# Fifty digits carry ten million products and still round to the nearest float64.
_DECIMAL = Context(prec=50)
_BLOCK = 4096  # powers from which many more are made
_LEAST = -1000  # powers of two below which a result may be subnormal, and is rounded once only


def linear(low: float, high: float, num: int) -> np.ndarray:
    """`num` >= 2 evenly spaced float64 values from `low` to `high`, each correctly rounded.

    The ends are read as the shortest decimal that names them, so that five values from 0.1 to 0.5
    are those that one would write.
    """
    (low_above, low_below), (high_above, high_below) = (
        Decimal(repr(end)).as_integer_ratio() for end in (low, high)
    )
    start, stop = low_above * high_below, high_above * low_below
    last = num - 1
    below = low_below * high_below * last
    # Division of integers is correctly rounded, however large they are.
    values = ((start * (last - i) + stop * i) / below for i in range(num))
    return np.fromiter(values, np.float64, num)


def logarithmic(low: float, high: float, num: int) -> np.ndarray:
    """`num` >= 2 geometrically spaced float64 values between the positive `low` and `high`.

    Each is correctly rounded; the ends are exact, and are read as in `linear`.
    """
    start = Decimal(repr(low))
    values = _products(start, _ratio(start, repr(high), num), num)
    values[-1] = high
    return values


def geometric(first: float, factor: float, num: int) -> np.ndarray:
    """`num` float64 values from `first` on, each `factor` > 0 times the one before.

    Each is correctly rounded; both numbers are read as in `linear`.
    """
    return _products(Decimal(repr(first)), Decimal(repr(factor)), num)


def logarithm(x: float) -> float:
    """The natural logarithm of a positive number, correctly rounded."""
    return float(_DECIMAL.ln(Decimal(x)))


def logarithmic_steps(num: int, steps: int) -> np.ndarray:
    """`num` >= 3 distinct steps, logarithmically spaced: 0, 1, ..., `steps`; int64, ascending.

    Where the spacing would fall below one step it is one step. All of 0 .. `steps` if there are
    no more than `num`.
    """
    if num > steps:
        return np.arange(steps + 1)
    dense = _dense_until(num - 1, steps)
    sparse = _geometric(str(dense), str(steps), num - dense)
    rounded = (int(value.to_integral_value(ROUND_HALF_UP)) for value in sparse)
    found = np.concatenate([np.arange(dense), np.fromiter(rounded, np.int64, num - dense)])
    found[-1] = steps
    return found


def _geometric(low: str, high: str, num: int) -> Iterable[Decimal]:
    """`num` products from `low` up to about `high`, to fifty digits."""
    start = Decimal(low)
    ratio = _ratio(start, high, num) if num > 1 else start
    return accumulate(repeat(ratio, num - 1), _DECIMAL.multiply, initial=start)


def _ratio(low: Decimal, high: str, num: int) -> Decimal:
    logarithm = _DECIMAL.ln(_DECIMAL.divide(Decimal(high), low))
    return _DECIMAL.exp(_DECIMAL.divide(logarithm, Decimal(num - 1)))


def _products(start: Decimal, ratio: Decimal, num: int) -> np.ndarray:
    """start ratio^i for i = 0 .. num - 1, each correctly rounded to float64.

    Of many, each is the product of one of the powers below `_BLOCK` and one of its multiples, as a
    sum of two float64 (Dekker, "A floating-point technique for extending the available precision",
    1971), good to 2^-100. Where that does not decide the last bit, decimal arithmetic does.
    """
    if num <= 2 * _BLOCK:
        values = accumulate(repeat(ratio, num - 1), _DECIMAL.multiply, initial=start)
        return np.fromiter(map(float, values), np.float64, num)
    powers = [*accumulate(repeat(ratio, _BLOCK), _DECIMAL.multiply, initial=Decimal(1))]
    stride, blocks = powers.pop(), -(-num // _BLOCK)
    starts = [*accumulate(repeat(stride, blocks - 1), _DECIMAL.multiply, initial=start)]
    coarse, fine = (np.array([*map(_pair, part)]) for part in (starts, powers))
    found = np.empty((blocks, _BLOCK))
    for block, (high, low, exponent) in enumerate(coarse):
        product, rest = _two_product(high, fine[:, 0])
        rest += high * fine[:, 1] + low * fine[:, 0]
        values = product + rest
        rest -= values - product
        half, exponents = np.spacing(np.abs(values)) / 2, fine[:, 2] + exponent
        unsure = np.abs(np.abs(rest) - half) < half * 2.0**-30
        unsure |= (np.abs(np.frexp(values)[0]) == 0.5) | (exponents < _LEAST)
        with np.errstate(over="ignore"):
            found[block] = np.ldexp(values, exponents.astype(np.int64))
        for at in np.flatnonzero(unsure):
            found[block, at] = float(_DECIMAL.multiply(starts[block], powers[at]))
    return found.ravel()[:num]


def _pair(value: Decimal) -> tuple[float, float, float]:
    """A number as the sum of two float64, together of about 1, times a power of two."""
    above, below = value.as_integer_ratio()
    exponent = abs(above).bit_length() - below.bit_length()
    shift = 110 - exponent
    scaled = (above << shift) // below if shift >= 0 else above // (below << -shift)
    high = float(scaled)
    return math.ldexp(high, -110), math.ldexp(float(scaled - int(high)), -110), float(exponent)


def _two_product(x: float, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The product as float64, and what it lacks, exactly; both factors are of about 1."""
    product = x * y
    (x_high, x_low), (y_high, y_low) = _split(np.array(x)), _split(y)
    return product, ((x_high * y_high - product) + x_high * y_low + x_low * y_high) + x_low * y_low


def _split(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    scaled = x * (2.0**27 + 1)
    high = scaled - (scaled - x)
    return high, x - high


def _dense_until(num: int, steps: int) -> int:
    """The least k from which `num` - k geometric intervals to `steps` are at least a step wide.

    That is steps / k >= (1 + 1/k)^(num - k), which holds for every larger k too.
    """

    def sparse_from(k: int) -> bool:
        growth = _DECIMAL.ln(_DECIMAL.divide(Decimal(k + 1), Decimal(k)))
        room = _DECIMAL.ln(_DECIMAL.divide(Decimal(steps), Decimal(k)))
        return room >= _DECIMAL.multiply(Decimal(num - k), growth)

    low, high = 1, num
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if sparse_from(middle) else (middle + 1, high)
    return low


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
