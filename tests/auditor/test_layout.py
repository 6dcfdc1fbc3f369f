"""Headings are found in long lists without reading all of a list for each of its cells."""

import pytest

from sweep.auditor import layout
from sweep.auditor.book import Book, Sheet, Spot
from sweep.auditor.layout import MOST_HEADINGS, find_tables
from sweep.auditor.roles import WEIGHTS, roles_of, under, weightlike


def listed(rows: int) -> Sheet:
    """A list with two columns of texts, as another program exports one."""
    values: dict[Spot, float | str] = {}
    for row in range(1, rows + 1):
        texts = {1: f"run {row}", 2: "loss"}
        values |= {(row, c): texts.get(c, float(row % 9)) for c in range(1, 8)}
    return Sheet("S", values)


def test_a_long_list_is_looked_at_once_for_each_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    halvings: list[int] = []
    halve = layout.bisect_right

    def counted(texts: list[int], column: int) -> int:
        halvings.append(column)
        return halve(texts, column)

    monkeypatch.setattr(layout, "bisect_right", counted)
    rows = 3 * MOST_HEADINGS
    sheet = listed(rows)
    assert find_tables(Book({"S": sheet}, {}), sheet) == []
    assert 0 < len(halvings) <= 2 * len(sheet.values)


def test_no_more_of_a_list_is_taken_for_headings_than_is_said() -> None:
    view = layout.View(listed(3 * MOST_HEADINGS), across=True)
    assert len(view.headings(1)) == MOST_HEADINGS


def test_what_names_a_weight_is_weightlike() -> None:
    for text in ("w1", "W₂", "ｗ３", "weight 4", "Gewicht 5", "Poids 6", "peso_7", "θ8", "$w_{1}$"):
        assert set(roles_of(text)) <= set(WEIGHTS), text
        assert roles_of(text), text
        assert weightlike(text), text
    assert under("Weights", "3") == ("w3",)
    assert weightlike("Weights3")
    assert not any(map(weightlike, ("loss", "run 8", "w", "w9")))
