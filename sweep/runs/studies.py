"""A study by its name: begin it, plan it, run it, say how far it is, check it, list all."""

import shutil
import signal
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from sweep.errors import RequestError, SweepError
from sweep.runs import runner
from sweep.runs.progress import Show, progress_bar
from sweep.runs.runner import RunReport
from sweep.runs.workers import Workers, thread_count
from sweep.store import repair
from sweep.store.files import RECORDS, STUDY, home_of, path_of, publish, told
from sweep.store.folder import check_owner, in_use, origin_of, results_directory, study_directory
from sweep.store.ledger import read_ledger
from sweep.store.results import Results, open_results, results_of
from sweep.study import (
    STARTER,
    Group,
    Study,
    known_studies,
    load_study,
    parse_study,
    text_to_start_from,
)
from sweep.study.refining import coarse_points, shape_of_map
from sweep.training.costs import calibrate, compile_seconds, estimate


@dataclass(frozen=True)
class Status:
    """How far a study is."""

    study: str  # its name
    trials: int  # how many it has
    trained: int  # of these, how many are trained
    extendable: int  # of those missing, how many go on from fewer steps
    # Whether a study that trains from coarse to fine is through; None for any other.
    refined: bool | None
    outcomes: dict[str, int]  # how many of those trained ended how
    directory: Path  # where results are, or will be
    # What is damaged or lost, which the next run puts right, or stands in the way, in sentences.
    findings: list[str]


@dataclass(frozen=True)
class Verified:
    """What became of a study's saved files."""

    directory: Path  # where they are
    files: int  # how many there should be
    trials: int  # of how many trials
    hidden: int  # of these, how many the study does not ask for any more
    faults: list[str]  # what is wrong, in sentences; none if all are as they were written


@dataclass(frozen=True)
class Listed:
    """A study at hand."""

    study: str  # its name
    file: Path  # its study file
    title: str  # what it asks
    trials: int | None  # how many it has; None if the file or what is saved cannot be read
    trained: int | None  # of these, how many are trained; likewise
    refined: bool | None  # as in `Status`
    fault: str  # what is wrong, or nothing


def new(file: str | Path, start: str | Path = "") -> Path:
    """Write a study to start from, which runs as it is, to a new file; return its path.

    It is a commented one, or, with its comments, the one that `start` names, a path or a name.

    Raises:
        RequestError: the file exists, cannot be written, or its name is none for a study; `start`
            is no study, or names files that are not beside the new one.
    """
    file = path_of(file, "file")
    if file.suffix != ".toml":
        raise RequestError(f"{file}: the file of a study must end in .toml")
    if home := home_of(file.resolve()):
        raise RequestError(f"{file}: is among the results in {home}; choose another place")
    if not file.absolute().parent.is_dir():
        raise RequestError(f"{file}: there is no directory {file.parent}; make it first")
    study_directory(Path(), parse_study(STARTER, file.stem, file.parent))  # a name that can run
    text = text_to_start_from(start, file.parent) if start else STARTER
    with told(f"{file}: cannot be written", RequestError):
        try:
            publish({file: text.encode()})
        except FileExistsError:
            raise RequestError(f"{file}: exists already; choose another name") from None
    return file


def train(
    study: str | Path | Study,
    overrides: Sequence[str] = (),
    *,
    results: str | Path = "results",
    threads: int | None = None,
    dask: str | None = None,
    progress: bool | Show = True,
    on_wait: Callable[[str], None] | None = None,
) -> RunReport:
    """Train what is missing of a study, as `run` does, and return what was done.

    A signal ends it early, with its number in the report. `on_wait` is called with a sentence if
    another process works on the study.

    Raises:
        RequestError: the study is wrong, or results cannot be written there.
        StoreError: results could not be saved or read; what was committed stays.
    """
    if dask and threads:
        raise RequestError(
            "--threads and --dask: state one of them; workers have their own threads"
        )
    asked = load_study(study, overrides)
    check_owner(study_directory(results, asked), asked.origin)
    shown = progress_bar(asked.name) if progress is True else nullcontext(progress or None)
    with _workers(dask) as workers, shown as show:
        return runner.run(
            asked,
            results,
            threads=threads,
            workers=workers,
            progress=show,
            on_wait=on_wait,
        )


def _workers(address: str | None) -> AbstractContextManager[Workers | None]:
    """Connect to a cluster, if one is named."""
    if address is None:
        return nullcontext()
    try:
        from sweep.runs.cluster import connected  # noqa: PLC0415 - an extra that few install
    except ImportError as error:
        raise RequestError(f"--dask needs {error.name}: pip install 'sweep[dask]'") from None
    return connected(address)


def run(
    study: str | Path | Study,
    *,
    overrides: Sequence[str] = (),
    results: str | Path = "results",
    threads: int | None = None,
    dask: str | None = None,
    progress: bool | Show = True,
) -> Results:
    """Train what is missing of a study and return its results, all of them.

    `study` is a path to a study file, the bare name of a known study, or a `sweep.Study`;
    `overrides` change fields, as "training.steps=200"; `results` is the directory of all studies'
    results; `threads` defaults to the CPUs that this process may use; or `dask` is the address of
    a scheduler, or "local". In a notebook and in a terminal `progress` is shown; it may also be a
    function, which is called after each commit. A signal that interrupts the run arrives after the
    trials finished so far are committed.

    Raises:
        RequestError: the study is wrong, or results cannot be written there.
        StoreError: results could not be saved or read; what was committed stays.
        KeyboardInterrupt: Ctrl-C.
    """
    report = train(study, overrides, results=results, threads=threads, dask=dask, progress=progress)
    if report.signal:
        signal.raise_signal(report.signal)
    return results_of(study, overrides, results)


def status(
    study: str | Path | Study, *, overrides: Sequence[str] = (), results: str | Path = "results"
) -> Status:
    """How far a study is, and which of its files are damaged or lost; nothing is changed.

    The arguments are those of `run`. What is damaged counts as not trained.

    Raises:
        RequestError: the study is wrong, or another one of its name has results there.
        StoreError: what is saved cannot be read.
    """
    asked = load_study(study, overrides)
    directory = study_directory(results, asked)
    check_owner(directory, asked.origin)
    faults, findings = dict[str, str](), ["another process is working on this study"]
    if not in_use(directory):
        faults = repair.faults_of(directory)
        findings = [*faults.values(), *repair.foreign(directory)]
        if (directory / RECORDS).is_dir():
            findings = repair.study_faults(directory) + findings
    found = Results(directory, asked, without=faults)
    return Status(
        study=asked.name,
        trials=asked.trials,
        trained=found.trained,
        extendable=found.extendable,
        refined=found.refined,
        outcomes=found.outcomes() if found.trained else {},
        directory=directory,
        findings=findings,
    )


def verify(study: str | Path | Study, *, results: str | Path = "results") -> Verified:
    """Read every saved file of a study again and check it; nothing is changed.

    Raises:
        RequestError: the study is wrong, or has no results.
        StoreError: the system cannot read something.
    """
    directory = study_directory(results, load_study(study))
    if not directory.is_dir():
        raise RequestError(f"{directory}: there are no results yet; `sweep run` makes them")
    faults, ledger = repair.verify(directory), read_ledger(directory)
    return Verified(
        directory=directory,
        files=sum(len(commit.files) for commit in ledger.commits.values()),
        trials=sum(commit.trials for commit in ledger.commits.values()),
        hidden=sum(ledger.commits[s].trials for s in ledger.hidden & ledger.commits.keys()),
        faults=faults,
    )


def list_studies(results: str | Path = "results") -> list[Listed]:
    """The studies in `experiments/`, those shipped with sweep and those that have results."""
    results = path_of(results, "results")
    known = known_studies()
    ran = sorted(path.parent for path in results_directory(results).glob(f"*/{RECORDS}"))
    return [
        *(_listed(path.stem, path, results) for path in known.values()),
        *(_listed(one.name, one / STUDY, results) for one in ran if one.name not in known),
    ]


def _listed(name: str, path: Path, results: str | Path) -> Listed:
    """A study by its file; by what it was when it ran if that is all that is known of it."""
    try:
        if path.parent.parent == Path(results):
            found = open_results(path.parent)
            path = origin_of(path.parent) or path
        else:
            study = load_study(path)
            found = Results(study_directory(results, study), study)
        asked = found.study
        return Listed(name, path, asked.title, asked.trials, found.trained, found.refined, "")
    except SweepError as error:
        return Listed(name, path, "", None, None, None, str(error))


PROCESS_BYTES = 210 * 10**6
"""What Python and its libraries take in a run: the peak of `sweep run lr_graphs`, six trials."""


@dataclass(frozen=True)
class Plan:
    """What running a study would take."""

    study: str  # its name
    title: str  # what it asks
    trials: int  # how many it has
    trained: int  # of these, how many are trained already
    extendable: int  # of those missing, how many go on from fewer steps
    # How a map is trained from coarse to fine, in words, or nothing; the rest is then what all of
    # it would take.
    refine: str
    refined: bool | None  # whether that is through; None without it
    axes: dict[str, int]  # how many values each axis has
    together: dict[str, list[str]]  # the axes that run together, by the name they share
    where: str  # the condition on its points, or nothing
    groups: int  # how many kernels it needs
    steps: tuple[int, int]  # the fewest and the most of a trial
    anew: list[str]  # why another number of steps trains all anew, a reason each
    network_steps: int  # of all trials: one network, one update
    memory_bytes: int  # at the peak of the process that runs it, Python and its libraries included
    disk_bytes: int  # of what is saved
    curve_bytes: int  # of these, what curves take
    free_bytes: int  # on the disk that it is saved on
    threads: int  # that train
    seconds: float  # of training what is missing
    tried: bool  # whether that was tried out, or guessed
    compile_seconds: float  # of compiling kernels that are not at hand


def plan(
    study: str | Path | Study,
    *,
    overrides: Sequence[str] = (),
    results: str | Path = "results",
    threads: int | None = None,
) -> Plan:
    """What running a study would take; only tries out how fast it trains, and saves nothing.

    The arguments are those of `sweep.run`. The time is that of the steps that are missing: the
    group with most to do is trained for a fraction of a second, the others are taken to be as much
    faster or slower than their operations say.

    Raises:
        RequestError: the study is wrong.
        StoreError: what is saved of it cannot be read.
    """
    study = load_study(study, overrides)
    found = Results(study_directory(results, study), study)
    groups, threads = study.groups(), thread_count(threads)
    guesses = [estimate(group, threads) for group in groups]
    missing = [
        0 if found.refined else group.trials - trained
        for group, trained in zip(groups, found.trained_of_groups, strict=True)
    ]
    to_do = [group for group, count in zip(groups, missing, strict=True) if count]
    factor = calibrate(to_do or groups)
    compiling = compile_seconds(to_do)  # what the trial has compiled is there
    rows = zip(guesses, missing, found.spared_of_groups, groups, strict=True)
    seconds = sum(
        guess.seconds * (count - spared / group.steps) / group.trials
        for guess, count, spared, group in rows
    )
    steps = [group.steps for group in groups]
    there = next(one for one in found.directory.absolute().parents if one.is_dir())
    return Plan(
        study=study.name,
        title=study.title,
        trials=study.trials,
        trained=found.trained,
        extendable=found.extendable,
        refine=_refine(study),
        refined=found.refined,
        axes={axis.name: len(axis.ranked[0]) for axis in study.axes},
        together={one.name: [axis.name for axis in one.axes] for one in study.dimensions
                  if one.name},
        where=study.where.text if study.where else "",
        groups=len(groups),
        steps=(min(steps), max(steps)),
        anew=list(dict.fromkeys(reason for group in groups for reason in _anew(group))),
        network_steps=sum(group.trials * group.steps for group in groups),
        memory_bytes=PROCESS_BYTES + max(guess.memory_bytes for guess in guesses),
        disk_bytes=sum(guess.disk_bytes for guess in guesses),
        curve_bytes=sum(guess.curve_bytes for guess in guesses),
        free_bytes=shutil.disk_usage(there).free,
        threads=threads,
        seconds=seconds / (factor or 1),
        tried=factor is not None,
        compile_seconds=compiling,
    )  # fmt: skip


def _refine(study: Study) -> str:
    refine = study.refine
    if not refine:
        return ""
    coarse = sum(coarse_points(shape_of_map(group), refine.depth or 0) for group in study.groups())
    apart = refine.by if refine.by == "outcome" else f"{refine.by} by more than {refine.factor:g}"
    return f"{coarse:,} trials first, then cells that differ in {apart}, split {refine.depth} times"


def _anew(group: Group) -> list[str]:
    """Why a trial of another number of steps cannot go on from this one's, a reason each."""
    loss = group.record.loss
    return [
        *([f"{group.schedule.name} depends on it"] if group.schedule.shaped_by_steps else []),
        *([f'which losses "{loss}" records depends on it'] if loss.startswith("log") else []),
        *(f"{name} depends on it" for name in group.record.measures if name == "lyapunov_exponent"),
        *(["no parameters are kept to go on from"] if group.record.parameters == "nothing" else []),
    ]
