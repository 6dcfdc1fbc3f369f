"""Sheets in other people's habits are called right, and their mistakes by their names."""

from pathlib import Path

import pytest

from sweep.auditor.auditing import audit
from sweep.auditor.verdict import remarks
from tests.auditor.habits import HABITS, WRONG, make

TYPED = ("comma_decimals", "four_decimals", "symbol_eta", "every_tenth")
"""Habits without formulas, where a wrong one changes nothing."""
ANOTHER_NAME = {"gradient": "the other unit's value"}
"""What a mistake is as well called where no column has the gradients."""


@pytest.mark.parametrize("habit", HABITS)
def test_a_right_sheet_is_called_right(habit: str, tmp_path: Path) -> None:
    make(tmp_path / "a.xlsx", habit)
    found = audit(tmp_path / "a.xlsx")
    assert found.correct, [(f.column.heading, f.cause) for t in found.tables for f in t.wrong]
    assert not any(table.affected for table in found.tables)


@pytest.mark.quick("matrices", "vertical_german", "no_sums", "two_sheets")
@pytest.mark.parametrize("habit", [habit for habit in HABITS if habit not in TYPED])
def test_a_mistake_is_found_and_named(habit: str, tmp_path: Path) -> None:
    for wrong, (formulas, name) in WRONG.items():
        if habit == "one_step_list" and wrong in ("plus", "gradient"):
            continue  # no row follows
        make(tmp_path / "a.xlsx", habit, formulas)
        causes = [
            (f.column.role, f.cause) for t in audit(tmp_path / "a.xlsx").tables for f in t.wrong
        ]
        told = {cause.mistake.name for _, cause in causes if cause}
        assert len({role for role, _ in causes}) == 1, (wrong, causes)
        assert told in ({name}, {ANOTHER_NAME.get(wrong)}), (wrong, causes)


def test_rows_that_are_not_of_each_step_are_not_judged_by_updates(tmp_path: Path) -> None:
    make(tmp_path / "a.xlsx", "every_tenth")
    found = audit(tmp_path / "a.xlsx")
    assert any("its rows are 10 steps apart" in line for line in remarks(found))
