from dataclasses import replace

import numpy as np
import pytest

from . import naive
from .philox import initial_parameters
from .precise import Oracle
from .problem import (
    ACTIVATIONS,
    COURSE_RATES,
    COURSE_WEIGHTS,
    DESCENTS,
    LOSSES,
    OPTIMIZERS,
    PROBLEMS,
    STEP_BY_STEP,
    Problem,
    course,
)

# Some ten float64 roundings of a gradient's largest part.
ROUNDING = 3e-15
COMPLEX = {name: problem for name, problem in PROBLEMS.items() if problem.takes_complex}


@pytest.fixture(params=PROBLEMS)
def problem(request: pytest.FixtureRequest) -> Problem:
    return PROBLEMS[request.param]


@pytest.fixture
def parameters(problem: Problem) -> np.ndarray:
    return parameters_of(problem)


def parameters_of(problem: Problem) -> np.ndarray:
    drawn = [float(x) for x in initial_parameters(problem, "normal", seed=2)]
    return np.array(drawn) + 0.125  # biases other than 0


def test_the_problems_have_every_row() -> None:
    problems = PROBLEMS.values()
    assert {name for problem in problems for name in problem.activations} == set(ACTIVATIONS)
    assert {problem.loss for problem in problems} == set(LOSSES)
    assert {how.optimizer for how in DESCENTS.values()} == set(OPTIMIZERS)


def test_loss_and_gradient(problem: Problem, parameters: np.ndarray) -> None:
    losses, (expected,) = Oracle(problem).at(parameters[None])
    assert naive.loss(problem, parameters) == pytest.approx(losses[0], rel=ROUNDING)
    found = naive.gradient(problem, parameters)
    np.testing.assert_allclose(found, expected, rtol=0, atol=ROUNDING * abs(expected).max())


@pytest.mark.parametrize("problem", COMPLEX.values(), ids=COMPLEX)
def test_complex_step(problem: Problem) -> None:
    parameters = parameters_of(problem)
    expected = naive.gradient(problem, parameters)
    found = naive.complex_step_gradient(problem, parameters)
    np.testing.assert_allclose(found, expected, rtol=0, atol=ROUNDING * abs(expected).max())


def test_dual_numbers(problem: Problem, parameters: np.ndarray) -> None:
    expected = naive.gradient(problem, parameters)
    found = naive.dual_gradient(problem, parameters)
    np.testing.assert_allclose(found, expected, rtol=0, atol=ROUNDING * abs(expected).max())


def test_many_directions_are_taken_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    problem, weights = course(), np.array(COURSE_WEIGHTS)
    whole = naive.dual_gradient(problem, weights), naive.complex_step_gradient(problem, weights)
    monkeypatch.setattr(naive, "_NUMBERS_AT_ONCE", 24)
    parts = naive.dual_gradient(problem, weights), naive.complex_step_gradient(problem, weights)
    np.testing.assert_array_equal(parts, whole)


def test_finite_differences(problem: Problem, parameters: np.ndarray) -> None:
    steps = 1e-5 * np.eye(len(parameters))
    ahead, behind = (naive.loss(problem, parameters + sign * steps) for sign in (1, -1))
    # a central difference is off by step^2 and by a rounding over the step, 1e-10 or so
    found = (ahead - behind) / 2e-5
    np.testing.assert_allclose(found, naive.gradient(problem, parameters), rtol=0, atol=1e-9)


@pytest.mark.parametrize("gradient", [naive.gradient, naive.dual_gradient])
@pytest.mark.parametrize(
    ("name", "slope"), [("relu", 0.0), ("leaky_relu", 0.01), ("elu", 1.0), ("identity", 1.0)]
)
def test_slopes_at_a_kink(gradient: object, name: str, slope: float) -> None:
    problem = Problem((1, 1), (name,), True, "half_squared_error", ((1.0,),), ((-3.0,),))
    for zero in (0.0, -0.0):
        assert gradient(problem, np.array([zero, zero])).tolist() == [3 * slope] * 2


@pytest.mark.parametrize(
    "name", ["sigmoid", "softplus", "silu", "gelu", "gelu_tanh", "elu", "tanh"]
)
def test_far_out_activations_are_their_limits(name: str) -> None:
    problem = Problem((1, 1), (name,), True, "mean_squared_error", ((1.0,),), ((0.0,),))
    ends = [float(naive.outputs(problem, np.array([z, 0.0]))[0, 0]) for z in (-700.0, 700.0)]
    bounded = {"sigmoid": [0, 1], "tanh": [-1, 1], "elu": [-1, 700]}
    assert ends == pytest.approx(bounded.get(name, [0, 700]), abs=1e-300)
    assert np.isfinite(naive.gradient(problem, np.array([700.0, 0.0]))).all()


def test_logits_far_out_keep_their_losses() -> None:
    """-log A is z itself where A is 1 - 1e-400, or 1e-400 itself."""
    inputs, parameters = ((1.0,),), np.array([-900.0])
    problem = Problem((1, 1), ("sigmoid",), False, "binary_cross_entropy", inputs, ((1.0,),))
    assert naive.loss(problem, parameters) == 900.0
    assert naive.loss(replace(problem, targets=((0.0,),)), parameters) == 0.0
    problem = Problem((1, 2), ("softmax",), False, "softmax_cross_entropy", inputs, ((1.0, 0.0),))
    assert naive.loss(problem, np.array([-900.0, 0.0])) == 900.0


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


DESCENTS_OF_ALL = {name: how for name, how in DESCENTS.items() if not how.batches}


@pytest.mark.parametrize("how", DESCENTS_OF_ALL.values(), ids=DESCENTS_OF_ALL)
def test_every_way_down(how: naive.Descent) -> None:
    problem = PROBLEMS["tanh"]
    initial, rates = parameters_of(problem), ((0.1, 0.05), (0.02, 0.01))
    losses, parameters = naive.descend(problem, initial, 20, *rates, how)
    expected = Oracle(problem, digits=30).descend(initial, 20, *rates, how)
    # some roundings a step, of numbers about 1
    np.testing.assert_allclose(losses, expected.losses, rtol=1e-13)
    np.testing.assert_allclose(parameters, expected.parameters, rtol=0, atol=1e-13)


def test_batches_are_used_over_again() -> None:
    problem, how = PROBLEMS["tanh"], DESCENTS["batches"]
    initial = parameters_of(problem)
    losses, parameters = naive.descend(problem, initial, 4, (0.1, 0.1), None, how)
    seen = [[2, 0], [1, 3], [1, 1, 0], [2, 0], [1, 3]]
    expected = [naive.loss(problem.of(rows), w) for rows, w in zip(seen, parameters, strict=True)]
    assert losses.tolist() == expected
    assert naive.loss(problem.of([1, 1, 0]), initial) == pytest.approx(
        (2 * naive.loss(problem.of([1]), initial) + naive.loss(problem.of([0]), initial)) / 3
    )


@pytest.mark.parametrize(
    ("weights", "targets", "expected"),
    [
        ([1.0, 2.0], ((0.0, 1.0), (1.0, 0.0)), 0.5),  # outputs (1, 2) and (3, 6)
        ([1.0, 1.0], ((1.0, 1.0), (0.3, 0.2)), 1.0),  # the first of equals
        ([np.nan, 1.0], ((1.0, 0.0), (1.0, 0.0)), 0.0),
        ([1.0], ((0.0,), (4.0,)), 1.0),  # outputs 1 and 3, the middle is 2
        ([1.0], ((2.0,), (8.0,)), 0.5),  # ... is 5
        ([1.0], ((1.0,), (1.0,)), 0.5),  # a target in the middle is not above it
        ([np.nan], ((0.0,), (1.0,)), 0.0),
    ],
)
def test_accuracy(
    weights: list[float], targets: tuple[tuple[float, ...], ...], expected: float
) -> None:
    sizes, inputs = (1, len(weights)), ((1.0,), (3.0,))
    problem = Problem(sizes, ("identity",), False, "mean_squared_error", inputs, targets)
    assert naive.accuracy(problem, np.array(weights)) == expected


def test_published_loss_of_a_long_run() -> None:
    """The published 3.51085e-5 "after 10,000" is that of 9,999: its script counts from 0."""
    problem = course(bias=True)
    losses, _ = naive.descend(problem, STEP_BY_STEP, 10_000, (0.5, 0.5), (0.0, 0.0))
    assert losses[9_999:] == pytest.approx([3.51085e-5, 3.51019e-5], abs=5e-11)
