"""What became of the trials: shares along one axis, or a map over two."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from sweep.views.raster import Raster, sorted_label
from sweep.views.scales import edges, is_ordered, name_cells, place
from sweep.views.style import BESIDE, OUTCOME_COLORS, label, new_figure, theme

MOST_BINS = 512
"""Shares along an axis of more values than this are taken over neighbouring values together."""


def levels(trials: pd.DataFrame, measure: str) -> pd.Series:
    """Return a measure as float64, infinite where a trial diverged or never came to have one.

    What diverged is thus worse than anything else, and is never dropped.
    """
    values = trials[measure].astype("float64")
    return values.mask(trials["outcome"] == "diverged").fillna(np.inf)


def codes(trials: pd.DataFrame) -> np.ndarray:
    """Return each trial's outcome as its place in `OUTCOME_COLORS`, int64: higher is worse."""
    outcome = pd.Categorical(trials["outcome"], categories=list(OUTCOME_COLORS))
    return outcome.codes.astype(np.int64)


def shares(trials: pd.DataFrame, x: str) -> pd.DataFrame:
    """Return the shares, 0 to 1: a row a value of `x`, ascending, and a column an outcome."""
    at, values = pd.factorize(trials[x], sort=True)
    n = len(OUTCOME_COLORS)
    counts = np.bincount(at * n + codes(trials), minlength=len(values) * n).reshape(-1, n)
    index = pd.Index(values, name=x)
    return pd.DataFrame(counts / counts.sum(axis=1, keepdims=True), index, list(OUTCOME_COLORS))


def draw_shares(axes: Axes, table: pd.DataFrame, borders: np.ndarray) -> None:
    """Stack the `shares` between the cells' n + 1 `borders`, as one polygon an outcome."""
    if len(table) > MOST_BINS:
        starts = np.linspace(0, len(table), MOST_BINS + 1).astype(int)
        borders = borders[starts]
        table = table.groupby(np.repeat(np.arange(MOST_BINS), np.diff(starts))).mean()
    base = np.zeros(len(table) + 1)
    for name, color in OUTCOME_COLORS.items():
        top = base + np.append(table[name], table[name].iloc[-1])
        axes.fill_between(borders, base, top, step="post", color=color, linewidth=0, label=name)
        base = top
    axes.set_ylim(0, 1)
    axes.set_yticks([0, 0.5, 1], ["0", "½", "1"])
    axes.grid(visible=False)


def outcome_legend(axes: Axes, present: Iterable[str], *, missing: bool = False) -> None:
    """Name the outcomes that are present beside the axes, always in the one order."""
    shown = {name: color for name, color in OUTCOME_COLORS.items() if name in set(present)}
    axes.legend(handles=patches(shown | ({"not trained": "white"} if missing else {})), **BESIDE)


def patches(names: dict[str, str]) -> list[Patch]:
    """Return one legend entry for each name and its colour."""
    return [
        Patch(facecolor=color, edgecolor="#8a8f98", linewidth=0.5, label=name)
        for name, color in names.items()
    ]


def outcomes(trials: pd.DataFrame, *, x: str, y: str | None = None, title: str = "") -> Figure:
    """Draw the outcomes: their shares along `x`, or with `y` a map of both axes.

    A cell of the map is a pair of values; where several trials share it, it shows the worst.
    Values without order, such as seeds, are sorted by how many of their trials converged.
    """
    with theme():
        figure = new_figure(title, width=7.6, height=4.5 if y is None else 5.2)
        axes = figure.subplots()
        missing = False
        if y is None:
            _along(axes, shares(trials, x), x)
        else:
            raster = Raster.of(trials, x, y, codes(trials), several="max")
            raster = raster.sorted((raster.cells == 0).sum(axis=1), "share converged")
            palette = ListedColormap(list(OUTCOME_COLORS.values()))
            raster.draw(axes, cmap=palette, vmin=-0.5, vmax=2.5)
            missing = bool(np.isnan(raster.cells).any())
        outcome_legend(axes, trials["outcome"].unique(), missing=missing)
    return figure


def _along(axes: Axes, table: pd.DataFrame, x: str) -> None:
    values = table.index.to_numpy()
    name = label(x)
    if is_ordered(x, values):
        borders = edges(values)
        place(axes, values)
    else:
        table = table.sort_values("converged", kind="stable")
        borders = np.arange(len(table) + 1) - 0.5
        name_cells(axes.xaxis, table.index.to_numpy())
        name = sorted_label(x, len(table), "share converged")
    draw_shares(axes, table, borders)
    axes.set_xlim(borders[0], borders[-1])
    axes.set(xlabel=name, ylabel="share of trials")
    sns.despine(ax=axes)
