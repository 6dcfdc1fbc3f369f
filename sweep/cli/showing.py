"""Commands that show what was trained: plot, export."""

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from sweep.cli.door import app
from sweep.cli.opening import refuse_own, trained, writing
from sweep.cli.options import RESULTS, Folder, Name, Overrides
from sweep.errors import RequestError


class Table(StrEnum):
    """The tables of a study's results."""

    trials = "trials"
    curves = "curves"
    parameters = "parameters"


class Format(StrEnum):
    """What figures are written as."""

    png = "png"
    svg = "svg"
    pdf = "pdf"


@app.command()
def plot(  # noqa: PLR0913 - a command's options are its arguments
    name: Name,
    kind: Annotated[
        str | None,
        typer.Argument(metavar="[KIND]", help="By default those that suit the study."),
    ] = None,
    x: Annotated[str | None, typer.Option("--x", metavar="AXIS", help="The axis across.")] = None,
    y: Annotated[str | None, typer.Option("--y", metavar="AXIS", help="The axis up.")] = None,
    hue: Annotated[
        str | None, typer.Option("--hue", metavar="AXIS", help="A colour a value of this axis.")
    ] = None,
    col: Annotated[
        str | None, typer.Option("--col", metavar="AXIS", help="A panel a value of this axis.")
    ] = None,
    measure: Annotated[
        str | None, typer.Option("--measure", metavar="MEASURE", help="Instead of the loss.")
    ] = None,
    log: Annotated[bool, typer.Option("--log", help="Logarithmic scales.")] = False,
    linear: Annotated[bool, typer.Option("--linear", help="Linear scales.")] = False,
    rank: Annotated[bool, typer.Option("--rank", help="Colours of a heatmap by rank.")] = False,
    trial: Annotated[
        list[int] | None,
        typer.Option("--trial", metavar="N", help="A trial to show. May be repeated."),
    ] = None,
    formats: Annotated[
        list[Format] | None,
        typer.Option("--format", metavar="FORMAT", help="png, svg or pdf; png and svg by default."),
    ] = None,
    size: Annotated[
        str | None, typer.Option("--size", metavar="WxH", help="Inches, such as 7x4.5.")
    ] = None,
    overrides: Overrides = None,
    results: Folder = RESULTS,
) -> None:
    """Draw figures of STUDY into its results."""
    from sweep.views.kinds import Choice, choose, draw
    from sweep.views.saving import USUAL, fits, save_figure
    from sweep.views.source import Options, Source, size_of

    if log and linear:
        raise RequestError("--log, --linear: scales are the one or the other, not both")
    options = Options(
        x, y, hue, col, measure, log if log or linear else None, rank, tuple(trial or ()),
        size_of(size) if size else None,
    )  # fmt: skip
    found = trained(name, overrides, results)
    subject = Source.of(found)
    choices = [Choice(kind, options)] if kind else choose(subject, options)
    if not choices:
        raise RequestError(f"{found.study.name}: one trial without curves leaves nothing to draw")
    figures = {one: draw(one.kind, subject, one.options) for one in choices}
    for one, figure in figures.items():
        if size and not fits(figure):
            usual = draw(one.kind, subject, replace(one.options, size=None)).get_size_inches()
            better = "x".join(f"{inches:.3g}" for inches in usual)
            raise RequestError(f"--size {size} is too small for {one.kind}; try {better}")
    for one, figure in figures.items():
        with writing(found.directory / "figures"):
            paths = save_figure(figure, found.directory / "figures", one.name, formats or USUAL)
        print(*paths, sep="\n")


@app.command()
def export(
    name: Name,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Ends in .csv, .parquet or .xlsx.")],
    table: Annotated[Table, typer.Option(help="Which table.")] = Table.trials,
    overrides: Overrides = None,
    results: Folder = RESULTS,
) -> None:
    """Write a table of STUDY to a file."""
    from sweep.store.export import check_ending, export_table

    check_ending(file)
    found = trained(name, overrides, results)
    refuse_own(file, found)
    rows = getattr(found, table)()
    if rows.empty:
        raise RequestError(
            f"{found.study.name}: no {table} were recorded; see [record] in the study"
        )
    with writing(file):
        export_table(rows, file)
    print(f"{file}: {len(rows):,} rows")
