"""The training of one block of lanes after another, a network a lane, step by step.

A step takes the samples of its batch through the network and back, a tile at a time (`sampling`,
`passes`), and then changes the parameters (`learning`). What is measured on the way is in
`measures`: each step's loss; or with batches that of each epoch, the mean over its batches, the
epochs counted from 1, for 0 is the loss before the first step, which comes from elsewhere. A trial
that stops is kept as it is at that step and computed on unheeded, until all its block has stopped.
"""

from collections.abc import Callable
from dataclasses import astuple
from typing import Any

from sweep.catalogue import ORDERS
from sweep.training.lanes import Lanes, any_lane, inlined, select
from sweep.training.layout import (
    DIVERGED_STEP,
    RING,
    TARGET_STEP,
    WINDOW,
    Shape,
    mark_dtype,
    room,
    sizes,
)
from sweep.training.learning import make_learning, steps_at_once
from sweep.training.losses import LOSSES
from sweep.training.measures import diverged, make_conclude, make_observe, reached
from sweep.training.passes import make_add_loss, make_forward, make_output_deltas
from sweep.training.sampling import make_batches


def make_kernel(shape: Shape) -> Callable[..., None]:  # noqa: C901, PLR0915 - one loop nest
    """Return the function that trains one block of lanes after another, to be compiled.

    Every array is C-ordered and has `columns` columns, one a trial, unless said otherwise;
    `columns` is a multiple of the lanes. Of the shape's dtype, but for steps:

        start, stop: the step that the parameters are at, and the one to reach.
        samples, inputs (samples, n_in), targets (samples, n_out): the data, shared by all trials.
        batch_size; order int32 and batch_starts (stop - start + 2,) int64: the samples of the
            batches of steps start ... stop, one after another; batch_seeds (columns,) int64: of
            orders that trials have alone. Each is read only where the shape wants it.
        factors (stop - start,): on the learning rates of each update, if scheduled.
        rates_of_layers (2 * layers, columns): learning rates of weights, then of biases.
        multipliers (layers, columns), settings (len(shape.settings), columns).
        parameters (P, columns), state (shape.kept, columns): in and out.
        thresholds (2,): the target loss, and the largest loss that has not diverged.
        extremes, marks: in and out; see `measures`.
        epoch, epoch_samples: with batches, the steps of an epoch and the samples that they see.
        partial (columns,): in and out, the sum of the terms so far of the epoch that is under way.
        recent (RING, columns): the last losses, the one at place s in row s % RING; read if start
            is not 0, or with batches, and written if keep_recent is not 0.
        record_steps (records,) int64: the steps, ascending, whose loss goes to curve
            (records, columns).
        workspace: `workspace_size(shape, samples)` numbers, on a 64-byte boundary.
    """
    network, lanes = shape.network, Lanes(shape.dtype, shape.lanes)
    load, store, splat, width = lanes.load, lanes.store, lanes.splat, lanes.width
    load_seeds = Lanes("int64", width).load
    copy_in, copy_out = _make_copies(lanes)
    count, kept, depth, single = network.parameters, shape.kept, len(network.pairs), shape.single
    n_settings, tile = len(shape.settings), network.tile
    new_ring, new_cell = lanes.local(RING), lanes.local(1)
    new_w, new_g, new_k, new_saved, new_saved_k, new_a, new_d, new_e, new_x, new_t, new_order = (
        _make_rooms(shape, lanes)
    )
    new_rates, new_scheduled = lanes.local(2 * depth), lanes.local(2 * depth)
    new_multipliers, new_settings = lanes.local(depth), lanes.local(n_settings)
    batches, learning = make_batches(shape), make_learning(shape)
    begin, fetch = batches.begin, batches.fetch
    forward = make_forward(network)
    add_loss = make_add_loss(network, batches.target)
    output_deltas = make_output_deltas(network, batches.target)
    backward, update = learning.backward, learning.update
    at_once, batched = steps_at_once(shape), shape.batches != "full"
    marks_lanes = Lanes(mark_dtype(shape.dtype), width)
    observe, conclude = make_observe(lanes, marks_lanes), make_conclude(lanes, batched=batched)
    still_active, ends = _make_still_active(shape, marks_lanes), _make_ends(shape)
    stopping, scheduled, own = shape.stop != "never", shape.scheduled, shape.batches in ORDERS
    scale_of, slope_scale_of = LOSSES[network.loss].make_scales(network.layers[-1])

    def kernel(  # noqa: C901, PLR0912, PLR0913, PLR0915 - the data, the trials, the results
        columns: Any, start: Any, stop: Any, samples: Any, inputs: Any, targets: Any,
        batch_size: Any, order: Any, batch_starts: Any, batch_seeds: Any, factors: Any,
        rates_of_layers: Any, multipliers: Any, settings: Any, parameters: Any, state: Any,
        thresholds: Any, extremes: Any, marks: Any, epoch: Any, epoch_samples: Any, partial: Any,
        keep_recent: Any, recent: Any, records: Any, record_steps: Any, curve: Any, workspace: Any,
    ) -> None:  # fmt: skip
        w, g, k = new_w(workspace), new_g(workspace), new_k(workspace)
        saved, saved_k = new_saved(workspace), new_saved_k(workspace)
        a, d, e = new_a(workspace), new_d(workspace), new_e(workspace)
        rooms = workspace, new_x(workspace), new_t(workspace), new_order(workspace)
        rates, eta, m, h, ring = (
            new_rates(), new_scheduled(), new_multipliers(), new_settings(), new_ring(),
        )  # fmt: skip
        zero = new_cell()
        zero[0] = splat(0.0)
        net = (w, m, a, d, e, zero)
        data = (inputs, targets, samples, batch_size, order, batch_starts)
        for block in range(0, columns, width):
            copy_in(w, count, parameters, columns, block)
            copy_in(k, kept, state, columns, block)
            copy_in(rates, 2 * depth, rates_of_layers, columns, block)
            copy_in(m, depth, multipliers, columns, block)
            copy_in(h, n_settings, settings, columns, block)
            seeds = load_seeds(batch_seeds, block) if own else 0
            for p in range(count):
                g[p] = zero[0]
            if batched or start > 0:
                copy_in(ring, RING, recent, columns, block)
            active = still_active(marks, columns, block)
            if stopping:
                copy_in(saved, count, parameters, columns, block)
                copy_in(saved_k, kept, state, columns, block)
            record = 0
            total, epoch_scale, place, left = splat(0.0), scale_of(epoch_samples), 0, 0
            if batched:
                total, place, left = load(partial, block), start // epoch, epoch - start % epoch
            for step in range(start, stop + 1):
                if batched:
                    left -= 1
                    known = left == 0
                    if known:
                        place, left = place + 1, epoch
                else:
                    known, place = True, step
                error = splat(0.0)
                first, size = begin(step, start, data, rooms, seeds)
                scale, slope_scale = scale_of(size), slope_scale_of(size)
                if scheduled:
                    factor = factors[min(step, stop - 1) - start]
                    for i in range(2 * depth):
                        eta[i] = rates[i] * factor
                else:
                    for i in range(2 * depth):
                        eta[i] = rates[i]
                for at in range(0, 1 if single else size, tile):
                    n = 1 if single or tile == 1 else min(tile, size - at)
                    x, t = fetch(first + at, n, data, rooms)
                    forward(n, x, net)
                    error = add_loss(n, t, net, error)
                    if stopping and at_once and known:  # the way back changes what must be kept
                        seen = (total + error) * epoch_scale if batched else error * scale
                        ending = active & ends(seen, thresholds)
                        if any_lane(ending):
                            for p in range(count):
                                saved[p] = select(ending, w[p], saved[p])
                    if step < stop:
                        output_deltas(n, t, net)
                        backward(n, x, net, g, eta, h, slope_scale)
                last = step == stop
                if batched:
                    while record < records and record_steps[record] <= step:
                        store(curve, record * columns + block, error * scale)
                        record += 1
                    if last:  # is seen again where training goes on
                        store(partial, block, total)
                    total = total + error
                    error = total * epoch_scale
                    if known:
                        ring[place & (RING - 1)] = error
                        total = splat(0.0)
                else:
                    error = error * scale
                    ring[step & (RING - 1)] = error
                if stopping and known:
                    ending = active & ends(error, thresholds)
                    if any_lane(ending):
                        observe(ring, place, thresholds, extremes, marks, columns, block, active)
                        conclude(ring, place, extremes, columns, block, ending)
                        for p in range(0 if at_once else count):
                            saved[p] = select(ending, w[p], saved[p])
                        for p in range(kept):
                            saved_k[p] = select(ending, k[p], saved_k[p])
                        active = active & ~ending
                if stopping:
                    last = last or not any_lane(active)
                if step < stop:
                    update(net, g, k, h, eta, slope_scale)
                if (known and (place & (WINDOW - 1)) == WINDOW - 1) or last:
                    observe(ring, place, thresholds, extremes, marks, columns, block, active)
                    while not batched and record < records and record_steps[record] <= step:
                        error = ring[record_steps[record] & (RING - 1)]
                        store(curve, record * columns + block, error)
                        record += 1
                if step == stop:
                    conclude(ring, place, extremes, columns, block, active)
                if last:
                    break
            if stopping:
                for p in range(count):
                    w[p] = select(active, w[p], saved[p])
                for p in range(kept):
                    k[p] = select(active, k[p], saved_k[p])
            copy_out(w, count, parameters, columns, block)
            copy_out(k, kept, state, columns, block)
            if keep_recent != 0:
                copy_out(ring, RING, recent, columns, block)

    return kernel


def _make_copies(lanes: Lanes) -> tuple[Any, Any]:
    """Return the functions that copy a block's columns of an array in and out."""
    load, store = lanes.load, lanes.store

    @inlined
    def copy_in(memory: Any, rows: Any, array: Any, columns: Any, block: Any) -> None:
        for row in range(rows):
            memory[row] = load(array, row * columns + block)

    @inlined
    def copy_out(memory: Any, rows: Any, array: Any, columns: Any, block: Any) -> None:
        for row in range(rows):
            store(array, row * columns + block, memory[row])

    return copy_in, copy_out


def _make_still_active(shape: Shape, steps: Lanes) -> Any:
    """Return the function that tells in which lanes training has not stopped before."""
    load, splat = steps.load, steps.splat
    at_target, at_divergence = _stops(shape)

    @inlined
    def still_active(marks: Any, columns: Any, block: Any) -> Any:
        active = splat(0) == 0
        if at_target:
            active = active & (load(marks, TARGET_STEP * columns + block) < 0)
        if at_divergence:
            active = active & (load(marks, DIVERGED_STEP * columns + block) < 0)
        return active

    return still_active


def _make_ends(shape: Shape) -> Any:
    """Return the function of a loss that tells in which lanes training stops here."""
    at_target, at_divergence = _stops(shape)

    @inlined
    def ends(error: Any, thresholds: Any) -> Any:
        if at_target and at_divergence:
            return reached(error, thresholds[0]) | diverged(error, thresholds[1])
        if at_target:
            return reached(error, thresholds[0])
        return diverged(error, thresholds[1])

    return ends


def _stops(shape: Shape) -> tuple[bool, bool]:
    """Whether training stops at the target, and whether it does on divergence."""
    return shape.stop in ("target", "either"), shape.stop in ("divergence", "either")


def _make_rooms(shape: Shape, lanes: Lanes) -> tuple[Any, ...]:
    """Return functions of the workspace that find the memories of a network: w, g, k, ... in order.

    A small network's are on the stack, where LLVM may put them in registers, but for an order.
    """
    place, unrolled = room(shape, 0), shape.network.unrolled
    found = [
        lanes.room(count, None if unrolled else at)
        for count, at in zip(sizes(shape, 0)[:-1], astuple(place)[:-2], strict=True)
    ]
    in_order = Lanes("int32", shape.lanes).memory
    order_at = place.order * shape.lanes

    @inlined
    def order_room(workspace: Any) -> Any:
        return in_order(workspace, order_at)

    return (*found, order_room)
