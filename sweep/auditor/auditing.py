"""A whole workbook audited: every table of the exercise found, bound and judged."""

from dataclasses import dataclass, field
from pathlib import Path

from sweep.auditor.binding import bind
from sweep.auditor.computing import Calculator
from sweep.auditor.judging import Judge, Judged
from sweep.auditor.layout import bind_constants, find_tables
from sweep.auditor.mistakes import UNKNOWN
from sweep.auditor.reading import Book, read_book
from sweep.errors import RequestError


@dataclass
class Audit:
    """What became of a workbook's tables; `notes` is what was assumed, a sentence each."""

    path: Path
    tables: list[Judged]
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
    path = Path(path)
    book = read_book(path)
    wanted = _wanted(path, book, sheet)
    calculator = Calculator(book)
    found = {name: find_tables(book, book.sheets[name]) for name in wanted}
    tables = [table for some in found.values() for table in some]
    if not tables:
        raise RequestError(f"{path}: {_nothing(book, wanted)}")
    bind_constants(book, tables, calculator)
    notes = [
        f'sheet "{name}": saved values are not what the formulas give; all were computed anew'
        for name in calculator.stale
        if found.get(name)
    ]
    judged = []
    refused: list[str] = []
    for table in tables:
        try:
            notes += bind(book, table, calculator)
            judged.append(Judge(table, calculator).judged())
            _refuse_strange(judged[-1])
        except RequestError as error:
            refused.append(str(error))
            judged = [one for one in judged if one.table is not table]
    if not judged:
        raise RequestError(f"{path}: {refused[0]}")
    notes += [f"{line}; not looked at" for line in refused]
    notes += [
        f'sheet "{name}": no table of the exercise' for name, some in found.items() if not some
    ]
    return Audit(path, judged, notes)


def _wanted(path: Path, book: Book, sheet: str | None) -> list[str]:
    if sheet is None:
        return list(book.sheets)
    if sheet not in book.sheets:
        names = ", ".join(f'"{name}"' for name in book.sheets)
        raise RequestError(f'{path}: has no sheet "{sheet}", but {names}')
    return [sheet]


def _nothing(book: Book, wanted: list[str]) -> str:
    """Say what was looked for, and what there is."""
    texts = [
        value.strip()
        for name in wanted
        for value in book.sheets[name].values.values()
        if isinstance(value, str) and value.strip()
    ]
    seen = ", ".join(f'"{text[:20]}"' for text in texts[:5])
    return (
        "no table of the 2-2-2 exercise: headings w1 to w8 above (or left of) a number a step were "
        f"looked for, {f'and {seen} found' if texts else 'and no text at all was found'}"
    )


def _refuse_strange(judged: Judged) -> None:
    """Refuse a table in which hardly a column is what its heading says."""
    strange = [f for f in judged.wrong if f.cause and f.cause.mistake is UNKNOWN]
    if len({f.column.role for f in strange}) > 0.6 * judged.checked:
        raise RequestError(
            f'sheet "{judged.table.sheet}": hardly a column is what the 2-2-2 exercise has under '
            "its heading: no biases, sigmoid, E = 1/2 (t - a)^2"
        )
