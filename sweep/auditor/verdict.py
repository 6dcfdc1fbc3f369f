"""What an audit found: a verdict, a row a mistake, and a copy with the wrong cells marked."""

import re
import warnings
from io import BytesIO
from pathlib import Path

import numpy as np
import openpyxl
from openpyxl.comments import Comment
from openpyxl.styles import PatternFill

from sweep.auditor.auditing import Audit
from sweep.auditor.book import address
from sweep.auditor.changing import spelled, written
from sweep.auditor.judging import Finding, Judged
from sweep.auditor.roles import WEIGHTS
from sweep.errors import RequestError, SweepError
from sweep.store.files import complete

LONGEST_SHOWN = 40
WRONG, FOLLOWS = "FFF4B6B0", "FFFFF2CC"
"""Red for wrong cells; pale yellow for those that are computed from them."""

MOST_COMMENTS = 10
"""How many cells of a column are commented; all wrong ones are coloured."""

HEADINGS = ("column", "from", "cells", "off by", "mistake")


def verdict(audit: Audit) -> str:
    """Return the verdict in one line."""
    wrong = sum(len({f.column.heading for f in table.wrong}) for table in audit.tables)
    checked = _some(sum(table.checked for table in audit.tables), "column")
    if wrong:
        return f"{audit.path}: {wrong} of {checked} {'is' if wrong == 1 else 'are'} wrong"
    steps = _some(sum(table.table.rows for table in audit.tables), "row")
    largest = max(table.largest for table in audit.tables)
    off = f"none off by more than {largest:.1g}" if largest else "all exactly right"
    return f"{audit.path}: correct; {checked} of {steps} checked, {off}"


def summary(judged: Judged) -> str:
    """Return in one line which table this is about."""
    table = judged.table
    rows, columns = zip(*(spot for one in table.columns for spot in one.spots), strict=True)
    cells = ":".join(address((end(rows), end(columns))) for end in (min, max))
    rate = table.constants.get("eta")
    told = f" at rate {rate:g}" if rate is not None else ""
    state = "correct" if not judged.wrong else f"{_some(len(judged.wrong), 'mistake')}"
    return f'sheet "{table.sheet}", {cells}, {_some(table.rows, "step")}{told}: {state}'


def rows(judged: Judged) -> list[tuple[str, ...]]:
    """Return a row for each mistake, under `HEADINGS`; one row for columns that share it."""
    together: dict[object, list[Finding]] = {}
    for finding in judged.wrong:
        together.setdefault((finding.cause, finding.rows.tobytes()), []).append(finding)
    return [
        (
            ", ".join(short(finding.column.heading) for finding in alike),
            address(alike[0].spots[0]),
            f"{sum(len(finding.spots) for finding in alike):,}",
            _by(max(finding.by for finding in alike)),
            str(alike[0].cause),
        )
        for alike in together.values()
    ]


def _by(by: float) -> str:
    """Return a relative deviation for people."""
    if not np.isfinite(by):
        return "no number"
    if by >= 10:
        return f"{by:.3g} times"
    if by >= 0.1:
        return f"{100 * by:.0f}%"
    return f"{100 * by:.2g}%" if by >= 1e-4 else f"{by:.1g}"


def follow(judged: Judged) -> str:
    """Return in one line which columns only follow from wrong ones; empty if none does."""
    names = [short(finding.column.heading) for finding in judged.affected]
    if not names:
        return ""
    shown = ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
    return f"right in themselves, but computed from wrong numbers: {shown}"


def remarks(audit: Audit) -> list[str]:
    """Return what was assumed and what could not be read, a sentence each."""
    found = list(audit.notes)
    for judged in audit.tables:
        where = f'sheet "{judged.table.sheet}"'
        found += [
            f"{where}: formulas of {short(heading)} cannot be computed ({why}); "
            "their saved values were judged"
            for heading, why in judged.unread.items()
        ]
        if judged.unfinished:
            told = "row is" if judged.unfinished == 1 else f"{judged.unfinished} rows are"
            found.append(f"{where}: the last {told} not finished; empty cells there are not judged")
        if (apart := judged.table.stride) != 1:
            found.append(f"{where}: its rows are {apart:g} steps apart; the updates are not judged")
        roles = {column.role for column in judged.table.columns}
        if gone := [f"dE/d{w}" for w in WEIGHTS if f"d_et_{w}" not in roles]:
            none = "dE/dw1 to dE/dw8" if len(gone) == len(WEIGHTS) else ", ".join(gone)
            found.append(f"{where}: has no column of {none}; they are judged by the updates alone")
        if judged.decimals is not None:
            told = f"numbers are rounded to {judged.decimals} decimals"
            found.append(f"{where}: {told}; smaller mistakes do not show")
    alike: dict[str, list[str]] = {}
    for note in found:
        name, _, text = note.removeprefix("sheet ").partition('": ')
        alike.setdefault(text, []).append(f'{name}"')
    return [
        f"{'sheet' if len(names) == 1 else 'sheets'} {', '.join(dict.fromkeys(names))}: {text}"
        for text, names in alike.items()
    ]


def short(heading: str) -> str:
    """Return a heading without the formula in it."""
    name = re.split(r"[=:]", heading)[0].strip() or heading
    return name if len(name) <= LONGEST_SHOWN else name[: LONGEST_SHOWN - 1] + "…"


def comment(finding: Finding, at: int) -> str:
    """Return what is said at a wrong cell, `at` its row in the table."""
    cause = finding.cause
    assert cause is not None
    here = [f"Here: {cause.told}."] if cause.told else []
    lines = [f"Wrong: {cause.mistake.name}.", *here, cause.mistake.sentence]
    if finding.way is not None:
        lines.append(f"Right: {spelled(finding.column.role)} = {written(finding.way)}")
    expected = finding.right[at]
    if np.isfinite(expected):
        lines.append(f"Right for this row's weights: {expected:.10g}")
    return "\n".join(lines)


def _some(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


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
                for finding in judged.affected + judged.wrong:
                    color = WRONG if finding.cause else FOLLOWS
                    for spot in finding.spots:
                        sheet.cell(*spot).fill = PatternFill("solid", start_color=color)
                for finding in judged.wrong:
                    for at in np.flatnonzero(finding.rows)[:MOST_COMMENTS]:
                        cell = sheet.cell(*finding.column.spots[at])
                        said = [cell.comment.text] if cell.comment else []
                        text = "\n\n".join([*said, comment(finding, int(at))])
                        cell.comment = Comment(text, "sweep audit", height=150, width=360)
            book.properties.lastModifiedBy = "sweep audit"  # may be written over
            book.save(made)
        except OSError:
            raise
        except Exception as error:
            raise SweepError(f"{audit.path}: cannot be copied with marks: {error}") from error
    with complete(path) as temporary:
        temporary.write_bytes(made.getbuffer())
