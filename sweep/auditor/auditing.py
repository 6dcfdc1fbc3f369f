"""A whole workbook audited: every table of the exercise found, bound and judged."""

from dataclasses import dataclass, field
from pathlib import Path

from sweep.auditor.binding import bind
from sweep.auditor.book import Book, read_book
from sweep.auditor.judging import Judge, Judged
from sweep.auditor.layout import Table, bind_constants, find_tables
from sweep.auditor.mistakes import UNKNOWN
from sweep.errors import RequestError
from sweep.store.files import path_of


@dataclass
class Audit:
    """What became of a workbook's tables; `notes` is what was assumed, a sentence each."""

    path: Path
    tables: list[Judged] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def correct(self) -> bool:
        """Whether no column of any table is wrong."""
        return not any(table.wrong for table in self.tables)


def audit(path: str | Path, sheet: str | None = None) -> Audit:
    """Recompute a workbook's tables, each row from its own weights, and judge every column.

    Nothing of the file is executed: formulas are computed here, from a short list of functions.

    Args:
        path: an .xlsx file.
        sheet: the one sheet to look at; by default all.

    Raises:
        RequestError: the file cannot be read, or has no table of the 2-2-2 exercise.
    """
    path = path_of(path, "file")
    book = read_book(path)
    if sheet is not None and sheet not in book.sheets:
        names = ", ".join(f'"{name}"' for name in book.sheets)
        raise RequestError(f'{path}: has no sheet "{sheet}", but {names}')
    wanted = [sheet] if sheet is not None else list(book.sheets)
    found = {name: find_tables(book, book.sheets[name]) for name in wanted}
    tables = [table for some in found.values() for table in some]
    if not tables:
        raise RequestError(f"{path}: {_nothing(book, wanted)}")
    bind_constants(book, tables)
    result, refused = Audit(path), []
    result.notes += [
        f'sheet "{name}": saved values are not what the formulas give; all were computed anew'
        for name, some in found.items()
        if some and name in book.stale
    ]
    for table in tables:
        try:
            notes = bind(book, table)
            result.tables.append(_judged(book, table))
            result.notes += notes
        except RequestError as error:
            refused.append(str(error))
    if not result.tables:
        raise RequestError(f"{path}: {refused[0]}")
    result.notes += [f"{line}; not looked at" for line in refused]
    result.notes += [
        f'sheet "{name}": no table of the exercise' for name, some in found.items() if not some
    ]
    return result


def _judged(book: Book, table: Table) -> Judged:
    """Judge a table, unless hardly a column is what its heading says, or no unit is a sigmoid."""
    judged, where = Judge(table, book).judged(), f'sheet "{table.sheet}"'
    causes = [(f.column.role, f.cause) for f in judged.wrong if f.cause]
    strange = {role for role, cause in causes if cause.mistake is UNKNOWN}
    if len(strange) > 0.6 * judged.checked:
        raise RequestError(
            f"{where}: hardly a column is what the 2-2-2 exercise has under "
            "its heading: no biases, sigmoid, E = 1/2 (t - a)^2"
        )
    curves = {role: cause.told for role, cause in causes if role[0] == "a"}
    told = set(curves.values())
    if len(curves) > 2 and len(told) == 1 and " where the sigmoid" in (curve := told.pop()):
        raise RequestError(f"{where}: is of another exercise: {curve} in all units")
    return judged


def _nothing(book: Book, wanted: list[str]) -> str:
    """Say what was looked for, and what there is."""
    values = (value for name in wanted for value in book.sheets[name].values.values())
    texts = [value.strip() for value in values if isinstance(value, str) and value.strip()]
    seen = ", ".join(f'"{text[:20]}"' for text in texts[:5])
    return (
        "no table of the 2-2-2 exercise: headings w1 to w8 above (or left of) a number a step were "
        f"looked for, {f'and {seen} found' if texts else 'and no text at all was found'}"
    )
