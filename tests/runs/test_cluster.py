"""Runs on a Dask cluster of processes: workers compute, this process commits."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from distributed import Client, LocalCluster
from distributed.comm import CommClosedError

from sweep.errors import RequestError
from sweep.runs import cluster as clusters
from sweep.runs.cluster import Cluster, ClusterError, connected
from sweep.runs.runner import Progress, run
from sweep.runs.workers import Interruption
from sweep.store.repair import verify
from sweep.store.results import open_results
from sweep.study import Group, Study, parse_study
from sweep.training.trained import Trained

# What the library itself warns of, in processes and at the end, is none of our business here.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")

TEXT = """
[network]
layers = [2, 2, 2]
[data]
inputs = [[0.05, 0.1]]
targets = [[0.01, 0.99]]
[initial]
scheme = "uniform"
[training]
steps = 40
[axes]
learning_rate = { log = [1e-2, 1e3], num = 12 }
seed = { range = [0, 8] }
[record]
loss = "every 10"
"""


def asked(*overrides: str) -> Study:
    return parse_study(TEXT, "small", Path(), overrides)


@pytest.fixture(scope="module")
def local() -> Iterator[LocalCluster]:
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster:
        yield cluster


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[int, str]:
    """The digests of runs on threads, by their number of steps."""
    directory, found = tmp_path_factory.mktemp("threads"), {}
    for steps in (40, 70):
        study = asked(f"training.steps={steps}")
        run(study, directory / str(steps))
        found[steps] = open_results(directory / str(steps) / "small").content_digest()
    return found


def assert_whole(directory: Path, digest: str, trials: int = 96) -> None:
    results = open_results(directory / "small")
    assert results.content_digest() == digest
    assert sorted(results.trials()["trial"]) == list(range(trials))
    assert verify(directory / "small") == []


def test_the_bits_are_those_of_threads(
    local: LocalCluster, undisturbed: dict[int, str], tmp_path: Path
) -> None:
    with connected(local.scheduler_address) as workers:
        assert workers.count == 2
        report = run(asked(), tmp_path, chunk=7, workers=workers)
        assert (report.trained, report.signal) == (96, 0)
        assert_whole(tmp_path, undisturbed[40])
        longer = asked("training.steps=70")
        report = run(longer, tmp_path, chunk=10, workers=workers)
        assert (report.trained, report.extended) == (96, 96)
        assert open_results(tmp_path / "small").content_digest() == undisturbed[70]
        assert run(longer, tmp_path, workers=workers).trained == 0


@pytest.mark.check
def test_a_worker_that_is_lost_is_replaced(undisturbed: dict[int, str], tmp_path: Path) -> None:
    killed = []
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster,
        connected(cluster.scheduler_address) as workers,
    ):

        def kill(progress: Progress) -> None:
            if not killed:
                (killed[:],) = [list(workers.client.run(os.getpid).values())]
                os.kill(killed[0], signal.SIGKILL)

        assert run(asked(), tmp_path, chunk=5, workers=workers, progress=kill).trained == 96
    assert killed
    assert_whole(tmp_path, undisturbed[40])


def test_a_chunk_computed_twice_is_committed_once(
    local: LocalCluster, undisturbed: dict[int, str], tmp_path: Path
) -> None:
    class Twice(Cluster):
        def submit(
            self,
            group: Group,
            index: np.ndarray,
            since: Trained | None,
            interruption: Interruption,
        ) -> Future[Trained]:
            super().submit(group, index, since, interruption)
            return super().submit(group, index, since, interruption)

    with Client(local.scheduler_address) as client:
        twice = Twice(client, "here")
        assert run(asked(), tmp_path, chunk=20, workers=twice).trained == 96
    assert_whole(tmp_path, undisturbed[40])


def test_nothing_of_dask_is_loaded_without_a_cluster() -> None:
    code = "import sys, sweep.cli, sweep.runs.runner; sys.exit('distributed' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


SCHEDULER = """
import sys
from distributed import LocalCluster
if __name__ == "__main__":
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=":0") as cluster:
        print(cluster.scheduler_address, flush=True)
        sys.stdin.readline()
"""


@pytest.mark.check  # and the worker that is: they start processes anew
def test_a_scheduler_that_is_lost_ends_the_run_and_loses_nothing(
    undisturbed: dict[int, str], tmp_path: Path
) -> None:
    script = tmp_path / "scheduler.py"
    script.write_text(SCHEDULER)
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, str(script)], stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        done = []

        def kill(progress: Progress) -> None:
            done.append(progress.trials_done)
            process.kill()

        ended = pytest.raises(ClusterError, match="the scheduler was lost; what is finished is")
        with ended, connected(address) as workers:
            run(asked(), tmp_path, chunk=4, workers=workers, progress=kill)
    assert 0 < done[0] <= done[-1] < 96
    report = run(asked(), tmp_path)
    assert report.already >= done[-1]
    assert_whole(tmp_path, undisturbed[40])


def test_a_connection_may_break_before_the_client_knows() -> None:
    def result() -> Trained:
        raise CommClosedError("in <TCP (closed) ConnectionPool.gather>: Stream is closed")

    client: Any = SimpleNamespace(nthreads=lambda: {"a": 1}, status="running")
    task: Any = SimpleNamespace(result=result, status="finished")
    future: Future[Trained] = Future()
    Cluster(client, "tcp://here:1")._hand_over(task, future)
    with pytest.raises(ClusterError, match=r"^tcp://here:1: the scheduler was lost; what is"):
        future.result()


def test_other_versions_are_refused_at_once(
    local: LocalCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = clusters.versions()
    ours = theirs | {"numerics": "999", "numba": "0.1"}
    monkeypatch.setattr(clusters, "versions", lambda: ours)
    wanted = (
        rf"the worker tcp://\S+ has numba {re.escape(theirs['numba'])} and not 0\.1, "
        rf"numerics {theirs['numerics']} and not 999$"
    )
    with pytest.raises(RequestError, match=wanted), connected(local.scheduler_address):
        pass


def test_a_worker_that_joins_late_with_other_versions_trains_nothing() -> None:
    (group,) = asked().groups()
    with pytest.raises(ClusterError, match="a worker joined that has other versions"):
        clusters._train({"numerics": "1"}, group, np.arange(3), None)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense://x", "127.0.0.1"])
def test_where_no_scheduler_is(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "_PATIENCE", 1)
    refused = pytest.raises(RequestError, match="no Dask scheduler answers there: ")
    with refused as raised, connected(address):
        pass
    assert str(raised.value).startswith(f"{address}: ")
    assert "\n" not in str(raised.value)


def test_an_address_that_is_silent_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "_PATIENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        silent = f"{address}: no Dask scheduler answers there: it was silent for 0.2 s"
        with pytest.raises(RequestError, match=silent), connected(address):
            pass


@pytest.mark.check
def test_the_command_runs_a_cluster_of_its_own(undisturbed: dict[int, str], tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text(TEXT)
    code = "from sweep.cli import main; main()"
    command = [sys.executable, "-c", code, "run", "small.toml", "--dask", "local"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "trained 96 of 96 trials" in done.stdout
    assert_whole(tmp_path / "results", undisturbed[40])
