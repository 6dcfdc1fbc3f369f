"""Files of named columns: CSV, parquet and npy.

Every ValueError is the end of a sentence that starts with the file's name.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sweep.study.checks import nearest, show
from sweep.study.files import MAX_TABLE_BYTES, array_of, read_whole

MAX_CELLS = 4_000_000
"""How many numbers a file may have."""

_MAX_UNPACKED = 2**28  # bytes


@dataclass(frozen=True)
class Table:
    """Columns by name: float64, finite, or (as objects) text; all equally long."""

    columns: dict[str, np.ndarray]

    def find(self, wanted: str | int) -> str:
        """The name of a column, given that name or its position from 0.

        Raises:
            ValueError: there is none.
        """
        names = list(self.columns)
        if isinstance(wanted, int):
            if wanted >= len(names):
                raise ValueError(f"has {len(names)} columns, and none at {wanted}, counted from 0")
            return names[wanted]
        if wanted not in self.columns:
            raise ValueError(f"has no column {show(wanted)}{nearest(wanted, names)}")
        return wanted

    def numbers(self, names: Sequence[str]) -> np.ndarray:
        """(rows, names) float64 of columns of numbers.

        Raises:
            ValueError: one holds text.
        """
        for name in names:
            if self.columns[name].dtype == object:
                raise ValueError(f"has text in the column {show(name)}")
        return np.stack([self.columns[name] for name in names], axis=1)


def read_table(path: Path) -> Table:
    """The columns in a file, by its ending.

    - .csv: commas between cells, names in the first line
    - .parquet: columns of numbers, truth values and text
    - .npy: as `numpy.save` writes a matrix, whose columns are called "0", "1", ..., or a vector
      of named fields

    Raises:
        ValueError: it cannot be read, is something else, is empty, or is too large.
    """
    readers = {".csv": _of_text, ".parquet": _of_parquet, ".npy": _of_array}
    if path.suffix not in readers:
        raise ValueError(f"must end in {', '.join(list(readers)[:-1])} or {list(readers)[-1]}")
    table = Table(readers[path.suffix](read_whole(path, MAX_TABLE_BYTES, "a table")))
    if not table.columns or not len(next(iter(table.columns.values()))):
        raise ValueError("has no rows")
    for name, column in table.columns.items():
        if column.dtype != object and not np.isfinite(column).all():
            wrong = np.flatnonzero(~np.isfinite(column))
            found = f"{column[wrong[0]]} in row {wrong[0] + 1}"
            raise ValueError(f"must have finite numbers in the column {show(name)}, not {found}")
    return table


def _of_text(content: bytes) -> dict[str, np.ndarray]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"is not UTF-8 text (byte {error.start})") from None
    rows: list[list[str]] = []
    cells = 0
    try:
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        for row in reader:
            if not row:
                continue
            rows.append(row)
            cells += len(row)
            if cells > MAX_CELLS:
                raise ValueError(f"has more than {MAX_CELLS} cells")
            if len(row) != len(rows[0]):
                found = f"{len(row)} cells in line {reader.line_num}"
                raise ValueError(f"has {found} and {len(rows[0])} names of columns")
    except csv.Error as error:
        raise ValueError(f"is no CSV: {error}") from None
    if not rows:
        raise ValueError("has no rows")
    names = [name.strip() for name in rows[0]]
    if _numbers(names) is not None or len(set(names)) < len(names):
        raise ValueError("must have different names of its columns in its first line")
    return {
        name: _column([row[at].strip() for row in rows[1:]], name) for at, name in enumerate(names)
    }


def _column(cells: list[str], name: str) -> np.ndarray:
    if "" in cells:
        raise ValueError(f"lacks a value in the column {show(name)}, row {cells.index('') + 1}")
    numbers = _numbers(cells)
    return np.array(cells, object) if numbers is None else np.array(numbers, np.float64)


def _numbers(cells: list[str]) -> list[float] | None:
    try:
        return [float(cell) for cell in cells]
    except ValueError:
        return None


def _of_parquet(content: bytes) -> dict[str, np.ndarray]:
    import pyarrow as pa  # noqa: PLC0415 - takes longer to import than a study to read
    from pyarrow import parquet  # noqa: PLC0415

    try:
        file = parquet.ParquetFile(
            io.BytesIO(content),
            page_checksum_verification=True,
            thrift_string_size_limit=2**24,
            thrift_container_size_limit=2**20,
        )
        data = file.metadata
        groups = [data.row_group(at) for at in range(data.num_row_groups)]
        if data.num_rows * data.num_columns > MAX_CELLS:
            raise ValueError(f"has more than {MAX_CELLS} cells")
        if sum(group.total_byte_size for group in groups) > _MAX_UNPACKED:
            raise ValueError(f"holds more than {_MAX_UNPACKED} bytes")
        table = file.read(use_threads=False)
        if len(set(table.column_names)) < table.num_columns:
            raise ValueError("has two columns of one name")
        return {name: _of_arrow(table[name], name, pa) for name in table.column_names}
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"is no parquet: {str(error).splitlines()[0]}") from None


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
    found: np.ndarray = column.cast(pa.float64()).to_numpy()
    return found


def _of_array(content: bytes) -> dict[str, np.ndarray]:
    array = array_of(content)
    if array.dtype.names is None and array.ndim == 2 and array.dtype.kind in "biuf":
        return {str(at): column.astype(np.float64) for at, column in enumerate(array.T)}
    if array.dtype.names is None or array.ndim != 1:
        raise ValueError(
            f"must have a matrix of numbers, or a vector of named fields, not {array.dtype} of "
            f"shape {list(array.shape)}"
        )
    if len(array.dtype.names) * len(array) > MAX_CELLS:
        raise ValueError(f"has more than {MAX_CELLS} cells")
    return {name: _of_field(array[name], name) for name in array.dtype.names}


def _of_field(column: np.ndarray, name: str) -> np.ndarray:
    if column.ndim == 1 and column.dtype.kind == "U":
        return np.array(column.tolist(), object)
    if column.ndim != 1 or column.dtype.kind not in "biuf":
        raise ValueError(f"must have numbers or text in the field {show(name)}")
    found: np.ndarray = column.astype(np.float64)
    return found
