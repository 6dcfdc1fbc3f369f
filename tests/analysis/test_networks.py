"""The table of activations, and the forward pass against the oracle, the kernel, and itself."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from sweep import run
from sweep.analysis.networks import (
    FUNCTIONS,
    forward,
    layers_of,
    log_softmax,
    multipliers_of,
    parameters_of,
    softmax,
)
from sweep.study import Network, load_study, parse_study

from ..oracles import naive
from ..oracles.activations import ACTIVATIONS
from ..oracles.problem import PROBLEMS, Problem

names = pytest.mark.parametrize("name", list(FUNCTIONS))
FAR = np.array([-np.inf, -1e300, -1e4, -800.0, -50.0, -0.0, 0.0, 50.0, 800.0, 1e4, 1e300, np.inf])


@names
def test_values_and_slopes(name: str) -> None:
    """Some ulp of z apart: the oracle's gelu_tanh cancels where it is near 0."""
    z = np.linspace(-6, 6, 500).reshape(2, 250)
    expected = ACTIVATIONS[name]
    for found, wanted in (
        (FUNCTIONS[name].value(z), expected.function(z)),
        (FUNCTIONS[name].slope(z), expected.slope(z)),
    ):
        assert found.shape == z.shape
        np.testing.assert_allclose(found, wanted, rtol=1e-14, atol=4e-15)


@names
def test_the_slope_is_a_difference_quotient(name: str) -> None:
    """h^2 = 1e-10 of the third derivative (below 3 here), and the rounding eps / h = 2e-11."""
    z, h = np.linspace(-5, 5, 200), 1e-5  # no point is at a kink
    value = FUNCTIONS[name].value
    quotient = (value(z + h) - value(z - h)) / (2 * h)
    np.testing.assert_allclose(FUNCTIONS[name].slope(z), quotient, atol=3e-10)


@names
def test_far_out_there_is_neither_nan_nor_warning(name: str) -> None:
    """Warnings are errors here."""
    row = FUNCTIONS[name]
    assert not np.isnan(row.value(FAR)).any()
    slopes = row.slope(FAR)
    if name == "square":  # the only one whose slope has no bounds
        np.testing.assert_array_equal(slopes, 2 * FAR)
        return
    assert ((slopes > -0.2) & (slopes < 1.2)).all()  # what the slopes of all rows lie in
    for z, slope in zip(FAR[[0, -1]], slopes[[0, -1]], strict=True):
        assert row.value(np.array([z]))[0] in (0.0, 1.0, -1.0, np.inf, -np.inf)
        assert slope in (0.0, 0.01, 1.0)


@names
def test_nan_goes_through(name: str) -> None:
    nan = np.full(3, np.nan)
    assert np.isnan(FUNCTIONS[name].value(nan)).all()
    assert np.isnan(FUNCTIONS[name].slope(nan)).all()


@pytest.mark.parametrize(("name", "slope"), [("relu", 0.0), ("leaky_relu", 0.01), ("elu", 1.0)])
def test_the_slope_at_a_kink(name: str, slope: float) -> None:
    assert FUNCTIONS[name].slope(np.array([0.0, -0.0])).tolist() == [slope, slope]


def test_softmax_and_its_logarithm() -> None:
    z = np.array([[1.0, 2.0, 3.0], [0.0, 900.0, -900.0], [5.0, 5.0, 5.0]])
    np.testing.assert_allclose(softmax(z), ACTIVATIONS["softmax"].function(z), rtol=1e-15)
    np.testing.assert_allclose(np.exp(log_softmax(z)), softmax(z), rtol=2e-15)
    assert log_softmax(z)[1].tolist() == [-900.0, 0.0, -1800.0]
    assert np.isnan(softmax(np.array([np.inf, 0.0]))).any()  # without a warning


def network_of(problem: Problem) -> Network:
    return Network(problem.layers, problem.activations, problem.bias, problem.loss)


@pytest.mark.parametrize("name", list(PROBLEMS))
def test_outputs_are_those_of_the_oracle(name: str) -> None:
    """NumPy's sums on both sides, in an order that may differ: some ulp."""
    problem = PROBLEMS[name]
    parameters = np.random.default_rng(3).normal(size=(4, problem.n_parameters))
    factors = np.repeat([problem.factors], 4, axis=0).T
    layers = forward(network_of(problem), parameters, np.array(problem.inputs), factors)
    assert len(layers) == len(problem.shapes)
    for trial, row in enumerate(parameters):
        expected = naive.outputs(problem, row)
        np.testing.assert_allclose(layers[-1].outputs[trial], expected, rtol=1e-13, atol=1e-15)


def test_layers_hang_together() -> None:
    problem = PROBLEMS["multiplied"]
    parameters = np.random.default_rng(4).normal(size=(5, problem.n_parameters))
    layers = forward(network_of(problem), parameters, np.array(problem.inputs))
    for before, after in pairwise(layers):
        assert after.inputs is before.outputs
    for (to, origin), layer in zip(problem.shapes, layers, strict=True):
        assert layer.weights.shape == (5, to, origin)
        assert layer.biases.shape == (5, to)
        assert layer.sums.shape == layer.outputs.shape == (5, len(problem.inputs), to)


def test_one_row_of_parameters_will_do() -> None:
    problem = PROBLEMS["course"]
    w, x = np.linspace(0.1, 0.8, 8), np.array(problem.inputs)
    one, many = (forward(network_of(problem), p, x)[-1].outputs for p in (w, w[np.newaxis]))
    assert one.tolist() == many.tolist()


def test_what_has_diverged_does_not_warn() -> None:
    problem = PROBLEMS["relu"]
    parameters = np.full((3, problem.n_parameters), [[1e308], [np.inf], [np.nan]])
    assert not np.isfinite(forward(network_of(problem), parameters, problem.inputs)[0].sums).all()


@pytest.mark.parametrize(("parameters", "inputs"), [((2, 7), (1, 2)), ((2, 8), (1, 3))])
def test_shapes_that_do_not_fit_are_refused(parameters: tuple, inputs: tuple) -> None:
    with pytest.raises(ValueError, match=r"for a network of \d a row: \(2, 2, 2\)"):
        forward(network_of(PROBLEMS["course"]), np.zeros(parameters), np.zeros(inputs))


def test_saved_parameters_give_the_saved_losses(tmp_path: Path) -> None:
    """By their names, biases too. The kernel sums and rounds in another way: 1e-13 of E."""
    found = run("step_by_step", results=tmp_path, overrides=["training.steps=20", EVERY])
    network, table = load_study(Path("experiments/step_by_step.toml")).network, found.parameters()
    outputs = forward(network, parameters_of(network, table), [[0.05, 0.10]])[-1].outputs
    losses = ((outputs[:, 0] - [0.01, 0.99]) ** 2).sum(axis=1) / 2
    np.testing.assert_allclose(losses, found.curves()["loss"], rtol=1e-13)
    assert len(losses) == 21


EVERY = 'record.parameters="every step"'

MULTIPLIED = """
[network]
layers = [2, 2, 2]
multiplier = [1.0, 3.0]
[data]
inputs = [[0.05, 0.10]]
targets = [[0.01, 0.99]]
[initial]
weights = [[[0.15, 0.20], [0.25, 0.30]], [[0.40, 0.45], [0.50, 0.55]]]
[training]
steps = 3
learning_rate = 0.5
[axes]
"network.multiplier.0" = [0.5, 2.0]
[record]
parameters = "every step"
"""


def test_multipliers_come_from_axes_or_the_study(tmp_path: Path) -> None:
    file = tmp_path / "multiplied.toml"
    file.write_text(MULTIPLIED)
    found, (group,) = run(file, results=tmp_path), parse_study(MULTIPLIED, "m", tmp_path).groups()
    table = found.parameters()
    factors = multipliers_of(group, table)
    assert factors.tolist() == [[0.5] * 4 + [2.0] * 4, [3.0] * 8]
    outputs = forward(group.network, parameters_of(group.network, table), [[0.05, 0.10]], factors)
    losses = ((outputs[-1].outputs[:, 0] - [0.01, 0.99]) ** 2).sum(axis=1) / 2
    np.testing.assert_allclose(losses, found.curves()["loss"], rtol=1e-13)


def test_layers_are_views() -> None:
    problem = PROBLEMS["course with biases"]
    parameters = np.arange(24.0).reshape(2, 12)
    (w, b), _ = layers_of(network_of(problem), parameters)
    assert w[0].tolist() == [[0, 1], [2, 3]]
    assert b[0].tolist() == [4, 5]
    assert np.shares_memory(w, parameters)
    assert np.shares_memory(b, parameters)
