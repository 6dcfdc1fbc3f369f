"""The numbers of the derivation: both passes in NumPy, looked up by quantity."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from sweep.analysis.networks import FUNCTIONS, Array, Layer, forward, log_softmax, softplus
from sweep.course.chain_rule import SOFTMAX
from sweep.course.expression import Quantity, Value
from sweep.study import Network


@dataclass(frozen=True)
class Backward:
    """One layer on the way back, of n networks and s samples.

    Attributes:
        slopes: (n, s, n_out) dA/dz; NaN for softmax, of which there is no such number.
        by_outputs: (n, s, n_out) dE/dA; NaN where the loss is a function of z.
        by_sums: (n, s, n_out) dE/dz.
        by_weights: (n, n_out, n_in) dE/dw.
        by_biases: (n, n_out) dE/db.
    """

    slopes: Array
    by_outputs: Array
    by_sums: Array
    by_weights: Array
    by_biases: Array


@dataclass(frozen=True)
class Passes:
    """Both passes of n networks: each layer's, first layer first.

    Attributes:
        network: what they are through.
        targets: (s, n_out).
        terms: (n, s, n_out) each output's part of the loss.
        forward: each layer on the way there.
        backward: each layer on the way back.
    """

    network: Network
    targets: Array
    terms: Array
    forward: list[Layer]
    backward: list[Backward]


def passes(
    network: Network, parameters: Array, inputs: Array, targets: Array, multipliers: Array
) -> Passes:
    """Both passes of networks with parameters (n, P) and multipliers (layers, n).

    The inputs are (s, n_in), the targets (s, n_out). What has diverged gives NaN, without a
    warning.
    """
    layers = forward(network, parameters, inputs, multipliers)
    back: list[Backward] = []
    with np.errstate(all="ignore"):
        terms, by_output, by_sum = _end(network, layers[-1], np.asarray(targets, np.float64))
        for at in reversed(range(len(layers))):
            layer, name = layers[at], network.activations[at]
            slope = _slope(name, layer.sums)
            if not (at == len(layers) - 1 and by_sum is not None):
                by_sum = by_output * slope
            assert by_sum is not None
            m = layer.multipliers[:, np.newaxis, np.newaxis]
            entering = np.broadcast_to(layer.inputs, (len(by_sum), *layer.inputs.shape[1:]))
            by_weights = m * (by_sum.swapaxes(1, 2) @ entering)
            back.append(Backward(slope, by_output, by_sum, by_weights, by_sum.sum(axis=1)))
            by_output = m * (by_sum @ layer.weights)
    return Passes(network, np.asarray(targets, np.float64), terms, layers, back[::-1])


def _slope(name: str, z: Array) -> Array:
    return np.full_like(z, np.nan) if name == SOFTMAX else FUNCTIONS[name].slope(z)


def _end(network: Network, last: Layer, t: Array) -> tuple[Array, Array, Array | None]:
    """Each output's part of the loss, its dE/dA, and its dE/dz where it is no product with dA/dz.

    The losses of z in the form that does not cancel.
    """
    a, z, samples, outputs = last.outputs, last.sums, *t.shape
    unknown = np.full_like(z, np.nan)
    match network.loss:
        case "binary_cross_entropy":
            count = samples * outputs
            terms = np.maximum(z, 0.0) - t * z + softplus(-np.abs(z))
            return terms / count, unknown, (a - t) / count
        case "softmax_cross_entropy":
            mass = t.sum(axis=1, keepdims=True)
            return -t * log_softmax(z) / samples, unknown, (a * mass - t) / samples
    terms, slopes, count = _of_errors(network.loss, a - t, samples, samples * outputs)
    by_output = slopes / count
    if network.activations[-1] != SOFTMAX:
        return terms / count, by_output, None
    mean = (by_output * a).sum(axis=-1, keepdims=True)
    return terms / count, by_output, a * (by_output - mean)


def _of_errors(loss: str, e: Array, samples: int, numbers: int) -> tuple[Array, Array, int]:
    """Terms and slopes of losses of A - T, and what both are divided by."""
    if loss == "huber":
        distance = np.abs(e)
        inside = 0.5 * e * e
        return np.where(distance > 1, distance - 0.5, inside), np.clip(e, -1, 1), numbers
    if loss == "mean_squared_error":
        return e * e, 2 * e, numbers
    return 0.5 * e * e, e, samples


@dataclass(frozen=True)
class Numbers:
    """The numbers of quantities: (n,) float64 each, of n networks.

    Attributes:
        passes: where most of them come from.
        given: all others: rates, settings, what the optimizer keeps, parameters after the update.
    """

    passes: Passes
    given: Mapping[Quantity, Value] = field(default_factory=dict)

    def __getitem__(self, q: Quantity) -> Value:
        """The number of a quantity.

        Raises:
            KeyError: it has none.
        """
        return self.given[q] if q in self.given else _READ[q.kind](self.passes, q)

    def __contains__(self, q: Quantity) -> bool:
        """Whether a quantity has a number."""
        return q in self.given or q.kind in _READ


def _index(q: Quantity) -> tuple[int, int, int]:
    """Sample, neuron and neuron before, counted from 0."""
    return int(q.sample or 1) - 1, int(q.to or 1) - 1, int(q.origin or 1) - 1


def _of(found: Array, q: Quantity) -> Value:
    sample, to, _ = _index(q)
    return found[:, sample, to]


def _entering(p: Passes, q: Quantity) -> Value:
    sample, _, origin = _index(q)
    layer = p.forward[q.layer - 1]
    return layer.multipliers * layer.inputs[:, sample, origin]


def _leaving(p: Passes, q: Quantity) -> Value:
    layer, (_, to, origin) = p.forward[q.layer - 1], _index(q)
    return layer.multipliers * layer.weights[:, to, origin]


def _by_weight(p: Passes, q: Quantity) -> Value:
    if q.sample:
        return _of(p.backward[q.layer - 1].by_sums, q) * _entering(p, q)
    _, to, origin = _index(q)
    return p.backward[q.layer - 1].by_weights[:, to, origin]


def _by_bias(p: Passes, q: Quantity) -> Value:
    back = p.backward[q.layer - 1]
    return _of(back.by_sums, q) if q.sample else back.by_biases[:, _index(q)[1]]


_READ = {
    "input": lambda p, q: p.forward[0].inputs[:, _index(q)[0], _index(q)[1]],
    "target": lambda p, q: p.targets[_index(q)[:2]],
    "weight": lambda p, q: p.forward[q.layer - 1].weights[:, _index(q)[1], _index(q)[2]],
    "bias": lambda p, q: p.forward[q.layer - 1].biases[:, _index(q)[1]],
    "multiplier": lambda p, q: p.forward[q.layer - 1].multipliers,
    "sum": lambda p, q: _of(p.forward[q.layer - 1].sums, q),
    "output": lambda p, q: _of(p.forward[q.layer - 1].outputs, q),
    "term": lambda p, q: _of(p.terms, q),
    "loss": lambda p, q: p.terms.sum(axis=(1, 2)),
    "slope": lambda p, q: _of(p.backward[q.layer - 1].slopes, q),
    "by_output": lambda p, q: _of(p.backward[q.layer - 1].by_outputs, q),
    "by_sum": lambda p, q: _of(p.backward[q.layer - 1].by_sums, q),
    "path": lambda p, q: _of(p.backward[q.layer - 1].by_sums, q) * _leaving(p, q),
    "sum_by_weight": _entering,
    "sum_by_output": _leaving,
    "by_weight": _by_weight,
    "by_bias": _by_bias,
}
