"""pandas, polars and DuckDB read the directories as they are: one schema, every row once."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest

from sweep.store import ledger as ledgers
from sweep.store.files import KINDS
from sweep.store.ledger import read_ledger
from sweep.study import Study, parse_study
from tests.store.small import TEXT as FILE
from tests.store.small import Bench, study

READERS: dict[str, Callable[[Path], pd.DataFrame]] = {
    "pandas": pd.read_parquet,
    "polars": lambda folder: pl.read_parquet(folder / "*.parquet").to_pandas(),
    "DuckDB": lambda folder: duckdb.sql(f"select * from '{folder}/*.parquet'").fetchdf(),
}

ONE = "learning_rate = [0.5, 7.0]"
SEEDS = ONE + "\nseed = [0, 1]"
TEXT = SEEDS + '\ntraining.optimizer = ["sgd", "adam"]'
WIDE = TEXT + '\ntraining.dtype = ["float32", "float64"]'
LAYERED = "seed = [0, 1]\nlearning_rate.0 = [0.5, 7.0]"
DECAY = "weight_decay = [0.0, 0.1]\n" + SEEDS


def _wide() -> Study:
    text = FILE.replace('dtype = "{dtype}"', "")
    text = text.format(axes=WIDE, training="steps = 30", parameters="every 10")
    return parse_study(text, "small", Path())


WAYS = {
    "a seed, then another": [study(ONE), study(SEEDS)],
    "an axis less, and one more": [study(SEEDS), study(ONE), study(DECAY)],
    "text": [study(SEEDS), study(TEXT)],
    "a dtype and text, and back": [study(ONE), _wide(), study(ONE), study(TEXT)],
    "more steps": [study(ONE), study(SEEDS, "steps = 40"), study(SEEDS), study(TEXT)],
    "a rate for each layer": [study(SEEDS), study(LAYERED)],
    "validation, and none": [
        study(ONE, overrides=["validation={ inputs=[[1, 2]], targets=[[3, 4]] }"]),
        study(SEEDS),
    ],
}


def values(column: "pd.Series[object]") -> np.ndarray:
    """As numbers with NaN for none, or as text."""
    if pd.api.types.is_numeric_dtype(column):
        return column.to_numpy(np.float64, na_value=np.nan)
    return column.astype(object).map(str).where(column.notna(), "").to_numpy()


def assert_all_see_the_same(bench: Bench, asked: Study) -> None:
    """Assert that readers see, of what is asked, what results tell, and all else once."""
    ledger = read_ledger(bench.directory)
    shown = [commit for stem, commit in ledger.commits.items() if stem not in ledger.hidden]
    for kind in KINDS:
        folder = bench.directory / kind
        (schema,) = {str(pq.read_schema(path).remove_metadata()) for path in folder.iterdir()}
        assert schema
        keys = ["trial"] if kind == "trials" else ["trial", "step"]
        for name, reader in READERS.items():
            found = reader(folder)
            assert not found.duplicated(keys).any(), name
            numbers = {i for c in shown for i in range(c.first_trial, c.first_trial + c.trials)}
            assert set(found["trial"]) == numbers, name
            told = bench.open(asked).arrow(kind).to_pandas()
            same = told[keys].merge(found, on=keys, how="left")
            for column in told.columns.intersection(found.columns):
                np.testing.assert_array_equal(
                    values(same[column]), values(told[column]), f"{name}: {column}"
                )
            if kind == "trials":
                assert set(told.columns) <= set(found.columns)
                assert same["steps"].isin([group.steps for group in asked.groups()]).all()
                assert not found[[axis.name for axis in asked.axes]].loc[
                    found["trial"].isin(told["trial"])
                ].isna().any(axis=None)  # fmt: skip


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("merged", [2, 16])
def test_every_way_is_read_alike(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, way: list[Study], merged: int
) -> None:
    monkeypatch.setattr(ledgers, "_FAN_IN", merged)
    for asked in way:
        bench.run(asked, chunk=3)
        assert bench.open(asked).trained == asked.trials
        assert_all_see_the_same(bench, asked)
    alone = Bench(bench.results / "alone", [])
    alone.run(way[-1])
    assert bench.digest() == alone.digest()
    before = {path.name for path in (bench.directory / "trials").iterdir()}
    bench.run(way[-1])  # there is nothing left to write again
    assert {path.name for path in (bench.directory / "trials").iterdir()} == before


def test_a_repair_is_read_alike(bench: Bench) -> None:
    bench.run(study(ONE), chunk=1)
    bench.run(study(SEEDS), chunk=1)
    digest = bench.digest()
    (bench.directory / "curves" / "00000003.parquet").unlink()
    (bench.directory / "commits" / "00000004.json").unlink()
    report = bench.run(study(TEXT))
    assert len(report.findings) == 2
    assert_all_see_the_same(bench, study(TEXT))
    assert bench.open(study(SEEDS)).content_digest() == digest


def test_a_damaged_chunk_is_found_when_it_is_written_again(bench: Bench) -> None:
    bench.run(study(ONE), chunk=1)
    path = bench.directory / "trials" / "00000001.parquet"
    path.write_bytes(path.read_bytes()[::-1])
    report = bench.run(study(SEEDS))
    assert report.trained == 3
    assert "00000001.parquet is not what was committed" in report.findings[0]
    assert_all_see_the_same(bench, study(SEEDS))


def test_values_that_are_not_asked_for_keep_their_axis(bench: Bench) -> None:
    bench.run(study(SEEDS))
    bench.run(study(ONE + "\nweight_decay = [0.1]"))
    for reader in READERS.values():
        found = reader(bench.directory / "trials").sort_values("trial")
        assert found["seed"].tolist() == [0, 1, 0, 1, 0, 0]
        assert np.allclose(found["weight_decay"], [0, 0, 0, 0, 0.1, 0.1])
