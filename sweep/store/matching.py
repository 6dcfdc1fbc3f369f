"""Which committed rows answer what a study asks, which can go on to, and all as one table."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from sweep.store.commit import Commit
from sweep.store.files import KINDS, DamagedError
from sweep.store.ledger import Ledger
from sweep.store.parquet import check_content, read
from sweep.store.tables import own, schemas_of, trained_of
from sweep.study import Group, Positions, vector
from sweep.study.group import LATER
from sweep.training.trained import Trained
from sweep.training.trainer import can_extend


def answers(
    ledger: Ledger, group: Group, damaged: dict[str, str] | None = None
) -> Iterator[tuple[Commit, Positions]]:
    """Each chunk that may answer `group`, and where its rows stand on the group's grid.

    The position of a row is flat, the last axis running fastest; -1 if it is not asked for.
    Reads the columns of axes at most; a damaged chunk is a DamagedError. With `damaged` it reads
    all of the table of trials, and notes a damaged chunk there, by its stem.
    """
    for stem, commit in ledger.commits.items():
        if (commit.group, commit.steps) != (group.digest, group.steps):
            continue
        try:
            file = commit.file("trials")
            if damaged is not None and file is not None:
                check_content(ledger.directory, file)
            found = positions_of(ledger, group, commit)
        except DamagedError as damage:
            if damaged is None:
                raise
            damaged[stem] = str(damage)
            continue
        yield commit, found


def positions_of(ledger: Ledger, group: Group, commit: Commit) -> Positions:
    """Where the rows of a chunk of a group of this digest stand on the grid, as in `answers`.

    Where it was trained for the same grid its record says so, and nothing else is read.
    """
    if commit.grid == group.points and commit.first_position >= 0:
        return range(commit.first_position, commit.first_position + commit.trials)
    file, names = commit.file("trials"), list(commit.axes)
    if file is None:
        raise DamagedError("its record names no table of trials")
    table = read(ledger.directory, file, names) if names else {}
    return positions(group, commit, {name: table[name].to_numpy() for name in names})


def asked(position: Positions) -> int:
    """How many rows of a chunk are asked for."""
    return len(position) if isinstance(position, range) else int(np.sum(position >= 0))


def missing(group: Group, found: Iterable[tuple[Commit, Positions]]) -> np.ndarray:
    """Which of the group's positions none of the chunks `found` has: (trials,) bool."""
    wanted = np.ones(group.trials, bool)
    for _, position in found:
        if isinstance(position, range):
            wanted[position.start : position.stop] = False
        else:
            wanted[position[position >= 0]] = False
    return wanted


def positions(group: Group, commit: Commit, columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """Where the rows of a chunk stand on the grid of `group`, whose digest it has.

    `columns` holds the chunk's axes. A row stands where every number of its lane is the grid's,
    whether an axis or a field gave it here or there. Returns (rows,) int64, -1 for nowhere.
    """
    fixed = {**LATER, **commit.fixed}
    given = {name: np.asarray(value) for name, value in fixed.items()} | dict(columns)
    stored = {number: given[source] for number, source in group.sources_among(given).items()}
    answer = np.full(commit.trials, stored.keys() == group.sources.keys())
    axes = {axis.name for axis in group.axes}
    swept: dict[str, np.ndarray] = {}
    for number, source in group.sources.items() if answer.all() else ():
        wanted = swept.setdefault(source, stored[number]) if source in axes else group.fixed[source]
        answer &= stored[number] == wanted
    if not answer.any():
        return np.full(commit.trials, -1)
    return np.where(answer, group.grid.positions(swept, commit.trials), -1)


@dataclass(frozen=True)
class Source:
    """A chunk to go on from: its `rows` stand at the positions `index` of a group, both (n,)."""

    group: Group
    commit: Commit
    rows: np.ndarray
    index: np.ndarray

    @property
    def steps(self) -> int:
        """How many steps its trials were trained."""
        return self.commit.steps

    def load(self, ledger: Ledger) -> dict[str, pa.Table]:
        """The tables of the chunk."""
        files = {kind: self.commit.file(kind) for kind in KINDS}
        schemas = schemas_of(self.group)
        return {
            kind: own(read(ledger.directory, file), schemas[kind])
            for kind, file in files.items()
            if file
        }

    def pieces(
        self, tables: dict[str, pa.Table], size: int
    ) -> Iterator[tuple[np.ndarray, Trained]]:
        """The positions of `size` trials at a time, and what they gave so far."""
        for start in range(0, len(self.rows), size):
            rows, index = (part[start : start + size] for part in (self.rows, self.index))
            yield index, trained_of(self.group, self.steps, tables, rows)


def candidates(ledger: Ledger, group: Group) -> list[Commit]:
    """The chunks of trials of `group`, or of others like them, with fewer steps to go on from."""
    return [
        commit
        for commit in ledger.commits.values()
        if commit.group == group.digest
        and commit.steps < group.steps
        and commit.file("parameters")
        and can_extend(group, commit.steps)
    ]


def sources(
    ledger: Ledger, group: Group, wanted: np.ndarray, damaged: dict[str, str]
) -> list[Source]:
    """The chunks to extend, and which of their trials, those of most steps first.

    `wanted` (trials,) bool are the positions of `group` that are missing; those that a chunk has
    are made False. A damaged chunk is noted in `damaged`, by its stem.
    """
    found = []
    for commit in sorted(candidates(ledger, group), key=lambda commit: -commit.steps):
        try:
            position = vector(positions_of(ledger, group, commit))
        except DamagedError as damage:
            damaged[commit.stem] = str(damage)
            continue
        rows = np.flatnonzero((position >= 0) & wanted[position])
        if len(rows):
            wanted[position[rows]] = False
            found.append(Source(group, commit, rows, position[rows]))
    return found


Rows = tuple[Positions, pa.Table]  # rows, and the position of each on the grid


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
                if name not in self._columns:  # of two threads that ask first, both get the same
                    memory = np.empty(len(self._run), column.type.to_pandas_dtype())
                    self._columns.setdefault(name, memory)
                part = self._columns[name][rows]
                part[:] = column.to_numpy()
                table = table.set_column(at, name, pa.array(part))
        return table

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
