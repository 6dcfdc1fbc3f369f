"""The worked example, to be edited by overrides."""

from pathlib import Path

import pytest

from sweep.errors import RequestError
from sweep.study import Group, Study, parse_study

COURSE = """\
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
learning_rate = [0.1, 0.2]
"""
DRAWN = 'initial={ scheme="uniform" }'
BIASED = "network.bias=true"
EVERYTHING = [
    'initial={ scheme="xavier", offset=[0.5, 0] }',
    BIASED,
    "data={ inputs=[[1, 2], [3, 4], [5, 6]], targets=[[1, 0], [0, 1], [1, 1]] }",
    "validation={ inputs=[[1, 1], [2, 2]], targets=[[1, 0], [0, 1]] }",
    'network.activation=["gelu", "softmax"]',
    'network.loss="softmax_cross_entropy"',
    "network.multiplier=[0.5, 2]",
    'training.optimizer="adamw"',
    'training.stop="either"',
    "training.beta1=0.5",
    'schedule={ name="cosine", warmup=10 }',
    "batch={ size=2 }",
    "axes={ learning_rate=[0.1, 0.2] }",
    "axes.batch_seed=[1, 2]",
    "axes.clip_norm=[1, inf]",
    "axes.network.multiplier.1=[1, 2]",
]
"""Edits that use every table of a study."""


def course(*overrides: str) -> Study:
    return parse_study(COURSE, "course", Path(), overrides)


def group(*overrides: str) -> Group:
    (only,) = course(*overrides).groups()
    return only


def refused(*overrides: str) -> str:
    """What is said against the worked example so edited: always one printable line."""
    with pytest.raises(RequestError) as error:
        course(*overrides)
    message = str(error.value)
    assert message.isprintable()
    return message
