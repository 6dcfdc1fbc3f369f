"""The area under a curve is its mean loss over the steps."""

from math import inf, nan
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sweep import run
from sweep.errors import RequestError
from sweep.store import derived
from sweep.store.derived import areas_under, with_areas
from tests.store.small import Bench, study

EVERY_STEP = ["record.loss='every step'"]


def curve(trial: int, steps: list[int], losses: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"trial": trial, "step": steps, "loss": losses})


def test_it_is_linear_between_recorded_steps() -> None:
    both = pd.concat([curve(3, [0, 1, 4], [4.0, 2.0, 0.0]), curve(8, [0, 4], [1.0, 1.0])])
    assert areas_under(both).to_dict() == {3: (3 + 3) / 4, 8: 1.0}


def test_a_trial_that_stopped_keeps_its_last_loss() -> None:
    assert areas_under(curve(0, [0, 2], [4.0, 2.0]), 10).to_dict() == {0: (6 + 8 * 2.0) / 10}


def test_each_trial_has_an_end_of_its_own() -> None:
    both = pd.concat([curve(0, [0, 2], [4.0, 2.0]), curve(7, [0, 2], [4.0, 2.0])])
    found = areas_under(both, pd.Series({7: 4, 0: 10}))
    assert found.to_dict() == {0: (6 + 8 * 2.0) / 10, 7: (6 + 2 * 2.0) / 4}


@pytest.mark.parametrize("wild", [nan, inf, -inf])
def test_a_curve_that_diverged_is_infinite_and_alone(wild: float) -> None:
    both = pd.concat([curve(0, [0, 1, 2], [1.0, wild, 1.0]), curve(1, [0, 1, 2], [1.0, 2.0, 1.0])])
    assert areas_under(both, 2).to_dict() == {0: inf, 1: 1.5}


def test_a_single_row_is_its_loss() -> None:
    assert areas_under(curve(0, [5], [0.25])).to_dict() == {0: 0.25}


def test_areas_of_results_are_those_of_each_curve(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = study(overrides=EVERY_STEP)
    bench.run(asked)
    results = bench.open(asked)
    monkeypatch.setattr(derived, "MOST_ROWS", 11)  # so that parts end within chunks
    found = with_areas(results.trials(), results)
    for trial, part in results.curves().groupby("trial"):
        loss, step = part["loss"].to_numpy(), part["step"].to_numpy()
        want = np.trapezoid(loss, step) / step[-1] if np.isfinite(loss).all() else inf
        row = found[found["trial"] == trial]
        assert row["area_under_curve"].item() == pytest.approx(want, rel=1e-12)  # another order


def test_a_trial_that_stopped_keeps_its_loss_for_the_steps_of_its_own(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = study(
        "training.steps = [10, 35]\nlearning_rate = [0.5]", training="", overrides=EVERY_STEP
    )
    bench.run(asked)
    results = bench.open(asked)
    trials = results.trials()
    first = pd.concat([curve(trial, [0, 5], [4.0, 2.0]) for trial in trials["trial"]])
    monkeypatch.setattr(results, "curves", lambda *_, **__: first)
    found = with_areas(trials, results)["area_under_curve"].tolist()
    assert found == [(15 + 2.0 * (steps - 5)) / steps for steps in (10, 35)]


def test_without_curves_it_is_refused(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = study(overrides=EVERY_STEP)
    bench.run(asked)
    results = bench.open(asked)
    nothing = results.curves().head(0)
    monkeypatch.setattr(results, "curves", lambda *_, **__: nothing)
    with pytest.raises(RequestError, match="no curves were recorded"):
        with_areas(results.trials(), results)


STOPPED = """
[network]
layers = [1, 1]
activation = "identity"
[data]
inputs = [[1.0]]
targets = [[1.0]]
[initial]
weights = [[[-1.0]]]
[training]
steps = 100
stop = "target"
[axes]
learning_rate = [0.3]
[outcome]
target = 1e-3
[record]
loss = "every step"
"""


def test_the_area_of_a_trial_that_stopped_is_that_of_every_step(tmp_path: Path) -> None:
    """Of step k the loss is 2 * 0.49^k: it stops at step 11, below 1e-3, and keeps its loss."""
    file = tmp_path / "stopped.toml"
    file.write_text(STOPPED)
    results = run(file, results=tmp_path)
    loss = 2 * 0.49 ** np.minimum(np.arange(101), 11)
    found = with_areas(results.trials(), results)["area_under_curve"].item()
    assert found == pytest.approx(np.trapezoid(loss) / 100, rel=1e-12)
    assert found == pytest.approx(0.0299, abs=5e-5)


@pytest.mark.parametrize("recorded", ["every 50", "log 3"])
def test_curves_with_gaps_have_no_area(tmp_path: Path, recorded: str) -> None:
    file = tmp_path / "stopped.toml"
    file.write_text(STOPPED.replace("every step", recorded))
    results = run(file, results=tmp_path)
    with pytest.raises(RequestError, match=f"record.loss is '{recorded}'.*every step"):
        with_areas(results.trials(), results)


def test_with_batches_there_is_no_area(bench: Bench) -> None:
    asked = study("learning_rate = [0.5]", training="steps = 30", overrides=["batch.size=1"])
    bench.run(asked)
    results = bench.open(asked)
    with pytest.raises(RequestError, match="its steps see batches"):
        with_areas(results.trials(), results)
