"""The data of the studies of the boundary of trainability: as the paper draws them."""

import numpy as np
import pytest

from benchmarks.boundary import FOLDER, SAMPLES, WIDTH, drawn

FILES = {
    "initial": (WIDTH * WIDTH + WIDTH,),
    "data_272": (SAMPLES, WIDTH + 1),
    "data_16": (WIDTH, WIDTH + 1),
    "data_1": (1, WIDTH + 1),
    "batches": (1000, WIDTH),
}


def test_the_files_hold_what_jax_draws() -> None:
    pytest.importorskip("jax", reason="the extra `peers` is not installed")
    found = drawn()
    assert set(found) == set(FILES)
    for name, array in found.items():
        saved = np.load(FOLDER / f"{name}.npy")
        assert saved.shape == FILES[name]
        # JAX's normal is by a polynomial of its own, whose last bits may differ between processors.
        np.testing.assert_allclose(saved, array, rtol=1e-14)


def test_first_numbers_are_those_of_threefry_in_its_older_form() -> None:
    """Known without JAX: what `jax.random.normal` gave in float64 with the older generator."""
    initial, data = (np.load(FOLDER / f"{name}.npy") for name in ("initial", "data_272"))
    assert initial[:2] == pytest.approx([1.80203513, -0.68741598], abs=1e-8)
    assert data[0, :2] == pytest.approx([0.01287725, 1.01651481], abs=1e-8)
    assert data[0, -1] == pytest.approx(-2.39675844, abs=1e-8)
