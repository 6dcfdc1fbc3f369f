"""More steps go on from what fewer left, and end as in one go."""

from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sweep.runs.runner import RunReport, run
from sweep.store.repair import verify
from sweep.store.results import open_results
from sweep.store.tables import tables_of, trained_of
from sweep.study import Study, parse_study
from sweep.training.trained import stops_of
from tests.store.small import study, train

TEXT = """
[network]
layers = [2, 2, 2]
[data]
inputs = [[0.05, 0.1]]
targets = [[0.01, 0.99]]
[initial]
scheme = "uniform"
[training]
steps = 12
[axes]
learning_rate = [0.1, 2.0, 1e300]
seed = { range = [0, 5] }
[outcome]
target = 0.1
"""
MORE = "axes.seed={ range=[0, 7] }"


def asked(*overrides: str) -> Study:
    return parse_study(TEXT, "small", Path(), overrides)


def ran(directory: Path, *overrides: str, **choices: int) -> RunReport:
    return run(asked(*overrides), directory, threads=2, **choices)


def digest(directory: Path, *overrides: str) -> str:
    return open_results(directory / "small", asked(*overrides)).content_digest()


def in_one_go(directory: Path, *overrides: str) -> str:
    ran(directory / "one go", *overrides)
    return digest(directory / "one go", *overrides)


def seen_once(directory: Path, steps: int) -> None:
    """Assert that plain readers see each trial once, trained for so many steps."""
    trials = pd.read_parquet(directory / "small" / "trials")
    assert not trials.duplicated(["learning_rate", "seed"]).any()
    parameters = pd.read_parquet(directory / "small" / "parameters")
    assert set(parameters["step"]) == {steps}
    assert sorted(parameters["trial"]) == sorted(trials["trial"])


@pytest.mark.parametrize(
    "edits",
    [
        [],
        ["record.loss='every 7'"],
        ["record.loss='last 25'"],
        ["record.loss='nothing'", "training.optimizer='adam'"],
        ["training.stop='either'"],
        ["training.drift=[0.1, -0.2]"],
    ],
    ids=lambda edits: " ".join(edits) or "as it is",
)
def test_more_steps_go_on_to_the_bits_of_one_go(tmp_path: Path, edits: list[str]) -> None:
    ran(tmp_path, *edits, chunk=4)
    longer = [*edits, "training.steps=33"]
    report = ran(tmp_path, *longer, chunk=3)
    assert (report.trained, report.extended, report.already) == (15, 15, 0)
    assert report.steps == 15 * (33 - 12)
    assert digest(tmp_path, *longer) == in_one_go(tmp_path, *longer)
    seen_once(tmp_path, 33)
    again = ran(tmp_path, *longer)
    assert (again.trained, again.extended, again.already) == (0, 0, 15)
    assert verify(tmp_path / "small") == []


def test_each_trial_goes_on_from_the_most_steps_it_has(tmp_path: Path) -> None:
    ran(tmp_path)
    ran(tmp_path, "training.steps=20", "axes.seed=[1, 4]")
    report = ran(tmp_path, "training.steps=30", MORE)
    assert (report.trained, report.extended) == (21, 15)
    assert report.steps == 3 * (2 * (30 - 20) + 3 * (30 - 12) + 2 * 30)
    assert digest(tmp_path, "training.steps=30", MORE) == in_one_go(
        tmp_path, "training.steps=30", MORE
    )


def test_fewer_steps_are_shown_again(tmp_path: Path) -> None:
    ran(tmp_path)
    before = digest(tmp_path)
    ran(tmp_path, "training.steps=20")
    assert ran(tmp_path).trained == 0
    assert digest(tmp_path) == before
    seen_once(tmp_path, 12)
    assert ran(tmp_path, "training.steps=20").trained == 0
    seen_once(tmp_path, 20)


def test_an_axis_of_steps_keeps_both(tmp_path: Path) -> None:
    ran(tmp_path)
    edit = "axes.training.steps=[12, 20]"
    report = ran(tmp_path, edit)
    assert (report.trained, report.extended, report.already) == (15, 15, 15)
    assert digest(tmp_path, edit) == in_one_go(tmp_path, edit)


@pytest.mark.parametrize(
    "edit",
    ["record.loss='log 5'", "record.parameters='nothing'", "schedule={ name='cosine' }"],
)
def test_what_depends_on_the_number_of_steps_is_trained_anew(tmp_path: Path, edit: str) -> None:
    ran(tmp_path, edit)
    report = ran(tmp_path, edit, "training.steps=20")
    assert (report.trained, report.extended) == (15, 0)
    assert digest(tmp_path, edit, "training.steps=20") == in_one_go(
        tmp_path, edit, "training.steps=20"
    )


@pytest.mark.parametrize("kind", ["trials", "curves", "parameters"])
def test_trials_of_a_damaged_chunk_are_trained_from_the_start(tmp_path: Path, kind: str) -> None:
    ran(tmp_path, chunk=5)
    path = tmp_path / "small" / kind / "00000001.parquet"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    report = ran(tmp_path, "training.steps=20")
    assert (report.trained, report.extended) == (15, 10)
    (finding,) = report.findings
    assert f"{kind}/00000001.parquet is not what was committed" in finding
    assert digest(tmp_path, "training.steps=20") == in_one_go(tmp_path, "training.steps=20")


@pytest.mark.parametrize("parameters", ["final", "every 10"])
@pytest.mark.parametrize("stop", ["never", "divergence"])
def test_tables_turn_back_into_what_training_gave(stop: str, parameters: str) -> None:
    validation = "validation={ inputs=[[1, 2]], targets=[[3, 4]] }"
    edits = [validation, 'training.optimizer="adam"', f'training.stop="{stop}"']
    (group,) = study(parameters=parameters, overrides=edits).groups()
    rows = np.array([7, 2, 11, 0])
    found = trained_of(group, 30, tables_of(group, train(group, np.arange(12)), 40), rows)
    expected = train(group, rows)
    for field in fields(expected):
        ours, theirs = getattr(found, field.name), getattr(expected, field.name)
        if field.name == "stopped_at":
            theirs = stops_of(expected.measures, stop)
        if field.name in ("losses", "validation_losses", "validation_accuracies"):
            theirs = theirs.copy()
            stopped = expected.stopped_at[:, np.newaxis]
            theirs[(stopped >= 0) & (expected.loss_steps > stopped)] = np.nan
        np.testing.assert_equal(ours, theirs, field.name)
        if isinstance(ours, np.ndarray):
            assert ours.dtype == theirs.dtype, field.name
