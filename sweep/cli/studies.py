"""Commands about studies and their results: from new to verify, and plot, export, report."""

import sys
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Literal

from typer import Argument, Exit, Option

from sweep.cli.door import (
    RESULTS,
    Axis,
    Folder,
    Json,
    Name,
    Only,
    Overrides,
    Size,
    Threads,
    app,
    edits_of,
    trained,
)
from sweep.cli.terminal import columns, note, plural, printable, tell
from sweep.errors import RequestError
from sweep.runs.progress import duration, short

if TYPE_CHECKING:
    from sweep.runs.studies import Plan

Format = StrEnum("Format", ["png", "svg", "pdf"])
_REFINED = "and all cells that disagree are split"
_DISK_SHARE = 0.5  # of what is free: others write too, and the guess is rough


@app.command()
def new(
    file: Annotated[Path, Argument(metavar="FILE", help="The file to make.")],
    start: Annotated[
        str, Option("--from", metavar="STUDY", help="A study to start from, in place of ours.")
    ] = "",
) -> None:
    """Write a commented study to start from."""
    from sweep.runs.studies import new

    made = new(file, start)
    command = quote(str(made))
    print(f"{made}: a study that runs as it is; edit it, then `sweep run {command}`")


@app.command(name="list")
def list_studies(results: Folder = RESULTS, json: Json = False) -> None:
    """List the studies at hand and how far each has run."""
    from sweep.runs.studies import list_studies

    found = list_studies(results)
    if json:
        tell({"studies": found})
        return
    rows = [("STUDY", "TRAINED", "TRIALS", "QUESTION")]
    for one in found:
        trained, trials = ("?" if n is None else f"{n:,}" for n in (one.trained, one.trials))
        trained += " (refined)" * bool(one.refined)
        rows.append((one.study, trained, trials, one.fault or one.title))
    columns(rows, right=(1, 2))


@app.command()
def plan(
    name: Name,
    overrides: Overrides = None,
    size: Size = None,
    results: Folder = RESULTS,
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Say what running STUDY would take; only try out how fast it trains."""
    from sweep.runs.studies import plan

    found = plan(name, overrides=edits_of(name, overrides, size), results=results, threads=threads)
    if json:
        tell(found)
    else:
        print(printable(f"{found.study}: {found.title}"))
        columns(_planned(found))
    if found.disk_bytes >= _DISK_SHARE * found.free_bytes:
        disk, free = short(found.disk_bytes, "B"), short(found.free_bytes, "B")
        fewer = (
            f", curves {short(found.curve_bytes, 'B')} of it; "
            'record.loss = "log 200" keeps fewer points of them, and "nothing" none'
        ) * (4 * found.curve_bytes > found.disk_bytes)
        note(f"warning: results would take {disk} of the {free} that are free{fewer}")


def _planned(found: "Plan") -> Iterator[tuple[str, str]]:
    """The rows of a plan."""
    trained = f", of which {found.trained:,} are trained already" if found.trained else ""
    if found.extendable:
        trained += f", and {found.extendable:,} go on from fewer steps"
    yield "trials", f"{found.trials:,}{trained}"
    for axis, values in found.axes.items():
        together = [name for name, axes in found.together.items() if axis in axes]
        yield f"  {axis}", plural(values, "value") + "".join(f", together as {n}" for n in together)
    if found.where:
        yield "  where", found.where
    if found.refine:
        yield "refine", found.refine + "; all that disagree are split" * bool(found.refined)
    yield "groups", f"{found.groups:,}"
    steps = " to ".join(f"{n:,}" for n in dict.fromkeys(found.steps))
    why = f"; another number trains all anew: {', and '.join(found.anew)}" if found.anew else ""
    yield "steps", steps + why
    yield "network-steps", short(found.network_steps, "")
    memory = short(found.memory_bytes, "B")
    yield "memory", f"{memory} at the peak, Python and its libraries included"
    yield "disk", f"{short(found.disk_bytes, 'B')}, of {short(found.free_bytes, 'B')} free"
    how = "by a short try" if found.tried else "guessed, since one step takes long"
    about = "at most about" if found.refined is False else "about"
    yield "time", f"{about} {duration(found.seconds)} on {plural(found.threads, 'thread')}, {how}"
    compiling = f"about {duration(found.compile_seconds)}" if found.compile_seconds else "nothing"
    yield "  compiling", compiling


@app.command()
def run(
    name: Name,
    overrides: Overrides = None,
    size: Size = None,
    results: Folder = RESULTS,
    threads: Threads = None,
    dask: Annotated[
        str | None,
        Option("--dask", metavar="ADDRESS", help='A Dask scheduler\'s, or "local".'),
    ] = None,
) -> None:
    """Train and save what is missing of STUDY."""
    from sweep.runs.studies import train
    from sweep.store.results import results_of

    edits = edits_of(name, overrides, size)
    report = train(name, edits, results=results, threads=threads, dask=dask, on_wait=note)
    study = report.directory.name
    note(*report.findings)
    found = results_of(name, edits, results)
    if report.trained:
        speed = short(report.steps / max(report.seconds, 1e-9), "network-steps/s")
        done = f"trained {report.trained:,} of {plural(report.trials, 'trial')}"
        since = f", {report.extended:,} of them on from fewer steps" if report.extended else ""
        print(f"{study}: {done}{since} in {duration(report.seconds)}, {speed}")
        if found.refined:
            print(f"  {found.trained:,} trained in all, {_REFINED}")
    elif not report.signal:
        of, how = (f"{found.trained:,} of", f", {_REFINED}") if found.refined else ("all", "")
        print(f"{study}: nothing to do, {of} {plural(report.trials, 'trial')} are trained{how}")
    if report.trained or not report.signal:
        _print_results(found.outcomes(), report.directory)
    if report.signal:
        note("interrupted; what is finished is saved, `sweep run` goes on from there")
        raise Exit(128 + report.signal)


def _print_results(outcomes: Mapping[str, int], directory: Path) -> None:
    """Print how many trials ended how, and where everything is."""
    if outcomes:
        counts = sorted(outcomes.items(), key=lambda one: -one[1])
        print("  " + ", ".join(f"{count:,} {outcome}" for outcome, count in counts))
        print(f"  {directory}")


@app.command()
def status(
    name: Name,
    overrides: Overrides = None,
    size: Size = None,
    results: Folder = RESULTS,
    json: Json = False,
) -> None:
    """Say what of STUDY is trained, missing or damaged."""
    from sweep.runs.studies import status

    found = status(name, overrides=edits_of(name, overrides, size), results=results)
    note(*found.findings)
    if json:
        tell(found)
        return
    missing = f"{found.trials - found.trained:,} missing"
    if found.refined is not None:
        missing = _REFINED if found.refined else "some cells that disagree are still to be split"
    if found.extendable:
        missing += f", {found.extendable:,} of them with fewer steps, from which they will go on"
    trained = f"{found.trained:,} of {plural(found.trials, 'trial')} trained"
    print(f"{found.study}: {trained}, {missing}")
    _print_results(found.outcomes, found.directory)


@app.command()
def verify(name: Name, results: Folder = RESULTS, json: Json = False) -> None:
    """Read every saved file of STUDY again and check it."""
    from sweep.runs.studies import verify

    found = verify(name, results=results)
    if json:
        tell(found)
    if found.faults:
        note(*found.faults)
        faults = plural(len(found.faults), "fault")
        note(f"{found.directory}: {faults}; `sweep run {quote(name)}` trains again what they cost")
        raise Exit(1)
    if not json:
        hidden = f" ({found.hidden:,} of them in hidden/)" if found.hidden else ""
        what = f"{plural(found.files, 'file')} of {plural(found.trials, 'trial')}{hidden}"
        print(f"{found.directory}: {what} are as they were written")


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
        str | None, Argument(metavar="[KIND]", help="By default those that suit the study.")
    ] = None,
    x: Annotated[Axis, Option("--x", metavar="AXIS", help="The axis across.")] = None,
    y: Annotated[Axis, Option("--y", metavar="AXIS", help="The axis up.")] = None,
    hue: Annotated[Axis, Option("--hue", metavar="AXIS", help="A colour a value of it.")] = None,
    col: Annotated[Axis, Option("--col", metavar="AXIS", help="A panel a value of it.")] = None,
    measure: Annotated[
        str | None, Option("--measure", metavar="MEASURE", help="Instead of the loss.")
    ] = None,
    log: Annotated[bool, Option("--log", help="Logarithmic scales.")] = False,
    linear: Annotated[bool, Option("--linear", help="Linear scales.")] = False,
    trial: Annotated[
        list[int] | None, Option(metavar="N", help="A trial to show. May be repeated.")
    ] = None,
    formats: Annotated[
        list[Format] | None,
        Option("--format", metavar="FORMAT", help="png, svg or pdf; png and svg by default."),
    ] = None,
    inches: Annotated[str | None, Option(metavar="WxH", help="Such as 7x4.5.")] = None,
    xlim: Annotated[str | None, Option(metavar="A:B", help="Ends of the axis across.")] = None,
    ylim: Annotated[str | None, Option(metavar="A:B", help="Ends of the axis up.")] = None,
    only: Only = None,
    overrides: Overrides = None,
    size: Size = None,
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
    width_height, across, up = (
        pair_of(option, text) if text else None
        for option, text in (("inches", inches), ("xlim", xlim), ("ylim", ylim))
    )
    asked = Options(
        x=x, y=y, hue=hue, col=col, measure=measure, log=log if log or linear else None,
        trial=tuple(trial or ()), inches=width_height, xlim=across, ylim=up, only=tuple(only or ()),
    )  # fmt: skip
    found = trained(name, overrides, size, results)
    figures = plots(found, kind, asked)
    directory = found.directory / "figures"
    for stem, figure in figures.items():
        with told(f"{directory}: cannot be written", RequestError):
            paths = save_figure(figure, directory, stem, formats or USUAL)
        print(*paths, sep="\n")


@app.command()
def export(
    name: Name,
    file: Annotated[Path, Argument(metavar="FILE", help="Ends in .csv, .parquet or .xlsx.")],
    table: Annotated[
        Literal["trials", "curves", "parameters"], Option(help="Which table.")
    ] = "trials",
    form: Annotated[
        Literal["file", "table"],
        Option("--as", help="One table, or a benchmark in a new directory."),
    ] = "file",
    overrides: Overrides = None,
    size: Size = None,
    results: Folder = RESULTS,
) -> None:
    """Write a table of STUDY to a file."""
    from sweep.store.export import check_ending, export

    if form == "file":
        check_ending(file)
    rows = export(trained(name, overrides, size, results), file, table, form)
    print(f"{file}: {plural(rows, 'row' if form == 'file' else 'configuration')}")


@app.command()
def report(
    name: Name,
    output: Annotated[
        Path | None, Option("--output", metavar="FILE", help="The page, ending in .html.")
    ] = None,
    only: Only = None,
    overrides: Overrides = None,
    size: Size = None,
    results: Folder = RESULTS,
) -> None:
    """Write one page about what STUDY found."""
    import_seaborn()
    from sweep.views.report.writing import check_ending, report

    if output is not None:
        check_ending(output)
    edits = edits_of(name, overrides, size)
    path = report(trained(name, edits, None, results), output, only=only or (), overrides=edits)
    print(f"{path}: {short(path.stat().st_size, 'B')}, for any browser")
