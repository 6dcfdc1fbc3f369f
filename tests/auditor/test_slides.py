"""References to constants that move down with the row, because a `$` was forgotten."""

from pathlib import Path

import pytest

import sweep
from tests.auditor.habits import GIVEN, RIGHT, G, Hand, W, truth
from tests.test_cli import sweep as command

HEADINGS = {w: w for w in W} | {
    "h1": "h1", "a1": "a_h1", "h2": "h2", "a2": "a_h2", "o1": "o1", "y1": "a_o1", "o2": "o2",
    "y2": "a_o2", "e1": "E1", "e2": "E2", "et": "Etotal",
} | {g: f"dE/dw{g[1]}" for g in G}  # fmt: skip
TOP, FIRST = 2, 11


def sheet(path: Path, slides: dict[str, str]) -> None:
    """A sheet as the course has it, its constants above; `slides` are constants by quantity."""
    wrong = {role: RIGHT[role] for role in slides}
    for role, names in slides.items():
        for name in names.split():
            wrong[role] = wrong[role].replace(f"{{{name}}}", f"{{slid_{name}}}")
    hand = Hand(path, wrong)
    page, spots = hand.sheet("Sheet"), {}
    for row, (name, value) in enumerate({"eta": 0.5, **GIVEN}.items(), TOP):
        page.write_row(row, 0, [name, value])
        spots[name] = lambda step, row=row: f"$B${row + 1}"
        spots[f"slid_{name}"] = lambda step, row=row: f"B{row + 1 + step}"
    for column, (role, heading) in enumerate(HEADINGS.items()):
        page.write(FIRST - 1, column, heading)
        spots[role] = lambda step, column=column: (FIRST + step, column)
    hand.run("Sheet", spots, truth(8, 0.5))
    hand.book.close()


@pytest.mark.parametrize(
    ("slides", "column", "told"),
    [
        ({"g3": "i1"}, "dE/dw3", "i1's reference slides, for want of a $"),
        ({"h1": "i1"}, "h1", "i1's reference slides, for want of a $"),
        ({"h1": "i1 i2"}, "h1", "i1's and i2's references slide, for want of a $"),
        ({"e1": "t1"}, "E1", "t1's reference slides, for want of a $"),
        ({"w3": "eta"}, "w3", "the rate's reference slides, for want of a $"),
    ],
)
def test_a_reference_that_slides_is_told_once_as_that(
    slides: dict[str, str], column: str, told: str, tmp_path: Path
) -> None:
    sheet(tmp_path / "mine.xlsx", slides)
    text = command("audit", "mine.xlsx", cwd=tmp_path).stdout
    assert ": 1 mistake\n" in text
    assert f"{column} " in text
    assert f"a reference that slides: {told}" in text


def test_the_same_sheet_with_every_dollar_is_right(tmp_path: Path) -> None:
    sheet(tmp_path / "mine.xlsx", {})
    assert sweep.audit(tmp_path / "mine.xlsx").correct
