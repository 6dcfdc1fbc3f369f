"""The studies of the boundary of trainability: data and outcomes as the paper has them."""

import numpy as np
import pytest

import sweep
from benchmarks.boundary import FOLDER, SAMPLES, WIDTH, drawn
from sweep.study import find_study, load_study

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


STUDIES = {  # the activation, the samples, and of how many points across one is taken
    "boundary_identity": ("identity", WIDTH, 4),
    "boundary_single": ("tanh", 1, 4),
    "boundary_relu": ("relu", SAMPLES, 16),
    "boundary_tanh": ("tanh", SAMPLES, 16),
    "boundary_minibatch": ("tanh", SAMPLES, 16),
}


@pytest.mark.check
@pytest.mark.parametrize("name", STUDIES)
def test_every_outcome_is_that_of_jax(name: str) -> None:
    pytest.importorskip("jax", reason="the extra `peers` is not installed")
    from tests.oracles import in_jax_boundary as oracle  # noqa: PLC0415 - imports JAX

    kind, samples, stride = STUDIES[name]
    study = load_study(find_study(name))
    across, up = (axis.values[::stride] for axis in study.axes)
    points = np.stack(np.meshgrid(across, up, indexing="ij"), axis=-1).reshape(-1, 2)
    names = [axis.name for axis in study.axes]
    found = sweep.evaluate(study, dict(zip(names, points.T, strict=True)), measures=["outcome"])
    data = np.load(FOLDER / f"data_{samples}.npy")
    batches = np.load(FOLDER / "batches.npy") if name == "boundary_minibatch" else None
    losses = oracle.losses(
        kind, np.load(FOLDER / "initial.npy"), data, batches, points, study.groups()[0].steps
    )
    expected = np.where(oracle.converged(losses), "converged", "diverged")
    assert 0.2 < (expected == "converged").mean() < 0.8
    same = (found["outcome"].astype(str) == expected).mean()
    # in a window of relative width 1e-11 the order of sums tells in some trials
    assert same == 1 if batches is None else same >= 0.99


@pytest.mark.check
def test_the_drift_is_that_of_jax() -> None:
    """Of its first 100 steps: rounding grows to a loss of its own within the 499 of the study."""
    pytest.importorskip("jax", reason="the extra `peers` is not installed")
    from tests.oracles import in_jax_boundary as oracle  # noqa: PLC0415 - imports JAX

    edits = ["training.steps=100", "record.loss='every step'"]
    study = load_study(find_study("boundary_offset"), edits)
    across, up = (axis.values[::51] for axis in study.axes)
    points = np.stack(np.meshgrid(across, up, indexing="ij"), axis=-1).reshape(-1, 2)
    names = [axis.name for axis in study.axes]
    assert names == ["training.drift.0", "learning_rate"]
    found = sweep.evaluate(study, dict(zip(names, points.T, strict=True)), curves=True)
    weights, data = (np.load(FOLDER / f"{name}.npy") for name in ("initial", "data_272"))
    wanted = oracle.losses("tanh", weights, data, None, points, 100, drifting=True)
    losses = found.curves["loss"].to_numpy().reshape(wanted.shape)
    np.testing.assert_allclose(losses[:, :11], wanted[:, :11], rtol=1e-13)
    np.testing.assert_allclose(losses, wanted, rtol=1e-8)
