"""Grids against lists of points: zips, products and conditions, there and back."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweep.study import grid as module
from sweep.study.grid import Axis, Dimension, Factor, Grid, alone, vector

Shape = list[tuple[int, int]]  # of each dimension: its axes and their length
shapes = st.lists(st.tuples(st.integers(1, 3), st.integers(1, 5)), max_size=4)


def dimension(at: int, axes: int, length: int) -> Dimension:
    """Axes of which the first tells rows apart only together with the last."""
    rows = np.arange(length)
    values = [rows // 2, rows % 2 + rows // 4 * 2, rows % 3][:axes] if axes > 1 else [rows]
    return Dimension(
        tuple(Axis(f"{at}.{i}", 0.5 * column[::-1]) for i, column in enumerate(values)), f"d{at}"
    )


def grid_of(shape: Shape) -> tuple[Grid, list[tuple[float, ...]]]:
    dimensions = [dimension(at, *one) for at, one in enumerate(shape)]
    rows = [list(zip(*(a.values.tolist() for a in one.axes), strict=True)) for one in dimensions]
    points = [sum(point, ()) for point in product(*rows)]
    return Grid(tuple(map(alone, dimensions))), points


def judged(shape: Shape, names: list[str], bound: float) -> tuple[Grid, list[tuple[float, ...]]]:
    """What is left where the sum of the axes `names` is below `bound`."""
    grid, points = grid_of(shape)
    at = [[axis.name for axis in grid.axes].index(name) for name in names]
    left = grid.where(names, lambda values: np.asarray(sum(values.values(), np.array(0.0)) < bound))
    return left, [point for point in points if sum(point[i] for i in at) < bound]


def table(grid: Grid) -> list[tuple[float, ...]]:
    columns = grid.columns(np.arange(len(grid)))
    rows = list(zip(*(column.tolist() for column in columns.values()), strict=True))
    return rows or [()] * len(grid)


@given(shapes, st.data())
def test_points_are_those_left_in_order_and_are_found_again(
    shape: Shape, data: st.DataObject
) -> None:
    known = [axis.name for axis in grid_of(shape)[0].axes]
    names = data.draw(st.lists(st.sampled_from(known), unique=True)) if known else []
    grid, points = judged(shape, names, data.draw(st.sampled_from([0.5, 1.0, 2.0, 9.0])))
    assert len(grid) == len(points)
    assert table(grid) == points
    for at, name in enumerate(known):
        if points:
            assert grid.values(name).tolist() == sorted({point[at] for point in points})
    _, everywhere = grid_of(shape)
    strangers = [*everywhere, *(tuple(x + 0.25 for x in point) for point in everywhere if point)]
    columns = {name: np.array([row[at] for row in strangers]) for at, name in enumerate(known)}
    wanted = [points.index(row) if row in points else -1 for row in strangers]
    assert grid.positions(columns, len(strangers)).tolist() == wanted


@given(shapes, st.data())
def test_a_run_of_points_has_the_columns_of_its_points(shape: Shape, data: st.DataObject) -> None:
    known = [axis.name for axis in grid_of(shape)[0].axes]
    names = data.draw(st.lists(st.sampled_from(known), unique=True)) if known else []
    grid, points = judged(shape, names, data.draw(st.sampled_from([1.0, 9.0])))
    first, stop = sorted(data.draw(st.tuples(*[st.integers(0, len(points))] * 2)))
    run, one_by_one = range(first, stop), np.arange(first, stop)
    assert vector(run).tolist() == one_by_one.tolist()
    for wanted in (None, known[1:]):
        columns, expected = grid.columns(run, wanted), grid.columns(one_by_one, wanted)
        assert {n: c.tolist() for n, c in columns.items()} == {
            n: [point[known.index(n)] for point in points[first:stop]] for n in expected
        }
    for beyond in (range(-1, 1), range(len(points), len(points) + 1)):
        with pytest.raises(IndexError, match="grid positions must be in"):
            grid.columns(beyond)


@given(shapes, st.integers(1, 7), st.data())
def test_windows_do_not_matter(shape: Shape, window: int, data: st.DataObject) -> None:
    known = [axis.name for axis in grid_of(shape)[0].axes]
    names = data.draw(st.lists(st.sampled_from(known), unique=True)) if known else []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_WINDOW", window)
        grid, points = judged(shape, names, 1.5)
    assert table(grid) == points


@given(shapes, st.data())
def test_an_axis_of_one_value_may_be_left_out(shape: Shape, data: st.DataObject) -> None:
    known = [axis.name for axis in grid_of(shape)[0].axes]
    names = data.draw(st.lists(st.sampled_from(known), unique=True)) if known else []
    grid, points = judged(shape, names, data.draw(st.sampled_from([0.5, 1.0])))
    if not points:
        return
    single = [at for at in range(len(known)) if len({point[at] for point in points}) == 1]
    narrow = grid.narrowed([known[at] for at in single])
    assert table(narrow) == points
    columns = {
        name: np.array([row[at] for row in points])
        for at, name in enumerate(known)
        if at not in single
    }
    assert narrow.positions(columns, len(points)).tolist() == list(range(len(points)))


def test_ten_million_points_take_little_memory() -> None:
    axes = [Axis(name, np.arange(float(n))) for name, n in (("a", 2500), ("b", 4000))]
    grid = Grid(tuple(alone(Dimension((axis,))) for axis in axes))
    left = grid.where(["a", "b"], lambda values: values["a"] < values["b"])
    assert len(left) == 2500 * 4000 - 2500 * 2501 // 2
    (factor,) = left.factors
    assert isinstance(factor, Factor)
    assert factor.kept is not None
    assert factor.kept.nbytes == 4 * len(left)
    index = np.array([0, 12_345, len(left) - 1])
    assert left.positions(left.columns(index), 3).tolist() == index.tolist()
