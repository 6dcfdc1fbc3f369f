"""What running a study would take: trials, steps, memory, disk and time."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sweep.runs.workers import thread_count
from sweep.store.folder import study_directory
from sweep.store.results import Results
from sweep.study import Group, Study, load_study
from sweep.study.refining import coarse_points, shape_of_map
from sweep.training.costs import calibrate, compile_seconds, estimate

PROCESS_BYTES = 210 * 10**6
"""What Python and its libraries take in a run: the peak of `sweep run lr_graphs`, six trials."""


@dataclass(frozen=True)
class Plan:
    """What running a study would take.

    Attributes:
        study: its name.
        title: what it asks.
        trials: how many it has.
        trained: of these, how many are trained already.
        extendable: of those missing, how many go on from fewer steps.
        refine: how a map is trained from coarse to fine, in words, or nothing; the rest is then
            what all of it would take.
        refined: whether that is through; None without it.
        axes: how many values each axis has.
        together: the axes that run together, by the name they share.
        where: the condition on its points, or nothing.
        groups: how many kernels it needs.
        steps: the fewest and the most of a trial.
        anew: why another number of steps trains all anew, a reason each.
        network_steps: of all trials: one network, one update.
        memory_bytes: at the peak of the process that runs it, Python and its libraries included.
        disk_bytes: of what is saved.
        curve_bytes: of these, what curves take.
        free_bytes: on the disk that it is saved on.
        threads: that train.
        seconds: of training what is missing.
        tried: whether that was tried out, or guessed.
        compile_seconds: of compiling kernels that are not at hand.
    """

    study: str
    title: str
    trials: int
    trained: int
    extendable: int
    refine: str
    refined: bool | None
    axes: dict[str, int]
    together: dict[str, list[str]]
    where: str
    groups: int
    steps: tuple[int, int]
    anew: list[str]
    network_steps: int
    memory_bytes: int
    disk_bytes: int
    curve_bytes: int
    free_bytes: int
    threads: int
    seconds: float
    tried: bool
    compile_seconds: float


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
    study = study if isinstance(study, Study) else load_study(study, overrides)
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
