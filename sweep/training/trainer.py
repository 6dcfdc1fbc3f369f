"""Train trials of a group: allocate, pack them into lanes, call the kernel, hand back tables."""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweep.study import Group, Schedule
from sweep.training import layout
from sweep.training.batches import Batches, order_of, shared_order, table_order
from sweep.training.compile import kernel
from sweep.training.floating import default_mode
from sweep.training.layout import (
    Draw,
    Evaluation,
    Network,
    Shape,
    Specification,
    mark_dtype,
    workspace_size,
)
from sweep.training.processor import register_bytes
from sweep.training.schedules import rate_factors
from sweep.training.trained import (
    Trained,
    canonical,
    measures_of,
    outcomes_of,
    rows_of,
    stops_of,
)

_ALIGNMENT = 64  # bytes: a register of AVX-512, a cache line
_TABLE = 2**20  # sample indices, or factors, that the kernel is handed at a time

# The distribution, and its bound or standard deviation from the numbers of inputs and outputs.
_SCHEMES: dict[str, tuple[str, Callable[[int, int], float]]] = {
    "uniform": ("uniform", lambda n_in, n_out: 1.0),
    "normal": ("normal", lambda n_in, n_out: 1.0),
    # Glorot and Bengio, "Understanding the difficulty of training deep networks", 2010, eq. 16
    "xavier": ("uniform", lambda n_in, n_out: math.sqrt(6.0 / (n_in + n_out))),
    # He, Zhang, Ren and Sun, "Delving deep into rectifiers", 2015, eq. 10
    "he": ("normal", lambda n_in, n_out: math.sqrt(2.0 / n_in)),
}


def prepare(group: Group, lanes: int | None = None) -> bool:
    """Make a group's kernels ready; return whether any of them had to be compiled."""
    compiled = [kernel(one).compiled for one in kernels_of(group, lanes)]
    return any(compiled)


def kernels_of(group: Group, lanes: int | None = None) -> list[Specification]:
    """Return what has to be compiled to train a group."""
    shape = shape_of(group, lanes)
    needed: list[Specification] = [shape]
    if draw := _draw_of(group, shape.lanes):
        needed.append(draw)
    if shape.batches == "shared" and group.batch.table is None:
        needed.append(order_of(group.batch.order))
    if group.validation is not None:
        needed.append(_evaluation_of(shape))
    return needed


def shape_of(group: Group, lanes: int | None = None) -> Shape:
    """Return what the group's kernel is compiled for, with `lanes` or as many as suit it."""
    network = Network(
        layers=group.network.layers,
        activations=group.network.activations,
        bias=group.network.bias,
        multiplied=group.multiplied,
        loss=group.network.loss,
        dtype=group.training.dtype,
    )
    shape = Shape(
        network=network,
        optimizer=group.training.optimizer,
        batches=_batches_of(group),
        single=_batch_size(group) == 1,
        decayed=group.decayed,
        clipped=group.clipped,
        scheduled=group.schedule != Schedule(),
        stop=group.training.stop,
    )
    return layout.fitted(shape, register_bytes(), lanes)


def _batches_of(group: Group) -> str:
    if group.own_orders:
        return group.batch.order
    shared = group.batch.size is not None or group.batch.table is not None
    return "shared" if shared else "full"


def _batch_size(group: Group) -> int:
    """Return how many samples a step sees, but for the last of an epoch."""
    if group.batch.table is not None:
        return int(group.batch.table.shape[1])
    return group.batch.size or len(group.data.inputs)


def _draw_of(group: Group, lanes: int) -> Draw | None:
    if group.initial.scheme == "explicit":
        return None
    return Draw(_SCHEMES[group.initial.scheme][0], group.training.dtype, lanes)


def _evaluation_of(shape: Shape) -> Evaluation:
    return Evaluation(layout.tiled(shape.network, register_bytes()))


def train(
    group: Group,
    index: NDArray[np.int64],
    *,
    lanes: int | None = None,
    since: Trained | None = None,
) -> Trained:
    """Train the trials at these positions of a group's grid.

    Safe to call from several threads at once: Python's global lock is released while the kernel
    runs. The result of a trial depends on the trial alone.

    Args:
        group: what the trials share.
        index: (n,) positions, in any order.
        lanes: networks trained side by side, a power of two; by default what suits the network.
        since: what the same trials gave when they were trained for fewer steps, as `can_extend`
            wants it: they go on from there, to the same bits as in one go.

    Raises:
        IndexError: a position is not on the grid.
        ValueError: lanes are not a power of two from 1 to 64.
    """
    with default_mode():
        return _train(group, index, shape_of(group, lanes), since)


def can_extend(group: Group, steps: int) -> bool:
    """Whether what training gave after `steps`, fewer than the group's, is enough to go on from.

    Not if no parameters are kept, or if steps until there are recorded that were not before. The
    schedule of the learning rates is no question here: where it depends on the number of steps,
    other numbers are other groups.
    """
    record = group.record
    before = [
        (longer[longer <= steps], shorter)
        for longer, shorter in (
            (record.loss_steps(group.steps), record.loss_steps(steps)),
            (record.parameter_steps(group.steps), record.parameter_steps(steps)),
        )
    ]
    kept = len(record.parameter_steps(steps)) > 0
    return kept and all(bool(np.isin(wanted, held).all()) for wanted, held in before)


def _train(
    group: Group, index: NDArray[np.int64], shape: Shape, since: Trained | None = None
) -> Trained:
    with np.errstate(over="ignore"):  # beyond float32 lies infinity, and such a trial diverges
        block = _Block(group, index, shape)
    kept, n, position = group.record.parameter_steps(group.steps), len(index), 0
    parameters = np.empty((n, len(kept), block.parameters.shape[0]), block.dtype)
    looks = block.loss_steps if group.validation is not None else kept
    steps = np.unique(np.concatenate([kept, looks, [group.steps]]))
    if since is not None:
        position = block.resume(since)
        done = kept[kept <= position]
        at = np.searchsorted(since.parameter_steps, done)
        parameters[:, : len(done)] = since.parameters[:, at]
        steps = steps[steps > position]
    for step in steps.tolist():
        block.advance(position, step)
        position = step
        if step in kept:
            parameters[:, np.searchsorted(kept, step)] = block.parameters[:, :n].T
        if group.validation is not None:
            block.validate(step)
    return block.results(kept, parameters)


class _Block:
    """The arrays of a call: one column a trial, padded to whole lanes with the last trial."""

    def __init__(self, group: Group, index: NDArray[np.int64], shape: Shape) -> None:
        self.group, self.index, self.shape = group, index, shape
        self.dtype = np.dtype(shape.dtype)
        self.columns = -(-len(index) // shape.lanes) * shape.lanes
        trials = group.lanes(np.pad(index, (0, self.columns - len(index)), mode="edge"))
        self.inputs = self._of_dtype(group.data.inputs)
        self.targets = self._of_dtype(group.data.targets)
        self.rates = self._of_dtype(np.concatenate([trials.weight_rates, trials.bias_rates]))
        self.multipliers = self._of_dtype(trials.multipliers)
        self.settings = self._settings(trials.hyper)
        self.batch_seeds = np.ascontiguousarray(trials.batch_seeds)
        self.parameters = self._initial_parameters(trials.seeds, trials.scales, trials.offsets)
        self.state = np.zeros((shape.kept, self.columns), self.dtype)
        self.extremes = self._empty(len(layout.EXTREMES))
        self.extremes[layout.BEST] = np.inf
        self.extremes[layout.LARGEST] = -np.inf
        self.marks = np.full((len(layout.MARKS), self.columns), -1, mark_dtype(shape.dtype))
        self.keep_recent = len(group.record.parameter_steps(group.steps)) > 0
        self.recent = self._empty(layout.RING)
        self.loss_steps = group.record.loss_steps(group.steps)
        self.curve = self._empty(len(self.loss_steps))
        self.validation = _Validation(self) if group.validation is not None else None
        self.workspace = aligned(workspace_size(shape, len(self.inputs)), self.dtype)
        self.thresholds = self._thresholds()

    def resume(self, since: Trained) -> int:
        """Put all arrays as they were after the last step of `since`; return that step."""
        step = int(since.parameter_steps[-1])
        self.parameters[:] = self._padded(since.parameters[:, -1])
        self.state[:] = self._padded(since.optimizer_state)
        extremes, marks = rows_of(since.measures)
        self.extremes[:], self.marks[:] = self._padded(extremes.T), self._padded(marks.T)
        self.recent[:] = 0
        steps = np.arange(step - layout.TAIL + 1, step + 1)
        known = steps >= 0
        self.recent[steps[known] % layout.RING] = self._padded(since.recent_losses[:, known])
        curves = [(self.curve, since.losses)]
        if self.validation is not None:
            curves.append((self.validation.losses, since.validation_losses))
            curves.append((self.validation.accuracies, since.validation_accuracies))
        done = self.loss_steps[self.loss_steps <= step]
        at = np.searchsorted(since.loss_steps, done)
        for ours, theirs in curves:
            ours[: len(done)] = self._padded(theirs[:, at])
        return step

    def _padded(self, rows: NDArray[Any]) -> NDArray[Any]:
        """Turn (n, k), a row a trial, into (k, columns) with the last trial repeated."""
        return np.pad(rows, ((0, self.columns - len(rows)), (0, 0)), mode="edge").T

    def _of_dtype(self, values: NDArray[Any]) -> NDArray[Any]:
        return np.ascontiguousarray(values, self.dtype)

    def _empty(self, rows: int) -> NDArray[Any]:
        return np.empty((rows, self.columns), self.dtype)

    def _settings(self, hyper: Any) -> NDArray[Any]:
        """The rows that the kernel names: 1 - x is exact to float64's last bit or two."""
        rows = [
            1.0 - hyper[name.removeprefix("1 - ")] if name.startswith("1 - ") else hyper[name]
            for name in self.shape.settings
        ]
        return self._of_dtype(np.array(rows).reshape(len(rows), self.columns))

    def _thresholds(self) -> NDArray[Any]:
        """The target, and the bound brought down to a finite number: infinity has diverged."""
        outcome = self.group.outcome
        bound = min(outcome.diverged_above, float(np.finfo(self.dtype).max))
        return np.array([outcome.target, bound], self.dtype)

    def _initial_parameters(
        self,
        seeds: NDArray[np.uint64],
        scales: NDArray[np.float64],
        offsets: NDArray[np.float64],
    ) -> NDArray[Any]:
        initial = self.group.initial
        fixed = np.ascontiguousarray(initial.weights, np.float64)
        parameters = aligned(len(fixed) * self.columns, self.dtype)
        parameters = parameters.reshape(len(fixed), self.columns)
        if draw := _draw_of(self.group, self.shape.lanes):
            spreads = _spreads(self.shape.network, initial.scheme)
            seeds, scales = np.ascontiguousarray(seeds), np.ascontiguousarray(scales)
            self._call(draw, self.columns, len(fixed), seeds, scales, spreads, fixed, parameters)
        else:
            parameters[:] = fixed[:, np.newaxis]
        if offsets.any():
            self._add_offsets(parameters, self._of_dtype(offsets))
        return parameters

    def _add_offsets(self, parameters: NDArray[Any], offsets: NDArray[Any]) -> None:
        first = 0
        for offset, (n_in, n_out) in zip(offsets, self.shape.network.pairs, strict=True):
            parameters[first : first + n_in * n_out] += offset
            first += (n_in + self.shape.network.bias) * n_out

    @staticmethod
    def _call(specification: Specification, *values: Any) -> None:
        kernel(specification).call(
            *(value.ctypes.data if isinstance(value, np.ndarray) else value for value in values)
        )

    def advance(self, start: int, stop: int) -> None:
        """Train from one step to another, recording what falls in between."""
        longest = stop - start
        if self.shape.scheduled or self.shape.batches == "shared":
            longest = max(1, _TABLE // _batch_size(self.group))
        if start == stop:
            self._advance(start, stop)
        for first in range(start, stop, max(longest, 1)):
            self._advance(first, min(first + longest, stop))

    def _advance(self, start: int, stop: int) -> None:
        since = np.searchsorted(self.loss_steps, start + 1 if start else 0)
        record_steps = np.ascontiguousarray(self.loss_steps[since:])
        order, starts = self._order(start, stop)
        self._call(
            self.shape,
            self.columns,
            start,
            stop,
            len(self.inputs),
            self.inputs,
            self.targets,
            self.group.batch.size or 0,
            order,
            starts,
            self.batch_seeds,
            self._factors(start, stop),
            self.rates,
            self.multipliers,
            self.settings,
            self.parameters,
            self.state,
            self.thresholds,
            self.extremes,
            self.marks,
            1,
            self.recent,
            len(record_steps),
            record_steps,
            self.curve[since:],
            self.workspace,
        )

    def _order(self, start: int, stop: int) -> Batches:
        """The samples of steps start ... stop; the loss of the last is that of its batch too."""
        batch = self.group.batch
        if self.shape.batches != "shared":
            return np.empty(0, np.int32), np.empty(0, np.int64)
        if batch.table is not None:
            return table_order(batch.table, start, stop + 1)
        seed, size = int(self.batch_seeds[0].view(np.uint64)), _batch_size(self.group)
        return _drawn_order(batch.order, seed, len(self.inputs), size, start, stop + 1)

    def _factors(self, start: int, stop: int) -> NDArray[Any]:
        if not self.shape.scheduled:
            return np.empty(0, self.dtype)
        # At the last step there is no update; the kernel reads one factor even so.
        first = start if start < stop else max(start - 1, 0)
        return self._of_dtype(
            _factors(self.group.schedule, self.group.steps, first, first + max(stop - start, 1))
        )

    def validate(self, step: int) -> None:
        """Evaluate the parameters of this step on the validation data."""
        assert self.validation is not None, "asked for by a group that has such data"
        self.validation.evaluate(self, step)

    def results(self, steps: NDArray[np.int64], parameters: NDArray[Any]) -> Trained:
        """Turn the columns of the real trials into tables of one row a trial."""
        n = len(self.index)
        measures = measures_of(self.extremes[:, :n], self.marks[:, :n])
        stopped_at = stops_of(measures, self.shape.stop)
        return Trained(
            index=self.index,
            measures=measures,
            outcome=outcomes_of(measures, self.group.outcome.rule),
            loss_steps=self.loss_steps,
            losses=self._until(stopped_at, self.loss_steps, self.curve),
            parameter_steps=steps,
            parameters=canonical(parameters),
            recent_losses=self._recent_losses(stopped_at),
            optimizer_state=canonical(
                self.state[: self.keep_recent * len(self.state), :n].T.copy()
            ),
            stopped_at=stopped_at,
            **(self.validation or _Validation(self)).results(stopped_at),
        )

    def _until(
        self, stopped_at: NDArray[np.int64], steps: NDArray[np.int64], columns: NDArray[Any]
    ) -> NDArray[Any]:
        """Return (n, steps) of rows that were recorded, NaN after a stop."""
        table = np.ascontiguousarray(columns[:, : len(self.index)].T)
        if self.shape.stop != "never" and len(steps):
            stopped = stopped_at[:, np.newaxis]
            table[(stopped >= 0) & (steps > stopped)] = np.nan
        return canonical(table)

    def _recent_losses(self, stopped_at: NDArray[np.int64]) -> NDArray[Any]:
        if not self.keep_recent:
            return np.empty((len(self.index), 0), self.dtype)
        steps = np.arange(self.group.steps - layout.TAIL + 1, self.group.steps + 1)
        recent = self._until(stopped_at, steps, self.recent[steps % layout.RING])
        recent[:, steps < 0] = np.nan
        return recent


class _Validation:
    """The losses and accuracies of a block's trials on validation data, if there are any."""

    def __init__(self, block: _Block) -> None:
        self.block, data = block, block.group.validation
        self.steps = block.loss_steps if data is not None else block.loss_steps[:0]
        self.losses, self.accuracies = block._empty(len(self.steps)), block._empty(len(self.steps))
        self.final: dict[str, NDArray[np.float64]] = {}
        if data is None:
            return
        self.evaluation = _evaluation_of(block.shape)
        self.inputs, self.targets = block._of_dtype(data.inputs), block._of_dtype(data.targets)
        self.middle = np.array([(self.targets.min() + self.targets.max()) / 2], block.dtype)
        self.workspace = aligned(layout.evaluation_size(self.evaluation.network), block.dtype)

    def evaluate(self, block: _Block, step: int) -> None:
        """Evaluate the block's parameters, which are those of this step."""
        loss, accuracy = block._empty(1), block._empty(1)
        block._call(
            self.evaluation,
            block.columns,
            len(self.inputs),
            self.inputs,
            self.targets,
            self.middle,
            block.multipliers,
            block.parameters,
            loss,
            accuracy,
            self.workspace,
        )
        at = np.searchsorted(self.steps, step)
        if at < len(self.steps) and self.steps[at] == step:
            self.losses[at], self.accuracies[at] = loss, accuracy
        n = len(block.index)
        self.final = {
            "validation_loss": canonical(loss[0, :n].astype(np.float64)),
            "validation_accuracy": canonical(accuracy[0, :n].astype(np.float64)),
        }

    def results(self, stopped_at: NDArray[np.int64]) -> dict[str, Any]:
        """Return what `Trained` has of it."""
        return {
            "validation_losses": self.block._until(stopped_at, self.steps, self.losses),
            "validation_accuracies": self.block._until(stopped_at, self.steps, self.accuracies),
            "final_validation": self.final,
        }


@lru_cache(maxsize=4)
def _drawn_order(order: str, seed: int, samples: int, size: int, start: int, stop: int) -> Batches:
    """What all blocks of a group read, drawn once."""
    return shared_order(order, seed, samples, size, start, stop)


@lru_cache(maxsize=4)
def _factors(schedule: Schedule, steps: int, start: int, stop: int) -> NDArray[np.float64]:
    return rate_factors(schedule, steps, start, stop)


def aligned(size: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return uninitialised numbers whose first one lies on a register boundary."""
    raw = np.empty(size * dtype.itemsize + _ALIGNMENT, np.uint8)
    start = -raw.ctypes.data % _ALIGNMENT
    return raw[start : start + size * dtype.itemsize].view(dtype)


def _spreads(network: Network, scheme: str) -> NDArray[np.float64]:
    """Return (P,) the factor before each parameter's draw: 0 for a bias."""
    spread = _SCHEMES[scheme][1]
    parts = []
    for n_in, n_out in network.pairs:
        parts.append(np.full(n_in * n_out, spread(n_in, n_out)))
        parts.append(np.zeros(n_out * network.bias))
    return np.concatenate(parts)
