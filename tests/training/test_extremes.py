"""Numbers beyond all numbers in training: what they reach, and what must not hide them."""

import numpy as np
import pytest

from sweep.training.trained import Trained
from sweep.training.trainer import train

from .groups import every_trial, expected_of, group

STUDY = """
[network]
layers = [1, 1, 2]
activation = 'identity'
[data]
inputs = [[1]]
targets = [[0.25, 0.75]]
[initial]
weights = [[[1]], [[1], [1]]]
[training]
steps = 2
learning_rate = 0.1
[record]
parameters = 'every step'
"""
# A second sample that is the first again adds nothing, but a step is no longer of one sample.
samples = pytest.mark.parametrize("count", [1, 2])


def data(count: int, x: float) -> str:
    return f"data={{ inputs={[[x]] * count}, targets={[[0.25, 0.75]] * count} }}"


def run(*edits: str) -> Trained:
    study = group(STUDY, *edits)
    return train(study, every_trial(study))


@pytest.mark.quick("2")
@samples
def test_no_decay_of_an_infinite_weight(count: int) -> None:
    """A relu that is off for good has gradients of 0; 0 times infinity is not added to them."""
    edits = [data(count, 1), "network.activation=['relu', 'identity']", "training.steps=4"]
    edits += ["training.learning_rate=[1e300, 0]", "initial.weights=[[[1e10]], [[1], [1]]]"]
    alone, among = run(*edits), run(*edits, "axes.weight_decay=[0, 0.1]")
    assert alone.parameters[0, 1:].tolist() == [[-np.inf, 1, 1]] * 4
    np.testing.assert_array_equal(among.parameters[0], alone.parameters[0])


@pytest.mark.quick("2")
@samples
def test_a_norm_that_is_no_number_leaves_no_parameter_one(count: int) -> None:
    """As PyTorch's clip_grad_norm_ has it; without a bound an output's trouble stays its own."""
    edits = ["network.layers=[1, 2]", "initial.weights=[[[1], [1.5e308]]]", data(count, 2)]
    found = run(*edits, "training.learning_rate=1", "axes.clip_norm=[0.05, inf]")
    clipped, free = found.parameters[:, -1]
    assert np.isnan(clipped).all()
    assert np.isfinite(free[0])
    assert not np.isfinite(free[1])


SOFTMAX = """
[network]
layers = [1, 3]
activation = 'softmax'
[data]
inputs = [[1], [0.001]]
targets = [[0, 0, 1], [0.25, 0.5, 0.25]]
[initial]
weights = [[[800], [30], [-800]]]
[training]
steps = 3
learning_rate = 0.125
[record]
parameters = 'every step'
"""


@pytest.mark.quick("-softmax_cross_entropy")
@pytest.mark.parametrize("loss", ["softmax_cross_entropy", "half_squared_error"])
@pytest.mark.parametrize("targets", ["", "data.targets=[[2, 1, 0.5], [0, 0.25, 0.125]]"])
def test_softmax_of_large_logits(loss: str, targets: str) -> None:
    """Neither e^800 nor log(e^-1600) is a number of the format; targets need not sum to 1."""
    study = group(SOFTMAX, f"network.loss='{loss}'", *filter(None, [targets]))
    found = train(study, np.array([0]))
    losses, parameters = expected_of(study, 0, found.parameters[0, 0])
    np.testing.assert_allclose(found.losses[0], losses, rtol=1e-13)
    np.testing.assert_allclose(found.parameters[0], parameters, rtol=1e-13)
