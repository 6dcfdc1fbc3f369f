"""Loss by step: all curves in one figure, in panels, or on logarithmic axes."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sweep.views.scales import HUGE, is_ordered, log_limits, name_powers
from sweep.views.style import (
    ALONE,
    BESIDE,
    QUIET,
    RGB,
    assignment,
    colors,
    label,
    new_figure,
    theme,
    value_labels,
)

FIRST_STEPS = 100
"""Steps on the linear axes: where the learning rates part."""

MOST_CURVES = 12
"""Curves that an eye can follow in one figure."""

BAND = (0.1, 0.5, 0.9)
"""Quantiles drawn where several trials share a curve: band, median, band."""


def thinned(values: Sequence[object], most: int = MOST_CURVES) -> list[object]:
    """Return at most `most` of the values, evenly spread, first and last included."""
    if len(values) <= most:
        return list(values)
    return [values[i] for i in np.linspace(0, len(values) - 1, most).round().astype(int)]


def summary(table: pd.DataFrame, hue: str | None) -> pd.DataFrame:
    """Return columns hue, step, low, middle, high: the loss, or its quantiles `BAND` over trials.

    A loss that is not a number counts as infinite: a trial that diverged is worse than any other.
    """
    keys = [hue, "step"] if hue else ["step"]
    loss = table["loss"].astype("float64").fillna(np.inf)
    if not table.duplicated(keys).any():
        return table[keys].assign(low=loss, middle=loss, high=loss).sort_values(keys)
    parts = loss.groupby([table[key] for key in keys], observed=True, sort=True)
    names = ("low", "middle", "high")
    bands = {name: parts.quantile(q) for name, q in zip(names, BAND, strict=True)}
    return pd.DataFrame(bands).fillna(np.inf).reset_index()


def ranked(lines: pd.DataFrame, hue: str) -> list[object]:
    """Return the values of `hue` in the order of their curves at the last step, top to bottom."""
    last = lines.sort_values("step", kind="stable").groupby(hue, observed=True)["middle"].last()
    return last.sort_values(ascending=False, kind="stable").index.tolist()


class _Lines:
    """The curves of one figure: their numbers by step and their colours."""

    def __init__(
        self, table: pd.DataFrame, hue: str | None, total: int, last: float = math.inf
    ) -> None:
        """Summarise the table up to step `last`; `hue` names the column that tells curves apart.

        `total` is how many values it has, if more than the table holds.
        """
        table = table[table["step"] <= last]
        self.hue = hue
        self.names: dict[object, str] = {}
        self.colors: dict[object, RGB] = {}
        if hue:
            values = table[hue].drop_duplicates().sort_values()
            total = max(total, len(values))
            shown = thinned(values.tolist())
            table = table[table[hue].isin(shown)]
            ordered = is_ordered(hue, values.to_numpy())
            self.colors = dict(zip(shown, colors(shown, ordered=ordered), strict=True))
            self.names = dict(zip(shown, value_labels(shown), strict=True))
        self.note = f" ({len(self.names)} of {total:,})" if len(self.names) < total else ""
        self.table = summary(table, hue)
        self.order = ranked(self.table, hue) if hue else []
        self.last = max(int(self.table["step"].max()), 1)

    def one(self, value: object) -> pd.DataFrame:
        """Return the curve of one value."""
        return self.table[self.table[self.hue] == value] if self.hue else self.table

    def between(self, low: float, high: float) -> None:
        """Keep the curves within the figure's limits: what leaves it does so at an edge."""
        for name in ("low", "middle", "high"):
            self.table[name] = self.table[name].clip(low, high)

    def draw(self, axes: Axes) -> None:
        """Draw every curve with its band, and the legend in the order of the curves."""
        for value in self.order or [None]:
            band(axes, self.one(value), self.colors.get(value, ALONE))
        sns.lineplot(
            self.table,
            x="step",
            y="middle",
            hue=self.hue,
            hue_order=self.order or None,
            palette=self.colors or None,
            color=ALONE,
            errorbar=None,
            legend=False,
            linewidth=2,
            ax=axes,
        )
        if self.hue:
            for line, value in zip(axes.lines, self.order, strict=True):
                line.set_label(self.names[value])
            axes.legend(handles=axes.lines, title=label(self.hue) + self.note, **BESIDE)

    def ceiling(self, factor: float) -> float:
        """Return the highest loss worth showing: a curve that diverges may leave the figure.

        That is `factor` times the highest loss at the first step, unless everything stays below.
        """
        finite = self.table[self.table["high"] < HUGE]
        start = finite.loc[finite["step"] == self.table["step"].min(), "high"].max()
        highest = finite["high"].max()
        return float(min(highest, factor * start) if start > 0 else max(1.0, highest))


def band(axes: Axes, line: pd.DataFrame, color: RGB) -> None:
    """Shade from low to high around a line, where the two differ."""
    if (line["low"] < line["high"]).any():
        axes.fill_between(
            line["step"], line["low"], line["high"], color=color, alpha=0.18, linewidth=0
        )


def curves(
    table: pd.DataFrame,
    *,
    hue: str | None,
    total: int = 0,
    title: str = "",
    last: int = FIRST_STEPS,
) -> Figure:
    """Draw all curves on one pair of linear axes, with a legend in the order of the curves.

    `table` has columns `step`, `loss` and `hue`. Several trials of one value of `hue` become their
    median and the band from 10 to 90%. Where the table holds but some of `total` values of `hue`,
    or more than can be told apart, the legend says so.
    """
    with theme():
        lines = _Lines(table, hue, total, last)
        ceiling = 1.05 * lines.ceiling(2.0)
        lines.between(0, 10 * ceiling)
        figure = new_figure(title)
        axes = figure.subplots()
        axes.set(xlim=(0, lines.last), ylim=(0, ceiling))
        lines.draw(axes)
        axes.set(xlabel=label("step"), ylabel=label("loss"))
        sns.despine(figure)
    return figure


def panels(
    table: pd.DataFrame, *, hue: str, total: int = 0, title: str = "", last: int = FIRST_STEPS
) -> Figure:
    """Draw one panel a value of `hue`, all with the same axes, the other curves pale behind.

    The table and `total` are those of `curves`.
    """
    with theme():
        lines = _Lines(table, hue, total, last)
        ceiling = 1.05 * lines.ceiling(2.0)
        lines.between(0, 10 * ceiling)
        values = list(lines.colors)
        columns = min(4, math.ceil(math.sqrt(len(values))))
        rows = math.ceil(len(values) / columns)
        figure = new_figure(title, width=2.35 * columns + 0.4, height=1.9 * rows + 0.7)
        grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
        for axes, value in zip(grid.flat, values, strict=False):
            for other in values:
                if other != value:
                    axes.plot("step", "middle", data=lines.one(other), color=QUIET, linewidth=0.8)
            axes.plot(
                "step", "middle", data=lines.one(value), color=lines.colors[value], linewidth=2.2
            )
            band(axes, lines.one(value), lines.colors[value])
            axes.set_title(assignment(hue, lines.names[value]), fontsize="small")
            axes.set(xlim=(0, lines.last), ylim=(0, ceiling))
            axes.xaxis.set_major_locator(MaxNLocator(2))
        for axes in grid.flat[len(values) :]:
            axes.remove()
        note = f"; {label(hue)}{lines.note}" if lines.note else ""
        figure.supxlabel(label("step") + note, fontsize="medium")
        figure.supylabel(label("loss"), fontsize="medium")
        sns.despine(figure)
    return figure


def loglog(table: pd.DataFrame, *, hue: str | None, total: int = 0, title: str = "") -> Figure:
    """Draw all recorded steps on logarithmic axes; the table and `total` are those of `curves`.

    Step 0, before the first update, has no logarithm: the axis is linear from 0 to 1.
    """
    with theme():
        lines = _Lines(table, hue, total)
        figure = new_figure(title)
        axes = figure.subplots()
        ceiling = lines.ceiling(1e3)
        limits = log_limits(lines.table[["low", "middle", "high"]].to_numpy().clip(max=ceiling))
        low, high = limits or (0.1, 1.0)
        lines.between(low / 10, high * 10)
        lines.draw(axes)
        axes.set_xscale("symlog", linthresh=1, linscale=0.3, subs=range(2, 10))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda at, _: f"{at:,.0f}"))
        axes.set_yscale("log")
        name_powers(axes.yaxis, low, high)
        axes.set_ylim(low / 1.5, high * 1.5)
        axes.set_xlim(0, lines.last)
        axes.set(xlabel=label("step"), ylabel=label("loss"))
        sns.despine(figure)
    return figure
