"""How a network is trained and what its end is called."""

from collections.abc import Mapping
from dataclasses import dataclass

OPTIMIZER_NUMBERS: Mapping[str, tuple[str, ...]] = {
    "sgd": (),
    "momentum": ("momentum",),
    "nesterov": ("momentum",),
    "rmsprop": ("alpha", "epsilon"),
    "adam": ("beta1", "beta2", "epsilon"),
    "adamw": ("beta1", "beta2", "epsilon"),
}
"""The numbers that each optimizer takes, besides those that all of them take."""

OPTIMIZERS = tuple(OPTIMIZER_NUMBERS)
COMMON_NUMBERS = ("weight_decay", "clip_norm")
"""The numbers that every optimizer takes."""

HYPER = {
    "momentum": 0.9,
    "alpha": 0.99,
    "beta1": 0.9,
    "beta2": 0.999,
    "epsilon": 1e-8,
    "weight_decay": 0.0,
    "clip_norm": float("inf"),
}
"""The numbers of optimizers and what they are if not stated: PyTorch's defaults.

Its SGD has a momentum of 0 by default, which is plain `sgd`; 0.9 is what its documentation uses.
AdamW alone decays weights by default, by `DECAY_OF_ADAMW`.
"""

DECAY_OF_ADAMW = 0.01

DTYPES = ("float64", "float32")
RULES = ("target", "tail_below_initial")
STOPS = ("never", "target", "divergence", "either")


@dataclass(frozen=True)
class Training:
    """The way down the loss.

    `steps` counts updates of the parameters. `learning_rate` and `bias_learning_rate` are as the
    study states them: one number, one for each layer, or None where an axis gives them (and, for
    the biases, where their rate is that of their layer's weights). `Group.lanes` resolves them.

    `stop` says after which step a trial is left as it is: never before the last one, or the one
    whose loss reached the target, diverged, or either.
    """

    steps: int
    optimizer: str
    dtype: str
    stop: str
    learning_rate: float | tuple[float, ...] | None
    bias_learning_rate: float | tuple[float, ...] | None


@dataclass(frozen=True)
class Outcome:
    """When a trial has converged and when it has diverged.

    Diverged: its loss was not finite or exceeded `diverged_above`. Converged, by `rule`: its loss
    reached `target`, or its tail loss is below its initial loss. Stalled: neither.
    """

    target: float
    diverged_above: float
    rule: str
