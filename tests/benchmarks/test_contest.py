"""Comparisons train what they say, save every turn and refuse a peer that trains another thing."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from benchmarks import contest, costs, table
from benchmarks.contest import Entrant
from benchmarks.networks import NETWORKS
from benchmarks.peers import PEERS, Choice, Peer
from benchmarks.table import Target
from sweep.instrument.networks import Case
from tests.benchmarks.small import COURSE

NUMPY = "benchmarks.peers.numpy_peer"
ONE = "--networks 2-2-2 --dtypes float64"


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """One network and one number of lanes; peers look no longer than they must."""
    monkeypatch.setitem(NETWORKS, "2-2-2", COURSE)
    monkeypatch.setattr(contest, "_SEARCH_SECONDS", 0.001)
    monkeypatch.setattr(contest, "_HEAT_SECONDS", 0.001)
    monkeypatch.setitem(PEERS, "ours", replace(PEERS["ours"], blocks=lambda case, dtype: (8,)))
    monkeypatch.setitem(PEERS, "numpy", Peer(NUMPY, ("build", "build_matmul"), workers=(1,)))
    monkeypatch.setattr(table, "TARGETS", {"2-2-2": ()})


def turns(results: Path, run: Callable[[Sequence[str]], None], options: str) -> pd.DataFrame:
    run([*f"{options} --threads 1 --seconds 0.01".split(), "--results", str(results)])
    (path,) = results.iterdir()
    return pd.read_parquet(path)


def test_comparison_saves_every_turn(tmp_path: Path) -> None:
    found = turns(tmp_path, table.main, f"{ONE} --peers numpy --rounds 2")
    assert found.groupby("round")["peer"].apply(sorted).tolist() == [["numpy", "ours"]] * 2
    of_ours = found[found["peer"] == "ours"]
    assert (of_ours["ours_over_peer"] == 1).all()
    assert (of_ours["batch"] == 8).all()
    steps = found["network_steps_per_second"] * found["seconds"]
    assert steps.round().tolist() == (found["networks"] * COURSE.steps).tolist()
    assert (found["networks"] % (found["batch"] * found["workers"]) == 0).all()
    assert (found["loss_error"] < 1e-13).all()


def test_few_networks_are_trained_in_calls_of_so_many(tmp_path: Path) -> None:
    found = turns(tmp_path, table.main, f"{ONE} --peers numpy --rounds 2 --trials 6")
    assert (found["networks"] % 6 == 0).all()
    assert set(found.loc[found["peer"] == "numpy", "batch"]) <= {1, 2, 3, 6}


def test_a_table_holds_all_networks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = (Target(("numpy",), 1e9, 1e9),)
    monkeypatch.setattr(table, "_OTHERWISE", wanted)
    monkeypatch.setattr(table, "TARGETS", {})
    monkeypatch.setitem(NETWORKS, "2-8-1", replace(COURSE, name="another"))
    options = "--networks 2-2-2 2-8-1 --dtypes float64 --peers numpy --rounds 1"
    found = turns(tmp_path, table.main, options)
    assert found["network"].unique().tolist() == ["2-2-2", "another"]
    told = capsys.readouterr().out
    assert told.count("missed") == 2
    assert "reached" not in told


def test_the_fastest_of_several_peers_is_that_of_each_round() -> None:
    rounds = pd.DataFrame(
        {"round": [0, 0, 1, 1], "peer": ["a", "b"] * 2, "ours_over_peer": [2.0, 3.0, 5.0, 4.0]}
    )
    held = contest.Contest(COURSE, "float64", contest.Rules(), (), rounds, 82, None)
    assert held.ratios(["a", "b"]).tolist() == [2.0, 4.0]
    assert held.ratios(["c"]).empty


def test_networks_of_a_turn_are_whole_portions_and_fit_in_memory() -> None:
    entrant = Entrant("numpy", Choice(4, 2), train=np.ravel, speed=6000.0)
    # 6000 network-steps a second of 60 steps are 100 networks.
    assert entrant.networks(COURSE, 1.0, most=1000) == 96
    assert entrant.networks(COURSE, 1.0, most=50) == 48
    assert entrant.networks(COURSE, 0.0, most=50) == 8


def test_comparison_refuses_a_peer_that_trains_something_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(PEERS, "numpy", Peer(__name__, workers=(1,)))
    rules = contest.Rules(threads=1, seconds=0.01)
    with pytest.raises(contest.UnequalLossesError, match="numpy"):
        contest.hold(COURSE, "float64", ["numpy"], rules, print)


def build(case: Case, dtype: str, threads: int, batch: int) -> object:
    """A peer whose steps are half as long."""
    slower = replace(case, learning_rate=case.learning_rate / 2)
    return Peer(NUMPY).train(slower, dtype, threads, Choice(batch, 1))


def test_costs_are_ratios_within_a_round(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(costs, "CASE", COURSE)
    options = "--only momentum --rounds 2 --dtypes float64 --trials 16"
    found = turns(tmp_path, costs.main, options)
    found = found[~found["name"].str.startswith("batches")]
    seconds = found.pivot_table(index="round", columns="name", values="seconds")
    ratios = found.pivot_table(index="round", columns="name", values="over_plain")
    assert sorted(seconds.columns) == ["momentum", "sgd"]
    np.testing.assert_allclose(ratios["momentum"], seconds["momentum"] / seconds["sgd"])


def test_a_search_goes_on_while_a_step_is_overhead() -> None:
    speeds = [
        Entrant("torch", Choice(4**k, 1, "build"), lambda initial: initial, speed)
        for k, speed in enumerate((1e3, 4e3, 9e3))
    ]
    assert contest._grows(speeds[:1])
    assert contest._grows(speeds)
    assert not contest._grows([*speeds, replace(speeds[-1], speed=1e4)])


@pytest.mark.parametrize(("seconds", "tried"), [(lambda n: 1.0, 5), (lambda n: 1.0 * n, 2)])
def test_a_ladder_ends_where_time_grows_with_the_batch(
    monkeypatch: pytest.MonkeyPatch, seconds: Callable[[int], float], tried: int
) -> None:
    monkeypatch.setattr(contest, "_seconds", lambda train, some: seconds(len(some)))
    monkeypatch.setitem(PEERS, "torch", SimpleNamespace(pooled=True, train=lambda *_: len))
    ladder = [Choice(4**k, 1, "build") for k in range(5)]
    found = contest._climb("torch", ladder, contest._Supply(COURSE, "float64"), contest.Rules())
    assert len(found) == tried


def test_a_try_is_long_enough_to_tell_the_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    # A call takes 2 ms and a microsecond a network: by one network that is 2,000 times too long.
    monkeypatch.setattr(contest, "_SEARCH_SECONDS", 0.1)
    monkeypatch.setattr(contest, "_seconds", lambda train, some: 2e-3 + 1e-6 * len(some))
    supply = contest._Supply(COURSE, "float64")
    found = contest._timed(Entrant("ours", Choice(1, 1, "build"), len), supply, contest.Rules())
    assert found.speed > 0.9e6 * COURSE.steps
