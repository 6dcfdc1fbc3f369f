"""Chunks put together against their rows one by one."""

import numpy as np
import pyarrow as pa
import pytest

from sweep.store.matching import Room
from sweep.study import Positions, vector

COLUMNS = ["loss", "seed", "step", "half", "outcome", "never", "missing"]


def rows(places: list[int]) -> pa.Table:
    """Rows of every kind of column, which tell their place; some places have a null."""
    place = np.array(places, np.int64)
    return pa.table(
        {
            "loss": place / 7,
            "seed": place * 3,
            "step": place.astype(np.int32),
            "half": (place / 2).astype(np.float32),
            "outcome": pa.array(["low" if at < 5 else "high" for at in places]).dictionary_encode(),
            "never": pa.array(place, mask=place % 3 == 0),
            "missing": pa.array(place / 3, mask=place > 7),  # of some chunks, and not of others
        }
    )


def together(places: list[Positions]) -> tuple[Positions, pa.Table]:
    room = Room(places)
    return room.in_order([(at, room.put(at, rows(vector(at).tolist()))) for at in places])


CASES: dict[str, list[Positions]] = {
    "one run": [range(2, 9)],
    "runs that follow each other": [range(2, 4), range(4, 9), range(9, 10)],
    "in any order": [range(4, 9), range(9, 10), range(2, 4)],
    "with a gap": [range(4, 9), range(2, 3)],
    "twice": [range(4, 9), range(2, 6)],
    "not all of them runs": [range(4, 9), np.array([3, 2])],
    "no runs": [np.array([4, 8, 6]), np.array([3, 5])],
}


@pytest.mark.parametrize("places", CASES.values(), ids=CASES)
def test_rows_come_in_order_whatever_their_chunks(places: list[Positions]) -> None:
    position, table = together(places)
    expected = sorted(at for place in places for at in vector(place).tolist())
    assert vector(position).tolist() == expected
    assert table.column_names == COLUMNS
    assert table.to_pylist() == rows(expected).to_pylist()
    assert table.schema == rows(expected).schema


def test_numbers_of_a_run_are_in_one_piece() -> None:
    position, table = together([range(4, 9), range(2, 4)])
    assert position == range(2, 9)
    pieces = {name: table[name].num_chunks for name in COLUMNS}
    assert pieces == {
        "loss": 1,
        "seed": 1,
        "step": 2,
        "half": 2,
        "outcome": 2,
        "never": 2,
        "missing": 2,
    }


def test_a_chunk_that_is_not_whole_needs_no_room() -> None:
    room = Room([range(2), range(2, 4)])
    some = np.array([3])
    parts = [(range(2), room.put(range(2), rows([0, 1]))), (some, room.put(some, rows([3])))]
    assert room.in_order(parts)[1].to_pylist() == rows([0, 1, 3]).to_pylist()
    assert room.in_order(parts[:1])[1].to_pylist() == rows([0, 1]).to_pylist()
