"""Runs of `sweep bench` read back, one at a time: rows of two machines never mix."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from sweep.errors import RequestError, StoreError
from sweep.instrument.bench import SCHEMA
from sweep.store.commit import File, checked
from sweep.store.files import RECORDS, DamagedError
from sweep.store.folder import BENCH
from sweep.store.parquet import read


@dataclass(frozen=True)
class Run:
    """One run as it was saved.

    Attributes:
        name: of its files; names ascend with time.
        created: the time, in UTC.
        machine: what `Machine` tells, and its digest.
        versions: of sweep, Python and libraries.
        noise: the line on the machine's noise; `warning` is None if it was quiet.
        turns, ceilings: as in `Measured`.
    """

    name: str
    created: str
    machine: Mapping[str, str | int]
    versions: Mapping[str, str]
    noise: str
    warning: str | None
    turns: pd.DataFrame
    ceilings: pd.DataFrame


def runs(results: Path) -> list[str]:
    """The names of the runs that are saved, the oldest first."""
    return sorted(path.stem for path in (results / BENCH / RECORDS).glob("*.json"))


def open_run(results: Path, name: str | None = None) -> Run:
    """Read a run, the last one if none is named.

    Raises:
        RequestError: there is none.
        StoreError: its files are not what was saved.
    """
    known, directory = runs(results), results / BENCH
    if not known:
        raise RequestError(f"{directory}: nothing is measured yet; first `sweep bench`")
    chosen = name or known[-1]
    if chosen not in known:
        raise RequestError(f"{directory}: no run is called {chosen}; there are {', '.join(known)}")
    record = _record(directory / RECORDS / f"{chosen}.json")
    tables = {file["kind"]: read(directory, File(**file)).to_pandas() for file in record["files"]}
    about = {key: record[key] for key in ("created", "machine", "versions", "noise", "warning")}
    return Run(name=chosen, **about, **tables)


def _record(path: Path) -> dict[str, Any]:
    try:
        record = checked(path.read_bytes())
    except DamagedError as error:
        raise StoreError(f"{path}: {error}") from error
    if record["schema"] != SCHEMA:
        raise StoreError(f"{path} has layout {record['schema']}; this version reads {SCHEMA}")
    return record
