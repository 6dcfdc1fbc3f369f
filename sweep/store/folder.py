"""The directory of one study's results: made, claimed for one study file, and locked.

One process at a time works on a study: the one that holds its lock.
"""

import fcntl
import json
import os
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sweep.errors import RequestError
from sweep.store.commit import HIDDEN, KINDS
from sweep.store.files import discard, make_directory, publish, replace, told
from sweep.store.ledger import RECORDS
from sweep.study import Study, files_of

STUDY = "study.toml"
ORIGIN = "origin.json"

BENCH, COMPARE = "bench", "compare"
"""The directories of benchmarks and of comparisons beside those of studies; none is called so."""


def study_directory(results: Path, study: Study) -> Path:
    """Where the results of `study` are.

    Raises:
        RequestError: the study's name would lead out of `results`, or is taken.
    """
    if study.name in (BENCH, COMPARE):
        raise RequestError(
            f"{study.name}: a study cannot have this name, `sweep {study.name}` saves there"
        )
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
    owner = origin_of(directory)
    if owner is None:
        return None
    try:
        same = owner.read_bytes() == origin.read_bytes()
    except OSError:
        return None
    if not (same or owner.samefile(origin)):
        raise RequestError(
            f"{directory}: holds the results of {owner}, another study of the same name; "
            f"rename {origin} or save elsewhere with --results"
        )
    return owner


def origin_of(directory: Path) -> Path | None:
    """The study file that the results in `directory` came from, if it is still there."""
    try:
        owner = Path(json.loads((directory / ORIGIN).read_bytes())["origin"])
        return owner if owner.is_file() else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def inputs_of(directory: Path) -> list[Path]:
    """The files of people that the results in `directory` came from, as far as that is known."""
    origin = origin_of(directory)
    return files_of(origin) if origin else []


def refuse_place(file: Path, writer: str, inputs: Iterable[Path] = ()) -> None:
    """Refuse a place for what a command writes that would cost what is there already.

    It may be no study file, none of the `inputs` that the command reads, nothing among a study's
    results, and no file that another command than the `writer` left.

    Raises:
        RequestError: it is one of these.
    """
    another = "choose another name"
    if file.suffix.lower() == ".toml":
        raise RequestError(f"{file}: is the name of a study file; {another}")
    if file.is_dir():
        raise RequestError(f"{file}: is a directory; name a file in it")
    for path in inputs:
        if file.exists() and path.exists() and file.samefile(path):
            raise RequestError(f"{file}: is what `sweep {writer}` reads; {another}")
    place = file.resolve()
    for parent in place.parents:
        top = place.relative_to(parent).parts[0]
        if top in _OWN and (parent / STUDY).is_file() and (parent / RECORDS).is_dir():
            raise RequestError(f"{file}: is among the study's own files; choose another place")
    found = _writer_of(file)
    if found and found != writer:
        raise RequestError(f"{file}: was written by `sweep {found}`; {another}")


_OWN = {RECORDS, *KINDS, HIDDEN, "aside", "figures", STUDY, ORIGIN}


def _writer_of(file: Path) -> str:
    """Which command wrote a page or a workbook, as it says itself; nothing of what does not say."""
    try:
        if file.suffix.lower() in (".html", ".htm"):
            text = file.read_bytes()[:4096]
        elif file.suffix.lower() == ".xlsx":
            with zipfile.ZipFile(file) as book, book.open("docProps/core.xml") as core:
                text = core.read(4096)
        else:
            return ""
    except (OSError, KeyError, zipfile.BadZipFile):
        return ""
    found = re.search(rb"\bsweep (report|explain|worksheet|export)\b", text)
    return found[1].decode() if found else ""


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
def locked(directory: Path, on_wait: Callable[[str], None] | None = None) -> Iterator[None]:
    """Hold the lock of a study's results.

    If another process has it, wait for it, after one call of `on_wait` with a sentence for the
    user. The system frees the lock of a process that dies.

    Raises:
        RequestError: the lock cannot be made in `directory`.
        StoreError: the file system cannot lock.
    """
    with told(f"{directory}: results cannot be saved here", RequestError):
        handle = os.open(directory / NAME, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o666)
    try:
        with told(directory / NAME):
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
    """Whether a process holds the lock of a study's results; makes none.

    Raises:
        StoreError: the file system cannot lock.
    """
    with told(directory / NAME), suppress(FileNotFoundError), (directory / NAME).open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
