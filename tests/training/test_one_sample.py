"""Steps of one sample and plain descent: parameters change on the way back, without gradients."""

import numpy as np
import pytest

from sweep.study import Group
from sweep.training.learning import steps_at_once
from sweep.training.trainer import shape_of, train

from .groups import every_trial, expected_of, group

STUDY = """
[network]
layers = [3, 4, 2]
activation = ['tanh', 'sigmoid']
bias = true
[data]
inputs = [[0.3, -1.2, 0.7], [-0.4, 0.9, 0.1], [1.1, 0.2, -0.8]]
targets = [[0.2, 0.7], [0.9, 0.1], [0.4, 0.3]]
[initial]
scheme = 'xavier'
seed = 5
[training]
steps = 12
[batch]
size = 1
[record]
parameters = 'every step'
"""
RATES = ["axes.learning_rate=[0.3, 0.1]", "axes.learning_rate.1=[0.2]"]
BIAS_RATES = ["axes.bias_learning_rate=[0.05, 0.4]"]
# Options that a kernel is compiled with or without, each next to the value that does nothing.
OPTIONS = {
    "plain": [],
    "multiplied": ["axes.network.multiplier=[1, -1.5]"],
    "decayed": ["axes.weight_decay=[0, 0.25]"],
    "clipped": ["axes.clip_norm=[inf, 0.05]"],
    "all of it": [
        "axes.network.multiplier=[1, -1.5]",
        "axes.weight_decay=[0, 0.25]",
        "axes.clip_norm=[inf, 0.05]",
        "schedule={ name='exponential', gamma=0.9 }",
    ],
    "all of it without biases": [
        "network.bias=false",
        "network.multiplier=0.75",
        "axes.weight_decay=[0, 0.25]",
        "axes.clip_norm=[inf, 0.05]",
    ],
    "all of it, too large for registers": [
        "network.layers=[3, 17, 9, 2]",
        "network.activation=['tanh', 'silu', 'sigmoid']",
        "axes.network.multiplier.1=[1, -1.5]",
        "axes.weight_decay=[0, 0.25]",
        "axes.clip_norm=[inf, 0.05]",
    ],
}


def follow_the_oracle(study: Group) -> None:
    assert steps_at_once(shape_of(study))
    found = train(study, every_trial(study))
    for trial in every_trial(study):
        losses, parameters = expected_of(study, trial, found.parameters[trial, 0])
        # twelve steps of numbers about 1, some roundings each
        ours = found.batch_losses if study.batched else found.losses
        np.testing.assert_allclose(ours[trial], losses, rtol=1e-13)
        np.testing.assert_allclose(found.parameters[trial], parameters, rtol=0, atol=1e-13)


@pytest.mark.quick("all of it", "all of it, too large for registers")
@pytest.mark.parametrize("edits", OPTIONS.values(), ids=OPTIONS)
def test_every_option_is_the_oracles(edits: list[str]) -> None:
    rates = RATES if "network.bias=false" in edits else RATES + BIAS_RATES
    follow_the_oracle(group(STUDY, *rates, *edits))


@pytest.mark.check
def test_an_order_of_each_trials_own() -> None:
    follow_the_oracle(group(STUDY, *RATES, *OPTIONS["clipped"], "axes.batch_seed=[1, 2]"))
