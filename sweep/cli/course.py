"""Commands for students of the worked example: explain, worksheet, audit."""

import sys
from pathlib import Path
from typing import Annotated, Literal

from typer import Argument, Exit, Option

from sweep.cli.door import Json, Name, Overrides, Size, app, edits_of
from sweep.cli.terminal import columns, note, plural, printable, tell
from sweep.errors import RequestError

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

        def spelled(text: str) -> str:
            return text.encode(encoding, "sweep").decode(encoding)

        Console(highlight=False).print(terminal(found.document, spelled))
    else:
        text = found.written(form, picture)
        if form == "html" and encoding.lower() != "utf-8":
            text = text.encode("ascii", "xmlcharrefreplace").decode()
        print(text, end="")
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
    from sweep.auditor import verdict
    from sweep.auditor.auditing import audit
    from sweep.store.files import refuse_place, told

    if marked:
        verdict.check_place(file, marked)
        refuse_place(marked, "audit")
    found = audit(file, sheet)
    if json:
        keys = [heading.replace(" ", "_") for heading in verdict.HEADINGS]
        tables = [
            {
                "sheet": judged.table.sheet,
                "summary": verdict.summary(judged),
                "mistakes": [dict(zip(keys, row, strict=True)) for row in verdict.rows(judged)],
                "follows": verdict.follow(judged),
            }
            for judged in found.tables
        ]
        whole = {"file": found.path, "correct": found.correct, "verdict": verdict.verdict(found)}
        tell(whole | {"tables": tables, "remarks": verdict.remarks(found)})
    else:
        print(printable(verdict.verdict(found)))
        for judged in found.tables:
            if len(found.tables) > 1 or judged.wrong:
                print(f"\n{printable(verdict.summary(judged))}")
            if judged.wrong:
                rows = (verdict.HEADINGS, *verdict.rows(judged))
                columns([(f"  {one}", *rest) for one, *rest in rows], right=(2, 3))
                if line := verdict.follow(judged):
                    print(f"  {printable(line)}")
        note(*verdict.remarks(found))
    if marked:
        with told(f"{marked}: cannot be written", RequestError):
            verdict.mark(found, marked)
        if not json:
            none = "the copy, without marks, for nothing is wrong"
            print(f"\n{printable(str(marked))}: {none if found.correct else 'the copy with marks'}")
    if not found.correct:
        raise Exit(1)
