"""Activations of plain, complex and dual arrays, with their slopes at plain ones: a table."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .dual import Number, exp, expm1, log1p, normal, normal_density, real, tanh, total, where

_CUBIC, _ROOT = 0.044715, math.sqrt(2 / math.pi)  # gelu_tanh's


class Activation(NamedTuple):
    """A = f(z), and f'(z); softmax's derivative is not one of each z alone."""

    function: Callable[[Number], Number]
    slope: Callable[[Any], Any]


def sigmoid(z: Number) -> Number:
    return 1 / (1 + exp(-z))


def softplus(z: Number) -> Number:
    """log(1 + e^z), where e^z is never large."""
    positive = real(z) > 0
    return where(positive, z, 0.0 * z) + log1p(exp(where(positive, -z, z)))


def softmax(z: Number) -> Number:
    powers = exp(z - real(z).max(axis=-1, keepdims=True))
    return powers / total(powers, 1, keep=True)


def _leaky(slope: float) -> Activation:
    return Activation(
        lambda z: where(real(z) > 0, z, slope * z), lambda z: np.where(z > 0, 1.0, slope)
    )


def _elu(z: Number) -> Number:
    positive = real(z) > 0
    return where(positive, z, expm1(where(positive, 0.0 * z, z)))


def _bend(z: Number) -> Number:
    return tanh(_ROOT * (z + _CUBIC * z * z * z))


def _bend_slope(z: np.ndarray) -> np.ndarray:
    return (1 - _bend(z) ** 2) * _ROOT * (1 + 3 * _CUBIC * z * z)


def _no_slope(z: np.ndarray) -> np.ndarray:
    raise NotImplementedError


ACTIVATIONS = {
    "sigmoid": Activation(sigmoid, lambda z: sigmoid(z) * (1 - sigmoid(z))),
    "tanh": Activation(tanh, lambda z: 1 - np.tanh(z) ** 2),
    "relu": _leaky(0.0),
    "leaky_relu": _leaky(0.01),
    "elu": Activation(_elu, lambda z: np.exp(np.minimum(z, 0))),
    "softplus": Activation(softplus, sigmoid),
    "gelu": Activation(lambda z: z * normal(z), lambda z: normal(z) + z * normal_density(z)),
    "gelu_tanh": Activation(
        lambda z: 0.5 * z * (1 + _bend(z)), lambda z: (1 + _bend(z) + z * _bend_slope(z)) / 2
    ),
    "silu": Activation(
        lambda z: z / (1 + exp(-z)), lambda z: sigmoid(z) * (1 + z * (1 - sigmoid(z)))
    ),
    "square": Activation(lambda z: z * z, lambda z: 2 * z),
    "identity": Activation(lambda z: z, np.ones_like),
    "softmax": Activation(softmax, _no_slope),
}
