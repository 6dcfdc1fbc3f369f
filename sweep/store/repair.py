"""What is wrong with saved results, and putting it right; and what plain readers get to see.

Whatever an edited study no longer asks for as a whole, such as rows of fewer steps or of another
dtype, is kept hidden, and shown again when it is asked for. A crash midway leaves two names for
one file, never none; `repair` removes the second.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import count
from pathlib import Path

from sweep.store.commit import HIDDEN, KINDS, DamagedError, File, data_path
from sweep.store.files import discard, link, make_directory, move, remove, staged, temporaries, told
from sweep.store.ledger import RECORDS, Ledger, read_ledger, record_path
from sweep.store.parquet import check, check_size
from sweep.study import Group

ASIDE = "aside"
"""Where damaged files are moved, under names that no reader takes for data."""


def verify(directory: Path) -> list[str]:
    """Read every committed file again and say in sentences what is wrong; changes nothing.

    Raises:
        StoreError: the system cannot read something.
    """
    return [sentence for _, sentence in _faults(read_ledger(directory), check)]


def repair(directory: Path, *, thorough: bool = False) -> list[str]:
    """End what a crash left half-done, set damaged chunks aside, and say so in sentences.

    The trials of a chunk set aside count as not trained. By default a file is damaged if it is
    missing or has the wrong size; `thorough` reads every one. The caller holds the study's lock.

    Raises:
        StoreError: the system cannot read or move something.
    """
    ledger = read_ledger(directory)
    findings = _settle(ledger)
    homes = (directory, directory / HIDDEN)
    places = [home / name for home in homes for name in (RECORDS, *KINDS)]
    for left in (path for place in (*places, directory) for path in temporaries(place)):
        discard([left])
        findings.append(
            f"removed {left.relative_to(directory)}, half-written when a run was killed"
        )
    faults = dict(_faults(ledger, check if thorough else check_size))
    findings += [set_aside(directory, stem, fault) for stem, fault in faults.items()]
    _remove_copies(ledger)
    for kind in KINDS:
        for path in sorted((directory / kind).glob("*.parquet")):
            if path.stem not in ledger.commits and path.stem not in faults:
                discard([path])
                findings.append(f"removed {kind}/{path.name}, of a chunk that was never committed")
    return findings


def set_aside(directory: Path, stem: str, fault: str) -> str:
    """Move a damaged chunk out of the way, its record last, and say so in a sentence.

    A crash midway leaves a record whose files are missing, so that the next repair goes on.

    Raises:
        StoreError: the system cannot move something.
    """
    homes = (directory, directory / HIDDEN)
    names = [home / data_path(kind, stem) for kind in KINDS for home in homes]
    names += [record_path(home, stem) for home in homes]
    with told(f"{directory}: chunk {stem} could not be set aside"):
        make_directory(directory / ASIDE)
        for path in names:
            if path.exists():
                move(path, _free(directory / ASIDE, f"{path.parent.name}-{path.name}"))
    return f"{fault}; set chunk {stem} aside in {ASIDE}/, its trials will be trained again"


def _settle(ledger: Ledger) -> list[str]:
    """End the commits that a crash cut short after their records were there."""
    left = {path for kind in KINDS for path in temporaries(ledger.directory / kind)}
    findings = []
    for stem, commit in ledger.commits.items() if left or ledger.replaced else ():
        paths = [staged(ledger.directory / file.path) for file in commit.files]
        if not (left.isdisjoint(paths) and ledger.replaced.isdisjoint(commit.replaces)):
            with told(f"{ledger.directory}: chunk {stem} could not be completed"):
                ledger.finish(commit)
            findings.append(f"completed chunk {stem}, which was saved when a run was killed")
    return findings


def _remove_copies(ledger: Ledger) -> None:
    """Remove what a crash left of chunks that were on their way into hiding, or out of it.

    A chunk is where its record is; if there are two, it is where everybody looks.
    """
    directory = ledger.directory
    for stem in ledger.commits if (directory / HIDDEN).is_dir() else ():
        home = directory if stem in ledger.hidden else directory / HIDDEN
        discard([record_path(home, stem), *(home / data_path(kind, stem) for kind in KINDS)])


def _faults(ledger: Ledger, checked: Callable[[Path, File], None]) -> Iterator[tuple[str, str]]:
    """The stem of each damaged chunk, and what is wrong with it."""
    yield from ledger.damaged.items()
    for stem, commit in ledger.commits.items():
        try:
            for file in commit.files:
                with told(ledger.directory / file.path):
                    checked(ledger.directory, file)
        except DamagedError as damage:
            yield stem, str(damage)


def _free(directory: Path, name: str) -> Path:
    candidates = (directory / f"{name}.{number}" for number in count(1))
    return next(path for path in candidates if not path.exists())


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
