"""Where the functions are tried."""

from collections.abc import Iterator

import mpmath
import numpy as np

from tests.training.arrays import Array

CHUNK = 2**16  # numbers that fit into a processor's cache together with what is made of them

# Where a function is neither a constant nor x, nor infinite, in float64.
INTERESTING = {
    "exp": (-746, 710),
    "log": (0, 3),
    "sigmoid": (-710, 40),
    "tanh": (-25, 25),
    "elu": (-40, 1),
    "softplus": (-710, 40),
    "silu": (-710, 40),
    "gelu": (-38, 9),
    "gelu_tanh": (-21.5, 7),
}


def domain(name: str, x: Array) -> Array:
    """The finite ones of x, positive ones for log."""
    return x[np.isfinite(x) & ((x > 0) | (name != "log"))]


def edges(name: str, dtype: str, neighbours: int) -> Array:
    """The numbers next to each threshold of a formula, on either side of it."""
    limits = np.finfo(dtype)
    logs = [np.log(limits.max), np.log(limits.smallest_normal), _log(limits.smallest_subnormal)]
    limited = [10, 22, 44, 87, 88, 89, 104, 208, 708, 709, 710, 745, 746, 9.98, 21.14]
    saturated = [np.log(2) * 127, np.log(2) * 1023]
    # The ends of reduced ranges, half of ln 2 / 16: in x, in 2 x and in a^2 / 2.
    multiples = np.log(2) / 32 * np.arange(1, 120, 2)
    reduced = [*multiples, *multiples * 8, *multiples / 2, *np.sqrt(2 * multiples)]
    normal = [np.sqrt(2 * end) for end in (*saturated, *logs[1:] * np.array(-1.0))]
    looked_up = -np.log((np.arange(15) + 0.5) / 15)  # of softplus's e
    found = [0, 1, 0.5, 2, *np.sqrt([0.5, 2]), *logs, *limited, *saturated, *reduced]
    found += [*normal, *looked_up, limits.smallest_normal, limits.smallest_subnormal, limits.max]
    if name == "log":
        found += [2.0**k for k in range(limits.minexp, limits.maxexp, 9)]
    return domain(name, _around(np.array([*found, *np.negative(found)], dtype), neighbours))


def _log(value: np.floating) -> float:
    return float(mpmath.log(float(value)))


def _around(points: Array, neighbours: int) -> Array:
    found = [points]
    for direction in (-np.inf, np.inf):
        nearby = points
        for _ in range(neighbours):
            with np.errstate(over="ignore", under="ignore"):
                nearby = np.nextafter(nearby, points.dtype.type(direction))
            found.append(nearby)
    return np.concatenate(found)


def strided(stride: int) -> Iterator[Array]:
    """Yield the float32 of every bit pattern that is a multiple of the stride."""
    for first in range(0, 2**32, CHUNK * stride):
        patterns = np.arange(first, min(first + CHUNK * stride, 2**32), stride, np.uint64)
        yield patterns.astype(np.uint32).view(np.float32)


def drawn(name: str, count: int, seed: int) -> Iterator[Array]:
    """Yield float64 of every bit pattern, of every exponent that matters, and of likely sizes."""
    generator, part = np.random.default_rng(seed), CHUNK // 4
    for _ in range(-(-count // CHUNK)):
        every = generator.integers(0, 2**64, part, np.uint64).view(np.float64)
        exponents = generator.integers(-60, 11, part)
        sizes = generator.choice([-1.0, 1.0], part) * generator.uniform(1, 2, part) * 2.0**exponents
        likely = generator.normal(float(name == "log"), 2, part)
        within = generator.uniform(*INTERESTING[name], part)
        yield domain(name, np.concatenate([every, sizes, likely, within]))
