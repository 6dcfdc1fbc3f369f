"""How a measure is distributed over trials, and to which axes its variance is due."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from sweep.analysis.importance import importance as taken_apart
from sweep.analysis.levels import levels
from sweep.views.cells import axes_of, pooled
from sweep.views.panels import Shown, beside, label_outside, panels_of
from sweep.views.scales import HUGE, UPWARD, Array, MeasureScale, lost_in_words
from sweep.views.source import Options, Source
from sweep.views.style import ALONE, PLAIN, QUIET, RGB, Look, label, new_figure, theme

MOST_POINTS = 2000  # steps of one line; of more trials, as many evenly spread in rank


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
    scale = MeasureScale.of(measure, level, look.log).within(look.xlim)
    lost, *low = scale.notes(level)
    notes = ["share at or below" + pooled(trials, {hue, col}, measure, ", over "), *low, cols.note]
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
            scale.dress(axes.xaxis)
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


MOST_BARS = 12

PAIR: RGB = (0.47, 0.67, 0.76)  # the colour of two axes together: that of one alone, paler


def importance(
    trials: pd.DataFrame,
    *,
    axes: Sequence[str] | None = None,
    measure: str = "final_loss",
    look: Look = PLAIN,
) -> Figure:
    """Draw the share of the variance of `measure` that each axis has, and each pair of axes.

    `trials` has a row a trial: `measure`, `outcome`, and a column an axis, of which `axes` (all by
    default) make a complete grid. Several trials of one point are its replicates, and what differs
    between them is the residual. The variance is that of the trials' ranks, in which what diverged
    is simply worst.

    Raises:
        RequestError: the grid lacks points.
        KeyError: the table has no such column.
    """
    axes = [name for name in axes or axes_of(trials, measure) if len(pd.unique(trials[name])) > 1]
    level = levels(trials, measure)
    ranks: Array = np.asarray(pd.Series(-level if measure in UPWARD else level).rank(), np.float64)
    found = taken_apart(trials, axes, ranks)
    terms = [(label(name), share, ALONE) for name, share in found.single.items()]
    terms += [
        (f"{label(a, symbol=False)} × {label(b, symbol=False)}", share, PAIR)
        for (a, b), share in found.pairs.items()
    ]
    terms.sort(key=lambda term: -term[1])  # the largest first, then what is left
    bars: list[tuple[str, float, object]] = [*terms[:MOST_BARS]]
    if rest := terms[MOST_BARS:]:
        bars.append((f"{len(rest)} more terms", sum(share for _, share, _ in rest), QUIET))
    if len(found.single) > 2:
        bars.append(("three and more axes", found.higher, QUIET))
    if found.residual > 0:
        bars.append(("among trials of one point", found.residual, QUIET))
    with theme():
        of = label(measure, symbol=False)
        what = f"variance of the ranks of {of}, over {len(trials):,} trials"
        lost = lost_in_words(measure, level)
        notes = [what, f"{lost}: the worst rank" if lost else ""]
        figure = new_figure(look, 7.0, 0.36 * len(bars) + 1.4, *notes)
        plot = figure.subplots()
        names, shares, colors = zip(*bars, strict=True)
        at = np.arange(len(bars))[::-1]
        plot.barh(at, shares, color=colors, height=0.72)
        for y, share in zip(at, shares, strict=True):
            plot.annotate(
                f"{100 * share:.1f}%", (share, y), (4, 0), textcoords="offset points",
                va="center", fontsize="small",
            )  # fmt: skip
        plot.set_yticks(at, names)
        plot.set(xlim=(0, 1.12 * max(*shares, 1e-9)), xlabel="share of the variance")
        plot.xaxis.set_major_formatter(lambda share, _: f"{100 * share:.0f}%")
        plot.grid(visible=False, axis="y")
        sns.despine(figure, left=True)
        plot.tick_params(axis="y", length=0)
    return figure


def draw_importance(source: Source, options: Options) -> Figure:
    """The share of the variance of each axis and pair."""
    measure = options.measure or source.lead
    return importance(
        source.trials(measure), axes=source.swept, measure=measure,
        look=options.look(source),
    )  # fmt: skip
