"""The oracle of as many digits as asked for, on mpmath: loss, gradient, whole trajectories.

Numbers given are taken as the float64 they are, exactly; what is returned is rounded once, at the
end. Numbers have no largest exponent here: what overflows in float64 goes on.
"""

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any, NamedTuple

import mpmath
import numpy as np

from .problem import Problem

Real = Any  # mpmath's number


class Trajectory(NamedTuple):
    """Gradient descent, steps 0 to the last: float64 arrays, correctly rounded.

    losses (steps + 1,); parameters and gradients (steps + 1, P), those at the loss of their row.
    """

    losses: np.ndarray
    parameters: np.ndarray
    gradients: np.ndarray


class Oracle:
    """Loss and gradient of one problem, to `digits` decimal digits."""

    def __init__(self, problem: Problem, digits: int = 40) -> None:
        self.problem = problem
        self.context = mpmath.MPContext()
        self.context.dps = digits
        self.inputs = [self._exact(row) for row in problem.inputs]
        self.targets = [self._exact(row) for row in problem.targets]
        self.factor = self.context.mpf(problem.error_factor[0]) / problem.error_factor[1]
        self.functions = [self._function(name) for name in problem.activations]

    def loss(self, parameters: Sequence[float]) -> Real:
        """The loss alone, as mpmath's number."""
        layers = self._layers(self._exact(parameters))
        return self._error([self._outputs(layers, x)[-1] for x in self.inputs])

    def loss_and_gradient(self, parameters: Sequence[float]) -> tuple[Real, list[Real]]:
        """The loss and its derivative by each parameter, as mpmath's numbers."""
        layers = self._layers(self._exact(parameters))
        total = [self.context.zero] * self.problem.n_parameters
        last = []
        for x, t in zip(self.inputs, self.targets, strict=True):
            outputs = self._outputs(layers, x)
            slopes = self._sample_gradient(layers, outputs, t)
            total = [sum_ + slope for sum_, slope in zip(total, slopes, strict=True)]
            last.append(outputs[-1])
        return self._error(last), total

    def at(self, parameters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Losses (n,) and gradients (n, P) at parameters (n, P), correctly rounded."""
        found = [self.loss_and_gradient(row) for row in np.asarray(parameters, np.float64)]
        return (
            np.array([float(loss) for loss, _ in found]),
            np.array([[float(slope) for slope in gradient] for _, gradient in found]),
        )

    def descend(
        self,
        initial: Sequence[float],
        steps: int,
        weight_rates: Sequence[float],
        bias_rates: Sequence[float] | None = None,
    ) -> Trajectory:
        """Full-batch gradient descent: w <- w - eta dE/dw, all slopes taken at the old weights."""
        rates = self._exact(self.problem.rates(weight_rates, bias_rates))
        w = self._exact(initial)
        losses, parameters, gradients = [], [], []
        for _ in range(steps + 1):
            loss, gradient = self.loss_and_gradient(w)
            losses.append(float(loss))
            parameters.append([float(x) for x in w])
            gradients.append([float(x) for x in gradient])
            w = [x - eta * slope for x, eta, slope in zip(w, rates, gradient, strict=True)]
        return Trajectory(np.array(losses), np.array(parameters), np.array(gradients))

    def _exact(self, numbers: Sequence[Any]) -> list[Real]:
        # Through float: mpmath does not know numpy's float32. Its own numbers stay as they are.
        known = self.context.mpf
        return [x if isinstance(x, known) else known(float(x)) for x in numbers]

    def _function(self, name: str) -> tuple[Callable[[Real], Real], Callable[[Real], Real]]:
        """An activation and its slope as a function of its value."""
        exp, tanh, zero, one = (
            self.context.exp, self.context.tanh, self.context.zero, self.context.one,
        )  # fmt: skip
        return {
            "sigmoid": (lambda z: one / (one + exp(-z)), lambda a: a * (one - a)),
            "tanh": (tanh, lambda a: one - a * a),
            "relu": (lambda z: max(z, zero), lambda a: one if a > 0 else zero),
            "identity": (lambda z: z, lambda _: one),
        }[name]

    def _layers(self, parameters: list[Real]) -> list[tuple[list[list[Real]], list[Real]]]:
        """Rows of weights and biases of each layer; biases of zero where there are none."""
        rest = iter(parameters)
        layers = []
        for to, origin in self.problem.shapes:
            rows = [list(islice(rest, origin)) for _ in range(to)]
            biases = list(islice(rest, to)) if self.problem.bias else [self.context.zero] * to
            layers.append((rows, biases))
        return layers

    def _outputs(self, layers: list[Any], inputs: list[Real]) -> list[list[Real]]:
        """What every layer puts out for one sample, the inputs first."""
        outputs = [inputs]
        for (rows, biases), (activation, _) in zip(layers, self.functions, strict=True):
            a = outputs[-1]
            sums = [
                sum((w * x for w, x in zip(row, a, strict=True)), bias)
                for row, bias in zip(rows, biases, strict=True)
            ]
            outputs.append([activation(z) for z in sums])
        return outputs

    def _error(self, outputs: list[list[Real]]) -> Real:
        squares = (
            (a - t) ** 2
            for row, expected in zip(outputs, self.targets, strict=True)
            for a, t in zip(row, expected, strict=True)
        )
        return self.factor * sum(squares, self.context.zero)

    def _sample_gradient(
        self, layers: list[Any], outputs: list[list[Real]], targets: list[Real]
    ) -> list[Real]:
        """One sample's part of the gradient, by backpropagation, in parameter order."""
        twice = 2 * self.factor
        error = [twice * (a - t) for a, t in zip(outputs[-1], targets, strict=True)]
        pieces: list[list[Real]] = []
        for layer in reversed(range(len(layers))):
            slope = self.functions[layer][1]
            delta = [e * slope(a) for e, a in zip(error, outputs[layer + 1], strict=True)]
            weights = [d * x for d in delta for x in outputs[layer]]
            pieces.insert(0, weights + delta if self.problem.bias else weights)
            columns = zip(*layers[layer][0], strict=True)
            error = [sum(d * w for d, w in zip(delta, column, strict=True)) for column in columns]
        return [slope for piece in pieces for slope in piece]
