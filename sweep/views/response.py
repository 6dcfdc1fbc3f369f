"""A measure against an axis: each trial, or median and bands; what became of the trials beneath."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from sweep.analysis.levels import levels
from sweep.catalogue import OUTCOMES
from sweep.errors import RequestError
from sweep.views.cells import Cells, arranged, codes, pooled
from sweep.views.panels import MOST, Shown, beside, label_outside, panels_of
from sweep.views.scales import (
    OPEN,
    UPWARD,
    Array,
    MeasureScale,
    Places,
    draw_band,
    draw_shares,
    fitted,
    is_open,
    near,
)
from sweep.views.source import Options, Source, refuse_twice
from sweep.views.style import MARK, PLAIN, Look, outcome_patches, theme, value_labels

QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)

MOST_PLACES = 4096  # values along an axis of which more are taken together with their neighbours

BINS = 256

MOST_MARKED = 16  # places up to which each median has a dot
MOST_DOTS = 64  # places up to which each has a dot


@dataclass(frozen=True)
class _Slice:
    """What one panel shows: at each place the quantiles, the counts and the shares, by hue.

    `bands` is (5, places, hues), `shares` (places, hues, 3), and `counts` (places, hues).
    """

    x: str
    places: Places
    bands: Array
    shares: Array
    counts: np.ndarray

    @property
    def pointed(self) -> bool:
        """Whether values stand for themselves, as points that no line may join."""
        return not self.places.ordered and len(self.places.at) <= MOST_DOTS

    @property
    def several(self) -> bool:
        """Whether several trials share a place."""
        return bool(self.counts.max(initial=0) > 1)


def response(
    trials: pd.DataFrame,
    *,
    x: str | Sequence[str],
    hue: str | None = None,
    col: str | None = None,
    measure: str = "final_loss",
    marks: Mapping[str, Sequence[float]] | None = None,
    look: Look = PLAIN,
) -> Figure:
    """Draw how `measure` responds to the axis `x`; to several, in a panel each.

    `trials` has a row a trial: `measure`, `outcome`, and a column an axis. Several trials of one
    value are their median within the bands of 25 to 75% and 10 to 90%; with a `hue` they are the
    median and the wider band for each of its values. Beneath stand the shares of the outcomes, or
    with a `hue` that of one: diverged, or converged where none diverged. A level that is infinite
    leaves the figure at the top. `marks` are values of axes to point out.

    Raises:
        KeyError: the table has no such column.
    """
    xs = [x] if isinstance(x, str) else list(x)
    hues, cols = Shown.of(trials, hue), Shown.of(trials, col if len(xs) == 1 else None)
    kept = cols.of_these(hues.of_these(trials))
    parts = [kept if c is None else kept[kept[cols.name] == c] for c in cols.points]
    slices = [_slice(part, one, hues, measure) for one in xs for part in parts]
    headings = cols.headings if len(xs) == 1 else [""] * len(xs)
    present = set(pd.unique(kept["outcome"]))
    levels_drawn = np.concatenate([one.bands.ravel() for one in slices])
    heights = [4, 1] if len(present) > 1 else [1]
    with theme():
        scale = MeasureScale.of(measure, levels_drawn, look.log).within(look.ylim)
        notes = _notes(kept, slices, hues, scale, {*xs, hue, col})
        figure, panels = panels_of(
            look, headings, *notes, cols.note, size=(7.6, 5.4 if len(heights) > 1 else 4.5),
            heights=heights, panel=(2.9, 2.0),
        )  # fmt: skip
        for panel, one in zip(panels, slices, strict=True):
            upper, *lower = panel.parts
            for axes in panel.parts:
                one.places.dress(axes.xaxis, look.xlim)
            scale.dress(upper.yaxis)
            _draw_levels(upper, one, hues, scale)
            for axes in lower:
                _draw_beneath(axes, one, hues, lost="diverged" in present)
            lowest = panel.parts[-1].xaxis
            lowest.set_label_text(fitted(lowest, one.places.label))
            _mark(upper, (marks or {}).get(one.x, ()))
        if hues.name:
            beside(figure, hues.entries, hues.title)
        elif any(one.several for one in slices):
            beside(figure, [
                Line2D([], [], color=hues.colors[0], lw=1.8, label="median"),
                Patch(color=hues.colors[0], alpha=0.42, lw=0, label="25 to 75%"),
                Patch(color=hues.colors[0], alpha=0.16, lw=0, label="10 to 90%"),
            ], "")  # fmt: skip
        if len(present) > 1 and not hues.name:
            beside(figure, outcome_patches(present), "", lower=True)
        label_outside(figure, panels, same_x=len(xs) == 1)
    return figure


def _slice(trials: pd.DataFrame, x: str, hues: Shown, measure: str) -> _Slice:
    """Reduce trials to what a panel shows; values without order are sorted best first."""
    places, order = arranged(trials, x, measure)
    at = np.argsort(order)[Cells.of(trials, [x]).place]
    if (n := len(order)) > MOST_PLACES:
        at = at * BINS // n
        size = n // BINS
        middle = np.ceil(np.arange(BINS) * n / BINS).astype(int) + size // 2
        named = f"{places.label} ({BINS} bins of {size:,} neighbours)"
        places = replace(Places.of(x, places.points[middle.clip(max=n - 1)]), label=named)
    hue = np.zeros(len(trials), np.int64)
    if hues.name:
        hue = pd.Index(hues.points).get_indexer(pd.Index(trials[hues.name]))
    both = Cells((places.points, np.asarray(hues.points)), at * len(hues.points) + hue)
    bands = both.quantiles(levels(trials, measure), QUANTILES)
    return _Slice(x, places, bands, both.shares(codes(trials)), both.counts())


def _draw_levels(axes: Axes, one: _Slice, hues: Shown, scale: MeasureScale) -> None:
    """Draw the quantiles of each hue.

    A level that is infinite leaves the figure at the top; where more is better it is missing.
    """
    n, span = len(hues.points), scale.limits
    for k, color in enumerate(hues.colors):
        low, lower, middle, higher, high = one.bands[:, :, k]
        if scale.name in UPWARD:
            middle = np.where(np.isfinite(middle), middle, np.nan)
        shift = (k - (n - 1) / 2) * 0.6 / n if one.pointed else 0.0
        at = one.places.at + shift
        banded = one.counts[:, k].max(initial=0) > 1
        if one.pointed:
            for bottom, top, width in ((low, high, 1.2), (lower, higher, 3.5)):
                ends = near(bottom, span), near(top, span)
                axes.vlines(at, *ends, color=color, linewidth=width, alpha=0.6)
            axes.plot(at, near(middle, span), "o", markersize=5, color=color)
        elif banded:
            draw_band(axes, at, low, high, span, color, 0.16)
            if hues.name is None:
                draw_band(axes, at, lower, higher, span, color, 0.3)
            style = "o-" if len(at) <= MOST_MARKED else "-"
            axes.plot(at, near(middle, span), style, markersize=4, color=color, linewidth=1.8)
        else:
            style = "o-" if len(at) <= MOST_DOTS else "-"
            middle = np.where(np.isfinite(middle), middle, np.nan)
            axes.plot(at, middle, style, markersize=4, linewidth=1.4, color=color)


def _draw_beneath(axes: Axes, one: _Slice, hues: Shown, lost: bool) -> None:
    """Draw the shares of the outcomes, or of each hue the share of the one that tells most."""
    if hues.name is None:
        draw_shares(axes, one.shares[:, 0], one.places.edges)
        axes.set_ylabel("share")
        return
    which = "diverged" if lost else "converged"
    for k, color in enumerate(hues.colors):
        share = one.shares[:, k, OUTCOMES.index(which)]
        style = "o" if one.pointed else "-"
        axes.plot(one.places.at, share, style, markersize=4, linewidth=1.4, color=color)
    axes.set(ylim=(-0.04, 1.04), ylabel=f"share\n{which}")
    axes.set_yticks([0, 0.5, 1], ["0", "½", "1"])


def _notes(
    trials: pd.DataFrame,
    slices: Sequence[_Slice],
    hues: Shown,
    scale: MeasureScale,
    shown: set[str | None],
) -> list[str]:
    """Say what was put together, what has no place, and what dotted edges are."""
    notes, span = list(scale.notes(levels(trials, scale.name))), scale.limits
    if any(one.several for one in slices):
        one_panel = len({one.x for one in slices}) == 1
        over = pooled(trials, shown, said=", over ") if one_panel else ", over all other axes"
        what = "median, and band from 10 to 90%" if hues.name else "median and bands"
        notes.append(what + over)
    if any(is_open(one.bands[0], one.bands[-1], span).any() for one in slices if not one.pointed):
        notes.append(OPEN)
    return notes


def _mark(axes: Axes, marks: Sequence[float]) -> None:
    """Point out reference values: a thin line each, with the value at its top."""
    low, high = axes.get_xlim()
    inside = [float(mark) for mark in marks if low <= mark <= high]
    for mark, name in zip(inside, value_labels(inside), strict=True):
        axes.axvline(mark, color=MARK, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1.5)
        axes.annotate(
            name, (mark, 1), (0, 2), xycoords=axes.get_xaxis_transform(),
            textcoords="offset points", rotation=90, ha="center", va="bottom", fontsize="x-small",
            color=MARK,
        )  # fmt: skip


def draw_response(source: Source, options: Options) -> Figure:
    """A measure along the one ordered axis with names as hues, or along each axis in turn."""
    measure = options.measure or source.lead
    hue, col = options.hue, options.col
    others = [a for a in source.ranked if a not in (hue, col)]
    # The only ordered axis, or the only long one: what a response is along.
    long = [axis for axis in source.numeric if len(source.points[axis]) > MOST]
    main = long if len(source.numeric) > 1 else source.numeric
    x: str | list[str] = options.x or (main[0] if len(main) == 1 else others or source.ranked[0])
    if isinstance(x, str):
        refuse_twice("response", "x", x, source, options)
        if options.x is None:
            free = iter([a for a in others if a != x and source.few(a)])
            hue = hue or next(free, None)
            col = col or next(free, None)
    elif options.xlim or col:
        option, other = ("xlim", "one axis") if options.xlim else ("col", "panels by col")
        raise RequestError(f"--{option}: response shows a panel an axis; state --x to have {other}")
    return response(
        source.trials(measure), x=x, hue=hue, col=col, measure=measure, marks=source.plot.mark,
        look=options.look(source),
    )  # fmt: skip
