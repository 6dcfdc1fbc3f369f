"""Train trials of a group: allocate, pack them into lanes, call the kernel, hand back tables."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweep.study import Group
from sweep.training import layout
from sweep.training.compile import kernel
from sweep.training.floating import default_mode
from sweep.training.layout import Draw, Shape, mark_dtype, workspace_size
from sweep.training.processor import register_bytes

OUTCOMES = ("converged", "stalled", "diverged")
"""What became of a trial; `Trained.outcome` holds positions in this tuple."""

MEASURES = (
    "initial_loss",
    "final_loss",
    "best_loss",
    "best_step",
    "max_loss",
    "tail_loss",
    "steps_to_target",
    "diverged_at",
)
"""The keys of `Trained.measures`, in the order of the saved columns."""

_CHUNK_SECONDS = 0.3  # how long a thread works on one chunk, and so how long an interruption waits
_CHUNK_BYTES = 64 * 2**20  # what one chunk's results may take
_OPERATIONS_PER_SECOND = 2.5e9  # of vectors, by one thread: what the 2-2-2 network reaches
_ALIGNMENT = 64  # bytes: a register of AVX-512, a cache line

# The distribution, and its bound or standard deviation from the numbers of inputs and outputs.
_SCHEMES: dict[str, tuple[str, Callable[[int, int], float]]] = {
    "uniform": ("uniform", lambda n_in, n_out: 1.0),
    "normal": ("normal", lambda n_in, n_out: 1.0),
    # Glorot and Bengio, "Understanding the difficulty of training deep networks", 2010, eq. 16
    "xavier": ("uniform", lambda n_in, n_out: math.sqrt(6.0 / (n_in + n_out))),
    # He, Zhang, Ren and Sun, "Delving deep into rectifiers", 2015, eq. 10
    "he": ("normal", lambda n_in, n_out: math.sqrt(2.0 / n_in)),
}


@dataclass(frozen=True)
class Trained:
    """What training n trials gave, in the order of `index`. Every NaN has numpy's bits.

    Attributes:
        index: (n,) int64, positions in the group's grid.
        measures: (n,) arrays by name: initial_loss, final_loss, best_loss, max_loss and tail_loss
            (the mean over the last 20 steps) as float64; best_step, steps_to_target and
            diverged_at as int64, -1 for never.
        outcome: (n,) int8, positions in `OUTCOMES`.
        loss_steps: (r,) int64, the recorded steps.
        losses: (n, r) of the group's dtype.
        parameter_steps: (s,) int64, the steps at which parameters were kept.
        parameters: (n, s, P) of the group's dtype.
        recent_losses: (n, 20) of the group's dtype: the losses of the last 20 steps, oldest
            first, NaN before step 0; what `tail_loss` needs if training goes on. With no
            parameters kept it has no columns.
    """

    index: NDArray[np.int64]
    measures: dict[str, NDArray[Any]]
    outcome: NDArray[np.int8]
    loss_steps: NDArray[np.int64]
    losses: NDArray[Any]
    parameter_steps: NDArray[np.int64]
    parameters: NDArray[Any]
    recent_losses: NDArray[Any]


@dataclass(frozen=True)
class Estimate:
    """A rough guess at what training a group takes.

    Attributes:
        seconds: of training, compilation and writing apart.
        memory_bytes: at the peak, the interpreter and its libraries apart.
        disk_bytes: of what is committed.
    """

    seconds: float
    memory_bytes: int
    disk_bytes: int


def prepare(group: Group, lanes: int | None = None) -> bool:
    """Make a group's kernels ready; return whether any of them had to be compiled."""
    needed: list[Shape | Draw] = [shape_of(group, lanes)]
    if draw := _draw_of(group, needed[0].lanes):
        needed.append(draw)
    compiled = [kernel(one).compiled for one in needed]
    return any(compiled)


def shape_of(group: Group, lanes: int | None = None) -> Shape:
    """Return what the group's kernel is compiled for, with `lanes` or as many as suit it."""
    network = group.network
    shape = Shape(
        layers=network.layers,
        activations=network.activations,
        bias=network.bias,
        loss=network.loss,
        optimizer=group.training.optimizer,
        samples=len(group.data.inputs),
        dtype=group.training.dtype,
        lanes=lanes or 1,
    )
    return shape if lanes else layout.with_lanes(shape, register_bytes())


def _draw_of(group: Group, lanes: int) -> Draw | None:
    if group.initial.scheme == "explicit":
        return None
    return Draw(_SCHEMES[group.initial.scheme][0], group.training.dtype, lanes)


def train(group: Group, index: NDArray[np.int64], *, lanes: int | None = None) -> Trained:
    """Train the trials at these positions of a group's grid.

    Safe to call from several threads at once: Python's global lock is released while the kernel
    runs. The result of a trial depends on the trial alone.

    Args:
        group: what the trials share.
        index: (n,) positions, in any order.
        lanes: networks trained side by side, a power of two; by default what suits the network.

    Raises:
        IndexError: a position is not on the grid.
        ValueError: lanes are not a power of two from 1 to 64.
    """
    with default_mode():
        return _train(group, index, shape_of(group, lanes))


def _train(group: Group, index: NDArray[np.int64], shape: Shape) -> Trained:
    with np.errstate(over="ignore"):  # beyond float32 lies infinity, and such a trial diverges
        block = _Block(group, index, shape)
    steps, n, position = group.record.parameter_steps(group.steps), len(index), 0
    parameters = np.empty((n, len(steps), block.parameters.shape[0]), block.dtype)
    for at, step in enumerate(steps):
        block.advance(position, int(step))
        parameters[:, at] = block.parameters[:, :n].T
        position = int(step)
    if not len(steps):
        block.advance(0, group.steps)
    return block.results(steps, parameters)


class _Block:
    """The arrays of a call: one column a trial, padded to whole lanes with the last trial."""

    def __init__(self, group: Group, index: NDArray[np.int64], shape: Shape) -> None:
        self.group, self.index, self.shape = group, index, shape
        self.dtype = np.dtype(shape.dtype)
        self.columns = -(-len(index) // shape.lanes) * shape.lanes
        padded = np.pad(index, (0, self.columns - len(index)), mode="edge")
        self.inputs = np.ascontiguousarray(group.data.inputs, self.dtype)
        self.targets = np.ascontiguousarray(group.data.targets, self.dtype)
        trials = group.lanes(padded)
        rates = np.concatenate([trials.weight_rates, trials.bias_rates])
        self.rates = np.ascontiguousarray(rates, self.dtype)
        self.parameters = self._initial_parameters(trials.seeds, trials.scales)
        self.extremes = self._empty(len(layout.EXTREMES))
        self.extremes[layout.BEST] = np.inf
        self.extremes[layout.LARGEST] = -np.inf
        self.marks = np.full((len(layout.MARKS), self.columns), -1, mark_dtype(shape.dtype))
        self.keep_recent = len(group.record.parameter_steps(group.steps)) > 0
        self.recent = self._empty(layout.RING if self.keep_recent else 0)
        self.loss_steps = group.record.loss_steps(group.steps)
        self.curve = self._empty(len(self.loss_steps))
        self.workspace = _aligned(workspace_size(shape), self.dtype)
        self.thresholds = self._thresholds()

    def _empty(self, rows: int) -> NDArray[Any]:
        return np.empty((rows, self.columns), self.dtype)

    def _thresholds(self) -> NDArray[Any]:
        """The target, and the bound brought down to a finite number: infinity has diverged."""
        outcome = self.group.outcome
        bound = min(outcome.diverged_above, float(np.finfo(self.dtype).max))
        return np.array([outcome.target, bound], self.dtype)

    def _initial_parameters(
        self, seeds: NDArray[np.uint64], scales: NDArray[np.float64]
    ) -> NDArray[Any]:
        initial = self.group.initial
        fixed = np.ascontiguousarray(initial.weights, np.float64)
        parameters = _aligned(len(fixed) * self.columns, self.dtype)
        parameters = parameters.reshape(len(fixed), self.columns)
        draw = _draw_of(self.group, self.shape.lanes)
        if draw is None:
            parameters[:] = fixed[:, np.newaxis]
            return parameters
        spreads = _spreads(self.shape, initial.scheme)
        seeds = np.ascontiguousarray(seeds)
        arrays = (seeds, np.ascontiguousarray(scales), spreads, fixed, parameters)
        kernel(draw).call(self.columns, len(fixed), *(a.ctypes.data for a in arrays))
        return parameters

    def advance(self, start: int, stop: int) -> None:
        """Train from one step to another, recording what falls in between."""
        since = np.searchsorted(self.loss_steps, start + 1 if start else 0)
        record_steps = np.ascontiguousarray(self.loss_steps[since:])
        kernel(self.shape).call(
            self.columns,
            start,
            stop,
            self.inputs.ctypes.data,
            self.targets.ctypes.data,
            self.rates.ctypes.data,
            self.parameters.ctypes.data,
            self.thresholds.ctypes.data,
            self.extremes.ctypes.data,
            self.marks.ctypes.data,
            int(self.keep_recent),
            self.recent.ctypes.data,
            len(record_steps),
            record_steps.ctypes.data,
            self.curve[since:].ctypes.data,
            self.workspace.ctypes.data,
        )

    def results(self, steps: NDArray[np.int64], parameters: NDArray[Any]) -> Trained:
        """Turn the columns of the real trials into tables of one row a trial."""
        n = len(self.index)
        measures = _measures(self.extremes[:, :n], self.marks[:, :n])
        return Trained(
            index=self.index,
            measures=measures,
            outcome=_outcomes(measures, self.group.outcome.rule),
            loss_steps=self.loss_steps,
            losses=_canonical(np.ascontiguousarray(self.curve[:, :n].T)),
            parameter_steps=steps,
            parameters=_canonical(parameters),
            recent_losses=_canonical(self._recent_losses(n)),
        )

    def _recent_losses(self, n: int) -> NDArray[Any]:
        if not self.keep_recent:
            return np.empty((n, 0), self.dtype)
        steps = np.arange(self.group.steps - layout.TAIL + 1, self.group.steps + 1)
        recent = self.recent[steps % layout.RING, :n].T.copy()
        recent[:, steps < 0] = np.nan
        return recent


def _aligned(size: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return uninitialised numbers whose first one lies on a register boundary."""
    raw = np.empty(size * dtype.itemsize + _ALIGNMENT, np.uint8)
    start = -raw.ctypes.data % _ALIGNMENT
    return raw[start : start + size * dtype.itemsize].view(dtype)


def _spreads(shape: Shape, scheme: str) -> NDArray[np.float64]:
    """Return (P,) the factor before each parameter's draw: 0 for a bias."""
    spread = _SCHEMES[scheme][1]
    parts = []
    for n_in, n_out in zip(shape.layers[:-1], shape.layers[1:], strict=True):
        parts.append(np.full(n_in * n_out, spread(n_in, n_out)))
        parts.append(np.zeros(n_out * shape.bias))
    return np.concatenate(parts)


def _canonical(values: NDArray[Any]) -> NDArray[Any]:
    """Give every NaN the same bits, in place: their sign differs between processors."""
    values[np.isnan(values)] = np.nan
    return values


def _measures(extremes: NDArray[Any], marks: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """Name the kernel's rows; a trial that never had a number for a loss has NaN throughout."""
    losses = _canonical(extremes.astype(np.float64))
    steps = marks.astype(np.int64)
    initial, largest = losses[layout.INITIAL], losses[layout.LARGEST]
    never_better = steps[layout.BEST_STEP] < 0
    values = (
        initial,
        losses[layout.FINAL],
        np.where(never_better, initial, losses[layout.BEST]),
        np.where(never_better, 0, steps[layout.BEST_STEP]),
        np.where(np.isneginf(largest), initial, largest),
        losses[layout.TAIL_MEAN],
        steps[layout.TARGET_STEP],
        steps[layout.DIVERGED_STEP],
    )
    return dict(zip(MEASURES, values, strict=True))


def _outcomes(measures: dict[str, NDArray[Any]], rule: str) -> NDArray[np.int8]:
    """Return each trial's outcome; one that ever diverged has diverged, whatever came before.

    The rule "tail_below_initial" knows two outcomes (Sohl-Dickstein, "The boundary of neural
    network trainability is fractal", 2024): the mean of the last losses is below the first, or not.
    """
    converged, stalled, diverged = range(3)
    if rule == "tail_below_initial":
        well = measures["tail_loss"] < measures["initial_loss"]
        otherwise = diverged
    else:
        well = measures["steps_to_target"] >= 0
        otherwise = stalled
    outcome = np.where(well, converged, otherwise)
    return np.where(measures["diverged_at"] >= 0, diverged, outcome).astype(np.int8)


def chunk_size(group: Group, threads: int) -> int:
    """Return how many trials to train, report and commit together.

    About a third of a second of one thread's work, within bounds on the memory of the results,
    in whole blocks of lanes, and no more than an even share of the group for each thread.
    """
    shape = shape_of(group)
    by_time = _CHUNK_SECONDS * _steps_per_second(shape) / max(group.steps, 1)
    by_memory = _CHUNK_BYTES / _trial_bytes(group)
    share = math.ceil(group.trials / threads)
    blocks = math.ceil(min(by_time, by_memory, share) / shape.lanes)
    return max(blocks, 1) * shape.lanes


def estimate(group: Group, threads: int) -> Estimate:
    """Guess at the time, memory and disk that training the whole group takes."""
    shape = shape_of(group)
    seconds = group.trials * group.steps / (_steps_per_second(shape) * threads)
    chunk = min(chunk_size(group, threads), group.trials)
    memory = chunk * _trial_bytes(group) * 3 * (threads + 1)
    return Estimate(seconds, memory, group.trials * _trial_bytes(group))


def _steps_per_second(shape: Shape) -> float:
    """Guess at one thread's network-steps per second.

    The operations are counted as in `docs/performance.md`; wide networks run at about the same
    rate. On a machine without fused multiply-add it is some 30 times slower.
    """
    per_register = register_bytes() // (int(shape.dtype[-2:]) // 8)
    return _OPERATIONS_PER_SECOND * per_register / layout.operations(shape)


def _trial_bytes(group: Group) -> int:
    """Return about how many bytes a trial's results take."""
    item = int(group.training.dtype[-2:]) // 8
    curve = len(group.record.loss_steps(group.steps)) * (item + 2)
    kept = len(group.record.parameter_steps(group.steps)) * group.network.n_parameters * item
    recent = layout.TAIL * item if kept else 0
    return 100 + curve + kept + recent
