"""The marked copy says what is wrong, keeps the rest, and spares the original."""

from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from sweep.auditor.auditing import audit
from sweep.auditor.verdict import MOST_COMMENTS, WRONG, check_place, mark
from sweep.errors import RequestError
from tests.auditor.habits import beside
from tests.auditor.students.making import make


@pytest.mark.parametrize(
    "mistake",
    ["plus in the update", "numbers pasted", "rate from a target", "no e2", "not copied"],
)
def test_wrong_cells_are_commented_and_coloured(mistake: str, tmp_path: Path) -> None:
    path, copy = tmp_path / "mine.xlsx", tmp_path / "marked.xlsx"
    ((name, _),), _ = make("derivation right", 1, path, mistake)
    before = path.read_bytes()
    result = audit(path)
    mark(result, copy)
    assert path.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["marked.xlsx", "mine.xlsx"]
    original, marked = (openpyxl.load_workbook(p)[name] for p in (path, copy))
    spots = {spot for f in result.tables[0].wrong for spot in f.spots}
    red = {
        (c.row, c.column)
        for row in marked.iter_rows()
        for c in row
        if c.fill.start_color.rgb == WRONG
    }
    assert red == spots
    told = {
        (c.row, c.column): c.comment.text for row in marked.iter_rows() for c in row if c.comment
    }
    assert set(told) <= spots
    for finding in result.tables[0].wrong:
        assert set(finding.spots[:MOST_COMMENTS]) <= set(told)
        assert told[finding.spots[0]].startswith(f"Wrong: {finding.cause.mistake.name}.")  # type: ignore[union-attr]
    for row in original.iter_rows():
        for cell in row:
            assert marked.cell(cell.row, cell.column).value == cell.value


def test_charts_and_comments_are_kept(tmp_path: Path) -> None:
    path, copy = tmp_path / "mine.xlsx", tmp_path / "marked.xlsx"
    beside(path, 10)
    book = openpyxl.load_workbook(path)
    chart = openpyxl.chart.LineChart()
    chart.add_data(openpyxl.chart.Reference(book.active, min_col=5, min_row=2, max_row=12))
    book.active.add_chart(chart, "A20")
    book.active["E5"] = 0.7
    book.active["E5"].comment = openpyxl.comments.Comment("mine", "me")
    book.save(path)
    mark(audit(path), copy)
    marked = openpyxl.load_workbook(copy).active
    assert len(marked._charts) == 1
    assert marked["E5"].comment.text.startswith("mine\n\nWrong: a constant over the formula.")


def test_a_correct_sheet_is_copied_without_marks(tmp_path: Path) -> None:
    path, copy = tmp_path / "mine.xlsx", tmp_path / "marked.xlsx"
    make("across none", 1, path)
    mark(audit(path), copy)
    cells = [c for row in openpyxl.load_workbook(copy).active.iter_rows() for c in row]
    assert not any(cell.comment for cell in cells)


def test_the_original_is_never_the_place_of_the_copy(tmp_path: Path) -> None:
    path = tmp_path / "mine.xlsx"
    xlsxwriter.Workbook(str(path)).close()
    (tmp_path / "link.xlsx").symlink_to(path)
    for place in (path, tmp_path / "link.xlsx"):
        with pytest.raises(RequestError, match="is the audited file itself"):
            check_place(path, place)
    with pytest.raises(RequestError, match=r"the ending must be \.xlsx"):
        check_place(path, tmp_path / "copy.pdf")
