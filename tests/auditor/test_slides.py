"""References to constants that move down with the row, because a `$` was forgotten."""

from pathlib import Path

import openpyxl
import pytest

import sweep
from tests.test_cli import sweep as command

CONSTANTS = {"eta": 0.5, "i1": 0.05, "i2": 0.1, "t1": 0.01, "t2": 0.99}
WEIGHTS = (0.15, 0.2, 0.25, 0.3, 0.4, 0.45, 0.5, 0.55)
OTHERS = ("h1", "a_h1", "h2", "a_h2", "o1", "a_o1", "o2", "a_o2", "E1", "E2", "Etotal")
HEADINGS = (
    *(f"w{k}" for k in range(1, 9)),
    *OTHERS,
    *(f"dE/dw{k}" for k in range(1, 9)),
)
TOP, FIRST, ROWS = 3, 12, 8


def sheet(path: Path, slides: set[tuple[str, str]]) -> None:  # noqa: C901 - cell by cell
    """A sheet as the course has it, its constants above; `slides` are (heading, constant)."""
    book = openpyxl.Workbook()
    page = book.active
    for k, (name, value) in enumerate(CONSTANTS.items(), TOP):
        page.cell(k, 1, name)
        page.cell(k, 2, value)
    letters = {h: openpyxl.utils.get_column_letter(j) for j, h in enumerate(HEADINGS, 1)}
    for heading, letter in letters.items():
        page[f"{letter}{FIRST - 1}"] = heading
    for row in range(FIRST, FIRST + ROWS):
        here = {heading: f"{letter}{row}" for heading, letter in letters.items()}
        before = {heading: f"{letter}{row - 1}" for heading, letter in letters.items()}

        def at(heading: str, name: str, row: int = row) -> str:
            place = TOP + list(CONSTANTS).index(name)
            moved = (heading, name) in slides
            return f"B{place + row - FIRST}" if moved else f"$B${place}"

        def formulas(h: dict[str, str] = here) -> dict[str, str]:
            found = {"Etotal": f"{h['E1']}+{h['E2']}"}
            for unit, (a, b) in {"h1": ("w1", "w2"), "h2": ("w3", "w4")}.items():
                found[unit] = f"{h[a]}*{at(unit, 'i1')}+{h[b]}*{at(unit, 'i2')}"
            for unit, (a, b) in {"o1": ("w5", "w6"), "o2": ("w7", "w8")}.items():
                found[unit] = f"{h[a]}*{h['a_h1']}+{h[b]}*{h['a_h2']}"
            for unit in ("h1", "h2", "o1", "o2"):
                found[f"a_{unit}"] = f"1/(1+EXP(-{h[unit]}))"
            delta = {}
            for k in "12":
                found[f"E{k}"] = f"0.5*({at(f'E{k}', f't{k}')}-{h[f'a_o{k}']})^2"
                out = h[f"a_o{k}"]
                delta[k] = f"({out}-{at('delta', f't{k}')})*{out}*(1-{out})"
            for k in range(1, 5):
                unit, name = "12"[k > 2], ("i1", "i2")[1 - k % 2]
                through = (
                    f"{delta['1']}*{h[f'w{4 + int(unit)}']}+{delta['2']}*{h[f'w{6 + int(unit)}']}"
                )
                hidden = h[f"a_h{unit}"]
                slope = f"{hidden}*(1-{hidden})*{at(f'dE/dw{k}', name)}"
                found[f"dE/dw{k}"] = f"({through})*{slope}"
            for k in range(5, 9):
                found[f"dE/dw{k}"] = f"{delta['12'[k > 6]]}*{h[f'a_h{2 - k % 2}']}"
            return found

        for k, start in enumerate(WEIGHTS, 1):
            updated = f"={before[f'w{k}']}-{at(f'w{k}', 'eta')}*{before[f'dE/dw{k}']}"
            page[here[f"w{k}"]] = start if row == FIRST else updated
        for heading, formula in formulas().items():
            page[here[heading]] = f"={formula}"
    book.save(path)


@pytest.mark.parametrize(
    ("slides", "column", "told"),
    [
        ({("dE/dw3", "i1")}, "dE/dw3", "i1's reference slides, for want of a $"),
        ({("h1", "i1")}, "h1", "i1's reference slides, for want of a $"),
        ({("h1", "i1"), ("h1", "i2")}, "h1", "i1's and i2's references slide, for want of a $"),
        ({("E1", "t1")}, "E1", "t1's reference slides, for want of a $"),
        ({("w3", "eta")}, "w3", "the rate's reference slides, for want of a $"),
    ],
)
def test_a_reference_that_slides_is_told_once_as_that(
    slides: set[tuple[str, str]], column: str, told: str, tmp_path: Path
) -> None:
    sheet(tmp_path / "mine.xlsx", slides)
    text = command("audit", "mine.xlsx", cwd=tmp_path).stdout
    assert ": 1 mistake\n" in text
    assert f"{column} " in text
    assert f"a reference that slides: {told}" in text


def test_the_same_sheet_with_every_dollar_is_right(tmp_path: Path) -> None:
    sheet(tmp_path / "mine.xlsx", set())
    assert sweep.audit(tmp_path / "mine.xlsx").correct
