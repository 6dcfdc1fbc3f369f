"""How learning rates change from step to step."""

from dataclasses import dataclass

from sweep.catalogue import SCHEDULES


@dataclass(frozen=True)
class Schedule:
    """A factor on every learning rate, by step t = 0 .. steps - 1 of the update.

    The first `warmup` steps have the factors 1/warmup, 2/warmup, .., 1. Then t counts from 0
    again, of T = steps - warmup, and the factor is what the catalogue says of `name`.
    A number that the schedule does not take is 1.
    """

    name: str = "constant"
    warmup: int = 0
    every: int = 1
    gamma: float = 1.0
    final: float = 1.0

    @property
    def shaped_by_steps(self) -> bool:
        """Whether the factor at a step depends on how many steps there are in all."""
        return SCHEDULES[self.name].shaped_by_steps
