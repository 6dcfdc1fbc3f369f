"""Rows of many chunks as one table, in the order of the grid."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from sweep.study import Group, Positions, vector

Rows = tuple[Positions, pa.Table]
"""Rows, and the position of each on the grid."""


class Room:
    """One piece of memory a column for rows that stand at `places`, if these make one run.

    Chunks are put in side by side, and their own memory serves the next ones: with ten million
    trials it is fresh memory that takes the time.
    """

    def __init__(self, places: Sequence[Positions]) -> None:
        self._run = _joint(sorted(places, key=_first)) if len(places) > 1 else None
        self._columns: dict[str, np.ndarray] = {}
        self._elsewhere: set[str] = set()  # columns of which some rows are not in this memory

    def put(self, place: Positions, table: pa.Table) -> pa.Table:
        """The same rows, but with the numbers that this has room for in it."""
        if self._run is None or not isinstance(place, range):
            return table
        rows = slice(place.start - self._run.start, place.stop - self._run.start)
        for at, name in enumerate(table.column_names):
            column = table[name]
            if column.null_count:
                self._elsewhere.add(name)
            elif column.type in (pa.float64(), pa.int64()):
                part = self._column(name, len(self._run), column.type)[rows]
                part[:] = column.to_numpy()
                table = table.set_column(at, name, pa.array(part))
        return table

    def _column(self, name: str, count: int, kind: pa.DataType) -> np.ndarray:
        """The memory of a column; of two threads that ask first, both get the same."""
        if name not in self._columns:
            self._columns.setdefault(name, np.empty(count, kind.to_pandas_dtype()))
        return self._columns[name]

    def in_order(self, parts: Sequence[Rows]) -> Rows:
        """The rows of all `parts` by position; rows of one position stay in their order."""
        parts = sorted(parts, key=lambda part: _first(part[0]))
        table = pa.concat_tables([rows for _, rows in parts])
        run = _joint([place for place, _ in parts])
        if run is not None:
            if run == self._run:
                for name in self._columns.keys() - self._elsewhere:
                    at = table.column_names.index(name)
                    table = table.set_column(at, name, pa.array(self._columns[name]))
            return run, table
        position = np.concatenate([vector(place) for place, _ in parts])
        if (position[1:] < position[:-1]).any():
            order = np.argsort(position, kind="stable")
            position, table = position[order], table.take(pa.array(order))
        return position, table


def asked_for(place: Positions, table: pa.Table) -> Rows:
    """The rows that stand anywhere: those whose position is not -1."""
    if isinstance(place, np.ndarray) and (place < 0).any():
        table, place = table.filter(pa.array(place >= 0)), place[place >= 0]
    return place, table


def joined(
    group: Group,
    position: Positions,
    table: pa.Table,
    swept: Sequence[str],
    wanted: Sequence[str] | None,
) -> pa.Table:
    """The rows at these positions with `trial` and the axes in front, or the columns `wanted`."""
    names = [name for name in swept if wanted is None or name in wanted]
    axes: dict[str, Any] = dict(group.columns(position, names))
    axes |= {n: pa.repeat(v, len(position)) for n, v in group.labels.items() if n in names}
    stored = {name: table[name] for name in table.column_names}
    trial = {"trial": stored.pop("trial")} if "trial" in stored else {}
    columns = trial | {name: axes[name] for name in names} | stored
    if wanted is None:
        return pa.table(columns)
    none = pa.nulls(len(position))  # of what other groups have
    return pa.table({name: columns.get(name, none) for name in wanted})


def _first(place: Positions) -> int:
    return int(place[0]) if len(place) else -1


def _joint(places: Sequence[Positions]) -> range | None:
    """The run that these are, one after the other, if they are runs."""
    runs = [place for place in places if isinstance(place, range)]
    if len(runs) == len(places) and all(a.stop == b.start for a, b in pairwise(runs)):
        return range(runs[0].start, runs[-1].stop)
    return None
