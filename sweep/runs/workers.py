"""Where chunks are trained, and what a signal does to that."""

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from types import FrameType
from typing import Any, Protocol, Self

import numpy as np

from sweep.errors import RequestError
from sweep.store.machine import usable_processors
from sweep.study import Group
from sweep.study.checks import show
from sweep.training.compile import cache_directory, is_ready
from sweep.training.specification import Specification
from sweep.training.trained import Trained
from sweep.training.trainer import kernels_of, prepare, train

_COMPILE = """
import pickle, sys
from sweep.training.compile import kernel
for specification in pickle.load(sys.stdin.buffer):
    kernel(specification)
"""
_AT_ONCE = 2  # kernels that are compiled side by side, where there are processors for it
_PAUSE = 0.02  # seconds between two looks at what compiles


def thread_count(threads: int | None) -> int:
    """So many threads, by default one for each usable processor; a RequestError of less than 1."""
    threads = usable_processors() if threads is None else threads
    if not isinstance(threads, int | np.integer) or threads < 1:
        raise RequestError(f"threads must be at least 1, not {show(threads)}")
    return int(threads)


class Interruption:
    """Notes the first SIGINT or SIGTERM within a `with` block; the second interrupts at once.

    `signal` is the number of what came, 0 for none. Signals that are ignored stay ignored; in
    another thread than the main one, where signals never arrive, nothing is changed.
    """

    def __init__(self) -> None:
        self.signal = 0
        self._previous: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._previous[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, previous in self._previous.items():
            signal.signal(number, previous)

    def __bool__(self) -> bool:
        return self.signal != 0

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.signal:
            raise KeyboardInterrupt
        self.signal = number


class Workers(Protocol):
    """Where chunks are trained: threads of this process, or a cluster."""

    count: int  # how many of them there are
    ahead: int  # how many chunks to have under way, besides one that is being committed

    def expect(self, groups: Iterable[Group]) -> None:
        """Begin to make ready for chunks of these groups, in this order."""

    def prepare(self, group: Group, interruption: Interruption) -> None:
        """Make ready for chunks of this group; raises CancelledError if a signal came first."""

    def submit(
        self, group: Group, index: np.ndarray, since: Trained | None, interruption: Interruption
    ) -> Future[Trained]:
        """Train these trials, on from what they gave `since` then.

        The future may raise CancelledError if an interruption came before their turn.
        """

    def check(self) -> None:
        """Raise a SweepError if nothing can be expected any more."""


class Threads:
    """Threads of this process; while they train they do not hold its global lock.

    One chunk more than there are threads is under way, so that none waits for the disk. Kernels
    are compiled by processes of their own, for nothing else ends LLVM when a signal comes.
    """

    def __init__(self, count: int, lanes: int | None) -> None:
        self.count = self.ahead = count
        self._lanes, self._pool = lanes, ThreadPoolExecutor(count)
        self._waiting: list[list[Specification]] = []
        self._compiling: list[tuple[list[Specification], subprocess.Popen[bytes]]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for compiler in [process for kernels, process in self._compiling]:
            compiler.kill()
            compiler.wait()
        self._pool.shutdown(cancel_futures=True)

    def expect(self, groups: Iterable[Group]) -> None:
        """Compile the kernels that are not at hand into the cache, if there can be one."""
        home = next(one for one in (cache_directory(), *cache_directory().parents) if one.exists())
        if os.access(home, os.W_OK):
            self._waiting = uncompiled(groups, self._lanes)
            self.check()

    def prepare(self, group: Group, interruption: Interruption) -> None:
        """Load a group's kernels once they are compiled; here, not in every thread."""
        kernels = kernels_of(group, self._lanes)
        while kernels in self._waiting or any(kernels == one for one, _ in self._compiling):
            if interruption:
                raise CancelledError
            time.sleep(_PAUSE)
            self.check()
        prepare(group, self._lanes)

    def check(self) -> None:
        """See which processes have ended, and begin the next; threads do not get lost."""
        self._compiling = [one for one in self._compiling if one[1].poll() is None]
        while self._waiting and len(self._compiling) < min(_AT_ONCE, usable_processors()):
            kernels = self._waiting.pop(0)
            process = subprocess.Popen(
                [sys.executable, "-c", _COMPILE],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,  # what is wrong will be said when it is prepared
                env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
                start_new_session=True,  # Ctrl-C is for this process alone
            )
            self._compiling.append((kernels, process))
            assert process.stdin is not None
            with process.stdin as pipe:
                pipe.write(pickle.dumps(kernels))

    def submit(
        self, group: Group, index: np.ndarray, since: Trained | None, interruption: Interruption
    ) -> Future[Trained]:
        """Train a chunk as soon as a thread is free, unless a signal came before that."""

        def trained() -> Trained:
            if interruption:
                raise CancelledError
            return train(group, index, lanes=self._lanes, since=since)

        return self._pool.submit(trained)


def uncompiled(groups: Iterable[Group], lanes: int | None) -> list[list[Specification]]:
    """The kernels of those groups that have some to be compiled, each once."""
    found: list[list[Specification]] = []
    for group in groups:
        kernels = kernels_of(group, lanes)
        if kernels not in found and not all(map(is_ready, kernels)):
            found.append(kernels)
    return found
