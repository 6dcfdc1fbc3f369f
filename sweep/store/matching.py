"""Which committed rows answer what a study asks, and which can go on to: a join of columns."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from sweep.store.commit import Commit
from sweep.store.files import KINDS, DamagedError
from sweep.store.ledger import Ledger
from sweep.store.parquet import check_content, read
from sweep.store.tables import own, schemas_of, trained_of
from sweep.study import Group, Positions, vector
from sweep.training.trained import Trained
from sweep.training.trainer import can_extend


def answers(
    ledger: Ledger, group: Group, damaged: dict[str, str] | None = None
) -> Iterator[tuple[Commit, Positions]]:
    """Each chunk that may answer `group`, and where its rows stand on the group's grid.

    The position of a row is flat, the last axis running fastest; -1 if it is not asked for.
    Reads the columns of axes at most. With `damaged` it reads all of the table of trials, and
    notes a damaged chunk there, by its stem.

    Raises:
        DamagedError: a chunk is damaged, and there is no `damaged` to note it.
    """
    for stem, commit in ledger.commits.items():
        if (commit.group, commit.steps) != (group.digest, group.steps):
            continue
        try:
            if damaged is not None:
                _check(ledger, commit)
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

    Raises:
        DamagedError: the chunk's trials are missing or not what was committed.
    """
    if commit.grid == group.points and commit.first_position >= 0:
        return range(commit.first_position, commit.first_position + commit.trials)
    return positions(group, commit, _columns(ledger, commit))


def asked(position: Positions) -> int:
    """How many rows of a chunk are asked for."""
    return len(position) if isinstance(position, range) else int(np.sum(position >= 0))


def missing(group: Group, found: Iterator[tuple[Commit, Positions]]) -> np.ndarray:
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
    stored = _lane_values(group, commit, columns)
    answer = np.full(commit.trials, stored.keys() == group.sources.keys())
    axes = {axis.name for axis in group.axes}
    swept: dict[str, np.ndarray] = {}
    for number, source in group.sources.items() if answer.all() else ():
        wanted = swept.setdefault(source, stored[number]) if source in axes else group.fixed[source]
        answer &= stored[number] == wanted
    if not answer.any():
        return np.full(commit.trials, -1)
    return np.where(answer, group.grid.positions(swept, commit.trials), -1)


def _check(ledger: Ledger, commit: Commit) -> None:
    if (file := commit.file("trials")) is not None:
        check_content(ledger.directory, file)


def _columns(ledger: Ledger, commit: Commit) -> dict[str, np.ndarray]:
    file = commit.file("trials")
    if file is None:
        raise DamagedError("its record names no table of trials")
    names = list(commit.axes)
    if not names:
        return {}
    table = read(ledger.directory, file, names)
    return {name: table[name].to_numpy() for name in names}


def _lane_values(
    group: Group, commit: Commit, columns: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    given = {name: np.asarray(value) for name, value in commit.fixed.items()} | dict(columns)
    sources = group.sources_among(given)
    return {number: given[source] for number, source in sources.items()}


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
        """The tables of the chunk.

        Raises:
            DamagedError: a file is missing or not what was committed.
            StoreError: the system cannot read it.
        """
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
