"""A measure against one axis: each trial, or median and bands; the share of outcomes beneath."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sweep.views.outcomes import draw_shares, levels, outcome_legend, shares
from sweep.views.scales import edges, log_limits, name_powers, place
from sweep.views.style import BESIDE, MARK, colors, label, new_figure, theme, value_labels

QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)


def quantiles(trials: pd.DataFrame, x: str, measure: str) -> pd.DataFrame:
    """Return the quantiles of the levels: a row a value of `x`, ascending, a float64 column each.

    Between two infinite levels lies infinity.
    """
    parts = levels(trials, measure).groupby(trials[x], sort=True)
    return pd.DataFrame({q: parts.quantile(q) for q in QUANTILES}).fillna(np.inf)


def response(
    trials: pd.DataFrame,
    *,
    x: str,
    measure: str = "final_loss",
    marks: Sequence[float] = (),
    title: str = "",
) -> Figure:
    """Draw how `measure` responds to the numeric axis `x`, logarithmic where numbers span decades.

    Several trials of one value become their median within the bands of 25 to 75% and 10 to 90%.
    `marks` are values of `x` to point out. Where outcomes differ, their shares stand beneath.
    """
    with theme():
        table = quantiles(trials, x, measure)
        at = table.index.to_numpy()
        mixed = len(trials["outcome"].unique()) > 1
        figure = new_figure(title, width=7.6, height=5.4 if mixed else 4.5)
        ratios = [4, 1] if mixed else [1]
        upper, *lower = figure.subplots(
            len(ratios), 1, sharex=True, squeeze=False, height_ratios=ratios
        )[:, 0]
        place(upper, at)
        _draw_levels(upper, table, single=len(table) == len(trials))
        upper.set_ylabel(label(measure))
        for axes in lower:
            draw_shares(axes, shares(trials, x), edges(at))
            axes.set_ylabel("share")
            outcome_legend(axes, trials["outcome"].unique())
        if len(at) > 1:
            upper.set_xlim(at[0], at[-1])
        _mark(upper, marks)
        figure.axes[-1].set_xlabel(label(x))
        figure.align_ylabels()
        sns.despine(figure)
    return figure


def _draw_levels(axes: Axes, table: pd.DataFrame, *, single: bool) -> None:
    """Draw the quantiles; a level that is infinite leaves the figure at the top."""
    at, values = table.index.to_numpy(), table.to_numpy()
    low, high = log_limits(values) or (0.1, 1.0)
    axes.set_yscale("log")
    name_powers(axes.yaxis, low, high)
    axes.set_ylim(low / 1.5, high * 1.5)
    table = table.clip(low / 10, high * 10)
    color = colors(range(3), ordered=True)[1]
    if single:
        style = "o-" if len(at) <= 64 else "-"
        middle = table[0.5].where(np.isfinite(values[:, 0]))
        axes.plot(at, middle, style, markersize=4, linewidth=1.4, color=color)
        return
    for low_band, high_band, alpha in ((0.1, 0.9, 0.16), (0.25, 0.75, 0.3)):
        axes.fill_between(
            at, table[low_band], table[high_band], color=color, alpha=alpha, linewidth=0,
            label=f"{100 * low_band:.0f} to {100 * high_band:.0f}%",
        )  # fmt: skip
    axes.plot(at, table[0.5], color=color, linewidth=1.8, label="median")
    axes.legend(**BESIDE)


def _mark(axes: Axes, marks: Sequence[float]) -> None:
    """Point out reference values: a thin line each, with the value at its top."""
    low, high = axes.get_xlim()
    inside = [float(mark) for mark in marks if low <= mark <= high]
    for mark, name in zip(inside, value_labels(inside), strict=True):
        axes.axvline(mark, color=MARK, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1.5)
        axes.annotate(
            name, (mark, 1), (0, 2), xycoords=axes.get_xaxis_transform(),
            textcoords="offset points", rotation=90, ha="center", va="bottom", fontsize="x-small",
            color=MARK,
        )  # fmt: skip
