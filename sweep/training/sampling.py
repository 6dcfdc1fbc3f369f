"""The samples of a step: all of them, or a batch in an order that trials share or have alone."""

from dataclasses import dataclass
from typing import Any

from sweep.training.lanes import Lanes, gather, inlined
from sweep.training.layout import Shape, room
from sweep.training.orders import make_replacement, make_shuffle


@dataclass(frozen=True)
class Batches:
    """Compiled functions, all of them without loops over anything but a batch.

    They share `data`: inputs, targets, their number of samples, the size of a batch, the order and
    where in it each step's batch starts; and `rooms`: the workspace, inputs and targets of a tile,
    and an order, of which each kind uses what it needs.

    Attributes:
        begin: ``begin(step, start, data, rooms, seeds)`` returns the batch's place in the order and
            its number of samples.
        fetch: ``fetch(first, n, data, rooms)`` returns where the inputs and the targets of the n
            samples from this place on lie: a memory or a pointer, and the position of the first.
        target: ``target(targets, i)``: the i-th number of such targets, in every lane.
    """

    begin: Any
    fetch: Any
    target: Any


def make_batches(shape: Shape) -> Batches:
    """Return how a kernel finds the samples of a step."""
    if shape.batches == "full":
        return _all_samples(shape)
    if shape.batches == "shared":
        return _shared_order(shape)
    return _own_orders(shape)


def _make_target(shape: Shape) -> Any:
    splat = Lanes(shape.dtype, shape.lanes).splat

    @inlined
    def target(targets: Any, i: Any) -> Any:
        return splat(targets[0][targets[1] + i])

    return target


def _all_samples(shape: Shape) -> Batches:
    n_in, n_out, single = shape.network.layers[0], shape.network.layers[-1], shape.single

    @inlined
    def begin(step: Any, start: Any, data: Any, rooms: Any, seeds: Any) -> Any:
        return 0, 1 if single else data[2]

    @inlined
    def fetch(first: Any, n: Any, data: Any, rooms: Any) -> Any:
        return (data[0], first * n_in), (data[1], first * n_out)

    return Batches(begin, fetch, _make_target(shape))


def _shared_order(shape: Shape) -> Batches:
    """Rows are brought together, so that a tile's inputs lie as if they were all there is."""
    n_in, n_out, single = shape.network.layers[0], shape.network.layers[-1], shape.single
    place = room(shape, 0)
    inputs_at, targets_at = place.inputs * shape.lanes, place.targets * shape.lanes

    @inlined
    def begin(step: Any, start: Any, data: Any, rooms: Any, seeds: Any) -> Any:
        first = data[5][step - start]
        return first, 1 if single else data[5][step - start + 1] - first

    @inlined
    def fetch(first: Any, n: Any, data: Any, rooms: Any) -> Any:
        inputs, targets, order, workspace = data[0], data[1], data[4], rooms[0]
        for s in range(n):
            row = order[first + s]
            for i in range(n_in):
                workspace[inputs_at + s * n_in + i] = inputs[row * n_in + i]
            for i in range(n_out):
                workspace[targets_at + s * n_out + i] = targets[row * n_out + i]
        return (workspace, inputs_at), (workspace, targets_at)

    return Batches(begin, fetch, _make_target(shape))


def _own_orders(shape: Shape) -> Batches:
    """Every lane gathers rows of its own."""
    n_in, n_out = shape.network.layers[0], shape.network.layers[-1]

    @inlined
    def fetch(first: Any, n: Any, data: Any, rooms: Any) -> Any:
        x, t, order = rooms[1], rooms[2], rooms[3]
        for s in range(n):
            rows = order[first + s]
            for i in range(n_in):
                x[s * n_in + i] = gather(data[0], i, rows * n_in)
            for i in range(n_out):
                t[s * n_out + i] = gather(data[1], i, rows * n_out)
        return (x, 0), (t, 0)

    @inlined
    def target(targets: Any, i: Any) -> Any:
        return targets[0][i]

    begin = _begin_shuffled(shape) if shape.batches == "shuffle" else _begin_replaced(shape)
    return Batches(begin, fetch, target)


def _begin_shuffled(shape: Shape) -> Any:
    shuffle, single = make_shuffle(shape.lanes), shape.single

    @inlined
    def begin(step: Any, start: Any, data: Any, rooms: Any, seeds: Any) -> Any:
        samples, size = data[2], data[3]
        batches = (samples + size - 1) // size
        epoch = step // batches
        first = (step - epoch * batches) * size
        if first == 0 or step == start:
            shuffle(rooms[3], samples, epoch, seeds)
        return first, 1 if single else min(size, samples - first)

    return begin


def _begin_replaced(shape: Shape) -> Any:
    replace, single = make_replacement(shape.lanes), shape.single

    @inlined
    def begin(step: Any, start: Any, data: Any, rooms: Any, seeds: Any) -> Any:
        size = data[3]
        replace(rooms[3], size, data[2], step, seeds)
        return 0, 1 if single else size

    return begin
