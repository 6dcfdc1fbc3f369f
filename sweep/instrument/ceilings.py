"""What the machine can do at most, measured by small kernels on lanes.

Multiply-adds and divisions are chains side by side, as many as keep the units busy; loads go over a
buffer again and again, one that fits each level of cache and one that fits none. The kernels are
written and compiled as the training kernel is, so that a ceiling is what this compiler reaches on
this machine, and not what a data sheet says.
"""

import ctypes
import math
from collections.abc import Callable
from functools import cache, cached_property
from typing import Any

import numpy as np
from numba import types
from numpy.typing import NDArray

from sweep.instrument.machine import Team, cache_sizes
from sweep.training.build import compile_function
from sweep.training.compile import aligned, link, target_machine
from sweep.training.lanes import Lanes, fma, inlined
from sweep.training.processor import register_bytes

MULTIPLY_ADDS, DIVISIONS, MEMORY = "multiply-adds", "divisions", "memory"

# Registers a value has, and values that grow side by side; what is best differs by processor.
_CANDIDATES = ((1, 8), (1, 10), (1, 12), (2, 6), (4, 4))
_SECONDS = 0.004  # about, of one run: longer than a thread takes to start, shorter than a slice
_RUNS = 3  # a ceiling is what was reached once
_LOADERS = 8  # sums that loads go to
_LARGEST_BUFFER = 2**28  # bytes, for memory

Kernel = Callable[..., None]


def _compiled(function: Callable[..., None], *kinds: Any) -> Kernel:
    """Compile a function of integers and pointers, which takes arrays for pointers."""
    name, code = compile_function(function, types.void(*kinds), target_machine())
    of_c = [ctypes.c_int64 if kind is types.int64 else ctypes.c_void_p for kind in kinds]
    linked = link(name, code, of_c)

    def call(*values: Any) -> None:
        linked(*(v.ctypes.data if isinstance(v, np.ndarray) else v for v in values))

    return call


@inlined
def _multiply_add(x: Any, a: Any, b: Any) -> Any:
    return fma(x, a, b)


@inlined
def _divide(x: Any, a: Any, b: Any) -> Any:
    return b / x


_UPDATES = {MULTIPLY_ADDS: _multiply_add, DIVISIONS: _divide}


@cache
def make_chains(operation: str, dtype: str, lanes: int, chains: int) -> Kernel:
    """Compile ``call(turns, a, b, x)``: chains of x <- x a + b, or of x <- b / x.

    A turn is one operation on each of x (chains * lanes); a and b are (lanes).
    """
    shape, update = Lanes(dtype, lanes), _UPDATES[operation]
    load, store, width, new = shape.load, shape.store, shape.width, shape.local(chains)

    def repeat(turns: Any, a: Any, b: Any, x: Any) -> None:
        value, first, second = new(), load(a, 0), load(b, 0)
        for i in range(chains):
            value[i] = load(x, i * width)
        for _ in range(turns):
            for i in range(chains):
                value[i] = update(value[i], first, second)
        for i in range(chains):
            store(x, i * width, value[i])

    pointer = types.CPointer(getattr(types, dtype))
    return _compiled(repeat, types.int64, *[pointer] * 3)


@cache
def make_loads(lanes: int) -> Kernel:
    """Compile ``call(turns, size, data, sums)``: int64 data summed up, turn by turn.

    The size is a multiple of `_LOADERS` * lanes; sums (`_LOADERS` * lanes) are added to.
    """
    shape = Lanes("int64", lanes)
    load, store, width, new = shape.load, shape.store, shape.width, shape.local(_LOADERS)
    step = _LOADERS * lanes

    def loads(turns: Any, size: Any, data: Any, sums: Any) -> None:
        total = new()
        for i in range(_LOADERS):
            total[i] = load(sums, i * width)
        for _ in range(turns):
            for at in range(0, size, step):
                for i in range(_LOADERS):
                    total[i] = total[i] + load(data, at + i * width)
        for i in range(_LOADERS):
            store(sums, i * width, total[i])

    return _compiled(loads, types.int64, types.int64, *[types.CPointer(types.int64)] * 2)


@cache
def make_clock() -> Kernel:
    """Compile ``call(turns, x)``: 16 operations a turn on one number, each waiting for the last.

    Additions and bitwise operations on integers take one cycle each on every processor there is.
    """

    def clock(turns: Any, x: Any) -> None:
        value, addend, pattern = x[0], x[1], x[2]
        for _ in range(turns):
            for _ in range(8):
                value = (value + addend) ^ pattern
        x[0] = value

    return _compiled(clock, types.int64, types.CPointer(types.int64))


def clock_hertz(team: Team) -> float:
    """Cycles a second of one processor, as a chain of additions sees it: the best of a few runs."""
    turns, x, call = 2**16, np.array([1, 3, 5]), make_clock()
    runs = [team.together(lambda thread: None if thread else call(turns, x)) for _ in range(_RUNS)]
    return float(16 * turns / min(seconds[0] for seconds in runs))


def starting_values(
    dtype: str, lanes: int, chains: int
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return a, b and x: numbers that stay of the size of 1 however long a chain is."""
    a, b, x = (aligned(size, np.dtype(dtype)) for size in (lanes, lanes, lanes * chains))
    a[:], b[:], x[:] = 0.5, 1.7, 1.0 + np.arange(x.size) / 3
    return a, b, x


def _turns_per_second(team: Team, work: Callable[[int, int], object]) -> float:
    """Turns a second of all threads together, of ``work(thread, turns)``.

    Of each thread the fastest of a few runs of about `_SECONDS`.
    """

    def seconds(turns: int) -> NDArray[np.float64]:
        return team.together(lambda thread: work(thread, turns))

    turns, took = 1, seconds(1).min()
    while took < _SECONDS / 2:
        turns = math.ceil(turns * min(8.0, _SECONDS / max(took, 1e-9)))
        took = seconds(turns).min()
    fastest = np.min([seconds(turns) for _ in range(_RUNS)], axis=0)
    return float((turns / fastest).sum())


class Ceilings:
    """What a dtype and a number of threads can reach, to be measured again and again."""

    def __init__(self, dtype: str, team: Team) -> None:
        self.dtype, self.team = dtype, team
        self._fastest = max(_CANDIDATES, key=lambda shape: self._chained(MULTIPLY_ADDS, *shape))

    def multiply_adds(self) -> float:
        """Multiply-adds a second on all threads together."""
        return self._chained(MULTIPLY_ADDS, *self._fastest)

    def measure(self) -> dict[str, float]:
        """Operations, or numbers of the dtype loaded, a second on all threads together."""
        found = {MULTIPLY_ADDS: self.multiply_adds(), DIVISIONS: self._chained(DIVISIONS, 1, 8)}
        return found | {name: self._loaded(data) for name, data in self._buffers.items()}

    def _chained(self, operation: str, registers: int, chains: int) -> float:
        lanes = registers * register_bytes() // np.dtype(self.dtype).itemsize
        call = make_chains(operation, self.dtype, lanes, chains)
        work = [starting_values(self.dtype, lanes, chains) for _ in range(self.team.threads)]
        turns = _turns_per_second(self.team, lambda thread, turns: call(turns, *work[thread]))
        return lanes * chains * turns

    @cached_property
    def _buffers(self) -> dict[str, list[NDArray[np.int64]]]:
        """Numbers for each thread to read over and over, by what they fit into."""
        step, found = _LOADERS * register_bytes() // 8, {}
        for name, size in buffer_sizes(self.team).items():
            length = max(1, size // 8 // step) * step
            found[name] = [aligned(length, np.dtype(np.int64)) for _ in range(self.team.threads)]
            for data in found[name]:
                data[:] = 1
        return found

    def _loaded(self, data: list[NDArray[np.int64]]) -> float:
        lanes, size = register_bytes() // 8, data[0].size
        call = make_loads(lanes)
        sums = [aligned(_LOADERS * lanes, np.dtype(np.int64)) for _ in data]
        for own in sums:
            own[:] = 0
        turns = _turns_per_second(
            self.team, lambda thread, turns: call(turns, size, data[thread], sums[thread])
        )
        return 8 * size * turns / np.dtype(self.dtype).itemsize


def buffer_sizes(team: Team) -> dict[str, int]:
    """The bytes for each thread that fit into a level of cache, by its name, and into none."""
    caches = cache_sizes()
    found = {"L1": caches["L1"] // 2, "L2": (caches["L1"] + caches["L2"]) // 2}
    last = caches.get("L3", 0)
    if last // team.threads > 2 * caches["L2"]:
        found["L3"] = min(2 * caches["L2"], last // team.threads)
    found[MEMORY] = min(_LARGEST_BUFFER, 4 * max(last, caches["L2"])) // team.threads
    return found
