"""Functions on lanes, compiled and applied to arrays."""

import ctypes
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numba import types

from sweep.training.build import compile_function
from sweep.training.compile import link, target_machine
from sweep.training.lanes import Lanes, inlined

from .arrays import Array


def compiled(function: Callable[..., None], *dtypes: str) -> Callable[..., None]:
    """A compiled function of a count, and of one pointer for each of `dtypes`."""
    pointers = [types.CPointer(getattr(types, dtype)) for dtype in dtypes]
    code = compile_function(function, types.void(types.int64, *pointers), target_machine())
    linked = link(*code, [ctypes.c_int64, *[ctypes.c_void_p] * len(dtypes)])

    def call(count: int, *arrays: Array) -> None:
        for array, dtype in zip(arrays, dtypes, strict=True):
            assert array.dtype == dtype
            assert array.flags.c_contiguous
        linked(count, *(array.ctypes.data for array in arrays))

    return call


def apply(
    function: Callable[[Any, Any, Any], Any],
    lanes: Lanes,
    values: Array,
    last: Callable[[Any], Any] = lambda result: result,
) -> list[Array]:
    """The tuple that a function of three lanes returns, at each of n places.

    `values` is (3, n) of the lanes' dtype, n a multiple of the width; the function is called on
    `lanes.width` places at a time, and `last` on each of its results. Returns arrays (n,) of the
    dtype, one a result.
    """
    load, store, width = lanes.load, lanes.store, lanes.width
    call, finish, n = inlined(function), inlined(last), values.shape[1]
    assert n % width == 0

    def loop(n: Any, values: Any, out: Any) -> None:
        for i in range(0, n, width):
            results = call(load(values, i), load(values, n + i), load(values, 2 * n + i))
            for row in range(len(results)):
                store(out, row * n + i, finish(results[row]))

    out = np.empty((32, n), lanes.dtype)  # more rows than any function here returns
    compiled(loop, lanes.dtype, lanes.dtype)(n, np.ascontiguousarray(values), out)
    return list(out)


def mapped(function: Any, values: Array, width: int = 8, results: int = 1) -> list[Array]:
    """What a compiled function of one value on lanes returns at `values` (n,): arrays (n,).

    It returns one value, or a tuple of `results`, each of the dtype of `values`.
    """
    n = len(values)
    padded = np.resize(values, n + -n % width)
    out = np.empty((results, len(padded)), values.dtype)
    _loop(function, values.dtype.name, width, results)(len(padded), padded, out)
    return list(out[:, :n])


@cache
def _loop(function: Any, dtype: str, width: int, results: int) -> Callable[..., None]:
    lanes = Lanes(dtype, width)
    load, store = lanes.load, lanes.store
    call = inlined(lambda x: (function(x),)) if results == 1 else function

    def loop(n: Any, values: Any, out: Any) -> None:
        for i in range(0, n, width):
            found = call(load(values, i))
            for row in range(len(found)):
                store(out, row * n + i, found[row])

    return compiled(loop, dtype, dtype)
