"""A trial's result depends on the trial alone (DESIGN.md 4.4)."""

import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from sweep.training import trainer
from sweep.training.trained import OUTCOMES, Trained
from sweep.training.trainer import _Block, shape_of, train

from .arrays import Array
from .digests import digest, in_order, mixed_trials
from .groups import every_trial

ROOT = Path(__file__).parents[2]
DTYPES = ["float64", "float32"]
dtypes = pytest.mark.parametrize("dtype", DTYPES)


@cache
def whole(dtype: str) -> Trained:
    """All trials in one call, in order, at the default number of lanes."""
    study = mixed_trials(dtype)
    return train(study, every_trial(study))


@dtypes
def test_the_trials_are_mixed(dtype: str) -> None:
    """Or the tests below would show little."""
    assert {OUTCOMES[code] for code in whole(dtype).outcome} == set(OUTCOMES)
    assert np.isnan(whole(dtype).losses).any()


# Each takes seconds to compile; what float32 could do otherwise shows at the ends and in between.
LANES = [("float64", lanes) for lanes in (1, 2, 4, 8, 16, 32, 64)]
LANES += [("float32", lanes) for lanes in (1, 8, 64)]
MORE = [pytest.param("float32", lanes, marks=pytest.mark.soak) for lanes in (2, 4, 16, 32)]


@pytest.mark.parametrize(("dtype", "lanes"), [*LANES, *MORE])
def test_any_number_of_lanes(dtype: str, lanes: int) -> None:
    study = mixed_trials(dtype)
    assert digest(train(study, every_trial(study), lanes=lanes)) == digest(whole(dtype))


TILED = [
    "network.layers=[2, 3, 2]",
    "network.activation='tanh'",
    "network.bias=true",
    f"data.inputs={[[0.1 * i, 1.0 - 0.03 * i * i] for i in range(13)]}",
    f"data.targets={[[0.05 * i, 0.9 - 0.06 * i] for i in range(13)]}",
]


def test_any_number_of_samples_at_a_time() -> None:
    """It depends on the size of a register, and on whether all loops are written out."""
    study = mixed_trials("float64", *TILED)
    shape = shape_of(study, lanes=8)
    networks = [replace(shape.network, tile=tile, unrolled=False) for tile in (4, 16)]
    assert shape.network.unrolled
    found = [
        digest(trainer._train(study, every_trial(study), replace(shape, network=network)))
        for network in [shape.network, *networks]
    ]
    assert len(set(found)) == 1


def chunks(index: Array, size: int) -> Iterator[Array]:
    return (index[start : start + size] for start in range(0, len(index), size))


@pytest.mark.parametrize("size", [1, 7, 64, 225])
@dtypes
def test_any_chunk_size_and_order(dtype: str, size: int) -> None:
    study = mixed_trials(dtype)
    shuffled = np.random.default_rng(size).permutation(study.trials)
    parts = [train(study, part) for part in chunks(shuffled, size)]
    assert digest(in_order(parts)) == digest(whole(dtype))


@pytest.mark.parametrize("threads", [1, 2, 4])
@dtypes
def test_any_number_of_threads(dtype: str, threads: int) -> None:
    study = mixed_trials(dtype)
    with ThreadPoolExecutor(threads) as pool:
        parts = list(pool.map(lambda part: train(study, part), chunks(every_trial(study), 7)))
    assert digest(in_order(parts)) == digest(whole(dtype))


@dtypes
def test_neighbours_that_diverge(dtype: str) -> None:
    """A sound trial among broken ones is as it is among sound ones."""
    study, all_of_them = mixed_trials(dtype), whole(dtype)
    sound = np.flatnonzero(np.isfinite(all_of_them.losses).all(axis=1))
    broken = np.flatnonzero(~np.isfinite(all_of_them.losses).all(axis=1))
    alone = train(study, sound)
    mixed = train(study, np.ravel(np.column_stack([np.resize(broken, len(sound)), sound])))
    np.testing.assert_array_equal(mixed.losses[1::2], alone.losses)
    np.testing.assert_array_equal(alone.losses, all_of_them.losses[sound])


@pytest.mark.parametrize("kept", ["every step", "every 3", "every 8", "every 39"])
@dtypes
def test_going_on_from_where_parameters_were_kept(dtype: str, kept: str) -> None:
    """The kernel is left and entered again at each kept step; the run is as in one go."""
    study = mixed_trials(dtype, f"record.parameters='{kept}'")
    run, one_go = train(study, every_trial(study)), whole(dtype)
    np.testing.assert_array_equal(run.losses, one_go.losses)
    np.testing.assert_array_equal(run.recent_losses, one_go.recent_losses)
    np.testing.assert_array_equal(run.parameters[:, -1], one_go.parameters[:, 0])
    for name, column in one_go.measures.items():
        np.testing.assert_array_equal(run.measures[name], column, name)


@pytest.mark.parametrize("goes", [[0, 40], [1, 40], [7, 40], [8, 40], [20, 31, 32, 33, 40]])
@dtypes
def test_several_goes(dtype: str, goes: list[int]) -> None:
    study = mixed_trials(dtype)
    block = _Block(study, every_trial(study), shape_of(study))
    for start, stop in zip([0, *goes], goes, strict=False):
        block.advance(start, stop)
    final = block.parameters[:, : study.trials].T[:, np.newaxis].copy()
    run = block.results(whole(dtype).parameter_steps, final)
    assert digest(run) == digest(whole(dtype))


BUILDS = {"generic": ("generic", "")}
if platform.machine() in ("x86_64", "AMD64"):
    BUILDS["AVX2"] = ("haswell", "+avx,+avx2,+fma,+bmi,+bmi2,+f16c,+lzcnt,+movbe,+popcnt,+sse4.2")


def test_builds_for_other_processors(tmp_path: Path) -> None:
    """A build without vectors or fused multiply-add, one for AVX2, and this machine's own."""
    processes = []
    for name, (cpu, features) in BUILDS.items():
        settings = {"NUMBA_CPU_NAME": cpu, "NUMBA_CPU_FEATURES": features}
        settings |= {"SWEEP_CACHE_DIR": str(tmp_path / name)}
        command = [sys.executable, "-m", f"{__package__}.digests", "8"]
        processes.append(
            subprocess.Popen(
                command, cwd=ROOT, env=os.environ | settings, stdout=subprocess.PIPE, text=True
            )
        )
    native = [digest(whole(dtype)) for dtype in DTYPES]
    kernels: list[str] = []
    for name, process in zip(BUILDS, processes, strict=True):
        output, _ = process.communicate()
        assert process.returncode == 0
        assert output.split() == native, name
        kernels += [entry.name for entry in (tmp_path / name).iterdir()]
    assert len(set(kernels)) == len(kernels) == 4 * len(BUILDS)  # each was a build of its own
