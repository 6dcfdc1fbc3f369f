import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sweep.store import parquet
from sweep.store.commit import File
from sweep.store.files import DamagedError, sha256

ROWS = 300


@pytest.fixture
def table() -> pa.Table:
    rng = np.random.default_rng(1)
    steps = rng.integers(0, 1000, ROWS, dtype=np.int32)
    recent = rng.normal(size=(ROWS, 20)).ravel()
    return pa.table(
        {
            "trial": np.arange(7, 7 + ROWS),
            "rate": np.repeat(rng.random(3), ROWS // 3),
            "loss": np.where(steps < 20, np.nan, rng.random(ROWS)),
            "small": rng.random(ROWS).astype(np.float32),
            "steps": pa.array(steps, mask=steps < 500),
            "flag": steps % 2 == 0,
            "name": pa.repeat("tanh", ROWS),
            "outcome": pa.DictionaryArray.from_arrays(steps % 3, ["a", "b", "c"]),
            "recent": pa.FixedSizeListArray.from_arrays(recent, 20, mask=pa.array(steps < 300)),
        }
    )


@pytest.fixture
def file(table: pa.Table, tmp_path: Path) -> File:
    data = parquet.encode(table)
    (tmp_path / "trials").mkdir()
    (tmp_path / "trials" / "0.parquet").write_bytes(data)
    return File("trials", "trials/0.parquet", len(data), sha256(data), ROWS)


def test_every_type_reads_back_to_the_bit(table: pa.Table, file: File, tmp_path: Path) -> None:
    found = parquet.read(tmp_path, file)
    assert found.schema.equals(table.schema)
    for name in table.column_names:
        one, other = (side[name].combine_chunks() for side in (found, table))
        if pa.types.is_floating(one.type):
            assert one.to_numpy().tobytes() == other.to_numpy().tobytes()
        else:
            assert one.to_pylist() == other.to_pylist()
    parquet.check(tmp_path, file)


def test_some_columns_are_read_alone(file: File, tmp_path: Path) -> None:
    assert parquet.read(tmp_path, file, ["steps", "rate"]).column_names == ["steps", "rate"]


def test_the_same_table_gives_the_same_bytes(table: pa.Table) -> None:
    assert parquet.encode(table) == parquet.encode(table)


def test_columns_are_encoded_as_documented(file: File, tmp_path: Path) -> None:
    group = pq.ParquetFile(tmp_path / file.path).metadata.row_group(0)
    columns = {group.column(at).path_in_schema: group.column(at) for at in range(group.num_columns)}
    for name, encoding in {
        "trial": "DELTA_BINARY_PACKED",
        "steps": "DELTA_BINARY_PACKED",
        "rate": "BYTE_STREAM_SPLIT",
        "small": "BYTE_STREAM_SPLIT",
        "recent.list.element": "BYTE_STREAM_SPLIT",
        "outcome": "RLE_DICTIONARY",
        "name": "RLE_DICTIONARY",
    }.items():
        assert encoding in columns[name].encodings, name
        assert columns[name].compression == "LZ4"


MANY = pytest.param(4000, marks=pytest.mark.soak)


@pytest.mark.parametrize("flips", [400, MANY])
def test_no_flipped_bit_is_read(file: File, tmp_path: Path, flips: int) -> None:
    path = tmp_path / file.path
    good = path.read_bytes()
    rng = np.random.default_rng(2)
    for at in rng.integers(0, 8 * len(good), flips).tolist():
        bad = bytearray(good)
        bad[at // 8] ^= 1 << at % 8
        path.write_bytes(bad)
        with pytest.raises(DamagedError, match=r"0\.parquet is not what was committed"):
            parquet.read(tmp_path, file, ["trial"])


@pytest.mark.parametrize("flips", [400, MANY])
def test_no_flipped_bit_is_read_in_columns_alone(
    table: pa.Table, file: File, tmp_path: Path, flips: int
) -> None:
    """Other columns are not looked at; whatever is handed out is right."""
    path, columns = tmp_path / file.path, ["outcome", "loss"]
    good = path.read_bytes()
    footer, parts = parquet.parts_of(good)
    assert set(parts) == {"", *table.column_names}
    in_parts = replace(file, footer=footer, parts=parts)
    expected = parquet.read(tmp_path, file, columns)
    rng, refused = np.random.default_rng(3), 0
    for at in [*rng.integers(0, 8 * len(good), flips).tolist(), 8 * footer, 8 * len(good) - 1]:
        bad = bytearray(good)
        bad[at // 8] ^= 1 << at % 8
        path.write_bytes(bad)
        try:
            found = parquet.read(tmp_path, in_parts, columns)
            assert found["outcome"].equals(expected["outcome"])
            assert found["loss"].to_numpy().tobytes() == expected["loss"].to_numpy().tobytes()
        except DamagedError:
            refused += 1
    assert flips / 10 < refused < flips


@pytest.mark.parametrize("every", [97, pytest.param(1, marks=pytest.mark.soak)])
def test_no_truncation_is_read(file: File, tmp_path: Path, every: int) -> None:
    path = tmp_path / file.path
    good = path.read_bytes()
    for length in range(0, len(good), every):
        path.write_bytes(good[:length])
        with pytest.raises(DamagedError, match=f"has {length} bytes instead of the {len(good)}"):
            parquet.read(tmp_path, file)
    path.unlink()
    with pytest.raises(DamagedError, match="is missing"):
        parquet.read(tmp_path, file)


def test_page_checksums_are_on(table: pa.Table, tmp_path: Path) -> None:
    """A flip that the record does not know of, as if its checksum had been taken too late."""
    data = bytearray(parquet.encode(table.select(["loss"])))
    data[len(data) // 3] ^= 4
    (tmp_path / "0.parquet").write_bytes(data)
    file = File("trials", "0.parquet", len(data), sha256(bytes(data)), ROWS)
    with pytest.raises(DamagedError, match="cannot be decoded"):
        parquet.check(tmp_path, file)


def test_rows_are_counted(table: pa.Table, tmp_path: Path) -> None:
    data = parquet.encode(table)
    (tmp_path / "0.parquet").write_bytes(data)
    file = File("trials", "0.parquet", len(data), sha256(data), ROWS + 1)
    with pytest.raises(DamagedError, match=f"has {ROWS} rows instead of {ROWS + 1}"):
        parquet.check(tmp_path, file)


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="threads are counted in /proc")
@pytest.mark.parametrize("columns", [None, ["loss"], ["trial", "loss", "outcome"]])
def test_reading_leaves_no_threads_that_could_abort_the_end(
    file: File, tmp_path: Path, columns: list[str] | None
) -> None:
    code = f"""
import os
from pathlib import Path
from sweep.store import parquet
from sweep.store.commit import File
file = {file!r}
before = len(os.listdir("/proc/self/task"))
parquet.check(Path("{tmp_path}"), file)
parquet.read(Path("{tmp_path}"), file, {columns})
print(len(os.listdir("/proc/self/task")) - before)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "0\n"
