"""What training gives: tables of one row a trial, made of the kernel's columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweep.catalogue import CAP, TRAINING_MEASURES
from sweep.training import specification


@dataclass(frozen=True)
class Trained:
    """What training n trials gave, in the order of `index`. Every NaN has numpy's bits.

    Attributes:
        index: (n,) int64, positions in the group's grid.
        measures: (n,) arrays by name: initial_loss, final_loss, best_loss, max_loss and tail_loss
            (the mean over the last 20 losses) as float64; best_step, steps_to_target and
            diverged_at as int64, -1 for never. With batches they are those of a sequence: the loss
            on all data before the first step, that of each epoch (the mean over its batches) at
            the epoch's last step, and the loss on all data at the last parameters.
        outcome: (n,) int8, positions in `OUTCOMES`.
        loss_steps: (r,) int64, the recorded steps.
        losses: (n, r) of the group's dtype, on all data; NaN at steps after the one that a trial
            stopped at, and with batches but at the first and the last step.
        batch_losses: (n, r) of the group's dtype: those of the steps' batches; NaN after a stop; no
            columns without batches.
        parameter_steps: (s,) int64, the steps at which parameters were kept.
        parameters: (n, s, P) of the group's dtype; a trial that has stopped keeps its own.
        recent_losses: (n, 20) of the group's dtype: the losses of the last 20 steps, oldest
            first, NaN before step 0 and after a stop; what `tail_loss` needs if training goes on.
            With batches those of epochs, of which the one before the first is the initial loss.
            With no parameters kept it has no columns.
        sums: (n, k) float64: what the measures of the whole curve need if training goes on; no
            columns where none is asked for, or with no parameters kept.
        epochs: (n, 9) float64: with batches what the measures need if training goes on, of epochs
            alone: the kernel's extremes, the sum of an epoch under way, the kernel's marks. No
            columns without batches, or with no parameters kept.
        optimizer_state: (n, S) of the group's dtype: what the optimizer keeps after the last step,
            if training goes on; no columns if it keeps nothing, or with no parameters kept.
        stopped_at: (n,) int64, the step after which a trial was trained no more, -1 for none.
        validation_losses, validation_accuracies: (n, r) of the group's dtype, at the recorded
            steps; NaN after a stop; no columns without validation data.
        final_validation: (n,) arrays of the same two at the last step, by the names
            "validation_loss" and "validation_accuracy", as float64; empty without such data.
    """

    index: NDArray[np.int64]
    measures: dict[str, NDArray[Any]]
    outcome: NDArray[np.int8]
    loss_steps: NDArray[np.int64]
    losses: NDArray[Any]
    batch_losses: NDArray[Any]
    parameter_steps: NDArray[np.int64]
    parameters: NDArray[Any]
    recent_losses: NDArray[Any]
    sums: NDArray[np.float64]
    epochs: NDArray[np.float64]
    optimizer_state: NDArray[Any]
    stopped_at: NDArray[np.int64]
    validation_losses: NDArray[Any]
    validation_accuracies: NDArray[Any]
    final_validation: dict[str, NDArray[np.float64]]


def canonical(values: NDArray[Any]) -> NDArray[Any]:
    """Give every NaN the same bits, in place: their sign differs between processors."""
    values[np.isnan(values)] = np.nan
    return values


def measures_of(extremes: NDArray[Any], marks: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """Name the kernel's rows; a trial that never had a number for a loss has NaN throughout."""
    losses = canonical(extremes.astype(np.float64))
    steps = marks.astype(np.int64)
    initial, largest = losses[specification.INITIAL], losses[specification.LARGEST]
    never_better = steps[specification.BEST_STEP] < 0
    values = (
        initial,
        losses[specification.FINAL],
        np.where(never_better, initial, losses[specification.BEST]),
        np.where(never_better, 0, steps[specification.BEST_STEP]),
        np.where(np.isneginf(largest), initial, largest),
        losses[specification.TAIL_MEAN],
        steps[specification.TARGET_STEP],
        steps[specification.DIVERGED_STEP],
    )
    return dict(zip(TRAINING_MEASURES, values, strict=True))


def folded(rows: Sequence[str], sums: NDArray[Any], loss: NDArray[Any]) -> NDArray[Any]:
    """Return a kernel's sums (rows, n) with one more loss (n,), of their dtype: as the kernel does.

    The first one also becomes the first.
    """
    found, at = sums.copy(), {name: place for place, name in enumerate(rows)}
    with np.errstate(all="ignore"):
        if "first" in at:
            v = _over_first(loss, found[at["first"]])
            found[at["loss_sum"]] += v
            found[at["inverse_loss_sum"]] += 1 / v
        if "lowest" in at:
            lowest = found[at["lowest"]]
            lowest = np.where(loss < lowest, loss, lowest)
            rise = np.where(np.isfinite(loss), loss - lowest, np.inf).astype(loss.dtype)
            larger, before = rise > found[at["largest_rise"]], found[at["largest_rise"]]
            found[at["lowest"]], found[at["largest_rise"]] = lowest, np.where(larger, rise, before)
    return found


def curve_measures(
    asked: Sequence[str],
    rows: Sequence[str],
    sums: NDArray[Any],
    last: NDArray[Any],
    left: NDArray[np.int64],
    recent: NDArray[Any],
    parted: NDArray[np.int64],
) -> dict[str, NDArray[Any]]:
    """Return the measures of the whole curve that are `asked` for, (n,) each.

    Args:
        asked: some of `CURVE_MEASURES`.
        rows: what the rows of `sums` (rows, n) are.
        sums: of the losses until training ended.
        last: (n,), the last of these, of the dtype of the sums.
        left: (n,), how many more losses there would have been: a stopped trial's last one goes on.
        recent: (n, 20), the last losses, NaN where there is none.
        parted: (n,), how many steps of the second half were taken.
    """
    found: dict[str, NDArray[Any]] = {}
    held = dict(zip(rows, sums, strict=True))
    with np.errstate(all="ignore"):
        for name in asked:
            if name == "period":
                found[name] = _periods(recent)
                continue
            if name == "lyapunov_exponent":
                mean = held[specification.STRETCH].astype(np.float64) / parted
                found[name] = canonical(np.where(parted > 0, mean, np.nan))
                continue
            values = held[name]
            if name != "largest_rise":
                v = _over_first(last, held["first"])
                more = left.astype(last.dtype) * (v if name == "loss_sum" else 1 / v)
                values = np.where(left > 0, values + more, values)
            found[name] = canonical(values.astype(np.float64))
    return found


def _over_first(loss: NDArray[Any], first: NDArray[Any]) -> NDArray[Any]:
    v: NDArray[Any] = loss / first
    v[~(v < CAP)] = CAP
    return v


def _periods(recent: NDArray[Any]) -> NDArray[np.int64]:
    """Return the periods of rows of losses, oldest first; -1 for none."""
    within = 1e-6 if recent.dtype == np.float64 else 1e-4
    margin = within * np.abs(recent).max(axis=1)
    found = np.full(len(recent), -1)
    for p in range(recent.shape[1] // 2, 0, -1):
        same = (np.abs(recent[:, p:] - recent[:, :-p]) <= margin[:, np.newaxis]).all(axis=1)
        found[same & np.isfinite(margin)] = p
    return found


def with_last(
    extremes: NDArray[Any],
    marks: NDArray[Any],
    loss: NDArray[Any],
    step: NDArray[np.int64],
    before: NDArray[np.int64],
    thresholds: NDArray[Any],
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return a kernel's extremes and marks with one more loss (n,), the last one, at these steps.

    Args:
        extremes: of the losses so far; for the mean of the last ones a sum over `before` of them.
        marks: likewise, as steps.
        loss: of the dtype of the extremes.
        step: (n,), at which it was.
        before: (n,), how many losses that sum has.
        thresholds: the target, and the largest loss that has not diverged.
    """
    extremes, marks, (target, bound) = extremes.copy(), marks.astype(np.int64), thresholds
    better = loss < extremes[specification.BEST]
    extremes[specification.FINAL] = loss
    extremes[specification.BEST] = np.where(better, loss, extremes[specification.BEST])
    marks[specification.BEST_STEP] = np.where(better, step, marks[specification.BEST_STEP])
    larger = loss > extremes[specification.LARGEST]
    extremes[specification.LARGEST] = np.where(larger, loss, extremes[specification.LARGEST])
    with np.errstate(over="ignore", invalid="ignore"):
        tail = extremes[specification.TAIL_MEAN] + loss
    extremes[specification.TAIL_MEAN] = tail / (before + 1).astype(loss.dtype)
    for row, happens in (
        (specification.TARGET_STEP, loss <= target),
        (specification.DIVERGED_STEP, ~(loss <= bound)),
    ):
        marks[row] = np.where((marks[row] < 0) & happens, step, marks[row])
    return extremes, marks


def rows_of(measures: dict[str, NDArray[Any]]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the kernel's extremes and marks, whose names `measures_of` gave."""
    extremes = np.empty((len(specification.EXTREMES), len(measures["initial_loss"])))
    best, largest = measures["best_loss"], measures["max_loss"]
    never_better = ~(best < np.inf)
    extremes[specification.INITIAL] = measures["initial_loss"]
    extremes[specification.FINAL] = measures["final_loss"]
    extremes[specification.BEST] = np.where(never_better, np.inf, best)
    extremes[specification.LARGEST] = np.where(np.isnan(largest), -np.inf, largest)
    extremes[specification.TAIL_MEAN] = measures["tail_loss"]
    marks = np.empty((len(specification.MARKS), len(best)), np.int64)
    marks[specification.BEST_STEP] = np.where(never_better, -1, measures["best_step"])
    marks[specification.TARGET_STEP] = measures["steps_to_target"]
    marks[specification.DIVERGED_STEP] = measures["diverged_at"]
    return extremes, marks


def outcomes_of(measures: dict[str, NDArray[Any]], rule: str) -> NDArray[np.int8]:
    """Return each trial's outcome; one that ever diverged has diverged, whatever came before.

    The rule "tail_below_initial" knows two outcomes (Sohl-Dickstein, "The boundary of neural
    network trainability is fractal", 2024): the mean of the last losses is below the first, or not.
    """
    converged, stalled, diverged = range(3)
    if rule == "tail_below_initial":
        well = measures["tail_loss"] < measures["initial_loss"]
        otherwise = diverged
    else:
        well = measures["steps_to_target"] >= 0
        otherwise = stalled
    outcome = np.where(well, converged, otherwise)
    return np.where(measures["diverged_at"] >= 0, diverged, outcome).astype(np.int8)


def stops_of(measures: dict[str, NDArray[Any]], stop: str) -> NDArray[np.int64]:
    """Return the step after which each trial was trained no more, -1 for none."""
    never = np.iinfo(np.int64).max
    at = np.full(len(measures["diverged_at"]), never)
    ends = {"target": ["steps_to_target"], "divergence": ["diverged_at"], "never": []}
    for name in ends.get(stop, ["steps_to_target", "diverged_at"]):
        at = np.minimum(at, np.where(measures[name] < 0, never, measures[name]))
    return np.where(at == never, -1, at)
