"""Train trials of a group: what is compiled, the way from step to step, and looks on the way."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweep.catalogue import OPTIMIZERS
from sweep.study import Group, Record, Schedule
from sweep.training import specification
from sweep.training.batches import order_of, shared_order, table_order
from sweep.training.block import Block, batch_size, draw_of, evaluation_of
from sweep.training.compile import kernel
from sweep.training.processor import default_mode, register_bytes
from sweep.training.schedules import rate_factors
from sweep.training.specification import Network, Shape, Specification
from sweep.training.trained import Trained


def prepare(group: Group, lanes: int | None = None) -> bool:
    """Make a group's kernels ready; return whether any of them had to be compiled."""
    compiled = [kernel(one).compiled for one in kernels_of(group, lanes)]
    return any(compiled)


def kernels_of(group: Group, lanes: int | None = None) -> list[Specification]:
    """Return what has to be compiled to train a group."""
    shape = shape_of(group, lanes)
    needed: list[Specification] = [shape]
    if draw := draw_of(group, shape.network.width):
        needed.append(draw)
    if shape.batches == "shared" and group.batch.table is None:
        needed.append(order_of(group.batch.order))
    if group.by_epochs or group.validation is not None:
        needed.append(evaluation_of(shape))
    return needed


def shape_of(group: Group, lanes: int | None = None) -> Shape:
    """Return what the group's kernel is compiled for, with `lanes` or as many as suit it."""
    network = Network(
        layers=group.network.layers,
        activations=group.network.activations,
        bias=group.network.bias,
        multiplied=group.multiplied,
        loss=group.network.loss,
        dtype=group.training.dtype,
    )
    shape = Shape(
        network=network,
        optimizer=group.training.optimizer,
        batches=_batches_of(group),
        single=batch_size(group) == 1,
        decayed=group.decayed,
        clipped=group.clipped,
        scheduled=group.schedule != Schedule(),
        stop=group.training.stop,
        whole=group.batched and not group.by_epochs,
        sums=tuple(
            row for row, of in specification.SUMS.items() if {*of} & {*group.record.measures}
        ),
        drifting=group.drifting,
    )
    if lanes is None:
        return specification.suited(shape, register_bytes(), batch_size(group), group.trials)
    return specification.fitted(shape, register_bytes(), lanes)


def _batches_of(group: Group) -> str:
    if group.own_orders:
        return group.batch.order
    return "shared" if group.batched else "full"


def train(
    group: Group,
    index: NDArray[np.int64],
    *,
    lanes: int | None = None,
    since: Trained | None = None,
) -> Trained:
    """Train the trials at these positions of a group's grid.

    Safe to call from several threads at once: Python's global lock is released while the kernel
    runs. The result of a trial depends on the trial alone.

    Args:
        group: what the trials share.
        index: (n,) positions, in any order.
        lanes: networks trained side by side, a power of two; by default what suits the network.
        since: what the same trials gave when they were trained for fewer steps, as `can_extend`
            wants it: they go on from there, to the same bits as in one go.

    Raises:
        IndexError: a position is not on the grid.
        ValueError: lanes are not a power of two from 1 to 64.
    """
    with default_mode():
        return _train(group, index, shape_of(group, lanes), since)


def can_extend(group: Group, steps: int) -> bool:
    """Whether what training gave after `steps`, fewer than the group's, is enough to go on from.

    Not if no parameters are kept, if steps until there are recorded that were not before, or if
    a measure is of the second half. The
    schedule of the learning rates is no question here: where it depends on the number of steps,
    other numbers are other groups.
    """
    record = group.record
    before = [
        (longer[longer <= steps], shorter)
        for longer, shorter in (
            (record.loss_steps(group.steps), record.loss_steps(steps)),
            (record.parameter_steps(group.steps), record.parameter_steps(steps)),
        )
    ]
    kept = len(record.parameter_steps(steps)) > 0
    kept = kept and "lyapunov_exponent" not in record.measures
    return kept and all(bool(np.isin(wanted, held).all()) for wanted, held in before)


def _train(
    group: Group, index: NDArray[np.int64], shape: Shape, since: Trained | None = None
) -> Trained:
    with np.errstate(over="ignore"):  # beyond float32 lies infinity, and such a trial diverges
        block = Block(group, index, shape)
    kept, n, position = group.record.parameter_steps(group.steps), len(index), 0
    parameters = np.empty((n, len(kept), block.given.parameters.shape[0]), block.dtype)
    looks = block.loss_steps if group.validation is not None else kept
    steps = np.unique(np.concatenate([kept, looks, [group.steps]]))
    if since is not None:
        position = block.resume(since)
        done = kept[kept <= position]
        at = np.searchsorted(since.parameter_steps, done)
        parameters[:, : len(done)] = since.parameters[:, at]
        steps = steps[steps > position]
    for step in steps.tolist():
        block.advance(position, step)
        position = step
        if step in kept:
            parameters[:, np.searchsorted(kept, step)] = block.given.parameters[:, :n].T
        if group.validation is not None:
            block.validate(step)
    return block.results(kept, parameters)


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
    batch = replace(group.batch, measured="by epochs")  # what a step sees is its batch
    group = replace(group, record=Record("every step", "final"), batch=batch)
    with default_mode(), np.errstate(over="ignore"):  # as `train`
        block = Block(group, np.array([position]), shape_of(group))
        found, before = [], 0
        for step in steps:
            block.advance(before, step)
            before = step
            found.append(_look(block, step))
    return found


def _look(block: Block, step: int) -> Instant:
    count = len(block.given.parameters)
    so_far = block.results(np.empty(0, np.int64), np.empty((1, 0, count), block.dtype))
    kept = block.given.state[: OPTIMIZERS[block.shape.optimizer].kept_each * count, 0].reshape(
        -1, count
    )
    return Instant(
        step=step,
        loss=float((so_far.batch_losses if block.group.batched else so_far.losses)[0, step]),
        parameters=block.given.parameters[:, 0].copy(),
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
