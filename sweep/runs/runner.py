"""One study: find what is missing, train it on threads, commit it chunk by chunk."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from sweep.errors import RequestError
from sweep.runs.workers import Interruption, Threads, Workers, thread_count
from sweep.store.files import DamagedError
from sweep.store.folder import claim, locked, make_folder, study_directory
from sweep.store.ledger import Ledger, compact, read_ledger
from sweep.store.matching import Source, answers, missing, sources
from sweep.store.repair import repair, set_aside
from sweep.store.results import Results
from sweep.store.shown import show_only, unify
from sweep.store.tables import compared, tables_of
from sweep.study import Group, Study
from sweep.study.refining import shape_of_map, wanted
from sweep.training.costs import chunk_size, estimate
from sweep.training.trained import Trained

MAX_TRIALS = 2**32  # how many trials one run takes on: it keeps a byte for each

_PATIENCE = 0.1  # seconds: a signal that comes just before a wait does not end it
_COMMIT = 0.02  # seconds, about, that a commit takes
_WINDOW = 2**22  # positions searched at a time for missing trials


@dataclass(frozen=True)
class Progress:
    """How far a run is: its own trials done and to do, network-steps done, seconds so far."""

    trials_done: int
    trials_total: int
    network_steps: int
    seconds: float


@dataclass(frozen=True)
class RunReport:
    """What a run did."""

    trained: int  # trials trained and committed by this run
    extended: int  # those of them that went on from where fewer steps had left them
    already: int  # trials of the study that were committed before
    trials: int  # trials the study asks for
    steps: int  # network-steps of this run: one network, one update
    seconds: float  # from the start of training to the last commit, compilation before it apart
    directory: Path  # where the results are
    signal: int  # the number of the signal that ended the run early, 0 for none
    findings: tuple[str, ...]  # what was repaired first, in sentences


def run(  # noqa: PLR0913 - every choice of a run has a name here
    study: Study,
    results: str | Path = "results",
    *,
    threads: int | None = None,
    chunk: int | None = None,
    lanes: int | None = None,
    shuffle_seed: int | None = None,
    workers: Workers | None = None,
    progress: Callable[[Progress], None] | None = None,
    on_wait: Callable[[str], None] | None = None,
) -> RunReport:
    """Train the trials of `study` that `results` does not hold yet, and commit them there.

    On SIGINT or SIGTERM the chunks being trained are finished and committed; a second signal
    raises KeyboardInterrupt at once, and loses at most these.

    Args:
        study: what is asked.
        results: the directory of all studies' results.
        threads: that train at the same time; by default one for each usable processor.
        chunk: how many trials to train and commit together; by default what suits the group.
        lanes: how many networks to train side by side, a power of two; likewise.
        shuffle_seed: trains in a random order; results do not depend on it.
        workers: train instead of threads of this process.
        progress: called after each commit.
        on_wait: called with a sentence if another process works on the study.

    Raises:
        RequestError: the results cannot be written, or belong to another study; nothing was done.
        StoreError: results could not be saved or read; what was committed stays.
    """
    threads = thread_count(threads)
    if chunk is not None and chunk < 1:
        raise RequestError(f"chunk must be at least 1, not {chunk}")
    if lanes is not None and lanes not in (1, 2, 4, 8, 16, 32, 64):
        raise RequestError(f"lanes must be a power of two from 1 to 64, not {lanes}")
    if study.trials > MAX_TRIALS:
        raise RequestError(f"{study.name}: {study.trials} trials; one run takes {MAX_TRIALS}")
    directory = study_directory(results, study)
    make_folder(directory)
    with locked(directory, on_wait):
        findings = claim(directory, study)
        more, ledger, missed = _missed(directory, study)
        findings += more
        already = study.trials - sum(int(points.sum()) for points in missed.values())
        with Threads(threads, lanes) if workers is None else nullcontext(workers) as hands:
            job = _Job(study, ledger, missed, findings, hands, chunk, shuffle_seed, progress)
            signal = job.run() if missed else 0
    return RunReport(
        trained=job.done,
        extended=job.extended,
        already=already,
        trials=study.trials,
        steps=job.steps,
        seconds=job.seconds,
        directory=directory,
        signal=signal,
        findings=tuple(findings),
    )


@dataclass(frozen=True)
class _Work:
    """What a group misses: what can go on from fewer steps, and (trials,) bool, what is `fresh`."""

    group: Group
    sources: list[Source]
    fresh: np.ndarray

    @property
    def trials(self) -> int:
        return int(self.fresh.sum()) + sum(len(source.rows) for source in self.sources)


def _missed(directory: Path, study: Study) -> tuple[list[str], Ledger, dict[Group, np.ndarray]]:
    """Repair, and find out which points are missing, (trials,) bool of each group that misses any.

    A chunk found damaged on the way is set aside.
    """
    findings = repair(directory)
    ledger = read_ledger(directory)
    show_only(ledger, study.groups())
    damaged = unify(ledger, study)
    findings += set_aside(directory, damaged)
    ledger.commits = {s: commit for s, commit in ledger.commits.items() if s not in damaged}
    damaged = {}
    missed = {group: missing(group, answers(ledger, group, damaged)) for group in study.groups()}
    findings += set_aside(directory, damaged)
    return findings, ledger, {group: points for group, points in missed.items() if points.any()}


@dataclass(frozen=True)
class _Chunk:
    """Trials to be trained together, from the start or on from what they gave `since` then."""

    group: Group
    index: np.ndarray
    since: Trained | None = None
    start: int = 0


@dataclass
class _Job:
    """Chunks on their way from what is `missed` through the threads into the ledger.

    Of a study that trains from coarse to fine they come round by round.
    """

    study: Study
    ledger: Ledger
    missed: dict[Group, np.ndarray]
    findings: list[str]
    workers: Workers
    chunk: int | None
    shuffle_seed: int | None
    progress: Callable[[Progress], None] | None
    total: int = 0
    done: int = 0
    extended: int = 0
    steps: int = 0
    seconds: float = 0.0
    started: float = 0.0

    @cached_property
    def _compared(self) -> dict[Group, np.ndarray]:
        """Of each group to refine, what its points are compared by, as far as they are known."""
        return Results(self.ledger.directory, self.study).compared if self.study.refine else {}

    def run(self) -> int:
        """Train and commit all; return the number of the signal that cut it short, or 0."""
        with Interruption() as interruption:
            while (plan := self._plan()) and not interruption:
                self._train(plan, interruption)
        return interruption.signal if plan or self.done < self.total else 0

    def _plan(self) -> list[_Work]:
        """What is to be trained: all that is missed once; or what cells that disagree ask for."""
        refine, missed, self.missed = self.study.refine, self.missed, {}
        if refine:
            missed = {group: np.zeros(group.trials, bool) for group in self._compared}
            for group, values in self._compared.items():
                missed[group][wanted(values, shape_of_map(group), refine)] = True
        damaged: dict[str, str] = {}
        plan = [
            _Work(group, sources(self.ledger, group, points, damaged), points)
            for group, points in missed.items()
            if points.any()
        ]
        self.findings += set_aside(self.ledger.directory, damaged)
        self.total += sum(work.trials for work in plan)
        return plan

    def _train(self, plan: list[_Work], interruption: Interruption) -> None:
        running: dict[Future[Trained], _Chunk] = {}
        self.workers.expect(work.group for work in plan)
        for chunk in self._chunks(plan, interruption):
            if interruption:
                break
            submit = self.workers.submit
            running[submit(chunk.group, chunk.index, chunk.since, interruption)] = chunk
            if len(running) > self.workers.ahead:
                self._commit_one(running)
        while running:
            self._commit_one(running)

    def _chunks(self, plan: list[_Work], interruption: Interruption) -> Iterator[_Chunk]:
        for work in plan:
            with suppress(CancelledError):
                self.workers.prepare(work.group, interruption)
            if interruption:
                return
            self.started = self.started or time.perf_counter()
            # A commit takes longer than what is quickly trained: of that, one for all.
            share = work.trials / work.group.trials
            short = share * estimate(work.group, 1).seconds < _COMMIT
            size = self.chunk or chunk_size(work.group, 1 if short else self.workers.count)
            if self.study.refine and not short:
                size = min(size, -(-work.trials // self.workers.count))
            for source in work.sources:
                yield from self._extensions(source, size, work.fresh)
            for index in _positions(work.fresh, self.shuffle_seed, size):
                yield _Chunk(work.group, index)

    def _extensions(self, source: Source, size: int, fresh: np.ndarray) -> Iterator[_Chunk]:
        """The chunks that go on from a saved one; if it is damaged, its trials become fresh."""
        try:
            tables = source.load(self.ledger)
        except DamagedError as damage:
            fault = {source.commit.stem: str(damage)}
            self.findings += set_aside(self.ledger.directory, fault)
            fresh[source.index] = True
            return
        for index, since in source.pieces(tables, size):
            yield _Chunk(source.group, index, since, source.steps)

    def _commit_one(self, running: dict[Future[Trained], _Chunk]) -> None:
        """Wait for a chunk and commit it; the others go on meanwhile, if they had their turn."""
        finished: set[Future[Trained]] = set()
        while not finished:
            finished, _ = wait(running, _PATIENCE, return_when=FIRST_COMPLETED)
            self.workers.check()
        future = next(one for one in running if one in finished)  # of two, the first begun
        chunk = running.pop(future)
        try:
            trained = future.result()
        except CancelledError:
            return
        group, trials = chunk.group, len(chunk.index)
        tables = tables_of(group, trained, self.ledger.next_trial)
        one_run = bool((np.diff(chunk.index) == 1).all())
        self.ledger.add(group, tables, int(chunk.index[0]) if one_run else -1)
        compact(self.ledger)
        if self.study.refine:
            self._compared[group][chunk.index] = compared(tables["trials"], self.study.refine.by)
        self.done += trials
        self.extended += trials if chunk.since else 0
        self.steps += trials * (group.steps - chunk.start)
        self.seconds = time.perf_counter() - self.started
        if self.progress:
            self.progress(Progress(self.done, self.total, self.steps, self.seconds))


def _positions(wanted: np.ndarray, shuffle_seed: int | None, size: int) -> Iterator[np.ndarray]:
    """The positions that are True in `wanted`, int64, `size` at a time or what a window has left.

    In order, or shuffled all together.
    """
    window = max(_WINDOW // size, 1) * size if shuffle_seed is None else len(wanted)
    for first in range(0, len(wanted), window):
        found = np.flatnonzero(wanted[first : first + window]) + first
        if shuffle_seed is not None:
            found = np.random.default_rng(shuffle_seed).permutation(found)
        yield from (found[start : start + size] for start in range(0, len(found), size))
