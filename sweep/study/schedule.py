"""How learning rates change from step to step."""

from collections.abc import Mapping
from dataclasses import dataclass

SCHEDULE_NUMBERS: Mapping[str, Mapping[str, float | None]] = {
    "constant": {},
    "step": {"every": None, "gamma": 0.1},
    "exponential": {"gamma": None},
    "cosine": {"final": 0.0},
    "one_cycle": {},
    "range_test": {"final": None},
}
"""The numbers that each schedule takes, and their defaults; None for one that must be stated."""

SCHEDULES = tuple(SCHEDULE_NUMBERS)

_SHAPED_BY_STEPS = ("cosine", "one_cycle", "range_test")


@dataclass(frozen=True)
class Schedule:
    """A factor on every learning rate, by step t = 0 .. steps - 1 of the update.

    The first `warmup` steps have the factors 1/warmup, 2/warmup, .., 1. Then t counts from 0
    again, of T = steps - warmup, and the factor is by `name`

    - constant: 1
    - step: gamma^floor(t / every)
    - exponential: gamma^t
    - cosine: final + (1 - final) (1 + cos(pi t / T)) / 2
    - one_cycle: up from 1/25 to 1 and down to 4e-6 along half cosines (Smith and Topin, 2019)
    - range_test: final^(t / (T - 1)) (Smith, 2017)

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
        return self.name in _SHAPED_BY_STEPS
