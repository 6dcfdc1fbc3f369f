"""What training gave, as tidy tables."""

from typing import Any

import numpy as np
import pyarrow as pa

from sweep.study import Group
from sweep.training.trainer import OUTCOMES, Trained

RECENT = "recent_losses"
"""The losses of the last steps: what `tail_loss` needs if training goes on."""


def tables_of(group: Group, trained: Trained, first_trial: int) -> dict[str, pa.Table]:
    """The tables by kind, their trials numbered from `first_trial`; none for what was not kept."""
    trial = np.arange(first_trial, first_trial + len(trained.index))
    tables = {"trials": _trials(group, trained, trial)}
    if len(trained.loss_steps):
        tables["curves"] = _curves(trained, trial)
    if len(trained.parameter_steps):
        tables["parameters"] = _parameters(group, trained, trial)
    return tables


def _trials(group: Group, trained: Trained, trial: np.ndarray) -> pa.Table:
    labels = {name: pa.repeat(value, len(trial)) for name, value in group.labels.items()}
    measures = {name: _measure(values) for name, values in trained.measures.items()}
    outcome = pa.DictionaryArray.from_arrays(trained.outcome, list(OUTCOMES))
    return pa.table(
        {"trial": trial} | labels | group.columns(trained.index) | measures | {"outcome": outcome}
    )


def _measure(values: np.ndarray) -> pa.Array:
    """A column of losses; or of steps, 32 bits wide, null where they say never."""
    if values.dtype.kind == "f":
        return pa.array(values)
    return pa.array(values.astype(np.int32), mask=values < 0)


def _curves(trained: Trained, trial: np.ndarray) -> pa.Table:
    columns = _rows(trial, trained.loss_steps)
    return pa.table(columns | {"loss": trained.losses.ravel()})


def _parameters(group: Group, trained: Trained, trial: np.ndarray) -> pa.Table:
    names = group.network.parameter_names
    columns = _rows(trial, trained.parameter_steps)
    by_name = trained.parameters.reshape(-1, len(names)).T
    columns |= {name: np.ascontiguousarray(by_name[at]) for at, name in enumerate(names)}
    return pa.table(columns | {RECENT: _recent(trained)})


def _rows(trial: np.ndarray, steps: np.ndarray) -> dict[str, Any]:
    """The keys of the rows: every recorded step of the first trial, then of the next, ..."""
    return {
        "trial": np.repeat(trial, len(steps)),
        "step": np.tile(steps.astype(np.int32), len(trial)),
    }


def _recent(trained: Trained) -> pa.Array:
    """The recent losses in the row of each trial's last step, null in its other rows."""
    trials, count = trained.recent_losses.shape
    steps = len(trained.parameter_steps)
    if steps == 1:
        return pa.FixedSizeListArray.from_arrays(trained.recent_losses.ravel(), count)
    spread = np.zeros((trials, steps, count), trained.recent_losses.dtype)
    spread[:, -1] = trained.recent_losses
    missing = np.tile(np.arange(steps) < steps - 1, trials)
    return pa.FixedSizeListArray.from_arrays(spread.ravel(), count, mask=pa.array(missing))
