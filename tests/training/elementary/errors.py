"""The bounds that the package's table states, and errors as it counts them.

An ulp is a unit in the last place of `Output.scale`: 2^(e - p + 1) for a scale between 2^e and
2^(e+1) in a format with p significant bits, and of no less than the smallest normal number. An
infinite result counts as the power of two after the largest number, as the true one does that
overflows.
"""

from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np

from tests.oracles.elementary import DEFINITIONS, Output, in_mpmath, in_numpy
from tests.training.arrays import Array

from .values import returned

# x87's 64 bits, or a Power's or Arm's 113; elsewhere `long double` is no better than float64.
WIDE = np.finfo(np.longdouble).nmant >= 63
PRECISION = 150  # bits of mpmath: a reference wrong by 2^-60 ulp, cancellation included


@dataclass(frozen=True)
class Bound:
    """What an output may be wrong by: in ulps, and in smallest normal numbers otherwise.

    The latter are those that functions are cut off at, and no more than what is lost by that.
    """

    ulps: float
    below: float = 0.0


BOUNDS = {
    "exp": (Bound(1.1),),
    "log": (Bound(1.1),),
    "sigmoid": (Bound(2.5, 1.0),),
    "tanh": (Bound(2.5),),
    "elu": (Bound(1.5),),
    "softplus": (Bound(3.0, 1.0), Bound(3.5, 1.0)),
    "silu": (Bound(3.0, 4096.0), Bound(4.0, 4096.0)),
    "gelu": (Bound(8.0, 4096.0), Bound(4.5, 4096.0)),
    "gelu_tanh": (Bound(3.0, 4096.0), Bound(3.0, 4096.0)),
}


# Where a result may not go, whatever is rounded on the way.
RANGES = {
    "exp": ((0.0, np.inf),),
    "log": ((-np.inf, np.inf),),
    "sigmoid": ((0.0, 1.0),),
    "tanh": ((-1.0, 1.0),),
    "elu": ((-1.0, np.inf),),
    "softplus": ((0.0, np.inf), (0.0, 1.0)),
    "silu": ((-0.2785, np.inf), (-0.0999, 1.0999)),
    "gelu": ((-0.17, np.inf), (-0.129, 1.129)),
    "gelu_tanh": ((-0.1701, np.inf), (-0.1291, 1.1291)),
}


@dataclass
class Errors:
    """What was found, and its errors in ulps and in smallest normal numbers, (n,) each.

    An error is 0 where it is not counted so.
    """

    found: Array
    ulps: Array
    below: Array


def wide_errors(name: str, x: Array) -> list[Errors]:
    """The errors of the package at x (n,): see `errors_of`."""
    return errors_of(name, x, returned(name, x))


def errors_of(name: str, x: Array, results: list[Array]) -> list[Errors]:
    """The errors of results at x (n,), float32 by NumPy's float64, float64 by `long double`.

    Of an ulp they are right to 2^-20 or better, and to 2^-8.
    """
    dtype = "float64" if x.dtype == np.float32 else "longdouble"
    with np.errstate(over="ignore", under="ignore"):
        true = DEFINITIONS[name](x.astype(dtype), in_numpy(dtype))
        return [_counted(*row) for row in zip(results, true, strict=True)]


def _counted(found: Array, output: Output) -> Errors:
    limits, kind = np.finfo(found.dtype), output.true.dtype
    overflow, smallest = np.ldexp(kind.type(1), limits.maxexp), kind.type(limits.smallest_normal)
    error = np.clip(found.astype(kind), -overflow, overflow)
    error -= np.clip(output.true, -overflow, overflow)
    np.abs(error, out=error)
    ulp = _powers_of_two(np.clip(output.scale, smallest, overflow)) * kind.type(limits.eps)
    counts = output.size >= smallest
    in_ulps, below = np.where(counts, error / ulp, 0), np.where(counts, 0, error / smallest)
    return Errors(found, in_ulps, below)


def _powers_of_two(x: Array) -> Array:
    """The largest power of two that is not above x > 0."""
    if x.dtype == np.float64:
        return (x.view(np.int64) & (0x7FF << 52)).view(np.float64)
    return np.ldexp(x.dtype.type(1), np.frexp(x)[1] - 1)


def exact_errors(name: str, x: Array) -> list[Errors]:
    """The errors at x (n,) by mpmath."""
    limits, results = np.finfo(x.dtype), returned(name, x)
    counted = np.empty((len(results), 2, len(x)))
    with mpmath.workprec(PRECISION):
        m = in_mpmath()
        for i, one in enumerate(x.tolist()):
            true = DEFINITIONS[name](mpmath.mpf(one), m)
            for row, (found, output) in enumerate(zip(results, true, strict=True)):
                counted[row, :, i] = _exactly(float(found[i]), output, limits)
    return [Errors(found, *both) for found, both in zip(results, counted, strict=True)]


def _exactly(found: float, output: Output, limits: Any) -> tuple[float, float]:
    overflow, smallest = mpmath.ldexp(1, limits.maxexp), mpmath.ldexp(1, limits.minexp)
    error = abs((overflow if found == np.inf else found) - min(output.true, overflow))
    if output.size < smallest:
        return 0.0, float(error / smallest)
    scale = max(smallest, min(output.scale, overflow))
    return float(error / mpmath.ldexp(1, mpmath.frexp(scale)[1] - 1 - limits.nmant)), 0.0
