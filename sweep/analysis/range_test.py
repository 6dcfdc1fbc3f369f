"""A range test read as a sweep: the loss at each rate that its schedule passed through.

Smith, "Cyclical learning rates for training neural networks", 2017, section 3.3: the rate is raised
while the network is trained, and the loss, drawn against it, tells where learning begins and where
it ends. The rate suggested is the one at which the smoothed loss falls fastest, by decade of the
rate.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from sweep.analysis.naming import narrowed
from sweep.analysis.responses import Responses
from sweep.errors import RequestError
from sweep.store.results import Results
from sweep.study import Group, Study
from sweep.training.schedules import rate_factors

MOST_RATES = 500
"""Of more recorded steps so many are looked at, evenly spread."""

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
    parts = []
    for _, part in curves.groupby("trial", sort=True):
        values = part.iloc[0]
        group = next(
            one
            for one in results.study.groups()
            if all(values[name] == label for name, label in one.labels.items())
        )
        parts.append(_steps(part.sort_values("step"), group))
    table = pd.concat(parts, ignore_index=True)
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
