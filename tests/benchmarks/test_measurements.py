"""Tools, scale, throughput and starts measure what they say, and save one kind of table."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks import memory, scale, starts, throughput, tools
from benchmarks.tidy import COLUMNS, tidy
from tests.oracles import naive
from tests.oracles.problem import Problem


@pytest.fixture(autouse=True)
def in_a_directory_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def saved(directory: Path) -> pd.DataFrame:
    (path,) = directory.glob("*.parquet")
    return pd.read_parquet(path)


def test_a_table_has_every_column_and_no_other() -> None:
    found = tidy([{"network": "2-2-2", "value": 1.5, "round": 0}, {"trials": 10, "value": 2}])
    assert dict(found.dtypes.astype(str)) == COLUMNS
    assert found["trials"].isna().tolist() == [True, False]
    with pytest.raises(ValueError, match="no column of measurements: speed"):
        tidy([{"speed": 3.0}])


@pytest.mark.parametrize("learning_rate", [0.01, 0.5, 30.0])
def test_the_plain_function_is_a_step_of_the_course(learning_rate: float) -> None:
    sigmoid = ("sigmoid", "sigmoid")
    problem = Problem(
        (2, 2, 2), sigmoid, False, "half_squared_error", (tools.INPUTS,), (tools.TARGETS,)
    )
    expected = naive.descend(problem, np.array(tools.WEIGHTS), 1, [learning_rate] * 2)[0][-1]
    # Numbers of about 1, rounded some dozen times.
    assert tools.loss_after_one_step(learning_rate) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("name", tools.TOOLS)
def test_every_tool_does_the_same_trials(name: str) -> None:
    for package in ("joblib", "optuna"):
        if name.startswith(package):
            pytest.importorskip(package, reason=f"the tool {name} needs {package}")
    found = tools.checked(name, 5, 1)
    assert found["learning_rate"].between(tools.LOW * (1 - 1e-9), tools.HIGH * (1 + 1e-9)).all()
    assert found["learning_rate"].nunique() == 5


def test_a_tool_that_does_others_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(trials: int, threads: int) -> pd.DataFrame:
        return pd.DataFrame({"learning_rate": [0.5] * trials, "loss": [0.2] * trials})

    monkeypatch.setitem(tools.TOOLS, "joblib", wrong)
    with pytest.raises(tools.UnequalLossesError, match="joblib: 5 trials, losses off by"):
        tools.checked("joblib", 5, 1)


def test_absent_tools_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def absent(trials: int, threads: int) -> pd.DataFrame:
        raise ImportError("No module named 'optuna'")

    monkeypatch.setitem(tools.TOOLS, "optuna", absent)
    asked = "--trials 4 --rounds 1 --threads 1 --tools optuna --results"
    tools.main([*asked.split(), str(tmp_path)])
    assert "optuna: left out (No module named 'optuna')" in capsys.readouterr().out
    assert saved(tmp_path)["quantity"].tolist() == ["sweep: from the plan to the table"]


def test_scale_measures_each_part(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In this process: what the parts' own processes print is what they find."""

    def here(command: list[str], **_: Any) -> Any:
        scale.main(command[3:])
        return type("Done", (), {"stdout": capsys.readouterr().out})

    monkeypatch.setattr(scale.subprocess, "run", here)
    scale.main(["--trials", "200", "--steps", "2", "--threads", "1", "--results", str(tmp_path)])
    found = saved(tmp_path)
    parts = [f"{part}: {what}" for part in scale.PARTS for what in ("seconds", "peak")]
    assert found["quantity"].tolist() == [*parts, "disk"]
    assert (found["value"] > 0).all()
    assert (found["trials"] == 200).all()


@pytest.mark.parametrize("axis", throughput.AXES)
def test_throughput_varies_one_thing(axis: str) -> None:
    points = list(throughput.AXES[axis]("float32", 2))
    assert all(point.lanes > 0 for point in points)
    varied = {
        "lanes": lambda point: point.lanes,
        "threads": lambda point: point.threads,
        "width": lambda point: point.case.layers,
        "samples": lambda point: len(point.case.inputs),
    }
    assert len({varied[axis](point) for point in points}) > 1
    if axis != "threads":
        assert {point.threads for point in points} == {2}


def test_throughput_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throughput, "SAMPLES", (2,))
    asked = "--axes samples --dtypes float32 --threads 1 --rounds 2 --seconds 0.001 --results"
    throughput.main([*asked.split(), str(tmp_path)])
    found = saved(tmp_path)
    assert found["samples"].tolist() == [2, 2]
    assert found["round"].tolist() == [0, 1]
    assert (found["value"] > 0).all()
    assert found["command"].notna().all()


def test_every_command_is_started() -> None:
    lines = starts.command_lines()
    assert lines["help"] == ["--help"]
    assert lines["run"] == ["run", starts.STUDY]
    assert all(line[0] == name for name, line in lines.items() if name != "help")
    assert list(lines).index("run") < list(lines).index("status")


def test_a_command_that_fails_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])
    with pytest.raises(starts.CommandError, match=r"sweep plan none.toml: .*none.toml"):
        starts.measured(["plan", "none.toml"], tmp_path, tmp_path / "cache")
    seconds, peak = starts.measured(["--version"], tmp_path, tmp_path / "cache")
    assert seconds > 0
    assert peak > 2**20


def test_the_peak_of_memory_grows_with_what_is_kept() -> None:
    before = memory.peak_bytes()
    np.ones(2**25).sum()  # 256 MiB
    assert memory.peak_bytes() >= before
    assert memory.peak_bytes() > 2**28
