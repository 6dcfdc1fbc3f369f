"""The table of activations in NumPy: one contract for every row."""

import numpy as np
import pytest

from sweep.analysis.functions import FUNCTIONS, log_softmax, softmax
from sweep.study import ACTIVATIONS as NAMES

from ..oracles.activations import ACTIVATIONS

names = pytest.mark.parametrize("name", list(FUNCTIONS))
FAR = np.array([-np.inf, -1e300, -1e4, -800.0, -50.0, -0.0, 0.0, 50.0, 800.0, 1e4, 1e300, np.inf])


def test_every_name_that_a_study_knows_has_a_row() -> None:
    assert {*FUNCTIONS, "softmax"} == set(NAMES)


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
