"""Another library's fast mathematics must not reach our results."""

import platform
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from sweep.training.processor import default_mode, exchange_mode
from sweep.training.trained import Trained
from sweep.training.trainer import train

from .digests import digest, mixed_trials
from .groups import every_trial

# Flush to zero and, on x86-64, take subnormals for zero: as `-ffast-math` leaves it.
FLUSHING = {"x86_64": 0x9FC0, "AMD64": 0x9FC0, "aarch64": 1 << 24, "arm64": 1 << 24}

pytestmark = pytest.mark.skipif(
    platform.machine() not in FLUSHING, reason="the mode is set on x86-64 and 64-bit ARM only"
)


def tiny() -> float:
    """Half of the smallest normal number: zero where subnormals are flushed."""
    return float(np.multiply(np.float64(2.0**-1022), np.float64(0.5)))


def flushing(question: object) -> object:
    """What `question()` answers in a thread that flushes subnormals, which then says so still."""

    def asked() -> object:
        exchange_mode(FLUSHING[platform.machine()])
        assert tiny() == 0
        answer = question()  # type: ignore[operator]
        assert tiny() == 0
        return answer

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asked).result()


def test_the_mode_is_set_and_put_back() -> None:
    def within() -> float:
        with default_mode():
            return tiny()

    assert flushing(within) == 2.0**-1023
    assert tiny() == 2.0**-1023


@pytest.mark.parametrize(("dtype", "subnormal"), [("float64", 1e-310), ("float32", 1e-40)])
def test_results_are_the_same(dtype: str, subnormal: float) -> None:
    axes = f"axes={{ seed=[1, 2], initial.scale=[{subnormal}], learning_rate=[0.1, {subnormal}] }}"
    study = mixed_trials(dtype, axes)

    def trained() -> Trained:
        return train(study, every_trial(study))

    undisturbed = trained()
    assert (np.abs(undisturbed.parameters) < np.finfo(dtype).tiny).any()
    assert digest(flushing(trained)) == digest(undisturbed)  # type: ignore[arg-type]
