"""The numbers of the derivation: both passes in NumPy, looked up by quantity."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod

import numpy as np

from sweep.analysis.networks import FUNCTIONS, Array, Layer, forward, log_softmax, softplus
from sweep.course.chain_rule import SOFTMAX, output
from sweep.course.expression import Quantity, Value
from sweep.study import Network

_PRODUCTS: dict[str, Callable[[Quantity], Sequence[Quantity]]] = {
    "sum_by_weight": lambda q: (
        Quantity("multiplier", q.layer), output(q.layer - 1, q.origin, q.sample)
    ),
    "sum_by_output": lambda q: (Quantity("multiplier", q.layer), q.about("weight")),
    "path": lambda q: (q.about("by_sum", q.sample), q.about("sum_by_output", q.sample)),
    "by_weight": lambda q: (q.about("by_sum", q.sample), q.about("sum_by_weight", q.sample)),
    "by_bias": lambda q: (q.about("by_sum", q.sample),),
}  # fmt: skip
"""What the numbers of one sample are the products of, where no array holds them."""


@dataclass(frozen=True)
class Numbers:
    """The numbers of quantities: (n,) float64 each, of n networks.

    Attributes:
        arrays: by kind and layer: (n,) of a layer; (n, samples, neurons) of neurons; (n, to, from)
            of weights and (n, to) of biases. dA/dz is NaN for softmax, of which there is no such
            number, and dE/dA where the loss is a function of z.
        given: all others: rates, settings, what the optimizer keeps, parameters after the update.
    """

    arrays: Mapping[tuple[str, int], Array]
    given: Mapping[Quantity, Value] = field(default_factory=dict)

    def __getitem__(self, q: Quantity) -> Value:
        """The number of a quantity.

        Raises:
            KeyError: it has none.
        """
        if q in self.given:
            return self.given[q]
        if q.sample and q.kind in _PRODUCTS:
            return prod(self[factor] for factor in _PRODUCTS[q.kind](q))
        found = self.arrays[q.kind, q.layer]
        sample, to, origin = (int(which or 1) - 1 for which in (q.sample, q.to, q.origin))
        if found.ndim == 1:
            return found
        if found.ndim == 2:
            return found[:, to]
        return found[:, to, origin] if "weight" in q.kind else found[:, sample, to]

    def __contains__(self, q: Quantity) -> bool:
        """Whether a quantity has a number."""
        return q in self.given or q.kind in _PRODUCTS or (q.kind, q.layer) in self.arrays


def passes(
    network: Network, parameters: Array, inputs: Array, targets: Array, multipliers: Array
) -> dict[tuple[str, int], Array]:
    """Both passes of networks with parameters (n, P) and multipliers (layers, n).

    The inputs are (s, n_in), the targets (s, n_out). What has diverged gives NaN, without a
    warning.

    Returns:
        The `arrays` of `Numbers`.
    """
    layers, t = forward(network, parameters, inputs, multipliers), np.asarray(targets, np.float64)
    with np.errstate(all="ignore"):
        terms, by_output, by_sum = _end(network, layers[-1], t)
        found = {
            ("input", 0): layers[0].inputs,
            ("target", 0): t[np.newaxis],
            ("term", len(layers)): terms,
            ("loss", 0): terms.sum(axis=(1, 2)),
        }
        for number in range(len(layers), 0, -1):
            layer, name = layers[number - 1], network.activations[number - 1]
            nothing = np.full_like(layer.sums, np.nan)
            slope = nothing if name == SOFTMAX else FUNCTIONS[name].slope(layer.sums)
            if number < len(layers) or by_sum is None:
                by_sum = by_output * slope
            m = layer.multipliers[:, np.newaxis, np.newaxis]
            entering = np.broadcast_to(layer.inputs, (len(by_sum), *layer.inputs.shape[1:]))
            own = {
                "multiplier": layer.multipliers,
                "weight": layer.weights,
                "bias": layer.biases,
                "sum": layer.sums,
                "output": layer.outputs,
                "slope": slope,
                "by_output": by_output,
                "by_sum": by_sum,
                "by_weight": m * (by_sum.swapaxes(1, 2) @ entering),
                "by_bias": by_sum.sum(axis=1),
            }
            found |= {(kind, number): array for kind, array in own.items()}
            by_output = m * (by_sum @ layer.weights)
    return found


def _end(network: Network, last: Layer, t: Array) -> tuple[Array, Array, Array | None]:
    """Each output's part of the loss, its dE/dA, and its dE/dz where it is no product with dA/dz.

    The losses of z in the form that does not cancel.
    """
    a, z, samples, numbers = last.outputs, last.sums, len(t), t.size
    unknown = np.full_like(z, np.nan)
    if network.loss == "binary_cross_entropy":
        terms = np.maximum(z, 0.0) - t * z + softplus(-np.abs(z))
        return terms / numbers, unknown, (a - t) / numbers
    if network.loss == "softmax_cross_entropy":
        mass = t.sum(axis=1, keepdims=True)
        return -t * log_softmax(z) / samples, unknown, (a * mass - t) / samples
    e = a - t
    terms, slopes, count = 0.5 * e * e, e, samples
    if network.loss == "huber":
        terms = np.where(np.abs(e) > 1, np.abs(e) - 0.5, terms)
        slopes, count = np.clip(e, -1, 1), numbers
    elif network.loss == "mean_squared_error":
        terms, slopes, count = e * e, 2 * e, numbers
    by_output = slopes / count
    if network.activations[-1] != SOFTMAX:
        return terms / count, by_output, None
    mean = (by_output * a).sum(axis=-1, keepdims=True)
    return terms / count, by_output, a * (by_output - mean)
