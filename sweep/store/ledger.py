"""The committed chunks of one study: read, and added to."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa

from sweep.store.commit import (
    HIDDEN,
    Commit,
    DamagedError,
    File,
    data_path,
    new_commit,
    read_commit,
)
from sweep.store.files import discard, publish, settle, sha256, stage, staged, told
from sweep.store.parquet import encode, parts_of
from sweep.study import Group

RECORDS = "commits"


@dataclass
class Ledger:
    """What is committed in `directory`: records by the stem of their files, oldest first.

    `hidden` are the stems of those that lie in `HIDDEN`; `damaged` says of each record that cannot
    be believed why.
    """

    directory: Path
    commits: dict[str, Commit] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    damaged: dict[str, str] = field(default_factory=dict)

    @property
    def next_trial(self) -> int:
        """The number of the next trial; no number is given twice."""
        return max((c.first_trial + c.trials for c in self.commits.values()), default=0)

    @property
    def next_stem(self) -> str:
        """The name of the next chunk's files."""
        return f"{max(map(int, self.commits), default=-1) + 1:08d}"

    def add(self, group: Group, tables: Mapping[str, pa.Table], first_position: int = -1) -> Commit:
        """Commit a chunk: its files, and once they are durable the record that makes them count.

        Only then do the files get the names under which every reader of the directory sees them.
        `tables` number their trials from `next_trial`; where these stand on the grid one after
        the other, the first of them does at `first_position`. The caller holds the study's lock.

        Raises:
            StoreError: it could not be saved, and is not there; or it is, and the next repair will
                name its files.
        """
        stem = self.next_stem
        content = {kind: encode(table) for kind, table in tables.items()}
        trials = tables["trials"].num_rows
        commit = new_commit(group, self.next_trial, trials, first_position)
        files = tuple(
            _described(kind, stem, data, tables[kind].num_rows) for kind, data in content.items()
        )
        commit = replace(commit, files=files)
        paths = {kind: self.directory / data_path(kind, stem) for kind in content}
        record = record_path(self.directory, stem)
        with told(f"{self.directory}: a chunk could not be saved"):
            stage({paths[kind]: data for kind, data in content.items()})
            try:
                publish({record: commit.to_json()})
            except BaseException:
                if not record.exists():
                    discard(staged(path) for path in paths.values())
                raise
            self.commits[stem] = commit
            settle(list(paths.values()))
        return commit


def _described(kind: str, stem: str, data: bytes, rows: int) -> File:
    """The entry of a file in its record; parameters, of many columns, are only read whole."""
    footer, parts = (0, dict[str, str]()) if kind == "parameters" else parts_of(data)
    return File(kind, data_path(kind, stem), len(data), sha256(data), rows, footer, parts)


def read_ledger(directory: Path) -> Ledger:
    """The ledger of the results in `directory`, which needs no lock to be read.

    Raises:
        StoreError: a record cannot be read, or has another version's layout.
    """
    ledger = Ledger(directory)
    shown, hidden = _stems(directory), _stems(directory / HIDDEN)
    shown |= _stems(directory)  # those that another process brought back meanwhile
    for stem in sorted(shown | hidden):
        try:
            with told(record_path(directory, stem)):
                ledger.commits[stem] = read_commit(_record(directory, stem), stem)
        except DamagedError as damage:
            ledger.damaged[stem] = f"{RECORDS}/{stem}.json: {damage}"
    ledger.hidden = hidden - shown
    return ledger


def _stems(home: Path) -> set[str]:
    return {path.stem for path in (home / RECORDS).glob("*.json")}


def _record(directory: Path, stem: str) -> bytes:
    """What a record says, wherever it lies; like any file, it may be moved meanwhile."""
    shown = record_path(directory, stem)
    for path in (shown, record_path(directory / HIDDEN, stem)):
        with suppress(FileNotFoundError):
            return path.read_bytes()
    return shown.read_bytes()


def record_path(directory: Path, stem: str) -> Path:
    """Where the record of the chunk `stem` is."""
    return directory / RECORDS / f"{stem}.json"
