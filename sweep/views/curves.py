"""What was recorded by step: all curves in one figure, or in panels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sweep.analysis.naming import number
from sweep.errors import RequestError
from sweep.views.cells import pooled, row_quantiles, worst
from sweep.views.panels import MOST, MOST_NAMES, Shown, beside, label_outside, panels_of, thinned
from sweep.views.scales import (
    HUGE,
    OPEN,
    UPWARD,
    Array,
    Places,
    Span,
    draw_band,
    is_open,
    is_ordered,
    log_limits,
    lost_in_words,
    name_powers,
    name_steps,
    near,
    refuse_below_zero,
)
from sweep.views.source import MOST_ROWS, Options, Source, refuse_twice
from sweep.views.style import ALONE, PLAIN, QUIET, RGB, Look, label, theme

BAND = (0.1, 0.5, 0.9)  # quantiles drawn where several trials share a curve: band, median, band
FEW = 5  # trials of one curve up to which each is drawn: too few for quantiles to say more
MOST_LINES = 30  # lines of one panel up to which these are told apart

ENDS_AT = "training.steps"
"""The column, if it is an axis, that says how many steps a trial was to have."""


class Line(NamedTuple):
    """What is drawn of n trials: (s,) their steps, band and median, and (k, s) each of a few."""

    step: np.ndarray
    low: Array
    middle: Array
    high: Array
    each: Array
    n: int


@dataclass(frozen=True)
class Paths:
    """What n trials recorded at s steps.

    `trials` has a row a trial: its first row of the table; `steps` (s,) are ascending, and `matrix`
    (n, s) float64. A trial that stopped keeps the last value that it recorded, and what is not a
    number is the worst there is. NaN is past the number of steps that a trial was to have.
    `stopped` says whether any trial stopped early.
    """

    trials: pd.DataFrame
    steps: np.ndarray
    matrix: Array
    stopped: bool = False

    @classmethod
    def of(cls, table: pd.DataFrame, measure: str) -> "Paths":
        """Lay the rows of a table of `trial`, `step` and `measure` out by trial and step."""
        trial, numbers = pd.factorize(table["trial"])
        step, steps = pd.factorize(table["step"].to_numpy(), sort=True)
        found = table[measure].to_numpy(np.float64, na_value=np.nan)
        values = np.full((len(numbers), len(steps)), np.nan)
        values[trial, step] = np.where(np.isnan(found), worst(measure), found)
        trials = table.drop_duplicates("trial", ignore_index=True)
        absent = np.isnan(values)
        ends = trials[ENDS_AT].to_numpy()[:, None] if ENDS_AT in trials else steps[-1:]
        beyond = absent & (steps > ends)
        if absent.any():
            last = np.maximum.accumulate(np.where(absent, 0, np.arange(len(steps))), axis=1)
            values = np.where(beyond, np.nan, np.take_along_axis(values, last, axis=1))
        return cls(trials, steps, values, bool((absent & ~beyond).any()))

    def until(self, last: float) -> "Paths":
        """Return the same up to the step `last`."""
        kept = self.steps <= last
        return replace(self, steps=self.steps[kept], matrix=self.matrix[:, kept])

    def at(self, rates: Array) -> "Paths":
        """Return the same with the rate of the update before in the place of each step."""
        kept = self.steps > 0
        return replace(self, steps=rates[self.steps[kept] - 1], matrix=self.matrix[:, kept])

    def line(self, rows: np.ndarray, few: int = FEW) -> Line:
        """Return what is drawn of the trials `rows` (n,) bool: median and band, or each."""
        values = self.matrix[rows]
        there = ~np.isnan(values).all(axis=0)
        values, step = values[:, there], self.steps[there]
        if len(values) == 1:
            return Line(step, values[0], values[0], values[0], values[:0], 1)
        low, middle, high = row_quantiles(np.ascontiguousarray(values.T), BAND)
        each = values if len(values) <= few else values[:0]
        return Line(step, low, middle, high, each, len(values))


FIRST_STEPS = 100
"""Steps shown on linear axes, or a tenth of all if that is more: where the learning rates part."""


def curves(
    table: pd.DataFrame,
    *,
    hue: str | None = None,
    col: str | None = None,
    measure: str = "loss",
    behind: bool = False,
    shown: Mapping[str | None, Shown] | None = None,
    rates: Array | None = None,
    look: Look = PLAIN,
) -> Figure:
    """Draw `measure` by step: a curve a value of `hue`, a panel a value of `col`.

    `table` has a row a recorded step: `trial`, `step`, `measure`, and a column an axis. Several
    trials of one curve are their median and the band from 10 to 90%, up to `FEW` each its own line;
    a trial that stopped keeps its last value, and one that diverged is worse than any other. Where
    a band reaches what cannot be shown it is left open: its lower edge alone goes on.

    With `behind` panels show the other panels' curves too, pale. `shown` says how the values of an
    axis are told apart, if not by what the table holds. `look.log` asks for logarithmic axes (the
    steps linear from 0 to 1) or, if False, linear ones, with every step; by default axes are linear
    and show the first tenth of the steps, if `look.xlim` has no other ends. With `rates`, those of
    all updates from the first, what was recorded after an update stands at its rate.

    Raises:
        KeyError: the table has no such column.
    """
    hues, cols = ((shown or {}).get(name) or Shown.of(table, name) for name in (hue, col))
    paths = Paths.of(cols.of_these(hues.of_these(table)), measure)
    every = paths.steps[-1]
    if rates is not None:
        paths = paths.at(rates)
    elif look.log is None and measure not in UPWARD and not look.xlim and not paths.steps[0]:
        paths = paths.until(max(FIRST_STEPS, every // 10))
    trials = paths.trials
    rows = [[cols.rows(trials, c) & hues.rows(trials, h) for h in hues.points] for c in cols.points]
    few = FEW if max(np.count_nonzero(panel) for panel in rows) <= MOST_LINES else 1
    lines = [[paths.line(own, few) for own in panel] for panel in rows]
    span = look.ylim or _span([line for row in lines for line in row], look.log, measure)
    if look.log and measure not in UPWARD:
        refuse_below_zero("ylim", span)
    with theme():
        notes = _notes(table, paths, lines, span, every, {hue, col})
        figure, panels = panels_of(look, cols.headings, *notes, cols.note, legend=hue)
        for at, (panel, own) in enumerate(zip(panels, lines, strict=True)):
            axes = panel.parts[0]
            _dress(axes, paths.steps, look, by_rate=rates is not None)
            if look.log and measure not in UPWARD:
                axes.set_yscale("log")
                name_powers(axes.yaxis, *span)
            axes.set(ylim=span, ylabel=label(measure))
            for other in lines if behind else []:
                for line in other if other is not own else []:
                    axes.plot(line.step, near(line.middle, span), color=QUIET, linewidth=0.8)
            alone = [cols.colors[at]] if behind else [ALONE]
            for line, color in zip(own, hues.colors if hue else alone, strict=True):
                draw_line(axes, line, color, span)
        if hue:
            beside(figure, hues.entries, hues.title)
        label_outside(figure, panels)
    return figure


def _span(lines: Sequence[Line], log: bool | None, measure: str) -> Span:
    """Return the lowest and the highest value worth showing.

    A curve that diverges may leave the figure: at twice the highest value of the first step on a
    linear axis, at a thousand times that on a logarithmic one, unless everything stays below.
    """
    if measure in UPWARD:
        return 0.0, 1.02
    drawn = (part.ravel() for one in lines for part in (one.low, one.middle, one.high, one.each))
    values = np.concatenate([*drawn])
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


def draw_line(axes: Axes, line: Line, color: RGB, span: Span) -> None:
    """Draw the median with its band, or each of a few trials."""
    if len(line.each):
        axes.plot(line.step, near(line.each, span).T, color=color, linewidth=1.1, alpha=0.8)
        return
    axes.plot(line.step, near(line.middle, span), color=color, linewidth=2)
    draw_band(axes, line.step, line.low, line.high, span, color)


def _dress(axes: Axes, steps: np.ndarray, look: Look, *, by_rate: bool) -> None:
    """Scale and name the axis of steps, or of the rates in their place."""
    if by_rate:
        Places.of("learning_rate", steps).dress(axes.xaxis, look.xlim)
        axes.set_xlabel(label("learning_rate"))
        return
    name_steps(axes.xaxis, 2 if axes.get_title() else 5, log=bool(look.log))
    first = int(steps[0])  # 0, unless the last ones alone were recorded
    axes.set_xlim(look.xlim or (first, max(int(steps[-1]), first + 1)))


def _notes(
    table: pd.DataFrame,
    paths: Paths,
    lines: list[list[Line]],
    span: Span,
    every: float,
    shown: set[str | None],
) -> list[str]:
    """Say what the figure leaves out and puts together."""
    drawn = [line for row in lines for line in row]
    highest = np.nanmax(paths.matrix, axis=1, initial=0)
    notes, lost = [lost_in_words("loss", highest)], int(np.count_nonzero(~(highest < HUGE)))
    if (above := int(np.count_nonzero(highest > span[1]))) > lost:  # finite losses leave it too
        of = f"{'all' if above == len(highest) else f'{above:,} of'} {len(highest):,} trials"
        notes = [f"{of} leave the picture" + f", {lost:,} of them beyond all numbers" * bool(lost)]
    if any(line.n > 1 and not len(line.each) for line in drawn):
        notes.append("median, and band from 10 to 90%" + pooled(table, shown, said=", over "))
    elif any(len(line.each) for line in drawn):
        notes.append("every trial" + pooled(table, shown, said=" of "))
    if any(is_open(line.low, line.high, span).any() for line in drawn if not len(line.each)):
        notes.append(OPEN)
    if paths.stopped:
        notes.append("trials that stopped keep their last value")
    if paths.steps[-1] < every and paths.steps.dtype.kind == "i":
        notes.append(f"the first {paths.steps[-1]:,} of {every:,} steps")
    return notes


def draw_curves(source: Source, options: Options) -> Figure:
    """Curves, told apart by the axis of few names or the leading one, unless options say."""
    hue = options.hue or next((a for a in (*source.told, *source.ranked) if a != options.col), None)
    return _by_step(source, options, hue, options.col)


def draw_range_test(source: Source, options: Options) -> Figure:
    """The loss by the rate that each update of a range test had, a colour a name.

    Raises:
        RequestError: trials have no range test, or not all the same rates.
    """
    if len(tests := source.range_tests) != 1:
        raise RequestError(
            "range_test shows a study whose trials all have the same range test: "
            + ("their rates differ; choose some with --only" if tests else "this one has none")
        )
    hue = options.hue or next((a for a in source.names if a != options.col), None)
    return _by_step(source, options, hue, options.col, rates=tests[0])


def draw_panels(source: Source, options: Options) -> Figure:
    """Curves in panels: of the rates in colours by names, or of the leading axis.

    Without a hue the other panels' curves lie behind.
    """
    free = (a for a in (*source.told, *source.ranked) if a != options.hue)
    col, hue = options.col or next(free, source.ranked[0]), options.hue
    if hue is None and col in source.names:
        hue = source.rate
    refuse_twice("panels", "col", col, source, options)
    return _by_step(source, options, hue, col, behind=hue is None)


def _by_step(
    source: Source,
    options: Options,
    hue: str | None,
    col: str | None,
    *,
    behind: bool = False,
    rates: Array | None = None,
) -> Figure:
    """Read the curves that a figure can hold, and no others, and draw them."""
    if source.read_curves is None:
        raise RequestError('no curves were recorded: set record.loss to "every step" and run')
    trials, more, at_best = _at_best(source, hue, col)
    rows, some = _shown(source, trials, [axis for axis in (hue, col) if axis])
    notes = [at_best, some]
    told = [str(source.rate)] if at_best else []
    table = source.read_curves(rows).drop(columns=[*source.following, *told])
    measure = options.measure or source.recorded[0]
    if measure == "batch_loss":  # groups without batches have the loss of a step on all data alone
        table[measure] = table[measure].fillna(table["loss"])
        notes.append("each step's loss is that of its batch alone")
    elif measure == "loss" and "batch_loss" in table:  # known at the ends of training
        last = ~table["trial"].duplicated(keep="last")
        table = table[table["loss"].notna() | last]
        notes.append(f"the loss on all data, recorded at {table['step'].nunique():,} steps")
    every = source.trials()
    if table["trial"].nunique() < len(every) and (every["outcome"] == "diverged").all():
        notes.append(f"all {len(every):,} trials diverged, also those not shown")
    look = options.look(source, "; ".join(filter(None, notes)))
    if not look.xlim and rates is None and (measure != "loss" or options.stated or at_best):
        first = int(table["step"].min())
        look = replace(look, xlim=(first, max(int(table["step"].max()), first + 1)))
    shown: dict[str | None, Shown] = {
        axis: Shown.of(table, axis, len(source.points[axis])) for axis in (hue, col) if axis
    }
    if hue:
        shown[hue] = replace(shown[hue], more=more)
    return curves(
        table, hue=hue, col=col, measure=measure, behind=behind, rates=rates, shown=shown, look=look
    )


def _at_best(
    source: Source, hue: str | None, col: str | None
) -> tuple[pd.DataFrame, dict[object, str], str]:
    """Where colours stand for names, each at its best rate: over all rates curves say nothing.

    Returns the trials, what the legend says of each name, and the note.
    """
    trials, rate = source.trials(), source.rate
    if hue not in source.names or rate is None or rate == col:
        return trials, {}, ""
    by = [hue, *([col] if col else [])]
    best = source.best(rate, by)
    pairs = zip(best[hue], best[rate], strict=True)
    more = {} if col else {name: f" at {number(value)}" for name, value in pairs}
    note = f"each at its best {label(rate, symbol=False)} by {label(source.lead, symbol=False)}"
    return trials.merge(best, on=[*by, rate]), more, note


def _shown(source: Source, table: pd.DataFrame, axes: Sequence[str]) -> tuple[np.ndarray, str]:
    """Return the numbers of the trials that a figure of curves shows, and what to say of that.

    Of the values of an axis that are too many, some are shown, and the best of them always.
    """
    for axis in axes:
        values = source.points[axis]
        most = MOST if is_ordered(axis, values) else MOST_NAMES
        if len(values) > most:
            kept = np.array(thinned(range(len(values)), most))
            best = int(np.searchsorted(values, source.best(axis)[axis].iloc[0]))
            kept[np.abs(kept - best).argmin()] = best
            table = table[table[axis].isin(values[kept])]
    most = max(MOST_ROWS // source.steps, MOST * MOST)
    if len(table) <= most:
        return table["trial"].to_numpy(), ""
    # Within each curve's trials one in so many, so that all curves have about as many.
    every = -(-len(table) // most)
    numbered = table.groupby([*axes] or np.zeros(len(table)), observed=True).cumcount()
    return table["trial"].to_numpy()[numbered % every == 0], f"one in {every:,} of the trials"
