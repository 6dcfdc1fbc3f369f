"""Many small chunks become fewer, larger ones, so that readers open few files.

As in a log-structured merge tree (O'Neil, Cheng, Gawlick and O'Neil, 1996) the latest chunks are
merged as soon as there are enough of about one size. A merged chunk has at least `_GROWTH` times
the rows of the largest that went into it, so that a row is written again at most once for each such
factor, however many trials a study has.
"""

from itertools import pairwise

import pyarrow as pa

from sweep.store.commit import KINDS, SCHEMA, Commit, DamagedError
from sweep.store.files import told
from sweep.store.ledger import Ledger
from sweep.store.parquet import read

_FAN_IN = 16
_GROWTH = 8
_MAX_TRIALS = 2**17  # of what is merged: a chunk of more is as large as a reader likes
_MAX_BYTES = 32 * 2**20  # of what is merged, on the disk


def compact(ledger: Ledger) -> None:
    """Merge the latest chunks while enough of them are alike. The caller holds the study's lock.

    Raises:
        StoreError: the system refused; the chunks are there, merged or not.
    """
    while stems := _alike(ledger):
        commits = [ledger.commits[stem] for stem in stems]
        try:
            tables = {kind: _merged(ledger, commits, kind) for kind in KINDS}
        except DamagedError:
            return  # for the next repair to find
        held = {kind: table for kind, table in tables.items() if table is not None}
        ledger.merge(commits, held)


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


def _merged(ledger: Ledger, commits: list[Commit], kind: str) -> pa.Table | None:
    files = [file for commit in commits if (file := commit.file(kind))]
    if not files:
        return None
    with told(ledger.directory):
        return pa.concat_tables([read(ledger.directory, file) for file in files])
