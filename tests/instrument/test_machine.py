"""What a machine tells of itself."""

import os
from pathlib import Path

import pytest

from sweep.instrument.machine import (
    Machine,
    Team,
    cache_sizes,
    processors_apart,
    this_machine,
)


def test_caches_are_those_of_data(tmp_path: Path) -> None:
    for index, (kind, level, size) in enumerate(
        [("Data", "1", "48K"), ("Instruction", "1", "32K"), ("Unified", "2", "2M")]
    ):
        entry = tmp_path / f"index{index}"
        entry.mkdir()
        for name, value in (("type", kind), ("level", level), ("size", size)):
            (entry / name).write_text(value + "\n")
    (tmp_path / "index9").mkdir()
    assert cache_sizes(tmp_path) == {"L1": 48 * 2**10, "L2": 2 * 2**20}
    assert list(cache_sizes(tmp_path / "none")) == ["L1", "L2"]


def test_machines_are_told_apart() -> None:
    one = Machine("a", "znver3", 2, 32, "Linux 6")
    assert one.digest != Machine("a", "znver3", 4, 32, "Linux 6").digest
    assert len(this_machine().digest) == 8


def test_cores_come_before_their_second_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not hasattr(os, "sched_getaffinity"):
        pytest.skip("this system keeps no thread to a processor")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3, 7})
    for number, siblings in enumerate(["0-1", "0-1", "2-3", "2-3"]):
        folder = tmp_path / f"cpu{number}" / "topology"
        folder.mkdir(parents=True)
        (folder / "thread_siblings_list").write_text(siblings + "\n")
    assert processors_apart(tmp_path) == [0, 2, 7, 1, 3]


def test_threads_of_a_team_all_work() -> None:
    done = [0, 0, 0]

    def work(thread: int) -> None:
        done[thread] += 1

    seconds = Team(3).together(work)
    assert done == [1, 1, 1]
    assert seconds.shape == (3,)
    assert not Team(2, pin=False).pinned
