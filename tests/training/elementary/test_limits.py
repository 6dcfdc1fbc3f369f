"""What must hold exactly: NaN, infinities, zeros, and the same bits at every width."""

from typing import Any

import numpy as np
import pytest

from sweep.training.elementary import elementary
from sweep.training.lanes import Lanes
from tests.training.arrays import bits_of
from tests.training.compiled import apply

from .errors import BOUNDS
from .points import edges
from .values import returned

INF = np.inf
dtypes = pytest.mark.parametrize("dtype", ["float64", "float32"])
functions = pytest.mark.parametrize("name", BOUNDS)

# (x, value) or (x, value, slope); below 1e-30 stands for what is left where a function is cut off.
LIMITS = {
    "exp": [(-INF, 0.0), (INF, INF), (0.0, 1.0), (-0.0, 1.0), (1e4, INF), (-1e4, 0.0)],
    "log": [(INF, INF), (0.0, -INF), (-0.0, -INF), (1.0, 0.0), (-1.0, np.nan), (-INF, np.nan)],
    "sigmoid": [(-INF, 1e-31), (INF, 1.0), (0.0, 0.5), (-0.0, 0.5), (1e4, 1.0), (-1e4, 1e-31)],
    "tanh": [(-INF, -1.0), (INF, 1.0), (0.0, 0.0), (-0.0, -0.0), (1e4, 1.0), (-1e4, -1.0)],
    "elu": [(-INF, -1.0), (INF, INF), (0.0, 0.0), (-0.0, -0.0), (1e4, 1e4), (-1e4, -1.0)],
    "softplus": [(-INF, 0.0, 0.0), (INF, INF, 1.0), (1e4, 1e4, 1.0), (-1e4, 0.0, 0.0)],
    "silu": [
        *[(-INF, -0.0, -1e-31), (INF, INF, 1.0), (0.0, 0.0, 0.5), (-0.0, -0.0, 0.5)],
        *[(1e4, 1e4, 1.0), (-1e4, -0.0, -1e-31)],
    ],
    "gelu": [
        *[(-INF, -0.0, 0.0), (INF, INF, 1.0), (0.0, 0.0, 0.5), (-0.0, -0.0, 0.5)],
        *[(1e4, 1e4, 1.0), (-1e4, -0.0, 0.0)],
    ],
    "gelu_tanh": [
        *[(-INF, -0.0, -1e-31), (INF, INF, 1.0), (0.0, 0.0, 0.5), (-0.0, -0.0, 0.5)],
        *[(1e4, 1e4, 1.0), (-1e4, -0.0, -1e-31)],
    ],
}


@dtypes
@functions
def test_infinities_zeros_and_the_far_ends(name: str, dtype: str) -> None:
    x, *expected = np.array(LIMITS[name], dtype).T
    for found, wanted in zip(returned(name, x), expected, strict=True):
        cut = (np.abs(wanted) < 1e-30) & (wanted != 0.0)
        assert (np.abs(found[cut]) < 1e-30).all()
        assert (np.sign(found[cut]) == np.sign(wanted[cut])).all()
        np.testing.assert_array_equal(bits_of(found[~cut]), bits_of(wanted[~cut]))


@dtypes
@functions
def test_nan_stays_nan_whatever_its_payload(name: str, dtype: str) -> None:
    limits = np.finfo(dtype)
    payloads = 2 ** np.arange(limits.nmant, dtype=np.uint64)  # signalling ones among them
    infinity = np.array([INF, -INF], dtype).view(f"u{limits.bits // 8}")
    patterns = (infinity[:, np.newaxis] | payloads.astype(infinity.dtype)).ravel()
    for found in returned(name, patterns.view(dtype)):
        assert np.isnan(found).all()


@pytest.mark.quick("float64-1", "*-32")
@pytest.mark.parametrize("width", [1, 4, 32])
@dtypes
def test_the_same_bits_at_every_width(dtype: str, width: int) -> None:
    """All functions in one piece of code, as a compiler would mix them in a kernel."""
    x = edges("exp", dtype, neighbours=1)
    x = x[: len(x) // 32 * 32]
    found = iter(apply(all_of(dtype), Lanes(dtype, width), np.stack([x] * 3)))
    for name in BOUNDS:
        for alone in returned(name, x):
            np.testing.assert_array_equal(bits_of(next(found)), bits_of(alone), name)


def all_of(dtype: str) -> Any:
    table = elementary(dtype)
    exp, log, sigmoid, tanh, elu = table.exp, table.log, table.sigmoid, table.tanh, table.elu
    softplus, silu, gelu, gelu_tanh = table.softplus, table.silu, table.gelu, table.gelu_tanh

    def every(a: Any, b: Any, c: Any) -> Any:
        plain = exp(a), log(b), sigmoid(c), tanh(a), elu(b)
        return plain + softplus(c) + silu(a) + gelu(b) + gelu_tanh(c)

    return every
