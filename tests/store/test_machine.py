import os
import platform
from pathlib import Path

import pytest

from sweep.store.machine import machine_name, processor_name, usable_processors


@pytest.fixture
def bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)


def found(tmp_path: Path, membership: str, files: dict[str, str]) -> int:
    (tmp_path / "membership").write_text(membership)
    for name, text in files.items():
        path = tmp_path / "cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return usable_processors(tmp_path / "membership", tmp_path / "cgroup")


def v1(quota: str) -> dict[str, str]:
    return {"cpu/d/cpu.cfs_quota_us": quota, "cpu/d/cpu.cfs_period_us": "100000"}


@pytest.mark.usefixtures("bound")
@pytest.mark.parametrize(
    ("membership", "files", "expected"),
    [
        ("", {}, 8),
        ("0::/\n", {"cpu.max": "max 100000\n"}, 8),
        ("0::/\n", {"cpu.max": "250000 100000\n"}, 3),
        ("0::/\n", {"cpu.max": "20000 100000\n"}, 1),
        ("0::/a/b\n", {"a/b/cpu.max": "max 100000", "a/cpu.max": "200000 100000"}, 2),
        ("0::/a/b\n", {"cpu.max": "5000000 100000"}, 8),
        ("3:cpu,cpuacct:/d\n", v1("400000"), 4),
        ("3:cpu:/d\n", v1("-1"), 8),
        ("2:memory:/d\n", {"d/cpu.max": "100000 100000"}, 8),
        ("0::/\n", {"cpu.max": "nonsense"}, 8),
        ("nonsense", {"cpu.max": "100000 0"}, 8),
    ],
)
def test_a_quota_counts(
    tmp_path: Path, membership: str, files: dict[str, str], expected: int
) -> None:
    assert found(tmp_path, membership, files) == expected


def test_here() -> None:
    assert 1 <= usable_processors() <= (os.cpu_count() or 1)


@pytest.mark.parametrize(
    ("description", "name"),
    [
        ("processor\t: 0\nmodel name\t: Some CPU: 9000\nmodel name\t: another\n", "Some CPU: 9000"),
        ("nothing like it", "the system's word"),
        ("", "the system's word"),
    ],
)
def test_the_machine_has_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, description: str, name: str
) -> None:
    monkeypatch.setattr(platform, "processor", lambda: "the system's word")
    (tmp_path / "cpuinfo").write_text(description)
    assert processor_name(tmp_path / "cpuinfo") == name
    assert machine_name() == f"{platform.system()}, {processor_name()}"
