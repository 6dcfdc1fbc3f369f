"""Measures kept while training: one number a trial, from the losses of all its steps.

The kernel leaves each step's loss in a ring that fits the first-level cache; every few steps
`observe` folds the new ones into the measures. A step then costs a minimum, a maximum and a sum;
*when* something happened is looked up only in a window where it did.

    extremes rows   initial, best, largest, final loss; mean of the last TAIL losses (or of all)
    marks rows      place of the best loss, first one at or below the target, first divergent one

What is called a step here counts epochs where there are batches, and the last row of extremes is
then the sum of the last TAIL - 1 losses: one more comes from all data. A mark of -1 says "never". A
divergent loss is one that is not finite or above the bound. The measures of a trial that has
stopped stay what they are: only lanes that are `active` change.
"""

from typing import Any

from sweep.catalogue import CAP
from sweep.training.lanes import Lanes, any_lane, inlined, select
from sweep.training.specification import (
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
    """Return ``observe(given, net, block, step, active)``: it folds losses into the measures.

    Those up to `step`, in its window. It is called at the end of each window and at the last step
    of a run, and may see a loss twice: nothing changes then, so that a run in several goes ends
    like one in one.

    Args:
        lanes: the shape of a loss.
        steps: integers of the same size and width, for the marks.
    """
    load, store, splat = lanes.load, lanes.store, lanes.splat
    mark_best, mark_first = _make_mark_best(steps), _make_mark_first(steps)

    @inlined
    def observe(given: Any, net: Any, block: Any, step: Any, active: Any) -> None:
        ring, extremes, columns = net.ring, given.extremes, given.columns
        first = step & ~(WINDOW - 1)
        target, bound = given.thresholds[0], given.thresholds[1]
        before = load(extremes, BEST * columns + block)
        before_largest = load(extremes, LARGEST * columns + block)
        earlier, largest, total = before, before_largest, splat(0.0)
        for s in range(first, step):
            error = ring[s & (RING - 1)]
            earlier = select(error < earlier, error, earlier)
            largest = select(error > largest, error, largest)
            total = total + error
        error = ring[step & (RING - 1)]
        best = select(error < earlier, error, earlier)
        largest, total = select(error > largest, error, largest), total + error
        store(extremes, BEST * columns + block, select(active, best, before))
        store(extremes, LARGEST * columns + block, select(active, largest, before_largest))
        at = BEST_STEP * columns + block
        mark_best(given.marks, at, ring, first, step, before, earlier, best, active)
        maybe = active & (best <= target)
        at = TARGET_STEP * columns + block
        mark_first(reached, target, maybe, given.marks, at, ring, first, step)
        # The sum is not finite if a loss is not; the largest loss does not see a NaN.
        maybe = active & ((largest > bound) | (total - total != 0.0))
        at = DIVERGED_STEP * columns + block
        mark_first(diverged, bound, maybe, given.marks, at, ring, first, step)
        if first == 0:
            before = load(extremes, INITIAL * columns + block)
            store(extremes, INITIAL * columns + block, select(active, ring[0], before))

    return observe


def make_conclude(lanes: Lanes, *, batched: bool) -> Any:
    """Return ``conclude(given, net, block, step, ending)``.

    It writes the measures of the last losses, in the lanes for which `step` is the last: that loss,
    and the mean of the last ones, or with batches their sum, oldest first.
    """
    load, store, splat, most = lanes.load, lanes.store, lanes.splat, TAIL - batched

    @inlined
    def conclude(given: Any, net: Any, block: Any, step: Any, ending: Any) -> None:
        ring, extremes = net.ring, given.extremes
        at = FINAL * given.columns + block
        store(extremes, at, select(ending, ring[step & (RING - 1)], load(extremes, at)))
        count = min(step + 1, most)
        tail = splat(0.0)
        for s in range(step + 1 - count, step + 1):
            tail = tail + ring[s & (RING - 1)]
        tail = tail if batched else tail / splat(float(count))
        at = TAIL_MEAN * given.columns + block
        store(extremes, at, select(ending, tail, load(extremes, at)))

    return conclude


def make_fold(lanes: Lanes, sums: tuple[str, ...]) -> Any:
    """Return ``fold(given, block, place, error, active)``: it adds a loss to the rows of `sums`.

    They are those of the whole curve (`CURVE_MEASURES`). Each loss is added once, in the order of
    steps, rounded to the dtype: of n losses the sums are off by n / 2 last digits at most.
    """
    load, store = lanes.load, lanes.store
    summed, rising = "first" in sums, "lowest" in sums
    lowest_row = sums.index("lowest") if rising else 0

    @inlined
    def fold(given: Any, block: Any, place: Any, error: Any, active: Any) -> None:
        at, columns = given.sums, given.columns
        if summed:
            if place == 0:
                store(at, block, select(active, error, load(at, block)))
            v = error / load(at, block)
            v = select(v < CAP, v, CAP)
            total, inverse = load(at, columns + block), load(at, 2 * columns + block)
            store(at, columns + block, select(active, total + v, total))
            store(at, 2 * columns + block, select(active, inverse + 1.0 / v, inverse))
        if rising:
            before = load(at, lowest_row * columns + block)
            largest = load(at, (lowest_row + 1) * columns + block)
            lowest = select(error < before, error, before)
            rise = select(error - error == 0.0, error - lowest, float("inf"))
            store(at, lowest_row * columns + block, select(active, lowest, before))
            larger = active & (rise > largest)
            store(at, (lowest_row + 1) * columns + block, select(larger, rise, largest))

    return fold


@inlined
def reached(error: Any, target: Any) -> Any:
    """Return whether a loss has reached the target."""
    return error <= target


@inlined
def diverged(error: Any, bound: Any) -> Any:
    """Return whether a loss is above the bound, or no number."""
    return ~(error <= bound)


def _make_mark_best(steps: Lanes) -> Any:
    load, store, splat = steps.load, steps.store, steps.splat

    @inlined
    def mark_best(  # noqa: PLR0913 - two losses of three moments
        marks: Any, at: Any, ring: Any, first: Any, step: Any, before: Any, earlier: Any, best: Any,
        active: Any,
    ) -> None:  # fmt: skip
        """Mark the first step that reached the best loss; mostly that is the last one."""
        at_last = active & (best < earlier)
        mark = select(at_last, splat(step), load(marks, at))
        sought = active & (earlier < before) & ~(best < earlier)
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
