"""Studies for tests of training, as short as the test needs them."""

from pathlib import Path
from typing import Any

import numpy as np

from sweep.study import Group, parse_study
from sweep.training.layout import INITIAL
from sweep.training.trainer import _Block, shape_of

from ..oracles.problem import COURSE_RATES, Problem
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
    block = _Block(group, index, shape_of(group, lanes))
    return block.parameters[:, : len(index)].T.copy()


def problem_of(group: Group) -> Problem:
    """What the oracles know a group's network and data as."""

    def rows(array: Any) -> tuple[tuple[float, ...], ...]:
        return tuple(map(tuple, array.tolist()))

    network, data = group.network, group.data
    return Problem(
        tuple(network.layers),
        tuple(network.activations),
        network.bias,
        network.loss,
        rows(data.inputs),
        rows(data.targets),
    )


def gradients(group: Group, weights: Array, lanes: int | None = None) -> tuple[Array, Array]:
    """Losses (n,) and gradients (n, P) at weights (n, P), to the last bit, from the kernel itself.

    It takes one step at the rate 2^200 (2^64 in float32), so large that w - rate * gradient rounds
    to - rate * gradient: a power of two scales without rounding, so this is the very gradient that
    the kernel multiplies by its rate. The difference of two steps of a run would have lost most of
    its digits to cancellation, and a kernel compiled for the test would not be the one that ships.
    Where a gradient is exactly 0 the weight is left over, and counts 2^-200 of itself.
    """
    n, shape = len(weights), shape_of(group, lanes)
    block = _Block(group, np.zeros(n, np.int64), shape)
    block.parameters[:] = weights[-1:].T
    block.parameters[:, :n] = weights.T
    rate = 2.0 ** {"float64": 200, "float32": 64}[shape.dtype]
    block.rates[:] = rate
    block.advance(0, 1)
    return block.extremes[INITIAL, :n].copy(), block.parameters[:, :n].T / -rate
