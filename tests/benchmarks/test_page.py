"""The page's program: what is finished is kept, and texts stand between their marks."""

import subprocess
from pathlib import Path

import pandas as pd
import pytest

from benchmarks import page, sections
from benchmarks.page import PAGE, SECTIONS, Command, Section, placed
from benchmarks.sections import between, judged, markdown
from sweep.instrument.rounds import Interval, median_interval


def test_every_section_has_its_place_on_the_page() -> None:
    text = PAGE.read_text()
    for section in SECTIONS:
        assert placed(text, section.name, "new text").count("new text") == 1


def test_a_text_replaces_what_stood_between_its_marks() -> None:
    text = "a\n<!-- begin x -->\nold\n<!-- end x -->\nb\n"
    assert placed(text, "x", "new") == "a\n<!-- begin x -->\nnew\n<!-- end x -->\nb\n"
    with pytest.raises(ValueError, match="no <!-- begin y -->"):
        placed(text, "y", "new")


@pytest.fixture
def one_section(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A page of one section, whose command says a word; returns the page."""
    command = Command("word", "this", ("--rounds", "{rounds}"))
    section = Section("x", (command,), sections.printed, saves=False)
    monkeypatch.setattr(page, "SECTIONS", (section,))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "page.md").write_text("<!-- begin x -->\n<!-- end x -->\n")
    return tmp_path / "page.md"


def test_what_is_finished_is_not_measured_again(
    one_section: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def run(words: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        calls.append(words[1:])
        return subprocess.CompletedProcess(words, len(calls) == 1, "a word\nSaved to x\n", "oh\nno")

    monkeypatch.setattr(subprocess, "run", run)
    asked = ["--page", str(one_section), "--run", "r", "--rounds", "3"]
    page.main(asked)  # fails
    assert one_section.read_text() == "<!-- begin x -->\n<!-- end x -->\n"
    page.main([*asked, "--minutes", "0"])
    assert len(calls) == 1
    page.main(asked)
    page.main(asked)
    assert calls == [["-m", "this", "--rounds", "3"]] * 2
    assert one_section.read_text() == (
        "<!-- begin x -->\n    python -m this --rounds 3\n\n    a word\n<!-- end x -->\n"
    )


def test_another_machines_run_is_refused(one_section: Path) -> None:
    run = one_section.parent / "results" / "benchmarks" / "r"
    run.mkdir(parents=True)
    (run / "machine").write_text("another\n")
    with pytest.raises(SystemExit, match="another machine's"):
        page.main(["--page", str(one_section), "--run", "r"])


@pytest.mark.parametrize(
    ("median", "low", "high", "expected"),
    [
        (3.0, 2.5, 3.5, "met, within the interval"),
        (2.9, 2.5, 3.5, "missed, within the interval"),
        (4.0, 3.5, 4.5, "met"),
        (2.0, 1.5, 2.5, "missed"),
    ],
)
def test_targets_are_judged_by_interval(
    median: float, low: float, high: float, expected: str
) -> None:
    assert judged(Interval(median, low, high, 0.95), 3.0) == expected


def test_tables_are_markdown() -> None:
    assert markdown(["a", "b"], [["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"
    assert between(median_interval([10.21, 1.0, 22.0])) == "10.2 (1.00 to 22)"


def turns(tmp_path: Path) -> list[Path]:
    rows = [
        (number, peer, "2-2-2", dtype, speed, ratio * (1 + number / 100))
        for number in range(3)
        for dtype, scale in (("float64", 1.0), ("float32", 2.0))
        for peer, speed, ratio in (("ours", 4e8, 1.0), ("jax", 5e7, 7.0 * scale), ("c", 4e8, 1.2))
    ]
    names = ["round", "peer", "network", "dtype", "network_steps_per_second", "ours_over_peer"]
    rates = {"operations": 82.0, "multiply_adds_per_second": 8.2e10}
    pd.DataFrame(rows, columns=names).assign(**rates).to_parquet(tmp_path / "t.parquet")
    return [tmp_path]


def test_ratios_and_targets_are_read_from_turns(tmp_path: Path) -> None:
    folders = turns(tmp_path)
    assert sections.peers(folders).splitlines()[2:] == [
        "| 2-2-2 | float64 | 4e+08 | 40% | 7.07 (7.00 to 7.14) | 1.21 (1.20 to 1.22) |",
        "| 2-2-2 | float32 | 4e+08 | 40% | 14.1 (14 to 14.3) | 1.21 (1.20 to 1.22) |",
    ]
    assert sections.targets(folders).splitlines()[2:] == [
        "| 2-2-2 float64 | jax | 7.07 (7.00 to 7.14) | 8 | missed |",
        "| 2-2-2 float64 | c | 1.21 (1.20 to 1.22) | 1.5 | missed |",
        "| 2-2-2 float32 | jax | 14.1 (14 to 14.3) | 13 | met |",
        "| 2-2-2 float32 | c | 1.21 (1.20 to 1.22) | 1.5 | missed |",
    ]


def test_costs_and_compiling_say_what_was_kept(tmp_path: Path) -> None:
    names = ["dtype", "round", "name", "over_plain"]
    rows = [
        (dtype, 0, name, over)
        for dtype, late in (("float64", 0.0), ("float32", 0.1))
        for name, over in (("sgd", 1.0), ("adam", 1.45 + late), ("momentum", 1.1))
    ]
    pd.DataFrame(rows, columns=names).to_parquet(tmp_path / "c.parquet")
    assert sections.costs([tmp_path]).splitlines()[2:] == [
        "| adam | 1.45 (1.45 to 1.45) | 1.55 (1.55 to 1.55) | 1.5 | float64 met; float32 missed |",
        "| momentum | 1.10 (1.10 to 1.10) | 1.10 (1.10 to 1.10) |  |  |",
    ]
    (tmp_path / "c.parquet").unlink()
    kernels = pd.DataFrame(
        {"kernel": ["a", "b"], "dtype": "float64", "compiling": [2.0, 4.0], "seconds": [3.0, 5.5]}
    )
    kernels.to_parquet(tmp_path / "k.parquet")
    told = sections.compiling([tmp_path]).splitlines()
    assert told[2] == "| b | float64 | 5.5 | 4.0 |"
    assert told[-1] == "2 kernels, median 4.2 s; meant to be at most 5 s: missed by 1 of them."
