"""The functions against mpmath, the draws against what is known of them, their bits for good."""

import hashlib
import os
import subprocess
import sys

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweep.study.elementary import (
    circle,
    direction,
    exponential,
    hyperbolic_tangent,
    logarithm,
    normal,
    uniform,
    words,
)


def ulps(found: np.ndarray, wanted: object) -> float:
    with mpmath.workdps(60):
        distance = abs(mpmath.mpf(float(found[0])) - wanted)
        return float(distance / mpmath.mpf(float(np.spacing(abs(float(wanted))))))  # type: ignore[arg-type]


@given(st.floats(-700, 709))
def test_exponential(x: float) -> None:
    with mpmath.workdps(60):
        assert ulps(exponential(np.array([x])), mpmath.exp(mpmath.mpf(x))) < 2


@given(st.floats(1e-320, 1e308))
def test_logarithm(x: float) -> None:
    with mpmath.workdps(60):
        wanted = mpmath.log(mpmath.mpf(x))
        found = logarithm(np.array([x]))
        # Near 1 the logarithm is small, and so is its last place.
        assert ulps(found, wanted) < 2 or abs(found[0] - float(wanted)) < 1e-16


@given(st.floats(0, 1))
def test_circle(turns: float) -> None:
    with mpmath.workdps(60):
        angle = 2 * mpmath.pi * mpmath.mpf(turns)
        cos, sin = circle(np.array([turns]))
        assert abs(cos[0] - mpmath.cos(angle)) < 2.3e-16
        assert abs(sin[0] - mpmath.sin(angle)) < 2.3e-16


@given(st.floats(-1e3, 1e3))
def test_hyperbolic_tangent(x: float) -> None:
    with mpmath.workdps(60):
        assert abs(hyperbolic_tangent(np.array([x]))[0] - mpmath.tanh(mpmath.mpf(x))) < 2.3e-16


def test_draws_have_their_distribution() -> None:
    """The Kolmogorov-Smirnov distance of 10^5 draws is below 0.0052 with a chance of 99%."""
    n = 100_000
    expected = (np.arange(n) + 0.5) / n
    assert np.abs(np.sort(uniform(3, 0, n)) - expected).max() < 0.0052
    ordered = np.sort(normal(3, 1, n))[:: n // 100]
    wanted = [float(mpmath.ncdf(x)) for x in ordered.tolist()]
    assert np.abs(wanted - expected[:: n // 100]).max() < 0.0052


def test_streams_differ_and_a_longer_one_begins_with_a_shorter() -> None:
    streams = {tuple(words(seed, stream, 4).tolist()) for seed in range(9) for stream in range(9)}
    assert len(streams) == 81
    assert uniform(2**63 - 1, 5, 9)[:4].tolist() == uniform(2**63 - 1, 5, 4).tolist()
    assert normal(1, 5, 9)[:4].tolist() == normal(1, 5, 4).tolist()


X = np.arange(-2000, 2001) / 100


@pytest.mark.parametrize(
    ("values", "digest"),
    [
        (words(1, 2, 1000), "a965a1a694935fa1"),
        (uniform(1, 2, 1000), "e350da03ad93154f"),
        (normal(1, 2, 1000), "20cbed920d634ef0"),
        (exponential(X), "1db0e2cf75427492"),
        (logarithm(np.abs(X) + 0.01), "a4e1318a82989b9f"),
        (np.stack(circle(X)), "c6cb0a9899cd3134"),
        (hyperbolic_tangent(X), "a56d2560b80d28f5"),
    ],
    ids=["words", "uniform", "normal", "exponential", "logarithm", "circle", "tanh"],
)
def test_the_bits_never_change(values: np.ndarray, digest: str) -> None:
    """What was drawn once is drawn on every machine: else trials would be other ones there."""
    assert (
        hashlib.sha256(values.astype(values.dtype.newbyteorder("<")).tobytes()).hexdigest()[:16]
        == digest
    )


def test_narrower_registers_give_the_same_bits() -> None:
    import numpy._core._multiarray_umath as umath  # noqa: PLC0415 - NumPy's own name for it

    script = (
        "import hashlib, numpy as np; from sweep.study.elementary import *;"
        "x = np.arange(-2000, 2001) / 100; found = [exponential(x), logarithm(np.abs(x) + 0.01),"
        " *circle(x), hyperbolic_tangent(x), normal(1, 2, 4001)];"
        "print(hashlib.sha256(np.stack(found).tobytes()).hexdigest())"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", script],
            env={**os.environ, "NPY_DISABLE_CPU_FEATURES": " ".join(off)},
            capture_output=True, check=True, text=True,
        ).stdout
        for off in ([], umath.__cpu_dispatch__)
    }  # fmt: skip
    assert len(outputs) == 1


def test_a_direction_has_the_length_one_and_its_bits_for_good() -> None:
    found = direction(3, 1000)
    assert abs(float(np.linalg.norm(found)) - 1) < 1e-15
    drawn = normal(3, 0, 1000)
    assert abs(float(found @ drawn)) < 5  # of another stream: about as standard normal as any
    assert hashlib.sha256(found.astype("<f8").tobytes()).hexdigest() == (
        "af43b326407907d30d21ec63c1712a49571e8e4bce1e11c632892a9975f8e178"
    )
