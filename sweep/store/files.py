"""The commit protocol: a file is there whole and durable under its name, or not there at all.

Data is written under a temporary name in the same directory, flushed to the disk, read back and
compared, linked to its final name, which must be free, and the directory is flushed. A crash at
any point leaves the old state or the new one, and at most a temporary, whose name begins with a dot
so that no reader of the directory takes it for data.

Files that count only once another one, their record, is there are staged under temporary names that
follow from their own, and settled when the record is durable.

What the system refuses is an OSError, which `told` makes one line of, a name that is taken a
FileExistsError; what reads back differently is a StoreError.
"""

import errno
import fcntl
import hashlib
import os
import re
import secrets
import stat
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from sweep.errors import RequestError, StoreError, SweepError

STUDY = "study.toml"
ORIGIN = "origin.json"
RECORDS = "commits"
KINDS = ("trials", "curves", "parameters")  # the kinds of tables, each in a directory of its name

HIDDEN = "hidden"
"""Where chunks lie that the study, as it was last run, asks nothing of; laid out like the rest."""

ASIDE = "aside"  # where damaged files are moved, under names that no reader takes for data

TRIAL_RUN = ".trial-run.tmp"

_SUFFIX = ".tmp"
_OURS = re.compile(
    r"\.(\d{8}\.(json|parquet)|study\.toml|origin\.json|\.trial-run\.tmp)(\.[0-9a-f]{8})?\.tmp"
    r"|\.trial-run(\.linked)?\.tmp"
)
"""The temporaries of what is saved of a study; whatever else ends like them is somebody else's."""


def path_of(place: object, what: str) -> Path:
    """A place as a path.

    Raises:
        RequestError: it is neither a text nor a path; begins with `what` it should be.
    """
    if isinstance(place, str | Path):
        return Path(place)
    raise RequestError(f"{what}: must be a path, not of type {type(place).__name__}")


class DamagedError(StoreError):
    """A committed file is not what was committed."""


def sha256(data: bytes) -> str:
    """The SHA-256 of `data` in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


@contextmanager
def told(what: str | Path, kind: type[SweepError] = StoreError) -> Iterator[None]:
    """Turn what the operating system refuses into one line: `what`, and why not.

    Raises:
        StoreError: or another `kind`, for any OSError within.
    """
    try:
        yield
    except OSError as error:
        kinds = (errno.ENOTDIR, errno.EISDIR)  # where which one it is has to be said
        named = f"{error.filename}: " if error.errno in kinds and error.filename else ""
        where = "" if named == f"{what}: " else named
        raise kind(f"{what}: {where}{error.strerror or error}") from error


def opened(path: Path) -> BinaryIO:
    """Open a file to read it, and nothing else that has its name: a pipe would never end.

    Raises:
        DamagedError: a directory, a pipe or a device is there.
        OSError: the system cannot open it.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ENXIO:  # a socket
            raise DamagedError(f"{path} is not a file") from None
        raise
    if stat.S_ISREG(os.fstat(handle).st_mode):
        return os.fdopen(handle, "rb")
    os.close(handle)
    raise DamagedError(f"{path} is not a file")


def content(path: Path) -> bytes:
    """What a file holds; raises like `opened`."""
    with opened(path) as file:
        return file.read()


def publish(files: Mapping[Path, bytes]) -> None:
    """Commit `files`, all durable on return; if anything fails, none is left."""
    linked: list[Path] = []
    try:
        with _written(files) as temporaries:
            for path, temporary in temporaries.items():
                os.link(temporary, path)
                linked.append(path)
    except BaseException:
        discard(linked)
        raise


def replace(files: Mapping[Path, bytes]) -> None:
    """Put data under names that may be taken; what was there stays until the new is durable."""
    with _written(files) as temporaries:
        for path, temporary in temporaries.items():
            os.replace(temporary, path)  # noqa: PTH105 - beside os.link and os.fsync


@contextmanager
def _written(files: Mapping[Path, bytes]) -> Iterator[dict[Path, Path]]:
    """Lend temporaries that hold what `files` are to; names given meanwhile are durable then."""
    temporaries = {
        path: path.with_name(f".{path.name}.{secrets.token_hex(4)}{_SUFFIX}") for path in files
    }
    try:
        for path, data in files.items():
            _stage(temporaries[path], data)
        yield temporaries
        _sync(path.parent for path in files)
    finally:
        discard(temporaries.values())


def staged(path: Path) -> Path:
    """Where the content of `path` lies from `stage` to `settle`."""
    return path.with_name(f".{path.name}{_SUFFIX}")


def stage(files: Mapping[Path, bytes | Path]) -> None:
    """Write `files` under their staged names, durable on return; if anything fails, none is left.

    The content is bytes, or that of another file, which then has both names.
    """
    try:
        for path, data in files.items():
            discard([staged(path)])
            if isinstance(data, Path):
                os.link(data, staged(path))
            else:
                _stage(staged(path), data)
        _sync(path.parent for path in files)
    except BaseException:
        discard(map(staged, files))
        raise


def settle(paths: Sequence[Path]) -> None:
    """Give staged files their names; begun by a run that was killed, it goes on where it was."""
    waiting = {staged(path): path for path in paths}
    for temporary in (left := there(waiting)):
        with suppress(FileExistsError):
            os.link(temporary, waiting[temporary])
    _sync(path.parent for path in left)
    discard(left)


@contextmanager
def complete(path: Path) -> Iterator[Path]:
    """Lend a temporary name beside `path`; what was written there replaces `path` at the end.

    This is for files that are made for people: a writer that was killed leaves its temporary, and
    the next one in the same directory removes it; of one that is still writing it is locked.
    """
    _remove_abandoned(path.parent)
    temporary = path.with_name(f".{secrets.token_hex(16)}.unfinished{path.suffix}")
    handle = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o666)
    try:
        with suppress(OSError):  # not every file system has locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield temporary
        temporary.replace(path)
    finally:
        os.close(handle)
        discard([temporary])


_UNFINISHED = re.compile(r"\.[0-9a-f]{32}\.unfinished(\.\w+)?")


def _remove_abandoned(directory: Path) -> None:
    """Remove temporaries of `complete` whose writers are no more."""
    for path in directory.glob(".*.unfinished*"):
        if _UNFINISHED.fullmatch(path.name):
            with suppress(OSError), path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()


def make_directories(*paths: Path) -> None:
    """Make directories and those above them, durably, where they are missing."""
    made = []
    for path in dict.fromkeys(up for one in paths for up in (*reversed(one.parents), one)):
        try:
            if not path.is_dir():
                path.mkdir(exist_ok=True)
                made.append(path)
        except FileExistsError:
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path)) from None
    _sync(path.parent for path in made)


def temporaries(directory: Path) -> list[Path]:
    """The files that a crash left half-written in `directory`, by the names that are given here."""
    return [path for path in named(directory, _OURS) if path.is_file()]


def discard(paths: Iterable[Path]) -> None:
    """Remove what can be removed of `paths`; the next repair finds the rest."""
    for path in paths:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def move(path: Path, target: Path) -> None:
    """Rename within a file system, durably, to a name that must be free."""
    if path.is_dir():  # which cannot have two names
        path.rename(target)
        _sync([path.parent, target.parent])
    else:
        link({path: target})
        remove([path])


def link(targets: Mapping[Path, Path]) -> None:
    """Give files, those that there are, a second name, durably; each must be free."""
    found = [(path, targets[path]) for path in there(targets)]
    for path, target in found:
        os.link(path, target)
    _sync(target.parent for _, target in found)


def remove(paths: Iterable[Path]) -> None:
    """Remove files, those that there are, durably."""
    found = there(paths)
    for _ in range(2):  # that a file is not there is believed when its directory says so
        for path in there(found):
            path.unlink(missing_ok=True)
    if left := there(found):
        raise OSError(errno.EBUSY, "a file that was removed is still there", str(left[0]))
    _sync(path.parent for path in found)


def there(paths: Iterable[Path]) -> list[Path]:
    """Those of `paths` whose names stand in their directories."""
    wanted = list(dict.fromkeys(paths))
    found = {one for folder in {path.parent for path in wanted} for one in named(folder)}
    return [path for path in wanted if path in found]


def named(directory: Path, pattern: re.Pattern[str] = re.compile(".*")) -> list[Path]:
    """What is in a directory, if there is one, by names that are wholly of a pattern; in order.

    Raises:
        OSError: the system refused.
    """
    for _ in range(2):  # that there is none is believed the second time
        with suppress(FileNotFoundError):
            return sorted(path for path in directory.iterdir() if pattern.fullmatch(path.name))
    return []


def _stage(temporary: Path, data: bytes) -> None:
    handle = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o666)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(handle, rest) :]
        os.fsync(handle)
    finally:
        os.close(handle)
    if temporary.read_bytes() != data:
        raise StoreError(f"{temporary.parent}: what was written reads back differently")


def _sync(directories: Iterable[Path]) -> None:
    for directory in dict.fromkeys(directories):
        handle = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def refuse_place(file: Path, writer: str, inputs: Iterable[Path] = ()) -> None:
    """Refuse a place for what a command writes that would cost what is there already.

    It may be no study file, none of the `inputs` that the command reads and nothing among a
    study's results. A file that is there is written anew only if it says of itself that the same
    command, the `writer`, wrote it.

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
    home = home_of(place)
    if home and place.relative_to(home).parts[0] in _OWN:
        raise RequestError(f"{file}: is among the study's own files; choose another place")
    found = _writer_of(file) if file.exists() else writer
    if not found:
        raise RequestError(
            f"{file}: exists, and `sweep {writer}` did not write it; {another}, or remove it first"
        )
    if found != writer:
        raise RequestError(f"{file}: was written by `sweep {found}`; {another}")


def home_of(place: Path) -> Path | None:
    """The directory of a study's results that a resolved path lies in, if it lies in one."""
    homes = (up for up in place.parents if (up / STUDY).is_file() and (up / RECORDS).is_dir())
    return next(homes, None)


_OWN = {RECORDS, *KINDS, HIDDEN, ASIDE, "figures", STUDY, ORIGIN}
_PAGE = re.compile(rb'name="generator" content="sweep (\w+)"')
_BOOK = re.compile(rb">sweep (\w+)<")
_WORDS = re.compile(rb"[^\n]+: the derivation at step \d+\n")
_HEADER = re.compile(rb"trial,([^\n]+,)?(step,[^\n]*|outcome)\r?\n")
_FIGURE = re.compile(rb"Software\0sweep|<dc:title>sweep</dc:title>|/Creator \(sweep\)")
EXPORTED = {b"written by": b"sweep export"}
"""What the schema of an exported parquet file says of itself."""


def _writer_of(file: Path) -> str:
    """Which command wrote a file, as it says itself; nothing of what does not say."""
    ending = file.suffix.lower()
    try:
        if ending == ".xlsx":
            with zipfile.ZipFile(file) as book, book.open("docProps/core.xml") as core:
                found = _BOOK.findall(core.read(4096))
            return (b"audit" if b"audit" in found else found[0]).decode()  # copied with its marks
        with opened(file) as read:
            head = read.read(1 << 16)
            if head.startswith(b"PAR1"):
                read.seek(-min(1 << 20, os.fstat(read.fileno()).st_size), os.SEEK_END)
                foot = read.read()
                return (
                    "export"
                    if all(word in foot for pair in EXPORTED.items() for word in pair)
                    else ""
                )
    except (OSError, KeyError, IndexError, zipfile.BadZipFile, DamagedError):
        return ""
    if page := _PAGE.search(head):
        return page[1].decode()
    if ending == ".csv":
        return "export" if _HEADER.match(head) else ""
    return "explain" if _WORDS.match(head.lstrip(b"# ")) or _FIGURE.search(head) else ""
