"""The files a study is made of, read within bounds: whole numbers, and columns by name.

What is wrong with one is a ValueError, the end of a sentence that starts with the file's name.
"""

import csv
import io
import math
import re
import stat
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tokenize import TokenError
from typing import Any, TypeVar

import numpy as np
from numpy.lib import format as npy

from sweep.study.checks import counted, nearest, show

_Content = TypeVar("_Content")

MAX_TABLE_BYTES = 2**26  # the size of a file of numbers: what the largest table takes as text

_BROKEN_HEADER = (
    *(ValueError, TypeError, SyntaxError, RecursionError, MemoryError, OverflowError),
    *(LookupError, AttributeError, EOFError, TokenError, struct.error),
)
_WHOLE = re.compile(r"[+-]?[0-9]{1,20}", re.ASCII)
_DIGITS = 18  # of any number within 64 bits


def read_whole(path: Path, limit: int, purpose: str) -> bytes:
    """The content of a regular file of at most `limit` bytes, which is to serve as `purpose`."""
    if "\0" in str(path):
        raise ValueError("is no path: it has a NUL in it")
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise ValueError("is not a file")
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror or error}") from None
    if len(content) > limit:
        raise ValueError(f"is larger than {limit} bytes, too large for {purpose}")
    return content


def read_indices(path: Path) -> list[list[int]]:
    """The whole numbers in a file, row by row, by its ending.

    - .csv: commas, semicolons, tabs or spaces between numbers, a line a row, no header
    - .npy: a matrix of integers, as `numpy.save` writes it
    """
    return _by_ending(path, {".csv": _rows_of_text, ".npy": _rows_of_array})


def read_numbers(path: Path) -> np.ndarray:
    """All numbers in a file, float64, in the order in which they stand there, by its ending.

    - .csv: commas, semicolons, tabs, spaces or lines between numbers, no header; (n,)
    - .npy: an array of any shape, as `numpy.save` writes it; of that shape
    """
    numbers = _by_ending(path, {".csv": _numbers_of_text, ".npy": _numbers_of_array})
    if not np.isfinite(numbers).all():
        raise ValueError(f"must have finite numbers, not {numbers[~np.isfinite(numbers)][0]}")
    return numbers


def _by_ending(path: Path, readers: Mapping[str, Callable[[bytes], _Content]]) -> _Content:
    if path.suffix not in readers:
        *most, last = readers
        raise ValueError(f"must end in {', '.join(most)} or {last}")
    return readers[path.suffix](read_whole(path, MAX_TABLE_BYTES, "a table"))


def _numbers_of_text(content: bytes) -> np.ndarray:
    cells = re.split(r"[,;\s]+", _decoded(content).strip())
    numbers = [_number(cell) for cell in cells]
    if None in numbers:
        wrong = show(cells[numbers.index(None)])
        raise ValueError(f"must have numbers with commas between and no names, not {wrong}")
    return np.array(numbers, np.float64)


def _numbers_of_array(content: bytes) -> np.ndarray:
    array = array_of(content)
    if array.dtype.kind not in "iuf":
        raise ValueError(f"must have an array of numbers, not {array.dtype}")
    return array.astype(np.float64)


def _rows_of_text(content: bytes) -> list[list[int]]:
    rows = []
    for number, line in enumerate(_decoded(content).rstrip().split("\n"), start=1):
        cells = re.split(r"\s*[,;\t]\s*|\s+", line.strip())
        if not all(cell.isascii() and cell.isdigit() and len(cell) <= _DIGITS for cell in cells):
            wanted = "whole numbers of at least 0 with commas between"
            raise ValueError(f"must have {wanted} in line {number}, not {show(line.strip())}")
        rows.append([int(cell) for cell in cells])
    return rows


def _rows_of_array(content: bytes) -> list[list[int]]:
    array = array_of(content)
    if array.dtype.kind not in "iu" or array.ndim != 2:
        found = f"{array.dtype} of shape {list(array.shape)}"
        raise ValueError(f"must have a matrix of integers, not {found}")
    rows: list[list[int]] = array.tolist()
    return rows


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"is not UTF-8 text (byte {error.start})") from None


def array_of(content: bytes) -> np.ndarray:
    """The array that `numpy.save` wrote, if it is as large as its header claims."""
    stream = io.BytesIO(content)
    try:
        version = npy.read_magic(stream)
        header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, by_column, dtype = header(stream)
    except _BROKEN_HEADER:
        raise ValueError("is not what numpy.save writes") from None
    held = len(content) - stream.tell()
    if not all(type(size) is int for size in shape):
        raise ValueError(f"is not what numpy.save writes: its shape is {show(str(shape))}")
    if dtype.hasobject or min(shape, default=0) < 0 or held != math.prod(shape) * dtype.itemsize:
        raise ValueError(f"has {held} bytes, which is not {dtype} of shape {list(shape)}")
    array = np.frombuffer(content, dtype, offset=stream.tell())
    return array.reshape(shape, order="F" if by_column else "C")


def inside(directory: Path, name: str) -> Path:
    """The path of the file `name` in `directory` or below it."""
    if "\0" in name:
        raise ValueError("is no path: it has a NUL in it")
    try:
        path = directory / name
        if path.resolve().is_relative_to(directory.resolve()):
            return path
    except (OSError, RuntimeError) as error:  # links in a circle
        raise ValueError(f"cannot be read: {error}") from None
    raise ValueError("leads out of the study's directory")


MAX_CELLS = 4_000_000  # how many numbers a file may have

_MAX_UNPACKED = 2**28  # bytes


@dataclass(frozen=True)
class Table:
    """The columns of a file by their `names`, each `read` when it is asked for, and no others.

    They are all equally long: float64, int64 or uint64, or text (as objects).
    """

    names: tuple[str, ...]
    read: Callable[[str], np.ndarray]

    def find(self, wanted: str | int) -> str:
        """The name of a column, given that name or its position from 0."""
        if isinstance(wanted, int):
            if wanted >= len(self.names):
                columns = counted(len(self.names), "column")
                raise ValueError(f"has {columns}, and none at {wanted}, counted from 0")
            return self.names[wanted]
        if wanted not in self.names:
            raise ValueError(f"has no column {show(wanted)}{nearest(wanted, self.names)}")
        return wanted

    def column(self, name: str) -> np.ndarray:
        """A column as it is: finite numbers, or text."""
        column = self.read(name)
        if not len(column):
            raise ValueError("has no rows")
        if column.dtype.kind == "f" and not np.isfinite(column).all():
            wrong = np.flatnonzero(~np.isfinite(column))
            found = f"{column[wrong[0]]} in row {wrong[0] + 1}"
            raise ValueError(f"must have finite numbers in the column {show(name)}, not {found}")
        return column

    def numbers(self, names: Sequence[str]) -> np.ndarray:
        """(rows, names) float64 of columns of numbers."""
        columns: list[np.ndarray] = []
        for name in names:
            column = self.column(name)
            if column.dtype == object:
                comma = re.fullmatch(r"([+-]?\d+),(\d+)", column[0])
                hint = comma.expand(r"; a decimal comma is none here: write \1.\2") if comma else ""
                raise ValueError(f"has text in the column {show(name)}{hint}")
            if len(column) * len(names) > MAX_CELLS:
                raise ValueError(f"has more than {MAX_CELLS} cells")
            columns.append(column.astype(np.float64))
        return np.stack(columns, axis=1)


def read_table(path: Path) -> Table:
    """The columns in a file, by its ending.

    - .csv: names in the first line; between cells commas, or semicolons, tabs or bars
    - .parquet: columns of numbers, truth values and text
    - .npy: as `numpy.save` writes a matrix, whose columns are called "0", "1", ..., or a vector
      of named fields
    """
    return _by_ending(path, {".csv": _of_text, ".parquet": _of_parquet, ".npy": _of_array})


def _of_text(content: bytes) -> Table:
    text = _decoded(content)
    first = text.lstrip().partition("\n")[0]
    separator = next((one for one in ",;\t|" if one in first), ",")
    rows: list[list[str]] = []
    cells = 0
    try:
        reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator)
        for row in reader:
            if not row:
                continue
            rows.append(row)
            cells += len(row)
            if cells > MAX_CELLS:
                raise ValueError(f"has more than {MAX_CELLS} cells")
            if len(row) != len(rows[0]):
                found = f"{counted(len(row), 'cell')} in line {reader.line_num}"
                raise ValueError(f"has {found} and {counted(len(rows[0]), 'name')} of columns")
    except csv.Error as error:
        raise ValueError(f"is no CSV: {error}") from None
    if not rows:
        raise ValueError("has no rows")
    names = tuple(name.strip() for name in rows[0])
    _check_names(names, rows[1:])
    return Table(
        names, lambda name: _column([row[names.index(name)].strip() for row in rows[1:]], name)
    )


def _check_names(names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    for name in names:
        if _number(name) is not None:
            raise ValueError(
                "must have the names of its columns in its first line, not a sample: "
                f"{show(name)} is a number"
            )
    if len(set(names)) < len(names):
        raise ValueError("must have different names of its columns in its first line")
    apart = rows[0][0].split() if len(names) == 1 and rows else ()
    if len(names[0].split()) == len(apart) > 1 and None not in map(_number, apart):
        raise ValueError("must have commas, semicolons, tabs or bars between cells, not spaces")


def _column(cells: list[str], name: str) -> np.ndarray:
    if "" in cells:
        raise ValueError(f"lacks a value in the column {show(name)}, row {cells.index('') + 1}")
    if all(map(_WHOLE.fullmatch, cells)):
        for kind in (np.int64, np.uint64):  # as labels they are told apart beyond 2^53 too
            try:
                return np.array([int(cell) for cell in cells], kind)
            except OverflowError:
                continue
    numbers = [_number(cell) for cell in cells]
    return np.array(cells, object) if None in numbers else np.array(numbers, np.float64)


def _number(cell: str) -> float | None:
    try:
        return None if "_" in cell else float(cell)
    except ValueError:
        return None


def _of_parquet(content: bytes) -> Table:
    import pyarrow as pa  # noqa: PLC0415 - takes longer to import than a study to read
    from pyarrow import parquet  # noqa: PLC0415

    @contextmanager
    def readable() -> Iterator[None]:
        try:
            yield
        except (pa.ArrowException, OSError) as error:
            first = (str(error).splitlines() or ["it cannot be read"])[0]
            raise ValueError(f"is no parquet: {first}") from None

    with readable():
        file = parquet.ParquetFile(
            io.BytesIO(content),
            page_checksum_verification=True,
            thrift_string_size_limit=2**24,
            thrift_container_size_limit=2**20,
        )
        data = file.metadata
        groups = [data.row_group(at) for at in range(data.num_row_groups)]
        if data.num_rows > MAX_CELLS:
            raise ValueError(f"has more than {MAX_CELLS} cells")
        if sum(group.total_byte_size for group in groups) > _MAX_UNPACKED:
            raise ValueError(f"holds more than {_MAX_UNPACKED} bytes")
        names = tuple(file.schema_arrow.names)
    if len(set(names)) < len(names):
        raise ValueError("has two columns of one name")

    def read(name: str) -> np.ndarray:
        with readable():
            return _of_arrow(file.read([name], use_threads=False)[name], name, pa)

    return Table(names, read)


def _of_arrow(column: Any, name: str, pa: Any) -> np.ndarray:
    kind = column.type
    if column.null_count:
        raise ValueError(f"lacks a value in the column {show(name)}")
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return np.array(column.to_pylist(), object)
    if pa.types.is_boolean(kind):
        column = column.cast(pa.int8())
    elif not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        raise ValueError(f"must have numbers or text in the column {show(name)}, not {kind}")
    return _widened(column.to_numpy())


def _of_array(content: bytes) -> Table:
    array = array_of(content)
    if array.dtype.names is None and array.ndim == 2 and array.dtype.kind in "biuf":
        names = tuple(map(str, range(array.shape[1])))
        return Table(names, lambda name: _widened(array[:, int(name)]))
    if array.dtype.names is None or array.ndim != 1:
        raise ValueError(
            f"must have a matrix of numbers, or a vector of named fields, not {array.dtype} of "
            f"shape {list(array.shape)}"
        )
    return Table(array.dtype.names, lambda name: _of_field(array[name], name))


def _of_field(column: np.ndarray, name: str) -> np.ndarray:
    if column.ndim == 1 and column.dtype.kind == "U":
        return np.array(column.tolist(), object)
    if column.ndim != 1 or column.dtype.kind not in "biuf":
        raise ValueError(f"must have numbers or text in the field {show(name)}")
    return _widened(column)


def _widened(column: np.ndarray) -> np.ndarray:
    kinds = {"f": np.float64, "u": np.uint64, "i": np.int64, "b": np.int64}
    found: np.ndarray = column.astype(kinds[column.dtype.kind])
    return found
