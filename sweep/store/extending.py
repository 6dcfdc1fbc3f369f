"""Trials that were trained for fewer steps, from whose saved state training can go on."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from sweep.store.commit import KINDS, Commit, DamagedError
from sweep.store.files import told
from sweep.store.ledger import Ledger
from sweep.store.matching import positions_of
from sweep.store.parquet import read
from sweep.store.tables import trained_of
from sweep.study import Group, vector
from sweep.training.trained import Trained
from sweep.training.trainer import can_extend


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
        with told(ledger.directory):
            return {kind: read(ledger.directory, file) for kind, file in files.items() if file}

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
