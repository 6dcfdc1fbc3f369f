"""The elementary functions and their slopes by their definitions, on two kinds of numbers.

NumPy's arrays, of float64 or `long double`, are for very many points; mpmath's numbers are for the
digits that one asks for. Neither shares a formula's tricks with the package.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import mpmath
import numpy as np

_FAR = 60.0  # beyond, exp(-x^2 / 2) is a zero in any format here
_NODES = 8  # in each unit of a, where `_mills` expands
_TERMS = {"longdouble": 16, "float64": 11}  # what is left out is below a rounding


class Output(NamedTuple):
    """One thing that a function returns, at the points asked for.

    Attributes:
        true: the value.
        scale: the size in whose ulps an error is counted: the value's own, but for a sum that
            cancels the sum of its terms' sizes, and so on.
        size: what has to be a normal number for ulps to count; infinite where they always do.
    """

    true: Any
    scale: Any
    size: Any


@dataclass(frozen=True)
class Mathematics:
    """What the definitions are made of.

    `number` reads decimals, `bell` is exp(-a^2 / 2), `tail` is Phi(-a) for 0 <= a <= 60, and
    `where` chooses.
    """

    exp: Callable[[Any], Any]
    log: Callable[[Any], Any]
    expm1: Callable[[Any], Any]
    log1p: Callable[[Any], Any]
    tanh: Callable[[Any], Any]
    sqrt: Callable[[Any], Any]
    number: Callable[[str], Any]
    bell: Callable[[Any], Any]
    tail: Callable[[Any], Any]
    where: Callable[[Any, Any, Any], Any]

    def pi(self) -> Any:
        return self.number("3.14159265358979323846264338327950288419716939937510")

    def within(self, x: Any) -> Any:
        """x, but no farther than where the normal distribution ends."""
        near = self.where(x > _FAR, 0 * x + _FAR, x)
        return self.where(x < -_FAR, 0 * x - _FAR, near)

    def sigmoid(self, x: Any) -> Any:
        """1 / (1 + exp(-x)), with neither an overflow nor a difference."""
        e = self.exp(-abs(x))
        return self.where(x > 0, 1 / (1 + e), e / (1 + e))


def exp(x: Any, m: Mathematics) -> list[Output]:
    return [_everywhere(m.exp(x))]


def log(x: Any, m: Mathematics) -> list[Output]:
    return [_everywhere(m.log(x))]


def sigmoid(x: Any, m: Mathematics) -> list[Output]:
    return [_where_normal(m.sigmoid(x))]


def tanh(x: Any, m: Mathematics) -> list[Output]:
    return [_everywhere(m.tanh(x))]


def elu(x: Any, m: Mathematics) -> list[Output]:
    return [_everywhere(m.where(x > 0, x, m.expm1(m.where(x > 0, 0 * x, x))))]


def softplus(x: Any, m: Mathematics) -> list[Output]:
    value = m.log1p(m.exp(-abs(x))) + m.where(x > 0, x, 0 * x)
    return [_where_normal(value), _where_normal(m.sigmoid(x))]


def silu(x: Any, m: Mathematics) -> list[Output]:
    s, rest = m.sigmoid(x), m.sigmoid(-x)
    return _gate(x, s, x * s * rest)


def gelu(x: Any, m: Mathematics) -> list[Output]:
    near = m.within(x)
    tail, density = m.tail(abs(near)), m.bell(near) / m.sqrt(2 * m.pi())
    return _gate(x, m.where(x > 0, 1 - tail, tail), near * density)


def gelu_tanh(x: Any, m: Mathematics) -> list[Output]:
    """Errors below zero count in ulps of the value times 1 - y: that of y goes into exp(y)."""
    near = m.within(x)
    square = near * near
    linear, cubic = 2 * m.sqrt(2 / m.pi()), m.number("0.044715")
    y, rise = linear * near * (1 + cubic * square), linear * (1 + 3 * cubic * square)
    s, rest = m.sigmoid(y), m.sigmoid(-y)
    growth = m.where(y < 0, 1 - y, 1 + 0 * y)
    value, slope = _gate(x, s, near * s * rest * rise)
    return [part._replace(scale=part.scale * growth) for part in (value, slope)]


def _everywhere(x: Any) -> Output:
    return Output(x, abs(x), np.inf)


def _where_normal(x: Any) -> Output:
    return Output(x, x, x)


def _gate(x: Any, s: Any, more: Any) -> list[Output]:
    """x s and its slope s + x s', for a distribution function s that is cut off near its end."""
    return [Output(x * s, abs(x * s), s / 2), Output(s + more, s + abs(more), s / 2)]


DEFINITIONS = {
    "exp": exp,
    "log": log,
    "sigmoid": sigmoid,
    "tanh": tanh,
    "elu": elu,
    "softplus": softplus,
    "silu": silu,
    "gelu": gelu,
    "gelu_tanh": gelu_tanh,
}


@cache
def in_numpy(dtype: str) -> Mathematics:
    """The definitions' parts on arrays of "float64" or "longdouble"."""
    number = np.dtype(dtype).type
    coefficients = _mills()[: _TERMS[dtype]].astype(dtype)

    def bell(a: Any) -> Any:
        """The square of a's first 24 bits is exact, and what the rest adds to it is small."""
        first = a.astype(np.float32).astype(dtype)
        return np.exp(-first * first / 2) * np.exp(-(a - first) * (a + first) / 2)

    def tail(a: Any) -> Any:
        node = np.rint(a * _NODES).astype(np.int64)
        h, value = a - node / number(_NODES), np.zeros_like(a)
        for coefficient in coefficients[::-1]:
            value = value * h + coefficient[node]
        return value * bell(a)

    return Mathematics(
        exp=np.exp,
        log=np.log,
        expm1=np.expm1,
        log1p=np.log1p,
        tanh=np.tanh,
        sqrt=np.sqrt,
        number=number,
        bell=bell,
        tail=tail,
        where=np.where,
    )


@cache
def _mills() -> np.ndarray:
    """The Taylor coefficients of M(a) = Phi(-a) exp(a^2 / 2) at a = j / 8, as (terms, nodes).

    M' = a M - 1 / sqrt(2 pi), hence (n + 1) c[n + 1] = a c[n] + c[n - 1], which cancels.
    """
    found = []
    with mpmath.workdps(200):
        for j in range(int(_FAR * _NODES) + 1):
            a = mpmath.mpf(j) / _NODES
            c = [mpmath.ncdf(-a) * mpmath.exp(a * a / 2)]
            c.append(a * c[0] - 1 / mpmath.sqrt(2 * mpmath.pi))
            for n in range(1, max(_TERMS.values()) - 1):
                c.append((a * c[n] + c[n - 1]) / (n + 1))
            found.append([np.longdouble(mpmath.nstr(value, 40)) for value in c])
    return np.array(found).T


def in_mpmath() -> Mathematics:
    """The definitions' parts on mpmath's numbers."""
    return Mathematics(
        exp=mpmath.exp,
        log=mpmath.log,
        expm1=mpmath.expm1,
        log1p=mpmath.log1p,
        tanh=mpmath.tanh,
        sqrt=mpmath.sqrt,
        number=mpmath.mpf,
        bell=lambda a: mpmath.exp(-a * a / 2),
        tail=lambda a: mpmath.ncdf(-a),
        where=lambda condition, a, b: a if condition else b,
    )
