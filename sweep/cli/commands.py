"""The commands: each parses, calls what does the work, and reports.

All but the command line itself is imported inside the commands, so that help answers at once.
"""

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sweep import __version__
from sweep.cli.terminal import columns, duration, note, printable, progress_bar, short
from sweep.errors import RequestError, SweepError

if TYPE_CHECKING:
    from sweep.runner import Workers
    from sweep.store.results import Results
    from sweep.study import Group, Study
    from sweep.views.kinds import Subject

app = typer.Typer(
    help="Train a million small neural networks in seconds, and see what the learning rate does.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

WrongCommandLine: type[Exception] = typer.BadParameter.__mro__[2]
"""What typer raises for one; where it lives differs between versions."""

Name = Annotated[
    str, typer.Argument(metavar="STUDY", help="A study file, or the bare name of a known study.")
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="FIELD=VALUE",
        help="Read the study as if edited, such as training.steps=200. May be repeated.",
    ),
]
Folder = Annotated[
    Path, typer.Option("--results", metavar="DIR", help="The directory of all studies' results.")
]
Threads = Annotated[
    int | None,
    typer.Option("--threads", metavar="N", min=1, help="How many; by default one a usable CPU."),
]
RESULTS = Path("results")

_DISK_SHARE = 0.5  # of what is free: others write too, and the guess is rough


class Table(StrEnum):
    """The tables of a study's results."""

    trials = "trials"
    curves = "curves"
    parameters = "parameters"


def main() -> None:
    """Run the command line; exit with 0 done, 1 failed, 2 wrong request, 130 or 143 interrupted."""
    sys.exit(_status())


def _status() -> int:
    try:
        return app(prog_name="sweep", standalone_mode=False) or 0
    except SweepError as error:
        return _refuse(str(error), error.exit_status)
    except WrongCommandLine as error:
        return _refuse(error.format_message(), RequestError.exit_status)  # type: ignore[attr-defined]
    except OSError as error:
        return _refuse(f"{error.filename or 'the system'}: {error.strerror}", 1)
    except MemoryError:
        return _refuse("there is not enough memory", 1)
    except (KeyboardInterrupt, typer.Abort):
        return _refuse("interrupted", 128 + signal.SIGINT)


def _refuse(message: str, status: int) -> int:
    """Say on stderr, in one line, what is wrong."""
    note(f"sweep: {message}")
    return status


def _version(wanted: bool) -> None:
    if wanted:
        print(f"sweep {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def sweep(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Show help where no command is named."""
    if context.invoked_subcommand is None:
        print(context.get_help())


@app.command()
def new(file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to make.")]) -> None:
    """Write a commented starter study."""
    from sweep.study import STARTER

    if file.suffix != ".toml":
        raise RequestError(f"{file}: the file of a study must end in .toml")
    with _writing(file), file.open("x", encoding="utf-8") as made:
        made.write(STARTER)
    print(f"{file}: a study that runs as it is; edit it, then `sweep run {file}`")


@app.command(name="list")
def list_studies(results: Folder = RESULTS) -> None:
    """List the studies at hand and how far each has run."""
    from sweep.study import load_study, shipped_studies

    paths = [*shipped_studies(), *sorted(Path("experiments").glob("*.toml"))]
    rows = [("STUDY", "TRAINED", "TRIALS", "QUESTION")]
    for name, path in {path.stem: path for path in paths}.items():
        try:
            study = load_study(path)
            trained = _open(study, results).trained
            rows.append((name, f"{trained:,}", f"{study.trials:,}", study.title))
        except SweepError as error:
            rows.append((name, "?", "?", str(error)))
    columns(rows, right=(1, 2))


@app.command()
def plan(
    name: Name, overrides: Overrides = None, results: Folder = RESULTS, threads: Threads = None
) -> None:
    """Say what running STUDY would take; only try out how fast it trains."""
    from sweep.processors import usable_processors
    from sweep.training.calibration import calibrate
    from sweep.training.costs import estimate

    study = _load(name, overrides)[1]
    groups, threads = study.groups(), threads or usable_processors()
    guesses = [estimate(group, threads) for group in groups]
    work = sum(group.trials * group.steps for group in groups)
    memory = max(guess.memory_bytes for guess in guesses)
    disk = sum(guess.disk_bytes for guess in guesses)
    factor = calibrate(groups)
    seconds = sum(guess.seconds for guess in guesses) / (factor or 1)
    how = "by a short try" if factor else "guessed, since one step takes long"
    free = _free_bytes(results)
    rows = [
        ("trials", f"{study.trials:,}"),
        *((f"  {axis.name}", f"{len(axis.ranked[0]):,} values") for axis in study.axes),
        *([("  where", study.where.text)] if study.where else []),
        ("groups", f"{len(groups):,}"),
        ("steps", _steps(groups)),
        ("network-steps", short(work, "")),
        ("memory", f"{short(memory, 'B')}, Python's own apart"),
        ("disk", f"{short(disk, 'B')}, of {short(free, 'B')} free"),
        ("time", f"about {duration(seconds)} on {threads} threads, {how}, compilation apart"),
    ]
    print(printable(f"{study.name}: {study.title}"))
    columns(rows)
    _warn_of_curves(disk, sum(guess.curve_bytes for guess in guesses), free)


def _free_bytes(path: Path) -> int:
    """Return how much is free where `path` is, or will be made."""
    import shutil

    there = next(one for one in (path.absolute(), *path.absolute().parents) if one.is_dir())
    return shutil.disk_usage(there).free


def _warn_of_curves(disk: int, curves: int, free: int) -> None:
    if disk < _DISK_SHARE * free:
        return
    found = f"results would take {short(disk, 'B')} of the {short(free, 'B')} that are free"
    note(
        f"warning: {found}, curves {short(curves, 'B')} of it; "
        'record.loss = "log 200" keeps fewer points of them, and "nothing" none'
        if 4 * curves > disk
        else f"warning: {found}"
    )


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
    from sweep import runner

    if dask and threads:
        raise RequestError(
            "--threads and --dask: state one of them; workers have their own threads"
        )
    path, study = _load(name, overrides)
    with _workers(dask) as workers, progress_bar(study.name) as progress:
        report = runner.run(
            study,
            results,
            origin=path,
            threads=threads,
            workers=workers,
            progress=progress,
            on_wait=note,
        )
    note(*report.findings)
    if report.trained:
        speed = short(report.steps / max(report.seconds, 1e-9), "network-steps/s")
        done = f"trained {report.trained:,} of {report.trials:,} trials"
        since = f", {report.extended:,} of them on from fewer steps" if report.extended else ""
        print(f"{study.name}: {done}{since} in {duration(report.seconds)}, {speed}")
    elif not report.signal:
        print(f"{study.name}: nothing to do, all {report.trials:,} trials are trained")
    _print_results(_open(study, results))
    if report.signal:
        note("interrupted; what is finished is saved, `sweep run` goes on from there")
        raise typer.Exit(128 + report.signal)


@app.command()
def status(name: Name, overrides: Overrides = None, results: Folder = RESULTS) -> None:
    """Say what of STUDY is trained; clear up what a crash left."""
    from sweep.store.folder import check_owner, study_directory
    from sweep.store.lock import locked
    from sweep.store.repair import repair

    path, study = _load(name, overrides)
    directory = study_directory(results, study)
    check_owner(directory, path)
    if directory.is_dir():
        with locked(directory, wait=False) as alone:
            note(
                *(
                    repair(directory, thorough=True)
                    if alone
                    else ["another process is working on this study"]
                )
            )
    found = _open(study, results)
    missing = study.trials - found.trained
    print(
        f"{study.name}: {found.trained:,} of {study.trials:,} trials trained, {missing:,} missing"
    )
    _print_results(found)


@app.command()
def verify(name: Name, results: Folder = RESULTS) -> None:
    """Read every saved file of STUDY again and check it."""
    from sweep.store.ledger import read_ledger
    from sweep.store.repair import verify as check

    study = _load(name, None)[1]
    directory = _existing(study, results)
    findings = check(directory)
    note(*findings)
    if findings:
        note(f"{directory}: {len(findings)} faults; `sweep run {name}` trains again what they cost")
        raise typer.Exit(1)
    commits = read_ledger(directory).commits.values()
    files, trials = sum(len(c.files) for c in commits), sum(c.trials for c in commits)
    print(f"{directory}: {files:,} files of {trials:,} trials are as they were written")


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
    """Draw figures of STUDY into its results."""
    from sweep.views.kinds import choose, draw
    from sweep.views.saving import save_figure

    found = _trained(name, overrides, results)
    subject = _subject(found)
    kinds = [kind] if kind else choose(subject)
    if not kinds:
        raise RequestError(f"{found.study.name}: one trial without curves leaves nothing to draw")
    for one in kinds:
        figure = draw(one, subject)
        with _writing(found.directory / "figures"):
            paths = save_figure(figure, found.directory / "figures", one)
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
    from sweep.views.export import check_ending, export_table

    check_ending(file)
    found = _trained(name, overrides, results)
    own = [found.directory.resolve() / kind for kind in ("commits", *Table)]
    if not set(own).isdisjoint(file.resolve().parents):
        raise RequestError(f"{file}: is among the study's own files; export to another place")
    rows = getattr(found, table)()
    if rows.empty:
        raise RequestError(
            f"{found.study.name}: no {table} were recorded; see [record] in the study"
        )
    with _writing(file):
        export_table(rows, file)
    print(f"{file}: {len(rows):,} rows")


def _steps(groups: "Sequence[Group]") -> str:
    """Say how many steps there are, and why another number would train all anew, if so."""
    steps = sorted({group.steps for group in groups})
    found = " to ".join(f"{n:,}" for n in dict.fromkeys((steps[0], steps[-1])))
    reasons = {
        f"{group.schedule.name} depends on it": None
        for group in groups
        if group.schedule.shaped_by_steps
    }
    logarithmic = [group.record.loss for group in groups if group.record.loss.startswith("log")]
    reasons |= {f'which losses "{loss}" records depends on it': None for loss in logarithmic}
    if any(group.record.parameters == "nothing" for group in groups):
        reasons["no parameters are kept to go on from"] = None
    why = ", and ".join(reasons)
    return f"{found}; another number trains all anew: {why}" if reasons else found


def _workers(address: str | None) -> "AbstractContextManager[Workers | None]":
    """Connect to a cluster, if one is named."""
    if address is None:
        return nullcontext()
    try:
        from sweep.cluster import connected
    except ImportError as error:
        raise RequestError(f"--dask needs {error.name}: pip install 'sweep[dask]'") from None
    return connected(address)


def _load(name: str, overrides: Sequence[str] | None) -> tuple[Path, "Study"]:
    from sweep.study import find_study, load_study

    path = find_study(name)
    return path, load_study(path, overrides or ())


def _open(study: "Study", results: Path) -> "Results":
    from sweep.store.folder import study_directory
    from sweep.store.results import Results

    return Results(study_directory(results, study), study)


def _existing(study: "Study", results: Path) -> Path:
    from sweep.store.folder import study_directory

    directory = study_directory(results, study)
    if not directory.is_dir():
        raise RequestError(f"{directory}: there are no results yet; `sweep run` makes them")
    return directory


def _trained(name: str, overrides: Sequence[str] | None, results: Path) -> "Results":
    """Open results that have something to show, and say so if it is not all."""
    from sweep.store.folder import check_owner

    path, study = _load(name, overrides)
    found = _open(study, results)
    check_owner(found.directory, path)
    if not found.trained:
        raise RequestError(f"{found.directory}: nothing is trained yet; first `sweep run {name}`")
    if found.trained < study.trials:
        note(f"{study.name}: only {found.trained:,} of {study.trials:,} trials are trained so far")
    return found


def _subject(found: "Results") -> "Subject":
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


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Refuse a place that cannot be written to."""
    try:
        yield
    except FileExistsError:
        raise RequestError(f"{path}: exists already; choose another name") from None
    except OSError as error:
        raise RequestError(f"{path}: cannot be written: {error.strerror or error}") from None


def _print_results(found: "Results") -> None:
    """Print how many trials ended how, and where everything is."""
    if found.trained:
        counts = found.trials(["outcome"])["outcome"].value_counts()
        print(
            "  " + ", ".join(f"{count:,} {outcome}" for outcome, count in counts.items() if count)
        )
        print(f"  {found.directory}")
