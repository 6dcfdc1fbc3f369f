import os
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from itertools import count, pairwise
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sweep.errors import RequestError
from sweep.runs import runner, workers
from sweep.runs.runner import Progress, run
from sweep.store import commit
from sweep.store.repair import verify
from sweep.store.results import open_results
from sweep.study import Group, Study, parse_study
from sweep.training.trained import Trained
from sweep.training.trainer import train
from tests.store.small import Bench, study
from tests.store.small import train as pretend
from tests.study.course import EVERYTHING, course

REAL = """
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
learning_rate = {{ log = [1e-2, 1e3], num = {rates} }}
seed = {{ range = [0, {seeds}] }}
[record]
loss = "every 10"
"""

KILLED = """
import os, sys
from pathlib import Path
from sweep.runs import runner, workers
from sweep.study import parse_study
study, train = parse_study(sys.argv[2], "small", Path()), workers.train
log = os.open(sys.argv[1] + ".trained", os.O_APPEND | os.O_CREAT | os.O_WRONLY)
def logged(group, index, **rest):
    done = train(group, index, **rest)
    os.write(log, b"." * len(index))
    return done
workers.train = logged
print("ready", flush=True)
runner.run(study, Path(sys.argv[1]), threads=2, chunk=int(sys.argv[3]))
"""
"""Trains on two threads, and keeps count of trained trials by the size of a file."""


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(workers, "train", pretend)
    monkeypatch.setattr(workers, "prepare", lambda group, lanes: False)
    monkeypatch.setattr(workers, "uncompiled", lambda groups, lanes: [])
    return Bench(tmp_path / "results", [])


def real(rates: int = 7, seeds: int = 5) -> Study:
    return parse_study(REAL.format(rates=rates, seeds=seeds), "small", Path())


def test_a_study_of_everything_runs_and_reads_back(tmp_path: Path) -> None:
    asked = course(*EVERYTHING, "training.steps=30")
    assert run(asked, tmp_path, threads=2).trained == 16
    results = open_results(tmp_path / "course")
    assert results.study.groups()[0].digest == asked.groups()[0].digest
    trials, curves = results.trials(), results.curves()
    axes = [axis.name for axis in asked.axes]
    assert axes == ["learning_rate", "batch_seed", "clip_norm", "network.multiplier.1"]
    assert not trials.duplicated([*axes, "final_loss"]).any()
    assert trials["final_loss"].nunique() == 16  # every axis tells
    assert trials["validation_accuracy"].between(0, 1).all()
    last = curves[curves["step"] == 30]
    assert last["validation_loss"].tolist() == trials["validation_loss"].tolist()
    assert run(asked, tmp_path).already == 16
    fields = [*EVERYTHING, "training.steps=30", "axes={ learning_rate=[0.2] }"]
    stated = ["batch.seed=2", "training.clip_norm=1", "network.multiplier=[0.5, 1]"]
    assert run(course(*fields, *stated), tmp_path).already == 1


def test_a_run_reports_and_a_second_finds_nothing_to_do(tmp_path: Path) -> None:
    first = run(real(), tmp_path, threads=2)
    assert (first.trained, first.already, first.trials) == (35, 0, 35)
    assert first.steps == 35 * 40
    assert first.seconds > 0
    assert first.directory == tmp_path / "small"
    assert not first.signal
    assert first.findings == ()
    second = run(real(), tmp_path, threads=2)
    assert (second.trained, second.already, second.steps, second.seconds) == (0, 35, 0, 0)


@pytest.mark.parametrize(
    "choices",
    [
        {"threads": 1, "chunk": 35},
        {"threads": 2, "chunk": 7},
        {"threads": 4, "chunk": 1},
        {"threads": 3, "chunk": 4, "shuffle_seed": 5},
        {"threads": 2, "chunk": 64},
        {"threads": 2, "chunk": 8, "lanes": 4, "shuffle_seed": 6},
    ],
)
def test_the_bits_depend_on_no_choice(tmp_path: Path, choices: dict[str, int]) -> None:
    run(real(), tmp_path / "one")
    run(real(), tmp_path / "other", **choices)
    one, other = (open_results(tmp_path / name / "small") for name in ("one", "other"))
    assert other.content_digest() == one.content_digest()
    pd.testing.assert_frame_equal(
        one.curves().drop(columns="trial"), other.curves().drop(columns="trial"), check_exact=True
    )


def test_only_the_difference_is_trained(bench: Bench) -> None:
    bench.run(study("learning_rate = [0.5, 7.0]\nseed = [0, 1]"))
    report = bench.run(study("learning_rate = [0.5, 9.0, 7.0]\nseed = [1, 0, 2]"))
    assert (report.trained, report.already, report.trials) == (5, 4, 9)
    bench.run(study("learning_rate = [0.5, 9.0, 7.0]\nseed = [1, 0, 2]"), chunk=1)
    fresh = Bench(bench.results / "fresh", [])
    fresh.run(study("learning_rate = [0.5, 9.0, 7.0]\nseed = [1, 0, 2]"))
    bench_digest, fresh_digest = bench.digest(), fresh.digest()
    assert bench_digest == fresh_digest


def test_progress_counts_this_run(bench: Bench) -> None:
    bench.run(study("learning_rate = [0.5]\nseed = [0, 1]"))
    seen: list[Progress] = []
    bench.run(study(), chunk=4, progress=seen.append)
    assert [(at.trials_done, at.trials_total, at.network_steps) for at in seen] == [
        (4, 10, 120),
        (8, 10, 240),
        (10, 10, 300),
    ]
    assert all(one.seconds < other.seconds for one, other in pairwise(seen))


def test_at_most_one_chunk_more_than_threads_is_under_way(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chunks submitted or trained and not yet committed, counted where they are made and saved."""
    made, most = [0], [0]
    real_pieces, real_add = runner._positions, runner.Ledger.add

    def pieces(*asked: Any) -> Iterator[np.ndarray]:
        for piece in real_pieces(*asked):
            made[0] += 1
            most[0] = max(most[0], made[0])
            yield piece

    def add(self, *chunk):  # noqa: ANN001, ANN002, ANN202
        made[0] -= 1
        return real_add(self, *chunk)

    monkeypatch.setattr(runner, "_positions", pieces)
    monkeypatch.setattr(runner.Ledger, "add", add)
    runner.run(study(), bench.results, threads=3, chunk=1)
    assert made == [0]
    assert most == [4]


@pytest.mark.parametrize(
    ("choice", "why"),
    [
        ({"threads": 0}, "threads must be at least 1, not 0"),
        ({"chunk": -3}, "chunk must be at least 1, not -3"),
        ({"lanes": 3}, "lanes must be a power of two from 1 to 64, not 3"),
        ({"lanes": 128}, "lanes must be a power of two from 1 to 64, not 128"),
    ],
)
def test_wrong_choices_are_refused_before_anything_is_written(
    tmp_path: Path, choice: dict[str, int], why: str
) -> None:
    with pytest.raises(RequestError) as raised:
        run(study(), tmp_path / "results", **choice)
    assert str(raised.value) == why
    assert not (tmp_path / "results").exists()


def test_too_many_trials_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    many = "learning_rate = { linear = [1, 2], num = 100000 }\nseed = { range = [0, 100000] }"
    with pytest.raises(RequestError, match=r"10000000000 trials; one run takes 4294967296"):
        run(study(many), tmp_path / "results")
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_run_with_what_was_under_way_committed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    noted, waiting, started, asked = threading.Event(), threading.Event(), [], []
    pieces = runner._positions

    def watched(*choices: Any) -> Iterator[np.ndarray]:
        for piece in pieces(*choices):
            asked.append(piece)
            if len(asked) == 4:
                waiting.set()
            yield piece

    class Interruption(runner.Interruption):
        def _note(self, number: int, frame: FrameType | None) -> None:
            super()._note(number, frame)
            noted.set()

    def train_and_signal(
        group: Group, index: np.ndarray, *, lanes: int | None = None, since: Trained | None = None
    ) -> Trained:
        started.append(index)
        if len(started) == 3:
            assert waiting.wait(60)  # for the next chunk, which must not get its turn
            os.kill(os.getpid(), number)
            assert noted.wait(60)
        return pretend(group, index)

    with monkeypatch.context() as patch:
        patch.setattr(workers, "train", train_and_signal)
        patch.setattr(runner, "Interruption", Interruption)
        patch.setattr(runner, "_positions", watched)
        report = bench.run(study(), chunk=1)
    assert report.signal == number
    assert report.trained == len(started) == 3
    assert bench.open().trained == 3
    assert verify(bench.directory) == []
    again = bench.run(study())
    assert not again.signal
    assert (again.trained, again.already) == (9, 3)


def test_a_signal_during_the_last_chunk_interrupts_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def train_and_signal(
        group: Group, index: np.ndarray, *, lanes: int | None = None, since: Trained | None = None
    ) -> Trained:
        os.kill(os.getpid(), signal.SIGINT)
        return pretend(group, index)

    monkeypatch.setattr(workers, "train", train_and_signal)
    report = bench.run(study(), chunk=12)
    assert (report.trained, report.signal) == (12, 0)


def test_a_second_signal_interrupts_at_once_and_loses_only_what_was_under_way(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def train_and_signal(
        group: Group, index: np.ndarray, *, lanes: int | None = None, since: Trained | None = None
    ) -> Trained:
        if index[0] == 6:
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGTERM)
        return pretend(group, index)

    with monkeypatch.context() as patch:
        patch.setattr(workers, "train", train_and_signal)
        with pytest.raises(KeyboardInterrupt):
            bench.run(study(), chunk=1)
    assert bench.run(study()).already >= 5
    assert verify(bench.directory) == []


def test_an_error_while_training_keeps_what_was_committed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail_late(
        group: Group, index: np.ndarray, *, lanes: int | None = None, since: Trained | None = None
    ) -> Trained:
        if index[0] >= 8:
            raise MemoryError("no room")
        return pretend(group, index)

    with monkeypatch.context() as patch:
        patch.setattr(workers, "train", fail_late)
        with pytest.raises(MemoryError):
            bench.run(study(), chunk=2)
    report = bench.run(study())
    assert report.already >= 6
    assert report.trained == 12 - report.already


def test_two_runs_at_once_share_the_work(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = threading.Event()
    reports, said = [], []

    def patient(
        group: Group, index: np.ndarray, *, lanes: int | None = None, since: Trained | None = None
    ) -> Trained:
        assert waiting.wait(60)
        return pretend(group, index)

    def on_wait(sentence: str) -> None:
        said.append(sentence)
        waiting.set()

    monkeypatch.setattr(workers, "train", patient)
    threads = [
        threading.Thread(target=lambda: reports.append(bench.run(study(), on_wait=on_wait)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted((report.trained, report.already) for report in reports) == [(0, 12), (12, 0)]
    assert len(said) == 1


def await_commit(records: Path, process: subprocess.Popen[str]) -> None:
    """Wait for the next record; merging makes records fewer, but numbers only grow."""

    def latest() -> str:
        return max((path.stem for path in records.glob("*.json")), default="")

    before = latest()
    while latest() <= before and process.poll() is None:
        time.sleep(0.001)


KILL = (signal.SIGKILL,)
ASK = (signal.SIGINT, signal.SIGTERM)


def ended_runs(
    directory: Path, asked: Study, chunk: int, ends: int, seed: int, signals: tuple[int, ...] = KILL
) -> int:
    """Run in processes of their own and end them early; return how many trials are committed."""
    schedule, log = random.Random(seed), Path(f"{directory}.trained")
    committed = trained = 0
    for _ in range(ends):
        command = [sys.executable, "-c", KILLED, str(directory), asked.to_toml(), str(chunk)]
        quiet = subprocess.DEVNULL
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=quiet, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            if signals == ASK or schedule.random() < 0.7:  # else while it starts
                await_commit(directory / "small" / "commits", process)
            time.sleep(schedule.uniform(0, 0.04))
            process.send_signal(schedule.choice(signals))
            process.wait(120)
        if (directory / "small" / "study.toml").exists():
            before, committed = committed, assert_sound(directory / "small", at_least=committed)
            before_trained, trained = trained, log.stat().st_size
            lost = (trained - before_trained) - (committed - before)
            # A chunk for each of two threads and the one being saved; none where a run may end.
            assert 0 <= lost <= (3 * chunk if signals == KILL else 0)
    return committed


def assert_sound(directory: Path, at_least: int) -> int:
    """Assert that nothing is lost or there twice; return how many trials are committed."""
    found = open_results(directory)
    assert found.trained >= at_least
    assert not found.trials()[["learning_rate", "seed"]].duplicated().any()
    return found.trained


def assert_equal_to_undisturbed(directory: Path, asked: Study) -> None:
    run(asked, directory)
    run(asked, directory / "undisturbed")
    found = open_results(directory / "small")
    assert found.trials()["trial"].is_unique
    assert sorted(found.trials()["trial"]) == list(range(asked.trials))
    digest = open_results(directory / "undisturbed" / "small").content_digest()
    assert found.content_digest() == digest
    assert verify(directory / "small") == []


@pytest.mark.quick("killed-6", "asked-3")
@pytest.mark.parametrize(
    ("signals", "ends"),
    [(KILL, 6), (KILL, 50), (ASK, 3), (ASK, 10)],
    ids=["killed-6", "killed-50", "asked-3", "asked-10"],
)
def test_ended_and_run_again_ends_equal_to_undisturbed(
    tmp_path: Path, signals: tuple[int, ...], ends: int
) -> None:
    asked = real(200, 40)
    train(asked.groups()[0], np.arange(2))  # compiled here, so that those ended can load it
    committed = ended_runs(tmp_path, asked, 4, ends, seed=1, signals=signals)
    assert 0 < committed < asked.trials  # ends came while there was something to lose
    assert_equal_to_undisturbed(tmp_path, asked)


@pytest.mark.soak
@pytest.mark.parametrize("signals", [KILL, ASK], ids=["killed", "asked"])
@pytest.mark.parametrize("seed", range(20))
def test_ended_fifty_times(tmp_path: Path, seed: int, signals: tuple[int, ...]) -> None:
    asked = real(200, 100)
    train(asked.groups()[0], np.arange(2))
    ended_runs(tmp_path, asked, 3, 50, seed, signals)
    assert_equal_to_undisturbed(tmp_path, asked)


def test_clocks_of_other_days_change_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A day ahead, a day behind, and at the beginning of time."""
    seen = []
    for chunks, clock in enumerate(("2030-01-02", "2029-12-31", "1970-01-01"), start=1):
        monkeypatch.setattr(commit, "now", lambda clock=clock: f"{clock}T00:00:00+00:00")
        rates = [0.5, 7.0, 20.0][:chunks]
        bench.run(study(f"learning_rate = {rates}\nseed = [0, 1]"))
        for path in bench.directory.rglob("*"):
            os.utime(path, (0, 86400.0 * chunks))
        seen.append(bench.open(study(f"learning_rate = {rates}\nseed = [0, 1]")).trained)
    assert seen == [2, 4, 6]
    assert verify(bench.directory) == []


def injected(directory: Path, asked: Study, call: str, code: str, at: int) -> str:
    """Run in a process whose `at`th `call` of the main thread the kernel refuses; its last line."""
    inject = f"inject={call}:error={code}:when={at}"
    command = ["strace", "-f", "-qq", "-o", os.devnull, "-e", f"trace={call}", "-e", inject]
    command += [sys.executable, "-c", KILLED, str(directory), asked.to_toml(), "40"]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    return (process.stderr.strip().splitlines() or [""])[-1]


@pytest.mark.soak
@pytest.mark.parametrize("code", ["EIO", "ENOSPC"])
@pytest.mark.parametrize("call", ["write", "fsync", "link", "rename", "mkdir", "unlink"])
def test_the_kernel_refuses_any_call(tmp_path: Path, call: str, code: str) -> None:
    if not shutil.which("strace"):
        pytest.skip("strace is not installed; tests/store/test_faults.py does the same in Python")
    asked = real(10, 8)
    train(asked.groups()[0], np.arange(2))
    refused = 0
    for at in count(3 if call == "write" else 1):  # not what it says itself
        directory = tmp_path / str(at)
        said = injected(directory, asked, call, code, at)
        if said:
            assert re.match(r"sweep\.errors\.(Request|Store)Error: .*: [A-Z]\w+", said), said
            refused += 1
        elif open_results(directory / "small").trained == 80 and call != "unlink":
            break
        assert_equal_to_undisturbed(directory, asked)
        if call == "unlink" and at == 20:
            break
    assert refused > 0 or call == "unlink"
