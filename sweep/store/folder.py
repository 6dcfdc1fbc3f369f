"""The directory of one study's results: made, claimed for one study file, and locked.

One process at a time works on a study: the one that holds its lock.
"""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sweep.errors import RequestError, StoreError
from sweep.store import files
from sweep.store.files import KINDS, ORIGIN, RECORDS, STUDY, TRIAL_RUN, DamagedError
from sweep.store.repair import move_aside
from sweep.study import Study, files_of

BENCH, COMPARE, ZOOM = "bench", "compare", "zoom"
"""The directories of what is no study, beside those of studies; none of these is called so."""


def results_directory(results: str | Path) -> Path:
    """The directory of all studies' results, as a command names it; it need not be there."""
    if not str(results):
        raise RequestError("results: no directory is named; --results DIR does")
    results = Path(results)
    if results.exists() and not results.is_dir():
        raise RequestError(f"{results}: is a file; results are saved in a directory")
    return results


def study_directory(results: str | Path, study: Study) -> Path:
    """Where the results of `study` are.

    Raises:
        RequestError: the study's name would lead out of `results`, or is taken, or `results` is
            no directory.
    """
    if study.name in (BENCH, COMPARE, ZOOM):
        raise RequestError(
            f"{study.name}: a study cannot have this name, `sweep {study.name}` saves there"
        )
    if study.name in ("", ".", "..") or not {"/", "\\", "\0"}.isdisjoint(study.name):
        raise RequestError(f"{study.name!r}: the name of a study must be a plain file name")
    return results_directory(results) / study.name


def make_folder(directory: Path) -> None:
    """Make the directories of a study's results where they are missing."""
    with files.told(_refused(directory), RequestError):
        files.make_directories(*(directory / name for name in (RECORDS, *KINDS)))


def claim(directory: Path, study: Study) -> list[str]:
    """Write down which study, from which file, the results in `directory` belong to.

    Tries out first that files can be committed there. What has a file's name and is none is set
    aside, and said in sentences. The caller holds the study's lock.

    Raises:
        RequestError: the results belong to another file of the same name, which is still there,
            or the system refused to write.
    """
    origin = study.origin
    owner = check_owner(directory, origin) if origin else None
    with files.told(_refused(directory), RequestError):
        files.discard([directory / TRIAL_RUN])
        files.publish({directory / TRIAL_RUN: b"trial run"})
        files.discard([directory / TRIAL_RUN])
        kept = {directory / STUDY: study.to_toml()}
        if origin and owner is None:
            kept[directory / ORIGIN] = json.dumps({"origin": str(origin.resolve())}) + "\n"
        findings, changed = list[str](), dict[Path, bytes]()
        for path, text in kept.items():
            try:
                if files.content(path) == text.encode():
                    continue
            except FileNotFoundError:
                pass
            except DamagedError:
                findings.append(move_aside(directory, [path], f"{path.name} is not a file"))
            changed[path] = text.encode()
        files.replace(changed)
    return findings


def check_owner(directory: Path, origin: Path | None) -> Path | None:
    """Return the study file that the results in `directory` came from, if it is still there.

    Raises:
        RequestError: it is another file than `origin`, with other content, or `origin` is none.
    """
    owner = origin_of(directory)
    if owner is None:
        return None
    hint = "give this one another name"
    if origin:
        hint = f"rename {origin} or save elsewhere with --results"
        try:
            if owner.read_bytes() == origin.read_bytes() or owner.samefile(origin):
                return owner
        except OSError:
            return None
    another = f"holds the results of {owner}, another study of the same name"
    raise RequestError(f"{directory}: {another}; {hint}")


def origin_of(directory: Path) -> Path | None:
    """The study file that the results in `directory` came from, if it is still there."""
    try:
        owner = Path(json.loads(files.content(directory / ORIGIN))["origin"])
        return owner if owner.is_file() else None
    except (OSError, ValueError, KeyError, TypeError, StoreError):
        return None


def inputs_of(directory: Path) -> list[Path]:
    """The files of people that the results in `directory` came from, as far as that is known."""
    origin = origin_of(directory)
    return files_of(origin) if origin else []


def _refused(directory: Path) -> str:
    return f"{directory}: results cannot be saved here"


NAME = ".lock"


@contextmanager
def locked(directory: Path, on_wait: Callable[[str], None] | None = None) -> Iterator[None]:
    """Hold the lock of a study's results.

    If another process has it, wait for it, after one call of `on_wait` with a sentence for the
    user. The system frees the lock of a process that dies.

    Raises:
        RequestError: the lock cannot be made in `directory`.
        StoreError: the file system cannot lock.
    """
    with files.told(f"{directory}: results cannot be saved here", RequestError):
        handle = os.open(directory / NAME, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o666)
    try:
        with files.told(directory / NAME):
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if on_wait:
                    busy = "another process is working on this study; waiting for it"
                    on_wait(f"{directory}: {busy}")
                fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def in_use(directory: Path) -> bool:
    """Whether a process holds the lock of a study's results; makes none."""
    path = directory / NAME
    with files.told(path), suppress(FileNotFoundError), files.opened(path) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
