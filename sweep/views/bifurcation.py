"""What trials do in the end, against one rate: every recorded last value, as a density."""

from collections.abc import Callable, Iterator
from typing import TypeVar

import numpy as np
import pyarrow as pa
import seaborn as sns
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, LogNorm, to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from sweep.catalogue import OUTCOMES, VALIDATION_MEASURES
from sweep.errors import RequestError
from sweep.store.tables import BATCH
from sweep.study import Group
from sweep.views.cells import codes, pooled
from sweep.views.panels import label_outside, panels_of
from sweep.views.scales import FLOOR, HUGE, MeasureScale, Places, draw_image, fitted, name_powers
from sweep.views.source import Options, Source
from sweep.views.style import OUTCOME_COLORS, label, outcome_patches, theme

T = TypeVar("T")

CURVES = ("loss", BATCH, *VALIDATION_MEASURES)

LAST = 64
"""Steps at the end of training whose values are drawn, where more than the last ones were kept."""

COLUMNS, ROWS = 900, 540
"""Pixels across and up, at most."""

FAINT = 1e-4  # the share of a column's values that has the palest colour, and all below it too


def _fold(
    source: Source, measure: str, first: np.ndarray, take: Callable[[np.ndarray, np.ndarray], T]
) -> Iterator[T]:
    """What `take` makes of each chunk's last values, and of what `first` says of their trials.

    `first` is (t,) by number of trial; values of trials that have -1 there are left out.

    Raises:
        RequestError: nothing was recorded of the measure.
    """
    kind = "curves" if measure in source.recorded else "parameters"
    if source.fold is None or (kind != "curves" and measure in CURVES):
        raise RequestError('no curves were recorded: set record.loss to "last 64" and run')
    some = bool((first < 0).any())

    def part(group: Group, table: pa.Table) -> T:
        value, at = table[measure].to_numpy(), first[table["trial"].to_numpy()]
        recorded = group.record.loss if kind == "curves" else group.record.parameters
        kept = (at >= 0) & ~np.isnan(value) if some or np.isnan(value.sum()) else None
        if not recorded.startswith("last"):
            late = table["step"].to_numpy() > group.steps - LAST
            kept = late if kept is None else kept & late
        return take(at, value) if kept is None else take(at[kept], value[kept])

    return source.fold(kind, ["trial", "step", measure], part)


def _span(_: np.ndarray, value: np.ndarray) -> tuple[float, float, float]:
    """The lowest, the lowest positive and the highest value that can be drawn."""
    low, high = float(value.min(initial=np.inf)), float(value.max(initial=-np.inf))
    if low <= 0 or high >= HUGE:
        value = value[np.abs(value) < HUGE]
        low, high = float(value.min(initial=np.inf)), float(value.max(initial=-np.inf))
    return low, float(value[value > 0].min(initial=np.inf)) if low <= 0 else low, high


def _scale(spans: list[tuple[float, float, float]], measure: str, options: Options) -> MeasureScale:
    """The paper axis of values with these spans, logarithmic where they go over a decade."""
    lows, leasts, highs = zip(*spans, strict=True)
    low, least, high = min(lows), max(min(leasts), max(highs) * FLOOR), max(highs)
    log = low >= 0 and high >= 10 * least > 0 if options.log is None else options.log
    log, margin = log and 0 < least < np.inf, 0.03 * (high - low or abs(high) or 1.0)
    ends = (least / 1.2, high * 1.2) if log else (low - margin, high + margin)
    return MeasureScale(measure, log, ends).within(options.ylim)


def _place(values: np.ndarray, ends: tuple[float, float], pixels: int, *, log: bool) -> np.ndarray:
    """The pixel of each value between the ends of an axis, float64; beyond them whatever it is."""
    low, high = np.log(ends) if log else ends
    with np.errstate(divide="ignore", invalid="ignore"):
        found: np.ndarray = (np.log(values) if log else values) - low
    found *= pixels / (high - low)
    np.floor(found, out=found)
    return found


def _columns(places: Places, ends: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """The column of each point, -1 beyond the ends of the axis; and that of each pixel across.

    A few points have a column each, as wide as their cell; of many a pixel's are one.
    """
    log, count = places.kind == "log", len(places.at)
    pixel = _place(places.at, ends, COLUMNS, log=log)
    inside = (pixel >= 0) & (pixel < COLUMNS)
    if count > COLUMNS:
        return np.where(inside, pixel, -1).astype(np.int64), np.arange(COLUMNS)
    low, high = np.log(ends) if log else ends
    middle = low + (np.arange(COLUMNS) + 0.5) * (high - low) / COLUMNS
    edges = np.log(places.edges) if log else places.edges
    cell = (np.searchsorted(edges, middle) - 1).clip(0, count - 1)
    return np.where(inside, np.arange(count), -1), cell


def _density(
    source: Source,
    measure: str,
    first: np.ndarray,
    scale: MeasureScale,
    columns: int,
    *,
    floor: bool,
) -> tuple[np.ndarray, int]:
    """Each pixel's share of the values of its column, (columns, ROWS), 0 in an empty one.

    And how many values were lifted to the `floor` of a logarithmic scale.
    """

    def count(at: np.ndarray, value: np.ndarray) -> tuple[int, np.ndarray, int]:
        """The counts of pixels from the first one on that is met, and how many were lifted."""
        row = _place(value, scale.limits, ROWS, log=scale.log)
        below = row < 0 if scale.log and floor else np.zeros(0, bool)
        if below.any():
            row[below] = 0
        inside = (row >= 0) & (row < ROWS)
        if not inside.all():
            row, at = row[inside], at[inside]
        pixel = at + row.astype(np.int64)
        start = int(pixel.min(initial=columns * ROWS))
        return start, np.bincount(pixel - start), int(below.sum())

    counts, floored = np.zeros(columns * ROWS), 0
    for start, found, below in _fold(source, measure, first, count):
        counts[start : start + len(found)] += found
        floored += below
    shares = counts.reshape(columns, ROWS)
    return shares / np.maximum(shares.sum(axis=1, keepdims=True), 1), floored


def draw_bifurcation(source: Source, options: Options) -> Figure:
    """The density of what a measure was at the last steps of each trial, against one axis.

    The axes are cut into pixels; a pixel's colour is its share of the values in its column, on a
    logarithmic scale. Of trials that diverged no value is drawn: their share in a column is how
    much of its background has their colour. On a logarithmic axis what is 0, or rounding beside the
    highest value, lies at the lower edge.

    Raises:
        RequestError: nothing was recorded of the measure.
    """
    x, measure = options.x or source.numeric[0], options.measure or (*source.recorded, "loss")[0]
    trials = source.trials()
    points, at = np.unique(trials[x].to_numpy(), return_inverse=True)
    places = Places.of(x, points)
    across = options.xlim or places.ends
    of_point, of_pixel = _columns(places, across)
    column, columns = of_point[at], min(COLUMNS, len(points))
    seen, lost = column >= 0, codes(trials) == OUTCOMES.index("diverged")
    number = trials["trial"].to_numpy()
    every = source.read(["trial"])["trial"] if source.only else number
    first = np.full(every.max() + 1, -1)  # the first pixel of the column in which a trial is drawn
    first[number[seen & ~lost]] = column[seen & ~lost] * ROWS
    spans = [one for one in _fold(source, measure, first, _span) if one[0] <= one[2]]
    scale = _scale(spans or [(0, 0, 1)], measure, options)

    shares, floored = _density(source, measure, first, scale, columns, floor=not options.ylim)
    there, gone = (np.bincount(column[part], minlength=columns) for part in (seen, seen & lost))
    palette = ListedColormap(sns.color_palette("mako_r", 256)[20:])
    norm = LogNorm(FAINT, 1)
    ground = (gone / np.maximum(there, 1))[:, None, None]
    ground = 1 - ground * (1 - np.array(to_rgb(OUTCOME_COLORS["diverged"])))
    drawn = palette(norm(shares.clip(FAINT)))[..., :3]
    drawn = np.where(shares[..., None] > 0, drawn, ground)
    notes = [
        pooled(trials, {x}, said="over "),
        f"{lost.sum():,} of {len(lost):,} trials diverged" if lost.any() else "",
        f"{floored:,} values of 0 or of rounding at the lower edge" if floored else "",
    ]
    with theme():
        figure, panels = panels_of(options.look(source), [""], *notes, size=(7.6, 4.8))
        (axes,) = panels[0].parts
        places.dress(axes.xaxis, across)
        scale.dress(axes.yaxis)
        if not spans:  # there is no value, and so no axis of them
            axes.yaxis.set_major_locator(NullLocator())
            axes.yaxis.set_minor_locator(NullLocator())
        axes.set_xlabel(fitted(axes.xaxis, label(x)))
        axes.grid(visible=False)
        draw_image(axes, drawn[of_pixel].swapaxes(0, 1), interpolation="auto")
        what = f"share of the values at one {label(x, symbol=False)}"
        bar = figure.colorbar(ScalarMappable(norm, palette), ax=axes, label=what, pad=0.02)
        name_powers(bar.ax.yaxis, FAINT, 1)
        if lost.any():
            figure.legend(handles=outcome_patches(["diverged"]), loc="outside lower right")
        label_outside(figure, panels)
    return figure
