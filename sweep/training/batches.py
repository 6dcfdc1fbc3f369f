"""Which samples each step's batch takes, where all trials share one order: drawn, or from a table.

What is drawn, and from what, is told in `orders`; here it is cut into batches. An order is a
function of its seed: the steps of a run may be asked for in any ranges, with the same result.
"""

import numpy as np
from numpy.typing import NDArray

from sweep.training.compile import aligned, call
from sweep.training.specification import Order, OrderArguments

_LANES = 8  # epochs or steps drawn side by side

Batches = tuple[NDArray[np.int32], NDArray[np.int64]]
"""Sample indices, one batch after another, and (batches + 1,) where each begins and the last ends.
"""


def shared_order(order: str, seed: int, samples: int, size: int, start: int, stop: int) -> Batches:
    """Return the samples of the batches of steps start ... stop - 1, and where each begins.

    Args:
        order: "shuffle": each sample once an epoch of ceil(samples / size) steps, the last of which
            takes what is left; or "replacement": any `size` samples each step.
        seed: of the order, 0 ... 2^64 - 1.
        samples: how many there are to take, less than 2^31.
        size: of a batch; with "shuffle", all samples if there are fewer.
        start: the first step, from 0.
        stop: the step after the last.
    """
    steps = np.arange(start, stop + 1)
    if order == "replacement":
        drawn = drawn_order(order, seed, samples, size, steps[:-1])
        return drawn.ravel(), (steps - start) * size
    batches = -(-samples // size)
    # The entry, of all epochs' one after another, at which each step's batch begins.
    entries = steps // batches * samples + steps % batches * size
    epochs = np.arange(start // batches, -(-stop // batches))
    drawn = drawn_order(order, seed, samples, samples, epochs).ravel()
    first, last = entries[[0, -1]] - start // batches * samples
    return drawn[first:last], entries - entries[0]


def table_order(table: NDArray[np.int64], start: int, stop: int) -> Batches:
    """Return the samples of the batches of steps start ... stop - 1, and where each begins.

    Args:
        table: (rows, size) of sample indices; step t takes row t % rows.
        start: the first step, from 0.
        stop: the step after the last.
    """
    steps = np.arange(start, stop + 1)
    indices = table[steps[:-1] % len(table)].astype(np.int32)
    return indices.ravel(), (steps - start) * table.shape[1]


def drawn_order(
    order: str, seed: int, samples: int, count: int, positions: NDArray[np.int64]
) -> NDArray[np.int32]:
    """Return (len(positions), count) int32, what is drawn at each of these epochs or steps.

    Args:
        order: "shuffle", of which `count` is the number of samples, or "replacement".
        seed: of the order, 0 ... 2^64 - 1.
        samples: how many there are to take, less than 2^31.
        count: how many are drawn for each position.
        positions: epochs of a shuffle or steps with replacement, in any order.
    """
    columns = -(-len(positions) // _LANES) * _LANES
    padded = np.zeros(columns, np.int64)
    padded[: len(positions)] = positions
    seeds = np.full(columns, seed, np.uint64)
    drawn = aligned(columns * count, np.dtype(np.int32))
    call(order_of(order), OrderArguments(columns, count, samples, seeds, padded, drawn))
    by_position = drawn.reshape(-1, count, _LANES).swapaxes(1, 2).reshape(columns, count)
    return by_position[: len(positions)]


def order_of(order: str) -> Order:
    """Return what the kernel that draws a shared order is compiled for."""
    return Order(order, _LANES)
