"""A trial's result depends on the trial alone (DESIGN.md 4.4).

The long profile holds every study whose digest is kept in `test_golden` against this law.
"""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from itertools import cycle, pairwise
from pathlib import Path

import numpy as np
import pytest

from sweep.catalogue import OUTCOMES
from sweep.study import Group
from sweep.training.block import Block
from sweep.training.trained import Trained
from sweep.training.trainer import _train, shape_of, train

from .arrays import Array
from .digests import abreast_of, digest, in_order, mixed_trials
from .groups import every_trial
from .test_golden import BIAS, GOLDEN, SAMPLES, WIDE

ROOT = Path(__file__).parents[2]

# All that a kernel may have in one: tiles and a last one that is not full, batches in orders of
# each trial's own, what an optimizer keeps, trials that stop, a second data set.
EVERYTHING = [
    WIDE,
    "network.activation=['gelu', 'silu', 'softmax']",
    "network.loss='softmax_cross_entropy'",
    "network.multiplier=[0.5, 2, 1]",
    BIAS,
    SAMPLES,
    "training={ steps=40, optimizer='adamw', weight_decay=0.01, clip_norm=0.1, stop='either' }",
    "schedule={ name='cosine', warmup=5 }",
    "batch={ size=2 }",
    "axes.batch_seed=[1, 2]",
    "validation={ inputs=[[1, 2]], targets=[[0, 1]] }",
    "outcome.target=0.45",
]
FEW = {
    "float64": ("float64", []),
    "float32": ("float32", []),
    "everything": ("float64", EVERYTHING),
}
MANY = {
    "everything in float32": ("float32", EVERYTHING),
    **{f"golden {row}": (dtype, edits) for row, (dtype, edits, _) in enumerate(GOLDEN)},
}
STUDIES = FEW | MANY

soak = pytest.mark.soak
names = pytest.mark.parametrize("name", [*FEW, *(pytest.param(name, marks=soak) for name in MANY)])


def study_of(name: str) -> Group:
    dtype, edits = STUDIES[name]
    return mixed_trials(dtype, *edits)


@cache
def whole(name: str) -> Trained:
    """All trials in one call, in order, at the default number of lanes."""
    study = study_of(name)
    return train(study, every_trial(study))


def same(found: Trained, name: str) -> bool:
    return digest(found) == digest(whole(name))


@pytest.mark.parametrize("name", FEW)
def test_the_trials_are_mixed(name: str) -> None:
    """Or the tests below would show little."""
    assert {OUTCOMES[code] for code in whole(name).outcome} == set(OUTCOMES)
    assert np.isnan(whole(name).losses).any()


# Each takes seconds to compile; what others could do otherwise shows at the ends and in between.
LANES = (1, 2, 4, 8, 16, 32, 64)
QUICK = {"float64": LANES, "float32": (1, 8, 64), "everything": (1, 64)}


@pytest.mark.quick("float64-1", "float64-8", "float32-8")
@pytest.mark.parametrize(
    ("name", "lanes"),
    [
        pytest.param(name, lanes, marks=[] if lanes in QUICK.get(name, ()) else soak)
        for name in STUDIES
        for lanes in LANES
    ],
)
def test_any_number_of_lanes(name: str, lanes: int) -> None:
    study = study_of(name)
    assert same(train(study, every_trial(study), lanes=lanes), name)


@soak
@pytest.mark.parametrize("tile", [1, 8, 16])
@pytest.mark.parametrize("name", [name for name, (_, edits) in STUDIES.items() if WIDE in edits])
def test_any_number_of_samples_at_a_time(name: str, tile: int) -> None:
    study, shape = study_of(name), shape_of(study_of(name))
    assert not shape.network.unrolled
    other = replace(shape, network=replace(shape.network, tile=tile))
    assert same(_train(study, every_trial(study), other), name)


@pytest.mark.quick("everything")
@pytest.mark.parametrize(
    "name",
    ["everything", *(pytest.param(name, marks=soak) for name, (_, edits) in MANY.items()
                     if SAMPLES in edits)],
)  # fmt: skip
def test_samples_abreast_or_networks(name: str) -> None:
    """A study's trials may be trained in both ways in one run."""
    study = study_of(name)
    shapes = cycle([abreast_of(study), shape_of(study)])
    parts = [_train(study, part, next(shapes)) for part in chunks(every_trial(study), 30)]
    assert same(in_order(parts), name)


def random_study(seed: int) -> Group:
    """Some layers, more samples than go through at a time, and what a study may ask for."""
    drawn = np.random.default_rng(seed)
    layers = drawn.integers(1, 40, drawn.integers(2, 5))
    samples, size = drawn.integers(50, 150), drawn.integers(9, 50)
    inputs, targets = (drawn.uniform(-1, 1, (samples, layers[i])).round(2) for i in (0, -1))
    optimizer = drawn.choice(["sgd", "momentum", "adam", "rmsprop"])
    batch = drawn.choice([
        "batch={}",
        f"batch={{ size={size} }}",
        f"batch={{ size={size}, measured='on all data' }}",
        f"batch={{ size={size}, order='replacement' }}",
    ])  # fmt: skip
    more = drawn.choice(["", ", clip_norm=0.5", ", weight_decay=0.01", ", stop='either'"])
    also = drawn.choice([
        "network.multiplier=0.7", "training.drift=0.01", "schedule={ name='cosine' }",
        "record.measures=['lyapunov_exponent', 'largest_rise']",
    ])  # fmt: skip
    return mixed_trials(
        str(drawn.choice(["float64", "float32"])),
        f"network.layers={layers.tolist()}",
        f"network.activation='{drawn.choice(['tanh', 'relu', 'gelu', 'softplus'])}'",
        f"network.bias={str(drawn.random() < 0.8).lower()}",
        f"network.loss='{drawn.choice(['mean_squared_error', 'huber'])}'",
        f"data={{ inputs={inputs.tolist()}, targets={targets.tolist()} }}",
        f"training={{ steps=11, optimizer='{optimizer}'{more} }}",
        batch,
        also,
        "axes={ seed={ range=[0, 5] }, learning_rate=[0.01, 0.3, 50] }",
        "outcome.target=0.1",
    )


@pytest.mark.quick("0")
@pytest.mark.parametrize("seed", [*range(6), *(pytest.param(n, marks=soak) for n in range(6, 40))])
def test_any_group_goes_both_ways(seed: int) -> None:
    study = random_study(seed)
    found = [
        digest(_train(study, every_trial(study), shape))
        for shape in (abreast_of(study), shape_of(study, lanes=16))
    ]
    assert found[0] == found[1]


TILED = [
    "network.layers=[2, 3, 2]",
    "network.activation='tanh'",
    "network.bias=true",
    f"data.inputs={[[0.1 * i, 1.0 - 0.03 * i * i] for i in range(13)]}",
    f"data.targets={[[0.05 * i, 0.9 - 0.06 * i] for i in range(13)]}",
]


@pytest.mark.check
def test_loops_written_out_or_in_tiles() -> None:
    """It depends on the size of a register, and on whether all loops are written out."""
    study = mixed_trials("float64", *TILED)
    shape = shape_of(study, lanes=8)
    # Of few lanes, neurons next to each other are taken together, of three the last one alone.
    networks = [
        replace(shape.network, tile=tile, lanes=lanes, unrolled=False)
        for tile, lanes in ((4, 8), (16, 8), (4, 4), (4, 1))
    ]
    assert shape.network.unrolled
    found = [
        digest(_train(study, every_trial(study), replace(shape, network=network)))
        for network in [shape.network, *networks]
    ]
    assert len(set(found)) == 1


def chunks(index: Array, size: int) -> Iterator[Array]:
    return (index[start : start + size] for start in range(0, len(index), size))


@pytest.mark.quick("*-7", "*-64")
@pytest.mark.parametrize("size", [1, 7, 64, 225])
@names
def test_any_chunk_size_and_order(name: str, size: int) -> None:
    study = study_of(name)
    shuffled = np.random.default_rng(size).permutation(study.trials)
    parts = [train(study, part) for part in chunks(shuffled, size)]
    assert same(in_order(parts), name)


@pytest.mark.quick("*-4")
@pytest.mark.parametrize("threads", [1, 2, 4])
@names
def test_any_number_of_threads(name: str, threads: int) -> None:
    study = study_of(name)
    with ThreadPoolExecutor(threads) as pool:
        parts = list(pool.map(lambda part: train(study, part), chunks(every_trial(study), 7)))
    assert same(in_order(parts), name)


@names
def test_neighbours_that_break_down(name: str) -> None:
    """A sound trial among such that diverge, or saturate at once, is as it is among sound ones."""
    study, all_of_them = study_of(name), whole(name)
    losses = all_of_them.batch_losses if study.batched else all_of_them.losses
    finite = np.isfinite(losses).all(axis=1)
    extreme = study.columns(every_trial(study))["initial.scale"] > 1
    sound, broken = np.flatnonzero(finite & ~extreme), np.flatnonzero(~finite | extreme)
    assert len(sound) > 0
    alone = train(study, sound)
    mixed = train(study, np.ravel(np.column_stack([np.resize(broken, len(sound)), sound])))
    np.testing.assert_array_equal(mixed.losses[1::2], alone.losses)
    np.testing.assert_array_equal(alone.losses, all_of_them.losses[sound])


@pytest.mark.parametrize("kept", ["every step", "every 3", "every 8", "every 39"])
@names
def test_going_on_from_where_parameters_were_kept(name: str, kept: str) -> None:
    """The kernel is left and entered again at each kept step; the run is as in one go."""
    dtype, edits = STUDIES[name]
    study = mixed_trials(dtype, *edits, f"record.parameters='{kept}'")
    run, one_go = train(study, every_trial(study)), whole(name)
    assert len(run.parameter_steps) > 1
    last = {"parameter_steps": run.parameter_steps[-1:], "parameters": run.parameters[:, -1:]}
    assert digest(replace(run, **last)) == digest(one_go)


# What training goes on from; nothing else outlives a block.
_HANDED_ON = (
    "parameters",
    "state",
    "extremes",
    "marks",
    "recent",
    "partial",
    "curve",
)


@pytest.mark.parametrize("goes", [[0, 40], [1, 40], [7, 40], [8, 40], [20, 31, 32, 33, 40]])
@names
def test_several_goes(name: str, goes: list[int]) -> None:
    """Each in a block of its own, with scratch memory that holds nothing but NaN."""
    study, one_go = study_of(name), whole(name)
    block = Block(study, every_trial(study), shape_of(study))
    for go in pairwise([0, *goes]):
        block, before = Block(study, every_trial(study), block.shape), block
        block.given.workspace[:] = np.nan
        handed_on = {part: getattr(before.given, part) for part in _HANDED_ON}
        block.given = block.given._replace(**handed_on)
        block.validated, block.last_validated = before.validated, before.last_validated
        advance(block, *go)
    final = block.given.parameters[:, : study.trials].T[:, np.newaxis].copy()
    assert same(block.results(one_go.parameter_steps, final), name)


def advance(block: Block, start: int, stop: int) -> None:
    """Train, and validate at the recorded steps on the way."""
    looks = block.loss_steps if block.group.validation is not None else np.array([], np.int64)
    within = looks[(start < looks) & (looks <= stop)].tolist()
    if start == 0 and len(looks):
        block.advance(0, 0)
        block.validate(0)
    for begin, end in pairwise([start, *within, stop]):
        block.advance(begin, end)
        if end in within:
            block.validate(end)


BUILDS = {"generic": ("generic", "")}
if platform.machine() in ("x86_64", "AMD64"):
    BUILDS["AVX2"] = ("haswell", "+avx,+avx2,+fma,+bmi,+bmi2,+f16c,+lzcnt,+movbe,+popcnt,+sse4.2")


@pytest.mark.check
@pytest.mark.parametrize("some", [FEW, MANY], ids=["few", "many"])
def test_builds_for_other_processors(
    tmp_path: Path, some: dict[str, tuple[str, list[str]]]
) -> None:
    """A build without vectors or fused multiply-add, one for AVX2, and this machine's own."""
    asked = tmp_path / "asked"
    asked.write_text("\n".join(json.dumps(study) for study in some.values()))
    processes = []
    for name, (cpu, features) in BUILDS.items():
        settings = {"NUMBA_CPU_NAME": cpu, "NUMBA_CPU_FEATURES": features}
        settings |= {"SWEEP_CACHE_DIR": str(tmp_path / name)}
        command, out = [sys.executable, "-m", f"{__package__}.digests", "8"], subprocess.PIPE
        with asked.open() as lines:
            processes.append(
                subprocess.Popen(
                    command, cwd=ROOT, env=os.environ | settings, stdin=lines, stdout=out, text=True
                )
            )
    native = [{digest(whole(name))} for name in some]
    kernels: list[str] = []
    for name, process in zip(BUILDS, processes, strict=True):
        output, _ = process.communicate()
        assert process.returncode == 0
        found = [line.split() for line in output.splitlines()]
        assert [set(digests) for digests in found] == native, name
        assert max(map(len, found)) > 1, "samples abreast too"
        kernels += [entry.name for entry in (tmp_path / name).iterdir()]
    assert len(set(kernels)) == len(kernels) > len(some) * len(BUILDS)  # builds of their own
