"""The guard's verdict on rounds written by hand, and its workers on a small network."""

import subprocess
from pathlib import Path
from shutil import which

import pytest

from benchmarks import check
from benchmarks.check import MARGIN, ROOT, Verdict, Worker, checked_out, rounds_of
from sweep.instrument.rounds import median_interval
from tests.benchmarks.small import COURSE


def verdict(*ratios: float) -> Verdict:
    return Verdict("2-2-2 float64", median_interval(ratios), MARGIN)


def test_no_change_is_seen_where_rounds_disagree() -> None:
    found = verdict(0.97, 0.98, 0.99, 0.99, 1.0, 1.01, 1.02)
    assert not found.slower
    assert not found.faster
    assert " ".join(str(found).split()) == "2-2-2 float64 0.99 [0.97, 1.02]: no change seen"


def test_slower_needs_interval_and_margin() -> None:
    assert verdict(*[0.9] * 4, 0.95, 0.96, 0.99).slower
    assert not verdict(*[0.9] * 4, 0.95, 0.96, 1.01).slower  # within the interval
    assert not verdict(*[0.98] * 7).slower  # within the margin
    assert str(verdict(*[0.5] * 7)).endswith("0.50 [0.50, 0.50]: slower")


def test_faster_is_the_same_the_other_way() -> None:
    assert verdict(*[1.1] * 7).faster
    assert not verdict(*[1.1] * 6, 0.99).faster
    assert not verdict(*[1.02] * 7).faster


def test_a_slower_kernel_makes_the_guard_fail(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if not (ROOT / ".git").exists() or which("git") is None:
        pytest.skip("the guard compares commits, and this is no repository")
    for ratio, status in ((0.8, 1), (1.0, 0)):
        said = [("2-2-2 float64", [ratio] * 7, True)]
        monkeypatch.setattr(check, "rounds_of", lambda *_, said=said: iter(said))
        assert check.main(["--networks", "2-2-2", "--dtypes", "float64"]) == status
        assert ("slower" in capsys.readouterr().out) == bool(status)


def test_two_trees_train_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    if not (ROOT / ".git").exists() or which("git") is None:
        pytest.skip("the guard compares commits, and this is no repository")
    options = check._parse(["--rounds", "3", "--seconds", "0.001"])
    with (
        checked_out("HEAD") as base,
        Worker(ROOT, {}) as ours,
        Worker(base, {}) as theirs,
    ):
        assert (base / "sweep" / "__init__.py").exists()
        workers = {"ours": ours, "theirs": theirs}
        (found,) = rounds_of(workers, {"2-2-2": (COURSE, "float64")}, options)
        name, ratios, same = found
        assert (name, len(ratios), same) == ("2-2-2", 3, True)
        with pytest.raises(RuntimeError, match="ended"):
            ours.tell(train="nothing")
    assert str(base) not in _worktrees()


def _worktrees() -> str:
    command = ["git", "worktree", "list"]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def test_instructions_are_what_doubling_adds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dumps = {1: 500, 2: 1000, 3: 7, 4: 1640, 5: 99}  # every other one is a training
    for number, count in dumps.items():
        (tmp_path / f"counted.{number}").write_text(f"events: Ir\nsummary: {count}\n")
    assert list(check._dumped(tmp_path / "counted")) == [500, 1000, 7, 1640, 99]
