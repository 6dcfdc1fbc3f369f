"""A map from coarse to fine: which of its points to train next, by what is known of others.

First come every 2^depth-th value of each axis and the last. Then, level by level, each cell is
split in four whose known corners, middles of edges and middle disagree, until neighbours on the
grid itself are compared. What is asked for next follows from what is known alone, and more that is
known takes nothing back: whatever the order and the interruptions, the same points are trained.
"""

import math

import numpy as np

from sweep.study.group import Group
from sweep.study.settings import FieldError, Refine

LEVEL = "level"  # the column that says at which split a point is trained, 0 for the coarse grid

Shape = tuple[int, int]
"""How many points a map has across its rows and along them; of one axis 1 along them."""


def shape_of_map(group: Group) -> Shape:
    """The shape of a group's grid, whose points it has in this order; a FieldError if it is none.

    That is a map of one or two axes, numbers in ascending order and no seeds.
    """
    several = [one for one in group.grid.dimensions if len(one) > 1]
    axes = [axis for one in several for axis in one.axes]
    whole = all(factor.kept is None for factor in group.grid.factors)
    numbers = all(
        axis.values.dtype.kind in "fi"
        and bool((axis.values[1:] > axis.values[:-1]).all())
        and not axis.name.endswith("seed")
        for axis in axes
    )
    if not whole or not numbers or len(axes) not in (1, 2) or len(axes) != len(several):
        found = ", ".join(axis.name for axis in axes) or "none of several values"
        raise FieldError(
            "refine.depth",
            "needs one or two axes of ascending numbers, no seeds and nothing together or dropped "
            f"by a condition, not {found}",
        )
    return (len(axes[0]), len(axes[1]) if len(axes) == 2 else 1)


def coarse_points(shape: Shape, depth: int) -> int:
    """How many points are trained before any cell is split."""
    return math.prod(len({*range(0, count, 2**depth), count - 1}) for count in shape)


def comparable(by: str, values: np.ndarray) -> np.ndarray:
    """Codes of outcomes, or losses, as float64 that can be compared by their distance."""
    if by == "outcome":
        return values.astype(np.float64)
    logs = np.log(np.clip(values, 1e-300, 1e300))
    return np.asarray(np.where(np.isfinite(values), logs, 1e9))


def wanted(values: np.ndarray, shape: Shape, refine: Refine) -> np.ndarray:
    """The flat points to be trained next, ascending int64; none once all is refined.

    `values` (points,) float64 are what is `comparable` at each, NaN where it is not known.
    """
    apart = 0.0 if refine.by == "outcome" else math.log(refine.factor)
    step = 2 ** (refine.depth or 0)
    cells = np.indices(_counts(shape, step)).reshape(2, -1).T
    new = _points(cells, shape, step)[:, [0, 2, 6, 8]]
    while True:
        new = np.unique(new)
        new = np.asarray(new[np.isnan(values[new])])
        if len(new) or step == 1:
            return new
        points = _points(cells, shape, step)
        found = values[points]
        split = np.fmax.reduce(found, axis=1) - np.fmin.reduce(found, axis=1) > apart
        new = points[split]
        if not np.isnan(found[split]).any():  # this level is whole: go on to its halves
            step //= 2
            cells = _quarters(cells[split], shape, step)


def levels_of(position: np.ndarray, shape: Shape, depth: int) -> np.ndarray:
    """At which split each of the flat points `position` is trained: int8, the coarse grid 0.

    That follows from where it stands: the coarsest lattice on which both its places are.
    """
    found = np.zeros(len(position), np.int8)
    for place, count in zip(np.unravel_index(position, shape), shape, strict=True):
        power = np.log2(place & -place, where=place > 0, out=np.full(len(place), np.inf))
        power[place == count - 1] = np.inf
        found = np.maximum(found, np.clip(depth - power, 0, depth).astype(np.int8))
    return found


def nearest_known(known: np.ndarray, shape: Shape, depth: int) -> np.ndarray:
    """(points,) int64: the known point that stands for each, itself or the nearest of its cell.

    `known` is bool, (points,). A cell counts as split where all nine of its points are known. -1
    stands for none, where not even the coarse grid is known.
    """
    step = 2**depth
    found = _nearest(shape, step)
    cells = np.indices(_counts(shape, step)).reshape(2, -1).T
    while step > 1 and len(cells):
        cells = cells[known[_points(cells, shape, step)].all(axis=1)]
        split = np.zeros(_counts(shape, step), bool)
        split[tuple(cells.T)] = True
        row, column = (
            np.minimum(np.arange(n) // step, many - 1)
            for n, many in zip(shape, split.shape, strict=True)
        )
        step //= 2
        found = np.where(split[np.ix_(row, column)], _nearest(shape, step), found)
        cells = _quarters(cells, shape, step)
    flat = np.where(known, np.arange(len(known)), found.ravel())
    return np.asarray(np.where(known[flat], flat, -1))


def _counts(shape: Shape, step: int) -> Shape:
    """How many cells of `step` there are; the last may be shorter."""
    rows, columns = (max(-(-(count - 1) // step), 1) for count in shape)
    return rows, columns


def _quarters(cells: np.ndarray, shape: Shape, step: int) -> np.ndarray:
    """The cells of `step` in `cells` of twice that, both (n, 2), where there are any."""
    found = (cells[:, np.newaxis] * 2 + np.indices((2, 2)).reshape(2, -1).T).reshape(-1, 2)
    return found[(found < _counts(shape, step)).all(axis=1)]


def _points(cells: np.ndarray, shape: Shape, step: int) -> np.ndarray:
    """The flat points (cells, 9) at the corners, the middles of edges and the middle of `cells`."""
    row, column = (
        np.minimum(cells[:, [side]] * step + [0, step // 2, step], count - 1)
        for side, count in enumerate(shape)
    )
    flat = row[:, :, np.newaxis] * shape[1] + column[:, np.newaxis]
    return np.asarray(flat.reshape(-1, 9))


def _nearest(shape: Shape, step: int) -> np.ndarray:
    """(rows, columns): the flat point, of every `step`-th and the last, that is nearest to each."""
    row, column = (
        np.minimum((np.arange(count) + step // 2) // step * step, count - 1) for count in shape
    )
    return np.asarray(row[:, np.newaxis] * shape[1] + column)
