"""What training gave, as tidy tables, and back."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sweep.catalogue import MEASURES, OUTCOMES, TRAINING_MEASURES, VALIDATION_MEASURES
from sweep.store.parquet import is_list
from sweep.study import Group
from sweep.study.refining import comparable
from sweep.training.specification import EXTREMES, MARKS, TAIL
from sweep.training.trained import Trained, stops_of
from sweep.training.trainer import shape_of

RECENT = "recent_losses"  # the losses of the last steps: what `tail_loss` needs if training goes on
STATE = "optimizer_state"  # what the optimizer keeps besides the parameters, likewise

SUMS = "curve_sums"
"""What the measures of the whole curve need, likewise: only where some are asked for."""

EPOCHS = "epoch_sums"  # what the measures of epochs need, likewise: only where steps see batches
BATCH = "batch_loss"  # the column of curves with the loss of each step's batch


STEPS = "steps"
"""The column of trials that tells plain readers for how many steps they were trained."""


def tables_of(group: Group, trained: Trained, first_trial: int) -> dict[str, pa.Table]:
    """The tables by kind, their trials numbered from `first_trial`; none for what was not kept."""
    trial = np.arange(first_trial, first_trial + len(trained.index))
    tables = {"trials": _trials(group, trained, trial)}
    if len(trained.loss_steps):
        tables["curves"] = _curves(group, trained, trial)
    if len(trained.parameter_steps):
        tables["parameters"] = _parameters(group, trained, trial)
    return tables


def schemas_of(group: Group) -> dict[str, pa.Schema]:
    """The schemas of what `tables_of` makes of any trials of `group`, by kind."""
    dtype, record = np.dtype(group.training.dtype), group.record
    steps, kept = record.loss_steps(group.steps), record.parameter_steps(group.steps)
    validated = np.empty((0, len(steps) * (group.validation is not None)), dtype)
    state = shape_of(group).kept if len(kept) else 0
    none, whole = np.empty(0), np.empty(0, np.int64)
    sums = (len(EXTREMES) + 1 + len(MARKS)) * (group.by_epochs and len(kept) > 0)
    nothing = Trained(
        index=whole,
        measures={
            n: whole if MEASURES[n].unit == "step" else none
            for n in (*TRAINING_MEASURES, *record.measures)
        },
        outcome=whole.astype(np.int8),
        loss_steps=steps,
        losses=np.empty((0, len(steps)), dtype),
        batch_losses=np.empty((0, len(steps) * group.by_epochs), dtype),
        parameter_steps=kept,
        parameters=np.empty((0, len(kept), group.network.n_parameters), dtype),
        recent_losses=np.empty((0, TAIL if len(kept) else 0), dtype),
        sums=np.empty((0, len(shape_of(group).sums) if len(kept) else 0)),
        epochs=np.empty((0, sums)),
        optimizer_state=np.empty((0, state), dtype),
        stopped_at=whole,
        validation_losses=validated,
        validation_accuracies=validated,
        final_validation=dict.fromkeys(VALIDATION_MEASURES, none) if group.validation else {},
    )
    return {kind: table.schema for kind, table in tables_of(group, nothing, 0).items()}


def fitted(table: pa.Table, schema: pa.Schema, given: Mapping[str, Any]) -> pa.Table:
    """A table's values in another `schema`; of columns that it lacks what is `given`, or null."""
    found = dict(zip(table.column_names, table.columns, strict=True))
    columns = [
        found[field.name].cast(field.type)
        if field.name in found
        else pa.repeat(pa.scalar(given.get(field.name), field.type), len(table))
        for field in schema
    ]
    return pa.table(columns, schema=schema)


def own(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Of a table that is in a `fitted` schema the columns that `schema` has, of its types."""
    columns, kinds = {}, {field.name: field.type for field in schema}
    for name, column in zip(table.column_names, table.columns, strict=True):
        if kind := kinds.get(name):
            same = is_list(kind) or pa.types.is_dictionary(kind) or column.type == kind
            columns[name] = column if same else column.cast(kind)
    return pa.table(columns) if columns else table.select([])


def trained_of(
    group: Group, steps: int, tables: Mapping[str, pa.Table], rows: np.ndarray
) -> Trained:
    """What training trials of `group` for `steps` gave: the inverse of `tables_of`.

    `rows` (n,) int64 are positions among the trials of a chunk of these `tables`, and become the
    `index`. Parameters must have been kept.
    """
    trials = tables["trials"].take(pa.array(rows))
    measures = {name: _numbers(trials[name]) for name in TRAINING_MEASURES}
    kept, dtype = group.record.parameter_steps(steps), np.dtype(group.training.dtype)
    every = rows[:, np.newaxis] * len(kept) + np.arange(len(kept))
    parameters = tables["parameters"].take(pa.array(every.ravel()))
    last = parameters.slice(len(kept) - 1).take(pa.array(np.arange(len(rows)) * len(kept)))
    numbers = [parameters[name].to_numpy() for name in group.network.parameter_names]
    loss_steps = group.record.loss_steps(steps)
    curves = tables.get("curves")
    first = tables["trials"]["trial"][0].as_py()
    none = np.empty((len(rows), 0), dtype)
    losses, batch_losses, *validation = (
        _matrix(curves, name, rows + first, loss_steps, dtype) if there else none
        for name, there in (
            ("loss", True),
            (BATCH, group.by_epochs),
            *((name, group.validation is not None) for name in VALIDATION_MEASURES),
        )
    )
    return Trained(
        index=rows,
        measures=measures,
        outcome=codes_of(trials["outcome"]).to_numpy().astype(np.int8),
        loss_steps=loss_steps,
        losses=losses,
        batch_losses=batch_losses,
        parameter_steps=kept,
        parameters=np.stack(numbers, axis=1).reshape(len(rows), len(kept), len(numbers)),
        recent_losses=_lists(last, RECENT, none),
        sums=_lists(last, SUMS, none.astype(np.float64)),
        epochs=_lists(last, EPOCHS, none.astype(np.float64)),
        optimizer_state=_lists(last, STATE, none),
        stopped_at=stops_of(measures, group.training.stop),
        validation_losses=validation[0],
        validation_accuracies=validation[1],
        final_validation={
            n: trials[n].to_numpy() for n in VALIDATION_MEASURES if n in trials.column_names
        },
    )


def _trials(group: Group, trained: Trained, trial: np.ndarray) -> pa.Table:
    columns = {"trial": numbers(trial)}
    columns |= {name: repeated(value, len(trial)) for name, value in group.labels.items()}
    columns |= {name: numbers(values) for name, values in group.columns(trained.index).items()}
    columns[STEPS] = numbers(np.full(len(trial), group.steps, np.int32))
    for name, x in trained.measures.items():  # losses; or steps of 32 bits, null for never
        columns[name] = numbers(x) if x.dtype.kind == "f" else numbers(x.astype(np.int32), x < 0)
    columns |= {name: _known(name, values) for name, values in trained.final_validation.items()}
    columns["outcome"] = pa.DictionaryArray.from_arrays(numbers(trained.outcome), WORDS)
    return pa.table(columns)


def numbers(values: np.ndarray, missing: np.ndarray | None = None) -> pa.Array:
    """An array of numbers as Arrow has it, null where `missing`; `pa.array` would import pandas."""
    kind, count = pa.from_numpy_dtype(values.dtype), values.size
    known = None if missing is None or not missing.any() else _bits(~missing)
    data = _bits(values) if values.dtype == bool else pa.py_buffer(np.ascontiguousarray(values))
    return pa.Array.from_buffers(kind, count, [known, data])


def repeated(value: str | bool | int | float, count: int) -> pa.Array:
    """A column of one value."""
    if isinstance(value, str):
        return _words([value] * count)
    return numbers(np.full(count, value))


def _words(words: Sequence[str]) -> pa.Array:
    data = [word.encode() for word in words]
    ends = np.cumsum([0, *map(len, data)], dtype=np.int32)
    return pa.StringArray.from_buffers(len(data), pa.py_buffer(ends), pa.py_buffer(b"".join(data)))


def _bits(values: np.ndarray) -> pa.Buffer:
    return pa.py_buffer(np.packbits(values.ravel(), bitorder="little"))


def _known(name: str, values: np.ndarray) -> pa.Array:
    """A column of numbers; an accuracy of no number is null."""
    return numbers(values, np.isnan(values) if name == "validation_accuracy" else None)


def _curves(group: Group, trained: Trained, trial: np.ndarray) -> pa.Table:
    """A row a recorded step, up to the one at which a trial was left as it was, and that one.

    With batches `loss` is null between the first and the last step, where it is not known.
    """
    end = np.where(trained.stopped_at < 0, group.steps, trained.stopped_at)[:, np.newaxis]
    steps = trained.loss_steps
    columns = {"loss": trained.losses}
    if group.validation is not None:
        found = (trained.validation_losses, trained.validation_accuracies)
        columns |= zip(VALIDATION_MEASURES, found, strict=True)
    if group.by_epochs:
        columns[BATCH] = trained.batch_losses
    unknown = group.by_epochs & (steps != 0) & (steps != end)
    table = pa.table(
        _rows(trial, steps)
        | {n: numbers(x, unknown) if n == "loss" else _known(n, x) for n, x in columns.items()}
    )
    unrecorded = (trained.stopped_at >= 0) & ~np.isin(trained.stopped_at, steps)
    if (trained.stopped_at < 0).all():
        return table
    table = table.filter(pa.array((steps <= end).ravel()))
    if not unrecorded.any():
        return table
    ends = {"trial": trial, "step": end[:, 0].astype(np.int32)} | _ends(trained, table.schema)
    stopped = pa.table(ends, schema=table.schema).filter(pa.array(unrecorded))
    return pa.concat_tables([table, stopped]).sort_by(
        [("trial", "ascending"), ("step", "ascending")]
    )


def _ends(trained: Trained, schema: pa.Schema) -> dict[str, pa.Array]:
    """The columns of curves, keys apart, at each trial's last step; a batch's loss is not known."""
    known = {"loss": trained.measures["final_loss"]} | trained.final_validation
    none = np.full(len(trained.index), np.nan)
    found = {}
    for name in schema.names[2:]:
        values = pa.array(known.get(name, none), from_pandas=name in (BATCH, "validation_accuracy"))
        found[name] = values.cast(schema.field(name).type)
    return found


def _parameters(group: Group, trained: Trained, trial: np.ndarray) -> pa.Table:
    names = group.network.parameter_names
    columns = _rows(trial, trained.parameter_steps)
    by_name = trained.parameters.reshape(-1, len(names)).T
    columns |= {name: numbers(by_name[at]) for at, name in enumerate(names)}
    steps = len(trained.parameter_steps)
    columns[RECENT] = _at_last_step(trained.recent_losses, steps)
    if trained.sums.shape[1]:
        columns[SUMS] = _at_last_step(trained.sums, steps)
    if trained.epochs.shape[1]:
        columns[EPOCHS] = _at_last_step(trained.epochs, steps)
    if trained.optimizer_state.shape[1]:
        columns[STATE] = _at_last_step(trained.optimizer_state, steps)
    return pa.table(columns)


def _rows(trial: np.ndarray, steps: np.ndarray) -> dict[str, Any]:
    """The keys of the rows: every recorded step of the first trial, then of the next, ..."""
    return {
        "trial": numbers(np.repeat(trial, len(steps))),
        "step": numbers(np.tile(steps.astype(np.int32), len(trial))),
    }


def _at_last_step(values: np.ndarray, steps: int) -> pa.Array:
    """The (trials, count) `values` as lists in the row of each trial's last step, null before."""
    trials, count = values.shape
    if steps == 1:
        return pa.FixedSizeListArray.from_arrays(numbers(values), count)
    spread = np.zeros((trials, steps, count), values.dtype)
    spread[:, -1] = values
    missing = np.tile(np.arange(steps) < steps - 1, trials)
    return pa.FixedSizeListArray.from_arrays(numbers(spread), count, mask=numbers(missing))


def _numbers(column: pa.ChunkedArray) -> np.ndarray:
    """A measure: losses as they are, steps as int64 with -1 for never."""
    if pa.types.is_floating(column.type):
        return column.to_numpy()  # type: ignore[no-any-return]
    return column.fill_null(-1).to_numpy().astype(np.int64)  # type: ignore[no-any-return]


def codes_of(outcome: pa.ChunkedArray) -> pa.ChunkedArray:
    """The positions in `OUTCOMES` of a column of outcomes, int32."""
    return pc.index_in(outcome.cast(pa.string()), value_set=WORDS)


def compared(trials: pa.Table, by: str) -> np.ndarray:
    """What each row of a table of trials is compared by where a map is refined, float64."""
    column = trials[by]
    return comparable(by, (codes_of(column) if by == "outcome" else column).to_numpy())


def digest_of(table: pa.Table) -> str:
    """SHA-256 of the names and values of a table's columns, to the bit."""
    digest = hashlib.sha256()
    for name in table.column_names:
        digest.update(name.encode())
        update(digest, table[name])
    return digest.hexdigest()


def update(digest: "hashlib._Hash", column: pa.ChunkedArray) -> None:
    """Add the values of a column, and which of them are null, to a digest."""
    if pa.types.is_dictionary(column.type):
        column = codes_of(column)
    digest.update(_bytes(column.is_null()))
    if is_list(column.type):
        column = pc.list_flatten(column)
    if pa.types.is_string(column.type):
        digest.update("\0".join(column.fill_null("").to_pylist()).encode())
    else:
        zero = numbers(np.zeros(1, column.type.to_pandas_dtype()))[0]
        digest.update(_bytes(pc.coalesce(column, zero) if column.null_count else column))


def _bytes(column: pa.ChunkedArray) -> bytes:
    """The values of a column of numbers without a null; `to_numpy` would import pandas."""
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.uint8())
    size = column.type.bit_width // 8
    return b"".join(
        memoryview(chunk.buffers()[1])[chunk.offset * size :][: len(chunk) * size]
        for chunk in column.chunks
    )


def _lists(table: pa.Table, name: str, none: np.ndarray) -> np.ndarray:
    """A column of lists as (rows, numbers); `none` where the table has no such column."""
    if name not in table.column_names:
        return none
    numbers = pc.list_flatten(table[name]).to_numpy().reshape(len(table), -1)
    return numbers.astype(none.dtype)  # type: ignore[no-any-return]


def _matrix(
    curves: pa.Table | None, name: str, trials: np.ndarray, steps: np.ndarray, dtype: np.dtype[Any]
) -> np.ndarray:
    """(trials, steps) of a column of curves, NaN where a trial has no row."""
    found = np.full((len(trials), len(steps)), np.nan, dtype)
    if curves is not None:
        number, step = curves["trial"].to_numpy(), curves["step"].to_numpy()
        order = np.argsort(trials)
        place = np.minimum(np.searchsorted(trials, number, sorter=order), len(trials) - 1)
        row = order[place]
        # The last step of a trial that stopped is a row more.
        wanted = (trials[row] == number) & np.isin(step, steps)
        at = np.searchsorted(steps, step[wanted])
        found[row[wanted], at] = curves[name].to_numpy()[wanted]
    return found


WORDS = _words(OUTCOMES)  # the outcomes, as a column's dictionary has them
