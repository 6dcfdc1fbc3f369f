"""How a network is trained and what its end is called."""

from dataclasses import dataclass


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
