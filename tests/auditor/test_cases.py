"""Ten small sheets, each of a kind that published sheets of the exercise show."""

from pathlib import Path

import pytest

from sweep.auditor.auditing import Audit, audit
from sweep.auditor.verdict import remarks, rows

CASES = Path(__file__).parent / "cases"


def told(name: str) -> tuple[Audit, list[str]]:
    """The audit of a case, and its remarks."""
    found = audit(CASES / f"{name}.xlsx")
    return found, remarks(found)


@pytest.mark.parametrize(
    ("name", "columns", "says"),
    [
        ("label_above_headings", 31, ""),
        ("helper_column_under_label", 31, 'not judged: "A"'),
        ("pasted_curves_beside", 31, 'not judged: "E_0.5", "E_1", "E_2"'),
        ("noise_in_constants", 31, ""),
        ("number_in_a_sentence", 31, ""),
        ("pow_function", 31, ""),
        ("last_row_unfinished", 31, "the last row is not finished"),
        ("weight_heading_mistyped", 31, 'the column "Z" was taken for w3'),
    ],
)
def test_a_right_sheet_is_called_right(name: str, columns: int, says: str) -> None:
    found, notes = told(name)
    assert found.correct
    assert [table.checked for table in found.tables] == [columns]
    assert not any(table.affected for table in found.tables)
    assert says in " ".join(notes)
    assert bool(says) == bool(notes)


def test_the_sums_in_the_slopes_are_named_in_gradients_with_long_headings() -> None:
    found, _ = told("long_headings_h_for_a_h")
    lines = rows(found.tables[0])
    assert [(line[0], line[4]) for line in lines] == [
        ("∂E/∂w1, ∂E/∂w2", "h in place of a_h: h1 where a_h1 belongs"),
        ("∂E/∂w3, ∂E/∂w4", "h in place of a_h: h2 where a_h2 belongs"),
    ]


def test_the_row_of_an_activation_is_named() -> None:
    found, _ = told("activation_of_another_row")
    (line,) = rows(found.tables[0])
    assert line[0] == "a_h1"
    assert line[4] == "a row off: h1 of 3 rows below where h1 belongs"
