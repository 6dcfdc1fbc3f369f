"""Where tiles are kept: a folder of bounded size, from which what was longest unused goes first."""

import os
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

from sweep.explorer.tiles import Tile

ROOM = 2**30
"""Bytes that all tiles together may take."""

_ABANDONED = 600  # seconds; to write a tile takes milliseconds
_LEFT = 0.9  # of it, once something had to go


class Kept:
    """The tiles in a folder, by their keys.

    A tile is written under another name and renamed, and carries its SHA-256: one that is not whole
    is none. A folder that cannot be written costs time, not results.
    """

    def __init__(self, folder: Path, room: int = ROOM) -> None:
        self.folder, self.room, self._lock = folder, room, threading.Lock()
        with suppress(OSError):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._total = sum(size for _, size, _ in self._files())

    def read(self, key: str) -> Tile | None:
        """The tile of a key, or None."""
        with suppress(OSError):
            os.utime(self._path(key))
            return Tile.of(self._path(key).read_bytes())
        return None

    def write(self, key: str, tile: Tile) -> None:
        """Keep a tile in place of a coarser one; what was longest unused makes room."""
        content, path = tile.to_bytes(), self._path(key)
        try:
            before = path.stat().st_size if path.exists() else 0
            with tempfile.NamedTemporaryFile(dir=self.folder, suffix=".part", delete=False) as file:
                file.write(content)
            Path(file.name).replace(path)
        except OSError:  # what is half written goes when it has been abandoned
            return
        with self._lock:
            self._total += len(content) - before
            if self._total > self.room:
                self._make_room()

    def _make_room(self) -> None:
        files = self._files()
        self._total = sum(size for _, size, _ in files)
        for _, size, path in files:
            if self._total <= self.room * _LEFT:
                break
            path.unlink(missing_ok=True)
            self._total -= size

    def _files(self) -> list[tuple[float, int, Path]]:
        """When each tile was used, its size and where it is, the longest unused first."""
        found = []
        with suppress(OSError):
            for path in self.folder.iterdir():
                with suppress(FileNotFoundError):  # another server has removed it
                    status = path.stat()
                    if path.suffix == ".tile":
                        found.append((status.st_mtime, status.st_size, path))
                    elif path.suffix == ".part" and status.st_mtime < time.time() - _ABANDONED:
                        path.unlink()  # of a server that was killed
        return sorted(found)

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.tile"
