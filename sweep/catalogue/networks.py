"""What a network is made of: activations, losses, initial weights, arithmetic."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Activation:
    """A = f(z) of a neuron, or of a whole layer.

    Attributes:
        name: what a study says.
        formula: A(z) in words.
        torch: what PyTorch calls it.
        operations: about how many vector operations the kernel takes for a value and its slope.
        last_only: whether it is one of a whole layer, which can be the last one only.
        revision: counts the changes of its bits; part of a group's identity where it is not 0.
    """

    name: str
    formula: str
    torch: str
    operations: int
    last_only: bool = False
    revision: int = 0


ACTIVATIONS: Mapping[str, Activation] = {
    row.name: row
    for row in (
        Activation("sigmoid", "1 / (1 + e^-z)", "`Sigmoid`", 11),
        Activation("tanh", "tanh z", "`Tanh`", 17),
        Activation("relu", "z, or 0 below 0", "`ReLU`", 0),
        Activation("leaky_relu", "z, or 0.01 z below 0", "`LeakyReLU()`", 1),
        Activation("elu", "z, or e^z - 1 below 0", "`ELU()`", 28, revision=1),
        Activation("softplus", "log(1 + e^z)", "`Softplus()`, but for its threshold", 35),
        Activation("gelu", "z Phi(z), with the normal distribution function Phi", "`GELU()`", 40),
        Activation(
            "gelu_tanh",
            "z/2 (1 + tanh(sqrt(2/pi) (z + 0.044715 z^3)))",
            '`GELU(approximate="tanh")`',
            25,
        ),
        Activation("silu", "z / (1 + e^-z)", "`SiLU`", 15),
        Activation("square", "z^2", "`torch.square`", 1),
        Activation("identity", "z", "`Identity`", 0),
        Activation(
            "softmax",
            "e^z of a neuron by the sum of e^z over its layer",
            "`Softmax`; of the last layer only",
            17,
            last_only=True,
        ),
    )
}


@dataclass(frozen=True)
class Loss:
    """E of outputs A and targets T, both a row a sample.

    Attributes:
        name: what a study says.
        formula: E in words.
        torch: what PyTorch calls it, if it has it.
        last: the only activation that the last layer may have; any, if empty.
        revision: as of an activation.
    """

    name: str
    formula: str
    torch: str = ""
    last: str = ""
    revision: int = 0


LOSSES: Mapping[str, Loss] = {
    row.name: row
    for row in (
        Loss("half_squared_error", "1/2 (T - A)^2, summed over outputs, averaged over samples"),
        Loss("mean_squared_error", "(T - A)^2, averaged over samples and outputs", "`MSELoss`"),
        Loss(
            "huber",
            "1/2 e^2 where e = abs(T - A) is at most 1, else e - 1/2; averaged over both",
            "`HuberLoss`",
        ),
        Loss(
            "binary_cross_entropy",
            "-T log A - (1 - T) log(1 - A), averaged over both",
            "`BCEWithLogitsLoss`",
            last="sigmoid",
        ),
        Loss(
            "softmax_cross_entropy",
            "-T log A, summed over outputs, averaged over samples",
            "`CrossEntropyLoss`, targets as probabilities",
            last="softmax",
        ),
    )
}


@dataclass(frozen=True)
class Scheme:
    """How initial weights are drawn: from which distribution, of which spread (in words)."""

    name: str
    distribution: str
    spread: str


SCHEMES: Mapping[str, Scheme] = {
    row.name: row
    for row in (
        Scheme("uniform", "uniform", "between -1 and 1"),
        Scheme("normal", "normal", "with standard deviation 1"),
        Scheme("xavier", "uniform", "within sqrt(6 / (from + to))"),
        Scheme("he", "normal", "with standard deviation sqrt(2 / from)"),
    )
}
"""xavier: Glorot and Bengio, "Understanding the difficulty of training deep networks", 2010,
equation 16; he: He, Zhang, Ren and Sun, "Delving deep into rectifiers", 2015, equation 10."""

DTYPES = ("float64", "float32")
"""The arithmetics."""
