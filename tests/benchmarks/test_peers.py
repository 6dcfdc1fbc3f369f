"""Every peer trains what the oracle trains; those that are not installed are skipped by name."""

import platform
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import compare
from benchmarks.networks import NETWORKS, Case
from benchmarks.ours import initial_parameters
from benchmarks.peers import PEERS, Choice
from benchmarks.peers.c_peer import compile_network
from tests.oracles import naive
from tests.oracles.problem import Problem

COURSE = replace(NETWORKS["2-2-2"], steps=60)
# What the course leaves out: biases, several samples, other activations, the other loss.
OTHER = Case(
    name="3-4-2",
    layers=(3, 4, 2),
    activations=("tanh", "relu"),
    bias=True,
    loss="mean_squared_error",
    inputs=((0.3, -1.2, 0.7), (-0.4, 0.9, 0.1)),
    targets=((0.2, 0.7), (0.9, 0.1)),
    learning_rate=0.1,
    steps=20,
    operations=0,
)
# As for the comparison, but for few steps.
TOLERANCES = {"float64": 1e-13, "float32": 1e-5}
NEEDS = {"jax": "jax", "jax, unrolled": "jax", "torch": "torch"}
POOLED = {True: Choice(batch=4, workers=2), False: Choice(batch=16, workers=1)}


@pytest.fixture(autouse=True)
def unconfined(monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison keeps to some processors for good; the tests that follow want theirs."""
    monkeypatch.setattr(compare, "_confine", lambda _: None)


@pytest.fixture(params=[name for name in PEERS if name != "ours"])
def peer(request: pytest.FixtureRequest) -> str:
    name = request.param
    if name in NEEDS:
        pytest.importorskip(NEEDS[name], reason=f"the peer {name} needs {NEEDS[name]}")
    if name == "c" and shutil.which("gcc") is None:
        pytest.skip("the peer c needs gcc")
    return str(name)


def oracle_losses(case: Case, initial: np.ndarray) -> np.ndarray:
    problem = Problem(
        case.layers, case.activations, case.bias, case.loss, case.inputs, case.targets
    )
    rates = [case.learning_rate] * len(case.activations)
    return np.array([naive.descend(problem, row, case.steps, rates)[0][-1] for row in initial])


def losses(name: str, case: Case, dtype: str, initial: np.ndarray) -> np.ndarray:
    train = PEERS[name].train(case, dtype, 2, POOLED[PEERS[name].pooled])
    return train(initial)


def random_parameters(case: Case, dtype: str) -> np.ndarray:
    # Not a multiple of a block, but of a pool's batch.
    drawn = np.random.default_rng(7).uniform(-1, 1, (24, case.n_parameters))
    return drawn.astype(dtype)


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("case", [COURSE, OTHER], ids=lambda case: case.name)
def test_losses(peer: str, case: Case, dtype: str) -> None:
    initial = random_parameters(case, dtype)
    expected = oracle_losses(case, initial.astype(np.float64))
    if peer == "numba" and case is OTHER:
        with pytest.raises(NotImplementedError, match="2-2-2"):
            losses(peer, case, dtype, initial)
        return
    found = losses(peer, case, dtype, initial)
    assert found.dtype == dtype
    # A loss is a square of differences between numbers of about 1, and these are rounded.
    rounding = float(np.finfo(dtype).eps)
    np.testing.assert_allclose(found, expected, rtol=TOLERANCES[dtype], atol=rounding)


@pytest.mark.parametrize("dtype", TOLERANCES)
def test_our_losses_are_those_of_the_initial_parameters_we_hand_out(dtype: str) -> None:
    initial = initial_parameters(COURSE, dtype, 24)
    expected = oracle_losses(COURSE, initial.astype(np.float64))
    np.testing.assert_allclose(
        losses("ours", COURSE, dtype, initial), expected, rtol=TOLERANCES[dtype]
    )


@pytest.mark.skipif(
    (platform.machine(), platform.libc_ver()[0]) != ("x86_64", "glibc")
    or shutil.which("gcc") is None,
    reason="libmvec comes with glibc and is called by gcc",
)
@pytest.mark.parametrize(("dtype", "function"), [("float64", b"v_exp"), ("float32", b"v_expf")])
def test_c_calls_the_vector_exp(tmp_path: Path, dtype: str, function: bytes) -> None:
    library = compile_network(COURSE, dtype, 64, tmp_path).read_bytes()
    symbols = library.split(b"\0")
    assert any(name.startswith(b"_ZGV") and name.endswith(function) for name in symbols)


def test_comparison_saves_every_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(NETWORKS, "2-2-2", COURSE)
    monkeypatch.setattr(compare, "SEARCHED", 512)
    monkeypatch.setitem(PEERS, "numpy", replace(PEERS["numpy"], batches=(64, 128)))
    run(tmp_path, ["--peers", "numpy", "--rounds", "2"])
    (path,) = tmp_path.iterdir()
    turns = pd.read_parquet(path)
    assert turns.groupby("round")["peer"].apply(sorted).tolist() == [["numpy", "ours"]] * 2
    assert set(turns["batch"]) <= {8, 16, 32, 64, 128}
    of_ours = turns[turns["peer"] == "ours"]
    assert (of_ours["ours_over_peer"] == 1).all()
    steps = turns["network_steps_per_second"] * turns["seconds"]
    assert steps.round().tolist() == (turns["networks"] * COURSE.steps).tolist()


def test_comparison_refuses_a_peer_that_trains_something_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(NETWORKS, "2-2-2", COURSE)
    monkeypatch.setattr(compare, "SEARCHED", 512)
    monkeypatch.setitem(PEERS, "numpy", replace(PEERS["numpy"], batches=(64,), module=__name__))
    with pytest.raises(compare.UnequalLossesError, match="numpy"):
        run(tmp_path, ["--peers", "numpy"])


def build(case: Case, dtype: str, threads: int, batch: int) -> object:
    """A peer whose steps are half as long."""
    return PEERS["ours"].train(
        replace(case, learning_rate=case.learning_rate / 2), dtype, threads, Choice(8, 1)
    )


def run(results: Path, options: Sequence[str]) -> None:
    compare.main([*options, "--threads", "1", "--seconds", "0.01", "--results", str(results)])
