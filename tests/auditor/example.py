"""The sheet in docs/audit.md: `python -m tests.auditor.example FILE.xlsx`."""

import sys
from pathlib import Path

import openpyxl

from tests.auditor.habits import beside


def write(path: Path) -> None:
    """Write 16 steps with two mistakes, to be printed on one wide page."""
    beside(path, 16, {"o1": "{w5}*{a2}+{w6}*{a2}", "w8": "{-w8}-{eta}*{-g1}"})
    book = openpyxl.load_workbook(path)
    sheet = book["Backprop"]
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = openpyxl.worksheet.properties.PageSetupProperties(
        fitToPage=True
    )
    sheet.page_margins = openpyxl.worksheet.page.PageMargins(0.2, 0.2, 0.2, 0.2)
    for column in range(1, 32):
        letter = openpyxl.utils.get_column_letter(column)
        sheet.column_dimensions[letter].width = 2 if column == 3 else 7.5
    for cells in sheet.iter_rows(min_row=3, min_col=5):
        for cell in cells:
            cell.number_format = "0.0000"
    book.save(path)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
