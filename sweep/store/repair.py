"""What is wrong with saved results, and putting it right.

What the system cannot read or move is a StoreError.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import count
from pathlib import Path

from sweep.errors import RequestError, SweepError
from sweep.store import files
from sweep.store.commit import File, data_path, now, retold
from sweep.store.files import ASIDE, HIDDEN, KINDS, RECORDS, STUDY, DamagedError
from sweep.store.ledger import CHUNK, Ledger, described, read_ledger, record_path
from sweep.store.parquet import check, check_size, decode
from sweep.store.tables import digest_of
from sweep.study import Study, parse_study

NOTE = "note.txt"  # says there of each file when it came, and why


def verify(directory: Path) -> list[str]:
    """Read every committed file again and say in sentences what is wrong; changes nothing."""
    return [*study_faults(directory), *faults_of(directory).values()]


def study_faults(directory: Path) -> list[str]:
    """Say what is wrong with the study that was kept beside results, if anything is."""
    try:
        kept_study(directory)
    except SweepError as fault:
        return [f"{fault}; `sweep run` writes it again"]
    return []


def kept_study(directory: Path) -> Study:
    """The study as it was last run in `directory`.

    Raises:
        DamagedError: its file is missing, or is no study.
        StoreError: the system cannot read it.
    """
    path, name = directory / STUDY, directory.resolve().name
    try:
        with files.told(path):
            text = files.content(path).decode()
        return parse_study(text, name, directory)
    except UnicodeDecodeError as error:
        raise DamagedError(f"{path}: is not UTF-8 text (byte {error.start})") from None
    except RequestError as error:
        reason = str(error).removeprefix(f"{directory / name}.toml: ")
        raise DamagedError(f"{path}: {reason}") from None


def faults_of(directory: Path) -> dict[str, str]:
    """The stem of each chunk that is not whole, and what is wrong, as in `verify`."""
    ledger = read_ledger(directory)
    lost = sorted({path.stem for path in _unrecorded(ledger)} - ledger.damaged.keys())
    unknown = {s: f"{RECORDS}/{s}.json is lost; files of the chunk are there" for s in lost}
    return dict(_faults(ledger, check)) | unknown


def foreign(directory: Path) -> list[str]:
    """Say in sentences which files among the tables are none of sweep's; they are left alone."""
    with files.told(directory):
        found = [path for kind in KINDS for path in files.named(directory / kind, _SEEN)]
    return [
        f"{path.relative_to(directory)} is none of sweep's files; left alone, and seen by whoever "
        "reads the directory"
        for path in found
        if not CHUNK.fullmatch(path.name)
    ]


_SEEN = re.compile(r".*\.parquet")


def repair(directory: Path, *, thorough: bool = False) -> list[str]:
    """End what a crash left half-done, set damaged chunks aside, and say so in sentences.

    The trials of a chunk set aside count as not trained. By default a file is damaged if it is
    missing or has the wrong size; `thorough` reads every one. Lost records are made again from
    chunks that are whole, and what cannot be placed is set aside, too. The caller holds the
    study's lock.
    """
    ledger = read_ledger(directory)
    findings = _settle(ledger)
    homes = (directory, directory / HIDDEN)
    places = [home / name for home in homes for name in (RECORDS, *KINDS)]
    for left in (path for place in (*places, directory) for path in files.temporaries(place)):
        files.discard([left])
        findings.append(
            f"removed {left.relative_to(directory)}, half-written when a run was killed"
        )
    findings += _retell(ledger)
    faults = dict(_faults(ledger, check if thorough else check_size))
    findings += set_aside(directory, faults)
    _remove_copies(ledger)
    for path in [path for path in _unrecorded(ledger) if path.stem not in faults]:
        name = path.relative_to(directory)
        why = f"{name} has no record, and none could be made of its chunk"
        findings.append(move_aside(directory, [path], why))
    return findings + foreign(directory)


def _unrecorded(ledger: Ledger) -> list[Path]:
    """The data files whose records are lost or damaged."""
    directory = ledger.directory
    places = [home / kind for home in (directory, directory / HIDDEN) for kind in KINDS]
    with files.told(directory):
        found = [path for place in places for path in files.named(place, CHUNK)]
    return [path for path in found if path.stem not in ledger.commits.keys() | ledger.replaced]


def _retell(ledger: Ledger) -> list[str]:
    """Make records that are lost or damaged again, where all files of the chunk are whole."""
    findings = []
    for path in [one for one in _unrecorded(ledger) if one.parent.name == "trials"]:
        home, stem = path.parents[1], path.stem
        try:
            with files.told(path):
                table, about = decode(path)
                file = described("trials", stem, files.content(path), table)
                commit = retold(about, digest_of(table), file)
                for other in commit.files:
                    check(ledger.directory, other)
        except DamagedError:
            continue
        last = commit.first_trial + commit.trials
        if any(c.first_trial < last and commit.first_trial < c.first_trial + c.trials
               for c in ledger.commits.values()):  # fmt: skip
            continue  # its trials were trained again since
        record = record_path(home, stem)
        with files.told(f"{record}: a record could not be made again"):
            files.make_directories(record.parent)
            if fault := ledger.damaged.pop(stem, ""):
                move_aside(ledger.directory, [record], fault)
            files.publish({record: commit.to_json()})
        ledger.commits[stem] = commit
        ledger.hidden |= {stem} if home.name == HIDDEN else set()
        name = record.relative_to(ledger.directory)
        findings.append(f"{fault or f'{name} was lost'}; made again from the files of its chunk")
    ledger.commits = dict(sorted(ledger.commits.items()))
    return findings


def set_aside(directory: Path, faults: Mapping[str, str]) -> list[str]:
    """Move damaged chunks, by their stems, out of the way, and say so in sentences.

    Their records go last: a crash midway leaves one whose files are missing, so that the next
    repair goes on.
    """
    homes = (directory, directory / HIDDEN)
    for stem, fault in faults.items():
        names = [home / data_path(kind, stem) for kind in KINDS for home in homes]
        names += [record_path(home, stem) for home in homes]
        move_aside(directory, files.there(names), fault)
    said = f"aside in {ASIDE}/, its trials will be trained again"
    return [f"{fault}; set chunk {stem} {said}" for stem, fault in faults.items()]


def move_aside(directory: Path, paths: Iterable[Path], why: str) -> str:
    """Move files, one after the other, note why, and say so in a sentence."""
    aside = directory / ASIDE
    with files.told(f"{directory}: files could not be set aside"):
        files.make_directories(aside)
        for path in paths:
            names = (f"{path.parent.name}-{path.name}.{number}" for number in count(1))
            target = next(aside / name for name in names if not (aside / name).exists())
            with (aside / NOTE).open("a", encoding="utf-8") as note:
                note.write(f"{now()} {target.name}: {why}\n")
            files.move(path, target)
    return f"{why}; set aside in {ASIDE}/"


def _settle(ledger: Ledger) -> list[str]:
    """End the commits that a crash cut short after their records were there."""
    left = {path for kind in KINDS for path in files.temporaries(ledger.directory / kind)}
    findings = []
    for stem, commit in ledger.commits.items() if left or ledger.replaced else ():
        paths = [files.staged(ledger.directory / file.path) for file in commit.files]
        if not (left.isdisjoint(paths) and ledger.replaced.isdisjoint(commit.replaces)):
            with files.told(f"{ledger.directory}: chunk {stem} could not be completed"):
                ledger.finish(commit)
            findings.append(f"completed chunk {stem}, which was saved when a run was killed")
    return findings


def _remove_copies(ledger: Ledger) -> None:
    """Remove what a crash left of chunks that were on their way into hiding, or out of it.

    A chunk is where its record is; if there are two, it is where everybody looks.
    """
    directory = ledger.directory
    for stem in ledger.commits if (directory / HIDDEN).is_dir() else ():
        away = stem in ledger.hidden
        home, other = (directory, directory / HIDDEN)[:: 1 if away else -1]
        names = [f"{RECORDS}/{stem}.json", *(data_path(kind, stem) for kind in KINDS)]
        for copy in files.there(home / name for name in names):
            kept = other / copy.relative_to(home)
            if kept.exists() and copy.samefile(kept):
                files.discard([copy])
            else:
                move_aside(directory, [copy], "it is there twice")


def _faults(ledger: Ledger, checked: Callable[[Path, File], None]) -> Iterator[tuple[str, str]]:
    """The stem of each damaged chunk, and what is wrong with it."""
    yield from ledger.damaged.items()
    for stem, commit in ledger.commits.items():
        try:
            for file in commit.files:
                checked(ledger.directory, file)
        except DamagedError as damage:
            yield stem, str(damage)
