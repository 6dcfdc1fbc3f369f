"""The committed chunks of one study: read, and added to."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa

from sweep.store.commit import Commit, DamagedError, File, data_path, new_commit, read_commit
from sweep.store.files import discard, publish, sha256, told
from sweep.store.parquet import encode
from sweep.study import Group

RECORDS = "commits"


@dataclass
class Ledger:
    """What is committed in `directory`: records by the stem of their files, oldest first.

    `damaged` says of each record that cannot be believed why.
    """

    directory: Path
    commits: dict[str, Commit] = field(default_factory=dict)
    damaged: dict[str, str] = field(default_factory=dict)

    @property
    def next_trial(self) -> int:
        """The number of the next trial; no number is given twice."""
        return max((c.first_trial + c.trials for c in self.commits.values()), default=0)

    @property
    def next_stem(self) -> str:
        """The name of the next chunk's files."""
        return f"{max(map(int, self.commits), default=-1) + 1:08d}"

    def add(self, group: Group, tables: Mapping[str, pa.Table]) -> Commit:
        """Commit a chunk: its files, and once they are durable the record that makes them count.

        `tables` number their trials from `next_trial`. The caller holds the study's lock.

        Raises:
            StoreError: it could not be saved, and is not there.
        """
        stem = self.next_stem
        content = {kind: encode(table) for kind, table in tables.items()}
        files = tuple(
            File(kind, data_path(kind, stem), len(data), sha256(data), tables[kind].num_rows)
            for kind, data in content.items()
        )
        commit = new_commit(group, self.next_trial, tables["trials"].num_rows)
        commit = replace(commit, files=files)
        paths = {kind: self.directory / data_path(kind, stem) for kind in content}
        record = record_path(self.directory, stem)
        with told(f"{self.directory}: a chunk could not be saved"):
            publish({paths[kind]: data for kind, data in content.items()})
            try:
                publish({record: commit.to_json()})
            except BaseException:
                if not record.exists():
                    discard(paths.values())
                raise
        self.commits[stem] = commit
        return commit


def read_ledger(directory: Path) -> Ledger:
    """The ledger of the results in `directory`, which needs no lock to be read.

    Raises:
        StoreError: a record cannot be read, or has another version's layout.
    """
    ledger = Ledger(directory)
    for path in sorted((directory / RECORDS).glob("*.json")):
        try:
            with told(path):
                ledger.commits[path.stem] = read_commit(path.read_bytes(), path.stem)
        except DamagedError as damage:
            ledger.damaged[path.stem] = f"{RECORDS}/{path.name}: {damage}"
    return ledger


def record_path(directory: Path, stem: str) -> Path:
    """Where the record of the chunk `stem` is."""
    return directory / RECORDS / f"{stem}.json"
