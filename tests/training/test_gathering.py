"""Elements that differ from lane to lane, against NumPy's indexing."""

from typing import Any

import numpy as np
import pytest
from numba.core.errors import TypingError

from sweep.training.lanes import (
    Lanes,
    gather,
    gather_rows,
    inlined,
    scatter_rows,
    single,
    transposing,
)

from .arrays import Array, aligned
from .compiled import compiled

_check = pytest.mark.check
widths = pytest.mark.parametrize(
    "width", [8, *(pytest.param(width, marks=_check) for width in (1, 2, 64))]
)
dtypes = pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "int32"])
places = pytest.mark.parametrize("integer", ["int64", "int32"])
ROWS = 9


def random_rows(width: int, integer: str, times: int = 20) -> Array:
    """(times, width) rows; where all lanes have the same, the first, the last, then any."""
    rows = np.random.default_rng(11).integers(0, ROWS, (times, width), integer)
    rows[:2] = [[0], [ROWS - 1]]
    return rows


@widths
@dtypes
@places
def test_gather_reads_a_place_of_each_lanes_own(dtype: str, integer: str, width: int) -> None:
    """Before the offset, too: a place may be negative."""
    load, store = Lanes(integer, width).load, Lanes(dtype, width).store
    data = np.random.default_rng(12).integers(0, 100, 3 * ROWS).astype(dtype)
    rows = random_rows(width, integer) - ROWS

    def loop(n: Any, data: Any, rows: Any, out: Any) -> None:
        for i in range(n):
            store(out, i * width, gather(data, ROWS + 3, load(rows, i * width)))

    out = np.empty(rows.shape, dtype)
    compiled(loop, dtype, integer, dtype)(len(rows), data, rows, out)
    np.testing.assert_array_equal(out, data[ROWS + 3 + rows])


@widths
@dtypes
@places
def test_rows_are_exchanged_in_each_lanes_own_column(dtype: str, integer: str, width: int) -> None:
    """One after the other, with the first row: what a shuffle does."""
    lanes, load_rows = Lanes(dtype, width), Lanes(integer, width).load
    memory = lanes.memory

    def loop(n: Any, rows: Any, x: Any) -> None:
        room = memory(x, 0)
        for i in range(n):
            there, first = load_rows(rows, i * width), room[0]
            room[0] = gather_rows(room, there)
            scatter_rows(room, there, first)

    rows = random_rows(width, integer)
    x = aligned(np.arange(ROWS * width), dtype)
    expected, lane = x.reshape(ROWS, width).copy(), np.arange(width)
    for there in rows:
        expected[0], expected[there, lane] = expected[there, lane], expected[0].copy()
    compiled(loop, integer, dtype)(len(rows), rows, x)
    np.testing.assert_array_equal(x.reshape(ROWS, width), expected)


def test_places_beyond_32_bits_are_not_cut_off() -> None:
    """Offset and place wrap around together: 2^32 + 5 less 2^32 is 5."""
    load, store = Lanes("int64", 2).load, Lanes("int64", 2).store

    def loop(n: Any, data: Any, out: Any) -> None:
        store(out, 0, gather(data, -n, load(data, 0)))

    out = np.empty(2, np.int64)
    data = np.array([2**32 + 2, 2**32 + 3, 7, 8])
    compiled(loop, "int64", "int64")(2**32, data, out)
    np.testing.assert_array_equal(out, [7, 8])


@pytest.mark.parametrize("dtype", ["float64", "int64"])
def test_what_is_no_row_is_refused(dtype: str) -> None:
    """Places that are no integers, or of another number of lanes than the memory."""
    load, memory = Lanes(dtype, 4).load, Lanes(dtype, 8).memory
    if dtype == "int64":

        @inlined
        def use(x: Any) -> None:
            gather_rows(memory(x, 0), load(x, 0))
    else:

        @inlined
        def use(x: Any) -> None:
            gather(x, 0, load(x, 0))

    with pytest.raises(TypingError, match="lanes: "):
        compiled(lambda n, x: use(x), dtype)


@pytest.mark.parametrize("width", [1, 4, 8, 16])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_matrix_is_turned(dtype: str, width: int) -> None:
    """In squares of lanes, and one by one where they do not fit; nothing else is touched."""
    lanes = Lanes(dtype, width)
    memory, transpose = lanes.memory, transposing(lanes)
    steps = 40, 33

    def turn(n: Any, columns: Any, x: Any, out: Any) -> None:
        room = single(memory(out, 0))
        transpose(n, columns[0], x, 3, steps[0], room, 2, steps[1])

    call = compiled(turn, "int64", dtype, dtype)
    for rows, columns in ((1, 1), (8, 16), (16, 8), (17, 33), (33, 17), (5, 40)):
        x = np.arange(3 + rows * steps[0]).astype(dtype)
        out = aligned(np.full(2 + columns * steps[1] + 40, -1.0), dtype)
        expected = out.copy()
        for c in range(columns):
            at = 2 + c * steps[1]
            expected[at : at + rows] = x[3 + np.arange(rows) * steps[0] + c]
        call(rows, np.array([columns]), x, out)
        np.testing.assert_array_equal(out, expected)
