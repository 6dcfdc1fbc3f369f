import numpy as np
import pytest

from . import naive
from .philox import initial_parameters
from .precise import Oracle
from .problem import COURSE_RATES, COURSE_WEIGHTS, PROBLEMS, STEP_BY_STEP, Problem, course

# Some ten float64 roundings of a gradient's largest part.
ROUNDING = 3e-15


@pytest.fixture(params=PROBLEMS)
def problem(request: pytest.FixtureRequest) -> Problem:
    return PROBLEMS[request.param]


@pytest.fixture
def parameters(problem: Problem) -> np.ndarray:
    drawn = [float(x) for x in initial_parameters(problem, "normal", seed=2)]
    return np.array(drawn) + 0.125  # biases other than 0


def test_loss_and_gradient(problem: Problem, parameters: np.ndarray) -> None:
    losses, (expected,) = Oracle(problem).at(parameters[None])
    assert naive.loss(problem, parameters) == pytest.approx(losses[0], rel=ROUNDING)
    found = naive.gradient(problem, parameters)
    np.testing.assert_allclose(found, expected, rtol=0, atol=ROUNDING * abs(expected).max())


def test_complex_step(problem: Problem, parameters: np.ndarray) -> None:
    expected = naive.gradient(problem, parameters)
    found = naive.complex_step_gradient(problem, parameters)
    np.testing.assert_allclose(found, expected, rtol=0, atol=ROUNDING * abs(expected).max())


def test_finite_differences(problem: Problem, parameters: np.ndarray) -> None:
    steps = 1e-5 * np.eye(len(parameters))
    ahead, behind = (
        np.array([naive.loss(problem, parameters + sign * row) for row in steps])
        for sign in (1, -1)
    )
    # a central difference is off by step^2 and by a rounding over the step, 1e-11 or so
    found = (ahead - behind) / 2e-5
    np.testing.assert_allclose(found, naive.gradient(problem, parameters), rtol=0, atol=1e-9)


def test_packing(problem: Problem, parameters: np.ndarray) -> None:
    layers = naive.unpack(problem, parameters)
    np.testing.assert_array_equal(naive.pack(problem, layers), parameters)


@pytest.mark.parametrize("rate", COURSE_RATES)
def test_trajectory(rate: float) -> None:
    losses, parameters = naive.descend(course(), COURSE_WEIGHTS, 1000, (rate, rate))
    expected = Oracle(course(), digits=25).descend(COURSE_WEIGHTS, 1000, (rate, rate))
    # a thousand steps add up their roundings; 1e-12 leaves room for all of one sign
    np.testing.assert_allclose(losses, expected.losses, rtol=1e-12)
    np.testing.assert_allclose(parameters, expected.parameters, rtol=1e-12)


def test_published_loss_of_a_long_run() -> None:
    """The published 3.51085e-5 "after 10,000" is that of 9,999: its script counts from 0."""
    problem = course(bias=True)
    losses, _ = naive.descend(problem, STEP_BY_STEP, 10_000, (0.5, 0.5), (0.0, 0.0))
    assert losses[9_999:] == pytest.approx([3.51085e-5, 3.51019e-5], abs=5e-11)
