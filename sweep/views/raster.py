"""A table over two axes as one image: each cell a pair of values, however many there are."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.image import AxesImage

from sweep.views.scales import MOST_TICKS, cell_scale, is_ordered
from sweep.views.style import label


def sorted_label(name: str, n: int, by: str) -> str:
    """Return the label of an axis whose n values were sorted, and by what."""
    return f"{label(name)}, sorted by {by}" + (f" ({n:,} values)" if n > MOST_TICKS else "")


@dataclass(frozen=True)
class Raster:
    """Cells (rows of `y`, columns of `x`) float64, NaN where no trial is; rows run upwards."""

    x: str
    y: str
    columns: np.ndarray
    rows: np.ndarray
    cells: np.ndarray
    order: str = ""

    @classmethod
    def of(
        cls, trials: pd.DataFrame, x: str, y: str, values: np.ndarray, *, several: str = "median"
    ) -> "Raster":
        """Lay `values`, one a trial, out by the values of two columns, ascending.

        Where further axes put several trials into one cell, it shows their "median" or "max".
        """
        column, columns = pd.factorize(trials[x], sort=True)
        row, rows = pd.factorize(trials[y], sort=True)
        flat = row * len(columns) + column
        cells = np.full(len(rows) * len(columns), np.nan)
        if np.bincount(flat).max() == 1:
            cells[flat] = values
        else:
            together = pd.Series(values).groupby(flat).agg(several)
            cells[together.index.to_numpy()] = together
        shape = (len(rows), len(columns))
        return cls(x, y, np.asarray(columns), np.asarray(rows), cells.reshape(shape))

    def sorted(self, keys: np.ndarray, by: str) -> "Raster":
        """Sort rows whose own order means nothing by ascending `keys`, one a row; remember why.

        Rows of an ordered axis stay as they are.
        """
        if is_ordered(self.y, self.rows):
            return self
        at = np.argsort(keys, kind="stable")
        return replace(self, rows=self.rows[at], cells=self.cells[at], order=by)

    def draw(self, axes: Axes, **style: Any) -> AxesImage:
        """Draw the cells as one image with true ticks; `style` goes to `imshow`."""
        across = cell_scale(self.columns, ordered=is_ordered(self.x, self.columns))
        up = cell_scale(self.rows, ordered=is_ordered(self.y, self.rows))
        missing = np.isnan(self.cells)
        image = axes.imshow(
            np.ma.masked_array(self.cells, missing if missing.any() else np.ma.nomask),
            origin="lower",
            aspect="auto",
            interpolation="nearest",
            extent=(across.low, across.high, up.low, up.high),
            **style,
        )
        across.dress(axes.xaxis)
        up.dress(axes.yaxis)
        axes.grid(visible=False)
        rows = sorted_label(self.y, len(self.rows), self.order) if self.order else label(self.y)
        axes.set(xlabel=label(self.x), ylabel=rows)
        return image
