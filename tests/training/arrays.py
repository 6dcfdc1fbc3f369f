"""Arrays as tests of training need them; nothing here loads a compiler."""

from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


def aligned(values: Any, dtype: str) -> Array:
    """A flat copy that starts on a 64-byte boundary, as a kernel's memory does."""
    flat = np.asarray(values, dtype).ravel()
    raw = np.empty(flat.nbytes + 64, np.uint8)
    start = -raw.ctypes.data % 64
    array = raw[start : start + flat.nbytes].view(dtype)
    array[:] = flat
    return array


def bits_of(values: Array) -> Array:
    """The bit patterns, with those of all NaNs made one: IEEE 754 leaves them open."""
    if values.dtype.kind == "f":
        values = np.where(np.isnan(values), np.array(np.nan, values.dtype), values)
    return values.view(f"i{values.itemsize}")
