"""Where the values of an axis lie on paper: logarithmic, linear or side by side; and the ticks."""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis as PaperAxis
from matplotlib.ticker import FixedFormatter, FixedLocator, FuncFormatter, NullFormatter
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from sweep.views.style import power_label, value_labels

MOST_TICKS = 24
"""Values with a tick of their own; more would overlap."""

FLOOR = 1e-24
"""What lies further below the highest value than this is drawn at the edge: it is rounding."""

HUGE = 1e300
"""Numbers from here on are drawn as infinite: a margin above them would be."""

WITHOUT_ORDER = ("seed", "batch_seed")
"""Numbers that are names: their order means nothing."""


def is_ordered(name: str, values: np.ndarray) -> bool:
    """Say whether the values' order means something: not that of names, switches and seeds."""
    return is_numeric_dtype(values) and not is_bool_dtype(values) and name not in WITHOUT_ORDER


def is_wide(values: np.ndarray) -> bool:
    """Say whether positive numbers span a decade or more, so that only a logarithm shows them."""
    return bool(len(values) and np.min(values) > 0 and np.max(values) >= 10 * np.min(values))


def log_limits(values: np.ndarray) -> tuple[float, float] | None:
    """Return the positive span worth showing on a logarithmic axis; None if nothing is positive."""
    positive = values[(values > 0) & (values < HUGE)]
    if not positive.size:
        return None
    high = float(positive.max())
    return max(float(positive.min()), high * FLOOR), high


def edges(values: np.ndarray) -> np.ndarray:
    """Return the n + 1 borders of n cells around ascending values, halfway between neighbours.

    Halfway is meant geometrically where the values call for a logarithmic axis.
    """
    if len(values) == 1:
        return np.array([values[0] - 0.5, values[0] + 0.5])
    at = np.log(values) if is_wide(values) else np.asarray(values, np.float64)
    middle = (at[1:] + at[:-1]) / 2
    borders = np.concatenate([[2 * at[0] - middle[0]], middle, [2 * at[-1] - middle[-1]]])
    return np.exp(borders) if is_wide(values) else borders


def place(axes: Axes, values: np.ndarray) -> None:
    """Scale the x axis for these ascending values; where they are few, tick each of them."""
    if is_wide(values):
        axes.set_xscale("log")
        name_powers(axes.xaxis, values[0], values[-1])
    if len(values) <= MOST_TICKS // 2:
        axes.xaxis.set_major_locator(FixedLocator(values.tolist()))
        axes.xaxis.set_major_formatter(FixedFormatter(value_labels(values.tolist())))
        axes.xaxis.set_minor_locator(FixedLocator([]))


def name_powers(axis: PaperAxis, low: float, high: float) -> None:
    """Label a logarithmic axis from `low` to `high` at the powers of ten, if they suffice."""
    if high >= 30 * low:
        axis.set_major_formatter(FuncFormatter(lambda at, _: power_label(np.log10(at))))
        axis.set_minor_formatter(NullFormatter())


def name_cells(axis: PaperAxis, values: np.ndarray) -> None:
    """Tick the cells 0, 1, 2, ... with their values, or not at all where there are too many."""
    names = value_labels(values.tolist()) if len(values) <= MOST_TICKS else []
    axis.set_major_locator(FixedLocator([float(cell) for cell in range(len(names))]))
    axis.set_major_formatter(FixedFormatter(names))


@dataclass(frozen=True)
class Scale:
    """The cells of one axis of a raster: all of one width, from `low` to `high` on paper.

    `kind` is "log" (paper shows powers of ten), "linear" (the values) or "even" (cell numbers).
    """

    kind: str
    low: float
    high: float
    values: np.ndarray

    def dress(self, axis: PaperAxis) -> None:
        """Put ticks on a paper axis that say the values at their places."""
        if self.kind == "even":
            name_cells(axis, self.values)
        elif self.kind == "log":
            decades = np.arange(np.floor(self.low), np.ceil(self.high) + 1)
            between = decades[:, None] + np.log10(np.arange(2, 10))
            axis.set_major_locator(FixedLocator(decades.tolist()))
            axis.set_major_formatter(FuncFormatter(lambda at, _: power_label(at)))
            axis.set_minor_locator(FixedLocator(between.ravel().tolist()))
            axis.set_minor_formatter(NullFormatter())


def cell_scale(values: np.ndarray, *, ordered: bool) -> Scale:
    """Choose the scale on which every cell of a raster is truly as wide as its neighbour.

    Ordered values that ascend evenly, in themselves or in their logarithms, lie at their places;
    any others side by side.
    """
    n = len(values)
    if ordered and n > 2:
        at = np.asarray(values, np.float64)
        powers = np.log10(np.where(at > 0, at, np.nan))
        for kind, places in (("linear", at), ("log", powers)):
            gaps = np.diff(places)
            if np.all(gaps > 0) and np.allclose(gaps, gaps.mean(), rtol=1e-6, atol=0):
                half = gaps.mean() / 2
                return Scale(kind, float(places[0] - half), float(places[-1] + half), values)
    return Scale("even", -0.5, n - 0.5, values)
