"""Measures kept while training: one number a trial, from the losses of all its steps.

The kernel leaves each step's loss in a ring that fits the first-level cache; every few steps
`observe` folds the new ones into the measures. A step then costs a minimum, a maximum and a sum;
*when* something happened is looked up only in a window where it did.

    extremes rows   initial, best, largest, final loss; mean of the last TAIL losses (or of all)
    marks rows      step of the best loss, first step at or below the target, first divergent step

A mark of -1 says "never". A divergent loss is one that is not finite or above the bound.
"""

from typing import Any

from sweep.training.lanes import Lanes, any_lane, inlined, select
from sweep.training.layout import (
    BEST,
    BEST_STEP,
    DIVERGED_STEP,
    FINAL,
    INITIAL,
    LARGEST,
    RING,
    TAIL,
    TAIL_MEAN,
    TARGET_STEP,
    WINDOW,
)


def make_observe(lanes: Lanes, steps: Lanes) -> Any:
    """Return the compiled function that folds the losses up to `step` into the measures.

    It is called at the end of each window and at the last step of a run, and may see a loss twice:
    nothing changes then, so that a run in several goes ends like one in one.

    Args:
        lanes: the shape of a loss.
        steps: integers of the same size and width, for the marks.
    """
    load, store = lanes.load, lanes.store
    fold, tail_mean = _make_fold(lanes), _make_tail_mean(lanes)
    mark_best, mark_first = _make_mark_best(steps), _make_mark_first(steps)

    @inlined
    def observe(
        ring: Any, step: Any, stop: Any, thresholds: Any, extremes: Any, marks: Any, columns: Any,
        block: Any,
    ) -> None:  # fmt: skip
        first = step & ~(WINDOW - 1)
        target, bound = thresholds[0], thresholds[1]
        before = load(extremes, BEST * columns + block)
        largest = load(extremes, LARGEST * columns + block)
        earlier, best, largest, total = fold(ring, first, step, before, largest)
        store(extremes, BEST * columns + block, best)
        store(extremes, LARGEST * columns + block, largest)
        mark_best(marks, BEST_STEP * columns + block, ring, first, step, before, earlier, best)
        maybe = best <= target
        at = TARGET_STEP * columns + block
        mark_first(_reached, target, maybe, marks, at, ring, first, step)
        # The sum is not finite if a loss is not; the largest loss does not see a NaN.
        maybe = (largest > bound) | (total - total != 0.0)
        at = DIVERGED_STEP * columns + block
        mark_first(_diverged, bound, maybe, marks, at, ring, first, step)
        if first == 0:
            store(extremes, INITIAL * columns + block, ring[0])
        if step == stop:
            store(extremes, FINAL * columns + block, ring[step & (RING - 1)])
            store(extremes, TAIL_MEAN * columns + block, tail_mean(ring, step))

    return observe


@inlined
def _reached(error: Any, target: Any) -> Any:
    return error <= target


@inlined
def _diverged(error: Any, bound: Any) -> Any:
    return ~(error <= bound)


def _make_fold(lanes: Lanes) -> Any:
    splat = lanes.splat

    @inlined
    def fold(ring: Any, first: Any, step: Any, lowest: Any, largest: Any) -> Any:
        """The lowest loss before `step`, the lowest and the largest so far, the window's sum."""
        total = splat(0.0)
        for s in range(first, step):
            error = ring[s & (RING - 1)]
            lowest = select(error < lowest, error, lowest)
            largest = select(error > largest, error, largest)
            total = total + error
        error = ring[step & (RING - 1)]
        best = select(error < lowest, error, lowest)
        return lowest, best, select(error > largest, error, largest), total + error

    return fold


def _make_mark_best(steps: Lanes) -> Any:
    load, store, splat = steps.load, steps.store, steps.splat

    @inlined
    def mark_best(
        marks: Any, at: Any, ring: Any, first: Any, step: Any, before: Any, earlier: Any, best: Any
    ) -> None:
        """Mark the first step that reached the best loss; mostly that is the last one."""
        at_last = best < earlier
        mark = select(at_last, splat(step), load(marks, at))
        sought = (earlier < before) & ~at_last
        if any_lane(sought):
            for s in range(step - 1, first - 1, -1):
                mark = select(sought & (ring[s & (RING - 1)] == best), splat(s), mark)
        store(marks, at, mark)

    return mark_best


def _make_mark_first(steps: Lanes) -> Any:
    load, store, splat = steps.load, steps.store, steps.splat

    @inlined
    def mark_first(
        happened: Any, threshold: Any, maybe: Any, marks: Any, at: Any, ring: Any, first: Any,
        step: Any,
    ) -> None:  # fmt: skip
        """Mark the first step of the window with ``happened(loss, threshold)``, if none is yet."""
        mark = load(marks, at)
        sought = maybe & (mark < 0)
        if any_lane(sought):
            for s in range(step, first - 1, -1):
                here = sought & happened(ring[s & (RING - 1)], threshold)
                mark = select(here, splat(s), mark)
            store(marks, at, mark)

    return mark_first


def _make_tail_mean(lanes: Lanes) -> Any:
    splat = lanes.splat

    @inlined
    def tail_mean(ring: Any, step: Any) -> Any:
        count = min(step + 1, TAIL)
        total = splat(0.0)
        for s in range(step + 1 - count, step + 1):
            total = total + ring[s & (RING - 1)]
        return total / splat(float(count))

    return tail_mean
