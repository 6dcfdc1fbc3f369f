"""Threads that measure: each kept to a processor of its own where the system allows it."""

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_CPUS = Path("/sys/devices/system/cpu")


class Team:
    """So many threads that start together.

    Attributes:
        pool: the threads, for work that comes in pieces.
        pinned: whether each is kept to a processor of its own.
    """

    def __init__(self, threads: int, *, pin: bool = True) -> None:
        self.threads = threads
        self._places = processors_apart() if pin else []
        self._turn = count()
        self.pinned = bool(self._places)
        self.pool = ThreadPoolExecutor(threads, initializer=self._settle)
        self.together(lambda _: None)  # all threads are there, and settled

    def _settle(self) -> None:
        """Keep this thread to a processor; those that there are are taken in turn."""
        if self._places:
            place = self._places[next(self._turn) % len(self._places)]
            try:
                os.sched_setaffinity(0, {place})
            except OSError:
                self.pinned = False

    def together(self, work: Callable[[int], object]) -> NDArray[np.float64]:
        """Let every thread do ``work(thread)`` at once.

        Returns:
            (threads,) the seconds that each had a processor: others may have had it meanwhile.
        """
        barrier = threading.Barrier(self.threads)

        def timed(thread: int) -> float:
            barrier.wait()
            start = time.thread_time()
            work(thread)
            return time.thread_time() - start

        return np.array(list(self.pool.map(timed, range(self.threads))))


def processors_apart(cpus: Path = _CPUS) -> list[int]:
    """The processors that this process may use, of each core one first; empty if none can be told.

    Two threads of one core share its multipliers.
    """
    if not hasattr(os, "sched_getaffinity"):
        return []
    usable = sorted(os.sched_getaffinity(0))
    first, others, seen = list[int](), list[int](), set[str]()
    for number in usable:
        siblings = _siblings(cpus, number)
        (others if siblings in seen else first).append(number)
        seen.add(siblings)
    return first + others


def _siblings(cpus: Path, number: int) -> str:
    try:
        return (cpus / f"cpu{number}/topology/thread_siblings_list").read_text().strip()
    except OSError:
        return str(number)
