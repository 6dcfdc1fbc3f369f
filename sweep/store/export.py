"""What is written for other programs: tables as CSV, parquet and Excel, a study as a benchmark."""

import json
import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pandas.api.types import is_integer_dtype, is_numeric_dtype
from xlsxwriter.exceptions import FileCreateError

from sweep.catalogue import MEASURES
from sweep.errors import RequestError
from sweep.store.derived import MOST_ROWS
from sweep.store.files import EXPORTED, KINDS, complete, make_directories, refuse_place, told
from sweep.store.folder import inputs_of
from sweep.store.results import Results, results_of
from sweep.study import Axis, Study

FORMS = ("file", "table")  # what is written: one table, or all of a study as a benchmark for others

EXCEL_ROWS, EXCEL_COLUMNS = 1_048_576, 16_384
EXCEL_DIGITS = 10**15  # Excel keeps 15 digits of a number; longer integers are written as text
EXCEL_OPTIONS = {f"strings_to_{kind}": False for kind in ("formulas", "urls", "numbers")}

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
    """Refuse a file whose ending is none of `WRITERS`."""
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


FORMAT = 1  # the version of what is written; a change that a reader would notice raises it

FILES = ("configurations.parquet", "curves.parquet", "space.json")


MOST_VALUES = 10_000
"""Of an axis of more values than this the space has the ends alone; the table has all."""


def export_benchmark(results: Results, directory: Path) -> int:
    """Write a study as a tabular benchmark into a new directory; return how many configurations.

    `configurations.parquet` has a row a trial: `trial`, the axes, the measures and `outcome`;
    `curves.parquet` the columns `trial`, `step`, `loss` and what else the curves have, both by
    ascending `trial`; `space.json` the axes, their kinds and values, the measures, the steps and
    all that does not vary. Curves are written some at a time.

    Raises:
        RequestError: nothing is trained, no curves were recorded, or it cannot be written there.
        StoreError: a file is damaged or cannot be read.
    """
    with told(f"{directory}: cannot be written", RequestError):
        if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
            raise RequestError(f"{directory}: is there already; a benchmark needs a new directory")
        for name in FILES:
            refuse_place(directory / name, "export", inputs_of(results.directory))
    configurations = results.arrow("trials").sort_by("trial")
    trials = configurations["trial"].to_numpy()
    lengths = {len(group.record.loss_steps(group.steps)) for group in results.study.groups()}
    if not len(trials) or max(lengths) == 0:
        what = "curves were recorded; see record.loss" if len(trials) else "trial is trained yet"
        raise RequestError(f"{results.study.name}: no {what}")
    with told(f"{directory}: cannot be written", RequestError):
        make_directories(directory)
        with complete(directory / FILES[0]) as path:
            pq.write_table(configurations.replace_schema_metadata(EXPORTED), path, **_OPTIONS)
        with complete(directory / FILES[1]) as path:
            _write_curves(results, trials, max(1, MOST_ROWS // max(lengths)), path)
        with complete(directory / FILES[2]) as path:
            path.write_text(json.dumps(_space(results, len(trials)), indent=1), encoding="utf-8")
    return len(trials)


_OPTIONS: dict[str, Any] = {"compression": "zstd", "write_page_checksum": True}


def _write_curves(results: Results, trials: np.ndarray, size: int, path: Path) -> None:
    """Write the curves of `trials`, ascending, `size` trials at a time."""
    axes = {axis.name for axis in results.study.axes}
    usual = results.arrow("curves", trials=trials[:1]).column_names
    names = [name for name in usual if name not in axes]
    kinds = {np.dtype(group.training.dtype) for group in results.study.groups()}
    loss = pa.from_numpy_dtype(np.result_type(*kinds))
    types = {"trial": pa.int64(), "step": pa.int32()}
    schema = pa.schema([(name, types.get(name, loss)) for name in names], EXPORTED)
    with pq.ParquetWriter(path, schema, **_OPTIONS) as writer:
        for start in range(0, len(trials), size):
            part = results.arrow("curves", names, trials=trials[start : start + size])
            part = part.sort_by([("trial", "ascending"), ("step", "ascending")])
            writer.write_table(part.cast(schema), row_group_size=2**20)


def _space(results: Results, trials: int) -> dict[str, Any]:
    """What `space.json` holds."""
    study = results.study
    measures = [*results.arrow("trials", trials=[]).column_names]
    return {
        "format": FORMAT,
        "study": study.name,
        "title": study.title,
        "configurations": trials,
        "axes": {axis.name: _axis(axis) for axis in study.axes},
        "where": study.where.text if study.where else "",
        "measures": {
            name: {"words": row.words, "unit": row.unit, "larger_is_better": row.larger_is_better}
            for name, row in MEASURES.items()
            if name in measures
        },
        "most_steps": max(group.steps for group in study.groups()),
        "recorded_steps": np.unique(
            np.concatenate([group.record.loss_steps(group.steps) for group in study.groups()])
        ).tolist(),
        "study_toml": study.to_toml(),
    }


def _axis(axis: Axis) -> dict[str, Any]:
    """An axis: "float", "int", "bool" or "name", and its different values, ascending."""
    values = axis.ranked[0]
    kinds = {"f": "float", "i": "int", "b": "bool", "O": "name"}
    found: dict[str, Any] = {"kind": kinds[values.dtype.kind], "count": len(values)}
    if values.dtype.kind in "fi":
        found |= {"lowest": values[0].item(), "highest": values[-1].item()}
    return found | ({"values": values.tolist()} if len(values) <= MOST_VALUES else {})
