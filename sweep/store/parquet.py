"""Arrow tables as parquet files, and back once their checksum fits.

A committed file that is missing or not what was committed is a DamagedError, one that the system
cannot read a StoreError.

Encodings by measurement (131,072 rows; CPU nanoseconds and bytes a value, on one core):

    losses, weights   byte_stream_split + lz4   11 ns, 7.4 B (of curves 5.9 B); plain + zstd
                                                18-24 ns, 7.5 B; a dictionary 80 ns, 10 B
    swept rates       byte_stream_split + lz4   7 ns, under 0.5 B; a dictionary 7-11 ns, but
                                                80 ns where every value differs
    trial, steps      delta + lz4               7-17 ns, 0.01-1.3 B; a dictionary 9-67 ns
    outcome           dictionary                15 ns, 0.3 B; plain 45 ns, 12 B
"""

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from sweep.store.commit import File
from sweep.store.files import HIDDEN, DamagedError, content, opened, sha256, staged, told


class MissingError(DamagedError):
    """A committed file is not there."""


_ABOUT = b"sweep"
_ROW_GROUP = 2**17  # rows that one thread of a reader takes at a time; DuckDB likes about 120,000


def encode(table: pa.Table, about: bytes | None = None) -> bytes:
    """`table` as the content of a parquet file, with a checksum on every page.

    `about` is kept in its footer, for `decode`.
    """
    table = table.replace_schema_metadata({_ABOUT: about} if about else None)
    encodings, words = dict[str, str](), []
    for field in table.schema:
        name, kind = field.name, field.type
        if is_list(kind):
            name, kind = f"{name}.list.element", kind.value_type
        if pa.types.is_floating(kind):
            encodings[name] = "BYTE_STREAM_SPLIT"
        elif pa.types.is_integer(kind):
            encodings[name] = "DELTA_BINARY_PACKED"
        elif pa.types.is_string(kind) or pa.types.is_dictionary(kind):
            words.append(name)
    sink = pa.BufferOutputStream()
    pq.write_table(
        table,
        sink,
        row_group_size=_ROW_GROUP,
        compression="lz4",
        use_dictionary=words,
        column_encoding=encodings,
        write_page_checksum=True,
    )
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


def decode(path: Path) -> tuple[pa.Table, bytes]:
    """What `encode` made of a table, every page against its checksum, and what it is about.

    Raises:
        DamagedError: the file is no such table, or says nothing of itself.
        OSError: the system cannot read it.
    """
    buffer = pa.BufferReader(content(path))
    try:
        with pq.ParquetFile(buffer, page_checksum_verification=True) as parquet:
            table = parquet.read(use_threads=False)
    except (pa.ArrowException, OSError) as error:
        raise DamagedError(f"{path} cannot be decoded") from error
    about = (table.schema.metadata or {}).get(_ABOUT)
    if about is None:
        raise DamagedError(f"{path} says nothing of itself")
    return table.replace_schema_metadata(None), about


def is_list(kind: pa.DataType) -> bool:
    """Whether it is one of lists, all of one length or not."""
    return bool(pa.types.is_fixed_size_list(kind) or pa.types.is_list(kind))


def layout_of(schema: pa.Schema) -> str:
    """A short text that differs where schemas do."""
    return sha256(repr([(field.name, str(field.type)) for field in schema]).encode())[:16]


def schema_of(directory: Path, file: File) -> pa.Schema:
    """The schema of `file`, without reading its rows."""
    with told(directory / file.path), _open(directory, file) as found:
        try:
            return pq.read_schema(found).remove_metadata()
        except pa.ArrowException as error:
            raise _differs(directory, file) from error


def read(directory: Path, file: File, columns: Sequence[str] | None = None) -> pa.Table:
    """The table in `file` of the results in `directory`, or some of its columns.

    Of some columns no other bytes are read. SHA-256 are compared before a parquet reader sees the
    bytes: footers and the heads of pages have no checksum of their own.
    """
    with told(directory / file.path):
        if columns is not None and file.parts.keys() >= set(columns):
            return _read_parts(directory, file, columns)
    # Files are read side by side. Threads of Arrow's own can abort a process that ends just
    # after (github.com/apache/arrow/issues/34314).
    with pq.ParquetFile(pa.BufferReader(check_content(directory, file))) as parquet:
        return parquet.read(columns=columns, use_threads=False)


def parts_of(data: bytes) -> tuple[int, dict[str, str]]:
    """Where the footer of a parquet file begins, and the checksums of its parts, as in `File`."""
    length = int.from_bytes(data[-8:-4], "little")
    footer = len(data) - 8 - length
    digests = {"": hashlib.sha256(data[footer:])}
    view = memoryview(data)
    with pq.ParquetFile(pa.BufferReader(data)) as parquet:
        for name, start, size in _ranges(parquet.metadata):
            digests.setdefault(name, hashlib.sha256()).update(view[start : start + size])
    return footer, {name: digest.hexdigest() for name, digest in digests.items()}


def _read_parts(directory: Path, file: File, columns: Sequence[str]) -> pa.Table:
    """Read the footer and then the bytes of `columns` to where they are in the file.

    What lies between them is neither written nor read.
    """
    memory = pa.allocate_buffer(file.size)  # which goes round between threads, unlike a mapping
    view = memoryview(memory)
    found = {name: hashlib.sha256() for name in ("", *columns)}
    with _open(directory, file) as source:

        def fetch(name: str, start: int, size: int) -> None:
            source.seek(start)
            source.readinto(view[start : start + size])  # type: ignore[attr-defined]
            found[name].update(view[start : start + size])

        fetch("", file.footer, file.size - file.footer)
        _compare(directory, file, {"": found[""]})
        with pq.ParquetFile(pa.BufferReader(memory)) as parquet:
            for name, start, size in _ranges(parquet.metadata):
                if name in found:
                    fetch(name, start, size)
            _compare(directory, file, found)
            return parquet.read(columns=list(columns), use_threads=False)


def _compare(directory: Path, file: File, found: Mapping[str, "hashlib._Hash"]) -> None:
    if any(digest.hexdigest() != file.parts[name] for name, digest in found.items()):
        raise _differs(directory, file)


def _differs(directory: Path, file: File) -> DamagedError:
    return DamagedError(f"{directory / file.path} is not what was committed (its SHA-256 differs)")


def _ranges(metadata: pq.FileMetaData) -> Iterator[tuple[str, int, int]]:
    """The name, first byte and length of each column's data in each row group."""
    for group in range(metadata.num_row_groups):
        for at in range(metadata.num_columns):
            column = metadata.row_group(group).column(at)
            starts = (column.dictionary_page_offset, column.data_page_offset)
            start = min(start for start in starts if start is not None)
            yield column.path_in_schema.partition(".list.")[0], start, column.total_compressed_size


def check(directory: Path, file: File) -> None:
    """Read all of `file`, every page against its checksum, and count its rows."""
    buffer = pa.BufferReader(check_content(directory, file))
    try:
        with pq.ParquetFile(buffer, page_checksum_verification=True) as parquet:
            rows = sum(batch.num_rows for batch in parquet.iter_batches(use_threads=False))
    except (pa.ArrowException, OSError) as error:
        raise DamagedError(f"{directory / file.path} cannot be decoded") from error
    if rows != file.rows:
        raise DamagedError(f"{directory / file.path} has {rows} rows instead of {file.rows}")


def check_content(directory: Path, file: File) -> bytes:
    """All of `file`, whose checksum fits; it is not decoded."""
    with told(directory / file.path), _open(directory, file) as found:
        data = found.read()
    if sha256(data) != file.sha256:
        raise _differs(directory, file)
    return data


def check_size(directory: Path, file: File) -> None:
    """Look whether `file` is there and as long as it was, without reading it."""
    with told(directory / file.path), _open(directory, file):
        pass


def _open(directory: Path, file: File) -> BinaryIO:
    """Open `file`, of the right size, wherever it lies: in its place, staged for it, or hidden.

    Another process may move it meanwhile, so every place is tried again before it is missing.
    """
    path = directory / file.path
    places = (path, staged(path), directory / HIDDEN / file.path)
    for place in (*places, *places):
        with suppress(FileNotFoundError):
            found = opened(place)
            break
    else:
        raise MissingError(f"{path} is missing")
    size = os.fstat(found.fileno()).st_size
    if size != file.size:
        found.close()
        raise DamagedError(f"{path} has {size} bytes instead of the {file.size} committed")
    return found
