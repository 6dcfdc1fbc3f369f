"""A measure over two axes, in colour."""

from dataclasses import replace

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.colors import ListedColormap, LogNorm
from matplotlib.figure import Figure

from sweep.views.outcomes import levels, patches
from sweep.views.raster import Raster
from sweep.views.scales import FLOOR, HUGE, name_powers
from sweep.views.style import OUTCOME_COLORS, label, new_figure, theme

SPAN = (0.001, 0.999)
"""Quantiles at the ends of the colours, so that single cells do not spend the whole range."""


def color_span(cells: np.ndarray) -> tuple[float, float]:
    """Return the positive numbers at the two ends of logarithmic colours."""
    positive = cells[(cells > 0) & (cells < HUGE)]
    if not positive.size:
        return 0.1, 1.0
    low, high = (float(end) for end in np.quantile(positive, SPAN, method="nearest"))
    return max(low, high * FLOOR), high if high > low else 2 * low


def heatmap(
    trials: pd.DataFrame, *, x: str, y: str, measure: str = "final_loss", title: str = ""
) -> Figure:
    """Draw a positive `measure` in logarithmic colour over two axes, as one image of any size.

    A trial that diverged, or never came to have the measure, has a colour outside the scale.
    Several trials in one cell become their median. Rows without order, such as seeds,
    are sorted by their mean level.
    """
    with theme():
        figure = new_figure(title, width=7.6, height=5.2)
        axes = figure.subplots()
        raster = Raster.of(trials, x, y, levels(trials, measure).to_numpy())
        low, high = color_span(raster.cells)
        # A row's mean takes what diverged as the worst colour: infinity would hide all else.
        level = pd.DataFrame(np.log(np.clip(raster.cells, low, high))).mean(axis=1).to_numpy()
        raster = raster.sorted(level, f"mean log {label(measure, symbol=False)}")
        beyond = np.isposinf(raster.cells)
        shown = np.where(beyond, 10 * high, np.clip(raster.cells, low, high))
        palette = ListedColormap(sns.color_palette("mako", 280)[:256]).with_extremes(
            over=OUTCOME_COLORS["diverged"], bad="white"
        )
        norm = LogNorm(low, high)
        image = replace(raster, cells=shown).draw(axes, cmap=palette, norm=norm)
        bar = figure.colorbar(image, ax=axes, label=label(measure), pad=0.02)
        name_powers(bar.ax.yaxis, low, high)
        _legend(figure, beyond=bool(beyond.any()), missing=bool(np.isnan(shown).any()))
    return figure


def _legend(figure: Figure, *, beyond: bool, missing: bool) -> None:
    """Explain the colours outside the scale, beneath the figure."""
    names = {"diverged": OUTCOME_COLORS["diverged"]} if beyond else {}
    names |= {"not trained": "white"} if missing else {}
    if names:
        figure.legend(handles=patches(names), loc="outside lower right", ncols=len(names))
