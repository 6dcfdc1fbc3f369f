"""The kernel against mpmath and NumPy: the worked example, and what is special about a kernel.

Random networks are in `test_gradients`. Where a gradient is meant, it is the kernel's own; see
`groups.gradients`.
"""

from functools import cache

import numpy as np
import pytest

from sweep.study import Group
from sweep.training.trained import Trained
from sweep.training.trainer import shape_of, train

from ..oracles.precise import Oracle, Trajectory
from ..oracles.problem import COURSE_RATES, COURSE_WEIGHTS, STEP_BY_STEP
from .groups import course, every_trial, expected_of, gradients, problem_of

SIX_RATES = range(len(COURSE_RATES))


@cache
def six_runs() -> tuple[Group, Trained]:
    """The worked example: 1,000 steps at each of the six rates, every step's weights kept."""
    study = course("record.parameters='every step'")
    return study, train(study, every_trial(study))


@cache
def precise_run(rate: float) -> Trajectory:
    return Oracle(problem_of(course())).descend(COURSE_WEIGHTS, 1000, (rate, rate))


@pytest.mark.parametrize("trial", SIX_RATES)
def test_every_gradient_of_every_step(trial: int) -> None:
    """To 1e-13 of the largest of the eight, at the kernel's own weights of each of 1,001 steps."""
    study, run = six_runs()
    weights = run.parameters[trial]
    losses, slopes = gradients(study, weights)
    exact_losses, exact = Oracle(problem_of(study), digits=25).at(weights)
    largest = np.abs(exact).max(axis=1, keepdims=True)
    assert (np.abs(slopes - exact) <= 1e-13 * largest).all()
    np.testing.assert_allclose(losses, exact_losses, rtol=1e-13, atol=0)
    # They are what was trained with: eta g is rounded three times at most, and w - eta g once.
    np.testing.assert_array_equal(run.losses[trial], losses)
    change = COURSE_RATES[trial] * slopes[:-1]
    allowed = 2.0**-53 * (4 * np.abs(change) + 2 * np.abs(weights[1:]))
    assert (np.abs(weights[1:] - (weights[:-1] - change)) <= allowed).all()


@pytest.mark.parametrize("trial", SIX_RATES)
def test_the_oracles_own_trajectory(trial: int) -> None:
    _, run = six_runs()
    exact = precise_run(COURSE_RATES[trial])
    np.testing.assert_allclose(run.losses[trial], exact.losses, rtol=1e-12, atol=0)
    np.testing.assert_allclose(run.parameters[trial], exact.parameters, rtol=0, atol=1e-12)


@pytest.mark.parametrize("trial", SIX_RATES)
def test_float32_follows_to_1e_5(trial: int) -> None:
    study = course("training.dtype='float32'")
    run, exact = train(study, every_trial(study)), precise_run(COURSE_RATES[trial])
    assert run.losses.dtype == run.parameters.dtype == np.float32
    np.testing.assert_allclose(run.losses[trial], exact.losses, rtol=1e-5, atol=0)
    np.testing.assert_allclose(run.parameters[trial, -1], exact.parameters[-1], rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("edits", "initial_loss"),
    [([], 0.2425198573), (["data.targets=[[0.5, 0.5]]"], 0.0141813779)],
)
def test_known_losses_before_any_step(edits: list[str], initial_loss: float) -> None:
    """Published to ten places (targets 0.01 and 0.99, then 0.5 and 0.5), truncated there."""
    study = course(*edits)
    run = train(study, every_trial(study))
    assert (np.abs(run.measures["initial_loss"] - initial_loss) < 1e-10).all()


def test_the_step_by_step_example() -> None:
    """M. Mazur, "A step by step backpropagation example", 2015; biases are not updated.

    The digits that he prints, but for the loss after one step: his 0.291027924 is had only if the
    first layer's gradients are taken at the second layer's new weights, which contradicts the new
    weights that he prints. His 0.0000351085 is the loss that the 10,000th pass sees.
    """
    study = course(
        "network.bias=true",
        "initial.biases=[[0.35, 0.35], [0.60, 0.60]]",
        "training.bias_learning_rate=0",
        "training.steps=10000",
        "axes.learning_rate=[0.5]",
        "record.parameters='every 1'",
    )
    run = train(study, np.array([0]))
    assert abs(run.losses[0, 0] - 0.298371109) < 5e-10
    assert abs(run.losses[0, 1] - 0.291027774) < 5e-10
    assert abs(run.losses[0, 9_999] - 3.51085e-5) < 5e-11
    first = [0.149780716, 0.19956143, 0.24975114, 0.29950229, 0.35, 0.35]
    second = [0.35891648, 0.408666186, 0.511301270, 0.561370121, 0.60, 0.60]
    np.testing.assert_allclose(run.parameters[0, 1], first + second, rtol=0, atol=5e-9)
    exact = Oracle(problem_of(study)).descend(STEP_BY_STEP, 100, (0.5, 0.5), (0.0, 0.0))
    np.testing.assert_allclose(run.losses[0, :101], exact.losses, rtol=1e-13, atol=0)


@pytest.mark.check
def test_a_network_too_large_for_registers() -> None:
    """Its samples go through it in tiles, and what it computes lies in the workspace."""
    generator = np.random.default_rng(0)
    study = course(
        "network.layers=[16, 16, 1]",
        "network.activation=['tanh', 'sigmoid']",
        f"data.inputs={generator.normal(size=(3, 16)).tolist()}",
        "data.targets=[[0.2], [0.9], [0.4]]",
        "initial={scheme='xavier'}",
        "training.steps=10",
        "axes={seed=[1, 2, 3], learning_rate=[0.05]}",
        "record.parameters='every step'",
    )
    assert not shape_of(study, lanes=16).network.unrolled
    run = train(study, every_trial(study), lanes=16)
    losses, parameters = expected_of(study, 2, run.parameters[2, 0])
    # ten steps of numbers about 1, some roundings each
    np.testing.assert_allclose(run.losses[2], losses, rtol=1e-13, atol=0)
    np.testing.assert_allclose(run.parameters[2], parameters, rtol=0, atol=1e-13)
