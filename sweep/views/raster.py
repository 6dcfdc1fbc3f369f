"""A table over two axes as one image: each cell a pair of values, however many there are."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.image import AxesImage

from sweep.catalogue import OUTCOMES
from sweep.views.scales import Scale, cell_scale, fitted, fitted_up, is_ordered, sorted_label
from sweep.views.style import label
from sweep.views.tables import Array, Cells, best_first, codes, levels


@dataclass(frozen=True)
class Side:
    """One side of a map: its column, its values as they are laid out, their scale and its name."""

    name: str
    order: np.ndarray
    scale: Scale
    label: str

    @classmethod
    def of(cls, trials: pd.DataFrame, name: str, values: np.ndarray, measure: str) -> "Side":
        """Lay ascending values out as they are, or best first where their order means nothing."""
        if is_ordered(name, values):
            scale = cell_scale(values, ordered=True)
            return cls(name, np.arange(len(values)), scale, label(name))
        order, why = best_first(trials, name, measure)
        named = sorted_label(label(name), len(values), why)
        return cls(name, order, cell_scale(values[order], ordered=False), named)


@dataclass(frozen=True)
class Raster:
    """Cells (rows of `y`, columns of `x`), rows running upwards.

    `level` is float64, the median of the measure, at its worst where half of a cell's trials
    diverged or more, and NaN where no trial is; `outcome` is the place in `OUTCOMES` of the
    outcome that at least half of a cell's trials do not surpass, NaN likewise.
    """

    x: Side
    y: Side
    level: Array
    outcome: Array
    several: bool

    @classmethod
    def by(
        cls, trials: pd.DataFrame, x: str, y: str, col: str | None, measure: str
    ) -> list["Raster"]:
        """Lay trials out by the values of two columns, in a raster a value of `col`.

        All have the same sides. Trials that share a cell are put together.
        """
        cells = Cells.of(trials, [y, x])
        sides = [Side.of(trials, name, values, measure) for name, values in
                 zip(cells.names, cells.points, strict=True)]  # fmt: skip
        if col is None:
            return [_raster(trials, cells, sides, measure)]
        at, values = pd.factorize(trials[col], sort=True)
        found = []
        for k in range(len(values)):
            rows = at == k
            part = Cells(cells.names, cells.points, cells.place[rows])
            found.append(_raster(trials[rows], part, sides, measure))
        return found

    def draw(self, axes: Axes, cells: Array, **style: Any) -> AxesImage:
        """Draw an array of the cells' numbers as one image; `style` goes to `imshow`."""
        across, up = self.x.scale, self.y.scale
        missing = np.isnan(cells)
        return axes.imshow(
            np.ma.masked_array(cells, missing if missing.any() else np.ma.nomask),
            origin="lower",
            aspect="auto",
            interpolation="nearest",
            extent=(across.low, across.high, up.low, up.high),
            **style,
        )

    def dress(self, axes: Axes) -> None:
        """Put true ticks and names on the axes of a map."""
        self.x.scale.dress(axes, axes.xaxis)
        self.y.scale.dress(axes, axes.yaxis)
        axes.grid(visible=False)
        axes.set(xlabel=fitted(axes, self.x.label), ylabel=fitted_up(axes, self.y.label))


def _raster(trials: pd.DataFrame, cells: Cells, sides: list[Side], measure: str) -> Raster:
    y, x = sides
    level, outcome = levels(trials, measure), codes(trials)
    several = bool(cells.counts().max(initial=0) > 1)
    if several:
        level = cells.quantiles(level, [0.5])[0]
        worse = np.cumsum(cells.shares(outcome)[..., ::-1], axis=-1) >= 0.5
        ends = np.where(np.isnan(level), np.nan, len(OUTCOMES) - 1.0 - worse.argmax(axis=-1))
    else:
        level, ends = _scattered(cells, level), _scattered(cells, outcome)
    laid = np.ix_(y.order, x.order)
    return Raster(x, y, level[laid], ends[laid], several)


def _scattered(cells: Cells, values: np.ndarray) -> Array:
    """Lay values out, one a cell at most."""
    found = np.full(cells.size, np.nan)
    found[cells.place] = values
    return found.reshape(cells.shape)
