"""The order in which batches take the samples, drawn on lanes: a function of a seed of its own.

Philox4x32-10 (see `random`) under the key (low word of the seed, high word of the seed) draws

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
from typing import Any

from sweep.training.lanes import Lanes, gather_rows, high_word, inlined, scatter_rows
from sweep.training.layout import Order
from sweep.training.random import WORD, philox

_SHUFFLING, _REPLACING = 1, 2  # last words of counters
_BLOCK = 4  # words that Philox gives at a time


def make_order(order: Order) -> Callable[..., None]:
    """Return the function that draws the orders of many epochs or steps, to be compiled.

    Its arguments: columns, a multiple of the lanes; count, the rows to draw: the samples of an
    epoch, or of a step; samples, how many there are; seeds and positions (columns,) int64, the
    bits of each column's seed and its epoch or step; indices (columns / lanes, count, lanes)
    int32 on a 64-byte boundary, out.
    """
    width = order.lanes
    load, memory = Lanes("int64", width).load, Lanes("int32", width).memory
    shuffle, replace = make_shuffle(width), make_replacement(width)
    shuffles = order.order == "shuffle"

    def draw_block(
        columns: Any, count: Any, samples: Any, seeds: Any, positions: Any, indices: Any
    ) -> None:
        for block in range(0, columns, width):
            room, seed, position = (
                memory(indices, block * count),
                load(seeds, block),
                load(positions, block),
            )
            if shuffles:
                shuffle(room, count, position, seed)
            else:
                replace(room, count, samples, position, seed)

    return draw_block


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
    """Return replace(memory, size, samples, step, seeds), to be called in compiled code.

    It fills the first `size` rows of `memory`, of `width` int32 lanes, with each lane's draws from
    0 ... samples - 1. `seeds` are int64 lanes, the bits of seeds without a sign; `step` is one
    number for all lanes, or int64 lanes.
    """
    convert, new_words, draw_words = Lanes("int32", width).convert, *_word_tools(width, _REPLACING)

    @inlined
    def replace(memory: Any, size: Any, samples: Any, step: Any, seeds: Any) -> None:
        words = new_words()
        for first in range(0, size, _BLOCK):
            draw_words(words, first, step, seeds)
            for d in range(first, min(first + _BLOCK, size)):
                memory[d] = convert(high_word(words[d - first] * samples))

    return replace


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
