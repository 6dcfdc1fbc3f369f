"""Tables written for other programs: CSV, parquet and Excel."""

import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pandas.api.types import is_integer_dtype, is_numeric_dtype
from xlsxwriter.exceptions import FileCreateError

from sweep.errors import RequestError
from sweep.store.benchmark import export_benchmark
from sweep.store.files import EXPORTED, KINDS, complete, refuse_place, told
from sweep.store.folder import inputs_of
from sweep.store.results import Results, results_of
from sweep.study import Study

FORMS = ("file", "table")  # what is written: one table, or all of a study as a benchmark for others

EXCEL_ROWS, EXCEL_COLUMNS = 1_048_576, 16_384
EXCEL_DIGITS = 10**15
"""Excel keeps 15 digits of a number; a longer integer, such as a seed, is written as text."""

EXCEL_OPTIONS: dict[str, Any] = {
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}

FORMULA = re.compile(r"^(?=[=+\-@\t\r])")  # how a cell begins that a spreadsheet would execute


def export(
    results: Results | Study | str | Path,
    file: str | Path,
    table: str = "trials",
    form: str = "file",
) -> int:
    """Write a table of a study's results to a file, and return how many rows it has.

    Args:
        results: of a study that was run; or their directory, or the study by its name or file.
        file: its ending says how: .csv, .parquet or .xlsx.
        table: "trials", "curves" or "parameters".
        form: "file"; or "table", all of the study as a tabular benchmark: `file` is then a new
            directory, and what is returned how many configurations there are.

    Raises:
        RequestError: there is no such table or ending, nothing was recorded for it, or it cannot
            be written there.
        StoreError: a file is damaged or cannot be read.
    """
    results, path = results_of(results), Path(file)
    if form not in FORMS:
        raise RequestError(f"form: must be {' or '.join(FORMS)}, not {form!r}")
    if form == "table":
        return export_benchmark(results, path)
    check_ending(path)
    refuse_place(path, "export", inputs_of(results.directory))
    if table not in KINDS:
        raise RequestError(f'no table is called "{table}"; there are {", ".join(KINDS)}')
    rows: pd.DataFrame = getattr(results, table)()
    if rows.empty:
        raise RequestError(
            f"{results.study.name}: no {table} were recorded; see [record] in the study"
        )
    with told(f"{path}: cannot be written", RequestError):
        export_table(rows, path)
    return len(rows)


def export_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table to a file whose ending says how: .csv, .parquet or .xlsx.

    Text never becomes a formula: in csv an apostrophe goes before what a spreadsheet would run.

    Raises:
        RequestError: no such ending, or the table is larger than an Excel sheet.
    """
    check_ending(path)
    with complete(path) as temporary:
        WRITERS[path.suffix.lower()](table, temporary)


def check_ending(path: Path) -> None:
    """Refuse a file whose ending says no known format.

    Raises:
        RequestError: the ending is none of `WRITERS`.
    """
    if path.suffix.lower() not in WRITERS:
        raise RequestError(f'{path}: the ending must be {", ".join(WRITERS)}, not "{path.suffix}"')


def _write_csv(table: pd.DataFrame, path: Path) -> None:
    words = [name for name in table if not is_numeric_dtype(table[name])]
    safe = {
        str(name): table[name].astype(str).str.replace(FORMULA, "'", regex=True) for name in words
    }
    table.assign(**safe).to_csv(path, index=False)


def _write_parquet(table: pd.DataFrame, path: Path) -> None:
    made = pa.Table.from_pandas(table, preserve_index=False)
    pq.write_table(made.replace_schema_metadata({**made.schema.metadata, **EXPORTED}), path)


def _write_excel(table: pd.DataFrame, path: Path) -> None:
    if len(table) >= EXCEL_ROWS or len(table.columns) > EXCEL_COLUMNS:
        raise RequestError(
            f"{len(table):,} rows of {len(table.columns):,} columns are more than an Excel sheet's "
            f"{EXCEL_ROWS - 1:,} of {EXCEL_COLUMNS:,}: export to .csv or .parquet"
        )
    integers = [name for name in table if is_integer_dtype(table[name])]
    long = [name for name in integers if table[name].abs().gt(EXCEL_DIGITS).any()]
    options = {"options": EXCEL_OPTIONS}
    made = BytesIO()  # on a full disk a zip file complains once more when it is thrown away
    try:
        with pd.ExcelWriter(made, engine="xlsxwriter", engine_kwargs=options) as writer:
            writer.book.set_properties({"comments": "sweep export"})
            table.astype(dict.fromkeys(long, str)).to_excel(
                writer, index=False, freeze_panes=(1, 0)
            )
    except FileCreateError as error:  # where xlsxwriter keeps parts of it meanwhile
        raise OSError(*error.args[0].args) from error
    path.write_bytes(made.getbuffer())


WRITERS: dict[str, Callable[[pd.DataFrame, Path], None]] = {
    ".csv": _write_csv,
    ".parquet": _write_parquet,
    ".xlsx": _write_excel,
}
