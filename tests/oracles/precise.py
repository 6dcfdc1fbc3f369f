"""The oracle of as many digits as asked for, on mpmath: loss, gradient, whole trajectories.

Numbers given are taken as the float64 they are, exactly; what is returned is rounded once, at the
end. Numbers have no largest exponent here: what overflows in float64 goes on.
"""

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any, NamedTuple

import mpmath
import numpy as np

from .optimizers import Optimizer
from .problem import FROM_LOGITS, Descent, Problem

Real = Any  # mpmath's number
Rows = list[list[Real]]
Function = Callable[[Real], Real]


class Trajectory(NamedTuple):
    """Training, steps 0 to the last: float64 arrays, correctly rounded.

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
        self.multipliers = self._exact(problem.factors)
        self.factor = self.context.mpf(problem.error_factor[0]) / problem.error_factor[1]
        functions = _functions(self.context)
        self.functions = [functions.get(name) for name in problem.activations]

    def loss(self, parameters: Sequence[float]) -> Real:
        """The loss alone, as mpmath's number."""
        layers = self._layers(self._exact(parameters))
        return self._error([self._pass(layers, x) for x in self.inputs])

    def loss_and_gradient(self, parameters: Sequence[float]) -> tuple[Real, list[Real]]:
        """The loss and its derivative by each parameter, as mpmath's numbers."""
        layers = self._layers(self._exact(parameters))
        passes = [self._pass(layers, x) for x in self.inputs]
        parts = [
            self._sample_gradient(layers, *found, t)
            for found, t in zip(passes, self.targets, strict=True)
        ]
        return self._error(passes), [
            sum(slopes[1:], slopes[0]) for slopes in zip(*parts, strict=True)
        ]

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
        how: Descent | None = None,
    ) -> Trajectory:
        """All samples at each step; gradient descent unless said otherwise.

        Every slope is taken at the old weights: w <- w - eta dE/dw.
        """
        how = how or Descent()
        assert not how.batches
        rates = self.problem.rates(weight_rates, bias_rates)
        optimizer = Optimizer(how, rates, self.context.mpf)
        w = np.array(self._exact(initial))
        losses, parameters, gradients = [], [], []
        for _ in range(steps + 1):
            loss, gradient = self.loss_and_gradient(w)
            losses.append(float(loss))
            parameters.append([float(x) for x in w])
            gradients.append([float(x) for x in gradient])
            w = optimizer.step(w, np.array(gradient)) if len(losses) <= steps else w
        return Trajectory(np.array(losses), np.array(parameters), np.array(gradients))

    def _exact(self, numbers: Sequence[Any]) -> list[Real]:
        # Through float: mpmath does not know numpy's float32. Its own numbers stay as they are.
        known = self.context.mpf
        return [x if isinstance(x, known) else known(float(x)) for x in numbers]

    def _layers(self, parameters: list[Real]) -> list[tuple[list[list[Real]], list[Real]]]:
        """Rows of weights and biases of each layer; biases of zero where there are none."""
        rest = iter(parameters)
        layers = []
        for to, origin in self.problem.shapes:
            rows = [list(islice(rest, origin)) for _ in range(to)]
            biases = list(islice(rest, to)) if self.problem.bias else [self.context.zero] * to
            layers.append((rows, biases))
        return layers

    def _pass(self, layers: list[Any], inputs: list[Real]) -> tuple[Rows, Rows]:
        """Each layer's sums z for one sample, and what each puts out, the inputs first."""
        sums, outputs = [], [inputs]
        for (rows, biases), m, functions in zip(
            layers, self.multipliers, self.functions, strict=True
        ):
            dot, a = self.context.fdot, outputs[-1]
            z = [m * dot(row, a) + b for row, b in zip(rows, biases, strict=True)]
            sums.append(z)
            outputs.append([functions[0](x) for x in z] if functions else self._softmax(z))
        return sums, outputs

    def _softmax(self, z: list[Real]) -> list[Real]:
        powers = [self.context.exp(x - max(z)) for x in z]
        whole = sum(powers, self.context.zero)
        return [power / whole for power in powers]

    def _error(self, passes: list[tuple[Rows, Rows]]) -> Real:
        terms = (
            term
            for (sums, outputs), t in zip(passes, self.targets, strict=True)
            for term in self._terms(sums[-1], outputs[-1], t)
        )
        return self.factor * sum(terms, self.context.zero)

    def _terms(self, z: list[Real], a: list[Real], t: list[Real]) -> list[Real]:
        """One sample's terms of the loss."""
        log, exp = self.context.log, self.context.exp
        errors = [x - y for x, y in zip(a, t, strict=True)]
        match self.problem.loss:
            case "binary_cross_entropy":
                return [log(1 + exp(x)) - x * y for x, y in zip(z, t, strict=True)]
            case "softmax_cross_entropy":
                return [-y * log(x) for x, y in zip(a, t, strict=True)]
            case "huber":
                return [e * e / 2 if abs(e) <= 1 else abs(e) - self._half for e in errors]
        return [e * e for e in errors]

    @property
    def _half(self) -> Real:
        return self.context.mpf(0.5)

    def _delta(self, z: list[Real], a: list[Real], t: list[Real]) -> list[Real]:
        """One sample's dE/dz at the last layer."""
        c, loss = self.factor, self.problem.loss
        if loss in FROM_LOGITS:
            whole = sum(t, self.context.zero) if loss == "softmax_cross_entropy" else 1
            return [c * (x * whole - y) for x, y in zip(a, t, strict=True)]
        errors = [x - y for x, y in zip(a, t, strict=True)]
        if loss == "huber":
            slopes = [c * max(min(e, 1), -1) for e in errors]
        else:
            slopes = [2 * c * e for e in errors]
        if not self.functions[-1]:
            mean = self.context.fdot(slopes, a)
            return [x * (slope - mean) for x, slope in zip(a, slopes, strict=True)]
        return [slope * self.functions[-1][1](x) for slope, x in zip(slopes, z, strict=True)]

    def _sample_gradient(
        self, layers: list[Any], sums: Rows, outputs: Rows, targets: list[Real]
    ) -> list[Real]:
        """One sample's part of the gradient, by backpropagation, in parameter order."""
        delta = self._delta(sums[-1], outputs[-1], targets)
        pieces: list[list[Real]] = []
        for layer in reversed(range(len(layers))):
            times_m = [d * self.multipliers[layer] for d in delta]
            weights = [d * x for d in times_m for x in outputs[layer]]
            pieces.insert(0, weights + delta if self.problem.bias else weights)
            if layer:
                columns = zip(*layers[layer][0], strict=True)
                errors = [self.context.fdot(times_m, column) for column in columns]
                slope = self.functions[layer - 1][1]
                delta = [e * slope(z) for e, z in zip(errors, sums[layer - 1], strict=True)]
        return [slope for piece in pieces for slope in piece]


def _functions(context: Any) -> dict[str, tuple[Function, Function]]:
    """An activation of z and its slope at z, by name; softmax is none of one number."""
    exp, tanh, mpf = context.exp, context.tanh, context.mpf
    slow, cubic, root = mpf("0.01"), mpf("0.044715"), context.sqrt(2 / context.pi)

    def sigmoid(z: Real) -> Real:
        return 1 / (1 + exp(-z))

    def bend(z: Real) -> Real:
        return tanh(root * (z + cubic * z**3))

    def bend_slope(z: Real) -> Real:
        return (1 - bend(z) ** 2) * root * (1 + 3 * cubic * z * z)

    return {
        "sigmoid": (sigmoid, lambda z: sigmoid(z) * sigmoid(-z)),
        "tanh": (tanh, lambda z: 1 - tanh(z) ** 2),
        "relu": (lambda z: max(z, mpf(0)), lambda z: mpf(z > 0)),
        "leaky_relu": (lambda z: z if z > 0 else slow * z, lambda z: mpf(1) if z > 0 else slow),
        "elu": (lambda z: z if z > 0 else context.expm1(z), lambda z: exp(min(z, mpf(0)))),
        "softplus": (lambda z: context.log(1 + exp(z)), sigmoid),
        "gelu": (
            lambda z: z * context.ncdf(z), lambda z: context.ncdf(z) + z * context.npdf(z),
        ),
        "gelu_tanh": (
            lambda z: z / 2 * (1 + bend(z)), lambda z: (1 + bend(z) + z * bend_slope(z)) / 2,
        ),
        "silu": (lambda z: z * sigmoid(z), lambda z: sigmoid(z) * (1 + z * sigmoid(-z))),
        "square": (lambda z: z * z, lambda z: 2 * z),
        "identity": (lambda z: z, lambda _: mpf(1)),
    }  # fmt: skip
