"""The command that checks somebody's own sheet: audit."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sweep.cli.door import app
from sweep.cli.opening import writing
from sweep.cli.terminal import columns, note, printable

if TYPE_CHECKING:
    from sweep.auditor.judging import Judged

MISTAKES = 1
"""The exit status where mistakes were found, as that of `sweep verify` where damage was."""


@app.command()
def audit(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Somebody's sheet, ends in .xlsx.")],
    marked: Annotated[
        Path | None,
        typer.Option("--marked", metavar="COPY", help="Write a copy with the mistakes marked."),
    ] = None,
    sheet: Annotated[
        str | None,
        typer.Option("--sheet", metavar="NAME", help="Look at this sheet only; by default at all."),
    ] = None,
) -> None:
    """Check somebody's own backpropagation sheet, cell by cell."""
    from sweep.auditor.auditing import audit as audited
    from sweep.auditor.marking import check_place, mark
    from sweep.auditor.verdict import follow, remarks, summary, verdict

    if marked:
        check_place(file, marked)
    found = audited(file, sheet)
    print(printable(verdict(found)))
    for judged in found.tables:
        if len(found.tables) > 1 or judged.wrong:
            print(f"\n{printable(summary(judged))}")
        if judged.wrong:
            _show(judged)
            _tell(follow(judged))
    note(*remarks(found))
    if marked:
        with writing(marked):
            mark(found, marked)
        print(f"\n{printable(str(marked))}: the copy with marks")
    if not found.correct:
        raise typer.Exit(MISTAKES)


def _tell(line: str) -> None:
    if line:
        print(f"  {printable(line)}")


def _show(judged: "Judged") -> None:
    """Print a table's mistakes, framed on a terminal."""
    from sweep.auditor.verdict import HEADINGS, rows

    found = rows(judged)
    if not sys.stdout.isatty():
        columns([tuple(f"  {head}" if at == 0 else head for at, head in enumerate(HEADINGS)),
                 *((f"  {row[0]}", *row[1:]) for row in found)], right=(2, 3))  # fmt: skip
        return
    from rich.console import Console
    from rich.table import Table as Grid
    from rich.text import Text

    grid = Grid()
    for at, head in enumerate(HEADINGS):
        grid.add_column(head, justify="right" if at in (2, 3) else "left")
    for row in found:
        grid.add_row(*(Text(printable(cell)) for cell in row))
    Console().print(grid)
