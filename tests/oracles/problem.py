"""What the oracles train, and how: a fully connected network, its data, and the way down."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import inf

ACTIVATIONS = (
    "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "gelu", "gelu_tanh", "silu",
    "square", "identity", "softmax",
)  # fmt: skip
LOSSES = (
    "half_squared_error", "mean_squared_error", "huber", "binary_cross_entropy",
    "softmax_cross_entropy",
)  # fmt: skip
OPTIMIZERS = ("sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw")

# Not analytic; and for gelu there is no error function of complex numbers at hand.
_REAL_ONLY = {"relu", "leaky_relu", "elu", "huber", "gelu"}
# These two are functions of the last layer's sums z, and the last activation is part of them.
FROM_LOGITS = {"binary_cross_entropy": "sigmoid", "softmax_cross_entropy": "softmax"}


@dataclass(frozen=True)
class Problem:
    """A fully connected network and its samples.

    Parameters are a flat sequence: layer by layer all weights [to][from] row by row, then the
    layer's biases if there are any. With multiplier m a layer is z = m w a + b, A = f(z).

    Activations, of `ACTIVATIONS`: leaky_relu has the slope 0.01 below 0, elu is e^z - 1 there; gelu
    is z Phi(z), Phi the normal distribution; gelu_tanh is z/2 (1 + tanh(sqrt(2/pi) (z +
    0.044715 z^3))) (Hendrycks and Gimpel, 2016); silu is z sigmoid(z); softmax is for the last
    layer. At a kink the slope is that below it.

    Losses, of `LOSSES`, with outputs A, targets T, and e = A - T:

    - half_squared_error: mean over samples of the sum over outputs of 1/2 e^2
    - mean_squared_error: mean over samples and outputs of e^2
    - huber: mean over both of 1/2 e^2 if |e| <= 1, else |e| - 1/2
    - binary_cross_entropy: mean over both of -T log A - (1 - T) log(1 - A), A = sigmoid(z)
    - softmax_cross_entropy: mean over samples of -sum T log A, A = softmax(z)

    Attributes:
        layers: sizes, inputs first.
        activations: a name for each layer but the inputs.
        inputs: a row a sample.
        targets: a row a sample.
        multipliers: one for each layer but the inputs; none stands for ones.
    """

    layers: tuple[int, ...]
    activations: tuple[str, ...]
    bias: bool
    loss: str
    inputs: tuple[tuple[float, ...], ...]
    targets: tuple[tuple[float, ...], ...]
    multipliers: tuple[float, ...] = ()

    @property
    def shapes(self) -> list[tuple[int, int]]:
        """(to, from) of each layer's weights."""
        return [(to, origin) for origin, to in pairwise(self.layers)]

    @property
    def n_parameters(self) -> int:
        return sum(to * (origin + self.bias) for to, origin in self.shapes)

    @property
    def factors(self) -> tuple[float, ...]:
        """The multiplier of each layer."""
        return self.multipliers or (1.0,) * len(self.shapes)

    @property
    def takes_complex(self) -> bool:
        """Whether the complex step gives its gradient."""
        return _REAL_ONLY.isdisjoint({*self.activations, self.loss})

    @property
    def error_factor(self) -> tuple[int, int]:
        """The fraction c in E = c * sum over samples and outputs of a term."""
        samples, outputs = len(self.inputs), self.layers[-1]
        return {
            "half_squared_error": (1, 2 * samples),
            "mean_squared_error": (1, samples * outputs),
            "huber": (1, samples * outputs),
            "binary_cross_entropy": (1, samples * outputs),
            "softmax_cross_entropy": (1, samples),
        }[self.loss]

    def of(self, samples: Sequence[int]) -> "Problem":
        """The same network with these of its samples."""
        inputs, targets = (
            tuple(rows[sample] for sample in samples) for rows in (self.inputs, self.targets)
        )
        return replace(self, inputs=inputs, targets=targets)

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


@dataclass(frozen=True)
class Descent:
    """How gradients become steps: everything but how many, and the learning rates.

    With w the parameters, g their gradients, eta the rate times the step's factor, mu the momentum,
    and t = 1, 2, ...; m, s and v start at 0 (PyTorch's definitions, `torch.optim`):

        first           g *= min(1, clip_norm / (|g| + 1e-6)), |g| over all parameters
        all but adamw   g += weight_decay w
        sgd             w -= eta g
        momentum        v = mu v + g                            w -= eta v
        nesterov        v = mu v + g                            w -= eta (g + mu v)
        rmsprop         s = alpha s + (1 - alpha) g^2           w -= eta g / (sqrt(s) + epsilon)
        adam            m = beta1 m + (1 - beta1) g             w -= eta m' / (sqrt(s') + epsilon)
                        s = beta2 s + (1 - beta2) g^2           m' = m / (1 - beta1^t), s' alike
        adamw           w *= 1 - eta weight_decay, then as adam

    Attributes:
        optimizer: of `OPTIMIZERS`.
        factors: before the learning rates, by step; none stands for ones.
        batches: the samples that each step sees, by step, over again after the last row; none
            stands for all samples. A step's loss is that of its batch, before the update.
    """

    optimizer: str = "sgd"
    momentum: float = 0.9
    alpha: float = 0.99
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.0
    clip_norm: float = inf
    factors: tuple[float, ...] = ()
    batches: tuple[tuple[int, ...], ...] = ()

    def factor(self, step: int) -> float:
        return self.factors[step] if self.factors else 1.0

    def seen(self, problem: Problem, step: int) -> Problem:
        """The problem with the samples that a step sees."""
        return problem.of(self.batches[step % len(self.batches)]) if self.batches else problem


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
_FAR = tuple((3 * t, 3 * u) for t, u in _TARGETS)  # on both sides of Huber's joint


def _problem(
    layers: tuple[int, ...],
    activations: str,
    loss: str,
    multipliers: tuple[float, ...] = (),
    *,
    bias: bool = True,
    targets: tuple[tuple[float, ...], ...] = _TARGETS,
) -> Problem:
    names = tuple(activations.split())
    return Problem(layers, names, bias, loss, _SAMPLES, targets, multipliers)


# Every activation, loss, number of layers and of samples, with biases, multipliers and without.
PROBLEMS = {
    "course": course(),
    "course with biases": course(bias=True),
    "tanh": _problem((3, 4, 2), "tanh identity", "mean_squared_error"),
    "relu": _problem((3, 5, 2), "relu sigmoid", "half_squared_error"),
    "deep": _problem((3, 4, 3, 2), "sigmoid tanh tanh", "mean_squared_error", bias=False),
    "linear": Problem(
        (3, 2), ("identity",), False, "half_squared_error", _SAMPLES[:2], _TARGETS[:2]
    ),
    "leaky_relu": _problem((3, 5, 2), "leaky_relu identity", "huber", targets=_FAR),
    "elu": _problem((3, 5, 2), "elu elu", "huber", bias=False, targets=_FAR),
    "softplus": _problem((3, 3, 2), "softplus sigmoid", "binary_cross_entropy"),
    "gelu": _problem((3, 3, 4, 2), "gelu gelu_tanh softmax", "softmax_cross_entropy"),
    "silu": _problem((3, 3, 2), "silu softmax", "half_squared_error"),
    "square": _problem((3, 4, 2), "square identity", "half_squared_error"),
    "softmax": _problem((3, 2), "softmax", "huber", targets=_FAR),
    "multiplied": _problem(
        (3, 3, 3, 2), "tanh silu softmax", "softmax_cross_entropy", (0.5, -1.25, 3.0)
    ),
}

_HYPER = {"weight_decay": 0.05, "clip_norm": 0.3}
_BATCHES = ((2, 0), (1, 3), (1, 1, 0))
DESCENTS = {
    **{name: Descent(name) for name in OPTIMIZERS},
    **{f"{name}, decayed and clipped": Descent(name, **_HYPER) for name in OPTIMIZERS},
    "other numbers": Descent("adam", beta1=0.5, beta2=0.75, epsilon=0.25),
    "more of them": Descent("rmsprop", alpha=0.5, epsilon=0.25),
    "little momentum": Descent("nesterov", momentum=0.25),
    "clipped only": Descent("sgd", clip_norm=0.1),
    "decayed only": Descent("adamw", weight_decay=0.1),
    "factors": Descent("adamw", factors=tuple(0.9**step for step in range(40)), **_HYPER),
    "batches": Descent("momentum", batches=_BATCHES),
}
