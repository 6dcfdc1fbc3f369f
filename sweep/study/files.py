"""The files a study is made of, read within bounds.

Every ValueError is the end of a sentence that starts with the file's name.
"""

import io
import math
import stat
from pathlib import Path

import numpy as np
from numpy.lib import format as npy

from sweep.study.checks import show

MAX_TABLE_BYTES = 2**26
"""The size of a file of numbers: what the largest table takes as text."""

_DIGITS = 18  # of any number within 64 bits


def read_whole(path: Path, limit: int, purpose: str) -> bytes:
    """The content of a regular file of at most `limit` bytes, which is to serve as `purpose`.

    Raises:
        ValueError: there is none, or it cannot be read.
    """
    if "\0" in str(path):
        raise ValueError("is no path: it has a NUL in it")
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise ValueError("is not a file")
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from None
    if len(content) > limit:
        raise ValueError(f"is larger than {limit} bytes, too large for {purpose}")
    return content


def read_indices(path: Path) -> list[list[int]]:
    """The whole numbers in a file, row by row, by its ending.

    - .csv: commas between numbers, a line a row, no header
    - .npy: a matrix of integers, as `numpy.save` writes it

    Raises:
        ValueError: it cannot be read, or is something else.
    """
    readers = {".csv": _rows_of_text, ".npy": _rows_of_array}
    if path.suffix not in readers:
        raise ValueError(f"must end in {' or '.join(readers)}")
    return readers[path.suffix](read_whole(path, MAX_TABLE_BYTES, "a table"))


def _rows_of_text(content: bytes) -> list[list[int]]:
    try:
        lines = content.decode("utf-8-sig").rstrip().split("\n")
    except UnicodeDecodeError as error:
        raise ValueError(f"is not UTF-8 text (byte {error.start})") from None
    return [_row(line, number) for number, line in enumerate(lines, start=1)]


def _row(line: str, number: int) -> list[int]:
    cells = [cell.strip() for cell in line.split(",")]
    if not all(cell.isascii() and cell.isdigit() and len(cell) <= _DIGITS for cell in cells):
        wanted = "whole numbers of at least 0 with commas between"
        raise ValueError(f"must have {wanted} in line {number}, not {show(line.strip())}")
    return [int(cell) for cell in cells]


def _rows_of_array(content: bytes) -> list[list[int]]:
    array = array_of(content)
    if array.dtype.kind not in "iu" or array.ndim != 2:
        found = f"{array.dtype} of shape {list(array.shape)}"
        raise ValueError(f"must have a matrix of integers, not {found}")
    rows: list[list[int]] = array.tolist()
    return rows


def array_of(content: bytes) -> np.ndarray:
    """The array that `numpy.save` wrote, whose size is compared with what its header claims first.

    Raises:
        ValueError: it is none, or one of objects.
    """
    stream = io.BytesIO(content)
    try:
        version = npy.read_magic(stream)
        header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, by_column, dtype = header(stream)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        raise ValueError("is not what numpy.save writes") from None
    held = len(content) - stream.tell()
    if dtype.hasobject or min(shape, default=0) < 0 or held != math.prod(shape) * dtype.itemsize:
        raise ValueError(f"has {held} bytes, which is not {dtype} of shape {list(shape)}")
    array = np.frombuffer(content, dtype, offset=stream.tell())
    return array.reshape(shape, order="F" if by_column else "C")


def inside(directory: Path, name: str) -> Path:
    """The path of the file `name` in `directory` or below it.

    Raises:
        ValueError: it leads elsewhere, by itself or by a link.
    """
    if "\0" in name:
        raise ValueError("is no path: it has a NUL in it")
    try:
        path = directory / name
        if path.resolve().is_relative_to(directory.resolve()):
            return path
    except (OSError, RuntimeError) as error:  # links in a circle
        raise ValueError(f"cannot be read: {error}") from None
    raise ValueError("leads out of the study's directory")
