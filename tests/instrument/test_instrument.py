"""The instrument at its smallest: what it measures is as it says, and is saved as it was."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.runs import open_run
from sweep.errors import RequestError, StoreError
from sweep.instrument import bench
from sweep.instrument.bench import SETUP, Measured, measure, save, summary
from sweep.instrument.machine import Machine, Team
from sweep.instrument.ours import Ours
from tests.benchmarks.small import COURSE, OTHER

MACHINE = Machine("Fast One", "znver3", 2, 32, "Linux 6")


@pytest.fixture(scope="module")
def measured() -> Measured:
    """Two networks, one in two numbers of lanes of which one is what suits it anyway."""
    return measure([COURSE, OTHER], ["float64"], [1], [None, 8], rounds=2, seconds=0.002)


def test_every_setup_has_a_turn_in_every_round(measured: Measured) -> None:
    turns = measured.turns
    setups = turns[SETUP].drop_duplicates()
    assert set(setups["network"]) == {"2-2-2", "3-4-2"}
    assert len(turns) == 2 * len(setups)
    assert 8 in set(setups["lanes"])
    assert not turns.duplicated(["round", *SETUP]).any()


def test_numbers_of_a_turn_agree(measured: Measured) -> None:
    turns = measured.turns
    steps = turns["networks"] * turns["steps"]
    speed = turns["network_steps_per_second"]
    # A few roundings each.
    assert (speed * turns["seconds"]).tolist() == pytest.approx(steps.tolist(), rel=1e-12)
    gradients = turns["sample_gradients_per_second"]
    assert gradients.tolist() == (speed * turns["samples"]).tolist()
    assert (turns["networks"] % (turns["lanes"] * turns["threads"]) == 0).all()
    while_it_ran = steps * turns["threads"] / turns["cpu_seconds"]
    assert (turns["share"] * turns["roof"]).tolist() == pytest.approx(while_it_ran, rel=1e-12)
    at = measured.ceilings.set_index(["round", "ceiling"])["per_second"]
    course = turns[(turns["network"] == "2-2-2") & (turns["limit"] == "multiply-adds")]
    for row in course.to_dict("records"):
        assert row["roof"] == at[row["round"], "multiply-adds"] / 82


def test_a_summary_has_a_row_a_setup(measured: Measured) -> None:
    found = summary(measured.turns)
    assert len(found) == len(measured.turns) / 2
    assert (found["low"] <= found["speed"]).all()
    assert (found["speed"] <= found["high"]).all()
    assert (found["confidence"] == 0.5).all()  # two rounds


def test_a_turn_trains_what_the_course_trains() -> None:
    """Networks from their own draws, for all steps, whatever the lanes and threads."""
    alone = Ours(COURSE, "float64", Team(1))(20)
    beside = Ours(COURSE, "float64", Team(2), 8)(20)
    assert alone.tolist() == beside.tolist()
    longer = Ours(replace(COURSE, steps=61), "float64", Team(1))(20)
    assert (longer < alone).all()


def test_a_run_is_read_as_it_was_saved(measured: Measured, tmp_path: Path) -> None:
    path = save(measured, MACHINE, tmp_path)
    assert path.parent == tmp_path / "bench" / "commits"
    found = open_run(tmp_path)
    pd.testing.assert_frame_equal(found.turns[measured.turns.columns], measured.turns)
    pd.testing.assert_frame_equal(found.ceilings[measured.ceilings.columns], measured.ceilings)
    assert found.machine == {
        "name": "Fast One", "kind": "znver3", "processors": 2, "register_bytes": 32,
        "system": "Linux 6", "digest": MACHINE.digest,
    }  # fmt: skip
    assert found.versions.keys() >= {"sweep", "python", "numba"}
    plain = pd.read_parquet(tmp_path / "bench" / "turns")
    assert plain["machine"].unique().tolist() == [MACHINE.digest]
    assert plain["run"].unique().tolist() == [path.stem]


def test_runs_are_never_mixed(
    measured: Measured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = save(measured, MACHINE, tmp_path).stem
    monkeypatch.setattr(bench, "now", lambda: "2999-01-01T00:00:00+00:00")
    second = save(measured, replace(MACHINE, name="Another"), tmp_path).stem
    assert open_run(tmp_path).name == second
    assert open_run(tmp_path, first).turns["processor"].unique().tolist() == ["Fast One"]
    with pytest.raises(RequestError, match=f"no run is called x; there are {first}, {second}"):
        open_run(tmp_path, "x")


def test_a_damaged_run_is_refused(measured: Measured, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="first `sweep bench`"):
        open_run(tmp_path)
    record = save(measured, MACHINE, tmp_path)
    data = tmp_path / "bench" / "turns" / f"{record.stem}.parquet"
    whole = data.read_bytes()
    data.write_bytes(whole[:100] + b"?" + whole[101:])
    with pytest.raises(StoreError, match="not what was committed"):
        open_run(tmp_path)
    data.write_bytes(whole)
    record.write_text(record.read_text().replace("Fast One", "Fast Two"))
    with pytest.raises(StoreError, match="its checksum does not fit"):
        open_run(tmp_path)
    record.write_text("{}")
    with pytest.raises(StoreError, match="it is not a record"):
        open_run(tmp_path)
