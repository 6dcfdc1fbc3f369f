"""Where tiles are kept: a folder of bounded size, from which what was longest unused goes first."""

import os
import tempfile
import threading
import time
from collections import OrderedDict
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
        self.folder, self.room = folder, room
        self._lock = threading.Lock()
        self._sizes: OrderedDict[str, int] = OrderedDict()  # the longest unused first
        found = []
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for entry in os.scandir(folder):
                status = entry.stat()
                if entry.name.endswith(".tile"):
                    found.append(
                        (status.st_mtime, entry.name.removesuffix(".tile"), status.st_size)
                    )
                elif entry.name.endswith(".part") and status.st_mtime < time.time() - _ABANDONED:
                    Path(entry).unlink()  # of a server that was killed
        except OSError:
            pass
        for _, key, size in sorted(found):
            self._sizes[key] = size
        self._total = sum(self._sizes.values())

    def read(self, key: str) -> Tile | None:
        """The tile of a key, or None."""
        path = self._path(key)
        try:
            tile = Tile.of(path.read_bytes())
            os.utime(path)
        except OSError:
            return None
        with self._lock:
            if key in self._sizes:
                self._sizes.move_to_end(key)
        return tile

    def write(self, key: str, tile: Tile) -> None:
        """Keep a tile in place of a coarser one; what was longest unused makes room."""
        content, temporary = tile.to_bytes(), ""
        try:
            descriptor, temporary = tempfile.mkstemp(dir=self.folder, suffix=".part")
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            Path(temporary).replace(self._path(key))
        except OSError:
            if temporary:
                Path(temporary).unlink(missing_ok=True)
            return
        gone: list[str] = []
        with self._lock:
            self._total += len(content) - self._sizes.pop(key, 0)
            self._sizes[key] = len(content)
            while self._total > self.room * _LEFT and (gone or self._total > self.room):
                oldest, size = self._sizes.popitem(last=False)
                self._total -= size
                gone.append(oldest)
        for one in gone:
            self._path(one).unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.tile"
