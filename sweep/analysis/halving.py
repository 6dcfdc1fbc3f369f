"""What schedulers that stop trials early would have missed in a study, and what they would save.

They are replayed on the curves of trials that were all trained to the end. Trials come one after
the other in a random order; what has diverged is not trained on.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from sweep.analysis.trials import trained
from sweep.errors import RequestError
from sweep.store.derived import MOST_ROWS
from sweep.store.results import Results, results_of
from sweep.store.tables import BATCH
from sweep.study import Study

CHECKS = 20  # median stopping looks at a trial so often, at even distances
FIRST = 5  # how many trials median stopping lets pass a check before it compares

LOSSES = ("loss", "validation_loss", BATCH)


@dataclass(frozen=True, eq=False)
class Seen:
    """What schedulers see of n trials: losses, infinite from the first that is not finite.

    Attributes:
        rungs: (K,) int64, the steps at which trials are promoted, ascending; the last is the end.
        losses: (n, K) float64, at these.
        checks: (C,) int64, the steps at which trials are compared with the median.
        least: (n, C) float64, the least loss up to each of these.
        means: (n, C) float64, the mean of the recorded ones up to each of these.
        final: (n,) float64, what a trial is judged by in the end.
    """

    rungs: np.ndarray
    losses: np.ndarray
    checks: np.ndarray
    least: np.ndarray
    means: np.ndarray
    final: np.ndarray

    def of(self, rows: np.ndarray) -> "Seen":
        """The same of some trials, in this order."""
        return replace(
            self, losses=self.losses[rows], least=self.least[rows], means=self.means[rows],
            final=self.final[rows],
        )  # fmt: skip


def halving(
    results: Results | Study | str | Path,
    measure: str | None = None,
    *,
    eta: int = 3,
    least: int | None = None,
    trials: int | None = None,
    draws: int = 20,
    seed: int = 0,
    only: str | Iterable[str] = (),
) -> pd.DataFrame:
    """What early stopping would have missed in a study that was trained to the end.

    Args:
        results: of a study with curves, their directory, or the study by its name or file.
        measure: what is looked at on the way: "loss", "validation_loss" or "batch_loss"; by default
            the loss on validation data where there is any. The end is judged by the loss of that
            kind on all data.
        eta: of `eta` trials one is promoted.
        least: how many steps a trial has at least; by default a hundredth of them.
        trials: how many are drawn, without replacement, for each replay; all by default.
        draws: how many replays, each in an order of its own.
        seed: of these orders.
        only: choices of axes' values, as NAME=VALUE.

    Returns:
        A row a method, with the columns `method`; `trials`, how many are drawn; `spent`, the mean
        share of the steps that training all trials takes, and `saved`, the rest; `finished`, the
        mean number of trials that are trained to the end; `kept`, the share of replays in which the
        best trial is among them; `ratio` and `ratio_high`, the median and the 90% quantile of the
        best loss that is found over the best there is; and `rank`, the median rank of the former
        among all, 1 for the best.

    Raises:
        RequestError: the study has no such curves, its trials differ in their steps, or an argument
            is out of range.
        StoreError: a file is damaged or cannot be read.
    """
    found = results_of(results)
    if eta < 2 or draws < 1 or (least is not None and least < 1):
        raise RequestError("eta must be at least 2, draws and least at least 1")
    table, _ = trained(found, ["trial"], only)
    count = len(table) if trials is None else trials
    if not 1 <= count <= len(table):
        raise RequestError(f"trials must be from 1 to {len(table)}, those there are, not {trials}")
    seen = seen_of(found, table, measure or usual_curve(found.study), eta, least)
    if not np.isfinite(seen.final).any():
        raise RequestError(f"{found.study.name}: all trials diverged; there is nothing to find")
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(draws):
        drawn = seen.of(rng.permutation(len(table))[:count])
        rows += [
            {"method": name, **judged(drawn, method(drawn, eta))}
            for name, method in SCHEDULERS.items()
        ]
    every = pd.DataFrame(rows).groupby("method", sort=False)
    told = every[["spent", "finished", "kept"]].mean().join(every[["ratio", "rank"]].median())
    told.insert(1, "saved", 1 - told["spent"])
    told.insert(5, "ratio_high", every["ratio"].quantile(0.9, interpolation="higher"))
    told.insert(0, "trials", count)
    return told.reset_index()


def judged(seen: Seen, steps: np.ndarray) -> dict[str, float]:
    """What is spent, finished and found if each trial is trained for so many `steps` (n,)."""
    end, best = seen.rungs[-1], seen.final.min()
    whole = seen.final[steps == end]
    found = whole.min(initial=np.inf)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = 1.0 if found == best else found / best
    return {
        "spent": float(steps.mean() / end),
        "finished": float(len(whole)),
        "kept": float(found == best),
        "ratio": float(ratio),
        "rank": float(1 + (seen.final < found).sum()),
    }


def median_stopping(seen: Seen, eta: int) -> np.ndarray:
    """Steps (n,) int64: a trial ends whose least loss is above the median of the means before it.

    The median, the lower one of two, is over the trials before it that came as far: Golovin et al.,
    "Google Vizier", KDD 2017, section 3.2.2, which takes those that were completed.
    """

    def passing(check: int, alive: np.ndarray) -> np.ndarray:
        least, before = seen.least[alive, check], np.arange(len(alive))
        below = earlier_below(least, seen.means[alive, check])
        middle = np.where(before < FIRST, before, (before - 1) // 2)
        return np.asarray((below <= middle) & np.isfinite(least))

    ends = np.append(seen.checks, seen.rungs[-1])
    return np.asarray(ends[_reached(len(seen.final), len(seen.checks), passing)])


def successive_halving(seen: Seen, eta: int) -> np.ndarray:
    """Steps (n,) int64: at each rung the best of `eta` are trained on, all others end.

    Jamieson and Talwalkar, "Non-stochastic best arm identification and hyperparameter
    optimization", AISTATS 2016.
    """
    return np.asarray(seen.rungs[_halved(seen.losses, eta)])


def hyperband(seen: Seen, eta: int) -> np.ndarray:
    """Steps (n,) int64: brackets of successive halving that begin at each of the rungs.

    Li et al., "Hyperband", JMLR 2018, algorithm 1, in its proportions: of K rungs, bracket s =
    K - 1 .. 0 starts with K eta^s / (s + 1) trials at rung K - 1 - s.
    """
    rungs = len(seen.rungs)
    sizes = [-(-rungs * eta**s // (s + 1)) for s in reversed(range(rungs))]
    ends = np.cumsum(sizes) * len(seen.final) // sum(sizes)
    at = [
        start + _halved(part[:, start:], eta)
        for start, part in enumerate(np.split(seen.losses, ends[:-1]))
    ]
    return np.asarray(seen.rungs[np.concatenate(at)])


def asha(seen: Seen, eta: int) -> np.ndarray:
    """Steps (n,) int64: a trial goes on if it is among the best of `eta` that came to its rung.

    Those that came so far are compared, itself among them, so that the first always goes on: the
    stopping form of Li et al., "A system for massively parallel hyperparameter tuning", MLSys 2020,
    as Optuna's SuccessiveHalvingPruner has it.
    """

    def passing(rung: int, alive: np.ndarray) -> np.ndarray:
        losses, places = seen.losses[alive, rung], np.arange(1, len(alive) + 1) // eta
        below = earlier_below(losses, losses)
        return np.asarray((below < np.maximum(places, 1)) & np.isfinite(losses))

    return np.asarray(seen.rungs[_reached(len(seen.final), len(seen.rungs) - 1, passing)])


SCHEDULERS: Mapping[str, Callable[[Seen, int], np.ndarray]] = {
    "median stopping": median_stopping,
    "successive halving": successive_halving,
    "hyperband": hyperband,
    "asha": asha,
}
"""By name: for how many steps each trial is trained."""


def _halved(losses: np.ndarray, eta: int) -> np.ndarray:
    """The last rung (n,) that each trial reaches, of those of `losses` (n, rungs)."""

    def passing(rung: int, alive: np.ndarray) -> np.ndarray:
        best = np.argsort(losses[alive, rung], kind="stable")[: max(len(alive) // eta, 1)]
        return np.asarray(best[np.isfinite(losses[alive[best], rung])])

    return _reached(len(losses), losses.shape[1] - 1, passing)


def _reached(n: int, stages: int, passing: Callable[[int, np.ndarray], np.ndarray]) -> np.ndarray:
    """How many stages each of n trials passes (n,); `passing` picks those alive that do one."""
    alive, at = np.arange(n), np.zeros(n, np.int64)
    for stage in range(stages):
        alive = alive[passing(stage, alive)]
        at[alive] += 1
    return at


def earlier_below(asked: np.ndarray, values: np.ndarray) -> np.ndarray:
    """How many of the `values` (n,) before each place are below what is `asked` (n,) there.

    The places before one are blocks of 1, 2, 4, ... places; each is sorted once: n log^2 n. Values
    that are equal are not below.
    """
    n = len(values)
    ranks = np.unique(np.concatenate([asked, values]), return_inverse=True)[1]
    place, found = np.arange(n), np.zeros(n, np.int64)
    for level in range(n.bit_length()):
        block = place >> level
        ascending = np.sort(block * 2 * n + ranks[n:])  # block by block
        later = np.flatnonzero(block % 2)
        before = block[later] - 1
        below = np.searchsorted(ascending, before * 2 * n + ranks[later])
        found[later] += below - (before << level)
    return found


def usual_curve(study: Study) -> str:
    """The curve that is looked at: on validation data, of batches, or the loss."""
    groups = study.groups()
    if all(group.validation for group in groups):
        return "validation_loss"
    return BATCH if any(group.by_epochs for group in groups) else "loss"


def seen_of(
    results: Results, table: pd.DataFrame, measure: str, eta: int, least: int | None
) -> Seen:
    """What schedulers see of the trials in `table`, in its order; curves are read in parts.

    Raises:
        RequestError: not all trials have this curve at the same steps, two at least.
    """
    study = results.study
    if measure not in LOSSES:
        raise RequestError(f"measure: must be {', '.join(LOSSES)}, not {measure!r}")
    groups = study.groups()
    first = groups[0].record.loss_steps(groups[0].steps)
    for group in groups:
        there = {
            "validation_loss": group.validation is not None,
            BATCH: group.by_epochs,
            "loss": not group.by_epochs,
        }
        if not there[measure]:
            raise RequestError(f"{study.name}: has no {measure} at every step of every trial")
        if not np.array_equal(group.record.loss_steps(group.steps), first):
            raise RequestError(f"{study.name}: trials differ in the steps that are recorded")
    end = groups[0].steps
    least = max(1, end // 100) if least is None else least
    wanted = [end / eta**k for k in range(end.bit_length())]
    rungs = _columns(first, np.array([step for step in wanted if step >= least]))
    checks = _columns(first, end * np.arange(1, CHECKS) / CHECKS)[:-1]
    parts = []
    numbers = table["trial"].to_numpy()
    size = max(1, MOST_ROWS // len(first))
    for start in range(0, len(numbers), size):
        losses = _losses(results, numbers[start : start + size], first, measure)
        lost = np.isinf(losses[:, checks])
        with np.errstate(over="ignore"):
            means = np.cumsum(losses, axis=1)[:, checks] / (checks + 1)
        lowest = np.minimum.accumulate(losses, axis=1)[:, checks]
        parts.append((losses[:, rungs], np.where(lost, np.inf, lowest), means))
    at_rungs, lowest, means = map(np.concatenate, zip(*parts, strict=True))
    final = table["validation_loss" if measure == "validation_loss" else "final_loss"]
    judged_by = final.to_numpy(np.float64, na_value=np.inf)
    judged_by = np.where(np.isfinite(judged_by) & table["diverged_at"].isna(), judged_by, np.inf)
    return Seen(first[rungs], at_rungs, first[checks], lowest, means, judged_by)


def _columns(steps: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Where the first recorded steps from `wanted` on stand, but for step 0; and the last.

    Raises:
        RequestError: there is the last alone.
    """
    found = np.unique(np.append(np.searchsorted(steps, wanted), len(steps) - 1))
    found = found[found > 0]  # place 0 is step 0
    if len(found) < 2:
        raise RequestError("too few losses were recorded to stop by; see record.loss")
    return found


def _losses(results: Results, trials: np.ndarray, steps: np.ndarray, measure: str) -> np.ndarray:
    """(trials, steps): curves, carried on where a trial stopped; infinite where it is lost."""
    curves = results.curves(trials, columns=["trial", "step", measure])
    order = np.argsort(trials)
    row = order[np.searchsorted(trials, curves["trial"].to_numpy(), sorter=order)]
    column = np.searchsorted(steps, curves["step"].to_numpy())  # a stop in between: the next one
    found = np.full((len(trials), len(steps)), np.inf)
    there = np.zeros(found.shape, bool)
    found[row, column], there[row, column] = curves[measure].to_numpy(np.float64), True
    known = np.maximum.accumulate(np.where(there, np.arange(len(steps)), 0), axis=1)
    found = np.take_along_axis(found, known, axis=1)
    lost = np.logical_or.accumulate(~np.isfinite(found), axis=1)
    return np.where(lost, np.inf, found)
