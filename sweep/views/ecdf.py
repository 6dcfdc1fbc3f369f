"""How a measure is distributed over trials: the share at or below each of its values."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from sweep.analysis.levels import levels
from sweep.views.cells import Array, pooled
from sweep.views.panels import Shown, beside, label_outside, panels_of
from sweep.views.scales import HUGE, UPWARD, MeasureScale
from sweep.views.source import Options, Source
from sweep.views.style import PLAIN, Look, theme

MOST_POINTS = 2000
"""Steps of one line; of more trials, as many evenly spread in rank."""


def ecdf(
    trials: pd.DataFrame,
    *,
    hue: str | None = None,
    col: str | None = None,
    measure: str = "final_loss",
    look: Look = PLAIN,
) -> Figure:
    """Draw the distribution of `measure`: a line a value of `hue`, a panel a value of `col`.

    `trials` has a row a trial: `measure`, `outcome`, and a column an axis. Trials that diverged, or
    never came to have the measure, count as worse than any number: a line ends below 1 by their
    share (and begins above 0 where more is better).

    Raises:
        KeyError: the table has no such column.
    """
    hues, cols = Shown.of(trials, hue), Shown.of(trials, col)
    kept = cols.of_these(hues.of_these(trials))
    level = levels(kept, measure)
    over = pooled(trials, {hue, col}, measure)
    scale = MeasureScale.of(measure, level, look.log).within(look.xlim)
    lost, *low = scale.notes(level)
    notes = ["share at or below" + (f", over {over}" if over else ""), *low, cols.note]
    if lost:
        side = "begin above 0" if measure in UPWARD else "end below 1"
        notes.insert(1, f"{lost}: lines {side} by their share")
    with theme():
        figure, panels = panels_of(look, cols.headings, *notes, legend=hue)
        for panel, c in zip(panels, cols.points, strict=True):
            (axes,) = panel.parts
            for h, color in zip(hues.points, hues.colors, strict=True):
                rows = cols.rows(kept, c) & hues.rows(kept, h)
                if rows.any():
                    x, share = steps(level[rows], scale.limits)
                    axes.plot(x, share, drawstyle="steps-post", color=color, linewidth=1.6)
            scale.dress(axes, along="x")
            axes.set(ylim=look.ylim or (0, 1.02), ylabel="share of trials")
        if hue:
            beside(figure, hues.entries, hues.title)
        label_outside(figure, panels)
    return figure


def steps(level: Array, span: tuple[float, float]) -> tuple[Array, Array]:
    """Return where a line rises and to what share of all, within the span, its ends included."""
    ascending = np.sort(level)
    at = np.unique(np.linspace(0, len(level) - 1, MOST_POINTS).round().astype(int))
    at = at[ascending[at] < HUGE]
    x, share = ascending[at].clip(*span), (at + 1) / len(level)
    below = float(np.mean(level < span[0]))
    last = share[-1:] if len(share) else [below]
    return np.concatenate([span[:1], x, span[1:]]), np.concatenate([[below], share, last])


def draw_ecdf(source: Source, options: Options) -> Figure:
    """A distribution for each value of the leading axis, if others are left to vary."""
    measure = options.measure or source.lead
    hue = options.hue
    if hue is None and len(source.swept) > 1:
        hue = next((a for a in source.ranked if a != options.col), None)
    return ecdf(
        source.trials(measure), hue=hue, col=options.col, measure=measure,
        look=options.look(source),
    )  # fmt: skip
