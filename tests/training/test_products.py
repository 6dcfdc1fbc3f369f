"""Matrix products: whatever the tiles, each sum is that of a loop, in the order of its terms."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from sweep.training.lanes import Lanes, Matrix, covered, products
from sweep.training.passes import _TILES

from .arrays import aligned
from .compiled import compiled
from .exact import fused_arrays

ROWS, TERMS, LANES = 7, 3, 2
ALL_TILES: list[Mapping[int, Sequence[int]]] = [
    *_TILES.values(),
    {1: (1,)},
    {3: (5, 3, 1), 1: (2, 1)},
]


def multiplied(tiles: Mapping[int, Sequence[int]]) -> Callable[..., None]:
    """A compiled product of x (ROWS, TERMS) and y (columns, TERMS), the sums beginning at zero."""
    memory, multiply = Lanes("float64", LANES).memory, products(tiles)

    def fill(n: Any, x: Any, y: Any, zero: Any, out: Any) -> None:
        left, right = Matrix(memory(x, 0), 0, TERMS, 1), Matrix(memory(y, 0), 0, TERMS, 1)
        start = Matrix(memory(zero, 0), 0, 0, 0)
        multiply(ROWS, n, TERMS, left, right, start, Matrix(memory(out, 0), 0, n, 1))

    return compiled(fill, *["float64"] * 4)


@pytest.mark.parametrize("tiles", ALL_TILES, ids=str)
def test_sums_run_in_the_order_of_their_terms(tiles: Mapping[int, Sequence[int]]) -> None:
    multiply, drawn = multiplied(tiles), np.random.default_rng(3)
    for columns in (1, 4, 5, 7, 8, 16, 19):
        x, y = (drawn.normal(size=(n, TERMS, LANES)) for n in (ROWS, columns))
        expected = np.zeros(ROWS * columns * LANES)
        for k in range(TERMS):
            sides = np.broadcast_arrays(x[:, None, k], y[None, :, k])
            expected = fused_arrays(*(side.ravel() for side in sides), expected)
        arrays = [aligned(values, "float64") for values in (x, y, [0.0] * LANES, expected * np.nan)]
        multiply(columns, *arrays)
        np.testing.assert_array_equal(arrays[-1], expected)


@pytest.mark.parametrize("width", [2, 8])
def test_columns_next_to_each_other_make_a_vector(width: int) -> None:
    """Numbers of one lane; those that are left over take halves of it, down to one."""
    memory, multiply = Lanes("float64", 1).memory, products({2: (3, 2, 1), 1: (2, 1)}, width)

    def fill(n: Any, x: Any, y: Any, out: Any) -> None:
        left, right = Matrix(memory(x, 0), 0, TERMS, 1), Matrix(y, 0, 1, n)
        sums = Matrix(memory(out, 0), 0, n, 1)
        multiply(ROWS, n, TERMS, left, right, sums, sums)

    multiply_rows, drawn = compiled(fill, *["float64"] * 3), np.random.default_rng(4)
    for columns in (1, 5, 7, 8, 15, 16, 43):
        x, y = drawn.normal(size=(ROWS, TERMS)), drawn.normal(size=(TERMS, columns))
        out = drawn.normal(size=ROWS * columns + 1)
        expected = out[:-1]
        for k in range(TERMS):
            sides = np.broadcast_arrays(x[:, k, None], y[None, k])
            expected = fused_arrays(*(side.ravel() for side in sides), expected)
        last = out[-1]
        multiply_rows(columns, x.copy(), y.copy(), out)
        np.testing.assert_array_equal(out, [*expected, last])


@pytest.mark.parametrize("sizes", [(3, 2, 1), (6, 4, 2, 1), (8, 4, 2, 1), (1,)], ids=str)
def test_sizes_cover_each_total_once(sizes: tuple[int, ...]) -> None:
    for total in range(1, 40):
        found = list(covered(total, sizes))
        assert sum(found) == total
        assert all(a >= b for a, b in pairwise(found))


def test_no_odd_size_leaves_a_single_one_alone() -> None:
    assert list(covered(16, (3, 2, 1))) == [3, 3, 3, 3, 2, 2]
    assert list(covered(17, (3, 2, 1))) == [3, 3, 3, 3, 3, 2]
    assert list(covered(1, (3, 2, 1))) == [1]
