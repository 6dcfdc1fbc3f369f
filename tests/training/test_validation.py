"""Loss and accuracy on a second data set, at the recorded steps."""

import numpy as np
import pytest

from sweep.study import Group
from sweep.training.trained import Trained
from sweep.training.trainer import train

from ..oracles import naive
from .arrays import bits_of
from .groups import every_trial, group, validation_of

STUDY = """
[network]
layers = [2, 3, 3]
activation = ['tanh', 'softmax']
bias = true
loss = 'softmax_cross_entropy'
[data]
inputs = [[0.3, -1.2], [-0.4, 0.9], [1.1, 0.2]]
targets = [[1, 0, 0], [0, 0.4, 0.6], [0, 1, 0]]
[validation]
inputs = [[0.2, -1.0], [-0.5, 0.7], [1.3, 0.1], [-1.0, -1.0], [0.0, 2.0]]
targets = [[1, 0, 0], [0, 0.25, 0.75], [0, 1, 0], [0.5, 0.25, 0.25], [0, 0, 1]]
[initial]
scheme = 'xavier'
[training]
steps = 30
learning_rate = 0.5
[axes]
seed = [1, 2, 3, 4, 5, 6, 7, 8, 9]
[record]
loss = 'every step'
parameters = 'every step'
"""
ONE_OUTPUT = [
    "network.layers=[2, 3, 1]",
    "network.activation=['tanh', 'sigmoid']",
    "data.targets=[[1], [0], [0.25]]",
    "validation.targets=[[1], [0], [0.25], [0.25], [0.75]]",
]
LOSSES = [
    [],
    ["network.activation=['tanh', 'sigmoid']", "network.loss='binary_cross_entropy'"],
    ["network.activation=['relu', 'identity']", "network.loss='huber'"],
    [*ONE_OUTPUT, "network.loss='half_squared_error'"],
    [*ONE_OUTPUT, "network.loss='binary_cross_entropy'", "batch.size=2"],
    ["network.multiplier=[2, -0.5]", "training.dtype='float32'"],
]


def run(*edits: str) -> tuple[Group, Trained]:
    study = group(STUDY, *edits)
    return study, train(study, every_trial(study))


@pytest.mark.quick("edits0")
@pytest.mark.parametrize("edits", LOSSES)
def test_at_every_step(edits: list[str]) -> None:
    study, found = run(*edits)
    tolerance = {"float64": 1e-13, "float32": 1e-5}[study.training.dtype]  # some roundings
    for trial in every_trial(study):
        problem = validation_of(study, trial)
        weights = found.parameters[trial].astype(np.float64)
        losses = [naive.loss(problem, w) for w in weights]
        np.testing.assert_allclose(found.validation_losses[trial], losses, rtol=tolerance)
        shares = [naive.accuracy(problem, w) for w in weights]
        np.testing.assert_allclose(found.validation_accuracies[trial], shares, rtol=1e-7)
    assert len(np.unique(found.validation_accuracies)) > 2


@pytest.mark.parametrize("recorded", ["every 7", "log 9", "nothing"])
def test_at_the_recorded_steps(recorded: str) -> None:
    _, whole = run()
    edits = ["validation={}"] if recorded == "nothing" else []
    _, found = run(f"record.loss='{recorded}'", *edits)
    for name in ("validation_losses", "validation_accuracies"):
        ours, theirs = getattr(found, name), getattr(whole, name)
        np.testing.assert_array_equal(ours, theirs[:, found.loss_steps], name)


@pytest.mark.quick("edits0")
@pytest.mark.parametrize("edits", [[], ["batch.size=2"], ["training.optimizer='adam'"]])
def test_nothing_else_changes(edits: list[str]) -> None:
    _, found = run(*edits)
    without = STUDY.replace("[validation]", "[other]")
    start, end = without.index("[other]"), without.index("[initial]")
    study = group(without[:start] + without[end:], *edits)
    plain = train(study, every_trial(study))
    assert plain.validation_losses.shape == plain.validation_accuracies.shape == (9, 0)
    for name in ("losses", "parameters", "recent_losses"):
        np.testing.assert_array_equal(
            bits_of(getattr(found, name)), bits_of(getattr(plain, name)), name
        )


TIES = """
[network]
layers = [1, 2]
activation = 'identity'
[data]
inputs = [[1]]
targets = [[0, 0]]
[validation]
inputs = [[1], [2], [0]]
targets = [[1, 0], [0, 1], [1, 1]]
[initial]
weights = [[[0.5], [0.5]]]
[training]
steps = 3
learning_rate = 0
"""


def test_the_first_of_equal_outputs_and_targets_counts() -> None:
    study = group(TIES)
    found = train(study, np.array([0]))
    np.testing.assert_allclose(found.validation_accuracies[0], 2 / 3, rtol=1e-15)


@pytest.mark.parametrize("weight", [0.5, 0.50000001, -1.0])
def test_one_output_is_on_a_side_of_the_middle_of_the_targets(weight: float) -> None:
    """Outputs w and 2w, the middle is 0.5 as the targets of validation have it; above is above."""
    study = group(
        TIES,
        "network.layers=[1, 1]",
        "data.targets=[[100]]",
        "validation={ inputs = [[1], [2]], targets = [[0], [1]] }",
        f"initial.weights=[[[{weight}]]]",
    )
    found = train(study, np.array([0]))
    expected = {0.5: 1.0, 0.50000001: 0.5, -1.0: 0.5}[weight]
    assert found.validation_accuracies[0].tolist() == [expected] * 4


@pytest.mark.parametrize("sizes", ["[1, 2]", "[1, 1]"])
def test_outputs_that_are_no_numbers_have_no_accuracy(sizes: str) -> None:
    targets = "[[1, 0], [1, 0]]" if sizes == "[1, 2]" else "[[1], [0]]"
    study = group(
        TIES,
        f"network.layers={sizes}",
        f"data.targets={'[[0, 0]]' if sizes == '[1, 2]' else '[[0]]'}",
        f"validation={{ inputs = [[1], [2]], targets = {targets} }}",
        f"initial.weights={'[[[0.5], [0.5]]]' if sizes == '[1, 2]' else '[[[0.5]]]'}",
        "training.learning_rate=1e300",
        "training.steps=20",
    )
    found = train(study, np.array([0]))
    assert np.isnan(found.validation_losses[0, -1])
    assert np.isnan(found.validation_accuracies[0, -1])
    assert np.isnan(found.final_validation["validation_accuracy"][0])
