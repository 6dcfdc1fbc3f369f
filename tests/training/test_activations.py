"""The table of activations: one contract for every row."""

import numpy as np
import pytest

from sweep.study import ACTIVATIONS as NAMES
from sweep.training.activations import ACTIVATIONS

from .compiled import mapped

DTYPES = ["float64", "float32"]
dtypes = pytest.mark.parametrize("dtype", DTYPES)
names = pytest.mark.parametrize("name", list(ACTIVATIONS))

PLAIN = {
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda a: a * (1 - a)),
    "tanh": (np.tanh, lambda a: 1 - a * a),
    "relu": (lambda z: np.where(z > 0, z, 0), lambda a: np.where(a > 0, 1, 0)),
    "identity": (lambda z: z, np.ones_like),
}


def test_every_name_that_a_study_knows_has_a_row() -> None:
    assert list(ACTIVATIONS) == list(NAMES) == list(PLAIN)


@dtypes
@names
def test_values_and_slopes(name: str, dtype: str) -> None:
    """To 4 ulp: the function's own 2.5, NumPy's, and a cancellation that both have alike."""
    z = np.linspace(-4, 4, 257).astype(dtype)
    row, (function, slope) = ACTIVATIONS[name], PLAIN[name]
    a = mapped(row.function(dtype), z)
    tolerance = 4 * np.finfo(dtype).eps
    np.testing.assert_allclose(a, function(z.astype(np.float64)), rtol=tolerance, atol=0)
    np.testing.assert_allclose(
        mapped(row.slope, a), slope(a.astype(np.float64)), rtol=tolerance, atol=tolerance / 4
    )


@dtypes
@names
def test_nan_goes_through(name: str, dtype: str) -> None:
    nan = np.full(8, np.nan, dtype)
    assert np.isnan(mapped(ACTIVATIONS[name].function(dtype), nan)).all()
    assert np.isnan(mapped(ACTIVATIONS[name].slope, nan)).all()


@dtypes
def test_relu_has_no_slope_at_its_kink(dtype: str) -> None:
    kink = np.array([0.0, -0.0], dtype)
    assert mapped(ACTIVATIONS["relu"].slope, kink).tolist() == [0, 0]
    assert mapped(ACTIVATIONS["relu"].function(dtype), kink).tolist() == [0, 0]
