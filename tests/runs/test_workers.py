import os
import signal
import subprocess
import threading
from pathlib import Path

import pytest

from sweep.runs import workers
from sweep.runs.runner import run
from sweep.runs.workers import Interruption, uncompiled
from sweep.study import parse_study
from sweep.training import compile as compiling
from sweep.training.trainer import kernels_of

SIGNALS = [signal.SIGINT, signal.SIGTERM]


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_is_noted_and_the_second_interrupts(number: signal.Signals) -> None:
    before = [signal.getsignal(one) for one in SIGNALS]
    with Interruption() as interruption:
        assert not interruption
        signal.raise_signal(number)
        assert interruption
        assert interruption.signal == number
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert [signal.getsignal(one) for one in SIGNALS] == before


def test_what_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Interruption() as interruption:
            signal.raise_signal(signal.SIGINT)
            assert not interruption
    finally:
        signal.signal(signal.SIGINT, before)


def test_another_thread_leaves_signals_alone() -> None:
    before = signal.getsignal(signal.SIGTERM)
    seen = []

    def work() -> None:
        with Interruption():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]


TEXT = """
[network]
layers = [2, {hidden}, 1]
[data]
name = "xor"
[initial]
scheme = "normal"
[training]
steps = 3
[axes]
learning_rate = [0.1, 1.0]
"training.optimizer" = ["sgd", "momentum", "adam"]
"""


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of kernels that is empty, for this process and those that it begins."""
    monkeypatch.setenv("SWEEP_CACHE_DIR", str(tmp_path / "kernels"))
    monkeypatch.setattr(compiling, "_loaded", {})
    monkeypatch.setattr(workers, "uncompiled", uncompiled)  # the product's, which begins them
    return tmp_path / "kernels"


@pytest.mark.check
def test_kernels_are_compiled_by_processes_of_their_own(
    tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled = []
    monkeypatch.setattr(compiling, "_compile", lambda key, _: compiled.append(key))
    asked = parse_study(TEXT.format(hidden=2), "small", Path())
    assert len(workers.uncompiled(asked.groups(), None)) == 3
    assert run(asked, tmp_path, threads=1).trained == 6
    assert compiled == []
    assert len(list(own_cache.glob("*.kernel"))) >= 3
    assert workers.uncompiled(asked.groups(), None) == []


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_while_a_kernel_is_compiled_ends_the_run(
    tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    """The compiler, which would never end, is killed."""
    monkeypatch.setattr(workers, "_COMPILE", "import time; time.sleep(10**6)")
    asked, begun = parse_study(TEXT.format(hidden=3), "small", Path()), []
    popen = subprocess.Popen

    def signalled(*arguments: object, **options: object) -> subprocess.Popen[bytes]:
        begun.append(popen(*arguments, **options))
        os.kill(os.getpid(), number)
        return begun[-1]

    monkeypatch.setattr(workers.subprocess, "Popen", signalled)
    monkeypatch.setattr(workers, "_AT_ONCE", 1)
    report = run(asked, tmp_path, threads=1)
    assert (report.trained, report.signal) == (0, number)
    assert [process.returncode for process in begun] == [-signal.SIGKILL]
    assert not own_cache.exists()


@pytest.mark.parametrize(("processors", "at_once"), [(1, 1), (8, 2)])
def test_kernels_of_later_groups_are_compiled_ahead(
    own_cache: Path, monkeypatch: pytest.MonkeyPatch, processors: int, at_once: int
) -> None:
    monkeypatch.setattr(workers, "_COMPILE", "import time; time.sleep(10**6)")
    monkeypatch.setattr(workers, "usable_processors", lambda: processors)
    monkeypatch.setattr(workers, "prepare", lambda group, lanes: False)
    groups = parse_study(TEXT.format(hidden=2), "small", Path()).groups()
    wanted = [kernels_of(group) for group in groups]
    with workers.Threads(1, None) as threads:
        threads.expect(groups)
        assert [kernels for kernels, _ in threads._compiling] == wanted[:at_once]
        first = threads._compiling[0][1]
        first.kill()
        first.wait()
        threads.prepare(groups[0], Interruption())  # does not wait for those that follow
        assert [kernels for kernels, _ in threads._compiling] == wanted[1 : 1 + at_once]
        begun = [process for _, process in threads._compiling]
    assert [process.returncode for process in begun] == [-signal.SIGKILL] * at_once


def test_where_no_cache_can_be_kernels_are_compiled_here(
    tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    monkeypatch.setattr(workers, "prepare", lambda group, lanes: False)
    with workers.Threads(1, None) as threads:
        threads.expect(parse_study(TEXT.format(hidden=2), "small", Path()).groups())
        threads.prepare(
            parse_study(TEXT.format(hidden=2), "small", Path()).groups()[0], Interruption()
        )
        assert threads._compiling == []
