"""Numbers that carry their slopes, and functions of plain, complex and dual arrays alike.

A dual number is a + b e with e^2 = 0: f(a + b e) = f(a) + f'(a) b e, so that a value worked out
in dual numbers brings its derivative along (Clifford, 1873; Griewank and Walther, "Evaluating
derivatives", 2008, chapter 3). Unlike the complex step it asks no more of a function than a slope.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Number = Any  # an array, real or complex, or a Dual


@dataclass(frozen=True)
class Dual:
    """Values (...) and their slopes (n, ...) in n directions."""

    value: np.ndarray
    slopes: np.ndarray

    __array_ufunc__ = None  # array + dual is a dual's to add

    def __getitem__(self, index: Any) -> "Dual":
        """An index that begins with an ellipsis, so that it fits both."""
        assert index[0] is ...
        return Dual(self.value[index], self.slopes[index])

    def reshape(self, *shape: int) -> "Dual":
        """The last axis in another shape, for there is no other."""
        return Dual(self.value.reshape(shape), self.slopes.reshape(-1, *shape))

    def __neg__(self) -> "Dual":
        return Dual(-self.value, -self.slopes)

    def __add__(self, other: Number) -> "Dual":
        return Dual(self.value + value_of(other), self.slopes + slopes_of(other))

    def __sub__(self, other: Number) -> "Dual":
        return self + -other

    def __mul__(self, other: Number) -> "Dual":
        value = value_of(other)
        return Dual(self.value * value, self.slopes * value + self.value * slopes_of(other))

    def __truediv__(self, other: Number) -> "Dual":
        value = value_of(other)
        quotient = self.value / value
        return Dual(quotient, (self.slopes - quotient * slopes_of(other)) / value)

    def __matmul__(self, other: "Dual") -> "Dual":
        slopes = self.slopes @ other.value + self.value @ other.slopes
        return Dual(self.value @ other.value, slopes)

    def __radd__(self, other: Number) -> "Dual":
        return self + other

    def __rsub__(self, other: Number) -> "Dual":
        return -self + other

    def __rmul__(self, other: Number) -> "Dual":
        return self * other

    def __rtruediv__(self, other: float) -> "Dual":
        quotient = other / self.value
        return Dual(quotient, -quotient / self.value * self.slopes)


def value_of(x: Number) -> Any:
    return x.value if isinstance(x, Dual) else x


def slopes_of(x: Number) -> Any:
    return x.slopes if isinstance(x, Dual) else 0.0


def real(x: Number) -> np.ndarray:
    """What decides between branches."""
    return np.real(value_of(x))


def _function(plain: Any, slope: Callable[[Any, Any], Any]) -> Callable[[Number], Number]:
    """A function from one for arrays, and its slope at x where it is y."""

    def function(x: Number) -> Number:
        if not isinstance(x, Dual):
            return plain(x)
        y = plain(x.value)
        return Dual(y, slope(x.value, y) * x.slopes)

    return function


def _normal(x: np.ndarray) -> np.ndarray:
    """Phi(x), the normal distribution; from erfc, which keeps its digits in the lower tail."""
    return 0.5 * np.vectorize(math.erfc, otypes=[float])(-x / math.sqrt(2))


def normal_density(x: np.ndarray) -> np.ndarray:
    return np.exp(-x * x / 2) / math.sqrt(2 * math.pi)


exp = _function(np.exp, lambda x, y: y)
expm1 = _function(np.expm1, lambda x, y: np.exp(x))
log = _function(np.log, lambda x, y: 1 / x)
log1p = _function(np.log1p, lambda x, y: 1 / (1 + x))
tanh = _function(np.tanh, lambda x, y: 1 - y * y)
normal = _function(_normal, lambda x, y: normal_density(x))


def where(condition: np.ndarray, x: Number, y: Number) -> Number:
    """One or the other; the condition is one of values."""
    value = np.where(condition, value_of(x), value_of(y))
    if isinstance(x, Dual) or isinstance(y, Dual):
        return Dual(value, np.where(condition, slopes_of(x), slopes_of(y)))
    return value


def total(x: Number, axes: int = 2, *, keep: bool = False) -> Number:
    """The sum over the last axes."""
    last = tuple(range(-axes, 0))
    if isinstance(x, Dual):
        return Dual(x.value.sum(last, keepdims=keep), x.slopes.sum(last, keepdims=keep))
    return x.sum(last, keepdims=keep)


def transposed(x: Number) -> Number:
    """With the last two axes exchanged."""
    if isinstance(x, Dual):
        return Dual(x.value.swapaxes(-1, -2), x.slopes.swapaxes(-1, -2))
    return x.swapaxes(-1, -2)
