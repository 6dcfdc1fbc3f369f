"""Designs of experiments: points spread over the unit cube by a seed, the same on every machine.

The first points of a longer design are those of a shorter one.
"""

import numpy as np

from sweep.study.elementary import uniform, unit, words

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
