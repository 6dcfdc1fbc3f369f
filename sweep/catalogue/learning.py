"""How a network learns: optimizers and their numbers, schedules, batches, ends."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Number:
    """A number of at least 0, and `below` another, that optimizers take of each trial.

    It has its default, and its name and sign in print.

    The defaults are PyTorch's, but for `momentum`: its SGD has 0 by default, which is plain
    `sgd`; 0.9 is what its documentation uses.
    """

    name: str
    default: float
    words: str
    symbol: str = ""
    below: float = float("inf")


NUMBERS: Mapping[str, Number] = {
    row.name: row
    for row in (
        Number("momentum", 0.9, "momentum", "μ"),
        Number("alpha", 0.99, "alpha", "α", below=1),
        Number("beta1", 0.9, "beta 1", "β₁", below=1),
        Number("beta2", 0.999, "beta 2", "β₂", below=1),
        Number("epsilon", 1e-8, "epsilon", "ε"),
        Number("weight_decay", 0.0, "weight decay", "λ"),
        Number("clip_norm", float("inf"), "largest norm of the gradient"),
    )
}

COMMON_NUMBERS = ("weight_decay", "clip_norm")
"""The numbers that every optimizer takes."""


@dataclass(frozen=True)
class Optimizer:
    """How a gradient g becomes an update of the parameter w.

    Attributes:
        name: what a study says.
        formula: the update in words, with the rate eta.
        torch: what PyTorch calls it.
        settings: what the kernel takes of each trial, in its order; "1 - x" is made of x before
            rounding to float32.
        kept_each, kept_whole: how many numbers are kept of each parameter, and of a network.
        decoupled: whether weight decay shrinks the parameter itself instead of joining g.
        defaults: of numbers that have others than usual here.
        revision: counts the changes of its bits; part of a group's identity where it is not 0.
    """

    name: str
    formula: str
    torch: str
    settings: tuple[str, ...] = ()
    kept_each: int = 0
    kept_whole: int = 0
    decoupled: bool = False
    defaults: Mapping[str, float] = field(default_factory=dict)
    revision: int = 0

    @property
    def numbers(self) -> tuple[str, ...]:
        """The names of the numbers that it takes, besides those that all take."""
        return tuple(dict.fromkeys(one.removeprefix("1 - ") for one in self.settings))

    def default(self, number: str) -> float:
        """What a number is if a study does not state it."""
        return self.defaults.get(number, NUMBERS[number].default)


OPTIMIZERS: Mapping[str, Optimizer] = {
    row.name: row
    for row in (
        Optimizer("sgd", "w <- w - eta g", "`SGD`"),
        Optimizer(
            "momentum", "v <- mu v + g, w <- w - eta v", "`SGD(momentum=0.9)`", ("momentum",), 1
        ),
        Optimizer(
            "nesterov",
            "v <- mu v + g, w <- w - eta (g + mu v)",
            "`SGD(momentum=0.9, nesterov=True)`",
            ("momentum",),
            1,
        ),
        Optimizer(
            "rmsprop",
            "s <- alpha s + (1 - alpha) g^2, w <- w - eta g / (sqrt(s) + epsilon)",
            "`RMSprop`",
            ("alpha", "1 - alpha", "epsilon"),
            1,
        ),
        Optimizer(
            "adam",
            "m <- beta1 m + (1 - beta1) g, s <- beta2 s + (1 - beta2) g^2, "
            "w <- w - eta m' / (sqrt(s') + epsilon) with m' = m / (1 - beta1^t), "
            "s' = s / (1 - beta2^t) at step t = 1, 2, ...",
            "`Adam`",
            ("1 - beta1", "beta2", "1 - beta2", "epsilon"),
            2,
            2,
        ),
        Optimizer(
            "adamw",
            "w <- w - eta lambda w, then as `adam`",
            "`AdamW`",
            ("1 - beta1", "beta2", "1 - beta2", "epsilon"),
            2,
            2,
            decoupled=True,
            defaults={"weight_decay": 0.01},
        ),
    )
}


@dataclass(frozen=True)
class Schedule:
    """A factor on every learning rate, by step t = 0 .. T - 1 after the warm-up.

    Attributes:
        name: what a study says.
        formula: the factor in words.
        torch: what PyTorch calls it.
        numbers: what it takes, with defaults; None for what must be stated.
        shaped_by_steps: whether the factor at a step depends on how many steps there are in all.
        revision: counts the changes of its bits; part of a group's identity where it is not 0.
    """

    name: str
    formula: str
    torch: str = ""
    numbers: Mapping[str, float | None] = field(default_factory=dict)
    shaped_by_steps: bool = False
    revision: int = 0


SCHEDULES: Mapping[str, Schedule] = {
    row.name: row
    for row in (
        Schedule("constant", "1"),
        Schedule("step", "gamma^floor(t / every)", "`StepLR`", {"every": None, "gamma": 0.1}),
        Schedule("exponential", "gamma^t", "`ExponentialLR`", {"gamma": None}),
        Schedule(
            "cosine",
            "final + (1 - final) (1 + cos(pi t / T)) / 2",
            "`CosineAnnealingLR`",
            {"final": 0.0},
            shaped_by_steps=True,
        ),
        Schedule(
            "one_cycle",
            "from 1/25 up to 1 at t = 0.3 T - 1, down to 4e-6 at t = T - 1, both along half a "
            "cosine; `training.learning_rate` is the highest rate",
            "`OneCycleLR` with `cycle_momentum=False`",
            shaped_by_steps=True,
        ),
        Schedule(
            "wsd",
            "final + (1 - final) min(1, 5 (T - t) / T): 1, and on the last fifth of the steps "
            "straight down to `final` (warm-up, stable, decay; Hägele et al., 2024)",
            numbers={"final": 0.0},
            shaped_by_steps=True,
        ),
        Schedule(
            "range_test",
            "final^(t / (T - 1)): from 1 to `final`, evenly in the logarithm (Smith, "
            '"Cyclical learning rates", 2017)',
            numbers={"final": None},
            shaped_by_steps=True,
        ),
    )
}

ORDERS = ("shuffle", "replacement")
"""How the samples of batches are drawn."""

STOPS = ("never", "target", "divergence", "either")
"""What ends the training of a trial before its last step."""

RULES = ("target", "tail_below_initial")
"""What a trial must do to have converged."""
