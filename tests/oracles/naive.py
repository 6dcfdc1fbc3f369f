"""The plain oracle: one network in NumPy's float64, the chain rule by hand.

The forward pass also takes complex and dual numbers, which gives the gradient two times more from
that pass alone: dE/dw = Im E(w + ih) / h for a tiny h, to the last digits, where E is analytic
(Squire and Trapp, SIAM Review 40, 1998); and as the slope that dual numbers carry, wherever each
function has one.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from .activations import ACTIVATIONS, softplus
from .dual import Dual, Number, exp, log, real, total, transposed, where
from .optimizers import Optimizer
from .problem import FROM_LOGITS, Descent, Problem

Layers = list[tuple[Number, Number]]

_STEP = 1e-200  # its square is nothing beside a number
_NUMBERS_AT_ONCE = 2_000_000


def loss(problem: Problem, parameters: Number) -> Number:
    """The loss at parameters (..., P), real, complex or dual."""
    z = _sums(problem, unpack(problem, parameters))
    above, below = problem.error_factor
    return total(_terms(problem, z, np.array(problem.targets))) * above / below


def outputs(problem: Problem, parameters: Number) -> Number:
    """What the network puts out: (samples, n_out)."""
    z = _sums(problem, unpack(problem, parameters))
    return ACTIVATIONS[problem.activations[-1]].function(z)


def accuracy(problem: Problem, parameters: np.ndarray) -> float:
    """The share of samples that are classified as their targets.

    With several outputs a sample's class is where the largest is, the first of equals; with one, on
    which side of the middle between the smallest and the largest target it is. A NaN is wrong.
    """
    a, t = outputs(problem, parameters), np.array(problem.targets)
    if problem.layers[-1] > 1:
        right = a.argmax(axis=1) == t.argmax(axis=1)
    else:
        middle = (t.min() + t.max()) / 2
        right = ((a > middle) == (t > middle))[:, 0]
    return float((right & ~np.isnan(a).any(axis=1)).mean())


def gradient(problem: Problem, parameters: np.ndarray) -> np.ndarray:
    """dE/dw (P,) at parameters (P,), by backpropagation."""
    layers = unpack(problem, np.asarray(parameters, np.float64))
    sums, values = [], [np.array(problem.inputs)]
    for (w, b), m, name in zip(layers, problem.factors, problem.activations, strict=True):
        sums.append(m * (values[-1] @ w.T) + b)
        values.append(ACTIVATIONS[name].function(sums[-1]))
    delta = _delta(problem, sums[-1], values[-1])
    found = []
    for layer in reversed(range(len(layers))):
        m, (w, _) = problem.factors[layer], layers[layer]
        found.append((m * (delta.T @ values[layer]), delta.sum(axis=0)))
        if layer:
            name = problem.activations[layer - 1]
            delta = m * (delta @ w) * ACTIVATIONS[name].slope(sums[layer - 1])
    return pack(problem, found[::-1])


def complex_step_gradient(problem: Problem, parameters: np.ndarray) -> np.ndarray:
    """dE/dw (P,) from the forward pass in complex numbers."""
    parts = (1j * _STEP * part for part in _directions(len(parameters)))
    return np.concatenate([loss(problem, parameters + part).imag for part in parts]) / _STEP


def dual_gradient(problem: Problem, parameters: np.ndarray) -> np.ndarray:
    """dE/dw (P,) from the forward pass in dual numbers."""
    parts = _directions(len(parameters))
    return np.concatenate([loss(problem, Dual(parameters, part)).slopes for part in parts])


def _directions(n: int) -> Iterator[np.ndarray]:
    """The rows of the identity, some at a time."""
    size = max(1, _NUMBERS_AT_ONCE // n)
    for start in range(0, n, size):
        yield np.eye(min(size, n - start), n, start)


def descend(
    problem: Problem,
    initial: Sequence[float],
    steps: int,
    weight_rates: Sequence[float],
    bias_rates: Sequence[float] | None = None,
    how: Descent | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Losses (steps + 1,) and parameters (steps + 1, P); gradient descent unless said otherwise."""
    how = how or Descent()
    optimizer = Optimizer(how, problem.rates(weight_rates, bias_rates))
    w = np.array(initial, np.float64)
    losses, parameters = [loss(how.seen(problem, 0), w)], [w]
    for step in range(steps):
        w = optimizer.step(w, gradient(how.seen(problem, step), w))
        losses.append(loss(how.seen(problem, step + 1), w))
        parameters.append(w)
    return np.array(losses), np.array(parameters)


def unpack(problem: Problem, parameters: Number) -> Layers:
    """Weights (..., to, from) and biases (..., 1, to) of each layer, 0.0 where there are none."""
    layers, first = [], 0
    leading = () if isinstance(parameters, Dual) else parameters.shape[:-1]
    for to, origin in problem.shapes:
        weights = parameters[..., first : first + to * origin].reshape(*leading, to, origin)
        first += to * origin
        biases: Number = 0.0
        if problem.bias:
            biases = parameters[..., first : first + to].reshape(*leading, 1, to)
            first += to
        layers.append((weights, biases))
    return layers


def pack(problem: Problem, layers: Layers) -> np.ndarray:
    """The flat parameters again."""
    pieces = [piece.ravel() for w, b in layers for piece in ([w, b] if problem.bias else [w])]
    return np.concatenate(pieces)


def _sums(problem: Problem, layers: Layers) -> Number:
    """The last layer's z, (..., samples, n_out)."""
    a: Number = np.array(problem.inputs)
    for index, ((w, b), m) in enumerate(zip(layers, problem.factors, strict=True)):
        a = a if index == 0 else ACTIVATIONS[problem.activations[index - 1]].function(a)
        a = _times(a, transposed(w)) * m + b
    return a


def _times(a: Number, w: Number) -> Number:
    """The matrix product, of an array and a dual too."""
    if isinstance(w, Dual) and not isinstance(a, Dual):
        return Dual(a @ w.value, a @ w.slopes)
    return a @ w


def _terms(problem: Problem, z: Number, t: np.ndarray) -> Number:
    """What the loss is a sum of, times its factor, (..., samples, n_out)."""
    if problem.loss == "binary_cross_entropy":
        return softplus(z) - z * t
    if problem.loss == "softmax_cross_entropy":
        z = z - real(z).max(axis=-1, keepdims=True)
        return (log(total(exp(z), 1, keep=True)) - z) * t
    e = ACTIVATIONS[problem.activations[-1]].function(z) - t
    if problem.loss == "huber":
        return where(abs(real(e)) <= 1, e * e * 0.5, e * np.sign(real(e)) - 0.5)
    return e * e


def _delta(problem: Problem, z: np.ndarray, a: np.ndarray) -> np.ndarray:
    """dE/dz (samples, n_out) of the last layer."""
    t, name = np.array(problem.targets), problem.activations[-1]
    above, below = problem.error_factor
    if problem.loss in FROM_LOGITS:
        whole = t.sum(axis=1, keepdims=True) if name == "softmax" else 1.0
        return (a * whole - t) * above / below
    slope = np.clip(a - t, -1, 1) if problem.loss == "huber" else 2 * (a - t)
    if name == "softmax":
        slope = a * (slope - (slope * a).sum(axis=1, keepdims=True))
    else:
        slope = slope * ACTIVATIONS[name].slope(z)
    return slope * above / below
