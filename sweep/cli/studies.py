"""Commands about studies and their results: new, list, plan, run, status, verify."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from sweep.cli.door import RESULTS, Folder, Json, Name, Overrides, Threads, app
from sweep.cli.terminal import columns, duration, note, plural, printable, short, tell

if TYPE_CHECKING:
    from sweep.runs.planning import Plan

_DISK_SHARE = 0.5  # of what is free: others write too, and the guess is rough


@app.command()
def new(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to make.")],
    start: Annotated[
        str,
        typer.Option("--from", metavar="STUDY", help="A study to start from, in place of ours."),
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
        rows.append((one.study, trained, trials, one.fault or one.title))
    columns(rows, right=(1, 2))


@app.command()
def plan(
    name: Name,
    overrides: Overrides = None,
    results: Folder = RESULTS,
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Say what running STUDY would take; only try out how fast it trains."""
    from sweep.runs.planning import plan

    found = plan(name, overrides=overrides or (), results=results, threads=threads)
    if json:
        tell(found)
    else:
        print(printable(f"{found.study}: {found.title}"))
        columns([*_planned(found)])
    _warn_of_curves(found)


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
    yield "groups", f"{found.groups:,}"
    steps = " to ".join(f"{n:,}" for n in dict.fromkeys(found.steps))
    why = f"; another number trains all anew: {', and '.join(found.anew)}" if found.anew else ""
    yield "steps", steps + why
    yield "network-steps", short(found.network_steps, "")
    yield "memory", f"{short(found.memory_bytes, 'B')}, Python's own apart"
    yield "disk", f"{short(found.disk_bytes, 'B')}, of {short(found.free_bytes, 'B')} free"
    how = "by a short try" if found.tried else "guessed, since one step takes long"
    yield "time", f"about {duration(found.seconds)} on {plural(found.threads, 'thread')}, {how}"
    compiling = f"about {duration(found.compile_seconds)}" if found.compile_seconds else "nothing"
    yield "  compiling", compiling


def _warn_of_curves(found: "Plan") -> None:
    if found.disk_bytes < _DISK_SHARE * found.free_bytes:
        return
    disk, free = short(found.disk_bytes, "B"), short(found.free_bytes, "B")
    told = f"warning: results would take {disk} of the {free} that are free"
    fewer = (
        f", curves {short(found.curve_bytes, 'B')} of it; "
        'record.loss = "log 200" keeps fewer points of them, and "nothing" none'
    )
    note(told + fewer if 4 * found.curve_bytes > found.disk_bytes else told)


@app.command()
def run(
    name: Name,
    overrides: Overrides = None,
    results: Folder = RESULTS,
    threads: Threads = None,
    dask: Annotated[
        str | None,
        typer.Option("--dask", metavar="ADDRESS", help='A Dask scheduler\'s, or "local".'),
    ] = None,
) -> None:
    """Train and save what is missing of STUDY."""
    from sweep.runs.training import outcomes_of, train

    edits = overrides or ()
    report = train(name, edits, results=results, threads=threads, dask=dask, on_wait=note)
    study = report.directory.name
    note(*report.findings)
    if report.trained:
        speed = short(report.steps / max(report.seconds, 1e-9), "network-steps/s")
        done = f"trained {report.trained:,} of {plural(report.trials, 'trial')}"
        since = f", {report.extended:,} of them on from fewer steps" if report.extended else ""
        print(f"{study}: {done}{since} in {duration(report.seconds)}, {speed}")
    elif not report.signal:
        print(f"{study}: nothing to do, all {plural(report.trials, 'trial')} are trained")
    _print_results(outcomes_of(name, edits, report.directory), report.directory)
    if report.signal:
        note("interrupted; what is finished is saved, `sweep run` goes on from there")
        raise typer.Exit(128 + report.signal)


def _print_results(outcomes: Mapping[str, int], directory: Path) -> None:
    """Print how many trials ended how, and where everything is."""
    if outcomes:
        counts = sorted(outcomes.items(), key=lambda one: -one[1])
        print("  " + ", ".join(f"{count:,} {outcome}" for outcome, count in counts))
        print(f"  {directory}")


@app.command()
def status(
    name: Name, overrides: Overrides = None, results: Folder = RESULTS, json: Json = False
) -> None:
    """Say what of STUDY is trained, missing or damaged."""
    from sweep.runs.studies import status

    found = status(name, overrides=overrides or (), results=results)
    note(*found.findings)
    if json:
        tell(found)
        return
    missing = f"{found.trials - found.trained:,} missing"
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
        raise typer.Exit(1)
    if not json:
        hidden = f" ({found.hidden:,} of them in hidden/)" if found.hidden else ""
        what = f"{plural(found.files, 'file')} of {plural(found.trials, 'trial')}{hidden}"
        print(f"{found.directory}: {what} are as they were written")
