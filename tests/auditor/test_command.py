"""`sweep audit` as a user meets it."""

import re
from pathlib import Path

import openpyxl
import pytest

from tests.auditor.habits import beside, course
from tests.test_cli import refused, sweep


def wrong_sheet(path: Path) -> None:
    course(path, 12, {"g5": "({o1}-{t1})*{y1}*(1-{y1})*{a1}"})
    openpyxl.load_workbook(path).save(path)  # without saved values


def test_a_correct_sheet_is_called_correct(tmp_path: Path) -> None:
    beside(tmp_path / "mine.xlsx", 12)
    done = sweep("audit", "mine.xlsx", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    # The last bit of exp is a library's own affair, and a processor's.
    start, end = "mine.xlsx: correct; 27 columns of 12 rows checked, ", done.stdout.rsplit(", ")[-1]
    assert done.stdout == start + end
    assert re.fullmatch(r"(all exactly right|none off by more than [1-9]e-1[56])\n", end)
    again = sweep("audit", "mine.xlsx", "--marked", "copy.xlsx", cwd=tmp_path)
    told = "copy.xlsx: the copy, without marks, for nothing is wrong"
    assert (again.returncode, again.stdout.splitlines()[-1]) == (0, told)


def test_mistakes_are_told_marked_and_end_with_status_one(tmp_path: Path) -> None:
    wrong_sheet(tmp_path / "mine.xlsx")
    done = sweep("audit", "mine.xlsx", "--marked", "marked.xlsx", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "mine.xlsx: 1 of 31 columns is wrong"
    assert lines[2] == 'sheet "Sheet1", A4:AE15, 12 steps at rate 0.5: 1 mistake'
    assert re.match(r"  column +from +cells +off by +mistake$", lines[3])
    assert re.search(r" 12 .*  o in place of a_o: o\d where a_o\d belongs$", lines[4])
    assert lines[5].startswith("  right in themselves, but computed from wrong numbers: ")
    assert lines[-1] == "marked.xlsx: the copy with marks"
    assert any(
        cell.comment
        for row in openpyxl.load_workbook(tmp_path / "marked.xlsx").active
        for cell in row
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["none.xlsx"], "none.xlsx: no such file"),
        (["mine.xlsm"], "only .xlsx is read"),
        (["mine.xlsx", "--sheet", "Other"], 'has no sheet "Other", but "Sheet1"'),
        (["mine.xlsx", "--marked", "mine.xlsx"], "is the audited file itself"),
        (["mine.xlsx", "--marked", "mine.csv"], "the ending must be .xlsx"),
        (["mine.xlsx", "--marked", "nowhere/m.xlsx"], "nowhere/m.xlsx: cannot be written"),
        (["other.xlsx"], "no table of the 2-2-2 exercise"),
        ([], "FILE"),
    ],
)
def test_what_cannot_be_audited_is_refused_in_one_line(
    tmp_path: Path, arguments: list[str], says: str
) -> None:
    wrong_sheet(tmp_path / "mine.xlsx")
    (tmp_path / "mine.xlsm").write_bytes(b"PK")
    openpyxl.Workbook().save(tmp_path / "other.xlsx")
    if "nowhere/m.xlsx" in arguments:
        done = sweep("audit", *arguments, cwd=tmp_path)
        assert done.returncode == 2
        assert says in done.stderr
    else:
        assert says in refused("audit", *arguments, cwd=tmp_path)
