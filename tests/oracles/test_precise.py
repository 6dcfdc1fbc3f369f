import numpy as np
import pytest

from .philox import initial_parameters
from .precise import Oracle
from .problem import COURSE_RATES, COURSE_WEIGHTS, PROBLEMS, STEP_BY_STEP, Problem, course


def test_published_losses() -> None:
    assert float(Oracle(course()).loss(COURSE_WEIGHTS)) == pytest.approx(0.2425198573, abs=5e-11)
    half = Oracle(course((0.5, 0.5))).loss(COURSE_WEIGHTS)
    assert float(half) == pytest.approx(0.0141813779, abs=5e-11)


def test_published_first_step() -> None:
    """All but the loss, 0.291027924: that one has w1..w4 follow w5..w8 already updated."""
    widely_read = Oracle(course(bias=True)).descend(STEP_BY_STEP, 1, (0.5, 0.5), (0.0, 0.0))
    assert widely_read.losses == pytest.approx([0.298371109, 0.291027774], abs=5e-10)
    expected = [0.149780716, 0.19956143, 0.24975114, 0.29950229]
    assert widely_read.parameters[1, :4] == pytest.approx(expected, abs=5e-9)
    expected = [0.35891648, 0.408666186, 0.511301270, 0.561370121]
    assert widely_read.parameters[1, 6:10] == pytest.approx(expected, abs=5e-9)
    assert widely_read.parameters[1, [4, 5, 10, 11]].tolist() == [0.35, 0.35, 0.6, 0.6]


@pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)
def test_gradient_is_the_slope_of_the_loss(problem: Problem) -> None:
    oracle = Oracle(problem, digits=60)
    w = initial_parameters(problem, "uniform", seed=1)
    w = [oracle.context.mpf(x) + oracle.context.mpf(parameter) / 8 for parameter, x in enumerate(w)]
    step = oracle.context.mpf(10) ** -20
    _, gradient = oracle.loss_and_gradient(w)
    for parameter, slope in enumerate(gradient):
        above, below = list(w), list(w)
        above[parameter] += step
        below[parameter] -= step
        # what a central difference leaves out is of the order of step^2
        difference = (oracle.loss(above) - oracle.loss(below)) / (2 * step)
        assert abs(difference - slope) < 1e-36


@pytest.mark.parametrize(
    ("loss", "expected"), [("half_squared_error", 6.5), ("mean_squared_error", 13.0)]
)
def test_losses_are_means_over_samples(loss: str, expected: float) -> None:
    problem = Problem((1, 1), ("identity",), False, loss, ((1.0,), (3.0,)), ((1.0,), (1.0,)))
    assert float(Oracle(problem).loss([2.0])) == expected


def test_mean_squared_error_is_a_mean_over_outputs() -> None:
    problem = Problem((1, 2), ("identity",), False, "mean_squared_error", ((1.0,),), ((0.0, 0.0),))
    assert float(Oracle(problem).loss([1.0, 3.0])) == 5.0


def test_every_layer_has_its_rate() -> None:
    problem = PROBLEMS["course with biases"]
    found = Oracle(problem).descend(STEP_BY_STEP, 1, (0.0, 0.5), (0.25, 0.0))
    moved = found.parameters[1] != found.parameters[0]
    assert moved.tolist() == [False] * 4 + [True] * 2 + [True] * 4 + [False] * 2


@pytest.mark.parametrize("rate", COURSE_RATES)
def test_more_digits_change_nothing(rate: float) -> None:
    few, many = (
        Oracle(course(), digits).descend(COURSE_WEIGHTS, 100, (rate, rate)) for digits in (30, 60)
    )
    for column, twin in zip(few, many, strict=True):
        np.testing.assert_array_equal(column, twin)


def test_gradients_at_given_parameters_are_those_of_the_trajectory() -> None:
    oracle = Oracle(course())
    found = oracle.descend(COURSE_WEIGHTS, 3, (1.0, 1.0))
    losses, gradients = oracle.at(found.parameters)
    # 1e-15: here parameters are rounded to float64 before, there after
    np.testing.assert_allclose(losses, found.losses, rtol=1e-15)
    np.testing.assert_allclose(gradients, found.gradients, rtol=1e-15)
