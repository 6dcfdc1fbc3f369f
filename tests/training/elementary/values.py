"""The package's functions at the numbers of an array."""

from sweep.training.elementary import elementary
from tests.training.arrays import Array
from tests.training.compiled import mapped

WITH_SLOPE = ("softplus", "silu", "gelu", "gelu_tanh")


def returned(name: str, x: Array, width: int = 8) -> list[Array]:
    """What the function returns at x (n,): its value and, where it gives one, its slope."""
    function = getattr(elementary(x.dtype.name), name)
    return mapped(function, x, width, results=2 if name in WITH_SLOPE else 1)
