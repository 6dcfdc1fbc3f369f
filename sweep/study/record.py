"""Which steps of a trial are written down."""

import re
from dataclasses import dataclass

import numpy as np

from sweep.study.ladders import logarithmic_steps

_SCHEDULE = re.compile(r"(every|log) +(step|[0-9]{1,12})|final|nothing")


@dataclass(frozen=True)
class Record:
    """What is recorded of every trial, besides its measures.

    `loss` is "every step", "every N", "log N" or "nothing"; `parameters` is "final", "every N",
    "every step" or "nothing". See `schedule` for their one spelling.
    """

    loss: str
    parameters: str

    def loss_steps(self, steps: int) -> np.ndarray:
        """The steps at which the loss of a trial of `steps` is recorded: int64, ascending."""
        return _scheduled(self.loss, steps)

    def parameter_steps(self, steps: int) -> np.ndarray:
        """The steps at which the parameters of a trial of `steps` are recorded, likewise."""
        return _scheduled(self.parameters, steps)


def schedule(text: str) -> str:
    """The one spelling of a schedule.

    Raises:
        ValueError: it is none.
    """
    match = _SCHEDULE.fullmatch(text.strip())
    if match is None or match[0] == "log step":
        raise ValueError(text)
    if match[1] is None:
        return match[0]
    count = 1 if match[2] == "step" else int(match[2])
    if count < (1 if match[1] == "every" else 3):
        raise ValueError(text)
    return "every step" if match[1] == "every" and count == 1 else f"{match[1]} {count}"


def scheduled_count(text: str, steps: int) -> int:
    """How many steps `schedule` records of a trial of `steps`, without listing them."""
    kind, _, number = text.partition(" ")
    if kind in ("nothing", "final"):
        return int(kind == "final")
    count = 1 if number == "step" else int(number)
    return min(count, steps + 1) if kind == "log" else -(-steps // count) + 1


def _scheduled(text: str, steps: int) -> np.ndarray:
    kind, _, number = text.partition(" ")
    if kind == "nothing":
        return np.empty(0, np.int64)
    if kind == "final":
        return np.array([steps], np.int64)
    if kind == "log":
        return logarithmic_steps(int(number), steps)
    count = 1 if number == "step" else int(number)
    found = np.arange(0, steps + count, count, dtype=np.int64)
    found[-1] = steps
    return found
