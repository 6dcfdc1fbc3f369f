"""A study as a benchmark for others: its configurations, their curves, and the space they span."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sweep.catalogue import MEASURES
from sweep.errors import RequestError
from sweep.store.files import EXPORTED, complete, make_directories, refuse_place, told
from sweep.store.folder import inputs_of
from sweep.store.results import Results
from sweep.study import Axis

FORMAT = 1  # the version of what is written; a change that a reader would notice raises it

FILES = ("configurations.parquet", "curves.parquet", "space.json")

MOST_ROWS = 4_000_000  # how many rows of curves are read and written at a time

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
