"""A measure over two axes, in colour."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colorbar import Colorbar
from matplotlib.colors import Colormap, ListedColormap, LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator

from sweep.catalogue import OUTCOMES
from sweep.views.facets import Shown, label_outside, panels_of
from sweep.views.raster import Raster
from sweep.views.scales import UPWARD, name_powers
from sweep.views.style import OUTCOME_COLORS, PLAIN, Look, label, outcome_patches, theme
from sweep.views.tables import Array, linear_span, log_span, pooled

if TYPE_CHECKING:
    from matplotlib.artist import Artist

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
            look, cols.headings, f"median over {over}" if over else "", cols.note, size=(7.6, 5.2)
        )
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
