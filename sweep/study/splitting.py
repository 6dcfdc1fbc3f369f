"""A study's points, split into groups: those that share a compiled kernel."""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np

from sweep.study.axes import Axis
from sweep.study.conditions import Condition
from sweep.study.fields import FieldError, Role, Settings, swept_field
from sweep.study.grid import MAX_JUDGED, Dimension, Grid, alone, judged_points
from sweep.study.group import Group

MAX_GROUPS = 1_000
MAX_SPLITS = 10_000
"""How many groups there may be before a condition drops some."""

Labels = Mapping[str, Any]


def split(
    dimensions: Sequence[Dimension], settings: Settings, where: Condition | None
) -> Iterator[tuple[Labels, Grid]]:
    """The labels and points of each group that has any, the last dimension running fastest.

    Raises:
        FieldError: there are too many groups, too many points to judge, or no point is left.
    """
    parts = [_parts(dimension) for dimension in dimensions]
    splits = math.prod(map(len, parts))
    most = MAX_GROUPS if where is None else MAX_SPLITS
    if splits > most:
        raise FieldError("axes", f"make {splits} groups to compile; at most {most}")
    judged, groups = 0, 0
    for chosen in product(*parts):
        labels = {name: value for found, _ in chosen for name, value in found.items()}
        lanes = [dimension for _, dimension in chosen if dimension.axes]
        grid = Grid(tuple(map(alone, lanes)))
        if where is not None:
            judged += judged_points(lanes, where.names)
            if judged > MAX_JUDGED:
                raise FieldError(
                    "axes.where",
                    f"would be asked about more than {MAX_JUDGED} points; place the axes that it "
                    "names next to each other, or sweep less",
                )
            grid = _judged(grid, {**settings, **labels}, where)
        if len(grid):
            groups += 1
            if groups > MAX_GROUPS:
                raise FieldError("axes", f"leave more groups to compile than {MAX_GROUPS}")
            yield labels, grid
    if not groups:
        raise FieldError("axes.where", "leaves no trial")


def refuse_idle(axes: Sequence[Axis], groups: Sequence[Group]) -> None:
    """Refuse axes that have no effect at all, or several values where they have none.

    Raises:
        FieldError: there are some.
    """
    hint = "; a condition (axes.where) may leave it one value there"
    for axis in axes:
        reasons = [group.idle.get(axis.name, "") for group in groups]
        if all(reasons):
            raise FieldError(f"axes.{axis.name}", reasons[0])
        for group, reason in zip(groups, reasons, strict=True):
            if reason and axis.name not in group.labels and len(group.grid.values(axis.name)) > 1:
                raise FieldError(f"axes.{axis.name}", reason + hint)
    known: dict[tuple[str, int], Group] = {}
    for group in groups:
        other = known.setdefault((group.digest, group.steps), group)
        if other is not group:
            differing = [name for name in group.labels if group.labels[name] != other.labels[name]]
            name = next((name for name in differing if name in group.idle), differing[0])
            reason = group.idle.get(name, "has values that make no difference")
            raise FieldError(f"axes.{name}", reason + hint)


def _judged(grid: Grid, settings: Settings, where: Condition) -> Grid:
    """The points of `grid` at which a condition holds, in a group of these settings."""
    swept = {axis.name for axis in grid.axes} & {*where.names}
    single = {
        name: settings.get(name, settings[swept_field(name).name])
        for name in where.names
        if name not in swept
    }
    return grid.where(list(swept), lambda values: where.holds({**single, **values}))


def _parts(dimension: Dimension) -> list[tuple[dict[str, Any], Dimension]]:
    """The different labels that a dimension has, and of each its rows of the other axes."""
    lanes = [axis.name for axis in dimension.axes if _is_lane(axis)]
    labels = [axis for axis in dimension.axes if not _is_lane(axis)]
    if not labels:
        return [({}, dimension)]
    code = np.zeros(len(dimension), np.int64)
    for axis in labels:
        values, codes = axis.ranked
        _, code = np.unique(code * len(values) + codes, return_inverse=True)
    _, first = np.unique(code, return_index=True)
    if len(first) > MAX_SPLITS:
        raise FieldError("axes", f"make {len(first)} groups to compile; at most {MAX_GROUPS}")
    return [
        (
            {axis.name: axis.values[row : row + 1].tolist()[0] for axis in labels},
            dimension.rows(code == code[row], lanes) if lanes else dimension.rows(code < 0, lanes),
        )
        for row in np.sort(first).tolist()
    ]


def _is_lane(axis: Axis) -> bool:
    return swept_field(axis.name).role is Role.LANE
