"""Sheets as students make them: right ones are called right, mistakes by their names.

The sheets are made by `students/`, with its own spellings and layouts, and Python's own arithmetic.
`make check` makes some hundreds of them; `make soak` over 2,000 right ones, and each mistake in
each layout.
"""

from collections import Counter
from pathlib import Path

import pytest

from sweep.auditor.auditing import audit
from tests.auditor.students.layouts import LAYOUTS
from tests.auditor.students.making import make
from tests.auditor.students.mistakes import MISTAKES

NAMED = 0.95
FEW = ("course", "deltas named", "new weights", "values", "unit biases", "across", "long headings")
"""Layouts of `make test`, which puts all mistakes into them, each one in turn."""


def told(path: Path) -> dict[tuple[str, str], list[str]]:
    """What is said of each wrong column, by sheet and heading."""
    found: dict[tuple[str, str], list[str]] = {}
    for table in audit(path).tables:
        for finding in table.wrong:
            assert finding.cause is not None
            key = (table.table.sheet, finding.column.heading)
            found.setdefault(key, []).append(f"{finding.cause.mistake.name}: {finding.cause.told}")
    return found


def campaign(cases: list[tuple[str, int, str]], path: Path) -> Counter[str]:
    """Count wrong sheets, those found, found alone and rightly named; print the others."""
    count: Counter[str] = Counter()
    for layout, seed, mistake in cases:
        (wrong, made) = make(layout, seed, path, mistake)
        if made is None:
            continue
        lines = told(path)
        rightly = any(name in line for line in lines.get(wrong[0], []) for name in made.told)
        count += Counter(sheets=1, found=wrong[0] in lines, named=rightly)
        count["alone"] += not set(lines) - {wrong[0]}
        if not rightly or set(lines) != {wrong[0]}:
            print(layout, seed, mistake, made.role, made.formula, lines)
    print(count)
    return count


def no_alarm(layout: str, seeds: range, path: Path) -> None:
    for seed in seeds:
        make(layout, seed, path)
        assert told(path) == {}, (layout, seed)


def judge(count: Counter[str]) -> None:
    assert count["found"] == count["sheets"]
    assert count["alone"] == count["sheets"]
    assert count["named"] >= NAMED * count["sheets"]


@pytest.mark.quick(*FEW)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_right_sheet_is_called_right(layout: str, tmp_path: Path) -> None:
    path = tmp_path / "right.xlsx"
    make(layout, 3, path)
    assert told(path) == {}


def test_mistakes_are_found_and_named(tmp_path: Path) -> None:
    cases = [(FEW[at % len(FEW)], at, mistake) for at, mistake in enumerate(MISTAKES)]
    count = campaign(cases, tmp_path / "wrong.xlsx")
    judge(count)
    assert count["sheets"] >= 40


@pytest.mark.check
@pytest.mark.parametrize("layout", LAYOUTS)
def test_of_some_seeds_no_right_sheet_is_called_wrong(layout: str, tmp_path: Path) -> None:
    no_alarm(layout, range(50, 55), tmp_path / "right.xlsx")


@pytest.mark.check
def test_some_mistakes_in_all_layouts(tmp_path: Path) -> None:
    names = list(MISTAKES)
    cases = [
        (layout, at, names[(7 * at + 11 * k) % len(names)])
        for at, layout in enumerate(LAYOUTS)
        for k in range(4)
    ]
    judge(campaign(cases, tmp_path / "wrong.xlsx"))


@pytest.mark.soak
@pytest.mark.parametrize("layout", LAYOUTS)
def test_no_right_sheet_is_called_wrong(layout: str, tmp_path: Path) -> None:
    no_alarm(layout, range(40), tmp_path / "right.xlsx")


@pytest.mark.soak
def test_all_mistakes_in_all_layouts(tmp_path: Path) -> None:
    cases = [(layout, at, mistake) for at, layout in enumerate(LAYOUTS) for mistake in MISTAKES]
    judge(campaign(cases, tmp_path / "wrong.xlsx"))
