"""A measure over two axes, in colour: a table as one image, however many cells it has."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colorbar import Colorbar
from matplotlib.colors import Colormap, ListedColormap, LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator

from sweep.analysis.levels import levels
from sweep.catalogue import OUTCOMES
from sweep.views.cells import Array, Cells, best_first, codes, linear_span, log_span, pooled
from sweep.views.panels import Shown, label_outside, panels_of
from sweep.views.scales import (
    UPWARD,
    Scale,
    cell_scale,
    fitted,
    fitted_up,
    is_ordered,
    name_powers,
    sorted_label,
)
from sweep.views.source import Options, Source, across
from sweep.views.style import OUTCOME_COLORS, PLAIN, Look, label, outcome_patches, theme

if TYPE_CHECKING:
    from matplotlib.artist import Artist


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


STALLED = OUTCOMES.index("stalled")
DOTS = (48, 32)
"""Cells across and up of which each has a dot if it stalled; of more, as many evenly spread."""

CONTOURED = 8
"""Cells across and up from which contours are drawn."""

SMOOTH = 0.25
"""Contours are drawn where neighbours differ by less than this share of a contour's distance."""


@dataclass(frozen=True)
class _Colors:
    """How numbers become colours: `norm`, the palette, and the contours' levels."""

    norm: Normalize
    palette: Colormap
    contours: Array
    ranks: Array | None = None

    @classmethod
    def of(cls, cells: Array, measure: str, log: bool | None, *, rank: bool) -> "_Colors":
        """Span the bulk of the cells' numbers: by rank, logarithmic, or linear."""
        name = "mako_r" if measure in UPWARD else "mako"
        shades = sns.color_palette(name, 280)
        palette = ListedColormap(shades[24:] if measure in UPWARD else shades[:256])
        finite = cells[np.isfinite(cells)]
        if rank:
            return cls(Normalize(0, 1), palette, np.array([]), np.sort(finite))
        low, high = log_span(cells)
        if log or (log is None and measure not in UPWARD and high >= 10 * low):
            powers = np.arange(np.ceil(np.log10(low)), np.floor(np.log10(high)) + 1)
            return cls(LogNorm(low, high), palette, 10.0 ** powers[:: 1 + len(powers) // 9])
        low, high = linear_span(cells)
        ticks = np.asarray(MaxNLocator(6).tick_values(low, high))
        return cls(Normalize(low, high), palette, ticks[(ticks > low) & (ticks < high)])

    @property
    def span(self) -> tuple[float, float]:
        """The numbers at the two ends of the colours."""
        return float(self.norm.vmin or 0), float(self.norm.vmax or 0)

    def numbers(self, cells: Array) -> Array:
        """Return what is drawn of the cells: NaN where there is no number."""
        finite = np.where(np.isfinite(cells), cells, np.nan)
        if self.ranks is not None:
            place = np.searchsorted(self.ranks, finite, side="right") / max(len(self.ranks), 1)
            return np.where(np.isnan(finite), np.nan, place)
        return finite.clip(*self.span)

    def notes(self, cells: Array) -> Iterator[str]:
        """Say how many cells' numbers lie beyond the colours' ends."""
        if self.ranks is None:
            low, high = self.span
            beyond = int(np.count_nonzero(np.isfinite(cells) & ((cells < low) | (cells > high))))
            if beyond:
                yield f"{beyond:,} of {cells.size:,} cells lie beyond the ends of the colours"

    def bar(self, figure: Figure, axes: list[Axes], measure: str) -> Colorbar:
        """Add the colour bar."""
        shown = ScalarMappable(self.norm, self.palette)
        bar = figure.colorbar(shown, ax=axes, label=label(measure), pad=0.02)
        if self.ranks is not None:
            places = np.linspace(0, 1, 6)
            values = np.quantile(self.ranks, places) if len(self.ranks) else places * 0
            names = [f"{value:.2g}" for value in values]
            bar.ax.yaxis.set_major_locator(FixedLocator(places.tolist()))
            bar.ax.yaxis.set_major_formatter(FixedFormatter(names))
            bar.set_label(f"{label(measure)}, colours by rank")
        elif isinstance(self.norm, LogNorm):
            name_powers(bar.ax.yaxis, *self.span)
        return bar


def heatmap(
    trials: pd.DataFrame,
    *,
    x: str,
    y: str,
    col: str | None = None,
    measure: str = "final_loss",
    rank: bool = False,
    look: Look = PLAIN,
) -> Figure:
    """Draw `measure` in colour over two axes, in a panel a value of `col`; an image of any size.

    `trials` has a row a trial: `measure`, `outcome`, and a column an axis. Several trials in one
    cell become their median. Where at least half of them diverged, or never came to have the
    measure, the cell has the colour of its outcome; cells that stalled with a number are dotted
    where others did not. Values without order are sorted best first. Smooth maps of two ordered
    axes have contours. With `rank` colours go by the rank of a cell's number; else `look.log` says
    whether they are logarithmic.

    Raises:
        KeyError: the table has no such column.
    """
    cols = Shown.of(trials, col)
    trials = cols.of_these(trials)
    rasters = Raster.by(trials, x, y, col, measure)
    every = np.concatenate([raster.level.ravel() for raster in rasters])
    outcomes = np.concatenate([raster.outcome.ravel() for raster in rasters])
    colors = _Colors.of(every, measure, look.log, rank=rank)
    dotted = len(np.unique(outcomes[np.isfinite(every)])) > 1
    over = pooled(trials, {x, y, col}, measure) if rasters[0].several else ""
    with theme():
        figure, panels = panels_of(
            look, cols.headings, f"median over {over}" if over else "", *colors.notes(every),
            cols.note, size=(7.6, 5.2),
        )  # fmt: skip
        for panel, raster in zip(panels, rasters, strict=True):
            (axes,) = panel.parts
            _draw_map(axes, raster, colors, dotted=dotted)
            raster.dress(axes)
        colors.bar(figure, [panel.parts[0] for panel in panels], measure)
        _legend(figure, every, outcomes, dotted=dotted)
        label_outside(figure, panels)
    return figure


def _draw_map(axes: Axes, raster: Raster, colors: _Colors, *, dotted: bool) -> None:
    """Draw the numbers, the outcomes of cells without one, the contours and the dots."""
    numbers = colors.numbers(raster.level)
    raster.draw(axes, numbers, cmap=colors.palette, norm=colors.norm)
    lost = np.where(np.isinf(raster.level), raster.outcome, np.nan)
    if not np.isnan(lost).all():
        palette = ListedColormap(list(OUTCOME_COLORS.values()))
        raster.draw(axes, lost, cmap=palette, vmin=-0.5, vmax=len(OUTCOMES) - 0.5)
    if raster.x.scale.kind != "even" and raster.y.scale.kind != "even":
        _draw_contours(axes, raster, numbers, colors)
    if dotted:
        _draw_dots(axes, raster, numbers, colors)


def _draw_contours(axes: Axes, raster: Raster, numbers: Array, colors: _Colors) -> None:
    """Draw lines of equal numbers, unless the map is too rough for them."""
    if min(numbers.shape) < CONTOURED:
        return
    levels = colors.contours
    if isinstance(colors.norm, LogNorm):
        numbers, levels = np.log10(numbers), np.log10(levels)
    rough = np.nanmean(np.abs(np.diff(numbers, axis=0))) if len(numbers) > 1 else np.inf
    if not len(levels) or not rough < SMOOTH * (np.ptp(levels) / max(len(levels) - 1, 1) or 1.0):
        return
    rows, columns = (slice(None, None, 1 + n // 256) for n in numbers.shape)
    axes.contour(
        raster.x.scale.centers[columns], raster.y.scale.centers[rows], numbers[rows, columns],
        levels=levels, colors="white", linewidths=0.6, alpha=0.7,
    )  # fmt: skip


def _draw_dots(axes: Axes, raster: Raster, numbers: Array, colors: _Colors) -> None:
    """Dot the cells that stalled, light on dark and dark on light."""
    across, up = (
        np.unique(np.linspace(0, n - 1, min(n, most)).round().astype(int))
        for n, most in zip(numbers.shape[::-1], DOTS, strict=True)
    )
    row, column = np.meshgrid(up, across, indexing="ij")
    stalled = (raster.outcome[row, column] == STALLED) & ~np.isnan(numbers[row, column])
    row, column = row[stalled], column[stalled]
    share = np.asarray(colors.norm(numbers[row, column]), np.float64)
    shade = colors.palette(share)[:, :3] @ np.array([0.299, 0.587, 0.114])
    axes.scatter(
        raster.x.scale.centers[column], raster.y.scale.centers[row], s=1.6, linewidths=0,
        c=np.where(shade[:, None] < 0.55, 1.0, 0.1) * np.ones((1, 3)), alpha=0.8,
    )  # fmt: skip


def _legend(figure: Figure, level: Array, outcome: Array, *, dotted: bool) -> None:
    """Explain dots and the colours outside the scale, beneath the figure."""
    lost = np.unique(outcome[np.isinf(level)]).astype(int)
    handles: list[Artist] = list(
        outcome_patches([OUTCOMES[k] for k in lost], missing=bool(np.isnan(level).any()))
    )
    if dotted:
        dot = Line2D([], [], ls="", marker="o", markersize=2.5, color="#333333", label="stalled")
        handles.append(dot)
    if handles:
        figure.legend(handles=handles, loc="outside lower right", ncols=len(handles))


def draw_heatmap(source: Source, options: Options) -> Figure:
    """A map of the two leading axes."""
    x, y = across(source, options)
    measure = options.measure or source.lead
    return heatmap(
        source.trials(measure), x=x, y=y, col=options.col, measure=measure, rank=options.rank,
        look=options.look(source),
    )  # fmt: skip
