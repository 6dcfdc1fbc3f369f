"""Every peer trains what the oracle trains; those that are not installed are skipped by name."""

import platform
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.arithmetic import products
from benchmarks.networks import NETWORKS
from benchmarks.ours import initial_parameters
from benchmarks.peers import PEERS, Choice
from benchmarks.peers.c_peer import compile_network
from sweep.instrument.networks import Case
from tests.benchmarks.small import COURSE, DEEP, ONE_LAYER, OTHER, REGRESSION
from tests.oracles import naive
from tests.oracles.problem import Problem

# As for the comparison, but for few steps.
TOLERANCES = {"float64": 1e-13, "float32": 1e-5}
# One name for each way in which a peer is written: however many threads, it is the same code.
WAYS = {
    (peer.module, builder): name
    for name, peer in reversed(PEERS.items())
    for builder in peer.builders
    if name != "ours"
}


@pytest.fixture(params=sorted(WAYS), ids=lambda way: f"{way[0].rpartition('.')[2]}.{way[1]}")
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """The name of a peer, and of its builder."""
    module, builder = request.param
    name = WAYS[module, builder]
    for package in ("jax", "torch", "sklearn"):
        if name.startswith(package):
            pytest.importorskip(package, reason=f"the peer {name} needs {package}")
    if name == "c" and shutil.which("gcc") is None:
        pytest.skip("the peer c needs gcc")
    if builder == "build_compiled":
        if shutil.which("g++") is None:
            pytest.skip("torch.compile needs g++")
        if request.node.get_closest_marker("soak") is None:  # C++ takes a minute
            monkeypatch.setattr("benchmarks.peers.torch_peer.BACKEND", "aot_eager")
    return name, builder


def oracle_losses(case: Case, initial: np.ndarray) -> np.ndarray:
    problem = Problem(
        case.layers, case.activations, case.bias, case.loss, case.inputs, case.targets
    )
    rates = [case.learning_rate] * len(case.activations)
    return np.array([naive.descend(problem, row, case.steps, rates)[0][-1] for row in initial])


def losses(way: tuple[str, str], case: Case, dtype: str, initial: np.ndarray) -> np.ndarray:
    name, builder = way
    batch, workers = (4, 2) if PEERS[name].pooled else (16, 2)
    train = PEERS[name].train(case, dtype, 2, Choice(batch, workers, builder))
    return train(initial)


def random_parameters(case: Case, dtype: str, n: int) -> np.ndarray:
    drawn = np.random.default_rng(7).uniform(-1, 1, (n, case.n_parameters))
    return (drawn / np.sqrt(max(case.layers[:-1]))).astype(dtype)


@pytest.mark.quick("*numpy_peer*")
@pytest.mark.parametrize(
    "case", [COURSE, OTHER, DEEP, ONE_LAYER, REGRESSION], ids=lambda case: case.name
)
def test_losses(way: tuple[str, str], case: Case) -> None:
    check_losses(way, case, "float64", 24)


@pytest.mark.quick("*numpy_peer*")
@pytest.mark.parametrize("case", [OTHER], ids=lambda case: case.name)
def test_losses_in_single_precision(way: tuple[str, str], case: Case) -> None:
    check_losses(way, case, "float32", 24)


@pytest.mark.soak
@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("name", NETWORKS)
def test_losses_of_every_network(way: tuple[str, str], name: str, dtype: str) -> None:
    """At full size, for a few steps: 8 networks are a pool's portion."""
    check_losses(way, replace(NETWORKS[name], steps=3), dtype, 8)


@pytest.mark.soak
@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("name", NETWORKS)
def test_our_losses_of_every_network(name: str, dtype: str) -> None:
    case = replace(NETWORKS[name], steps=3)
    initial = initial_parameters(case, dtype, 8)
    expected = oracle_losses(case, initial.astype(np.float64))
    found = losses(("ours", "build"), case, dtype, initial)
    np.testing.assert_allclose(found, expected, rtol=TOLERANCES[dtype])


def check_losses(way: tuple[str, str], case: Case, dtype: str, n: int) -> None:
    # 24 are not a multiple of a block, but of a pool's portion.
    initial = random_parameters(case, dtype, n)
    if not takes(way, case):
        with pytest.raises(NotImplementedError):
            losses(way, case, dtype, initial)
        return
    expected = oracle_losses(case, initial.astype(np.float64))
    found = losses(way, case, dtype, initial)
    assert found.dtype == dtype
    # A loss is a mean of squared differences between numbers of about 1, and these are rounded.
    rounding = float(np.finfo(dtype).eps)
    np.testing.assert_allclose(found, expected, rtol=TOLERANCES[dtype], atol=rounding)


def takes(way: tuple[str, str], case: Case) -> bool:
    """Some peers are written for small networks alone."""
    if way[0] == "numba":
        return case.name == "2-2-2"
    if way[0] == "c":
        return case.n_parameters <= 400
    if way[0] == "sklearn":
        one = len(set(case.activations[:-1])) == 1
        return case.bias and one and case.activations[-1] == "identity"
    return way[0] != "jax, unrolled" or products(case) <= 500


@pytest.mark.parametrize("dtype", TOLERANCES)
def test_our_losses_are_those_of_the_initial_parameters_we_hand_out(dtype: str) -> None:
    initial = initial_parameters(COURSE, dtype, 24)
    expected = oracle_losses(COURSE, initial.astype(np.float64))
    np.testing.assert_allclose(
        losses(("ours", "build"), COURSE, dtype, initial), expected, rtol=TOLERANCES[dtype]
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
