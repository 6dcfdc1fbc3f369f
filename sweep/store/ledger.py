"""The committed chunks of one study: read, added to, and merged.

As in a log-structured merge tree (O'Neil, Cheng, Gawlick and O'Neil, 1996) the latest chunks are
merged as soon as there are enough of about one size. A merged chunk has at least `_GROWTH` times
the rows of the largest that went into it, so that a row is written again at most once for each such
factor, however many trials a study has.

If a chunk could not be saved that is a StoreError: all is as it was, or the chunk is there and the
next repair ends what was begun.
"""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import pyarrow as pa

from sweep.errors import StoreError
from sweep.store import files
from sweep.store.commit import SCHEMA, Commit, File, data_path, new_commit, now, read_commit
from sweep.store.files import HIDDEN, KINDS, RECORDS, DamagedError
from sweep.store.parquet import encode, layout_of, parts_of, read, schema_of
from sweep.store.tables import digest_of, fitted
from sweep.study import Group

CHUNK = re.compile(r"[0-9]{8}\.parquet")  # what the names of a chunk's files are like

_RECORD = re.compile(r"[0-9]{8}\.json")


@dataclass
class Ledger:
    """What is committed in `directory`, by the stem of the files."""

    directory: Path
    commits: dict[str, Commit] = field(default_factory=dict)  # oldest first
    hidden: set[str] = field(default_factory=set)  # those that lie in `HIDDEN`
    damaged: dict[str, str] = field(default_factory=dict)  # why a record cannot be believed
    replaced: set[str] = field(default_factory=set)  # records that no longer count
    schemas: Mapping[str, pa.Schema] = field(default_factory=dict)  # of new files, if one is said

    @property
    def next_trial(self) -> int:
        """The number of the next trial; no number is given twice."""
        return max((c.first_trial + c.trials for c in self.commits.values()), default=0)

    def add(self, group: Group, tables: Mapping[str, pa.Table], first_position: int = -1) -> Commit:
        """Commit a chunk: its files, and once they are durable the record that makes them count.

        Only then do the files get the names under which every reader of the directory sees them.
        `tables` number their trials from `next_trial`; where these stand on the grid one after
        the other, the first of them does at `first_position`. The caller holds the study's lock.
        """
        trials = tables["trials"].num_rows
        return self._commit(new_commit(group, self.next_trial, trials, first_position), tables)

    def merge(self, commits: Sequence[Commit], tables: Mapping[str, pa.Table]) -> Commit:
        """Commit the rows of `commits`, numbered one after the other, as one chunk instead."""
        one_run = all(  # on one grid, one after the other
            one.grid == other.grid
            and one.first_position >= 0
            and one.first_position + one.trials == other.first_position
            for one, other in pairwise(commits)
        )
        merged = replace(
            commits[0],
            trials=sum(commit.trials for commit in commits),
            replaces=tuple(commit.stem for commit in commits),
            created=now(),
            first_position=commits[0].first_position if one_run else -1,
        )
        return self._commit(merged, tables)

    def renew(self, commit: Commit, tables: Mapping[str, pa.Table]) -> Commit:
        """Commit a chunk once more, with these `tables` and its other files, in its own place."""
        kept = [file for file in commit.files if file.kind not in tables]
        return self._commit(replace(commit, replaces=(commit.stem,)), tables, kept)

    def finish(self, commit: Commit) -> None:
        """Give the files of a chunk their names, after those that it replaces have lost theirs."""
        old = [self.directory / data_path(kind, s) for s in commit.replaces for kind in KINDS]
        files.remove(old)
        files.settle([self.directory / file.path for file in commit.files])
        files.remove(record_path(self.directory, stem) for stem in commit.replaces)

    def _commit(
        self, commit: Commit, tables: Mapping[str, pa.Table], kept: Sequence[File] = ()
    ) -> Commit:
        stem = f"{max(map(int, self.commits), default=-1) + 1:08d}"
        contents = dict[Path, bytes | Path]()
        entries = dict[str, File]()
        for file in kept:
            path = data_path(file.kind, stem)
            contents[self.directory / path] = self.directory / file.path
            layout = file.layout or layout_of(schema_of(self.directory, file))
            entries[file.kind] = replace(file, path=path, layout=layout)
        for kind in sorted(tables, key="trials".__eq__):  # which tell of the others
            table = tables[kind]
            if kind in self.schemas:
                table = fitted(table, self.schemas[kind], commit.fixed)
            commit = replace(commit, schema=SCHEMA, files=tuple(entries.values()))
            about = commit.about(digest_of(table)) if kind == "trials" else None
            data = encode(table, about)
            entries[kind] = described(kind, stem, data, table)
            contents[self.directory / entries[kind].path] = data
        commit = replace(commit, files=tuple(entries[kind] for kind in KINDS if kind in entries))
        record = record_path(self.directory, stem)
        with files.told(f"{self.directory}: a chunk could not be saved"):
            files.stage(contents)
            try:
                files.publish({record: commit.to_json()})
            except BaseException:
                if not record.exists():
                    files.discard(map(files.staged, contents))
                raise
            self.commits[stem] = commit
            for replaced in commit.replaces:
                del self.commits[replaced]
            self.finish(commit)
        return commit


def described(kind: str, stem: str, data: bytes, table: pa.Table) -> File:
    """The entry of a file in its record; parameters, of many columns, are only read whole."""
    footer, parts = (0, dict[str, str]()) if kind == "parameters" else parts_of(data)
    layout = layout_of(table.schema)
    path = data_path(kind, stem)
    return File(kind, path, len(data), files.sha256(data), len(table), footer, parts, layout)


def read_ledger(directory: Path) -> Ledger:
    """The ledger of the results in `directory`, which needs no lock to be read.

    Raises:
        StoreError: a record cannot be read, or has another version's layout; or a file has the
            name of a directory.
    """
    for folder in (directory, *(directory / name for name in (RECORDS, *KINDS, HIDDEN))):
        if folder.exists() and not folder.is_dir():
            raise StoreError(f"{folder}: is a file where a directory must be; move it away")
    ledger = Ledger(directory)
    shown, hidden = _stems(directory), _stems(directory / HIDDEN)
    shown |= _stems(directory)  # those that another process brought back meanwhile
    for stem in sorted(shown | hidden):
        try:
            with files.told(record_path(directory, stem)):
                ledger.commits[stem] = read_commit(_record(directory, stem), stem)
        except DamagedError as damage:
            ledger.damaged[stem] = f"{RECORDS}/{stem}.json: {damage}"
    ledger.replaced = {stem for commit in ledger.commits.values() for stem in commit.replaces}
    ledger.replaced &= ledger.commits.keys() | ledger.damaged.keys()
    for stem in ledger.replaced:
        ledger.commits.pop(stem, None)
        ledger.damaged.pop(stem, None)
    ledger.hidden = hidden - shown
    return ledger


def _stems(home: Path) -> set[str]:
    with files.told(home):
        return {path.stem for path in files.named(home / RECORDS, _RECORD)}


def _record(directory: Path, stem: str) -> bytes:
    """What a record says, wherever it lies; like any file, it may be moved meanwhile."""
    shown = record_path(directory, stem)
    for path in (shown, record_path(directory / HIDDEN, stem)):
        with suppress(FileNotFoundError):
            return files.content(path)
    return files.content(shown)


def record_path(directory: Path, stem: str) -> Path:
    """Where the record of the chunk `stem` is."""
    return directory / RECORDS / f"{stem}.json"


_FAN_IN = 16
_GROWTH = 8
_MAX_TRIALS = 2**17  # of what is merged: a chunk of more is as large as a reader likes
_MAX_BYTES = 32 * 2**20  # of what is merged, on the disk


def compact(ledger: Ledger) -> None:
    """Merge the latest chunks while enough of them are alike. The caller holds the study's lock."""
    while stems := _alike(ledger):
        commits = [ledger.commits[stem] for stem in stems]
        try:
            found = {kind: [file for c in commits if (file := c.file(kind))] for kind in KINDS}
            tables = {kind: [read(ledger.directory, one) for one in found[kind]] for kind in KINDS}
        except DamagedError:
            return  # for the next repair to find
        ledger.merge(commits, {kind: pa.concat_tables(t) for kind, t in tables.items() if t})


def _alike(ledger: Ledger) -> list[str]:
    """The stems of the last chunks, if they are to be merged."""
    stems = list(ledger.commits)[-_FAN_IN:]
    commits = [ledger.commits[stem] for stem in stems]
    if len(commits) < _FAN_IN or not ledger.hidden.isdisjoint(stems):
        return []
    if any(_kind(one) != _kind(commits[0]) for one in commits):
        return []
    if any(one.first_trial + one.trials != other.first_trial for one, other in pairwise(commits)):
        return []
    trials = sum(commit.trials for commit in commits)
    if min(_GROWTH, _FAN_IN) * max(commit.trials for commit in commits) > trials:
        return []
    size = sum(file.size for commit in commits for file in commit.files)
    return stems if trials <= _MAX_TRIALS and size <= _MAX_BYTES else []


def _kind(commit: Commit) -> tuple[object, ...]:
    """What has to be equal in chunks that are merged."""
    files = tuple(file.kind for file in commit.files)
    same = (commit.group, commit.steps, commit.labels, commit.fixed, commit.axes, commit.versions)
    return (commit.schema == SCHEMA, files, *same)
