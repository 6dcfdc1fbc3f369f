"""Where values lie on paper, with which ticks, and what becomes of those that leave it."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis as PaperAxis
from matplotlib.image import AxesImage
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter, NullLocator
from numpy.typing import NDArray
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from sweep.catalogue import MEASURES
from sweep.errors import RequestError
from sweep.views.style import OUTCOME_COLORS, RGB, label, power_label, value_labels

MOST_TICKS = 24  # values with a tick of their own; more would overlap
SOME_TICKS = 9  # of more values than that so many have a tick
LETTERS_AN_INCH = 10  # of tick labels beside each other, with a gap between them
MOST_POWERS = 8  # powers of ten that an axis names
MARGIN = 0.03  # of an axis, beyond its first and its last value

MOST_DECADES = 1e6
"""A span from which ticks between the powers of ten are more ink than help, and slow."""

Array = NDArray[np.float64]

Span = tuple[float, float]
"""The lowest and the highest number that an axis shows."""

FLOOR = 1e-24
"""What lies further below the highest value than this is drawn at the edge: it is rounding."""

HUGE = 1e300  # numbers from here on are drawn as infinite: a margin above them would be

UPWARD = tuple(row.name for row in MEASURES.values() if row.larger_is_better)
"""Measures of which more is better, from 0 to 1."""

WITHOUT_ORDER = ("seed", "batch_seed")  # numbers that are names: their order means nothing


def is_ordered(name: str, values: np.ndarray) -> bool:
    """Say whether the values' order means something: not that of names, switches and seeds."""
    return is_numeric_dtype(values) and not is_bool_dtype(values) and name not in WITHOUT_ORDER


def is_wide(values: np.ndarray) -> bool:
    """Say whether positive numbers span a decade or more, so that only a logarithm shows them."""
    return bool(len(values) and np.min(values) > 0 and np.max(values) >= 10 * np.min(values))


def log_limits(values: np.ndarray) -> Span | None:
    """Return the positive span worth showing on a logarithmic axis; None if nothing is positive."""
    positive = values[(values > 0) & (values < HUGE)]
    if not positive.size:
        return None
    high = float(positive.max())
    return max(float(positive.min()), high * FLOOR), high


@dataclass(frozen=True)
class Places:
    """Where the values of an axis lie on paper, which is to say at `at` (n,) float64, ascending.

    `kind` is "log" or "linear", where each lies at its value, or "even": side by side at 0, 1, ...
    `ordered` says whether the values' own order means something, `label` what they are.
    """

    kind: str
    points: np.ndarray
    at: np.ndarray
    ordered: bool
    label: str

    @classmethod
    def of(cls, name: str, values: np.ndarray, *, cells: bool = False) -> "Places":
        """Choose the scale for the ascending values of the column `name`.

        Values without an order lie side by side, and so do a few that would crowd: 0 beside 1e-4.
        As the `cells` of a raster, of one width each, so do any that are not evenly apart, in
        themselves or in their logarithms.
        """
        kind, ordered, at = "even", is_ordered(name, values), np.arange(float(len(values)))
        if ordered and np.isfinite(values).all():
            stated = np.asarray(values, np.float64)
            logs = np.log(np.where(stated > 0, stated, np.nan))
            if cells:
                scales = (("linear", stated), ("log", logs))
                kind = next((one for one, places in scales if _is_even(places)), "even")
            else:
                kind = "log" if is_wide(stated) else "linear"
                few = len(values) <= MOST_TICKS
                kind = "even" if few and is_crowded(logs if kind == "log" else stated) else kind
            at = at if kind == "even" else stated
        return cls(kind, values, at, ordered, label(name))

    @property
    def edges(self) -> np.ndarray:
        """The n + 1 borders of cells around the values, halfway between neighbours on paper."""
        if len(self.at) == 1:
            return np.array([self.at[0] - 0.5, self.at[0] + 0.5])
        at = np.log(self.at) if self.kind == "log" else self.at
        middle = (at[1:] + at[:-1]) / 2
        borders = np.concatenate([[2 * at[0] - middle[0]], middle, [2 * at[-1] - middle[-1]]])
        return _unlog(borders) if self.kind == "log" else borders

    @property
    def ends(self) -> Span:
        """The outer borders of the first and the last cell."""
        return float(self.edges[0]), float(self.edges[-1])

    @property
    def limits(self) -> Span:
        """What of the paper axis is shown: from the first value to the last, or all cells.

        Beyond the ends there is room for half a mark, and for the numbers of the panel beside.
        """
        if self.kind == "even" or len(self.at) == 1:
            return self.ends
        low, high = np.log(self.at[[0, -1]]) if self.kind == "log" else self.at[[0, -1]]
        ends = np.array([low, high]) + MARGIN * (high - low) * np.array([-1, 1])
        low, high = _unlog(ends) if self.kind == "log" else ends
        return float(low), float(high)

    def dress(self, axis: PaperAxis, limits: Span | None = None) -> None:
        """Scale an axis for the values; where they are few, tick each of them.

        Raises:
            RequestError: other `limits` are stated and begin where a logarithmic axis does not.
        """
        ends = limits or self.limits
        if self.kind == "even":
            name_cells(axis, self.points)
        elif self.kind == "log":
            refuse_below_zero("xlim", ends)
            _set(axis, scale="log")
            name_powers(axis, *ends)
        names = value_labels(self.points.tolist()) if len(self.at) <= MOST_TICKS // 2 else []
        crowded = is_crowded(np.log(self.at) if self.kind == "log" else self.at)
        if self.kind != "even" and names and not crowded and has_room(axis, names):
            axis.set_ticks(self.at, names)
            axis.set_minor_locator(NullLocator())
        _set(axis, lim=ends)


def _is_even(places: np.ndarray) -> bool:
    """Say whether three places or more ascend evenly; NaN is none."""
    gaps = np.diff(places)
    return len(gaps) > 1 and bool((gaps > 0).all()) and np.allclose(gaps, gaps.mean(), 1e-6, 0)


def is_crowded(places: np.ndarray) -> bool:
    """Say whether some neighbours on paper are far closer than others, so that labels touch."""
    gaps = np.diff(places)
    return bool(len(gaps) and gaps.min() < 0.3 * gaps.mean())


def _unlog(places: np.ndarray) -> np.ndarray:
    """Return what has these logarithms; what lies beyond float64, as a margin may, is its end."""
    limits = np.finfo(np.float64)
    found: np.ndarray = np.exp(np.clip(places, np.log(limits.tiny), np.log(limits.max)))
    return found


def _set(axis: PaperAxis, **what: object) -> None:
    """Set the `scale` or the limits `lim` of an axis."""
    along = "x" if axis is axis.axes.xaxis else "y"
    axis.axes.set(**{along + name: value for name, value in what.items()})


def refuse_below_zero(option: str, limits: Span) -> None:
    """Refuse what a logarithmic axis has no place for.

    Raises:
        RequestError: the lower end is not above 0.
    """
    if limits[0] <= 0:
        raise RequestError(
            f"--{option}: a logarithmic axis begins above 0, not at {limits[0]:g}; "
            "--linear makes that of a measure linear"
        )


@dataclass(frozen=True)
class MeasureScale:
    """The paper axis of a measure: its `limits`, and whether it is logarithmic."""

    name: str
    log: bool
    limits: Span

    @classmethod
    def of(cls, name: str, values: np.ndarray, log: bool | None) -> "MeasureScale":
        """Choose a scale for levels, some of them infinite.

        It is logarithmic if `log` says so, or by default where positive numbers of a measure that
        has no others span a decade, and linear where no number is positive.
        """
        if name in UPWARD and not log:
            return cls(name, False, (0.0, 1.02))
        if name in MEASURES and not MEASURES[name].logarithmic:
            log = bool(log)
        if (positive := log_limits(values)) and log is not False:
            low, high = positive
            if log or high >= 10 * low:
                return cls(name, True, (low / 1.5, high * 1.5))
        finite = values[np.abs(values) < HUGE]
        low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
        low = min(low, 0.0)
        return cls(name, False, (low, high + 0.05 * (high - low or 1.0)))

    def within(self, limits: Span | None) -> "MeasureScale":
        """Return the same between other limits, if any are stated.

        Raises:
            RequestError: the axis is logarithmic and they are not positive.
        """
        if limits and self.log:
            refuse_below_zero("xlim or --ylim", limits)
        return replace(self, limits=limits or self.limits)

    def notes(self, level: np.ndarray) -> Iterator[str]:
        """Say how many of the trials with these levels have no place on the axis."""
        yield lost_in_words(self.name, level)
        low = int(np.count_nonzero(level <= 0)) if self.log else 0
        if low and self.name not in UPWARD:
            yield f"{low:,} of {len(level):,} are 0 or less, which a logarithmic axis cannot show"

    def dress(self, axis: PaperAxis) -> None:
        """Scale and name an axis."""
        if self.log:
            _set(axis, scale="log")
            name_powers(axis, *self.limits)
        _set(axis, lim=self.limits)
        axis.set_label_text(label(self.name))


def lost_in_words(measure: str, level: np.ndarray) -> str:
    """Say how many trials of these levels have none, and why: "3 of 20 trials diverged"."""
    n, lost = len(level), int(np.count_nonzero(~(np.abs(level) < HUGE)))
    why = {"steps_to_target": "never reached the target", "diverged_at": "did not diverge"}
    of = f"{lost:,} of {n:,} trials" if lost < n else f"all {n:,} trials" if n > 1 else "the trial"
    return f"{of} {why.get(measure, 'diverged')}" if lost else ""


def name_powers(axis: PaperAxis, low: float, high: float) -> None:
    """Label a logarithmic axis from `low` to `high` at two places or more.

    Those are powers of ten, evenly apart where not all have room; where fewer than two are inside,
    their 1, 2 and 5 times, or whatever numbers are round there.
    """
    first, last = np.ceil(np.log10(low) - 1e-9), np.floor(np.log10(high) + 1e-9)
    axis.set_minor_formatter(NullFormatter())
    if high >= MOST_DECADES * low:
        axis.set_minor_locator(NullLocator())
    if last > first:
        room = MOST_POWERS
        if axis is axis.axes.xaxis:  # four letters and a gap each
            room = min(room, max(int(LETTERS_AN_INCH * width_of(axis.axes) / 5), 2))
        axis.set_ticks(10.0 ** np.arange(first, last + 1, np.ceil((last - first + 1) / room)))
        axis.set_major_formatter(FuncFormatter(lambda at, _: power_label(np.log10(at))))
        return
    rounded = np.outer(10.0 ** np.arange(first - 1, last + 2), [1, 2, 5]).ravel()
    inside = rounded[(rounded >= low) & (rounded <= high)]
    if len(inside) < 2:
        rounded = np.asarray(MaxNLocator(4).tick_values(low, high))
        inside = rounded[(rounded >= low) & (rounded <= high)]
    axis.set_ticks(inside, value_labels(inside.tolist()))


def name_steps(axis: PaperAxis, most: int, *, log: bool) -> None:
    """Scale an axis of steps; step 0, before the first update, has no logarithm.

    A linear one has at most so many numbers.
    """
    if log:
        axis.axes.set_xscale("symlog", linthresh=1, linscale=0.3, subs=range(2, 10))
    else:
        axis.set_major_locator(MaxNLocator(most, integer=True))
    axis.set_major_formatter(FuncFormatter(lambda at, _: f"{at:,.0f}"))
    axis.set_label_text(label("step"))


def name_cells(axis: PaperAxis, values: np.ndarray) -> None:
    """Tick the cells 0, 1, 2, ... with their values, or some of them where there are too many.

    Along x they are turned where they would touch.
    """
    n = len(values)
    cells = np.arange(n) if n <= MOST_TICKS else np.linspace(0, n - 1, SOME_TICKS).round()
    names = value_labels(values[cells.astype(int)].tolist())
    axis.set_ticks(cells, names)
    if not has_room(axis, names):
        axis.set_tick_params(labelrotation=90)


def has_room(axis: PaperAxis, names: Sequence[str]) -> bool:
    """Say whether these labels, all as long as the longest, have room beside each other."""
    letters = max(map(len, names), default=0) * len(names)
    return axis is axis.axes.yaxis or letters <= LETTERS_AN_INCH * width_of(axis.axes)


def fitted(axis: PaperAxis, text: str) -> str:
    """Break the name of an axis into lines that are no longer than it is."""
    if axis is axis.axes.xaxis:
        return "\n".join(textwrap.wrap(text, max(int(LETTERS_AN_INCH * width_of(axis.axes)), 16)))
    figure, spec = axis.axes.get_figure(root=True), axis.axes.get_subplotspec()
    assert figure is not None
    engine = figure.get_layout_engine()
    rect = engine.get()["rect"] if engine else (0, 0, 1, 1)  # beneath the title and the notes
    rows = spec.get_gridspec().nrows if spec else 1
    high = float(figure.get_figheight()) * rect[3] / rows - 0.8
    return "\n".join(textwrap.wrap(text, max(int(LETTERS_AN_INCH * high), 14)))


def width_of(axes: Axes) -> float:
    """Return about how wide the axes will be, in inches: what their column of the figure has."""
    figure, spec = axes.get_figure(root=True), axes.get_subplotspec()
    assert figure is not None
    columns = spec.get_gridspec().ncols if spec else 1
    return float(figure.get_figwidth()) / columns - 1.0


def draw_image(axes: Axes, cells: np.ndarray, **style: Any) -> AxesImage:
    """Draw an array, rows running upwards, over all of the axes, whatever their scales.

    `style` goes to `imshow`; the axes have their limits already.
    """
    return axes.imshow(cells, origin="lower", aspect="auto", extent=(0, 1, 0, 1),
                       transform=axes.transAxes, **style)  # fmt: skip


OPEN = "dotted: the edge of a band that leaves the picture"


def near(values: Array, span: Span) -> Array:
    """Return values with those out of the picture a little out of it: infinity cannot be drawn."""
    low, high = span
    return values.clip(low / 10 if low > 0 else low - 10 * (high - low), high + 10 * (high - low))


def is_open(low: Array, high: Array, span: Span) -> np.ndarray:
    """Say where a band reaches out of the picture, bool of its shape."""
    return (low < high) & ((high > span[1]) | (low < min(span[0], 0)))


def draw_band(
    axes: Axes, at: np.ndarray, low: Array, high: Array, span: Span, color: RGB, alpha: float = 0.18
) -> None:
    """Shade from low to high; where that leaves the picture, only the edge within it is drawn.

    That edge goes on from the shade beside it; a place with nothing beside it has a dot.
    """
    opened, upward = is_open(low, high, span), high > span[1]
    closed = (high <= span[1]) & (low >= min(span[0], 0))
    low, high = near(low, span), near(high, span)
    if (low < high)[closed].any():
        axes.fill_between(at, low, high, where=closed, color=color, alpha=alpha, linewidth=0)
    for part, edge in ((opened & upward, low), (opened & ~upward, high)):
        if part.any():
            joined = part | (closed & _next_to(part))
            lone = np.flatnonzero(part & ~_next_to(joined)).tolist()
            axes.plot(
                at, np.where(joined, edge, np.nan), color=color, linewidth=1, linestyle=":",
                marker="." if lone else "", markersize=3, markevery=lone,
            )  # fmt: skip


def _next_to(places: np.ndarray) -> np.ndarray:
    """Return the neighbours of some places, (n,) bool as these."""
    return np.asarray(np.append(False, places[:-1]) | np.append(places[1:], False))


MOST_STEPS = 4096
"""Changes of the shares along an axis; where there are more, neighbours are taken together."""


def draw_shares(axes: Axes, shares: Array, borders: Array) -> None:
    """Stack the shares (n, 3) of the outcomes between the n + 1 `borders`, one polygon each.

    Neighbours of equal shares become one step, so that every value has its own however many there
    are; past `MOST_STEPS` of them, neighbouring values are averaged.
    """
    shares = np.nan_to_num(shares)
    starts = np.flatnonzero(np.append(True, (shares[1:] != shares[:-1]).any(axis=1)))
    if len(starts) > MOST_STEPS:
        starts = np.linspace(0, len(shares), MOST_STEPS, endpoint=False).astype(int)
        sizes = np.diff(np.append(starts, len(shares)))
        shares = np.add.reduceat(shares, starts) / sizes[:, None]
    else:
        shares = shares[starts]
    borders = np.append(borders[starts], borders[-1])
    tops = np.cumsum(np.vstack([shares, shares[-1:]]), axis=1)
    base = np.zeros(len(tops))
    for top, (name, color) in zip(tops.T, OUTCOME_COLORS.items(), strict=True):
        axes.fill_between(borders, base, top, step="post", color=color, linewidth=0, label=name)
        base = top
    axes.set_ylim(0, 1)
    axes.set_yticks([0, 0.5, 1], ["0", "½", "1"])
    axes.grid(visible=False)
