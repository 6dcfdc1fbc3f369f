"""Bands around lines, some of which reach infinity, and shares stacked beneath them."""

import numpy as np
from matplotlib.axes import Axes

from sweep.views.cells import Array
from sweep.views.scales import Span
from sweep.views.style import OUTCOME_COLORS, RGB

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
