"""One trial at chosen steps: its parameters and what its optimizer keeps, from the kernel."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweep.catalogue import OPTIMIZERS
from sweep.study import Group, Record
from sweep.training.batches import shared_order, table_order
from sweep.training.block import Block
from sweep.training.floating import default_mode
from sweep.training.schedules import rate_factors
from sweep.training.trainer import shape_of


@dataclass(frozen=True)
class Instant:
    """A trial after so many updates, every number of the group's dtype.

    Attributes:
        step: how many.
        loss: before the next update, of the samples that this one sees; NaN after a stop.
        parameters: (P,).
        kept: (k, P) what the optimizer keeps of each parameter: s, and then t, if it does.
        stopped_at: the step after which the trial is trained no more, -1 if there is none so far.
    """

    step: int
    loss: float
    parameters: NDArray[Any]
    kept: NDArray[Any]
    stopped_at: int


def instants(group: Group, position: int, steps: Sequence[int]) -> list[Instant]:
    """The trial at this position of the grid, at these steps, in ascending order.

    The bits are those of `train`.

    Raises:
        IndexError: the position is not on the grid.
    """
    group = replace(group, record=Record("every step", "final"))
    with default_mode(), np.errstate(over="ignore"):  # as `train`
        block = Block(group, np.array([position]), shape_of(group))
        found, before = [], 0
        for step in steps:
            block.advance(before, step)
            before = step
            found.append(_look(block, step))
    return found


def _look(block: Block, step: int) -> Instant:
    count = len(block.parameters)
    so_far = block.results(np.empty(0, np.int64), np.empty((1, 0, count), block.dtype))
    kept = block.state[: OPTIMIZERS[block.shape.optimizer].kept_each * count, 0].reshape(-1, count)
    return Instant(
        step=step,
        loss=float((so_far.batch_losses if block.group.batched else so_far.losses)[0, step]),
        parameters=block.parameters[:, 0].copy(),
        kept=kept.copy(),
        stopped_at=int(so_far.stopped_at[0]),
    )


def samples_of(group: Group, position: int, step: int) -> NDArray[np.int64]:
    """The positions of the samples that this trial sees at a step, in the order of their sums."""
    batch, samples = group.batch, len(group.data.inputs)
    if batch.table is not None:
        return table_order(batch.table, step, step + 1)[0].astype(np.int64)
    if batch.size is None:
        return np.arange(samples)
    seed = int(group.lanes(np.array([position])).batch_seeds[0])
    order = shared_order(batch.order, seed, samples, batch.size, step, step + 1)
    return order[0].astype(np.int64)


def factor_of(group: Group, step: int) -> float:
    """What the schedule multiplies learning rates by in the update after `step`."""
    return float(rate_factors(group.schedule, group.steps, step, step + 1)[0])
