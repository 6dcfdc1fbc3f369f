"""The arrays of a call: trials packed into lanes, a column each, and what comes of them."""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweep.study import Data, Group, LaneInputs, Schedule
from sweep.training.batches import Batches, shared_order, table_order
from sweep.training.compile import aligned, call
from sweep.training.schedules import rate_factors
from sweep.training.specification import (
    BEST,
    BEST_STEP,
    DISPLACEMENT,
    DIVERGED_STEP,
    EXTREMES,
    FINAL,
    INITIAL,
    LARGEST,
    MARKS,
    RING,
    STRETCH,
    TAIL,
    TAIL_MEAN,
    TARGET_STEP,
    TILE,
    Draw,
    DrawArguments,
    Evaluation,
    EvaluationArguments,
    Network,
    Shape,
    TrainArguments,
    mark_dtype,
    workspace_size,
)
from sweep.training.trained import (
    Trained,
    canonical,
    curve_measures,
    folded,
    measures_of,
    outcomes_of,
    rows_of,
    stops_of,
    with_last,
)

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


def batch_size(group: Group) -> int:
    """Return how many samples a step sees, but for the last of an epoch."""
    if group.batch.table is not None:
        return int(group.batch.table.shape[1])
    return group.batch.size or len(group.data.inputs)


def draw_of(group: Group, lanes: int) -> Draw | None:
    """Return what the kernel that draws a group's initial parameters is compiled for, if any."""
    if group.initial.scheme == "explicit":
        return None
    return Draw(_SCHEMES[group.initial.scheme][0], group.training.dtype, lanes)


def epoch_of(group: Group) -> tuple[int, int]:
    """Return the steps of an epoch, and the samples that these see; 1 and all if all do."""
    size, samples = batch_size(group), len(group.data.inputs)
    steps = -(-samples // size) if group.by_epochs else 1
    drawn = group.batch.table is not None or group.batch.order == "replacement"
    return steps, steps * size if group.by_epochs and drawn else samples


def evaluation_of(shape: Shape) -> Evaluation:
    """Return what the kernel is compiled for that finds loss and accuracy on data as a whole."""
    lanes = shape.network.width
    return Evaluation(replace(shape.network, lanes=lanes, abreast=1, tile=TILE, unrolled=False))


class Block:
    """The arrays of a call: one column a trial, padded to whole lanes with the last trial."""

    def __init__(self, group: Group, index: NDArray[np.int64], shape: Shape) -> None:
        self.group, self.index, self.shape = group, index, shape
        self.dtype = np.dtype(shape.dtype)
        self.columns = -(-len(index) // shape.network.width) * shape.network.width
        trials = group.lanes(np.pad(index, (0, self.columns - len(index)), mode="edge"))
        self.loss_steps = group.record.loss_steps(group.steps)
        self.keep_recent = len(group.record.parameter_steps(group.steps)) > 0
        epoch, epoch_samples = epoch_of(group)
        inputs, nothing = self.of_dtype(group.data.inputs), np.empty(0, np.int64)
        self.given = TrainArguments(
            columns=self.columns,
            trials=len(index),
            start=0,
            stop=0,
            samples=len(inputs),
            inputs=inputs,
            targets=self.of_dtype(group.data.targets),
            batch_size=group.batch.size or 0,
            order=np.empty(0, np.int32),
            batch_starts=nothing,
            batch_seeds=np.ascontiguousarray(trials.batch_seeds),
            factors=self.empty(0),
            rates=self.of_dtype(np.concatenate([trials.weight_rates, trials.bias_rates])),
            multipliers=self.of_dtype(trials.multipliers),
            drifts=self.of_dtype(trials.drifts),
            settings=self._settings(trials.hyper),
            parameters=self._initial_parameters(trials),
            state=np.zeros((shape.kept, self.columns), self.dtype),
            thresholds=self._thresholds(),
            extremes=self.empty(len(EXTREMES)),
            marks=np.full((len(MARKS), self.columns), -1, mark_dtype(shape.dtype)),
            sums=np.zeros((len(shape.sums), self.columns), self.dtype),
            fresh=1,
            twin=self.empty(0),
            displacement=np.empty(0, self.dtype),
            twin_from=group.steps // 2,
            twin_workspace=np.empty(0, self.dtype),
            epoch=epoch,
            epoch_samples=epoch_samples,
            partial=np.zeros(self.columns, self.dtype),
            recent=self.empty(RING),
            records=0,
            record_steps=nothing,
            curve=self.empty(len(self.loss_steps)),
            workspace=aligned(workspace_size(shape, len(inputs)), self.dtype),
        )
        self.given.extremes[BEST], self.given.extremes[LARGEST] = np.inf, -np.inf
        if STRETCH in shape.sums:
            self._begin_twins(len(inputs))
        if "lowest" in shape.sums:
            self.given.sums[shape.sums.index("lowest")] = np.inf
        self.validation = Evaluator(self, group.validation) if group.validation else None
        looks = len(self.loss_steps) * (group.validation is not None)
        self.validated = np.empty((2, looks, self.columns), self.dtype)
        self.last_validated = np.empty((2, self.columns), self.dtype)
        self.whole = Evaluator(self, group.data) if group.by_epochs else None
        if self.whole is not None:
            self._begin_measures(self.whole.evaluate()[0])

    def _begin_twins(self, samples: int) -> None:
        """Put a twin beside each trial, along a direction of which no two components are equal."""
        given = self.given
        direction = 0.5 + np.arange(1, len(given.parameters) + 1) * ((5**0.5 - 1) / 2) % 1
        length = math.sqrt(math.fsum((direction * direction).tolist()))  # in any order the same
        displacement = self.of_dtype(direction * (DISPLACEMENT[self.shape.dtype] / length))
        moved = given.parameters + displacement[:, np.newaxis]
        self.given = given._replace(
            twin=np.concatenate([moved, given.state]),
            displacement=displacement,
            twin_workspace=aligned(workspace_size(self.shape, samples), self.dtype),
        )

    def _begin_measures(self, loss: NDArray[Any]) -> None:
        """Measure the loss on all data before the first step: the first one of the sequence."""
        given = self.given
        target, bound = given.thresholds
        given.recent[0] = loss
        given.extremes[[INITIAL, FINAL, TAIL_MEAN]] = loss
        given.extremes[BEST] = np.where(loss < np.inf, loss, np.inf)
        given.extremes[LARGEST] = np.where(np.isnan(loss), -np.inf, loss)
        given.marks[BEST_STEP] = np.where(loss < np.inf, 0, -1)
        given.marks[TARGET_STEP] = np.where(loss <= target, 0, -1)
        given.marks[DIVERGED_STEP] = np.where(loss <= bound, -1, 0)
        if self.shape.sums[:1] == ("first",):
            given.sums[0] = loss
        given.sums[:] = folded(self.shape.sums, given.sums, loss)

    def resume(self, since: Trained) -> int:
        """Put all arrays as they were after the last step of `since`; return that step."""
        given, step = self.given, int(since.parameter_steps[-1])
        given.parameters[:] = self._padded(since.parameters[:, -1])
        given.state[:] = self._padded(since.optimizer_state)
        given.sums[:] = self._padded(since.sums)
        self.given = given = given._replace(fresh=0)
        if self.group.by_epochs:
            sums = self._padded(since.epochs)
            given.extremes[:], given.marks[:] = sums[: len(EXTREMES)], sums[-len(MARKS) :]
            given.partial[:] = sums[len(EXTREMES)]
        else:
            extremes, marks = rows_of(since.measures)
            given.extremes[:], given.marks[:] = map(self._padded, (extremes.T, marks.T))
        given.recent[:] = 0
        places = self._last_places(step)
        known = places >= 0
        given.recent[places[known] % RING] = self._padded(since.recent_losses[:, known])
        curves = [(given.curve, since.batch_losses if self.group.by_epochs else since.losses)]
        if self.validation is not None:
            curves.append((self.validated[0], since.validation_losses))
            curves.append((self.validated[1], since.validation_accuracies))
        done = self.loss_steps[self.loss_steps <= step]
        at = np.searchsorted(since.loss_steps, done)
        for ours, theirs in curves:
            ours[: len(done)] = self._padded(theirs[:, at])
        return step

    def _padded(self, rows: NDArray[Any]) -> NDArray[Any]:
        """Turn (n, k), a row a trial, into (k, columns) with the last trial repeated."""
        return np.pad(rows, ((0, self.columns - len(rows)), (0, 0)), mode="edge").T

    def of_dtype(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return the values in the group's dtype, as the kernel reads them."""
        return np.ascontiguousarray(values, self.dtype)

    def empty(self, rows: int) -> NDArray[Any]:
        """Return uninitialised (rows, columns) of the group's dtype."""
        return np.empty((rows, self.columns), self.dtype)

    def _settings(self, hyper: Any) -> NDArray[Any]:
        """The rows that the kernel names: 1 - x is exact to float64's last bit or two."""
        rows = [
            1.0 - hyper[name.removeprefix("1 - ")] if name.startswith("1 - ") else hyper[name]
            for name in self.shape.settings
        ]
        return self.of_dtype(np.array(rows).reshape(len(rows), self.columns))

    def _thresholds(self) -> NDArray[Any]:
        """The target, and the bound brought down to a finite number: infinity has diverged."""
        outcome = self.group.outcome
        bound = min(outcome.diverged_above, float(np.finfo(self.dtype).max))
        return np.array([outcome.target, bound], self.dtype)

    def _initial_parameters(self, trials: LaneInputs) -> NDArray[Any]:
        """Those of the first loss: drawn or stated, moved, with offsets and the first drift."""
        initial = self.group.initial
        fixed = np.ascontiguousarray(initial.weights, np.float64)
        parameters = aligned(len(fixed) * self.columns, self.dtype)
        parameters = parameters.reshape(len(fixed), self.columns)
        if draw := draw_of(self.group, self.shape.network.width):
            spreads = _spreads(self.shape.network, initial.scheme)
            arguments = DrawArguments(
                columns=self.columns,
                rows=len(fixed),
                seeds=np.ascontiguousarray(trials.seeds),
                scales=np.ascontiguousarray(trials.scales),
                spreads=spreads,
                fixed=fixed,
                parameters=parameters,
            )
            call(draw, arguments)
        else:
            parameters[:] = fixed[:, np.newaxis]
        for along, direction in zip(trials.alongs, initial.directions, strict=True):
            moved = self.of_dtype(np.outer(direction, along))
            np.add(parameters, moved, out=parameters, where=moved != 0)
        for added in map(self.of_dtype, (trials.offsets, trials.drifts)):
            first = 0
            for number, (n_in, n_out) in zip(added, self.shape.network.pairs, strict=True):
                weights = parameters[first : first + n_in * n_out]
                np.add(weights, number, out=weights, where=number != 0)  # -0.0 + 0.0 is 0.0
                first += (n_in + self.shape.network.bias) * n_out
        return parameters

    def advance(self, start: int, stop: int) -> None:
        """Train from one step to another, recording what falls in between."""
        longest = stop - start
        if self.shape.scheduled or self.shape.batches == "shared":
            longest = max(1, _TABLE // batch_size(self.group))
        if start == stop:
            self._advance(start, stop)
        for first in range(start, stop, max(longest, 1)):
            self._advance(first, min(first + longest, stop))

    def _advance(self, start: int, stop: int) -> None:
        since = np.searchsorted(self.loss_steps, start + 1 if start else 0)
        record_steps = np.ascontiguousarray(self.loss_steps[since:])
        order, starts = self._order(start, stop)
        given = self.given._replace(
            start=start,
            stop=stop,
            order=order,
            batch_starts=starts,
            factors=self._factors(start, stop),
            records=len(record_steps),
            record_steps=record_steps,
            curve=self.given.curve[since:],
        )
        call(self.shape, given)
        self.given = self.given._replace(fresh=0)

    def _order(self, start: int, stop: int) -> Batches:
        """The samples of steps start ... stop; the loss of the last is that of its batch too."""
        batch = self.group.batch
        if self.shape.batches != "shared":
            return np.empty(0, np.int32), np.empty(0, np.int64)
        if batch.table is not None:
            return table_order(batch.table, start, stop + 1)
        seed, size = int(self.given.batch_seeds[0].view(np.uint64)), batch_size(self.group)
        return _drawn_order(batch.order, seed, self.given.samples, size, start, stop + 1)

    def _factors(self, start: int, stop: int) -> NDArray[Any]:
        if not self.shape.scheduled:
            return np.empty(0, self.dtype)
        # At the last step there is no update; the kernel reads one factor even so.
        first = start if start < stop else max(start - 1, 0)
        return self.of_dtype(
            _factors(self.group.schedule, self.group.steps, first, first + max(stop - start, 1))
        )

    def validate(self, step: int) -> None:
        """Evaluate the parameters of this step on the validation data."""
        assert self.validation is not None, "asked for by a group that has such data"
        self.last_validated[:] = self.validation.evaluate()
        at = np.searchsorted(self.loss_steps, step)
        if at < len(self.loss_steps) and self.loss_steps[at] == step:
            self.validated[:, at] = self.last_validated

    def results(self, steps: NDArray[np.int64], parameters: NDArray[Any]) -> Trained:
        """Turn the columns of the real trials into tables of one row a trial."""
        n = len(self.index)
        extremes, marks = self.given.extremes[:, :n], self.given.marks[:, :n].astype(np.int64)
        measures = measures_of(extremes, self._steps_of(marks))
        stopped = stops_of(measures_of(extremes, marks), self.shape.stop)
        stopped_at, diverged_at = self._steps_of(stopped), measures["diverged_at"]
        curve = self._until(stopped_at, self.loss_steps, self.given.curve)
        losses, batch_losses, final = curve, curve[:, :0], extremes[FINAL]
        if self.whole is not None:
            losses, batch_losses = np.full_like(curve, np.nan), curve
            final = self.whole.evaluate()[0][:n]
            measures = self._with_final(stopped, final)
            last = np.where(stopped_at < 0, self.group.steps, stopped_at)[:, np.newaxis]
            for name, known in (
                ("initial_loss", self.loss_steps == 0),
                ("final_loss", self.loss_steps == last),
            ):
                losses = np.where(known, measures[name][:, np.newaxis].astype(self.dtype), losses)
        validated = [self._until(stopped_at, self.loss_steps, table) for table in self.validated]
        gone = (diverged_at >= 0)[:, np.newaxis] & (self.loss_steps >= diverged_at[:, np.newaxis])
        if self.validation is not None:
            validated[1][gone] = np.nan
        return Trained(
            index=self.index,
            measures=measures | self._curve_measures(stopped, final),
            outcome=outcomes_of(measures, self.group.outcome.rule),
            loss_steps=self.loss_steps,
            losses=canonical(losses),
            batch_losses=batch_losses,
            parameter_steps=steps,
            parameters=canonical(parameters),
            recent_losses=self._recent_losses(stopped)
            if self.keep_recent
            else np.empty((n, 0), self.dtype),
            sums=canonical(
                self.given.sums[: self.keep_recent * len(self.given.sums), :n].T.astype(np.float64)
            ),
            epochs=self._epochs(stopped),
            optimizer_state=canonical(
                self.given.state[: self.keep_recent * len(self.given.state), :n].T.copy()
            ),
            stopped_at=stopped_at,
            validation_losses=validated[0],
            validation_accuracies=validated[1],
            final_validation=self._final_validation(measures),
        )

    def _final_validation(
        self, measures: dict[str, NDArray[Any]]
    ) -> dict[str, NDArray[np.float64]]:
        """Return the measures on validation data; what has diverged has no accuracy."""
        if self.validation is None:
            return {}
        loss, accuracy = self.last_validated[:, : len(self.index)].astype(np.float64)
        accuracy[measures["diverged_at"] >= 0] = np.nan
        return {"validation_loss": canonical(loss), "validation_accuracy": canonical(accuracy)}

    def _steps_of(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Turn places in the sequence of losses into steps: with batches an epoch's last one."""
        return np.where(places > 0, places * self.given.epoch - 1, places) if self.whole else places

    def _with_final(self, stopped: NDArray[Any], loss: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """Return the measures of the first loss, those of epochs, and the last one on all data."""
        n = len(self.index)
        place = np.where(stopped < 0, self._last_places(self.group.steps)[-1], stopped)
        ended = np.where(stopped < 0, self.group.steps, self._steps_of(stopped))
        before = np.minimum(place + 1, TAIL - 1)
        marks = self._steps_of(self.given.marks[:, :n].astype(np.int64))
        return measures_of(
            *with_last(
                self.given.extremes[:, :n], marks, loss, ended, before, self.given.thresholds
            )
        )

    def _until(
        self, stopped_at: NDArray[np.int64], places: NDArray[np.int64], columns: NDArray[Any]
    ) -> NDArray[Any]:
        """Return (n, places) of rows that were recorded, NaN after a stop."""
        table = np.ascontiguousarray(columns[:, : len(self.index)].T)
        if self.shape.stop != "never" and table.size:
            stopped = stopped_at[:, np.newaxis]
            table[(stopped >= 0) & (places > stopped)] = np.nan
        return canonical(table)

    def _last_places(self, step: int) -> NDArray[np.int64]:
        """Return the last places in the sequence of losses: steps, or epochs from 1."""
        last = (step + 1) // self.given.epoch if self.group.by_epochs else step
        return np.arange(last - TAIL + 1, last + 1)

    def _curve_measures(
        self, stopped: NDArray[np.int64], final: NDArray[Any]
    ) -> dict[str, NDArray[Any]]:
        """Return those that are asked for; `final` (n,) is the loss when training ended."""
        if not self.group.record.measures:
            return {}
        sums = self.given.sums[:, : len(self.index)]
        if self.whole is not None:
            sums = folded(self.shape.sums, sums, final)
        last, half = self._last_places(self.group.steps)[-1], self.given.twin_from
        ended = np.where(stopped < 0, self.group.steps, self._steps_of(stopped))
        return curve_measures(
            self.group.record.measures,
            self.shape.sums,
            sums,
            final,
            np.where(stopped < 0, 0, last - stopped),
            self._recent_losses(stopped),
            ended - half,
        )

    def _recent_losses(self, stopped: NDArray[np.int64]) -> NDArray[Any]:
        places = self._last_places(self.group.steps)
        recent = self._until(stopped, places, self.given.recent[places % RING])
        recent[:, places < 0] = np.nan
        return recent

    def _epochs(self, stopped: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return what the measures of epochs need if training goes on, a row a trial."""
        n = len(self.index)
        if not self.keep_recent or self.whole is None:
            return np.empty((n, 0))
        partial = np.where(stopped < 0, self.given.partial[:n], 0.0)
        rows = [self.given.extremes[:, :n], partial[np.newaxis], self.given.marks[:, :n]]
        return canonical(np.concatenate(rows).T.astype(np.float64))


class Evaluator:
    """Loss and accuracy of a block's trials on data as a whole."""

    def __init__(self, block: "Block", data: Data) -> None:
        self.block, self.evaluation = block, evaluation_of(block.shape)
        self.inputs, self.targets = block.of_dtype(data.inputs), block.of_dtype(data.targets)
        self.middle = np.array([(self.targets.min() + self.targets.max()) / 2], block.dtype)
        self.workspace = aligned(workspace_size(self.evaluation, 0), block.dtype)

    def evaluate(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return loss and accuracy, (columns,) each, at the block's parameters.

        What puts out no numbers classifies nothing: its accuracy is missing.
        """
        block = self.block
        loss, accuracy = block.empty(1)[0], block.empty(1)[0]
        arguments = EvaluationArguments(
            columns=block.columns,
            samples=len(self.inputs),
            inputs=self.inputs,
            targets=self.targets,
            middle=self.middle,
            multipliers=block.given.multipliers,
            parameters=block.given.parameters,
            losses=loss,
            accuracies=accuracy,
            workspace=self.workspace,
        )
        call(self.evaluation, arguments)
        accuracy[~np.isfinite(loss)] = np.nan
        return loss, accuracy


@lru_cache(maxsize=4)
def _drawn_order(order: str, seed: int, samples: int, size: int, start: int, stop: int) -> Batches:
    """What all blocks of a group read, drawn once."""
    return shared_order(order, seed, samples, size, start, stop)


@lru_cache(maxsize=4)
def _factors(schedule: Schedule, steps: int, start: int, stop: int) -> NDArray[np.float64]:
    return rate_factors(schedule, steps, start, stop)


def _spreads(network: Network, scheme: str) -> NDArray[np.float64]:
    """Return (P,) the factor before each parameter's draw: 0 for a bias."""
    spread = _SCHEMES[scheme][1]
    parts = []
    for n_in, n_out in network.pairs:
        parts.append(np.full(n_in * n_out, spread(n_in, n_out)))
        parts.append(np.zeros(n_out * network.bias))
    return np.concatenate(parts)
