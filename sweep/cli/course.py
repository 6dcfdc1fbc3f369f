"""Commands for students of the worked example: explain, worksheet."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sweep.cli.door import app
from sweep.cli.opening import load, writing
from sweep.cli.options import Name, Overrides
from sweep.errors import RequestError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sweep.course.document import Document


class Format(StrEnum):
    """How a derivation is written."""

    text = "text"
    markdown = "markdown"
    html = "html"


Trial = Annotated[
    list[str] | None,
    typer.Option(
        "--trial",
        metavar="AXIS=VALUE",
        help="Of which trial, such as learning_rate=0.5; by default the first. May be repeated.",
    ),
]


@app.command()
def explain(
    name: Name,
    step: Annotated[int, typer.Option(metavar="K", min=0, help="After how many updates.")] = 0,
    trial: Trial = None,
    sample: Annotated[
        int, typer.Option(metavar="N", min=1, help="Which of the step's samples to write out.")
    ] = 1,
    form: Annotated[Format, typer.Option("--format", help="How it is written.")] = Format.text,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to; by default to the terminal.")
    ] = None,
    diagram: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also draw the network; ends in .png, .svg or .pdf."),
    ] = None,
    overrides: Overrides = None,
) -> None:
    """Derive every gradient of one step of a trial of STUDY, in symbols and in numbers."""
    from sweep.course.explain import explain as derive
    from sweep.course.snapshot import snapshot_of
    from sweep.views.saving import FORMATS, save_figure

    if diagram and diagram.suffix[1:] not in FORMATS:
        endings = ", ".join(f".{ending}" for ending in FORMATS)
        raise RequestError(f'{diagram}: the ending must be {endings}, not "{diagram.suffix}"')
    study = load(name, overrides)[1]
    snapshot = snapshot_of(study, trial or (), step)
    document, figure = derive(snapshot, sample), None
    if diagram or form is Format.html:
        from sweep.course.diagram import draw_network

        figure = draw_network(snapshot, sample)
    if diagram and figure:
        with writing(diagram):
            save_figure(figure, diagram.parent, diagram.stem, [diagram.suffix[1:]])
    if output is None:
        _show(document, form, figure, diagram)
    else:
        with writing(output):
            output.write_text(_text(document, form, figure, diagram), encoding="utf-8")
        print(output)
    if diagram:
        print(diagram)


def _show(
    document: "Document", form: Format, figure: "Figure | None", diagram: Path | None
) -> None:
    if form is not Format.text:
        print(_text(document, form, figure, diagram), end="")
        return
    from rich.console import Console

    from sweep.course.document import terminal

    Console(highlight=False).print(terminal(document))


def _text(document: "Document", form: Format, figure: "Figure | None", diagram: Path | None) -> str:
    from sweep.course.diagram import svg
    from sweep.course.document import html, markdown, plain

    if form is Format.html:
        return html(document, svg(figure) if figure else "")
    if form is Format.markdown:
        return markdown(document, diagram.name if diagram else "")
    return plain(document)


@app.command()
def worksheet(
    name: Name,
    steps: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="How many; by default the study's, at most 200."),
    ] = None,
    trial: Annotated[
        list[str] | None,
        typer.Option(
            "--trial",
            metavar="AXIS=VALUE",
            help="Of which trials, such as learning_rate=0.5; by default all. May be repeated.",
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Ends in .xlsx; by default STUDY.xlsx.")
    ] = None,
    overrides: Overrides = None,
) -> None:
    """Write STUDY as a spreadsheet with live formulas, a sheet a trial."""
    from sweep.course.workbook import write_workbook
    from sweep.course.worksheet import plan_worksheet

    study = load(name, overrides)[1]
    file = output or Path(f"{study.name}.xlsx")
    if file.suffix != ".xlsx":
        raise RequestError(f'{file}: the ending must be .xlsx, not "{file.suffix}"')
    plan = plan_worksheet(study, steps, trial or ())
    with writing(file):
        write_workbook(plan, file)
    sheets = len(plan.trials)
    steps_said = f"{plan.steps:,} step{'s' * (plan.steps > 1)}"
    print(f"{file}: {sheets} sheet{'s' * (sheets > 1)} of {steps_said}")
