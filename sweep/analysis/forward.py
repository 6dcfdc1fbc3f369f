"""The forward pass in NumPy: what a network with given parameters makes of any inputs."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sweep.analysis.functions import FUNCTIONS, Array, softmax
from sweep.study import Group, Network

if TYPE_CHECKING:
    import pandas as pd


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
    _check(network, parameters, a)
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


def multipliers_of(group: Group, table: "pd.DataFrame") -> Array:
    """(layers, rows) float64: what multiplies each layer's sums in the trials of a table.

    From the axes' columns, or from the study where it states them.
    """
    layers = range(len(group.network.shapes))
    sources = [group.sources[f"network.multiplier.{layer}"] for layer in layers]
    rows = [table[name] if name in table else group.fixed[name] for name in sources]
    return np.stack([np.broadcast_to(np.asarray(row, np.float64), len(table)) for row in rows])


def _check(network: Network, parameters: Array, inputs: Array) -> None:
    for what, array, size in (
        ("parameters", parameters, network.n_parameters),
        ("inputs", inputs[0], network.layers[0]),
    ):
        if array.ndim != 2 or array.shape[1] != size:
            raise ValueError(
                f"{what} of shape {array.shape} for a network of {size} a row: {network.layers}"
            )
