"""What training gave, as tidy tables."""

from typing import Any

import numpy as np
import pyarrow as pa

from sweep.study import Group
from sweep.training.trained import OUTCOMES, Trained

RECENT = "recent_losses"
"""The losses of the last steps: what `tail_loss` needs if training goes on."""

STATE = "optimizer_state"
"""What the optimizer keeps besides the parameters, likewise."""

VALIDATION = ("validation_loss", "validation_accuracy")
"""The columns of trials and curves that only studies with validation data have."""


def tables_of(group: Group, trained: Trained, first_trial: int) -> dict[str, pa.Table]:
    """The tables by kind, their trials numbered from `first_trial`; none for what was not kept."""
    trial = np.arange(first_trial, first_trial + len(trained.index))
    tables = {"trials": _trials(group, trained, trial)}
    if len(trained.loss_steps):
        tables["curves"] = _curves(group, trained, trial)
    if len(trained.parameter_steps):
        tables["parameters"] = _parameters(group, trained, trial)
    return tables


def _trials(group: Group, trained: Trained, trial: np.ndarray) -> pa.Table:
    labels = {name: pa.repeat(value, len(trial)) for name, value in group.labels.items()}
    measures = {name: _measure(values) for name, values in trained.measures.items()}
    outcome = pa.DictionaryArray.from_arrays(trained.outcome, list(OUTCOMES))
    axes = labels | group.columns(trained.index)
    return pa.table(
        {"trial": trial} | axes | measures | trained.final_validation | {"outcome": outcome}
    )


def _measure(values: np.ndarray) -> pa.Array:
    """A column of losses; or of steps, 32 bits wide, null where they say never."""
    if values.dtype.kind == "f":
        return pa.array(values)
    return pa.array(values.astype(np.int32), mask=values < 0)


def _curves(group: Group, trained: Trained, trial: np.ndarray) -> pa.Table:
    """A row a recorded step, up to the one at which a trial was left as it was."""
    columns = {"loss": trained.losses} | _validation(group, trained)
    table = pa.table(
        _rows(trial, trained.loss_steps) | {name: found.ravel() for name, found in columns.items()}
    )
    if (trained.stopped_at < 0).all():
        return table
    end = np.where(trained.stopped_at < 0, group.steps, trained.stopped_at)
    return table.filter(pa.array((trained.loss_steps <= end[:, np.newaxis]).ravel()))


def _validation(group: Group, trained: Trained) -> dict[str, np.ndarray]:
    """(trials, recorded steps) of each of `VALIDATION`, or nothing."""
    found = (trained.validation_losses, trained.validation_accuracies)
    return {} if group.validation is None else dict(zip(VALIDATION, found, strict=True))


def _parameters(group: Group, trained: Trained, trial: np.ndarray) -> pa.Table:
    names = group.network.parameter_names
    columns = _rows(trial, trained.parameter_steps)
    by_name = trained.parameters.reshape(-1, len(names)).T
    columns |= {name: np.ascontiguousarray(by_name[at]) for at, name in enumerate(names)}
    steps = len(trained.parameter_steps)
    columns[RECENT] = _at_last_step(trained.recent_losses, steps)
    if trained.optimizer_state.shape[1]:
        columns[STATE] = _at_last_step(trained.optimizer_state, steps)
    return pa.table(columns)


def _rows(trial: np.ndarray, steps: np.ndarray) -> dict[str, Any]:
    """The keys of the rows: every recorded step of the first trial, then of the next, ..."""
    return {
        "trial": np.repeat(trial, len(steps)),
        "step": np.tile(steps.astype(np.int32), len(trial)),
    }


def _at_last_step(values: np.ndarray, steps: int) -> pa.Array:
    """The (trials, count) `values` as lists in the row of each trial's last step, null before."""
    trials, count = values.shape
    if steps == 1:
        return pa.FixedSizeListArray.from_arrays(values.ravel(), count)
    spread = np.zeros((trials, steps, count), values.dtype)
    spread[:, -1] = values
    missing = np.tile(np.arange(steps) < steps - 1, trials)
    return pa.FixedSizeListArray.from_arrays(spread.ravel(), count, mask=pa.array(missing))
