"""A study as a tabular benchmark, read as docs/results.md reads it."""

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import sweep
from sweep.errors import RequestError
from sweep.store import export
from tests.store.small import Bench, study

PAGE = Path(__file__).parents[2] / "docs" / "results.md"
AXES = 'learning_rate = [0.5, 1e-3, 7.0]\ntraining.optimizer = ["sgd", "adam"]'


def section() -> str:
    return PAGE.read_text().partition("\n## A benchmark for others\n")[2]


def reader() -> Any:
    names: dict[str, Any] = {}
    (block,) = re.findall(r"```python\n(.*?)```", section(), re.DOTALL)
    lines = [line for line in block.splitlines() if line]
    assert len(lines) <= 10
    exec(block, names)
    return names["Benchmark"]


def test_the_documented_reader_finds_every_loss(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.run(study(AXES))
    results = sweep.open_results(bench.directory)
    monkeypatch.setattr(export, "MOST_ROWS", 12)  # two trials at a time
    assert sweep.export(results, tmp_path / "table", form="table") == 6
    table = reader()(tmp_path / "table")
    curves = results.curves()
    assert len(table.curves) == len(curves) > 30
    for row in curves.to_dict("records"):
        found = table.loss((row["learning_rate"], row["training.optimizer"]), row["step"])
        assert found == row["loss"]
    configurations = pd.read_parquet(tmp_path / "table" / "configurations.parquet")
    own = results.trials().sort_values("trial", ignore_index=True)
    assert configurations["final_loss"].equals(own["final_loss"])
    assert configurations["outcome"].astype(str).tolist() == own["outcome"].astype(str).tolist()
    written = pd.read_parquet(tmp_path / "table" / "curves.parquet")
    assert written.sort_values(["trial", "step"], ignore_index=True).equals(written)


def test_the_space_says_what_is_documented(bench: Bench, tmp_path: Path) -> None:
    bench.run(study(AXES))
    sweep.export(bench.directory, tmp_path / "table", form="table")
    space = json.loads((tmp_path / "table" / "space.json").read_text())
    line = next(one for one in section().splitlines() if one.startswith("| `space.json`"))
    named = set(re.findall(r"`(\w+)`", line)) - {"float", "int", "bool", "name"}
    axes, measures = space["axes"], space["measures"]
    assert named - {"count", "lowest", "highest", "values", "kind", "words", "unit"} == {
        *space, "larger_is_better", "json",
    } - {"json"}  # fmt: skip
    assert axes["learning_rate"] == {
        "kind": "float", "count": 3, "lowest": 1e-3, "highest": 7.0, "values": [1e-3, 0.5, 7.0],
    }  # fmt: skip
    assert axes["training.optimizer"]["values"] == ["adam", "sgd"]
    assert measures["final_loss"] == {
        "words": "final loss", "unit": "loss", "larger_is_better": False,
    }  # fmt: skip
    assert (space["configurations"], space["most_steps"]) == (6, 30)
    assert space["recorded_steps"] == [0, 7, 14, 21, 28, 30]
    (tmp_path / "again.toml").write_text(space["study_toml"])
    again = sweep.load_study(tmp_path / "again.toml")
    assert [g.digest for g in again.groups()] == [g.digest for g in study(AXES).groups()]


def test_what_cannot_be_a_benchmark_is_refused(bench: Bench, tmp_path: Path) -> None:
    bench.run(study(AXES))
    results = sweep.open_results(bench.directory)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("")
    for place in (tmp_path / "full", tmp_path / "full" / "mine.txt"):
        with pytest.raises(RequestError, match="is there already; a benchmark needs a new direct"):
            sweep.export(results, place, form="table")
    with pytest.raises(RequestError, match="is among the study's own files"):
        sweep.export(results, bench.directory / "curves" / "table", form="table")
    with pytest.raises(RequestError, match="form: must be file or table, not 'tabel'"):
        sweep.export(results, tmp_path / "x", form="tabel")
    unknown = sweep.open_results(bench.directory, study("learning_rate = [3.0]"))
    with pytest.raises(RequestError, match="small: no trial is trained yet"):
        sweep.export(unknown, tmp_path / "gone", form="table")


def test_without_curves_there_is_no_benchmark(bench: Bench, tmp_path: Path) -> None:
    bench.run(study(AXES, parameters="nothing", overrides=['record.loss="nothing"']))
    bare = sweep.open_results(bench.directory)
    with pytest.raises(RequestError, match=r"small: no curves were recorded; see record\.loss"):
        sweep.export(bare, tmp_path / "gone", form="table")
    assert not (tmp_path / "gone").exists()
