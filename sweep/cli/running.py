"""Commands that train a study and look after what is saved: run, status, verify."""

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Annotated

import typer

from sweep.cli.door import app
from sweep.cli.opening import existing, load, open_study, print_results
from sweep.cli.options import RESULTS, Folder, Name, Overrides, Threads
from sweep.cli.terminal import duration, note, short
from sweep.errors import RequestError

if TYPE_CHECKING:
    from sweep.runs.runner import Workers


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
    from sweep.runs import runner
    from sweep.runs.progress import progress_bar

    if dask and threads:
        raise RequestError(
            "--threads and --dask: state one of them; workers have their own threads"
        )
    path, study = load(name, overrides)
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
    print_results(open_study(study, results))
    if report.signal:
        note("interrupted; what is finished is saved, `sweep run` goes on from there")
        raise typer.Exit(128 + report.signal)


def _workers(address: str | None) -> "AbstractContextManager[Workers | None]":
    """Connect to a cluster, if one is named."""
    if address is None:
        return nullcontext()
    try:
        from sweep.runs.cluster import connected
    except ImportError as error:
        raise RequestError(f"--dask needs {error.name}: pip install 'sweep[dask]'") from None
    return connected(address)


@app.command()
def status(name: Name, overrides: Overrides = None, results: Folder = RESULTS) -> None:
    """Say what of STUDY is trained; clear up what a crash left."""
    from sweep.store.folder import check_owner, locked, study_directory
    from sweep.store.repair import repair

    path, study = load(name, overrides)
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
    found = open_study(study, results)
    missing = f"{study.trials - found.trained:,} missing"
    if extendable := found.extendable:
        missing += f", {extendable:,} of them with fewer steps, from which they will go on"
    print(f"{study.name}: {found.trained:,} of {study.trials:,} trials trained, {missing}")
    print_results(found)


@app.command()
def verify(name: Name, results: Folder = RESULTS) -> None:
    """Read every saved file of STUDY again and check it."""
    from sweep.store.ledger import read_ledger
    from sweep.store.repair import verify as check

    study = load(name, None)[1]
    directory = existing(study, results)
    findings = check(directory)
    note(*findings)
    if findings:
        faults = f"{len(findings)} fault{'s' * (len(findings) > 1)}"
        note(f"{directory}: {faults}; `sweep run {name}` trains again what they cost")
        raise typer.Exit(1)
    ledger = read_ledger(directory)
    files = sum(len(commit.files) for commit in ledger.commits.values())
    trials = sum(commit.trials for commit in ledger.commits.values())
    hidden = sum(ledger.commits[stem].trials for stem in ledger.hidden & ledger.commits.keys())
    besides = f" ({hidden:,} of them in hidden/)" if hidden else ""
    print(f"{directory}: {files:,} files of {trials:,} trials{besides} are as they were written")
