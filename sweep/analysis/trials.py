"""What analysis reads of a study's results: its trained trials, and the area under each curve."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from sweep.analysis.levels import LEVELS
from sweep.analysis.naming import named, narrowed
from sweep.analysis.range_test import is_range_test, range_test
from sweep.analysis.responses import Responses, is_rate, rate_axis
from sweep.catalogue import CURVE_MEASURES, VALIDATION_MEASURES
from sweep.errors import RequestError
from sweep.store.results import Results, results_of
from sweep.study import Study

MOST_ROWS = 4_000_000
"""How many rows of curves are read at a time."""

NEEDED = ("initial_loss", "final_loss", "max_loss", "steps_to_target", "diverged_at", "outcome")
"""The columns of trials that measures are made from, besides those of validation."""


def trained(
    results: Results,
    more: Iterable[str] = (),
    only: str | Iterable[str] = (),
    *,
    areas: bool = False,
) -> tuple[pd.DataFrame, list[str]]:
    """The trained trials of a study and its axes: what measures are made from, and `more` columns.

    `only` are choices of axes' values, as `narrowed` takes them. With `areas` the curves are read
    too, a part at a time, for the area under each.

    Raises:
        RequestError: nothing is trained, no trial is as chosen, or no curves were recorded.
        StoreError: a file is damaged or cannot be read.
    """
    if not results.trained:
        raise RequestError(f"{results.directory}: nothing is trained yet")
    axes = [axis.name for axis in results.study.axes]
    validated = any(group.validation for group in results.study.groups())
    kept = results.study.record.measures
    missing = {*VALIDATION_MEASURES, *CURVE_MEASURES}.difference(kept)
    names = [name for name in more if name not in missing]
    names += [*NEEDED, *(VALIDATION_MEASURES if validated else ()), *(["trial"] if areas else [])]
    trials = narrowed(results.trials(list(dict.fromkeys([*axes, *names]))), axes, only)
    return (with_areas(trials, results) if areas else trials), axes


def responses_of(
    source: Results | Study | str | Path,
    rate: str | None = None,
    by: str | None = None,
    only: str | Iterable[str] = (),
    *,
    areas: bool = False,
) -> Responses:
    """Lay out the trained trials of a study for analysis; `rate` is the axis to vary.

    `source` are its results, their directory, or the study by its name or file. A range test that
    sweeps no rate is laid out by the rates that its schedule passed through. With the columns that
    `by`, one of `LEVELS`, is made from; `only` and `areas` are as for `trained`.

    Raises:
        RequestError: as for `trained`; or no rate is swept.
        StoreError: a file is damaged or cannot be read.
    """
    results = results_of(source)
    swept = [axis.name for axis in results.study.axes]
    if (
        named("--rate", rate) is None
        and is_range_test(results.study)
        and not any(map(is_rate, swept))
    ):
        return range_test(results, only)
    rate_axis(swept, rate)
    areas = areas or named("--by", by) == "area_under_curve"
    more = LEVELS[by].needs if by in LEVELS and by != "area_under_curve" else ()
    trials, axes = trained(results, more, only, areas=areas)
    return Responses.of(trials, axes, rate)


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
    return pd.Series(np.where(wild, np.inf, mean), index=trial[first], name="area_under_curve")


def with_areas(trials: pd.DataFrame, results: Results) -> pd.DataFrame:
    """Add the column `area_under_curve` to `trials`, which have the column `trial`.

    Of curves with gaps there are as many areas as ways to record, and with batches the loss on all
    data is known at both ends only: an area is that of every step.

    Raises:
        RequestError: no curves were recorded, or not every step, or steps see batches.
    """
    study, groups = results.study, results.study.groups()
    for group in groups:
        if group.by_epochs:
            raise RequestError(
                f"{study.name}: area_under_curve needs the loss on all data at every step, and its"
                " steps see batches: ask for another measure, such as tail_loss"
            )
        if 0 < len(group.record.loss_steps(group.steps)) <= group.steps:
            raise RequestError(
                f"{study.name}: area_under_curve needs the loss of every step, and record.loss is"
                f" {group.record.loss!r}: run it with --set 'record.loss=\"every step\"'"
            )
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
    return trials.assign(area_under_curve=pd.concat(parts).reindex(trials["trial"]).to_numpy())
