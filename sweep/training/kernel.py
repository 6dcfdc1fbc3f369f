"""The training of one block of lanes after another, a network a lane, step by step.

A step takes the samples of its batch through the network and back, a tile at a time (`sampling`,
`passes`), and then changes the parameters (`learning`). What is measured on the way is in
`measures`: each step's loss; or with batches that of each epoch, the mean over its batches, the
epochs counted from 1, for 0 is the loss before the first step, which comes from elsewhere. Or
with batches that of all data, of every step, which takes a forward pass of its own. A trial
that stops is kept as it is at that step and computed on unheeded, until all its block has stopped.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sweep.catalogue import ORDERS
from sweep.training.lanes import Lanes, Part, any_lane, inlined, memories, select
from sweep.training.learning import make_learning, steps_at_once
from sweep.training.losses import LOSSES
from sweep.training.measures import diverged, make_conclude, make_fold, make_observe, reached
from sweep.training.passes import (
    make_add_loss,
    make_begin,
    make_forward,
    make_output_deltas,
    make_spread,
)
from sweep.training.sampling import make_batches
from sweep.training.specification import (
    DIVERGED_STEP,
    RING,
    STRETCH,
    TARGET_STEP,
    WINDOW,
    Net,
    Shape,
    mark_dtype,
    offsets,
    rooms,
)
from sweep.training.twin import make_twin


def make_kernel(shape: Shape) -> Callable[..., None]:  # noqa: C901, PLR0915 - one loop nest
    """Return the function of `TrainArguments` that trains one block of lanes after another."""
    lanes, marks = Lanes(shape.dtype, shape.lanes), Lanes(mark_dtype(shape.dtype), shape.lanes)
    load, store, splat, width = lanes.load, lanes.store, lanes.splat, lanes.width
    epochs, whole = shape.batches != "full" and not shape.whole, shape.whole
    stopping = shape.stop != "never"
    count, kept, at_once = shape.network.parameters, shape.kept, steps_at_once(shape)
    new_net, copy_in, copy_out = memories(_parts(shape)), *_make_copies(shape)
    begin_net = make_begin(shape.network)
    still_active, ends = _make_stops(shape, marks)
    set_rates, record_losses = _make_set_rates(shape), _make_record_losses(shape)
    scales = LOSSES[shape.network.loss].make_scales(shape.network.layers[-1])
    learning, scale_of = make_learning(shape), scales[0]
    pass_all = _make_pass_all(shape, scale_of)
    pass_batch = _make_pass_batch(shape, learning.backward, ends, *scales)
    update = learning.update
    observe, conclude = make_observe(lanes, marks), make_conclude(lanes, batched=epochs)
    fold, folding = make_fold(lanes, shape.sums), len(shape.sums) > 0
    twinned = STRETCH in shape.sums
    begin_twin, follow, end_twin = make_twin(shape, set_rates, pass_batch, update)
    own, load_seeds = shape.batches in ORDERS, Lanes("int64", width).load

    def train(given: Any) -> None:  # noqa: C901, PLR0912, PLR0915 - likewise
        net = new_net(given.workspace)
        begin_net(net)
        twin = new_net(given.twin_workspace) if twinned else net
        if twinned:
            begin_net(twin)
        start, stop, epoch = given.start, given.stop, given.epoch
        for block in range(0, given.trials, width):
            copy_in(given, net, block)
            begin_twin(given, net, twin, block)
            seeds = load_seeds(given.batch_seeds, block) if own else 0
            active = still_active(given, block)
            recorded = 0
            total, epoch_scale, place, left = splat(0.0), scale_of(given.epoch_samples), 0, 0
            if epochs:
                total = load(given.partial, block)
                place, left = start // epoch, epoch - start % epoch
            for step in range(start, stop + 1):
                if epochs:
                    left -= 1
                    known = left == 0
                    if known:
                        place, left = place + 1, epoch
                else:
                    known, place = True, step
                set_rates(given, net, step)
                if whole:
                    total = pass_all(given, net)
                error, scale, slope_scale = pass_batch(
                    given, net, step, seeds, active, known, total, epoch_scale
                )
                loss, last = error * scale, step == stop
                if epochs:
                    if last:  # is seen again where training goes on
                        store(given.partial, block, total)
                    total = total + error
                    error = total * epoch_scale
                    if known:
                        net.ring[place & (RING - 1)] = error
                        total = splat(0.0)
                else:
                    error = total if whole else loss
                    net.ring[step & (RING - 1)] = error
                if folding and known and (step > start or given.fresh):
                    fold(given, block, place, error, active)
                if stopping and known:
                    ending = active & ends(error, given)
                    if any_lane(ending):
                        observe(given, net, block, place, active)
                        conclude(given, net, block, place, ending)
                        for p in range(0 if at_once else count):
                            net.saved[p] = select(ending, net.w[p], net.saved[p])
                        for p in range(kept):
                            net.saved_k[p] = select(ending, net.k[p], net.saved_k[p])
                        active = active & ~ending
                if stopping:
                    last = last or not any_lane(active)
                if step < stop:
                    update(net, slope_scale)
                    follow(given, net, twin, block, step, seeds, active, known)
                looked = (known and (place & (WINDOW - 1)) == WINDOW - 1) or last
                if looked:
                    observe(given, net, block, place, active)
                if epochs or looked:
                    recorded = record_losses(given, net, block, step, loss, recorded)
                if step == stop:
                    conclude(given, net, block, place, active)
                if last:
                    break
            copy_out(given, net, block, active)
            end_twin(given, twin, block)

    return train


def _parts(shape: Shape) -> Net:
    """Return what memories a network has: a small one's on the stack, but for an order.

    There LLVM may put them in registers.
    """
    lanes, at = Lanes(shape.dtype, shape.lanes), offsets(shape)
    order = Part(Lanes("int32", shape.lanes), 0, at["order"])
    if shape.network.unrolled:
        at = {}
    sizes = rooms(shape, 0)._asdict().items()
    parts = Net(*(Part(lanes, size, at.get(name)) for name, size in sizes))._replace(order=order)
    if (abreast := shape.network.abreast) == 1:
        return parts
    wide = Lanes(shape.dtype, abreast)
    return parts._replace(**{name: Part(wide, 0, at[name] // abreast) for name in _ABREAST})


_ABREAST = ("a", "delta", "scratch", "xs", "ts")  # memories of values with samples abreast


def _make_copies(shape: Shape) -> tuple[Any, Any]:  # noqa: C901 - loops over rows
    """Return what copies a block's columns into the memories, and back."""
    lanes, network = Lanes(shape.dtype, shape.lanes), shape.network
    load, store, splat = lanes.load, lanes.store, lanes.splat
    count, kept, depth, settings = (
        network.parameters, shape.kept, len(network.pairs), len(shape.settings),
    )  # fmt: skip
    epochs, stopping = shape.batches != "full" and not shape.whole, shape.stop != "never"
    drifts = depth * shape.drifting

    @inlined
    def copy_in(given: Any, net: Any, block: Any) -> None:  # noqa: C901 - likewise
        columns = given.columns
        for p in range(count):
            net.w[p], net.g[p] = load(given.parameters, p * columns + block), splat(0.0)
        for p in range(kept):
            net.k[p] = load(given.state, p * columns + block)
        for i in range(2 * depth):
            net.rates[i] = load(given.rates, i * columns + block)
        for i in range(depth):
            net.m[i] = load(given.multipliers, i * columns + block)
        for i in range(drifts):
            net.d[i] = load(given.drifts, i * columns + block)
        for i in range(settings):
            net.h[i] = load(given.settings, i * columns + block)
        if epochs or given.start > 0:
            for i in range(RING):
                net.ring[i] = load(given.recent, i * columns + block)
        if stopping:
            for p in range(count):
                net.saved[p] = net.w[p]
            for p in range(kept):
                net.saved_k[p] = net.k[p]

    @inlined
    def copy_out(given: Any, net: Any, block: Any, active: Any) -> None:
        columns = given.columns
        for p in range(count):
            if stopping:
                net.w[p] = select(active, net.w[p], net.saved[p])
            store(given.parameters, p * columns + block, net.w[p])
        for p in range(kept):
            if stopping:
                net.k[p] = select(active, net.k[p], net.saved_k[p])
            store(given.state, p * columns + block, net.k[p])
        for i in range(RING):
            store(given.recent, i * columns + block, net.ring[i])

    return copy_in, copy_out


def _make_set_rates(shape: Shape) -> Any:
    """Return what sets the learning rates of a step's update."""
    scheduled, rows = shape.scheduled, 2 * len(shape.network.pairs)

    @inlined
    def set_rates(given: Any, net: Any, step: Any) -> None:
        if scheduled:
            factor = given.factors[min(step, given.stop - 1) - given.start]
            for i in range(rows):
                net.eta[i] = net.rates[i] * factor
        else:
            for i in range(rows):
                net.eta[i] = net.rates[i]

    return set_rates


def _make_pass_batch(
    shape: Shape, backward: Any, ends: Any, scale_of: Any, slope_scale_of: Any
) -> Any:
    """Return what takes a step's samples through the network and back.

    It returns the sum of their terms of the loss, and what makes a loss and slopes of such sums.
    Parameters are saved where they end, if a loss is known after this step: with batches from the
    total so far of the epoch, or the `total` is the loss on all data.
    """
    network, batches, single = shape.network, make_batches(shape), shape.single
    begin, fetch, tile, splat = (
        batches.begin, batches.fetch, network.tile, Lanes(shape.dtype, shape.lanes).splat,
    )  # fmt: skip
    forward, add_loss = make_forward(network), make_add_loss(network, batches.target)
    output_deltas, spread = make_output_deltas(network, batches.target), make_spread(network)
    abreast = network.abreast
    saving = shape.stop != "never" and steps_at_once(shape)  # the way back changes what is kept
    batched, whole, count = shape.batches != "full", shape.whole, network.parameters

    @inlined
    def pass_batch(
        given: Any, net: Any, step: Any, seeds: Any, active: Any, known: Any, total: Any,
        epoch_scale: Any,
    ) -> Any:  # fmt: skip
        error = splat(0.0)
        first, size = begin(given, net, step, seeds)
        scale, slope_scale = scale_of(size), slope_scale_of(size)
        for at in range(0, 1 if single else size, tile):
            n = 1 if single or tile == 1 else min(tile, size - at)
            x, t = fetch(given, net, first + at, n)
            values, (xs, t) = (n + abreast - 1) // abreast, spread(n, x, t, net)
            forward(values, xs, net)
            error = add_loss(n, t, net, error)
            if saving and known:
                if whole:
                    seen = total
                else:
                    seen = (total + error) * epoch_scale if batched else error * scale
                ending = active & ends(seen, given)
                if any_lane(ending):
                    for p in range(count):
                        net.saved[p] = select(ending, net.w[p], net.saved[p])
            if step < given.stop:
                output_deltas(values, t, net)
                backward(n, x, net, slope_scale)
        return error, scale, slope_scale

    return pass_batch


def _make_pass_all(shape: Shape, scale_of: Any) -> Any:
    """Return what finds the loss on all data, where a step sees some of it."""
    network, batches = shape.network, make_batches(replace(shape, batches="full", single=False))
    fetch, tile, splat = batches.fetch, network.tile, Lanes(shape.dtype, shape.lanes).splat
    forward, add_loss = make_forward(network), make_add_loss(network, batches.target)
    spread, abreast = make_spread(network), network.abreast

    @inlined
    def pass_all(given: Any, net: Any) -> Any:
        error = splat(0.0)
        for at in range(0, given.samples, tile):
            n = 1 if tile == 1 else min(tile, given.samples - at)
            xs, ts = spread(n, *fetch(given, net, at, n), net)
            forward((n + abreast - 1) // abreast, xs, net)
            error = add_loss(n, ts, net, error)
        return error * scale_of(given.samples)

    return pass_all


def _make_record_losses(shape: Shape) -> Any:
    """Return what writes recorded losses up to a step; it takes and returns how many there are.

    Those of batches are written step by step, others from the ring.
    """
    store = Lanes(shape.dtype, shape.lanes).store
    epochs = shape.batches != "full" and not shape.whole

    @inlined
    def record_losses(given: Any, net: Any, block: Any, step: Any, loss: Any, recorded: Any) -> Any:
        while recorded < given.records and given.record_steps[recorded] <= step:
            if not epochs:
                loss = net.ring[given.record_steps[recorded] & (RING - 1)]
            store(given.curve, recorded * given.columns + block, loss)
            recorded += 1
        return recorded

    return record_losses


def _make_stops(shape: Shape, marks: Lanes) -> tuple[Any, Any]:
    """Return what tells in which lanes training has not stopped before, and where it stops."""
    load, splat = marks.load, marks.splat
    at_target, at_divergence = (shape.stop in (name, "either") for name in ("target", "divergence"))

    @inlined
    def still_active(given: Any, block: Any) -> Any:
        active = splat(0) == 0
        if at_target:
            active = active & (load(given.marks, TARGET_STEP * given.columns + block) < 0)
        if at_divergence:
            active = active & (load(given.marks, DIVERGED_STEP * given.columns + block) < 0)
        return active

    @inlined
    def ends(error: Any, given: Any) -> Any:
        target, bound = given.thresholds[0], given.thresholds[1]
        if at_target and at_divergence:
            return reached(error, target) | diverged(error, bound)
        return reached(error, target) if at_target else diverged(error, bound)

    return still_active, ends
