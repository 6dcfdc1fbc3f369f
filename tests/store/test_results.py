from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sweep.errors import RequestError, StoreError
from sweep.store.files import KINDS
from sweep.store.machine import machine_name
from sweep.store.results import open_results
from sweep.store.tables import fitted, own
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

VALIDATED = ["validation={ inputs=[[1, 2]], targets=[[3, 4]] }"]


@pytest.mark.parametrize("shuffle_seed", [None, 3])
def test_trials_are_a_row_each_in_grid_order(bench: Bench, shuffle_seed: int | None) -> None:
    asked = study()
    bench.run(asked, shuffle_seed=shuffle_seed)
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
    some = bench.open().parameters(columns=["seed", names[0]], filters=[("step", "=", 30)])
    last = parameters[parameters["step"] == 30]
    pd.testing.assert_frame_equal(some, last[["seed", names[0]]].reset_index(drop=True))


def test_the_names_of_columns_are_asked_for_once() -> None:
    """A network of 64-64-1 has thousands of parameters, and names of columns are made anew."""

    class Counted:
        asked = 0

        def __init__(self, table: pa.Table) -> None:
            self.columns, self._names = table.columns, table.column_names

        def __len__(self) -> int:
            return len(self.columns[0])

        @property
        def column_names(self) -> list[str]:
            self.asked += 1
            return self._names

    table = pa.table({f"w{n}": [0.5, n] for n in range(9)})
    schema = pa.schema([("step", pa.int32()), *((f"w{n}", pa.float64()) for n in range(9))])
    counted = Counted(table)
    found = fitted(counted, schema, {"step": 7})  # type: ignore[arg-type]
    assert found.equals(table.add_column(0, "step", pa.array([7, 7], pa.int32())))
    assert own(Counted(found), table.schema).equals(table)  # type: ignore[arg-type]
    assert counted.asked == 1


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


CONDITIONS = {
    "one": ([("final_loss", "<", 0.05)], lambda t: t["final_loss"] < 0.05),
    "all of a list": (
        [("final_loss", "<", 0.3), ("seed", "in", [0, 2])],
        lambda t: (t["final_loss"] < 0.3) & t["seed"].isin([0, 2]),
    ),
    "any of some lists": (
        [[("learning_rate", ">", 30.0)], [("outcome", "==", "converged"), ("seed", "=", 1)]],
        lambda t: (t["learning_rate"] > 30) | ((t["outcome"] == "converged") & (t["seed"] == 1)),
    ),
    "none": ([("best_step", ">", 1000)], lambda t: t["best_step"] > 1000),
}


@pytest.mark.parametrize(("filters", "expected"), CONDITIONS.values(), ids=CONDITIONS)
def test_filters_choose_rows(bench: Bench, filters: object, expected: object) -> None:
    bench.run(study(), shuffle_seed=3)
    results = bench.open()
    whole = results.trials()
    kept = whole[expected(whole)].reset_index(drop=True)
    pd.testing.assert_frame_equal(results.trials(filters=filters), kept)
    columns = ["max_loss", "learning_rate"]
    pd.testing.assert_frame_equal(results.trials(columns, filters), kept[columns])
    assert len(kept) < len(whole)


def test_curves_take_columns_and_filters(bench: Bench) -> None:
    bench.run(study(), shuffle_seed=3)
    results = bench.open()
    whole = results.curves()
    kept = whole[(whole["step"] == 14) & (whole["loss"] > 0.01)].reset_index(drop=True)
    found = results.curves(
        columns=["loss", "seed"], filters=[("step", "=", 14), ("loss", ">", 0.01)]
    )
    pd.testing.assert_frame_equal(found, kept[["loss", "seed"]])


@pytest.mark.parametrize(
    "filters",
    [
        [("final_loss", "~", 1)],
        ["final_loss"],
        [("final_loss", "<")],
        [3],
        ("final_loss", "<", 1.0),
    ],
)
def test_what_is_no_filter_is_refused(bench: Bench, filters: object) -> None:
    bench.run(study())
    with pytest.raises(RequestError, match=r"^filters: .*they are a list such as"):
        bench.open().trials(filters=filters)
    with pytest.raises(RequestError, match="'loss': no column of trials"):
        bench.open().trials(filters=[("loss", "<", 1)])
    with pytest.raises(RequestError, match=r"^filters: .*cannot be compared: "):
        bench.open().trials(filters=[("final_loss", "=", "high")])
    with pytest.raises(
        RequestError, match=r"^columns: must be a list of names, such as \['seed'\]"
    ):
        bench.open().trials("seed")


def test_arrow_goes_to_polars_and_duckdb_without_a_copy(bench: Bench) -> None:
    bench.run(study())
    total = bench.open().trials()["best_loss"].sum()
    rows = bench.open().arrow("trials")
    frame = pl.from_arrow(rows)
    assert frame.lazy().select(pl.col("best_loss").sum()).collect().item() == total
    ours = [chunk.buffers()[1] for chunk in rows["best_loss"].chunks]
    theirs = [part.to_arrow().buffers()[1] for part in frame["best_loss"].get_chunks()]
    for part in theirs:
        assert any(0 <= part.address - one.address < one.size for one in ours)
    assert duckdb.sql("select sum(best_loss) from rows").fetchall() == [(total,)]
    assert bench.open().arrow("parameters", ["recent_losses"]).num_rows == 48
    with pytest.raises(RequestError, match="'figures': no kind of table"):
        bench.open().arrow("figures")


def test_only_what_is_asked_for_is_read(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes of other columns may be anything: they are neither looked at nor handed to a reader."""
    bench.run(study())
    whole = bench.open().trials()
    path = bench.directory / "trials" / "00000001.parquet"
    column = (
        pq.read_metadata(path).row_group(0).column(pq.read_schema(path).names.index("final_loss"))
    )
    assert column.path_in_schema == "final_loss"
    data = bytearray(path.read_bytes())
    data[column.data_page_offset + column.total_compressed_size - 1] ^= 1
    path.write_bytes(data)
    columns = ["seed", "best_loss", "outcome"]
    pd.testing.assert_frame_equal(bench.open().trials(columns), whole[columns])
    with pytest.raises(StoreError, match="SHA-256"):
        bench.open().trials(["final_loss"])
    with pytest.raises(StoreError, match="SHA-256"):
        bench.open().trials()


def test_groups_follow_each_other_with_their_labels(bench: Bench) -> None:
    asked = study("outcome.target = [0.1, 0.2]\nseed = [1, 2]", "steps = 9\nlearning_rate = 1.5")
    bench.run(asked)
    trials = bench.open().trials()
    assert trials["outcome.target"].tolist() == [0.1, 0.1, 0.2, 0.2]
    assert trials["seed"].tolist() == [1, 2, 1, 2]
    stored = pd.read_parquet(bench.directory / "trials")
    assert list(stored)[:3] == ["trial", "outcome.target", "seed"]
    assert sorted(stored["outcome.target"]) == [0.1, 0.1, 0.2, 0.2]


def test_a_field_that_becomes_an_axis_changes_no_content(bench: Bench, tmp_path: Path) -> None:
    stated = study("seed = [1, 2]", "steps = 9\nlearning_rate = 1.5")
    swept = study("outcome.target = [0.0]\nseed = [1, 2, 3]", "steps = 9\nlearning_rate = 1.5")
    bench.run(stated)
    assert bench.run(swept).trained == 1
    trials = bench.open().trials()
    assert trials["outcome.target"].tolist() == [0.0] * 3
    assert trials["final_loss"].notna().all()
    fresh = Bench(tmp_path / "fresh", [])
    fresh.run(swept)
    assert bench.digest() == fresh.digest()


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


CHANGED = ["measure", "null", "outcome", "loss", "parameter", "recent", "state", "stop"]
CHANGED += ["validation loss", "validation accuracy"]


@pytest.mark.parametrize("change", CHANGED)
def test_the_digest_sees_one_changed_value(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, change: str
) -> None:
    asked = study(overrides=[*VALIDATED, 'training.optimizer="adam"'])
    bench.run(asked)

    def changed(group, index, *, lanes=None, since=None):  # noqa: ANN001, ANN202
        trained = train(group, index)
        if index[0] == 0:
            array = {
                "measure": trained.measures["tail_loss"],
                "null": trained.measures["diverged_at"],
                "outcome": trained.outcome,
                "loss": trained.losses[:, 2],
                "parameter": trained.parameters[:, 1, 3],
                "recent": trained.recent_losses[:, 7],
                "state": trained.optimizer_state[:, 2],
                "validation loss": trained.validation_losses[:, 3],
                "validation accuracy": trained.validation_accuracies[:, -1],
                "stop": trained.stopped_at,
            }[change]
            array[1] = np.nextafter(array[1], 9) if array.dtype.kind == "f" else array[1] + 1
        return trained

    monkeypatch.setattr("sweep.runs.workers.train", changed)
    other = Bench(tmp_path / "other", [])
    other.run(asked)
    assert other.digest() != bench.digest()


def test_validation_has_columns_of_its_own(bench: Bench) -> None:
    asked = study(overrides=VALIDATED)
    bench.run(asked)
    results, expected = bench.open(), train(asked.groups()[0], np.arange(12))
    trials, curves = results.trials(), results.curves()
    names = ["validation_loss", "validation_accuracy"]
    assert list(trials)[3:] == [*MEASURES, *names, "outcome"]
    assert list(curves)[3:] == ["step", "loss", *names]
    losses, accuracies = expected.validation_losses, expected.validation_accuracies
    assert trials["validation_loss"].to_numpy().tobytes() == losses[:, -1].tobytes()
    assert trials["validation_accuracy"].tolist() == accuracies[:, -1].tolist()
    assert curves["validation_loss"].to_numpy().tobytes() == losses.tobytes()
    assert curves["validation_accuracy"].tolist() == accuracies.ravel().tolist()
    some = results.trials(["validation_loss"])
    pd.testing.assert_frame_equal(some, trials[["validation_loss"]])
    with pytest.raises(RequestError, match="'validation_loss': no column of trials"):
        bench.open(study()).trials(["validation_loss"])


def test_validation_keeps_the_dtype_in_curves_only(bench: Bench) -> None:
    bench.run(study(dtype="float32", overrides=VALIDATED))
    kinds = {
        kind: pq.read_schema(bench.directory / kind / "00000000.parquet").field("validation_loss")
        for kind in ("trials", "curves")
    }
    assert {kind: str(field.type) for kind, field in kinds.items()} == {
        "trials": "double",
        "curves": "float",
    }


def test_curves_end_where_a_trial_stopped(bench: Bench) -> None:
    bench.run(study())
    whole, digest = bench.open().curves(), bench.digest()
    asked = study(overrides=['training.stop="divergence"'])
    bench.run(asked)
    trials, curves = bench.open().trials(), bench.open().curves()
    wild = trials["diverged_at"].notna()
    assert 0 < wild.sum() < len(trials)
    steps = curves.groupby("trial")["step"].agg(list)
    assert steps[trials["trial"][wild]].tolist() == [[0, 7]] * wild.sum()
    assert steps[trials["trial"][~wild]].tolist() == [[0, 7, 14, 21, 28, 30]] * (~wild).sum()
    early = whole["step"].to_numpy() < 8
    left = whole[early | ~np.repeat(wild.to_numpy(), 6)]
    assert curves["loss"].to_numpy().tobytes() == left["loss"].to_numpy().tobytes()
    assert bench.digest() != digest


@pytest.mark.parametrize("kept", ["final", "every 10"])
@pytest.mark.parametrize(("optimizer", "arrays"), [("sgd", 0), ("momentum", 1), ("adam", 2)])
def test_the_last_parameters_have_the_state_of_the_optimizer(
    bench: Bench, optimizer: str, arrays: int, kept: str
) -> None:
    asked = study(parameters=kept, overrides=[f"training.optimizer='{optimizer}'"])
    bench.run(asked)
    assert "optimizer_state" not in bench.open().parameters()
    table = pq.read_table(bench.directory / "parameters" / "00000000.parquet")
    assert ("optimizer_state" in table.column_names) == bool(arrays)
    if arrays:
        found = table["optimizer_state"].to_pylist()
        expected = train(asked.groups()[0], np.arange(5)).optimizer_state
        powers = 2 * (optimizer == "adam")  # of its betas
        assert expected.shape[1] == arrays * asked.network.n_parameters + powers
        assert [state for state in found if state] == expected.tolist()
        last = [step == 30 for step in table["step"].to_pylist()]
        assert [state is not None for state in found] == last


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


def test_results_show_themselves_in_a_notebook(bench: Bench) -> None:
    bench.run(study())
    html = bench.open()._repr_html_()
    assert "<td" in html
    assert "12 of 12 trials" in html
    counts = bench.open().trials()["outcome"].value_counts()
    assert f"{counts['diverged']} diverged" in html
    assert str(bench.directory) in html


def test_results_of_nothing_show_themselves_too(bench: Bench) -> None:
    bench.run(study())
    html = bench.open(study(training="steps = 40"))._repr_html_()
    assert "0 of 12 trials" in html
    assert "outcomes" not in html


def test_provenance_is_a_row_a_chunk_that_answers(bench: Bench) -> None:
    bench.run(study(), chunk=5)
    bench.run(study("learning_rate = [9.0]"), chunk=5)
    found = bench.open(study()).provenance()
    assert found["trials"].tolist() == [5, 5, 2]
    assert found["steps"].tolist() == [30, 30, 30]
    assert found["group"].unique().tolist() == [study().groups()[0].digest]
    assert (found["created"] <= pd.Timestamp.now("UTC")).all()
    assert found.loc[0, "numpy"] == np.__version__
    assert found.loc[0, "machine"] == machine_name()
    paths = [bench.directory / kind / "00000000.parquet" for kind in KINDS]
    assert found.loc[0, "bytes"] == sum(path.stat().st_size for path in paths)
    assert found.loc[0, "rows"] == sum(pq.read_metadata(path).num_rows for path in paths)
    assert bench.open(study(training="steps = 31")).provenance().empty
