"""Which chunks plain readers of the directory see: those that the study asks something of.

Whatever an edited study no longer asks for as a whole, such as rows of fewer steps or of another
dtype, is kept hidden, and shown again when it is asked for. A crash midway leaves two names for
one file, never none; `repair` removes the second.
"""

from collections.abc import Iterable
from pathlib import Path

from sweep.store.commit import HIDDEN, KINDS, data_path
from sweep.store.files import link, make_directory, remove, told
from sweep.store.ledger import RECORDS, Ledger, record_path
from sweep.study import Group


def show_only(ledger: Ledger, groups: Iterable[Group]) -> None:
    """Hide the chunks that answer none of `groups`, and show the others.

    Hidden before anything else becomes visible, they are never seen beside what takes their
    place. The caller holds the study's lock, and `ledger` has been repaired.

    Raises:
        StoreError: the system refused; every chunk is in one place or the other.
    """
    asked = {(group.digest, group.steps) for group in groups}
    wanted = {stem for stem, c in ledger.commits.items() if (c.group, c.steps) in asked}
    directory, hidden = ledger.directory, ledger.directory / HIDDEN
    leaving, coming = sorted(ledger.commits.keys() - ledger.hidden - wanted), wanted & ledger.hidden
    with told(f"{directory}: chunks could not be hidden"):
        if leaving:
            for name in (RECORDS, *KINDS):
                make_directory(hidden / name)
            link(_moves(leaving, directory, hidden))
            remove(record_path(directory, stem) for stem in leaving)
            remove(_data(leaving, directory))
    with told(f"{directory}: chunks could not be shown again"):
        if coming:
            back = sorted(coming)
            link(dict(zip(_data(back, hidden), _data(back, directory), strict=True)))
            link({record_path(hidden, stem): record_path(directory, stem) for stem in back})
            remove(record_path(hidden, stem) for stem in back)
            remove(_data(back, hidden))
    ledger.hidden = (ledger.hidden | set(leaving)) - coming


def _moves(stems: list[str], source: Path, target: Path) -> dict[Path, Path]:
    """Every file of the chunks, and where it goes: the data first."""
    moves = dict(zip(_data(stems, source), _data(stems, target), strict=True))
    return moves | {record_path(source, stem): record_path(target, stem) for stem in stems}


def _data(stems: list[str], home: Path) -> list[Path]:
    return [home / data_path(kind, stem) for stem in stems for kind in KINDS]
