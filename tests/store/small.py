"""A small study, a trainer that pretends, and a bench to run one with the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from sweep.runs import runner
from sweep.runs.runner import RunReport
from sweep.store.files import KINDS
from sweep.store.ledger import read_ledger
from sweep.store.results import Results, open_results
from sweep.study import Group, Study, parse_study
from sweep.training.trained import Trained
from sweep.training.trainer import shape_of

TEXT = """
[network]
layers = [2, 2]
activation = "sigmoid"
bias = true
[data]
inputs = [[0.05, 0.1]]
targets = [[0.01, 0.99]]
[initial]
scheme = "uniform"
[training]
dtype = "{dtype}"
{training}
[axes]
{axes}
[record]
loss = "every 7"
parameters = "{parameters}"
"""

AXES = "learning_rate = [0.5, 1e-3, 7.0, 40.0]\nseed = { range = [0, 3] }"


def study(
    axes: str = AXES,
    training: str = "steps = 30",
    dtype: str = "float64",
    parameters: str = "every 10",
    overrides: Sequence[str] = (),
) -> Study:
    text = TEXT.format(axes=axes, training=training, dtype=dtype, parameters=parameters)
    return parse_study(text, "small", Path(), overrides)


def train(
    group: Group, index: np.ndarray, *, lanes: int | None = None, since: Trained | None = None
) -> Trained:
    """Numbers that depend on a trial's own inputs alone, with every kind of value in them."""
    inputs = group.lanes(index)
    rate = inputs.weight_rates[0] * (1 + inputs.seeds) + inputs.bias_rates[0] / 64
    dtype = np.dtype(group.training.dtype)
    kept = group.record.parameter_steps(group.steps)
    steps = group.record.loss_steps(group.steps)
    ends = steps if len(steps) else np.array([0, group.steps])  # that measures are made of
    losses = (1 / (1 + rate[:, np.newaxis] * ends)).astype(dtype)
    wild = rate > 50
    losses[wild, 1:] = np.nan
    final = losses[:, -1].astype(np.float64)
    never = np.full(len(index), -1)
    measures = {
        "initial_loss": losses[:, 0].astype(np.float64),
        "final_loss": final,
        "best_loss": np.where(wild, 1.0, final),
        "best_step": np.where(wild, 0, group.steps),
        "max_loss": np.where(wild, np.inf, 1.0),
        "tail_loss": final,
        "steps_to_target": np.where(final < 0.05, group.steps, never),
        "diverged_at": np.where(wild, 1, never),
    }
    spread = np.arange(group.network.n_parameters) - 0.5
    parameters = rate[:, np.newaxis, np.newaxis] * (kept[:, np.newaxis] + spread)
    state = rate[:, np.newaxis] * np.arange(shape_of(group).kept * bool(len(kept)))
    validated = slice(None) if group.validation else slice(0)
    batched = slice(None) if group.batched else slice(0)
    return Trained(
        index=index,
        measures=measures,
        outcome=np.where(wild, 2, np.where(final < 0.05, 0, 1)).astype(np.int8),
        loss_steps=steps,
        losses=losses[:, : len(steps)],
        parameter_steps=kept,
        parameters=parameters.astype(dtype),
        batch_losses=losses[:, batched],
        epochs=np.tile(final[:, np.newaxis], (1, 9 if group.batched and len(kept) else 0)),
        recent_losses=np.tile(losses[:, -1:], (1, 20 if len(kept) else 0)),
        sums=np.empty((len(index), 0)),
        optimizer_state=state.astype(dtype),
        stopped_at=np.where(wild & (group.training.stop == "divergence"), 7, never),
        validation_losses=2 * losses[:, validated],
        validation_accuracies=np.ones_like(losses[:, validated]) / 3,
        final_validation=(
            {"validation_loss": 2 * final, "validation_accuracy": np.ones_like(final) / 3}
            if group.validation
            else {}
        ),
    )


def assert_plain_readers_see_rows_once(directory: Path) -> None:
    """Assert that files with plain names are of chunks that count, or of one that took their place.

    And that these two are never there together.
    """
    ledger = read_ledger(directory)
    for kind in KINDS:
        paths = list((directory / kind).glob("*.parquet"))
        assert {path.stem for path in paths} <= {*ledger.commits, *ledger.replaced}
        keys = ["trial"] if kind == "trials" else ["trial", "step"]
        rows = [pq.read_table(path, columns=keys).to_pandas() for path in paths]
        assert not rows or not pd.concat(rows).duplicated().any()


@dataclass
class Bench:
    """Runs of small studies by a trainer that counts and only pretends."""

    results: Path
    trained: list[int]

    @property
    def directory(self) -> Path:
        return self.results / "small"

    def run(
        self, asked: Study, *, chunk: int = 5, origin: Path | None = None, **choices: object
    ) -> RunReport:
        asked.origin = origin
        return runner.run(asked, self.results, threads=1, chunk=chunk, **choices)

    def open(self, asked: Study | None = None) -> Results:
        return open_results(self.directory, asked)

    def digest(self) -> str:
        return self.open().content_digest()
