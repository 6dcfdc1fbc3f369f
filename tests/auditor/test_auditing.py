"""What the auditor says of sheets that are changed by hand, and of those of something else."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter

from sweep.auditor.auditing import Audit, audit
from sweep.auditor.verdict import _by, remarks, verdict
from sweep.errors import RequestError
from tests.auditor.habits import beside, course
from tests.auditor.students.making import make
from tests.test_cli import sweep

Change = Callable[[Any], None]


def changed(path: Path, change: Change, layout: Callable[[Path, int], None] = beside) -> Audit:
    """Audit a sheet that was right before `change`."""
    layout(path, 20)
    book = openpyxl.load_workbook(path)
    change(book.worksheets[-1])
    book.save(path)
    return audit(path)


def found(result: Audit) -> dict[str, tuple[str, str, int]]:
    """By heading: the mistake, the first wrong cell and how many are wrong."""
    return {
        f.column.heading: (f.cause.mistake.name, f.spots[0], len(f.spots))  # type: ignore[union-attr, misc]
        for table in result.tables
        for f in table.wrong
    }


def column_of(sheet: Any, heading: str) -> int:
    return next(cell.column for cell in sheet[2] if cell.value == heading)


def rewrite(sheet: Any, heading: str, old: str, new: str, rows: range = range(3, 23)) -> None:
    column = column_of(sheet, heading)
    for row in rows:
        text = str(sheet.cell(row, column).value)
        assert re.search(old, text), text
        sheet.cell(row, column).value = re.sub(old, new, text)


def test_what_follows_from_an_error_is_listed_in_all_rows_after_it(tmp_path: Path) -> None:
    def divide(sheet: Any) -> None:
        sheet.cell(5, column_of(sheet, "dEt/dW5")).value = "=1/0"

    (table,) = changed(tmp_path / "error.xlsx", divide).tables
    assert [f.column.role for f in table.wrong] == ["d_et_w5"]
    follows = {f.column.role: f.spots[0][0] for f in table.affected}
    assert follows["w5"] == 6
    assert {follows[role] for role in ("o1", "ao1", "e1", "et", "d_et_w1", "d_et_w6")} == {6}
    assert {follows[role] for role in ("o2", "ao2", "e2")} == {7}


def test_a_typed_e_is_named(tmp_path: Path) -> None:
    result = changed(
        tmp_path / "e.xlsx", lambda s: rewrite(s, "A_H1", r"EXP\((-.*?)\)\)", r"2.71828^(\1))")
    )
    assert found(result) == {"A_H1": ("e rounded", (3, column_at(result, "A_H1")), 20)}
    assert 1e-10 < result.tables[0].wrong[0].by < 1e-5


def column_at(result: Audit, heading: str) -> int:
    columns = result.tables[0].table.columns
    return next(c.spots[0][1] for c in columns if c.heading == heading)


def test_a_rate_that_slides_down_is_named(tmp_path: Path) -> None:
    def slide(sheet: Any) -> None:
        column = column_of(sheet, "W4")
        for row in range(4, 23):
            cell = sheet.cell(row, column)
            cell.value = str(cell.value).replace("$B$7", f"$B{row + 3}")

    result = changed(tmp_path / "s.xlsx", slide)
    # The first update still meets the rate; from the second on there is nothing.
    name, (row, _), count = found(result)["W4"]
    assert (name, row, count) == ("the rate from the wrong cell", 5, 18)


def test_a_mistake_that_is_another_in_each_row_is_told_once(tmp_path: Path) -> None:
    def slide(sheet: Any) -> None:
        column = column_of(sheet, "W4")
        for row in range(4, 23):  # another cell's number in each row, and none slides alike
            sheet.cell(40, 3 * row).value = 0.1 + row / 100
            cell = sheet.cell(row, column)
            place = openpyxl.utils.get_column_letter(3 * row)
            cell.value = str(cell.value).replace("$B$7", f"{place}$40")

    result = changed(tmp_path / "s.xlsx", slide)
    (finding,) = result.tables[0].wrong
    assert finding.cause is not None
    assert finding.cause.mistake.name == "the rate from the wrong cell"
    assert len(finding.spots) == 19


def test_a_series_filled_down_is_named(tmp_path: Path) -> None:
    def count(sheet: Any) -> None:
        for row in range(5, 24):
            sheet.cell(row, 3).value = 0.05 + row - 4

    result = changed(tmp_path / "f.xlsx", count, course)
    assert set(found(result)) == {"i1"}
    assert found(result)["i1"][0] == "a constant that changes"


def test_text_and_errors_and_gaps_are_named(tmp_path: Path) -> None:
    def spoil(sheet: Any) -> None:
        sheet.cell(7, column_of(sheet, "E1")).value = "see above"
        sheet.cell(8, column_of(sheet, "E2")).value = "=1/0"
        for row in range(9, 23):
            sheet.cell(row, column_of(sheet, "Et")).value = None

    names = {
        heading: what[0] for heading, what in found(changed(tmp_path / "t.xlsx", spoil)).items()
    }
    assert names["E1"] == "text in place of a number"
    assert names["Et"] == "an empty cell"
    assert set(names) == {"E1", "E2", "Et"}


def test_a_weight_without_a_number_is_named(tmp_path: Path) -> None:
    def clear(sheet: Any) -> None:
        for row in range(3, 23):
            sheet.cell(row, column_of(sheet, "W8")).value = None

    with pytest.raises(RequestError, match="no column of numbers is headed w8, which is needed"):
        changed(tmp_path / "w.xlsx", clear)


def test_numbers_as_text_and_helper_cells_are_no_mistake(tmp_path: Path) -> None:
    def help_(sheet: Any) -> None:
        sheet["B3"] = "0.05"
        sheet["AZ1"] = "my helper"
        for row in range(3, 23):
            sheet.cell(
                row, 60
            ).value = f"=1-{openpyxl.utils.get_column_letter(column_of(sheet, 'A_O1'))}{row}"
        rewrite(sheet, "dEt/dW5", r"\(1-[A-Z]+(\d+)\)", r"BH\1")

    result = changed(tmp_path / "h.xlsx", help_)
    assert result.correct, found(result)


def test_zeros_that_a_program_saved_for_values_are_computed_anew(tmp_path: Path) -> None:
    beside(tmp_path / "a.xlsx", 12)
    book = xlsxwriter.Workbook(str(tmp_path / "z.xlsx"))
    sheet = book.add_worksheet("Backprop")
    for row in openpyxl.load_workbook(tmp_path / "a.xlsx").active.iter_rows():
        for cell in row:
            if cell.value is not None:
                sheet.write(cell.row - 1, cell.column - 1, cell.value)
    book.close()
    result = audit(tmp_path / "z.xlsx")
    assert result.correct
    assert any("computed anew" in line for line in remarks(result))


def test_numbers_of_all_the_digits_that_programs_save_are_not_called_rounded(
    tmp_path: Path,
) -> None:
    path = tmp_path / "typed.xlsx"
    beside(path, 30, typed=True)
    book = openpyxl.load_workbook(path)
    for row in book.active.iter_rows():
        for cell in row:
            if isinstance(cell.value, float):
                cell.value = float(f"{cell.value:.15g}")
    book.save(path)
    result = audit(path)
    assert result.correct, found(result)
    assert not [line for line in remarks(result) if "rounded" in line]


def test_rounded_values_are_judged_by_what_they_show(tmp_path: Path) -> None:
    path = tmp_path / "v.xlsx"

    def rounded(sheet: Any) -> None:
        for row in sheet.iter_rows(min_row=3, min_col=5):
            for cell in row:
                if isinstance(cell.value, float):
                    cell.value = round(cell.value, 6)

    beside(path, 30, typed=True)
    book = openpyxl.load_workbook(path)
    rounded(book.active)
    book.save(path)
    result = audit(path)
    assert result.correct, found(result)
    assert any("rounded to 6 decimals" in line for line in remarks(result))
    book.active.cell(3 + 9, column_of(book.active, "dEt/dW6")).value = 0.5
    book.save(path)
    assert set(found(audit(path))) == {"dEt/dW6"}


def test_a_function_that_is_not_computed_leaves_its_saved_value(tmp_path: Path) -> None:
    beside(tmp_path / "v.xlsx", 10, typed=True)
    book = xlsxwriter.Workbook(str(tmp_path / "u.xlsx"))
    sheet = book.add_worksheet("Backprop")
    for row in openpyxl.load_workbook(tmp_path / "v.xlsx").active.iter_rows():
        for cell in row:
            if isinstance(cell.value, float) and cell.row > 2 and cell.column > 20:
                sheet.write_formula(cell.row - 1, cell.column - 1, "=MYMACRO(1)", None, cell.value)
            elif cell.value is not None:
                sheet.write(cell.row - 1, cell.column - 1, cell.value)
    book.close()
    assert audit(tmp_path / "u.xlsx").correct


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        ({"A1": "Month", "B1": "Income", "A2": 1, "B2": 300}, 'and "Month", "Income" found'),
        ({}, "no text at all was found"),
    ],
)
def test_a_sheet_of_something_else_is_refused(
    tmp_path: Path, cells: dict[str, Any], says: str
) -> None:
    book = openpyxl.Workbook()
    for place, value in cells.items():
        book.active[place] = value
    book.save(tmp_path / "o.xlsx")
    with pytest.raises(RequestError, match="no table of the 2-2-2 exercise") as error:
        audit(tmp_path / "o.xlsx")
    assert says in str(error.value)


def test_a_label_of_a_bias_is_no_bias_and_other_activations_are_refused(tmp_path: Path) -> None:
    def bias(sheet: Any) -> None:
        sheet["A8"], sheet["B8"] = "b1", 0.35

    result = changed(tmp_path / "b.xlsx", bias)
    assert result.correct
    assert any("biases are labelled, but its sums have none" in line for line in remarks(result))

    def tanh(sheet: Any) -> None:
        for unit in ("H1", "H2", "O1", "O2"):
            column = openpyxl.utils.get_column_letter(column_of(sheet, unit))
            rewrite(sheet, f"A_{unit}", r"^.*$", "=TANH(XX)")
            for row in range(3, 23):
                sheet.cell(row, column_of(sheet, f"A_{unit}")).value = f"=TANH({column}{row})"

    with pytest.raises(RequestError, match="TANH where the sigmoid belongs in all units"):
        changed(tmp_path / "t.xlsx", tanh)


def test_one_sheet_can_be_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "p.xlsx"
    make("sheets", 1, path)
    assert len(audit(path).tables) == 3
    assert [one.table.sheet for one in audit(path, "LR 2.0").tables] == ["LR 2.0"]
    with pytest.raises(RequestError, match=r'has no sheet "LR 3", but "LR 0\.1"'):
        audit(path, "LR 3")


def test_the_verdict_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "p.xlsx"
    course(path, 8)
    assert re.fullmatch(
        r".*p.xlsx: correct; 31 columns of 8 rows checked, "
        r"(none off by more than [1-9]\S*|all exactly right)",
        verdict(audit(path)),
    )


def test_the_rate_that_is_used_is_chosen_from_a_row_of_rates(tmp_path: Path) -> None:
    def rates(sheet: Any) -> None:
        sheet["B7"], sheet["C7"] = 0.1, 0.5
        for row in sheet.iter_rows(min_row=4):
            for cell in row:
                if isinstance(cell.value, str):
                    cell.value = cell.value.replace("$B$7", "$C$7")

    result = changed(tmp_path / "r.xlsx", rates)
    assert result.correct, found(result)
    assert result.tables[0].table.constants["eta"] == 0.5
    assert result.notes == []


def test_quotients_of_differences_are_no_gradients(tmp_path: Path) -> None:
    def check(sheet: Any) -> None:
        for at, heading in enumerate(("ΔE_T/ΔW5", "∂A_O1/∂o1", "∂I1/∂w1")):
            sheet.cell(2, 32 + at).value = heading
            for row in range(3, 23):
                output = openpyxl.utils.get_column_letter(column_of(sheet, "A_O1"))
                sheet.cell(row, 32 + at).value = (0.07, f"={output}{row}*(1-{output}{row})", 0)[at]

    result = changed(tmp_path / "q.xlsx", check)
    assert result.correct, found(result)
    assert result.tables[0].checked == 28


@pytest.mark.parametrize(
    ("study", "rates"),
    [
        ("lr_graphs", [0.1, 0.2, 0.5, 0.8, 1, 2]),
        ("lr_graphs_half", [0.1, 0.2, 0.5, 0.8, 1, 2]),
        ("step_by_step", [0.5]),
    ],
)
def test_the_projects_own_worksheets_are_correct(
    study: str, rates: list[float], tmp_path: Path
) -> None:
    done = sweep("worksheet", study, "--steps", "12", "--output", "own.xlsx", cwd=tmp_path)
    assert done.returncode == 0, done
    result = audit(tmp_path / "own.xlsx")
    assert result.correct, found(result)
    assert [judged.table.constants["eta"] for judged in result.tables] == rates
    # Nothing is left that follows from a mistake, and all columns but the checks were judged.
    assert not any(judged.affected or judged.unread for judged in result.tables)
    assert all(judged.checked >= 39 for judged in result.tables)


def test_deviations_are_told_in_percent_up_to_ten_times() -> None:
    told = [_by(by) for by in (1e-5, 0.0012, 0.05, 0.996, 1.0, 9.9, 250.0, float("nan"))]
    assert told == ["1e-05", "0.12%", "5%", "100%", "100%", "990%", "250 times", "no number"]
