"""A copy of a workbook with its wrong cells coloured and explained; the original is not touched."""

import warnings
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
from openpyxl.comments import Comment
from openpyxl.styles import PatternFill

from sweep.auditor.auditing import Audit
from sweep.auditor.judging import Finding
from sweep.auditor.verdict import comment
from sweep.errors import RequestError, SweepError
from sweep.store.files import complete

WRONG, FOLLOWS = "FFF4B6B0", "FFFFF2CC"
"""Red for wrong cells; pale yellow for those that are computed from them."""

MOST_COMMENTS = 10
"""How many cells of a column are commented; all wrong ones are coloured."""


def check_place(audited: Path, marked: Path) -> None:
    """Refuse to write a marked copy where it could not be opened or would replace the original.

    Raises:
        RequestError: the ending is not .xlsx, or it is the audited file itself.
    """
    if marked.suffix.lower() != ".xlsx":
        raise RequestError(f'{marked}: the ending must be .xlsx, not "{marked.suffix}"')
    if marked.exists() and audited.exists() and marked.samefile(audited):
        raise RequestError(f"{marked}: is the audited file itself; choose another name")


def mark(audit: Audit, path: Path) -> None:
    """Write the marked copy: fills on all wrong cells, comments on the first of each column.

    openpyxl writes it: formulas, formats, comments and charts are kept; macros, links to other
    workbooks, shapes and pivot tables are not, and values are there once a program recomputes.

    Raises:
        SweepError: openpyxl cannot read or write the workbook.
    """
    made = BytesIO()  # on a full disk a zip file complains once more when it is thrown away
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what openpyxl drops is said in the documentation
        try:
            book = openpyxl.load_workbook(audit.path, keep_links=False)
            for judged in audit.tables:
                sheet = book[judged.table.sheet]
                for finding in judged.affected:
                    _fill(sheet, finding, FOLLOWS)
                for finding in judged.wrong:
                    _fill(sheet, finding, WRONG)
                    _explain(sheet, finding)
            book.properties.lastModifiedBy = "sweep audit"  # may be written over
            book.save(made)
        except OSError:
            raise
        except Exception as error:
            raise SweepError(f"{audit.path}: cannot be copied with marks: {error}") from error
    with complete(path) as temporary:
        temporary.write_bytes(made.getbuffer())


def _fill(sheet: Any, finding: Finding, color: str) -> None:
    fill = PatternFill("solid", start_color=color)
    for spot in finding.spots:
        sheet.cell(*spot).fill = fill


def _explain(sheet: Any, finding: Finding) -> None:
    for at in np.flatnonzero(finding.rows)[:MOST_COMMENTS]:
        cell = sheet.cell(*finding.column.spots[at])
        text = comment(finding, int(at))
        if cell.comment:
            text = f"{cell.comment.text}\n\n{text}"
        cell.comment = Comment(text, "sweep audit", height=150, width=360)
