"""Exported tables: complete or absent, every digit, and nothing that executes."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest

from sweep.errors import RequestError
from sweep.store import export
from sweep.store.export import export_table
from sweep.store.files import complete


@pytest.fixture
def table() -> pd.DataFrame:
    """Values that a spreadsheet would bend: formulas, long integers, infinities, gaps."""
    return pd.DataFrame(
        {
            "name": ["=1+1", "@SUM(A1)", "plain", "-2"],
            "seed": np.array([1, 2, 2**63 + 1, 3], dtype=np.uint64),
            "loss": [0.1, 1 / 3, np.inf, np.nan],
            "steps": pd.array([1, None, 3, 4], "Int64"),
            "never": pd.array([None] * 4, "Int64"),
        }
    )


def test_csv_keeps_every_digit_and_executes_nothing(table: pd.DataFrame, tmp_path: Path) -> None:
    export_table(table, tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text().splitlines() == [
        "name,seed,loss,steps,never",
        "'=1+1,1,0.1,1,",
        "'@SUM(A1),2,0.3333333333333333,,",
        "plain,9223372036854775809,inf,3,",
        "'-2,3,,4,",
    ]


def test_parquet_is_the_table_itself(table: pd.DataFrame, tmp_path: Path) -> None:
    export_table(table, tmp_path / "t.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "t.parquet"), table)


def test_excel_gets_text_as_text_and_long_integers_whole(
    table: pd.DataFrame, tmp_path: Path
) -> None:
    export_table(table, tmp_path / "t.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "t.xlsx").active
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[0] == ("name", "seed", "loss", "steps", "never")
    assert rows[1] == ("=1+1", "1", 0.1, 1, None)
    assert rows[3] == ("plain", "9223372036854775809", "inf", 3, None)
    assert {cell.data_type for cell in sheet["A"]} == {"s"}


def test_more_rows_than_excel_has_are_refused_and_leave_nothing(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"1,048,576 rows of 1 columns .* export to .csv or"):
        export_table(pd.DataFrame({"trial": np.arange(1_048_576)}), tmp_path / "t.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_a_failed_export_keeps_what_was_there(
    table: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t.csv"
    path.write_text("old")

    def fail(table: pd.DataFrame, path: Path) -> None:
        path.write_text("half")
        raise OSError("no space left")

    monkeypatch.setitem(export.WRITERS, ".csv", fail)
    with pytest.raises(OSError, match="no space left"):
        export_table(table, path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".xlsx"])
def test_a_full_disk_is_what_the_system_says(ending: str, tmp_path: Path) -> None:
    script = (
        "import pandas, resource; from pathlib import Path; from sweep.store import export\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (65_536, 65_536))\n"
        "table = pandas.DataFrame({'loss': pandas.Series(range(20_000)) ** 0.5})\n"
        "try:\n"
        f"    export.WRITERS['{ending}'](table, Path('t{ending}'))\n"
        "except OSError as error:\n"
        "    print(error)"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "File too large" in done.stdout
    assert not done.stderr


def test_an_unknown_ending_is_refused(table: pd.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r'the ending must be .csv, .parquet, .xlsx, not ".txt"'):
        export_table(table, tmp_path / "t.txt")


def test_what_a_killed_writer_left_is_removed_by_the_next(
    table: pd.DataFrame, tmp_path: Path
) -> None:
    script = (
        "import os, sys; from pathlib import Path; from sweep.store.files import complete\n"
        "with complete(Path('t.png')) as path:\n"
        "    path.write_text('half'); os.kill(os.getpid(), 9)"
    )
    for _ in range(2):  # of two, the second has removed what the first left
        subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=False)
    (left,) = tmp_path.iterdir()
    assert left.name.endswith(".unfinished.png")
    foreign = tmp_path / ".notes.unfinished"
    foreign.touch()
    with complete(tmp_path / "other.csv") as writing:
        export_table(table, tmp_path / "t.csv")
        assert writing.exists()
    assert {path.name for path in tmp_path.iterdir()} == {"t.csv", "other.csv", foreign.name}
