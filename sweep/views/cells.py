"""What is taken from a tidy table before anything is drawn: levels, quantiles, shares, orders.

A tidy table has a row a trial (or a row a step of a trial), a column an axis, the measures and
`outcome`. All of it is done on arrays, so that ten million rows become a few thousand numbers.
"""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sweep.analysis.levels import levels
from sweep.catalogue import CURVE_MEASURES, OUTCOMES, TRAINING_MEASURES, VALIDATION_MEASURES
from sweep.store.tables import BATCH, EPOCHS, RECENT, STATE, SUMS
from sweep.study.refining import LEVEL
from sweep.views.scales import FLOOR, HUGE, MOST_TICKS, UPWARD, Array, Places, Span
from sweep.views.style import label

Codes = NDArray[np.int64]

NO_AXES = frozenset(
    ("trial", "step", "loss", "outcome", *TRAINING_MEASURES, *VALIDATION_MEASURES, *CURVE_MEASURES)
) | {BATCH, RECENT, SUMS, EPOCHS, STATE, LEVEL}
"""Columns that are no axis, and neither is one of a parameter or a measure that is drawn."""

BULK = (0.001, 0.999)  # quantiles at the ends of the colours

PARAMETER = re.compile(r"[wb]\d+(_\d+)+")


def axes_of(table: pd.DataFrame, measure: str = "") -> list[str]:
    """Return the columns that were swept: all but measures, parameters and numbers of rows."""
    names = (str(name) for name in table if name not in NO_AXES and name != measure)
    return [name for name in names if not PARAMETER.fullmatch(name)]


def worst(measure: str) -> float:
    """Return the level that is worse than any number: that of a trial that diverged."""
    return -np.inf if measure in UPWARD else np.inf


def codes(trials: pd.DataFrame) -> Codes:
    """Return each trial's outcome as its place in `OUTCOMES`: higher is worse."""
    outcome = pd.Categorical(trials["outcome"], categories=list(OUTCOMES))
    return outcome.codes.astype(np.int64)


@dataclass(frozen=True)
class Cells:
    """The distinct values of some columns, ascending, and which of them each row has.

    `points` holds the values of each column, `shape` how many they are, and `place` (n,) each row's
    among all combinations, the last column's running fastest.
    """

    points: tuple[NDArray[np.generic], ...]
    place: Codes

    @classmethod
    def of(cls, table: pd.DataFrame, names: Sequence[str]) -> "Cells":
        """Find the combinations of the columns `names` in a table."""
        at = np.zeros(len(table), np.int64)
        found = []
        for name in names:
            place, values = pd.factorize(table[name], sort=True)
            at = at * len(values) + place
            found.append(np.asarray(values))
        return cls(tuple(found), at)

    @property
    def shape(self) -> tuple[int, ...]:
        """How many values each column has."""
        return tuple(len(points) for points in self.points)

    @property
    def size(self) -> int:
        """How many combinations there could be."""
        return int(np.prod(self.shape))

    def counts(self) -> Codes:
        """How many rows each combination has, in `shape`."""
        return np.bincount(self.place, minlength=self.size).reshape(self.shape)

    def quantiles(self, values: Array, at: Sequence[float]) -> Array:
        """Return the quantiles `at` of the rows' values, (len(at), *shape), NaN where none is.

        Between two values they are interpolated, and between a number and infinity lies infinity.
        """
        counts = self.counts().ravel()
        if (counts == counts[:1]).all():
            order = np.argsort(self.place, kind="stable")
            found = row_quantiles(values[order].reshape(len(counts), -1), at)
        else:
            ascending = values[np.lexsort((values, self.place))]
            starts, last = np.cumsum(counts) - counts, max(len(values) - 1, 0)
            found = _between(counts, at, lambda k: ascending[np.minimum(starts + k, last)])
        return found.reshape(len(at), *self.shape)

    def shares(self, outcome: Codes) -> Array:
        """Return the share of each outcome, (*shape, 3), NaN where no row is."""
        n = len(OUTCOMES)
        counts = np.bincount(self.place * n + outcome, minlength=self.size * n)
        counts = counts.reshape(*self.shape, n)
        with np.errstate(invalid="ignore"):
            return counts / counts.sum(axis=-1, keepdims=True)  # type: ignore[no-any-return]


def row_quantiles(matrix: Array, at: Sequence[float]) -> Array:
    """Return the quantiles `at` of each row of (n, m), (len(at), n); NaN stands for no value."""
    ascending = np.sort(matrix, axis=1)  # NaN come last
    counts = np.count_nonzero(~np.isnan(matrix), axis=1)
    rows = np.arange(len(matrix))
    return _between(counts, at, lambda place: ascending[rows, place])


def _between(counts: Codes, at: Sequence[float], value: Callable[[Codes], Array]) -> Array:
    """Interpolate the quantiles `at` of ascending values, of which `value` gives the k-th."""
    last = np.maximum(counts - 1, 0)
    found = []
    for share in at:
        place = np.round(last * share, 9)  # 0.3 * 10 is a whole number
        below = place.astype(np.int64)
        part = place - below
        a, b = value(below), value(np.minimum(below + 1, last))
        with np.errstate(invalid="ignore"):
            between = np.where((part == 0) | (a == b), a, (1 - part) * a + part * b)
        found.append(np.where(counts > 0, between, np.nan))
    return np.stack(found)


def log_span(values: Array) -> Span:
    """Return the positive numbers between which nearly all others lie, for logarithmic colours.

    Those are the quantiles `BULK`, so that single values do not spend the whole range.
    """
    positive = values[(values > 0) & (values < HUGE)]
    if not positive.size:
        return 0.1, 1.0
    low, high = (float(end) for end in np.quantile(positive, BULK, method="nearest"))
    return max(low, high * FLOOR), high if high > low else 2 * low


def linear_span(values: Array) -> Span:
    """Return the lowest and the highest of the numbers, something apart."""
    finite = values[np.abs(values) < HUGE]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    return low, high if high > low else low + 1


def arranged(
    trials: pd.DataFrame, name: str, measure: str, *, cells: bool = False
) -> tuple[Places, Codes]:
    """Return where the values of a column lie on paper, and which of them, ascending, lies where.

    Values without an order of their own are sorted: first come those of the lowest mean of the
    measure's logarithm, or of the highest mean where more is better; what diverged counts as the
    worst of the numbers. `cells` is as for `Places.of`.
    """
    found = Cells.of(trials, [name])
    places = Places.of(name, found.points[0], cells=cells)
    if places.ordered:
        return places, np.arange(found.size)
    level = levels(trials, measure)
    if measure in UPWARD:
        merit = -np.clip(level, *linear_span(level))
    else:
        merit = np.log(np.clip(level, *log_span(level)))
    mean = np.bincount(found.place, merit, found.size) / found.counts()
    order = np.argsort(mean, kind="stable")
    by = f"mean {'' if measure in UPWARD else 'log '}{label(measure, symbol=False)}"
    some = f" ({found.size:,} values)" if found.size > MOST_TICKS else ""
    said = f"{places.label}, sorted by {by}{some}"
    return replace(places, points=places.points[order], label=said), order


def pooled(
    table: pd.DataFrame, shown: Collection[str | None], measure: str = "", said: str = ""
) -> str:
    """Say over which axes several trials were put together: "seed (1,024), momentum (4)".

    What is `said` comes before them, if there are any.
    """
    rest = [name for name in axes_of(table, measure) if name not in shown]
    counts = {name: table[name].nunique() for name in rest}
    over = [f"{label(name, symbol=False)} ({n:,})" for name, n in counts.items() if n > 1]
    return said + ", ".join(over) if over else ""
