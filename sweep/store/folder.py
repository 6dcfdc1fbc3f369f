"""The directory of one study's results: made, claimed for one study file, and locked.

One process at a time works on a study: the one that holds its lock.
"""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sweep.errors import RequestError
from sweep.store.commit import KINDS
from sweep.store.files import discard, make_directory, publish, replace, told
from sweep.store.ledger import RECORDS
from sweep.study import Study

STUDY = "study.toml"
ORIGIN = "origin.json"

BENCH = "bench"
"""The directory of the benchmarks' results, beside those of studies; no study has this name."""


def study_directory(results: Path, study: Study) -> Path:
    """Where the results of `study` are.

    Raises:
        RequestError: the study's name would lead out of `results`, or is taken.
    """
    if study.name == BENCH:
        raise RequestError(f"{BENCH}: a study cannot have this name, `sweep bench` saves there")
    if study.name in ("", ".", "..") or not {"/", "\\", "\0"}.isdisjoint(study.name):
        raise RequestError(f"{study.name!r}: the name of a study must be a plain file name")
    return results / study.name


def make_folder(directory: Path) -> None:
    """Make the directories of a study's results where they are missing.

    Raises:
        RequestError: the system refused.
    """
    with told(_refused(directory), RequestError):
        for name in (RECORDS, *KINDS):
            make_directory(directory / name)


def claim(directory: Path, study: Study, origin: Path | None) -> None:
    """Write down which study, from which file, the results in `directory` belong to.

    Tries out first that files can be committed there. The caller holds the study's lock.

    Raises:
        RequestError: the results belong to another file of the same name, which is still there,
            or the system refused to write.
    """
    owner = check_owner(directory, origin) if origin else None
    with told(_refused(directory), RequestError):
        _try_out(directory / ".trial-run.tmp")
        if origin and owner is None:
            _keep(directory / ORIGIN, json.dumps({"origin": str(origin.resolve())}) + "\n")
        _keep(directory / STUDY, study.to_toml())


def check_owner(directory: Path, origin: Path) -> Path | None:
    """Return the study file that the results in `directory` came from, if it is still there.

    Raises:
        RequestError: it is another file than `origin`, with other content.
    """
    try:
        owner = Path(json.loads((directory / ORIGIN).read_bytes())["origin"])
        same = owner.read_bytes() == origin.read_bytes()
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not (same or owner.samefile(origin)):
        raise RequestError(
            f"{directory}: holds the results of {owner}, another study of the same name; "
            f"rename {origin} or save elsewhere with --results"
        )
    return owner


def refuse_own(file: Path, directory: Path) -> None:
    """Refuse a place among the files that the results in `directory` consist of.

    Raises:
        RequestError: it is one.
    """
    own = [directory.resolve() / kind for kind in (RECORDS, *KINDS)]
    if not set(own).isdisjoint(file.resolve().parents):
        raise RequestError(f"{file}: is among the study's own files; choose another place")


def _refused(directory: Path) -> str:
    return f"{directory}: results cannot be saved here"


def _try_out(path: Path) -> None:
    """Commit a file, which not every file system can, and remove it."""
    discard([path])
    publish({path: b"trial run"})
    path.unlink()


def _keep(path: Path, text: str) -> None:
    data = text.encode()
    if not path.is_file() or path.read_bytes() != data:
        replace(path, data)


NAME = ".lock"


@contextmanager
def locked(
    directory: Path, on_wait: Callable[[str], None] | None = None, *, wait: bool = True
) -> Iterator[bool]:
    """Hold the lock of a study's results; yield whether it is held.

    If another process has it, wait for it, after one call of `on_wait` with a sentence for the
    user, or, without `wait`, go on without it. The system frees the lock of a process that dies.

    Raises:
        RequestError: the lock cannot be made in `directory`.
        StoreError: the file system cannot lock.
    """
    with told(f"{directory}: results cannot be saved here", RequestError):
        handle = os.open(directory / NAME, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o666)
    try:
        yield _acquire(handle, directory, on_wait, wait=wait)
    finally:
        os.close(handle)


def _acquire(
    handle: int, directory: Path, on_wait: Callable[[str], None] | None, *, wait: bool
) -> bool:
    with told(directory / NAME):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not wait:
                return False
            if on_wait:
                on_wait(f"{directory}: another process is working on this study; waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
    return True
