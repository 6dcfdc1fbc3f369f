"""How rough a boundary is: box counting.

A map has two sides, converged and not. A cell lies between four neighbouring points of the map and
is on the boundary if they are not all on one side (Sohl-Dickstein, "The boundary of neural network
trainability is fractal", 2024, arXiv 2402.06184). A boundary of dimension D needs about
s^-D boxes of side s to cover it; D is 1 for a smooth line and 2 where the boundary fills the plane.

What biases the result, beside noise: boxes lie on one grid and are not shifted to cover best, so
that counts at large sides are too high, and a map cannot show detail finer than its cells. At 513
points across, `box_dimension` gives 1.00 for a line, 1.02 for a circle, 1.59 for the Sierpinski
triangle (1.585 is right) and 1.21 for the Koch curve (1.262; the median of its slopes is 1.16).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sweep.analysis.intervals import Bootstrap
from sweep.errors import RequestError
from sweep.runs.zooming import Frame, Zoom

Counts = NDArray[np.int64]
Map = NDArray[np.bool_]

LEAST = 32  # cells across below which there are too few sides of boxes for a slope
TILES = 8  # a picture is cut into so many tiles across, which the bootstrap draws again


@dataclass(frozen=True)
class Dimension:
    """A dimension and how it was found.

    Attributes:
        sides: (k,) int64, sides of boxes in cells: 1, 2, 4, ...
        counts: (k,) int64, boxes of each side that hold some of the boundary.
        fit: the slope of log counts by log 1/side, by least squares.
        fit_interval: the ends of its interval.
        median: the median of the slopes from each side to the next, as the paper has it.
        median_interval: the ends of its interval.
        share: of the smallest cells, how many are on the boundary, 0 to 1.
    """

    sides: Counts
    counts: Counts
    fit: float
    fit_interval: tuple[float, float]
    median: float
    median_interval: tuple[float, float]
    share: float


def boundary_cells(side: Map) -> Map:
    """The cells (n - 1, m - 1) of a map (n, m) whose four corners are not all on one side."""
    first = side[:-1, :-1]
    found: Map = (first != side[1:, :-1]) | (first != side[:-1, 1:]) | (first != side[1:, 1:])
    return found


def box_dimension(side: Map, bootstrap: Bootstrap | None = None) -> Dimension:
    """The box-counting dimension of the boundary between the two sides of a map (n, m) of bool.

    Boxes have sides of 1, 2, 4, ... cells, up to a tile of the map. The interval comes of drawing
    the map's 8 x 8 tiles again (a block bootstrap: neighbouring cells are no independent draws);
    it covers the noise of a sample and none of the bias.

    Raises:
        RequestError: the map has fewer than 33 points across or up, or no boundary.
    """
    cells = boundary_cells(side)
    if min(cells.shape) < LEAST:
        points = " x ".join(str(n) for n in side.shape)
        raise RequestError(
            f"the box-counting dimension needs a map of {LEAST + 1} x {LEAST + 1} points or more, "
            f"not {points}"
        )
    # Equal tiles of whole boxes: the largest power of two of cells that fits 8 of them.
    tile = 2 ** int(np.log2(min(cells.shape) // TILES))
    sides = 2 ** np.arange(int(np.log2(tile)) + 1)
    rows, columns = (n // tile for n in cells.shape)
    tiled = cells[: rows * tile, : columns * tile]
    if not tiled.any():
        rim = ", but at its last rows or columns" * bool(cells.any())
        one = f"all points of the map are on one side{rim}"
        raise RequestError(f"the box-counting dimension needs a boundary; {one}")
    counts = np.empty((len(sides), rows * columns), np.int64)  # of each tile
    for at, each in enumerate(sides):
        boxes = tiled.reshape(rows, tile // each, each, columns, tile // each, each)
        counts[at] = boxes.any(axis=(2, 5)).sum(axis=(1, 3)).ravel()
    total, bootstrap = counts.sum(axis=1), bootstrap or Bootstrap()
    drawn = np.concatenate(list(bootstrap.counts(counts.shape[1], len(sides)))) @ counts.T
    (fit,), (median,) = _slopes(total[np.newaxis])
    fits, medians = (bootstrap.interval(one) for one in _slopes(drawn[(drawn > 0).all(axis=1)]))
    return Dimension(
        sides=sides,
        counts=total,
        fit=float(fit),
        fit_interval=(float(fits[0]), float(fits[1])),
        median=float(median),
        median_interval=(float(medians[0]), float(medians[1])),
        share=float(np.mean(cells)),
    )


def by_window(zoom: Zoom) -> pd.DataFrame:
    """The windows of a zoom, a row each, and the box-counting dimension of each one's boundary.

    Columns: `width`, as a part of the first window's lattice; `x_from`, `x_to`, `y_from` and
    `y_to`, the ends of the two axes; `trials`, and how many of them were `trained` and not there
    before; `boundary`, the share of cells on it; `dimension`, `dimension_low` and
    `dimension_high`, missing where a window has no boundary or fewer than 33 x 33 points.
    """

    def row(frame: Frame) -> dict[str, float]:
        ((x_from, x_to), (y_from, y_to)) = frame.ends
        try:
            found = box_dimension(frame.diverged)
            fit = found.fit, *found.fit_interval
        except RequestError:
            fit = np.nan, np.nan, np.nan
        return {
            "width": frame.width, "x_from": x_from, "x_to": x_to, "y_from": y_from, "y_to": y_to,
            "trials": frame.diverged.size, "trained": frame.trained,
            "boundary": float(boundary_cells(frame.diverged).mean()),
            **dict(zip(("dimension", "dimension_low", "dimension_high"), fit, strict=True)),
        }  # fmt: skip

    return pd.DataFrame(map(row, zoom.frames))


def _slopes(counts: Counts) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The fitted slope and the median of local slopes of counts (n, sides 1, 2, 4, ...)."""
    logs = np.log2(counts)
    at = -np.arange(counts.shape[1], dtype=np.float64)
    centred = at - at.mean()
    return logs @ centred / (centred @ centred), np.median(-np.diff(logs, axis=1), axis=1)
