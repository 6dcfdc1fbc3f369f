"""The plain oracle: one network in NumPy's float64, a loop over samples, the chain rule by hand.

The forward pass also takes complex numbers, which gives the gradient a second time, to the last
digits: dE/dw = Im E(w + ih) / h for a tiny h (Squire and Trapp, SIAM Review 40, 1998).
"""

from collections.abc import Sequence

import numpy as np

from .problem import Problem

Layers = list[tuple[np.ndarray, np.ndarray]]


def loss(problem: Problem, parameters: np.ndarray) -> complex:
    """The loss at parameters (P,), real or complex."""
    layers = unpack(problem, np.asarray(parameters))
    errors = [
        _outputs(problem, layers, x)[-1] - t
        for x, t in zip(problem.inputs, problem.targets, strict=True)
    ]
    above, below = problem.error_factor
    return sum((e * e).sum() for e in errors) * above / below


def gradient(problem: Problem, parameters: np.ndarray) -> np.ndarray:
    """dE/dw (P,) at parameters (P,), by backpropagation."""
    layers = unpack(problem, np.asarray(parameters, np.float64))
    found = [(np.zeros_like(w), np.zeros_like(b)) for w, b in layers]
    above, below = problem.error_factor
    for x, t in zip(problem.inputs, problem.targets, strict=True):
        outputs = _outputs(problem, layers, x)
        error = 2 * above / below * (outputs[-1] - t)
        for layer in reversed(range(len(layers))):
            delta = error * _slope(problem.activations[layer], outputs[layer + 1])
            found[layer][0][...] += np.outer(delta, outputs[layer])
            found[layer][1][...] += delta
            error = layers[layer][0].T @ delta
    return pack(problem, found)


def complex_step_gradient(problem: Problem, parameters: np.ndarray) -> np.ndarray:
    """dE/dw (P,) from the forward pass alone."""
    step = 1e-200
    steps = 1j * step * np.eye(len(parameters))
    return np.array([loss(problem, parameters + row).imag / step for row in steps])


def descend(
    problem: Problem,
    initial: Sequence[float],
    steps: int,
    weight_rates: Sequence[float],
    bias_rates: Sequence[float] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Losses (steps + 1,) and parameters (steps + 1, P) of full-batch gradient descent."""
    rates = np.array(problem.rates(weight_rates, bias_rates))
    w = np.array(initial, np.float64)
    losses, parameters = [loss(problem, w)], [w]
    for _ in range(steps):
        w = w - rates * gradient(problem, w)
        losses.append(loss(problem, w))
        parameters.append(w)
    return np.array(losses), np.array(parameters)


def unpack(problem: Problem, parameters: np.ndarray) -> Layers:
    """Weights (to, from) and biases (to,) of each layer, biases of zero where there are none."""
    layers, first = [], 0
    for to, origin in problem.shapes:
        weights = parameters[first : first + to * origin].reshape(to, origin)
        first += to * origin
        biases = parameters[first : first + to] if problem.bias else np.zeros(to)
        first += to * problem.bias
        layers.append((weights, biases))
    return layers


def pack(problem: Problem, layers: Layers) -> np.ndarray:
    """The flat parameters again."""
    pieces = [
        piece for w, b in layers for piece in ([w.ravel(), b] if problem.bias else [w.ravel()])
    ]
    return np.concatenate(pieces)


def _outputs(problem: Problem, layers: Layers, inputs: Sequence[float]) -> list[np.ndarray]:
    outputs = [np.array(inputs)]
    for (w, b), name in zip(layers, problem.activations, strict=True):
        outputs.append(_activation(name, w @ outputs[-1] + b))
    return outputs


def _activation(name: str, z: np.ndarray) -> np.ndarray:
    match name:
        case "sigmoid":
            return 1 / (1 + np.exp(-z))
        case "tanh":
            return np.tanh(z)
        case "relu":
            return np.where(z.real > 0, z, 0)
        case "identity":
            return z
    raise ValueError(name)


def _slope(name: str, a: np.ndarray) -> np.ndarray:
    match name:
        case "sigmoid":
            return a * (1 - a)
        case "tanh":
            return 1 - a * a
        case "relu":
            return np.where(a > 0, 1.0, 0.0)
        case "identity":
            return np.ones_like(a)
    raise ValueError(name)
