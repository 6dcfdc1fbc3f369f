"""Networks in NumPy: activations with their slopes, a row a function, and the forward pass.

The kernel has its own (`training.activations`); these are for what is drawn or explained, where
z is known and a million values are many.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sweep.study import Group, Network

if TYPE_CHECKING:
    import pandas as pd

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


def _far(function: Callable[[Array], Array]) -> Callable[[Array], Array]:
    """The function where |z| is at most `_FAR`, and beyond that as it is there."""
    return lambda z: function(np.clip(z, -_FAR, _FAR))


def _bend(z: Array) -> Array:
    """(1 + tanh(u)) / 2 = sigmoid(2 u), which does not cancel where u is far below 0."""
    return sigmoid(2 * _ROOT * (z + _CUBIC * z**3))


def _gelu_slope(z: Array) -> Array:
    return normal(z) + z * np.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def _gelu_tanh_slope(z: Array) -> Array:
    a = _bend(z)
    return a + z * a * (1 - a) * 2 * _ROOT * (1 + 3 * _CUBIC * z * z)


def _silu_slope(z: Array) -> Array:
    a = sigmoid(z)
    return np.asarray(a * (1 + z * (1 - a)))


def _one_sided(below: float) -> Callable[[Array], Array]:
    """1 above 0, `below` elsewhere; NaN at NaN."""
    return lambda z: np.where(np.isnan(z), z, np.where(z > 0, 1.0, below))


def _square(z: Array) -> Array:
    with np.errstate(over="ignore"):
        return z * z


FUNCTIONS = {
    "sigmoid": Function(sigmoid, lambda z: (a := sigmoid(z)) * (1 - a)),
    "tanh": Function(np.tanh, lambda z: (1 - (a := np.tanh(z))) * (1 + a)),
    "relu": Function(lambda z: np.maximum(z, 0.0), _one_sided(0.0)),
    "leaky_relu": Function(lambda z: np.where(z > 0, z, _LEAK * z), _one_sided(_LEAK)),
    "elu": Function(
        lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0.0))),
        lambda z: np.exp(np.minimum(z, 0.0)),
    ),
    "softplus": Function(softplus, sigmoid),
    "gelu": Function(lambda z: np.maximum(z, -_FAR) * normal(z), _far(_gelu_slope)),
    "gelu_tanh": Function(lambda z: np.maximum(z, -_FAR) * _far(_bend)(z), _far(_gelu_tanh_slope)),
    "silu": Function(lambda z: np.maximum(z, -_FAR) * sigmoid(z), _far(_silu_slope)),
    "square": Function(_square, lambda z: z + z),
    "identity": Function(lambda z: z + 0.0, lambda z: np.where(np.isnan(z), z, 1.0)),
}
"""All but softmax, which is a function of a whole layer."""


@dataclass(frozen=True)
class Layer:
    """What one layer makes of its inputs, of n trials and s samples, its weights being [to][from].

    z = multiplier * sum_i w_ji a_i + b_j and A = f(z).

    Attributes:
        weights: (n, n_out, n_in) float64.
        biases: (n, n_out) float64, zeros where the network has none.
        multipliers: (n,) float64.
        inputs: (n or 1, s, n_in) float64: the data, or what the layer before puts out.
        sums: (n, s, n_out) float64, z.
        outputs: (n, s, n_out) float64, A.
    """

    weights: Array
    biases: Array
    multipliers: Array
    inputs: Array
    sums: Array
    outputs: Array


def forward(
    network: Network, parameters: Array, inputs: Array, multipliers: Array | None = None
) -> list[Layer]:
    """Every layer's z and A, first layer first; the last one's `outputs` are the network's.

    The kernel's numbers but for rounding, which is NumPy's here. A trial that has diverged gives
    NaN or infinities, without a warning. Memory goes with trials times samples: of many take some
    at a time.

    Args:
        network: the layers, their activations, and whether there are biases.
        parameters: (n, P), a row a trial, in the order of `Network.parameter_names`; or (P,).
        inputs: (s, n_in), a row a sample.
        multipliers: (layers, n) of each layer's sums, as `LaneInputs` and `multipliers_of` have
            them; ones by default.

    Raises:
        ValueError: the shapes do not fit the network.
    """
    parameters = np.atleast_2d(np.asarray(parameters, np.float64))
    a = np.atleast_2d(np.asarray(inputs, np.float64))[np.newaxis]
    for what, array, size in (
        ("parameters", parameters, network.n_parameters),
        ("inputs", a[0], network.layers[0]),
    ):
        if array.ndim != 2 or array.shape[1] != size:
            raise ValueError(
                f"{what} of shape {array.shape} for a network of {size} a row: {network.layers}"
            )
    factors = np.ones((len(network.shapes), len(parameters)))
    if multipliers is not None:
        factors = np.broadcast_to(np.asarray(multipliers, np.float64), factors.shape)
    found: list[Layer] = []
    with np.errstate(over="ignore", invalid="ignore"):
        for (w, b), m, name in zip(
            layers_of(network, parameters), factors, network.activations, strict=True
        ):
            z = m[:, np.newaxis, np.newaxis] * (a @ w.swapaxes(1, 2)) + b[:, np.newaxis]
            found.append(Layer(w, b, m, a, z, activate(name, z)))
            a = found[-1].outputs
    return found


def activate(name: str, z: Array) -> Array:
    """A = f(z), float64 of z's shape; softmax is over the last axis.

    Raises:
        KeyError: there is no activation `name`.
    """
    return softmax(z) if name == "softmax" else FUNCTIONS[name].value(z)


def layers_of(network: Network, parameters: Array) -> list[tuple[Array, Array]]:
    """Each layer's weights (n, to, from) and biases (n, to) from parameters (n, P).

    Views; biases are zeros where the network has none.
    """
    found, first = [], 0
    for to, origin in network.shapes:
        end = first + to * origin
        w = parameters[:, first:end].reshape(-1, to, origin)
        first = end + to * network.bias
        found.append((w, parameters[:, end:first] if network.bias else np.zeros(w.shape[:2])))
    return found


def parameters_of(network: Network, table: "pd.DataFrame") -> Array:
    """(rows, P) float64 from the columns w1_1_1, w1_1_2, ... of a table of parameters.

    Columns that another network of the study has besides are left out; other columns too.

    Raises:
        KeyError: a column of the network is missing.
    """
    return table[list(network.parameter_names)].to_numpy(np.float64)


def group_of(groups: Iterable[Group], trial: "pd.Series[Any]") -> Group:
    """The group of a trial, a row of a table that has the axes by which groups differ."""
    return next(
        group
        for group in groups
        if all(trial[name] == value for name, value in group.labels.items())
    )


def multipliers_of(group: Group, table: "pd.DataFrame") -> Array:
    """(layers, rows) float64: what multiplies each layer's sums in the trials of a table.

    From the axes' columns, or from the study where it states them.
    """
    layers = range(len(group.network.shapes))
    sources = [group.sources[f"network.multiplier.{layer}"] for layer in layers]
    rows = [table[name] if name in table else group.fixed[name] for name in sources]
    return np.stack([np.broadcast_to(np.asarray(row, np.float64), len(table)) for row in rows])
