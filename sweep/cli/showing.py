"""Commands that show what was trained: plot, export, report."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from sweep.cli.door import RESULTS, Folder, Name, Only, Overrides, app, trained
from sweep.cli.terminal import plural, short
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


def import_seaborn() -> None:
    """Import seaborn without scipy.stats, which takes as long as a figure and no figure needs.

    Seaborn does without scipy where there is none, and in the process of one command there is none
    until it is imported; who draws from Python has all of it.
    """
    if "scipy" not in sys.modules:
        sys.modules["scipy"] = None  # type: ignore[assignment]
        try:
            import seaborn  # noqa: F401
        finally:
            del sys.modules["scipy"]


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
    xlim: Annotated[
        str | None, typer.Option("--xlim", metavar="A:B", help="The ends of the axis across.")
    ] = None,
    ylim: Annotated[
        str | None, typer.Option("--ylim", metavar="A:B", help="The ends of the axis up.")
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="NAME=VALUE", help="Trials to show. May be repeated."),
    ] = None,
    overrides: Overrides = None,
    results: Folder = RESULTS,
) -> None:
    """Draw figures of STUDY into its results."""
    import_seaborn()
    from sweep.store.files import told
    from sweep.views.kinds import plots
    from sweep.views.saving import USUAL, save_figure
    from sweep.views.source import Options, pair_of

    if log and linear:
        raise RequestError("--log, --linear: scales are the one or the other, not both")
    inches, across, up = (
        pair_of(option, text) if text else None
        for option, text in (("size", size), ("xlim", xlim), ("ylim", ylim))
    )
    asked = Options(
        x=x, y=y, hue=hue, col=col, measure=measure, log=log if log or linear else None,
        trial=tuple(trial or ()), size=inches, xlim=across, ylim=up, only=tuple(only or ()),
    )  # fmt: skip
    found = trained(name, overrides, results)
    figures = plots(found, kind, asked)
    directory = found.directory / "figures"
    for stem, figure in figures.items():
        with told(f"{directory}: cannot be written", RequestError):
            paths = save_figure(figure, directory, stem, formats or USUAL)
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
    from sweep.store.export import check_ending, export

    check_ending(file)
    rows = export(trained(name, overrides, results), file, table)
    print(f"{file}: {plural(rows, 'row')}")


@app.command()
def report(
    name: Name,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="The page, ending in .html.")
    ] = None,
    only: Only = None,
    overrides: Overrides = None,
    results: Folder = RESULTS,
) -> None:
    """Write one page about what STUDY found."""
    import_seaborn()
    from sweep.views.report.writing import check_ending, report

    if output is not None:
        check_ending(output)
    found = trained(name, overrides, results)
    path = report(found, output, only=only or (), overrides=overrides or ())
    print(f"{path}: {short(path.stat().st_size, 'B')}, for any browser")
