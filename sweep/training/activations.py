"""Activation functions and their slopes: a table, one row a function."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sweep.training.elementary import elementary
from sweep.training.lanes import fma, inlined, select


@dataclass(frozen=True)
class Activation:
    """One row: A = f(z).

    Attributes:
        function: takes a dtype and returns the compiled f on lanes.
        slope: the compiled derivative dA/dz, as a function of A.
    """

    function: Callable[[str], Any]
    slope: Any


@inlined
def _identity(z: Any) -> Any:
    return z


@inlined
def _identity_slope(a: Any) -> Any:
    return 0.0 * a + 1.0


@inlined
def _sigmoid_slope(a: Any) -> Any:
    return fma(-a, a, a)


@inlined
def _tanh_slope(a: Any) -> Any:
    return fma(-a, a, 1.0)


@inlined
def _relu(z: Any) -> Any:
    """max(0, z), where a NaN stays one."""
    return select(z <= 0.0, 0.0, z)


@inlined
def _relu_slope(a: Any) -> Any:
    """0 at a kink, as is customary (TensorFlow, PyTorch and JAX agree)."""
    return select(a > 0.0, 1.0, 0.0 * a)


ACTIVATIONS = {
    "sigmoid": Activation(lambda dtype: elementary(dtype).sigmoid, _sigmoid_slope),
    "tanh": Activation(lambda dtype: elementary(dtype).tanh, _tanh_slope),
    "relu": Activation(lambda dtype: _relu, _relu_slope),
    "identity": Activation(lambda dtype: _identity, _identity_slope),
}
