"""Measures that are kept of no trial: computed from those that are, or from its curve."""

import numpy as np
import pandas as pd

from sweep.errors import RequestError
from sweep.store.results import Results
from sweep.study import Group

AREA = "area_under_curve"

MOST_ROWS = 4_000_000  # how many rows of curves are read at a time


def overshoots(initial: np.ndarray, highest: np.ndarray) -> np.ndarray:
    """The highest loss over the initial one, (n,) float64 each.

    It is 1 where the loss never rose, also from a loss of 0, and infinite where it was not finite.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(highest == initial, 1.0, highest / initial)
    return np.where(np.isfinite(highest), ratio, np.inf)


def areas_under(
    curves: pd.DataFrame, steps: "int | pd.Series[int] | None" = None
) -> "pd.Series[float]":
    """The mean loss over the steps of each trial, float64 by `trial`, in units of the loss.

    `curves` have the columns `trial`, `step` and `loss`, each trial's rows together and its steps
    ascending. The loss is taken to be linear between recorded steps (the trapezoidal rule); to
    stay what it was from a trial's last row up to `steps`, one number or one by `trial`, if that is
    later; and is infinite of a curve with a loss that is not finite. Of a single row it is that
    loss.
    """
    trial = curves["trial"].to_numpy()
    step = curves["step"].to_numpy(np.float64)
    loss = curves["loss"].to_numpy(np.float64)
    first = np.flatnonzero(np.append(True, trial[1:] != trial[:-1]))
    last = np.append(first[1:], len(trial)) - 1
    finite = np.where(np.isfinite(loss), loss, 0.0)
    with np.errstate(over="ignore"):  # a loss near the largest number has an infinite area
        pieces = np.append(np.diff(step) * (finite[1:] / 2 + finite[:-1] / 2), 0.0)
    pieces[last] = 0.0
    until = steps.loc[trial[first]].to_numpy() if isinstance(steps, pd.Series) else steps
    end = step[last] if until is None else np.maximum(step[last], until)
    with np.errstate(over="ignore"):
        total = np.add.reduceat(pieces, first) + (end - step[last]) * finite[last]
    width = end - step[first]
    mean = np.where(width > 0, total / np.where(width > 0, width, 1), finite[first])
    wild = np.add.reduceat(~np.isfinite(loss), first) > 0
    return pd.Series(np.where(wild, np.inf, mean), index=trial[first], name=AREA)


def refuse_gaps(study: str, group: Group) -> None:
    """Refuse the area under curves of this group, if it would not be that of every step.

    Of curves with gaps there are as many areas as ways to record, and with batches the loss on all
    data is known at both ends only. Where nothing is recorded there may be curves from before.
    """
    if group.by_epochs:
        raise RequestError(
            f"{study}: {AREA} needs the loss on all data at every step, and its steps see batches: "
            "ask for another measure, such as tail_loss"
        )
    if 0 < len(group.record.loss_steps(group.steps)) <= group.steps:
        raise RequestError(
            f"{study}: {AREA} needs the loss of every step, and record.loss is "
            f"{group.record.loss!r}: run it with --set 'record.loss=\"every step\"'"
        )


def with_areas(trials: pd.DataFrame, results: Results) -> pd.DataFrame:
    """Add the column `area_under_curve` to `trials`, which have the column `trial`.

    Raises:
        RequestError: no curves were recorded, or not every step, or steps see batches.
    """
    study, groups = results.study, results.study.groups()
    for group in groups:
        refuse_gaps(study.name, group)
    steps: int | pd.Series[int] = groups[0].steps
    if "training.steps" in trials:
        steps = trials.set_index("trial")["training.steps"]
    # Numbers run through chunks: a file is read once or, at the end of a part, twice.
    numbers = np.sort(trials["trial"].to_numpy())
    rows = max(len(group.record.loss_steps(group.steps)) for group in groups)
    size = max(1, MOST_ROWS // max(rows, 1))
    parts = []
    for start in range(0, len(numbers), size):
        some = numbers[start : start + size]
        curves = results.curves(some, columns=["trial", "step", "loss"])
        if len(curves):
            parts.append(areas_under(curves.sort_values(["trial", "step"]), steps))
    if not parts:
        raise RequestError(f"{study.name}: no curves were recorded; see record.loss")
    return trials.assign(**{AREA: pd.concat(parts).reindex(trials["trial"]).to_numpy()})
