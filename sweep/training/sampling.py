"""The samples of a step: all of them, or a batch in an order that trials share or have alone.

Orders are drawn on lanes, as functions of seeds of their own: Philox4x32-10 (see `random`) under
the key (low word of the seed, high word of the seed) draws

shuffle: a permutation of the n samples for epoch e, by Durstenfeld's form of the Fisher-Yates
    shuffle (Algorithm 235, Communications of the ACM 7, 1964): from 0, 1 ... n - 1, for
    d = 0 ... n - 2, the entries k - 1 and floor(word k / 2^32), k = n - d, change places, where
    word is number d % 4 of the block with counter (d // 4, e, e >> 32, 1);
replacement: for step t any of the n samples, `size` times: entry d is floor(word n / 2^32), where
    word is number d % 4 of the block with counter (d // 4, t, t >> 32, 2).

The last word of a counter keeps these numbers apart from each other and from those of initial
weights, which have 0 there. That floor(word k / 2^32) makes some numbers below k likelier than
others changes no probability by more than 2^-32: for a thousand samples, by 2e-7 of itself.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sweep.catalogue import ORDERS
from sweep.training.lanes import (
    Lanes,
    called,
    first_lane,
    gather,
    gather_rows,
    high_word,
    inlined,
    scatter_rows,
)
from sweep.training.passes import Rows, make_target, own_target
from sweep.training.random import WORD, philox
from sweep.training.specification import Order, Shape, offsets

_SHUFFLING, _REPLACING = 1, 2  # last words of counters
_BLOCK = 4  # words that Philox gives at a time


@dataclass(frozen=True)
class Batches:
    """Compiled functions, all of them without loops over anything but a batch.

    Attributes:
        begin: ``begin(given, net, step, seeds)`` returns the batch's place in the order and its
            number of samples.
        fetch: ``fetch(given, net, first, n)`` returns the `Rows` of the inputs and of the targets
            of the n samples from this place on.
        target: ``target(targets, i)``: the i-th number of such targets, in every lane.
    """

    begin: Any
    fetch: Any
    target: Any


def make_batches(shape: Shape) -> Batches:
    """Return how a kernel finds the samples of a step."""
    if shape.batches == "full":
        return _all_samples(shape)
    found = _shared_order(shape) if shape.batches == "shared" else _own_orders(shape)
    return found if shape.network.abreast == 1 else replace(found, fetch=_make_bring_rows(shape))


def _all_samples(shape: Shape) -> Batches:
    n_in, n_out, single = shape.network.layers[0], shape.network.layers[-1], shape.single

    @inlined
    def begin(given: Any, net: Any, step: Any, seeds: Any) -> Any:
        return 0, 1 if single else given.samples

    @inlined
    def fetch(given: Any, net: Any, first: Any, n: Any) -> Any:
        return Rows(given.inputs, first * n_in), Rows(given.targets, first * n_out)

    return Batches(begin, fetch, make_target(shape.network))


def _shared_order(shape: Shape) -> Batches:
    """Rows are brought together, so that a tile's inputs lie as if they were all there is."""
    n_in, n_out, single = shape.network.layers[0], shape.network.layers[-1], shape.single
    places = offsets(shape)
    inputs_at, targets_at = places["x"] * shape.lanes, places["t"] * shape.lanes

    @inlined
    def begin(given: Any, net: Any, step: Any, seeds: Any) -> Any:
        at = step - given.start
        first = given.batch_starts[at]
        return first, 1 if single else given.batch_starts[at + 1] - first

    @inlined
    def fetch(given: Any, net: Any, first: Any, n: Any) -> Any:
        inputs, targets, workspace = given.inputs, given.targets, given.workspace
        for s in range(n):
            row = given.order[first + s]
            for i in range(n_in):
                workspace[inputs_at + s * n_in + i] = inputs[row * n_in + i]
            for i in range(n_out):
                workspace[targets_at + s * n_out + i] = targets[row * n_out + i]
        return Rows(workspace, inputs_at), Rows(workspace, targets_at)

    return Batches(begin, fetch, make_target(shape.network))


def _own_orders(shape: Shape) -> Batches:
    """Every lane gathers rows of its own."""
    n_in, n_out = shape.network.layers[0], shape.network.layers[-1]

    @inlined
    def fetch(given: Any, net: Any, first: Any, n: Any) -> Any:
        for s in range(n):
            rows = net.order[first + s]
            for i in range(n_in):
                net.x[s * n_in + i] = gather(given.inputs, i, rows * n_in)
            for i in range(n_out):
                net.t[s * n_out + i] = gather(given.targets, i, rows * n_out)
        return Rows(net.x, 0), Rows(net.t, 0)

    begin = _begin_shuffled(shape) if shape.batches == "shuffle" else _begin_replaced(shape)
    return Batches(begin, fetch, own_target)


def _make_bring_rows(shape: Shape) -> Any:
    """Return the `fetch` of a batch of one network, sample by sample."""
    n_in, n_out, own = shape.network.layers[0], shape.network.layers[-1], shape.batches in ORDERS
    copy = _make_copy(Lanes(shape.dtype, shape.network.abreast))

    @inlined
    def fetch(given: Any, net: Any, first: Any, n: Any) -> Any:
        for s in range(n):
            row = first_lane(net.order[first + s]) if own else given.order[first + s]
            copy(n_in, given.inputs, row * n_in, net.x, s * n_in)
            copy(n_out, given.targets, row * n_out, net.t, s * n_out)
        return Rows(net.x, 0), Rows(net.t, 0)

    return fetch


def _make_copy(lanes: Lanes) -> Any:
    """Return ``copy(count, x, first, out, to)``: so many numbers from a pointer to a memory."""
    one, width = Lanes(lanes.dtype, 1), lanes.width
    load, store, load_one, store_one = lanes.load, lanes.store, one.load, one.store

    @called
    def copy(count: Any, x: Any, first: Any, out: Any, to: Any) -> None:
        whole = count - count % width
        for i in range(0, whole, width):
            store(out, to + i, load(x, first + i))
        for i in range(whole, count):
            store_one(out, to + i, load_one(x, first + i))

    return copy


def _begin_shuffled(shape: Shape) -> Any:
    shuffle, single = make_shuffle(shape.lanes), shape.single

    @inlined
    def begin(given: Any, net: Any, step: Any, seeds: Any) -> Any:
        samples, size = given.samples, given.batch_size
        batches = (samples + size - 1) // size
        epoch = step // batches
        first = (step - epoch * batches) * size
        if first == 0 or step == given.start:
            shuffle(net.order, samples, epoch, seeds)
        return first, 1 if single else min(size, samples - first)

    return begin


def _begin_replaced(shape: Shape) -> Any:
    draw, single = make_replacement(shape.lanes), shape.single

    @inlined
    def begin(given: Any, net: Any, step: Any, seeds: Any) -> Any:
        draw(net.order, given.batch_size, given.samples, step, seeds)
        return 0, 1 if single else given.batch_size

    return begin


def make_order(order: Order) -> Callable[..., None]:
    """Return the function that draws the orders of many epochs or steps, of `OrderArguments`."""
    width = order.lanes
    load, memory = Lanes("int64", width).load, Lanes("int32", width).memory
    shuffle, take = make_shuffle(width), make_replacement(width)
    shuffles = order.order == "shuffle"

    def draw(given: Any) -> None:
        for block in range(0, given.columns, width):
            room = memory(given.indices, block * given.rows)
            seed, position = load(given.seeds, block), load(given.positions, block)
            if shuffles:
                shuffle(room, given.rows, position, seed)
            else:
                take(room, given.rows, given.samples, position, seed)

    return draw


def make_shuffle(width: int) -> Any:
    """Return shuffle(memory, samples, epoch, seeds), to be called in compiled code.

    It fills the first `samples` rows of `memory`, of `width` int32 lanes, with each lane's
    permutation of 0 ... samples - 1. `seeds` are int64 lanes, the bits of seeds without a sign;
    `epoch` is one number for all lanes, or int64 lanes.
    """
    splat, new_words, draw_words = Lanes("int32", width).splat, *_word_tools(width, _SHUFFLING)

    @inlined
    def shuffle(memory: Any, samples: Any, epoch: Any, seeds: Any) -> None:
        for row in range(samples):
            memory[row] = splat(row)
        words = new_words()
        for first in range(0, samples - 1, _BLOCK):
            draw_words(words, first, epoch, seeds)
            for d in range(first, min(first + _BLOCK, samples - 1)):
                k = samples - d
                rows = high_word(words[d - first] * k)
                here = memory[k - 1]
                memory[k - 1] = gather_rows(memory, rows)
                scatter_rows(memory, rows, here)

    return shuffle


def make_replacement(width: int) -> Any:
    """Return draw(memory, size, samples, step, seeds), to be called in compiled code.

    It fills the first `size` rows of `memory`, of `width` int32 lanes, with each lane's draws from
    0 ... samples - 1. `seeds` are int64 lanes, the bits of seeds without a sign; `step` is one
    number for all lanes, or int64 lanes.
    """
    convert, new_words, draw_words = Lanes("int32", width).convert, *_word_tools(width, _REPLACING)

    @inlined
    def draw(memory: Any, size: Any, samples: Any, step: Any, seeds: Any) -> None:
        words = new_words()
        for first in range(0, size, _BLOCK):
            draw_words(words, first, step, seeds)
            for d in range(first, min(first + _BLOCK, size)):
                memory[d] = convert(high_word(words[d - first] * samples))

    return draw


def _word_tools(width: int, purpose: int) -> tuple[Any, Any]:
    """Return what reserves room for a block of words, and what draws the one of a draw."""
    lanes = Lanes("int64", width)
    splat = lanes.splat

    @inlined
    def draw_words(words: Any, first: Any, position: Any, seeds: Any) -> None:
        at = splat(0) + position
        block, last = splat(first // _BLOCK), splat(purpose)
        key = seeds & WORD, high_word(seeds)
        w0, w1, w2, w3 = philox(block, at & WORD, high_word(at), last, key[0], key[1])
        words[0], words[1], words[2], words[3] = w0, w1, w2, w3

    return lanes.local(_BLOCK), draw_words
