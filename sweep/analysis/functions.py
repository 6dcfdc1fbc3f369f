"""Activations of NumPy arrays, with their slopes: a table, one row a function.

The kernel has its own (`training.activations`); these are for what is drawn or explained, where
z is known and a million values are many.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_LEAK = 0.01
_ROOT, _CUBIC = math.sqrt(2 / math.pi), 0.044715  # gelu_tanh's
_FAR = 1000.0  # beyond it every exponential is 0 or 1 + 0, and 1000 * 0 is 0 where inf * 0 is not


@dataclass(frozen=True)
class Function:
    """One row: A = f(z), of an array of any shape, and dA/dz at z, both float64.

    Neither warns, whatever z; NaN stays NaN. At a kink the slope is that below it, as the kernel
    has it.
    """

    value: Callable[[Array], Array]
    slope: Callable[[Array], Array]


def sigmoid(z: Array) -> Array:
    """1 / (1 + e^-z), where no exponential is large."""
    small = np.exp(-np.abs(z))
    return np.where(z >= 0, 1.0, small) / (1.0 + small)


def softmax(z: Array) -> Array:
    """e^z_j / sum_k e^z_k over the last axis, where no exponential is large."""
    with np.errstate(invalid="ignore"):  # inf - inf: a layer that has diverged
        powers = np.exp(z - z.max(axis=-1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def log_softmax(z: Array) -> Array:
    """The logarithm of `softmax`, also where that is 0 in float64."""
    with np.errstate(invalid="ignore"):
        apart = z - z.max(axis=-1, keepdims=True)
        return np.asarray(apart - np.log(np.exp(apart).sum(axis=-1, keepdims=True)))


def softplus(z: Array) -> Array:
    """log(1 + e^z)."""
    return np.maximum(z, 0.0) + np.log1p(np.exp(-np.abs(z)))


def normal(z: Array) -> Array:
    """Phi(z), the normal distribution function, to full relative accuracy far below 0 too."""
    found = np.frompyfunc(math.erfc, 1, 1)(z / -math.sqrt(2))
    return np.asarray(found, np.float64) / 2


def _bounded(z: Array) -> Array:
    return np.clip(z, -_FAR, _FAR)


def _bend(z: Array) -> Array:
    """(1 + tanh(u)) / 2 = sigmoid(2 u), which does not cancel where u is far below 0."""
    return sigmoid(2 * _ROOT * (z + _CUBIC * z**3))


def _gelu_slope(z: Array) -> Array:
    z = _bounded(z)
    return normal(z) + z * np.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def _gelu_tanh_slope(z: Array) -> Array:
    z = _bounded(z)
    a = _bend(z)
    return a + z * a * (1 - a) * 2 * _ROOT * (1 + 3 * _CUBIC * z * z)


def _silu_slope(z: Array) -> Array:
    z = _bounded(z)
    a = sigmoid(z)
    return np.asarray(a * (1 + z * (1 - a)))


def _sigmoid_slope(z: Array) -> Array:
    a = sigmoid(z)
    return a * (1 - a)


def _tanh_slope(z: Array) -> Array:
    a = np.tanh(z)
    return np.asarray((1 - a) * (1 + a))


def _one_sided(below: float) -> Callable[[Array], Array]:
    """1 above 0, `below` elsewhere; NaN at NaN."""
    return lambda z: np.where(np.isnan(z), z, np.where(z > 0, 1.0, below))


FUNCTIONS = {
    "sigmoid": Function(sigmoid, _sigmoid_slope),
    "tanh": Function(np.tanh, _tanh_slope),
    "relu": Function(lambda z: np.maximum(z, 0.0), _one_sided(0.0)),
    "leaky_relu": Function(lambda z: np.where(z > 0, z, _LEAK * z), _one_sided(_LEAK)),
    "elu": Function(
        lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0.0))),
        lambda z: np.exp(np.minimum(z, 0.0)),
    ),
    "softplus": Function(softplus, sigmoid),
    "gelu": Function(lambda z: np.maximum(z, -_FAR) * normal(z), _gelu_slope),
    "gelu_tanh": Function(lambda z: np.maximum(z, -_FAR) * _bend(_bounded(z)), _gelu_tanh_slope),
    "silu": Function(lambda z: np.maximum(z, -_FAR) * sigmoid(z), _silu_slope),
    "identity": Function(lambda z: z + 0.0, lambda z: np.where(np.isnan(z), z, 1.0)),
}
"""All but softmax, which is a function of a whole layer."""
