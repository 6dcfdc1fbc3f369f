"""The package's functions at the numbers of an array."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from sweep.training.elementary import elementary
from sweep.training.lanes import Lanes, inlined
from tests.training.arrays import Array
from tests.training.compiled import compiled

WITH_SLOPE = ("softplus", "silu", "gelu", "gelu_tanh")


def returned(name: str, x: Array, width: int = 8) -> list[Array]:
    """What the function returns at x (n,): its value and, where it gives one, its slope."""
    n, count = len(x), 2 if name in WITH_SLOPE else 1
    padded = np.resize(x, n + -n % width)
    out = np.empty((count, len(padded)), x.dtype)
    _loop(name, x.dtype.name, width)(len(padded), padded, out)
    return list(out[:, :n])


@cache
def _loop(name: str, dtype: str, width: int) -> Callable[..., None]:
    lanes, function = Lanes(dtype, width), getattr(elementary(dtype), name)
    load, store = lanes.load, lanes.store

    @inlined
    def alone(x: Any) -> Any:
        return (function(x),)

    call = function if name in WITH_SLOPE else alone

    def loop(n: Any, values: Any, out: Any) -> None:
        for i in range(0, n, width):
            results = call(load(values, i))
            for row in range(len(results)):
                store(out, row * n + i, results[row])

    return compiled(loop, dtype, dtype)
