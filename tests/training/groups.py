"""Studies for tests of training, as short as the test needs them."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from sweep.study import Group, LaneInputs, parse_study
from sweep.training.block import Block
from sweep.training.specification import INITIAL
from sweep.training.trainer import shape_of

from ..oracles import naive
from ..oracles.orders import batches
from ..oracles.problem import COURSE_RATES, Descent, Problem
from ..oracles.schedules import factors
from .arrays import Array

COURSE = f"""\
[network]
layers = [2, 2, 2]
[data]
inputs = [[0.05, 0.10]]
targets = [[0.01, 0.99]]
[initial]
weights = [[[0.15, 0.20], [0.25, 0.30]], [[0.40, 0.45], [0.50, 0.55]]]
[training]
steps = 1000
[axes]
learning_rate = {list(COURSE_RATES)}
"""


def group(text: str = COURSE, *overrides: str) -> Group:
    """The one group of a study, edited by overrides as on the command line."""
    (only,) = parse_study(text, "test", Path(), overrides).groups()
    return only


def course(*overrides: str) -> Group:
    return group(COURSE, *overrides)


def every_trial(group: Group) -> np.ndarray:
    return np.arange(group.trials)


def initial_parameters(group: Group, index: Array | None = None, lanes: int = 8) -> Array:
    """(n, P): what the trials start from; nothing is trained and only the draw is compiled."""
    index = every_trial(group) if index is None else index
    block = Block(group, index, shape_of(group, lanes))
    return block.given.parameters[:, : len(index)].T.copy()


def problem_of(group: Group, trial: int = 0) -> Problem:
    """What the oracles know a trial's network and data as."""
    network, multipliers = group.network, _lane(group, trial).multipliers[:, 0]
    return Problem(
        tuple(network.layers),
        tuple(network.activations),
        network.bias,
        network.loss,
        _rows(group.data.inputs),
        _rows(group.data.targets),
        tuple(multipliers.tolist()),
    )


def validation_of(group: Group, trial: int = 0) -> Problem:
    """The same network with the data to validate on."""
    data = group.validation
    assert data is not None
    inputs, targets = _rows(data.inputs), _rows(data.targets)
    return replace(problem_of(group, trial), inputs=inputs, targets=targets)


def descent_of(group: Group, trial: int = 0) -> Descent:
    """What the oracles know a trial's optimizer, schedule and batches as."""
    lane, schedule = _lane(group, trial), group.schedule
    numbers = {"every": schedule.every, "gamma": schedule.gamma, "final": schedule.final}
    return Descent(
        group.training.optimizer,
        **{name: float(values[0]) for name, values in lane.hyper.items()},
        factors=factors(schedule.name, group.steps, warmup=schedule.warmup, **numbers),
        batches=_batches(group, int(lane.batch_seeds[0])),
    )


def _batches(group: Group, seed: int) -> tuple[tuple[int, ...], ...]:
    """The samples of each step, that of the last loss included; none where it is always all."""
    batch = group.batch
    if batch.table is not None:
        return tuple(map(tuple, batch.table.tolist()))
    if batch.size is None:
        return ()
    return batches(batch.order, seed, len(group.data.inputs), batch.size, group.steps + 1)


def expected_of(group: Group, trial: int, initial: Array) -> tuple[Array, Array]:
    """Losses (steps + 1,) and parameters (steps + 1, P) of a trial, by the oracle in NumPy."""
    lane, problem = _lane(group, trial), problem_of(group, trial)
    rates = lane.weight_rates[:, 0], lane.bias_rates[:, 0]
    return naive.descend(problem, initial, group.steps, *rates, descent_of(group, trial))


def _lane(group: Group, trial: int) -> LaneInputs:
    return group.lanes(np.array([trial]))


def _rows(array: Array) -> tuple[tuple[float, ...], ...]:
    return tuple(map(tuple, array.tolist()))


def gradients(group: Group, weights: Array, lanes: int | None = None) -> tuple[Array, Array]:
    """Losses (n,) and gradients (n, P) at weights (n, P), to the last bit, from the kernel itself.

    It takes one step at the rate 2^200 (2^64 in float32), so large that w - rate * gradient rounds
    to - rate * gradient: a power of two scales without rounding, so this is the very gradient that
    the kernel multiplies by its rate. The difference of two steps of a run would have lost most of
    its digits to cancellation, and a kernel compiled for the test would not be the one that ships.
    Where a gradient is exactly 0 the weight is left over, and counts 2^-200 of itself.
    """
    n, shape = len(weights), shape_of(group, lanes)
    block = Block(group, np.zeros(n, np.int64), shape)
    block.given.parameters[:] = weights[-1:].T
    block.given.parameters[:, :n] = weights.T
    rate = 2.0 ** {"float64": 200, "float32": 64}[shape.dtype]
    block.given.rates[:] = rate
    block.advance(0, 1)
    return block.given.extremes[INITIAL, :n].copy(), block.given.parameters[:, :n].T / -rate
