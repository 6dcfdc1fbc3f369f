"""Commands for students of the worked example: explain, worksheet, audit."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from typer import Argument, Exit, Option

from sweep.cli.door import Json, Name, Overrides, Size, app, edits_of
from sweep.cli.terminal import columns, note, plural, printable, tell
from sweep.errors import RequestError

if TYPE_CHECKING:
    from sweep.auditor.auditing import Audit

MISTAKES = 1
"""The exit status where mistakes were found, as that of `sweep verify` where damage was."""


Trial = Annotated[
    list[str] | None,
    Option(
        metavar="AXIS=VALUE",
        help="Of which, such as learning_rate=0.5; by default the first, or all where all can be. "
        "May be repeated.",
    ),
]


@app.command()
def explain(  # noqa: PLR0913 - a command's options are its arguments
    name: Name,
    step: Annotated[int, Option(metavar="K", min=0, help="After how many updates.")] = 0,
    trial: Trial = None,
    sample: Annotated[
        int, Option(metavar="N", min=1, help="Which of the step's samples to write out.")
    ] = 1,
    form: Annotated[
        Literal["text", "markdown", "html"], Option("--format", help="How it is written.")
    ] = "text",
    output: Annotated[
        Path | None, Option(metavar="FILE", help="Where to; by default to the terminal.")
    ] = None,
    diagram: Annotated[
        Path | None,
        Option(metavar="FILE", help="Also draw the network; ends in .png, .svg or .pdf."),
    ] = None,
    overrides: Overrides = None,
    size: Size = None,
) -> None:
    """Derive every gradient of one step of a trial of STUDY, in symbols and in numbers."""
    from sweep.course.derivation import explain
    from sweep.course.languages import spelled

    encoding = sys.stdout.encoding or "utf-8"
    found = explain(
        name,
        step=step,
        trial=trial or (),
        sample=sample,
        overrides=edits_of(name, overrides, size),
    )
    if output:
        found.refuse(output, form)
    if diagram:
        found.draw(diagram)
    picture = diagram.name if diagram else ""
    if output:
        print(found.save(output, form, picture))
    elif form == "text":
        from rich.console import Console

        from sweep.course.document import terminal

        Console(highlight=False).print(terminal(found.document, encoding))
    else:
        text = found.written(form, picture)
        if form == "html" and encoding.lower() != "utf-8":
            text = text.encode("ascii", "xmlcharrefreplace").decode()
        print(spelled(text, encoding), end="")
    if diagram:
        print(diagram)


@app.command()
def worksheet(
    name: Name,
    steps: Annotated[
        int | None,
        Option(metavar="N", min=1, help="How many; by default the study's, at most 200."),
    ] = None,
    trial: Trial = None,
    output: Annotated[
        Path | None, Option(metavar="FILE", help="Ends in .xlsx; by default STUDY.xlsx.")
    ] = None,
    overrides: Overrides = None,
    size: Size = None,
) -> None:
    """Write STUDY as a spreadsheet with live formulas, a sheet a trial."""
    from sweep.course.workbook import worksheet

    made = worksheet(
        name, output, steps=steps, trial=trial or (), overrides=edits_of(name, overrides, size)
    )
    print(f"{made.file}: {plural(made.sheets, 'sheet')} of {plural(made.steps, 'step')}")


@app.command()
def audit(
    file: Annotated[Path, Argument(metavar="FILE", help="Somebody's sheet, ends in .xlsx.")],
    marked: Annotated[
        Path | None, Option(metavar="COPY", help="Write a copy with the mistakes marked.")
    ] = None,
    sheet: Annotated[
        str | None, Option(metavar="NAME", help="Look at this sheet only; by default at all.")
    ] = None,
    json: Json = False,
) -> None:
    """Check somebody's own backpropagation sheet, cell by cell."""
    from sweep.auditor.auditing import audit
    from sweep.auditor.marking import check_place, mark
    from sweep.store.files import refuse_place, told

    if marked:
        check_place(file, marked)
        refuse_place(marked, "audit")
    found = audit(file, sheet)
    if json:
        _tell(found)
    else:
        _print(found)
    if marked:
        with told(f"{marked}: cannot be written", RequestError):
            mark(found, marked)
        if not json:
            none = "the copy, without marks, for nothing is wrong"
            print(f"\n{printable(str(marked))}: {none if found.correct else 'the copy with marks'}")
    if not found.correct:
        raise Exit(MISTAKES)


def _tell(found: "Audit") -> None:
    from sweep.auditor.verdict import HEADINGS, follow, remarks, rows, summary, verdict

    keys = [heading.replace(" ", "_") for heading in HEADINGS]
    tables = [
        {
            "sheet": judged.table.sheet,
            "summary": summary(judged),
            "mistakes": [dict(zip(keys, row, strict=True)) for row in rows(judged)],
            "follows": follow(judged),
        }
        for judged in found.tables
    ]
    whole = {"file": found.path, "correct": found.correct, "verdict": verdict(found)}
    tell(whole | {"tables": tables, "remarks": remarks(found)})


def _print(found: "Audit") -> None:
    """Print the verdict, then each table's mistakes."""
    from sweep.auditor.verdict import HEADINGS, follow, remarks, rows, summary, verdict

    print(printable(verdict(found)))
    for judged in found.tables:
        if len(found.tables) > 1 or judged.wrong:
            print(f"\n{printable(summary(judged))}")
        if judged.wrong:
            columns([(f"  {one}", *rest) for one, *rest in (HEADINGS, *rows(judged))], right=(2, 3))
            if line := follow(judged):
                print(f"  {printable(line)}")
    note(*remarks(found))
