"""What training costs in time and memory, before it is begun: guessed, or tried for a moment."""

import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sweep.study import Group
from sweep.training import specification
from sweep.training.compile import is_ready
from sweep.training.processor import register_bytes
from sweep.training.trainer import kernels_of, prepare, shape_of, train

_CHUNK_SECONDS = 0.3  # how long a thread works on one chunk, and so how long an interruption waits
_CHUNK_BYTES = 32 * 2**20  # what one chunk's results may take
_COMPILE_SECONDS = 3.1  # the median of `python -m benchmarks.compiling`
_LESSER_SECONDS = 1.5  # of a kernel that evaluates or draws
_OPERATIONS_PER_SECOND = 2.5e9  # of vectors, by one thread: what the 2-2-2 network reaches

_TRIED_SECONDS = 0.1  # that are timed: some thousand times the clock's resolution
_LONGEST_TRY = 1.0  # the guess at one step of one block above which nothing is tried
_TRIED_BLOCKS = 16  # at most: more are no faster


@dataclass(frozen=True)
class Estimate:
    """A rough guess at what training a group takes.

    Attributes:
        seconds: of training, compilation and writing apart.
        memory_bytes: at the peak, the interpreter and its libraries apart.
        disk_bytes: of what is committed.
        curve_bytes: of these, what curves take.
    """

    seconds: float
    memory_bytes: int
    disk_bytes: int
    curve_bytes: int


def chunk_size(group: Group, threads: int) -> int:
    """Return how many trials to train, report and commit together.

    About a third of a second of one thread's work, within bounds on the memory of the results,
    in whole blocks of lanes, and no more than an even share of the group for each thread.
    """
    shape = shape_of(group)
    by_time = _CHUNK_SECONDS * steps_per_second(group) / max(group.steps, 1)
    by_memory = _CHUNK_BYTES / _trial_bytes(group)
    share = math.ceil(group.trials / threads)
    blocks = math.ceil(min(by_time, by_memory, share) / shape.lanes)
    return max(blocks, 1) * shape.lanes


def estimate(group: Group, threads: int) -> Estimate:
    """Guess at the time, memory and disk that training the whole group takes."""
    seconds = group.trials * group.steps / (steps_per_second(group) * threads)
    chunk = min(chunk_size(group, threads), group.trials)
    memory = chunk * _trial_bytes(group) * 3 * (threads + 1)
    disk, curves = group.trials * _trial_bytes(group), group.trials * _curve_bytes(group)
    return Estimate(seconds, memory, disk, curves)


def compile_seconds(groups: Iterable[Group]) -> float:
    """Guess at the time that compiling takes: of kernels that no earlier run has left."""
    needed = {repr(one): one for group in groups for one in kernels_of(group)}
    return sum(
        _COMPILE_SECONDS if isinstance(one, specification.Shape) else _LESSER_SECONDS
        for one in needed.values()
        if not is_ready(one)
    )


def steps_per_second(group: Group) -> float:
    """Guess at one thread's network-steps per second.

    The operations are counted as in `docs/performance.md`; wide networks run at about the same
    rate. On a machine without fused multiply-add it is some 30 times slower.
    """
    shape = shape_of(group)
    per_register = register_bytes() // (int(shape.dtype[-2:]) // 8)
    samples = group.batch.size or len(group.data.inputs)
    return (
        _OPERATIONS_PER_SECOND
        * per_register
        / specification.operations(shape, samples, len(group.data.inputs))
    )


def _trial_bytes(group: Group) -> int:
    """Return about how many bytes a trial's results take."""
    item = int(group.training.dtype[-2:]) // 8
    kept = len(group.record.parameter_steps(group.steps)) * group.network.n_parameters * item
    recent = specification.TAIL * item if kept else 0
    return 100 + _curve_bytes(group) + kept + recent


def _curve_bytes(group: Group) -> int:
    """Return about how many bytes a trial's curve takes."""
    item = int(group.training.dtype[-2:]) // 8
    row = (item + 2) * (1 if group.validation is None else 3)
    return len(group.record.loss_steps(group.steps)) * row


def calibrate(groups: Sequence[Group]) -> float | None:
    """How many times as fast as guessed this machine trains, by the group with most to do.

    One thread trains it for about a fifth of a second; its kernel is compiled if need be. None if
    the smallest possible trial would take longer than a second.
    """
    group = max(groups, key=lambda one: one.trials * one.steps / steps_per_second(one))
    guess = steps_per_second(group)
    lanes = shape_of(group).lanes
    if lanes / guess > _LONGEST_TRY:
        return None
    prepare(group)
    steps, trials = 1, min(group.trials, lanes)
    most = min(group.trials, lanes * _TRIED_BLOCKS)
    while True:
        seconds = _timed(_shortened(group, steps), trials)
        if seconds > _TRIED_SECONDS or (steps == group.steps and trials == most):
            # A last block that is not full takes as long as one that is.
            return -(-trials // lanes) * lanes * steps / seconds / guess
        growth = max(2, min(int(_TRIED_SECONDS / seconds), 64))
        if steps < group.steps:
            steps = min(steps * growth, group.steps)
        else:
            trials = min(trials * growth, most)


def _timed(group: Group, trials: int) -> float:
    """The seconds that the first trials of a group take."""
    index = np.arange(trials)
    start = time.perf_counter()
    train(group, index)
    return time.perf_counter() - start


def _shortened(group: Group, steps: int) -> Group:
    """The group with fewer steps, of which the same share is recorded."""
    if steps == group.steps:
        return group
    kind, _, number = group.record.loss.partition(" ")
    every = max(group.steps // int(number), 1) if kind == "log" else 1
    return replace(
        group,
        training=replace(group.training, steps=steps),
        schedule=replace(group.schedule, warmup=min(group.schedule.warmup, steps - 1)),
        record=replace(  # its measures stay, which the kernel is compiled for
            group.record,
            loss=f"every {every}" if kind == "log" else group.record.loss,
            parameters="final",
        ),
    )
