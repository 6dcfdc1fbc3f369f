"""Maps of two axes in colour, of a measure or of outcomes, and the shares of outcomes along one."""

from dataclasses import dataclass
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
from sweep.views.cells import Cells, best_first, codes, linear_span, log_span, pooled
from sweep.views.panels import MOST_NAMES, Shown, beside, label_outside, panels_of
from sweep.views.scales import (
    UPWARD,
    Array,
    Places,
    Scale,
    cell_scale,
    draw_shares,
    fitted,
    fitted_up,
    is_ordered,
    name_powers,
    sorted_label,
)
from sweep.views.source import Options, Source, across
from sweep.views.style import OUTCOME_COLORS, PLAIN, Look, label, outcome_patches, theme


@dataclass(frozen=True)
class Side:
    """One side of a map: its column, its values as they are laid out, their scale and its name."""

    name: str
    order: np.ndarray
    scale: Scale
    label: str

    @classmethod
    def of(cls, trials: pd.DataFrame, name: str, values: np.ndarray, measure: str) -> "Side":
        """Lay ascending values out as they are, or best first where their order means nothing."""
        if is_ordered(name, values):
            scale = cell_scale(values, ordered=True)
            return cls(name, np.arange(len(values)), scale, label(name))
        order, why = best_first(trials, name, measure)
        named = sorted_label(label(name), len(values), why)
        return cls(name, order, cell_scale(values[order], ordered=False), named)


@dataclass(frozen=True)
class Raster:
    """Cells (rows of `y`, columns of `x`), rows running upwards.

    `level` is float64, the median of the measure, at its worst where half of a cell's trials
    diverged or more, and NaN where no trial is; `outcome` is the place in `OUTCOMES` of the
    outcome that at least half of a cell's trials do not surpass, NaN likewise.
    """

    x: Side
    y: Side
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
        cells = Cells.of(trials, [y, x])
        sides = [Side.of(trials, name, values, measure) for name, values in
                 zip(cells.names, cells.points, strict=True)]  # fmt: skip
        if col is None:
            return [_raster(trials, cells, sides, measure)]
        at, values = pd.factorize(trials[col], sort=True)
        found = []
        for k in range(len(values)):
            rows = at == k
            part = Cells(cells.names, cells.points, cells.place[rows])
            found.append(_raster(trials[rows], part, sides, measure))
        return found

    def draw(self, axes: Axes, cells: Array, **style: Any) -> AxesImage:
        """Draw an array of the cells' numbers as one image; `style` goes to `imshow`."""
        across, up = self.x.scale, self.y.scale
        missing = np.isnan(cells)
        return axes.imshow(
            np.ma.masked_array(cells, missing if missing.any() else np.ma.nomask),
            origin="lower",
            aspect="auto",
            interpolation="nearest",
            extent=(across.low, across.high, up.low, up.high),
            **style,
        )

    def dress(self, axes: Axes) -> None:
        """Put true ticks and names on the axes of a map."""
        self.x.scale.dress(axes, axes.xaxis)
        self.y.scale.dress(axes, axes.yaxis)
        axes.grid(visible=False)
        axes.set(xlabel=fitted(axes, self.x.label), ylabel=fitted_up(axes, self.y.label))


def _raster(trials: pd.DataFrame, cells: Cells, sides: list[Side], measure: str) -> Raster:
    y, x = sides
    level, outcome = levels(trials, measure), codes(trials)
    several = bool(cells.counts().max(initial=0) > 1)
    if several:
        level = cells.quantiles(level, [0.5])[0]
        worse = np.cumsum(cells.shares(outcome)[..., ::-1], axis=-1) >= 0.5
        ends = np.where(np.isnan(level), np.nan, len(OUTCOMES) - 1.0 - worse.argmax(axis=-1))
    else:
        level, ends = _scattered(cells, level), _scattered(cells, outcome)
    laid = np.ix_(y.order, x.order)
    return Raster(x, y, level[laid], ends[laid], several)


def _scattered(cells: Cells, values: np.ndarray) -> Array:
    """Lay values out, one a cell at most."""
    found = np.full(cells.size, np.nan)
    found[cells.place] = values
    return found.reshape(cells.shape)


CONTOURED = 8
"""Cells across and up from which contours are drawn."""

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
    ended = ListedColormap(list(OUTCOME_COLORS.values()))
    lost = [OUTCOMES[k] for k in np.unique(outcomes[np.isinf(every)]).astype(int)]
    over = pooled(trials, {x, y, col}, measure) if rasters[0].several else ""
    with theme():
        figure, panels = panels_of(
            look, cols.headings, f"median over {over}" if over else "", of if beyond else "",
            cols.note, size=(7.6, 5.2),
        )  # fmt: skip
        for panel, raster in zip(panels, rasters, strict=True):
            (axes,) = panel.parts
            numbers = np.where(np.isfinite(raster.level), raster.level, np.nan).clip(*span)
            raster.draw(axes, numbers, cmap=palette, norm=norm)
            if np.isinf(raster.level).any():
                colored = np.where(np.isinf(raster.level), raster.outcome, np.nan)
                raster.draw(axes, colored, cmap=ended, vmin=-0.5, vmax=len(OUTCOMES) - 0.5)
            if contoured and "even" not in (raster.x.scale.kind, raster.y.scale.kind):
                _draw_contours(axes, raster, numbers, contours, log=isinstance(norm, LogNorm))
            raster.dress(axes)
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
    axes.contour(
        raster.x.scale.centers[columns], raster.y.scale.centers[rows], numbers[rows, columns],
        levels=levels, colors="white", linewidths=0.6, alpha=0.7,
    )  # fmt: skip


def draw_heatmap(source: Source, options: Options) -> Figure:
    """A map of the two leading axes."""
    x, y = across(source, options)
    source, note = source.whole()
    measure = options.measure or source.lead
    return heatmap(
        source.trials(measure), x=x, y=y, col=options.col or _named_col(source, x, y),
        measure=measure, contoured=not note, look=options.look(source, note),
    )  # fmt: skip


def _named_col(source: Source, x: str, y: str) -> str | None:
    """The axis of a panel a value, if none is asked for: of names, such as optimizers.

    A median over several would be of none of them.
    """
    named = [a for a in source.names if a not in (x, y) and len(source.points[a]) <= MOST_NAMES]
    return named[0] if named else None


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
        return _over(trials, (x, y), cols, measure, look)


def _along(trials: pd.DataFrame, x: str, cols: Shown, measure: str, look: Look) -> Figure:
    """Stack the shares of the outcomes along an axis."""
    columns = [x, cols.name] if cols.name else [x]
    cells = Cells.of(trials, columns)
    shares = cells.shares(codes(trials)).reshape(len(cells.points[0]), -1, len(OUTCOMES))
    places, named = Places.of(x, cells.points[0]), label(x)
    if not places.ordered:
        order, why = best_first(trials, x, measure)
        places, shares = places.reordered(order), shares[order]
        named = sorted_label(named, len(order), why)
    over = pooled(trials, {x, cols.name}, measure)
    note = f"shares over {over}" if over else ""
    figure, panels = panels_of(look, cols.headings, note, cols.note, size=(7.6, 4.5))
    for k, panel in enumerate(panels):
        (axes,) = panel.parts
        places.dress(axes)
        draw_shares(axes, shares[:, k], places.edges)
        axes.set(xlabel=fitted(axes, named), ylabel="share of trials")
        axes.set_xlim(places.edges[0], places.edges[-1])
    beside(figure, outcome_patches(pd.unique(trials["outcome"])), "")
    label_outside(figure, panels)
    return figure


def _over(
    trials: pd.DataFrame, sides: tuple[str, str], cols: Shown, measure: str, look: Look
) -> Figure:
    """Draw the outcome of each cell of a map."""
    rasters = Raster.by(trials, *sides, cols.name, measure)
    over = pooled(trials, {*sides, cols.name}, measure) if rasters[0].several else ""
    note = f"the median trial's outcome, over {over}" if over else ""
    figure, panels = panels_of(look, cols.headings, note, cols.note, size=(7.6, 5.2))
    palette = ListedColormap(list(OUTCOME_COLORS.values()))
    for panel, raster in zip(panels, rasters, strict=True):
        (axes,) = panel.parts
        raster.draw(axes, raster.outcome, cmap=palette, vmin=-0.5, vmax=len(OUTCOMES) - 0.5)
        raster.dress(axes)
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
    col = options.col or (_named_col(source, x, y) if y else None)
    return outcomes(
        source.trials(measure), x=x, y=y, col=col, measure=measure, look=options.look(source, note)
    )
