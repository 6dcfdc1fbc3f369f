from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest

from sweep.errors import RequestError, StoreError
from sweep.store.results import open_results
from tests.store.small import Bench, study, train

MEASURES = [
    "initial_loss",
    "final_loss",
    "best_loss",
    "best_step",
    "max_loss",
    "tail_loss",
    "steps_to_target",
    "diverged_at",
]


def test_trials_are_a_row_each_in_grid_order(bench: Bench) -> None:
    asked = study()
    bench.run(asked, shuffle_seed=3)
    trials = bench.open().trials()
    assert list(trials) == ["trial", "learning_rate", "seed", *MEASURES, "outcome"]
    group = asked.groups()[0]
    for name, values in group.columns(np.arange(12)).items():
        np.testing.assert_array_equal(trials[name], values)
    expected = train(group, np.arange(12))
    for name, values in expected.measures.items():
        found = trials[name]
        if values.dtype.kind == "f":
            assert found.to_numpy().tobytes() == values.tobytes(), name
        else:
            assert found.fillna(-1).tolist() == values.tolist(), name
    assert trials["outcome"].cat.codes.tolist() == expected.outcome.tolist()
    assert list(trials["outcome"].cat.categories) == ["converged", "stalled", "diverged"]
    assert trials["diverged_at"].isna().any()
    assert trials["diverged_at"].notna().any()
    assert sorted(trials["trial"]) == list(range(12))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_curves_and_parameters_are_tidy_and_join_the_axes(bench: Bench, dtype: str) -> None:
    asked = study(dtype=dtype)
    bench.run(asked, shuffle_seed=3)
    group = asked.groups()[0]
    expected = train(group, np.arange(12))

    curves = bench.open().curves()
    assert list(curves) == ["trial", "learning_rate", "seed", "step", "loss"]
    assert curves["step"].tolist() == [0, 7, 14, 21, 28, 30] * 12
    assert curves["loss"].dtype == dtype
    assert curves["loss"].to_numpy().tobytes() == expected.losses.tobytes()
    rates = group.columns(np.repeat(np.arange(12), 6))["learning_rate"]
    np.testing.assert_array_equal(curves["learning_rate"], rates)

    parameters = bench.open().parameters()
    names = list(group.network.parameter_names)
    assert list(parameters) == ["trial", "learning_rate", "seed", "step", *names]
    assert parameters["step"].tolist() == [0, 10, 20, 30] * 12
    found = parameters[names].to_numpy(dtype)
    assert found.tobytes() == expected.parameters.tobytes()


def test_some_trials_and_some_columns(bench: Bench) -> None:
    bench.run(study(), shuffle_seed=3)
    results = bench.open()
    whole = results.curves()
    wanted = [3, 11, 0]
    some = whole[whole["trial"].isin(wanted)].reset_index(drop=True)
    pd.testing.assert_frame_equal(results.curves(np.array(wanted)), some)
    trials = results.trials()
    columns = ["final_loss", "seed", "outcome"]
    pd.testing.assert_frame_equal(results.trials(columns), trials[columns])
    assert set(results.parameters([5])["trial"]) == {5}
    assert results.curves([]).empty


def test_groups_follow_each_other_with_their_labels(bench: Bench) -> None:
    asked = study("outcome.target = [0.1, 0.2]\nseed = [1, 2]", "steps = 9\nlearning_rate = 1.5")
    bench.run(asked)
    trials = bench.open().trials()
    assert trials["outcome.target"].tolist() == [0.1, 0.1, 0.2, 0.2]
    assert trials["seed"].tolist() == [1, 2, 1, 2]
    stored = pd.read_parquet(bench.directory / "trials")
    assert list(stored)[:3] == ["trial", "outcome.target", "seed"]
    assert sorted(stored["outcome.target"]) == [0.1, 0.1, 0.2, 0.2]


def test_what_is_not_asked_for_is_hidden_and_comes_back(bench: Bench) -> None:
    whole, part = study(), study("learning_rate = [7.0, 0.5]\nseed = [1, 2, 3]")
    bench.run(whole)
    before = bench.digest()
    report = bench.run(part)
    assert (report.trained, report.already) == (2, 4)
    trials = bench.open().trials()
    assert trials["learning_rate"].tolist() == [7.0] * 3 + [0.5] * 3
    assert trials["seed"].tolist() == [1, 2, 3] * 2
    assert set(bench.open().curves()["trial"]) == set(trials["trial"])
    assert set(bench.open().parameters()["trial"]) == set(trials["trial"])
    again = bench.run(whole)
    assert (again.trained, again.already) == (0, 12)
    assert bench.digest() == before
    assert bench.open(part).trained == 6


def test_the_digest_sees_every_value_and_no_order(bench: Bench, tmp_path: Path) -> None:
    bench.run(study(), chunk=5)
    other = Bench(tmp_path / "other", [])
    other.run(study(), chunk=2, shuffle_seed=8)
    assert bench.digest() == other.digest()
    bench.run(study("learning_rate = [0.5, 1e-3, 7.0, 40.0, 41.0]\nseed = [0, 1, 2]"))
    assert bench.digest() != other.digest()


@pytest.mark.parametrize("change", ["measure", "null", "outcome", "loss", "parameter", "recent"])
def test_the_digest_sees_one_changed_value(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, change: str
) -> None:
    bench.run(study())

    def changed(group, index, *, lanes=None):  # noqa: ANN001, ANN202
        trained = train(group, index)
        if index[0] == 0:
            array = {
                "measure": trained.measures["tail_loss"],
                "null": trained.measures["diverged_at"],
                "outcome": trained.outcome,
                "loss": trained.losses[:, 2],
                "parameter": trained.parameters[:, 1, 3],
                "recent": trained.recent_losses[:, 7],
            }[change]
            array[1] = np.nextafter(array[1], 9) if array.dtype.kind == "f" else array[1] + 1
        return trained

    monkeypatch.setattr("sweep.runner.train", changed)
    other = Bench(tmp_path / "other", [])
    other.run(study())
    assert other.digest() != bench.digest()


def test_a_study_without_curves_or_parameters(bench: Bench) -> None:
    bench.run(study(parameters="nothing"))
    assert not list((bench.directory / "parameters").iterdir())
    assert bench.open().parameters().empty
    assert list(bench.open().parameters()) == ["trial", "learning_rate", "seed", "step"]


def test_nothing_trained_yet(bench: Bench) -> None:
    bench.run(study())
    fresh = study("learning_rate = [123.0]")
    assert bench.open(fresh).trained == 0
    assert list(bench.open(fresh).trials())[:2] == ["trial", "learning_rate"]


def test_plain_readers_see_the_directories_as_they_are(bench: Bench) -> None:
    bench.run(study())
    (bench.directory / "trials" / ".00000009.parquet.0abc.tmp").write_bytes(b"half")
    for kind, table in (("trials", bench.open().trials()), ("curves", bench.open().curves())):
        directory = bench.directory / kind
        value = table.columns[-2] if kind == "trials" else "loss"
        total = table[value].sum()
        for found in (
            pd.read_parquet(directory),
            pl.read_parquet(directory / "*.parquet").to_pandas(),
            duckdb.sql(f"select * from '{directory}/*.parquet'").df(),
        ):
            assert len(found) == len(table)
            assert found[value].sum() == total
            assert sorted(found["trial"].unique()) == list(range(12))
    parameters = bench.directory / "parameters" / "*.parquet"
    recent = pl.read_parquet(parameters)["recent_losses"]
    assert recent.null_count() == 36
    assert len(duckdb.sql(f"select recent_losses from '{parameters}'").fetchall()) == 48


def test_damage_is_named_and_never_read(bench: Bench) -> None:
    bench.run(study())
    path = bench.directory / "curves" / "00000001.parquet"
    data = bytearray(path.read_bytes())
    data[200] ^= 1
    path.write_bytes(data)
    assert len(bench.open().trials()) == 12
    with pytest.raises(StoreError, match=r"curves/00000001\.parquet is not what was committed"):
        bench.open().curves()
    with pytest.raises(StoreError, match="SHA-256"):
        bench.digest()


def test_a_damaged_record_is_named(bench: Bench) -> None:
    bench.run(study())
    (bench.directory / "commits" / "00000001.json").write_bytes(b"{}")
    with pytest.raises(StoreError, match=r"commits/00000001\.json: it is not a record"):
        bench.open()


def test_no_results(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="there are no results here"):
        open_results(tmp_path / "none")


def test_values_written_down_are_read_back(bench: Bench) -> None:
    asked = study("learning_rate = { log = [1e-2, 1e3], num = 50 }")
    bench.run(asked)
    found = bench.open()
    assert found.study.groups()[0].digest == asked.groups()[0].digest
    assert found.trials()["learning_rate"].tolist() == list(asked.axes[0].values)
