"""What was recorded by step: all curves in one figure, or in panels."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sweep.views.bands import NOTHING, OPEN, draw_band, is_open, near
from sweep.views.facets import Shown, beside, label_outside, panels_of
from sweep.views.paths import Line, Paths
from sweep.views.scales import HUGE, UPWARD, log_limits, name_powers
from sweep.views.style import ALONE, PLAIN, QUIET, RGB, Look, label, theme
from sweep.views.tables import pooled

FIRST_STEPS = 100
"""Steps shown on linear axes, or a tenth of all if that is more: where the learning rates part."""


def curves(
    table: pd.DataFrame,
    *,
    hue: str | None = None,
    col: str | None = None,
    measure: str = "loss",
    behind: bool = False,
    totals: Mapping[str, int] | None = None,
    look: Look = PLAIN,
) -> Figure:
    """Draw `measure` by step: a curve a value of `hue`, a panel a value of `col`.

    `table` has a row a recorded step: `trial`, `step`, `measure`, and a column an axis. Several
    trials of one curve are their median and the band from 10 to 90%, up to `FEW` each its own line;
    a trial that stopped keeps its last value, and one that diverged is worse than any other. Where
    a band reaches what cannot be shown it is left open: its lower edge alone goes on.

    With `behind` panels show the other panels' curves too, pale. `totals` says how many values
    axes have of which the table holds but some. `look.log` asks for logarithmic axes (the steps
    linear from 0 to 1) or, if False, linear ones, with every step; by default axes are linear and
    show the first tenth of the steps.

    Raises:
        KeyError: the table has no such column.
    """
    totals = totals or {}
    hues, cols = (Shown.of(table, name, totals.get(name or "", 0)) for name in (hue, col))
    paths = Paths.of(cols.of_these(hues.of_these(table)), measure)
    every = int(paths.steps[-1])
    if look.log is None and measure not in UPWARD:
        paths = paths.until(max(FIRST_STEPS, every // 10))
    lines = [[paths.line(rows) for rows in row] for row in _rows(paths, hues, cols)]
    span = _span([line for row in lines for line in row], look.log, measure)
    with theme():
        notes = _notes(table, paths, lines, span, every, {hue, col})
        figure, panels = panels_of(look, cols.headings, *notes, cols.note, legend=hue)
        for at, (panel, own) in enumerate(zip(panels, lines, strict=True)):
            axes = panel.parts[0]
            _dress(axes, paths, span, measure, log=bool(look.log))
            for other in lines if behind else []:
                for line in other if other is not own else []:
                    axes.plot(line.step, near(line.middle, span), color=QUIET, linewidth=0.8)
            alone = [cols.colors[at]] if behind else [ALONE]
            for line, color in zip(own, hues.colors if hue else alone, strict=True):
                draw_line(axes, line, color, span)
        if hue:
            order = _order(lines[0]) if len(panels) == 1 else range(len(hues.points))
            names, colors = hues.names, hues.colors
            entries = [Line2D([], [], color=colors[k], lw=2, label=names[k]) for k in order]
            beside(panels, entries, hues.title)
        label_outside(figure, panels)
    return figure


def _rows(paths: Paths, hues: Shown, cols: Shown) -> list[list[np.ndarray]]:
    """Return which trials each panel's lines are of: (n,) bool for each `col` and each `hue`."""
    trials = paths.trials
    return [[cols.rows(trials, c) & hues.rows(trials, h) for h in hues.points] for c in cols.points]


def _span(lines: Sequence[Line], log: bool | None, measure: str) -> tuple[float, float]:
    """Return the lowest and the highest value worth showing.

    A curve that diverges may leave the figure: at twice the highest value of the first step on a
    linear axis, at a thousand times that on a logarithmic one, unless everything stays below.
    """
    if measure in UPWARD:
        return 0.0, 1.02
    drawn = [np.concatenate([one.low, one.middle, one.high, one.each.ravel()]) for one in lines]
    values = np.concatenate(drawn)
    finite = values[values < HUGE]
    if not finite.size:
        return (0.1, 1.0) if log else (0.0, 1.0)
    first = [high for one in lines if (high := one.high[:1].max(initial=0)) < HUGE]
    highest = float(finite.max(initial=0)) or 1.0
    start = max(first, default=0.0) or highest
    if not log:
        return 0.0, 1.05 * min(highest, 2 * start)
    low, high = log_limits(values.clip(max=min(highest, 1e3 * start))) or (0.1, 1.0)
    return low / 1.5, high * 1.5


def draw_line(axes: Axes, line: Line, color: RGB, span: tuple[float, float]) -> None:
    """Draw the median with its band, or each of a few trials."""
    if len(line.each):
        axes.plot(line.step, near(line.each, span).T, color=color, linewidth=1.1, alpha=0.8)
        return
    axes.plot(line.step, near(line.middle, span), color=color, linewidth=2)
    draw_band(axes, line.step, line.low, line.high, span, color)


def _dress(axes: Axes, paths: Paths, span: tuple[float, float], measure: str, *, log: bool) -> None:
    """Scale and name the axes; step 0, before the first update, has no logarithm."""
    if log:
        axes.set_xscale("symlog", linthresh=1, linscale=0.3, subs=range(2, 10))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda at, _: f"{at:,.0f}"))
        if measure not in UPWARD:
            axes.set_yscale("log")
            name_powers(axes.yaxis, *span)
    else:
        axes.xaxis.set_major_locator(MaxNLocator(2 if axes.get_title() else 5, integer=True))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda at, _: f"{at:,.0f}"))
    axes.set(xlim=(0, max(int(paths.steps[-1]), 1)), ylim=span)
    axes.set(xlabel=label("step"), ylabel=label(measure))


def _notes(
    table: pd.DataFrame,
    paths: Paths,
    lines: list[list[Line]],
    span: tuple[float, float],
    every: int,
    shown: set[str | None],
) -> list[str]:
    """Say what the figure leaves out and puts together."""
    drawn = [line for row in lines for line in row]
    over = pooled(table, shown)
    notes = []
    if not any(np.isfinite(line.middle).any() for line in drawn):
        notes.append(NOTHING)
    if any(line.n > 1 and not len(line.each) for line in drawn):
        notes.append("median, and band from 10 to 90%" + f", over {over}" * bool(over))
    elif any(len(line.each) for line in drawn):
        notes.append("every trial" + f" of {over}" * bool(over))
    if any(is_open(line.low, line.high, span).any() for line in drawn if not len(line.each)):
        notes.append(OPEN)
    if paths.stopped:
        notes.append("trials that stopped keep their last value")
    if paths.steps[-1] < every:
        notes.append(f"the first {paths.steps[-1]:,} of {every:,} steps")
    return notes


def _order(lines: Sequence[Line]) -> list[int]:
    """Return the places of the lines in the order of their last values, top to bottom."""
    last = [-(line.middle[-1] if len(line.middle) else -math.inf) for line in lines]
    return [int(at) for at in np.argsort(last, kind="stable")]
