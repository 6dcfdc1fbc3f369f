"""Commands that show what was trained: plot, export."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sweep.cli.door import app
from sweep.cli.opening import refuse_own, trained, writing
from sweep.cli.options import RESULTS, Folder, Name, Overrides
from sweep.errors import RequestError

if TYPE_CHECKING:
    from sweep.store.results import Results
    from sweep.views.kinds import Subject


class Table(StrEnum):
    """The tables of a study's results."""

    trials = "trials"
    curves = "curves"
    parameters = "parameters"


@app.command()
def plot(
    name: Name,
    kind: Annotated[
        str | None,
        typer.Argument(metavar="[KIND]", help="By default those that suit the study."),
    ] = None,
    overrides: Overrides = None,
    results: Folder = RESULTS,
) -> None:
    """Draw figures of STUDY, or of the last run of `bench`, into its results."""
    from sweep.cli.benchmark import plot_bench
    from sweep.store.folder import BENCH
    from sweep.views.kinds import choose, draw
    from sweep.views.saving import save_figure

    if name == BENCH:
        plot_bench(kind, overrides, results)
        return
    found = trained(name, overrides, results)
    subject = subject_of(found)
    kinds = [kind] if kind else choose(subject)
    if not kinds:
        raise RequestError(f"{found.study.name}: one trial without curves leaves nothing to draw")
    for one in kinds:
        figure = draw(one, subject)
        with writing(found.directory / "figures"):
            paths = save_figure(figure, found.directory / "figures", one)
        print(*paths, sep="\n")


def subject_of(found: "Results") -> "Subject":
    """Return what figures of a study are drawn from."""
    from sweep.views.kinds import Subject

    study = found.study
    recorded = any(len(group.record.loss_steps(group.steps)) for group in study.groups())
    axes = tuple(axis.name for axis in study.axes)
    return Subject(
        title=study.title,
        axes=axes,
        trials=found.trials(["trial", *axes, "final_loss", "outcome"]),
        curves=found.curves if recorded else None,
        marks=study.plot.mark,
    )


@app.command()
def export(
    name: Name,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Ends in .csv, .parquet or .xlsx.")],
    table: Annotated[Table, typer.Option(help="Which table.")] = Table.trials,
    overrides: Overrides = None,
    results: Folder = RESULTS,
) -> None:
    """Write a table of STUDY to a file."""
    from sweep.views.export import check_ending, export_table

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
