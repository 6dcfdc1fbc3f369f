"""Lines with bands around them, of which some reach infinity and must not cover the picture."""

import numpy as np
from matplotlib.axes import Axes

from sweep.views.style import RGB
from sweep.views.tables import Array

Span = tuple[float, float]
"""The lowest and the highest number that an axis shows."""

NOTHING = "no trial has a finite value"

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
    """Shade from low to high; where that leaves the picture, only the edge within it is drawn."""
    opened = is_open(low, high, span)
    closed = (high <= span[1]) & (low >= min(span[0], 0))
    edge = np.where(high > span[1], low, high)
    low, high, edge = (near(part, span) for part in (low, high, edge))
    if (low < high)[closed].any():
        axes.fill_between(at, low, high, where=closed, color=color, alpha=alpha, linewidth=0)
    if opened.any():
        axes.plot(at, np.where(opened, edge, np.nan), color=color, linewidth=1, linestyle=":")


def draw_ranges(
    axes: Axes, at: np.ndarray, low: Array, high: Array, span: Span, color: RGB, width: float
) -> None:
    """Draw from low to high as upright lines, for values that no line may join."""
    axes.vlines(at, near(low, span), near(high, span), color=color, linewidth=width, alpha=0.6)
