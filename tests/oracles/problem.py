"""What the oracles train: a fully connected network, its data and its rates."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Problem:
    """A fully connected network and its samples.

    Parameters are a flat sequence: layer by layer all weights [to][from] row by row, then the
    layer's biases if there are any.

    Attributes:
        layers: sizes, inputs first.
        activations: "sigmoid", "tanh", "relu" or "identity", one for each layer but the inputs.
        loss: "half_squared_error" (sum over samples and outputs of 1/2 (T - A)^2, divided by the
            number of samples) or "mean_squared_error" (mean over both of (T - A)^2).
        inputs: a row a sample.
        targets: a row a sample.
    """

    layers: tuple[int, ...]
    activations: tuple[str, ...]
    bias: bool
    loss: str
    inputs: tuple[tuple[float, ...], ...]
    targets: tuple[tuple[float, ...], ...]

    @property
    def shapes(self) -> list[tuple[int, int]]:
        """(to, from) of each layer's weights."""
        return [(to, origin) for origin, to in pairwise(self.layers)]

    @property
    def n_parameters(self) -> int:
        return sum(to * (origin + self.bias) for to, origin in self.shapes)

    @property
    def error_factor(self) -> tuple[int, int]:
        """The fraction c in E = c * sum of (T - A)^2."""
        samples = len(self.inputs)
        return {
            "half_squared_error": (1, 2 * samples),
            "mean_squared_error": (1, samples * self.layers[-1]),
        }[self.loss]

    def rates(
        self, weight_rates: Sequence[float], bias_rates: Sequence[float] | None = None
    ) -> list[float]:
        """A rate for each parameter from one for each layer; biases take their layer's weights'."""
        bias_rates = weight_rates if bias_rates is None else bias_rates
        found: list[float] = []
        for (to, origin), rate, bias_rate in zip(
            self.shapes, weight_rates, bias_rates, strict=True
        ):
            found += [rate] * (to * origin) + [bias_rate] * (to * self.bias)
        return found


def course(targets: tuple[float, float] = (0.01, 0.99), *, bias: bool = False) -> Problem:
    """The worked example."""
    activations = ("sigmoid", "sigmoid")
    return Problem((2, 2, 2), activations, bias, "half_squared_error", ((0.05, 0.10),), (targets,))


COURSE_WEIGHTS = (0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55)
COURSE_RATES = (0.1, 0.2, 0.5, 0.8, 1.0, 2.0)
# The widely read step-by-step form, with biases 0.35 and 0.60.
STEP_BY_STEP = (0.15, 0.20, 0.25, 0.30, 0.35, 0.35, 0.40, 0.45, 0.50, 0.55, 0.60, 0.60)


_SAMPLES = ((0.3, -1.2, 0.7), (-0.4, 0.9, 0.1), (1.1, 0.2, -0.8), (0.0, 0.5, -0.3))
_TARGETS = ((0.2, 0.7), (0.9, -0.1), (0.4, 0.3), (-0.6, 1.0))

# Every activation, loss, number of layers and of samples, with biases and without.
PROBLEMS = {
    "course": course(),
    "course with biases": course(bias=True),
    "tanh": Problem(
        (3, 4, 2), ("tanh", "identity"), True, "mean_squared_error", _SAMPLES, _TARGETS
    ),
    "relu": Problem((3, 5, 2), ("relu", "sigmoid"), True, "half_squared_error", _SAMPLES, _TARGETS),
    "deep": Problem(
        (3, 4, 3, 2), ("sigmoid", "tanh", "tanh"), False, "mean_squared_error", _SAMPLES, _TARGETS
    ),
    "linear": Problem(
        (3, 2), ("identity",), False, "half_squared_error", _SAMPLES[:2], _TARGETS[:2]
    ),
}
