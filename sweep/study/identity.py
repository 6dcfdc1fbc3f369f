"""What makes two groups one: the digest of all that determines their results."""

import hashlib
import json
from collections.abc import Mapping

import numpy as np

NUMERICS = 2
"""The version of the arithmetic. A change that moves any bit of any result raises it by one."""


def array_digest(*arrays: np.ndarray) -> str:
    """SHA-256, in hexadecimal, of the shapes and the float64 values of `arrays`, in order.

    The bytes are little-endian whatever the machine, so the digest is the same everywhere.
    """
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(json.dumps(array.shape).encode())
        digest.update(np.ascontiguousarray(array, dtype="<f8").tobytes())
    return digest.hexdigest()


def identity_digest(parts: Mapping[str, object]) -> str:
    """SHA-256, in hexadecimal, of `parts` and `NUMERICS` as canonical JSON.

    Keys are sorted, nothing is padded, arrays stand for themselves by `array_digest` and numbers
    by their shortest exact form.
    """
    content = {"numerics": NUMERICS, **parts}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), default=array_digest)
    return hashlib.sha256(text.encode()).hexdigest()
