"""Every optimizer, with weight decay and clipping, against the oracle's and PyTorch's own."""

from dataclasses import replace
from functools import cache
from itertools import product

import numpy as np
import pytest

from sweep.catalogue import OPTIMIZERS
from sweep.study import Group
from sweep.training.trained import Trained
from sweep.training.trainer import train

from ..oracles import problem
from ..oracles.peers import peer
from .arrays import bits_of
from .groups import descent_of, every_trial, expected_of, group, problem_of

# Of weights about 1 in 20 steps: some roundings each, and see `EPSILONS`.
TOLERANCES = {"float64": 1e-12, "float32": 1e-5}
optimizers = pytest.mark.parametrize("optimizer", OPTIMIZERS)


def cases(*short: tuple[str, str]) -> pytest.MarkDecorator:
    """Every optimizer and dtype; all but those of `short` in the long profile, for compile time."""
    params = [
        pytest.param(*case, marks=[] if case in short else pytest.mark.soak)
        for case in product(OPTIMIZERS, TOLERANCES)
    ]
    return pytest.mark.parametrize(("optimizer", "dtype"), params)


STUDY = """
[network]
layers = [3, 4, 2]
activation = ['tanh', 'sigmoid']
bias = true
[data]
inputs = [[0.3, -1.2, 0.7], [-0.4, 0.9, 0.1], [1.1, 0.2, -0.8], [0.0, 0.5, -0.3], [0.6, -0.2, 0.4]]
targets = [[0.2, 0.7], [0.9, 0.1], [0.4, 0.3], [0.1, 1.0], [0.5, 0.0]]
[initial]
scheme = 'xavier'
seed = 5
[training]
steps = 20
learning_rate = 0.02
[record]
parameters = 'every step'
"""
# An optimizer's numbers: the usual, another, and one that makes the rule a simpler one.
VALUES = {
    "momentum": [0.9, 0.5, 0.0],
    "alpha": [0.99, 0.5, 0.0],
    "beta1": [0.9, 0.0],
    "beta2": [0.999, 0.5],
}
# Of what rounding leaves in a gradient g, 20 adaptive steps at 0.02 make 0.4 / (|g| + epsilon) as
# much. Gradients reach 0.04 here and are uncertain by 1e-17 in float64: within the tolerance where
# |g| is above 4e-6, and here all are. In float32 it is 5e-9, and epsilon ten times what that needs.
EPSILONS = {"float64": [1e-8, 0.1], "float32": [0.01, 0.1]}
USUAL_DECAY = {"adamw": 0.01}


def plain(optimizer: str, *edits: str) -> Group:
    return group(STUDY, f"training.optimizer='{optimizer}'", *edits)


@cache
def swept(optimizer: str, dtype: str) -> tuple[Group, Trained]:
    """All combinations of an optimizer's numbers, with decay and without, clipped and not."""
    axes = {name: VALUES[name] for name in OPTIMIZERS[optimizer].numbers if name != "epsilon"}
    axes |= {"clip_norm": [np.inf, 0.05], "learning_rate": [0.02, 0.001]}
    axes["weight_decay"] = [0.0, 0.25, *([0.01] if optimizer in USUAL_DECAY else [])]
    axes |= {"epsilon": EPSILONS[dtype]} if "epsilon" in OPTIMIZERS[optimizer].numbers else {}
    edits = [f"axes.{name}={values}" for name, values in axes.items()]
    study = plain(optimizer, f"training.dtype='{dtype}'", *edits)
    return study, train(study, every_trial(study))


@pytest.mark.quick("momentum-float64", "rmsprop-float64", "adamw-float64", "adam-float32")
@cases(*product(OPTIMIZERS, ["float64"]), ("adam", "float32"))
def test_trajectories(optimizer: str, dtype: str) -> None:
    study, run = swept(optimizer, dtype)
    for trial in every_trial(study):
        initial = run.parameters[trial, 0].astype(np.float64)
        losses, parameters = expected_of(study, trial, initial)
        tolerance = TOLERANCES[dtype]
        np.testing.assert_allclose(run.losses[trial], losses, rtol=tolerance)
        np.testing.assert_allclose(run.parameters[trial], parameters, rtol=0, atol=tolerance)


@pytest.mark.check
@pytest.mark.parametrize("optimizer", [row.name for row in OPTIMIZERS.values() if row.torch])
def test_pytorchs_own(optimizer: str) -> None:
    torch, (study, run) = peer("torch"), swept(optimizer, "float64")
    trials, columns = study.lanes(every_trial(study)), study.columns(every_trial(study))
    for trial in every_trial(study)[:: max(1, study.trials // 8)]:
        if optimizer == "nesterov" and columns["momentum"][trial] == 0:
            continue  # which PyTorch refuses
        rates = trials.weight_rates[:, trial], trials.bias_rates[:, trial]
        losses, parameters = torch.descend(
            problem_of(study, trial), run.parameters[trial, 0], 20, *rates, descent_of(study, trial)
        )
        tolerance = TOLERANCES["float64"]
        np.testing.assert_allclose(run.losses[trial], losses, rtol=tolerance)
        np.testing.assert_allclose(run.parameters[trial], parameters, rtol=0, atol=tolerance)


@optimizers
def test_defaults_are_pytorchs(optimizer: str) -> None:
    found = descent_of(plain(optimizer))
    decay = USUAL_DECAY.get(optimizer, 0.0)
    expected = problem.Descent(optimizer, weight_decay=decay, factors=(1.0,) * 20)
    assert found == expected


@pytest.mark.quick("momentum-float64")
@cases(("momentum", "float64"), ("adamw", "float32"))
def test_what_does_nothing_may_be_left_out(optimizer: str, dtype: str) -> None:
    """Without decay and clipping the kernel has no code for them; the bits are the same."""
    study, run = swept(optimizer, dtype)
    columns = study.columns(every_trial(study))
    neutral = (columns["weight_decay"] == 0) & (columns["clip_norm"] == np.inf)
    trial = np.flatnonzero(neutral)[-1]
    numbers = {name: columns[name][trial] for name in columns if name != "clip_norm"}
    edits = [f"training.{name}={value}" for name, value in numbers.items()]
    alone = plain(optimizer, f"training.dtype='{dtype}'", *edits)
    assert not alone.decayed
    assert not alone.clipped
    assert study.decayed
    assert study.clipped
    bits = bits_of(train(alone, np.array([0])).parameters[0])
    np.testing.assert_array_equal(bits, bits_of(run.parameters[trial]))


@pytest.mark.quick("momentum", "rmsprop", "adamw")
@optimizers
def test_keeping_parameters_changes_nothing(optimizer: str) -> None:
    """Where parameters are kept the kernel is left and entered again, state and all."""
    study, each = swept(optimizer, "float64")
    final = replace(study, record=replace(study.record, parameters="final"))
    found = train(final, every_trial(study))
    np.testing.assert_array_equal(found.parameters[:, 0], each.parameters[:, -1])
    np.testing.assert_array_equal(found.losses, each.losses)
    np.testing.assert_array_equal(found.optimizer_state, each.optimizer_state)
    row = OPTIMIZERS[optimizer]
    kept = 26 * row.kept_each + row.kept_whole
    assert found.optimizer_state.shape == (study.trials, kept)
