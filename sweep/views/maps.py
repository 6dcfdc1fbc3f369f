"""Maps of two axes in colour, of a measure or of outcomes, and the shares of outcomes along one."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, ListedColormap, LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator

from sweep.analysis.levels import levels
from sweep.catalogue import OUTCOMES
from sweep.views.cells import Cells, arranged, codes, linear_span, log_span, pooled
from sweep.views.panels import Shown, beside, label_outside, panels_of
from sweep.views.scales import (
    UPWARD,
    Array,
    Places,
    draw_image,
    draw_shares,
    fitted,
    name_powers,
)
from sweep.views.source import Options, Source, across
from sweep.views.style import OUTCOME_COLORS, PLAIN, Look, label, outcome_patches, theme


@dataclass(frozen=True)
class Raster:
    """Cells (rows of `y`, columns of `x`), rows running upwards.

    `level` is float64, the median of the measure, at its worst where half of a cell's trials
    diverged or more, and NaN where no trial is; `outcome` is the place in `OUTCOMES` of the
    outcome that at least half of a cell's trials do not surpass, NaN likewise.
    """

    x: Places
    y: Places
    level: Array
    outcome: Array
    several: bool

    @classmethod
    def by(
        cls, trials: pd.DataFrame, x: str, y: str, col: str | None, measure: str
    ) -> list["Raster"]:
        """Lay trials out by the values of two columns, in a raster a value of `col`.

        All have the same sides. Trials that share a cell are put together.
        """
        cells, (level, outcome) = Cells.of(trials, [y, x]), (levels(trials, measure), codes(trials))
        up, rows = arranged(trials, y, measure, cells=True)
        across, columns = arranged(trials, x, measure, cells=True)
        panel = Cells.of(trials, [col] if col else []).place
        found = []
        for own in (panel == k for k in range(panel.max() + 1)):
            part = replace(cells, place=cells.place[own])
            several = bool(part.counts().max() > 1)
            if several:
                value = part.quantiles(level[own], [0.5])[0]
                worse = np.cumsum(part.shares(outcome[own])[..., ::-1], axis=-1) >= 0.5
                end = np.where(np.isnan(value), np.nan, len(OUTCOMES) - 1.0 - worse.argmax(axis=-1))
            else:
                value, end = np.full((2, *cells.shape), np.nan)
                value.flat[part.place], end.flat[part.place] = level[own], outcome[own]
            laid = np.ix_(rows, columns)
            found.append(cls(across, up, value[laid], end[laid], several))
        return found

    def draw(self, axes: Axes, cells: Array, **style: Any) -> AxesImage:
        """Draw an array of the cells' numbers as one image; `style` is that of `draw_image`."""
        missing = np.isnan(cells)
        shown = np.ma.masked_array(cells, missing if missing.any() else np.ma.nomask)
        return draw_image(axes, shown, interpolation="nearest", **style)

    def draw_outcomes(self, axes: Axes, cells: Array) -> None:
        """Draw outcomes, in their colours."""
        palette = ListedColormap(list(OUTCOME_COLORS.values()))
        self.draw(axes, cells, cmap=palette, vmin=-0.5, vmax=len(OUTCOMES) - 0.5)

    def dress(self, axes: Axes) -> None:
        """Put true ticks and names on the axes of a map, which comes before drawing it."""
        for axis, side in ((axes.xaxis, self.x), (axes.yaxis, self.y)):
            side.dress(axis, side.ends)
            axis.set_label_text(fitted(axis, side.label))
        axes.grid(visible=False)


CONTOURED = 8  # cells across and up from which contours are drawn

SMOOTH = 0.25
"""Contours are drawn where neighbours differ by less than this share of a contour's distance."""


def _colors(cells: Array, measure: str, log: bool | None) -> tuple[Normalize, Colormap, Array]:
    """Span the bulk of the cells' numbers, logarithmic or linear: scale, palette and contours."""
    name = "mako_r" if measure in UPWARD else "mako"
    shades = sns.color_palette(name, 280)
    palette = ListedColormap(shades[24:] if measure in UPWARD else shades[:256])
    low, high = log_span(cells)
    if log or (log is None and measure not in UPWARD and high >= 10 * low):
        powers = np.arange(np.ceil(np.log10(low)), np.floor(np.log10(high)) + 1)
        return LogNorm(low, high), palette, 10.0 ** powers[:: 1 + len(powers) // 9]
    low, high = linear_span(cells)
    ticks = np.asarray(MaxNLocator(6).tick_values(low, high))
    return Normalize(low, high), palette, ticks[(ticks > low) & (ticks < high)]


def heatmap(
    trials: pd.DataFrame,
    *,
    x: str,
    y: str,
    col: str | None = None,
    measure: str = "final_loss",
    contoured: bool = True,
    look: Look = PLAIN,
) -> Figure:
    """Draw `measure` in colour over two axes, in a panel a value of `col`; an image of any size.

    `trials` has a row a trial: `measure`, `outcome`, and a column an axis. Several trials in one
    cell become their median. Where at least half of them diverged, or never came to have the
    measure, the cell has the colour of its outcome. Values without order are sorted best first.
    Smooth maps of two ordered axes have contours if `contoured`. `look.log` says whether colours
    are logarithmic.

    Raises:
        KeyError: the table has no such column.
    """
    cols = Shown.of(trials, col)
    trials = cols.of_these(trials)
    rasters = Raster.by(trials, x, y, col, measure)
    every = np.concatenate([raster.level.ravel() for raster in rasters])
    outcomes = np.concatenate([raster.outcome.ravel() for raster in rasters])
    norm, palette, contours = _colors(every, measure, look.log)
    span = float(norm.vmin or 0), float(norm.vmax or 0)
    beyond = int(np.count_nonzero(np.isfinite(every) & ((every < span[0]) | (every > span[1]))))
    of = f"{beyond:,} of {every.size:,} cells lie beyond the ends of the colours"
    lost = [OUTCOMES[k] for k in np.unique(outcomes[np.isinf(every)]).astype(int)]
    over = pooled(trials, {x, y, col}, measure, "median over ") if rasters[0].several else ""
    with theme():
        figure, panels = panels_of(
            look, cols.headings, over, of if beyond else "", cols.note, size=(7.6, 5.2)
        )
        for panel, raster in zip(panels, rasters, strict=True):
            (axes,) = panel.parts
            raster.dress(axes)
            numbers = np.where(np.isfinite(raster.level), raster.level, np.nan).clip(*span)
            raster.draw(axes, numbers, cmap=palette, norm=norm)
            if (ended := np.isinf(raster.level)).any():
                raster.draw_outcomes(axes, np.where(ended, raster.outcome, np.nan))
            if contoured and "even" not in (raster.x.kind, raster.y.kind):
                _draw_contours(axes, raster, numbers, contours, log=isinstance(norm, LogNorm))
        shown = ScalarMappable(norm, palette)
        bar = figure.colorbar(
            shown, ax=[panel.parts[0] for panel in panels], label=label(measure), pad=0.02
        )
        if isinstance(norm, LogNorm):
            name_powers(bar.ax.yaxis, *span)
        if handles := outcome_patches(lost, missing=bool(np.isnan(every).any())):
            figure.legend(handles=handles, loc="outside lower right", ncols=len(handles))
        label_outside(figure, panels)
    return figure


def _draw_contours(axes: Axes, raster: Raster, numbers: Array, levels: Array, *, log: bool) -> None:
    """Draw lines of equal numbers, unless the map is too rough for them."""
    if min(numbers.shape) < CONTOURED:
        return
    if log:
        numbers, levels = np.log10(numbers), np.log10(levels)
    rough = np.nanmean(np.abs(np.diff(numbers, axis=0))) if len(numbers) > 1 else np.inf
    if not len(levels) or not rough < SMOOTH * (np.ptp(levels) / max(len(levels) - 1, 1) or 1.0):
        return
    rows, columns = (slice(None, None, 1 + n // 256) for n in numbers.shape)
    x, y = raster.x.at, raster.y.at
    axes.contour(x[columns], y[rows], numbers[rows, columns],
                 levels=levels, colors="white", linewidths=0.6, alpha=0.7)  # fmt: skip


def draw_heatmap(source: Source, options: Options) -> Figure:
    """A map of the two leading axes."""
    x, y = across(source, options)
    source, note = source.whole()
    measure = options.measure or source.lead
    return heatmap(
        source.trials(measure), x=x, y=y, col=options.col or _told_col(source, x, y),
        measure=measure, contoured=not note, look=options.look(source, note),
    )  # fmt: skip


def _told_col(source: Source, x: str, y: str) -> str | None:
    """The axis of a panel a value, if none is asked for: of names, such as optimizers.

    A median over several would be of none of them.
    """
    return next((axis for axis in source.told if axis not in (x, y)), None)


def outcomes(
    trials: pd.DataFrame,
    *,
    x: str,
    y: str | None = None,
    col: str | None = None,
    measure: str = "final_loss",
    look: Look = PLAIN,
) -> Figure:
    """Draw the outcomes: their shares along `x`, or with `y` a map of both axes.

    `trials` has a row a trial: `measure`, `outcome`, and a column an axis; `col` makes a panel a
    value. Where several trials share a cell of the map, it has the outcome of their median trial,
    the worse of two. Values without order, such as seeds, are sorted by the measure as in a
    heatmap, best first.

    Raises:
        KeyError: the table has no such column.
    """
    cols = Shown.of(trials, col)
    trials = cols.of_these(trials)
    with theme():
        if y is None:
            return _along(trials, x, cols, measure, look)
        return _over(trials, x, y, cols, measure, look)


def _along(trials: pd.DataFrame, x: str, cols: Shown, measure: str, look: Look) -> Figure:
    """Stack the shares of the outcomes along an axis."""
    cells = Cells.of(trials, [x, cols.name] if cols.name else [x])
    places, order = arranged(trials, x, measure)
    shares = cells.shares(codes(trials)).reshape(len(order), -1, len(OUTCOMES))[order]
    over = pooled(trials, {x, cols.name}, measure, "shares over ")
    figure, panels = panels_of(look, cols.headings, over, cols.note, size=(7.6, 4.5))
    for k, panel in enumerate(panels):
        (axes,) = panel.parts
        places.dress(axes.xaxis, places.ends)
        draw_shares(axes, shares[:, k], places.edges)
        axes.set(xlabel=fitted(axes.xaxis, places.label), ylabel="share of trials")
    beside(figure, outcome_patches(pd.unique(trials["outcome"])), "")
    label_outside(figure, panels)
    return figure


def _over(trials: pd.DataFrame, x: str, y: str, cols: Shown, measure: str, look: Look) -> Figure:
    """Draw the outcome of each cell of a map."""
    rasters = Raster.by(trials, x, y, cols.name, measure)
    said = "the median trial's outcome, over "
    over = pooled(trials, {x, y, cols.name}, measure, said) if rasters[0].several else ""
    figure, panels = panels_of(look, cols.headings, over, cols.note, size=(7.6, 5.2))
    for panel, raster in zip(panels, rasters, strict=True):
        (axes,) = panel.parts
        raster.dress(axes)
        raster.draw_outcomes(axes, raster.outcome)
    found = np.concatenate([raster.outcome.ravel() for raster in rasters])
    names = [OUTCOMES[int(k)] for k in np.unique(found[~np.isnan(found)])]
    beside(figure, outcome_patches(names, missing=bool(np.isnan(found).any())), "")
    label_outside(figure, panels)
    return figure


def draw_outcomes(source: Source, options: Options) -> Figure:
    """Shares along one axis, if only that is asked for or there is no other; else a map."""
    measure, note = options.measure or source.lead, ""
    free = [a for a in source.swept if a != options.col]
    if options.y is None and (options.x is not None or len(free) == 1):
        x, y = options.x or free[0], None
    else:
        x, y = across(source, options)
        source, note = source.whole()
    col = options.col or (_told_col(source, x, y) if y else None)
    return outcomes(
        source.trials(measure), x=x, y=y, col=col, measure=measure, look=options.look(source, note)
    )
