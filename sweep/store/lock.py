"""One process at a time works on a study."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sweep.errors import RequestError
from sweep.store.files import told

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
