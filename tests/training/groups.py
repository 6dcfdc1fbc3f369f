"""Studies for tests of training, as short as the test needs them."""

from pathlib import Path
from typing import Any

import numpy as np

from sweep.study import Group, parse_study
from sweep.training.trainer import _Block, shape_of

from ..oracles.problem import COURSE_RATES, Problem
from .compiled import Array

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
