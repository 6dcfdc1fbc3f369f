"""What training costs in time and memory, before it is begun: for chunks, and for plans."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from sweep.study import Group
from sweep.training import specification
from sweep.training.compile import is_ready
from sweep.training.processor import register_bytes
from sweep.training.trainer import kernels_of, shape_of

_CHUNK_SECONDS = 0.3  # how long a thread works on one chunk, and so how long an interruption waits
_CHUNK_BYTES = 32 * 2**20  # what one chunk's results may take
_COMPILE_SECONDS = 3.1  # the median of `python -m benchmarks.compiling`
_LESSER_SECONDS = 1.5  # of a kernel that evaluates or draws
_OPERATIONS_PER_SECOND = 2.5e9  # of vectors, by one thread: what the 2-2-2 network reaches


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
    return _OPERATIONS_PER_SECOND * per_register / specification.operations(shape, samples)


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
