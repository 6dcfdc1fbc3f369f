"""Whatever stands in a cell, there is a verdict or a refusal in one line."""

import random
from pathlib import Path

import openpyxl
import pytest

from sweep.auditor.auditing import audit
from sweep.auditor.verdict import follow, mark, remarks, rows, summary, verdict
from sweep.errors import RequestError
from tests.auditor.habits import beside
from tests.auditor.students.layouts import LAYOUTS
from tests.auditor.students.making import make

ODD = [
    "=1/0",
    "=A1:A3",
    "=SUM(A1:ZZ99999)",
    "=#REF!+1",
    "abc",
    "w1",
    "dE/dw1",
    "",
    None,
    1e308,
    -1e308,
    "=B3^B4^B5",
    "=EXP(1000)",
    '=INDIRECT("A1")',
    "=E5",
    "=Sheet9!A1",
    "=nosuch+1",
    "=LN(-1)",
    True,
    "1,5",
    "0.5",
    3,
    "=IF(A1>0,B2)",
    "=MAX()",
    "=SUM()",
    "=LOG(1,1)",
    "=POWER(-2,0.5)",
    "=ROUND(1)",
    '="a"&"b"',
    "=SUMPRODUCT(A1:A3,B1:B4)",
    "η = 0.7",
    "=-",
    "=E5:E9",
    "=IF(1,2,3,4,5)",
    "=EXP(1,2)",
    "b1",
    "h3",
    "=AVERAGE()",
    "=A1048576",
    "=1E400",
    "nan",
    "inf",
    "=EXP(A1:B2)",
    "=E5+Sheet9!A1",
]


def look(path: Path, copy: Path) -> None:
    try:
        found = audit(path)
    except RequestError:
        return
    for line in (
        verdict(found),
        *remarks(found),
        *map(summary, found.tables),
        *map(follow, found.tables),
    ):
        assert "\n" not in line
    for judged in found.tables:
        rows(judged)
    mark(found, copy)


def spoil(path: Path, draw: random.Random, count: int) -> None:
    """Put odd things into some cells of a workbook."""
    book = openpyxl.load_workbook(path)
    sheet = draw.choice(book.worksheets)
    merged = {spot for area in sheet.merged_cells.ranges for spot in area.cells}
    for _ in range(count):
        spot = draw.randint(1, sheet.max_row), draw.randint(1, sheet.max_column)
        if spot not in merged:
            sheet.cell(*spot).value = draw.choice(ODD)
    book.save(path)


def campaign(seeds: range, directory: Path) -> None:
    for seed in seeds:
        draw = random.Random(seed)
        path = directory / "odd.xlsx"
        make(draw.choice(list(LAYOUTS)), seed, path)
        spoil(path, draw, draw.choice([1, 3, 30]))
        look(path, directory / "marked.xlsx")


def test_odd_cells_end_in_a_verdict(tmp_path: Path) -> None:
    campaign(range(20), tmp_path)


@pytest.mark.soak
def test_many_odd_cells_end_in_a_verdict(tmp_path: Path) -> None:
    campaign(range(100, 700), tmp_path)


@pytest.mark.parametrize("odd", ODD)
def test_each_odd_formula_in_a_column(odd: object, tmp_path: Path) -> None:
    path = tmp_path / "odd.xlsx"
    beside(path, 4)
    book = openpyxl.load_workbook(path)
    for row in range(3, 7):
        book.active.cell(row, 17).value = odd
    book.save(path)
    look(path, tmp_path / "marked.xlsx")


CIRCLES = {
    "two": {"aa": "bb+1", "bb": "aa+1"},
    "two alone": {"aa": "bb", "bb": "aa"},
    "three": {"aa": "SUM(bb,bb)", "bb": "SUM(cc,cc)", "cc": "SUM(aa,aa)"},
    "a chain": {"aa": "x0_", **{f"x{n}_": f"x{n + 1}_+1" for n in range(3000)}},
    "doubling": {"aa": "x0_", **{f"x{n}_": f"x{n + 1}_+x{n + 1}_" for n in range(60)}},
}


@pytest.mark.parametrize("names", CIRCLES.values(), ids=CIRCLES)
def test_names_that_lead_in_a_circle_end_in_a_verdict(
    names: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "circle.xlsx"
    beside(path, 4)
    book = openpyxl.load_workbook(path)
    for name, text in names.items():
        book.defined_names[name] = openpyxl.workbook.defined_name.DefinedName(name, attr_text=text)
    for row in range(3, 7):
        book.active.cell(row, 17).value = "=aa*2"
    book.save(path)
    found = audit(path)
    assert any("cannot be computed (the name aa)" in line for line in remarks(found))
