"""How much of what differs between trials is due to each axis, as bars."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from sweep.analysis.importance import Importance
from sweep.analysis.importance import importance as taken_apart
from sweep.analysis.levels import levels
from sweep.views.cells import Array, axes_of
from sweep.views.scales import UPWARD, lost_in_words
from sweep.views.source import Options, Source
from sweep.views.style import ALONE, PLAIN, QUIET, RGB, Look, label, new_figure, theme

MOST_BARS = 12

RANKS = "the ranks of "

PAIR: RGB = (0.47, 0.67, 0.76)
"""The colour of two axes together: that of one alone, paler."""


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
    is simply worst; with `look.log` that of logarithms, or of the numbers themselves if that is
    False, what diverged being as bad as the worst number.

    Raises:
        RequestError: the grid lacks points.
        KeyError: the table has no such column.
    """
    axes = [name for name in axes or axes_of(trials, measure) if len(pd.unique(trials[name])) > 1]
    values, of = _values(levels(trials, measure), look.log, upward=measure in UPWARD)
    found = taken_apart(trials, axes, values)
    bars = _bars(found)
    with theme():
        what = f"variance of {of}{label(measure, symbol=False)}, over {len(trials):,} trials"
        lost = lost_in_words(measure, levels(trials, measure))
        worst = f"{lost}: {'as bad as the worst number' if of != RANKS else 'the worst rank'}"
        notes = [what, worst if lost else ""]
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


def _values(level: Array, log: bool | None, *, upward: bool) -> tuple[Array, str]:
    """Return finite numbers that stand for the levels, and what they are of the measure."""
    if log is None:
        ranks: Array = np.asarray(pd.Series(-level if upward else level).rank(), np.float64)
        return ranks, RANKS
    finite = level[np.isfinite(level) & ((level > 0) | (not log))]
    if not finite.size:
        return np.zeros(len(level)), ""
    clipped = level.clip(finite.min(), finite.max())
    if log:
        clipped[:] = np.log10(clipped)
        return clipped, "log "
    return clipped, ""


def _bars(found: Importance) -> list[tuple[str, float, object]]:
    """Return names, shares and colours: the largest terms, largest first, then what is left."""
    terms = [(label(name), share, ALONE) for name, share in found.single.items()]
    terms += [
        (f"{label(a, symbol=False)} × {label(b, symbol=False)}", share, PAIR)
        for (a, b), share in found.pairs.items()
    ]
    terms.sort(key=lambda term: -term[1])
    bars: list[tuple[str, float, object]] = list(terms[:MOST_BARS])
    if rest := terms[MOST_BARS:]:
        bars.append((f"{len(rest)} more terms", sum(share for _, share, _ in rest), QUIET))
    if len(found.single) > 2:
        bars.append(("three and more axes", found.higher, QUIET))
    if found.residual > 0:
        bars.append(("among trials of one point", found.residual, QUIET))
    return bars


def draw_importance(source: Source, options: Options) -> Figure:
    """The share of the variance of each axis and pair."""
    measure = options.measure or source.lead
    return importance(
        source.trials(measure), axes=source.swept, measure=measure,
        look=options.look(source),
    )  # fmt: skip
