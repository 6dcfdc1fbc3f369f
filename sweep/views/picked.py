"""The few trials that a figure shows one by one, and what each is called."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from sweep.catalogue import OUTCOMES
from sweep.errors import RequestError
from sweep.views.scales import UPWARD
from sweep.views.style import assignment, value_labels
from sweep.views.tables import codes, levels

MOST_TRIALS = 6


def picked(
    trials: pd.DataFrame, measure: str, axes: Sequence[str], asked: Sequence[int] = ()
) -> dict[int, str]:
    """Return the numbers of the trials to show, each with its heading.

    Those `asked` for, or the best by `measure`, the median one, and one that diverged: of those
    the last in the table's order; if none did, the worst.

    Raises:
        RequestError: there is no such trial, or more than `MOST_TRIALS` are asked for.
    """
    if asked:
        return _asked(trials, axes, asked)
    level = levels(trials, measure)
    order = np.argsort(-level if measure in UPWARD else level, kind="stable")
    lost = np.flatnonzero(codes(trials) == OUTCOMES.index("diverged"))
    kept = order[: len(order) - len(lost)]
    rows = {order[0]: "best"}
    if len(kept) > 2:
        rows.setdefault(kept[(len(kept) - 1) // 2], "median")
    if len(lost):
        rows.setdefault(lost[-1], "diverged")
    elif len(order) > 1:
        rows.setdefault(order[-1], "worst")
    return {int(trials["trial"].iloc[at]): _heading(trials, axes, at, f"{what}: ")
            for at, what in rows.items()}  # fmt: skip


def _asked(trials: pd.DataFrame, axes: Sequence[str], asked: Sequence[int]) -> dict[int, str]:
    if len(asked) > MOST_TRIALS:
        raise RequestError(f"--trial: at most {MOST_TRIALS} trials, not {len(asked)}")
    numbers = trials["trial"].to_numpy()
    rows = {}
    for number in asked:
        found = np.flatnonzero(numbers == number)
        if not len(found):
            raise RequestError(
                f"--trial {number}: no such trial; there are {numbers.min()} to {numbers.max()}"
            )
        rows[int(number)] = _heading(trials, axes, int(found[0]), f"trial {number}: ")
    return rows


def _heading(trials: pd.DataFrame, axes: Sequence[str], at: int, what: str) -> str:
    """Return what a trial is, and its values on the axes."""
    values = [trials[name].iloc[at] for name in axes]
    parts = [assignment(n, value_labels([v])[0]) for n, v in zip(axes, values, strict=True)]
    held = [part.replace(" = ", "\u00a0=\u00a0") for part in parts]  # no line ends there
    return what + ", ".join(held) if held else what.rstrip(": ")
