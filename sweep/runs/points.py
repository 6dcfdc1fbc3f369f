"""Points of a study from outside, on its grid or not, as groups to be trained."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from sweep.errors import RequestError
from sweep.study import Axis, Data, Dimension, Grid, Group, Study
from sweep.study.checks import nearest, show
from sweep.study.fields import AXES, FIELDS, axes_meant, swept_field
from sweep.study.grid import alone
from sweep.study.resolve import MAX_GROUPS, resolve_group
from sweep.study.samples import make_data, refuse_no_distribution
from sweep.study.settings import FieldError, Role

Columns = Mapping[str, np.ndarray]
"""Values by the one names of axes: a vector each, as long as there are points."""


@dataclass(frozen=True, eq=False)
class Part:
    """The points of one group."""

    group: Group  # its grid has these points, in their order; one point if all are the same
    rows: np.ndarray  # (n,) int64, which of the points given they are, ascending
    index: np.ndarray  # (n,) int64, where each stands on the grid


def columns_of(study: Study, points: Any) -> dict[str, np.ndarray]:
    """What `points` give each axis, and the study's axes of one value that they do not name.

    `points` is a table of pandas or polars, or a dictionary of vectors and single values. An axis
    may be named by the end of its name, where only one ends so.

    Raises:
        RequestError: they are neither; a column is no axis, is named twice or has another length,
            or an axis of several values is missing.
    """
    if not (isinstance(points, Mapping) or hasattr(points, "columns")):
        kind = type(points).__name__
        raise RequestError(
            f"points: must be a table or a dictionary of columns, not of type {kind}"
        )
    found: dict[str, np.ndarray] = {}
    for name in points.columns if hasattr(points, "columns") else points:
        axis = _axis_named(str(name))
        if axis in found:
            raise RequestError(f"points: {axis} is named twice")
        if np.ma.is_masked(points[name]):
            raise RequestError(f"points: {name} has masked entries")
        found[axis] = np.asarray(points[name])
        if found[axis].ndim > 1:
            raise RequestError(f"points: {name} must be a vector, not of shape {found[axis].shape}")
    for one in study.axes:
        if one.name not in found:
            values = one.ranked[0]
            if len(values) > 1:
                raise RequestError(
                    f"points: {one.name} is missing, of which the study has {len(values):,} values"
                )
            found[one.name] = values[0:1].reshape(())
    lengths = {name: len(column) for name, column in found.items() if column.ndim}
    if len(set(lengths.values())) > 1:
        said = ", ".join(f"{name} {length:,}" for name, length in lengths.items())
        raise RequestError(f"points: columns must be of one length, not {said}")
    count = next(iter(lengths.values()), len(points) if hasattr(points, "columns") else 1)
    return {name: np.broadcast_to(column, count) for name, column in found.items()}


def _axis_named(name: str) -> str:
    """The one name of the axis that a column is called after."""
    ends = axes_meant(name)
    if len(ends) == 1:
        return ends[0]
    hint = f"; say which: {' or '.join(ends)}" if ends else nearest(name, AXES)
    raise RequestError(f"points: {show(name)} is no field that can be an axis{hint}")


def parts_of(study: Study, columns: Columns) -> list[Part]:
    """The points of each group that has any, by what splits groups; values are checked.

    What has no effect in a group is not looked at there. A study refuses axes of this kind; here
    an optimizer's number, say, may be in a table beside points of optimizers that take none.

    Raises:
        RequestError: a value is wrong, fields do not agree, there are too many groups, or a column
            that is no axis of the study has no effect at any point.
    """
    count = len(next(iter(columns.values()))) if columns else 1
    lanes = tuple(name for name in columns if swept_field(name).role is Role.LANE)
    parts: list[Part] = []
    for labels, rows in _split({n: c for n, c in columns.items() if n not in lanes}, count):
        if len(parts) == MAX_GROUPS:
            raise RequestError(f"points: make more groups to compile than {MAX_GROUPS}")
        try:
            group = _group(study, tuple(labels.items()), lanes)
        except FieldError as error:
            raise RequestError(f"points: {error.name} {error.problem}") from None
        used = [name for name in lanes if name not in group.idle]
        here = len(rows) < count
        grid = _grid({n: _checked(n, columns[n][rows] if here else columns[n], rows) for n in used})
        index = np.arange(len(rows)) if len(grid) == len(rows) else np.zeros(len(rows), np.int64)
        parts.append(Part(replace(group, grid=grid), rows, index))
    swept = {axis.name for axis in study.axes}
    for name in columns:
        reasons = [part.group.idle.get(name, "") for part in parts]
        if parts and all(reasons) and name not in swept:
            raise RequestError(f"points: {name} {reasons[0]}")
    return parts


def _split(columns: Columns, count: int) -> Iterator[tuple[dict[str, Any], np.ndarray]]:
    """The values that split points into groups, and the rows of each of these."""
    if not columns or not count:
        yield from [({}, np.arange(count))] * (count > 0)
        return
    code, found = np.zeros(count, np.int64), []
    for name, column in columns.items():
        field = swept_field(name)
        text = column.dtype.kind in "US" and field.swept is str
        codes, values = pd.factorize(column.astype(object) if text else column)
        if (codes < 0).any():
            raise RequestError(f"points: {name}[{int(codes.argmin())}] is missing")
        try:
            found.append((name, codes, [field.check(value) for value in values.tolist()]))
        except ValueError as error:
            raise RequestError(f"points: {name} {error}") from None
        code = pd.factorize(code * len(values) + codes)[0].astype(np.int64)
    order = np.argsort(code, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(code[order])) + 1):
        if len(rows):
            yield {name: values[codes[rows[0]]] for name, codes, values in found}, rows


def _checked(name: str, values: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """A column of numbers in the axis's type; checks are of intervals, so that the ends will do."""
    field = swept_field(name)
    if values.dtype == object:
        with suppress(ValueError):  # lists in it
            values = np.array(values.tolist())
    if values.dtype.kind == "f":
        values = values.astype(np.float64)
    if values.dtype.kind not in "iuf":
        raise RequestError(f"points: {name} must be numbers, not {values.dtype}")
    if not len(values):
        return values
    for at in (int(values.argmin()), int(values.argmax())):  # of NaN the first
        try:
            field.check(values[at].item())
        except ValueError as error:
            raise RequestError(f"points: {name}[{rows[at]}] {error}") from None
    if field.swept is float:
        return values.astype(np.float64) + 0.0  # makes -0.0 into 0.0
    whole = values.astype(np.int64)
    if values.dtype.kind == "f" and (whole != values).any():
        at = int((whole != values).argmax())
        raise RequestError(
            f"points: {name}[{rows[at]}] must be a whole number, not {show(values[at].item())}"
        )
    return whole


def _grid(columns: Columns) -> Grid:
    """Rows of columns as the points of a grid; what is the same in all of them stands apart."""
    same: list[Axis] = []
    differ: list[Axis] = []
    for name, values in columns.items():
        one = (values == values[0]).all()
        (same if one else differ).append(Axis(name, values[:1] if one else values))
    together = [Dimension(tuple(differ))] * bool(differ)
    return Grid(tuple(map(alone, [*together, *(Dimension((axis,)) for axis in same)])))


@lru_cache(maxsize=256)
def _group(study: Study, labels: tuple[tuple[str, Any], ...], lanes: Collection[str]) -> Group:
    """The group of these labels, of no points but with axes of the names `lanes`."""
    settings = study.settings | dict(labels)
    axes = (Axis(name, np.zeros(1)) for name in lanes)
    grid = Grid(tuple(alone(Dimension((axis,))) for axis in axes))
    data = {one.name for one in FIELDS if one.role is Role.DATA}
    made = _data(study, tuple((name, value) for name, value in labels if name in data))
    group = resolve_group(settings, dict(labels), grid, *made)
    refuse_no_distribution(group.network.loss, group.data, group.validation)
    return group


@lru_cache(maxsize=16)
def _data(study: Study, labels: tuple[tuple[str, Any], ...]) -> tuple[Data, Data | None]:
    if not labels:  # no axis changes the data: they are as the study has made them
        first = study.groups()[0]
        return first.data, first.validation
    return make_data(study.settings | dict(labels))
