"""The machine that measures: what it tells of itself, and threads kept to its processors."""

import hashlib
import os
import platform
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import cycle
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sweep.store.machine import processor_name, told_in, usable_processors
from sweep.training.processor import processor, register_bytes

_CPUS = Path("/sys/devices/system/cpu")
# Where the system tells no sizes: small enough for any machine of today.
_TYPICAL = {"L1": 32 * 2**10, "L2": 256 * 2**10}
_UNITS = {"K": 2**10, "M": 2**20, "G": 2**30}


@dataclass(frozen=True)
class Machine:
    """What a measurement was made on; rows of two machines are not to be compared."""

    name: str  # the processor's, by its maker
    kind: str  # LLVM's name of it, for which kernels are compiled
    processors: int  # how many this process may use
    register_bytes: int  # of a vector register
    system: str  # the operating system and its release

    @property
    def digest(self) -> str:
        """Eight letters that tell this machine from another."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:8]


@cache
def this_machine() -> Machine:
    """Describe the machine that this process runs on."""
    system = f"{platform.system()} {platform.release()}"
    kind = processor()[0]
    return Machine(processor_name(), kind, usable_processors(), register_bytes(), system)


def cache_sizes(folder: Path = _CPUS / "cpu0" / "cache") -> dict[str, int]:
    """The bytes of each level of data cache that one processor sees, nearest first: "L1", ..."""
    found = dict(_TYPICAL)
    for entry in sorted(folder.glob("index*")):
        kind, level, size = (told_in(entry / name) for name in ("type", "level", "size"))
        if kind in ("Data", "Unified") and size[:-1].isdigit():
            found[f"L{level}"] = int(size[:-1]) * _UNITS.get(size[-1], 1)
    return dict(sorted(found.items()))


def processors_apart(cpus: Path = _CPUS) -> list[int]:
    """The processors that this process may use, of each core one first; empty if none can be told.

    Two threads of one core share its multipliers.
    """
    first, others, seen = list[int](), list[int](), set[str]()
    usable = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else ()
    for number in sorted(usable):
        core = told_in(cpus / f"cpu{number}/topology/thread_siblings_list", str(number))
        (others if core in seen else first).append(number)
        seen.add(core)
    return first + others


class Team:
    """So many threads that start together.

    Attributes:
        pool: the threads, for work that comes in pieces.
        pinned: whether each is kept to a processor of its own.
    """

    def __init__(self, threads: int, *, pin: bool = True) -> None:
        self.threads = threads
        places = processors_apart() if pin else []
        self.pinned, turn = bool(places), cycle(places)

        def settle() -> None:
            """Keep this thread to the next processor."""
            if self.pinned:
                try:
                    os.sched_setaffinity(0, {next(turn)})
                except OSError:
                    self.pinned = False

        self.pool = ThreadPoolExecutor(threads, initializer=settle)
        self.together(lambda _: None)  # all threads are there, and settled

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
