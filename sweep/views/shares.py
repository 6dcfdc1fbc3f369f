"""What became of the trials, as shares stacked along an axis."""

import numpy as np
from matplotlib.axes import Axes

from sweep.views.style import OUTCOME_COLORS
from sweep.views.tables import Array

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
