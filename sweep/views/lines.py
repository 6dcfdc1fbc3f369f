"""Lines of what was measured in rounds: medians, between the least and the most."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from sweep.views.style import RGB


def median_line(
    axes: Axes, x: "pd.Series[Any]", y: "pd.Series[Any]", name: str, color: RGB, style: str = "o-"
) -> None:
    """Draw the medians of y at each x, between their least and most."""
    found = y.astype("float64").groupby(x.to_numpy()).agg(["min", "median", "max"])
    at = found.index.to_numpy(dtype=np.float64)
    axes.plot(at, found["median"], style, color=color, markersize=4, linewidth=1.4, label=name)
    axes.vlines(at, found["min"], found["max"], color=color, linewidth=1)


def over_fewest(table: pd.DataFrame, column: str, value: str) -> pd.DataFrame:
    """A row a round and number in `column`: `value` over that of the fewest, as `ratio`."""
    by_round = table.pivot_table(index="round", columns=column, values=value)
    return by_round.div(by_round.iloc[:, 0], axis=0).melt(value_name="ratio")
