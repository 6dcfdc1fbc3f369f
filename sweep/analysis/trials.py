"""What analysis reads of a study's results: trained trials, or the steps of a range test, by rate.

Smith, "Cyclical learning rates for training neural networks", 2017, section 3.3: in a range test
the rate is raised while the network is trained, and the loss, drawn against it, tells where
learning begins and where it ends. The rate suggested is the one at which the smoothed loss falls
fastest, by decade of the rate.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from sweep.analysis.levels import LEVELS
from sweep.analysis.naming import named, narrowed
from sweep.analysis.networks import group_of
from sweep.analysis.responses import Responses, is_rate, rate_axis
from sweep.catalogue import CURVE_MEASURES, VALIDATION_MEASURES
from sweep.errors import RequestError
from sweep.store.derived import AREA, with_areas
from sweep.store.results import Results, results_of
from sweep.study import Group, Study
from sweep.training.schedules import rate_factors

Source = Responses | Results | Study | str | Path
"""Results, their directory, a study by its name or file, or any trials laid out."""

NEEDED = ("initial_loss", "final_loss", "max_loss", "steps_to_target", "diverged_at", "outcome")
"""The columns of trials that measures are made from, besides those of validation."""


def trained(
    results: Results,
    more: Iterable[str] = (),
    only: str | Iterable[str] = (),
    *,
    areas: bool = False,
) -> tuple[pd.DataFrame, list[str]]:
    """The trained trials of a study and its axes: what measures are made from, and `more` columns.

    `only` are choices of axes' values, as `narrowed` takes them. With `areas` the curves are read
    too, a part at a time, for the area under each.

    Raises:
        RequestError: nothing is trained, the study refines a map, no trial is as chosen, or no
            curves were recorded.
        StoreError: a file is damaged or cannot be read.
    """
    if not results.trained:
        raise RequestError(f"{results.directory}: nothing is trained yet")
    if results.study.refine:
        raise RequestError(
            f"{results.study.name}: is trained from coarse to fine, so that its trials are no even "
            "sample of its values; `sweep plot` shows the map, and a run with --set 'refine={}' "
            "trains all of it"
        )
    axes = [axis.name for axis in results.study.axes]
    validated = any(group.validation for group in results.study.groups())
    kept = results.study.record.measures
    missing = {*VALIDATION_MEASURES, *CURVE_MEASURES}.difference(kept)
    names = [name for name in more if name not in missing]
    names += [*NEEDED, *(VALIDATION_MEASURES if validated else ()), *(["trial"] if areas else [])]
    trials = narrowed(results.trials(list(dict.fromkeys([*axes, *names]))), axes, only)
    trials = with_areas(trials, results) if areas else trials
    return without_accuracy(trials, results.study), axes


def without_accuracy(trials: pd.DataFrame, study: Study) -> pd.DataFrame:
    """The trials, without their accuracy if targets have more than two values: are no classes."""
    targets = (np.unique(group.data.targets) for group in study.groups())
    if all(len(values) <= 2 for values in targets):
        return trials
    return trials.drop(columns="validation_accuracy", errors="ignore")


def responses_of(
    source: Source,
    rate: str | None = None,
    by: str | None = None,
    only: str | Iterable[str] = (),
    *,
    areas: bool = False,
) -> Responses:
    """Lay out the trained trials of a study for analysis; `rate` is the axis to vary.

    What is laid out already is returned. A range test that sweeps no rate is laid out by the rates
    that its schedule passed through. With the columns that `by`, one of `LEVELS`, is made from;
    `only` and `areas` are as for `trained`.

    Raises:
        RequestError: as for `trained`; or no rate is swept.
        StoreError: a file is damaged or cannot be read.
    """
    if isinstance(source, Responses):
        return source
    results = results_of(source)
    swept = [axis.name for axis in results.study.axes]
    tested = is_range_test(results.study) and not any(map(is_rate, swept))
    if named("--rate", rate) is None and tested:
        return range_test(results, only)
    rate_axis(swept, rate)
    areas = areas or named("--by", by) == AREA
    more = LEVELS[by].needs if by in LEVELS and by != AREA else ()
    trials, axes = trained(results, more, only, areas=areas)
    return Responses.of(trials, axes, rate)


MOST_RATES = 500  # of more recorded steps so many are looked at, evenly spread

SMOOTHED = 0.05
"""The share of the steps over which the loss is averaged, half before a step and half after."""


def is_range_test(study: Study) -> bool:
    """Whether every group of a study raises its rates as a range test does."""
    return all(group.schedule.name == "range_test" for group in study.groups())


def range_test(results: Results, only: str | Iterable[str] = ()) -> Responses:
    """Lay out the steps of a range test as trials, each at the rate of the update before it.

    `final_loss` is the smoothed loss, infinite from the first on that is not finite, and `descent`
    how much it falls by decade of the rate; the seeds repeat a step as they do a trial.

    Raises:
        RequestError: no curves were recorded, or no trial is as chosen.
        StoreError: a file is damaged or cannot be read.
    """
    axes = [axis.name for axis in results.study.axes]
    curves = narrowed(results.curves(), axes, only)
    if curves.empty:
        raise RequestError(f"{results.study.name}: no curves were recorded; see record.loss")
    parts = (part.sort_values("step") for _, part in curves.groupby("trial", sort=True))
    groups = results.study.groups()
    table = pd.concat(
        [_steps(part, group_of(groups, part.iloc[0])) for part in parts], ignore_index=True
    )
    return Responses.of(table, [*axes, "learning_rate"], "learning_rate")


def _steps(curve: pd.DataFrame, group: Group) -> pd.DataFrame:
    """The recorded steps of one trial as trials; the first, before any update, is none."""
    seen = curve["batch_loss" if group.by_epochs else "loss"].to_numpy(np.float64)
    loss = np.where(np.maximum.accumulate(~np.isfinite(seen)), np.nan, seen)
    width = max(3, int(SMOOTHED * len(loss)) // 2 * 2 + 1)
    smooth = pd.Series(loss).rolling(width, center=True, min_periods=1).mean().to_numpy()
    smooth = np.where(np.isnan(loss), np.nan, smooth)[1:]
    step = curve["step"].to_numpy()[1:]
    name = group.sources["learning_rate.0"]  # the first layer's, which the factors multiply
    first = float(curve[name].iloc[0] if name in curve else group.fixed[name])
    rate = first * rate_factors(group.schedule, group.steps, 0, group.steps)[step - 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        descent = -np.gradient(smooth, np.log10(rate)) if len(step) > 1 else np.zeros(len(step))
    diverged = np.isnan(smooth)
    table = pd.DataFrame(
        {
            "learning_rate": rate,
            "initial_loss": seen[0],
            "final_loss": smooth,
            "max_loss": np.maximum.accumulate(np.where(diverged, np.inf, smooth)),
            "steps_to_target": pd.array([pd.NA] * len(step), "Int64"),
            "descent": np.where(np.isfinite(descent), descent, np.nan),
            "outcome": np.where(diverged, "diverged", "stalled"),
        }
    )
    for name in curve.columns.difference(["trial", "step", "loss", "batch_loss"]):
        if name not in table:
            table[name] = curve[name].iloc[0]
    at = np.linspace(0, len(table) - 1, min(len(table), MOST_RATES)).round().astype(int)
    return table.iloc[np.unique(at)]
