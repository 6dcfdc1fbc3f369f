"""Runs of the instrument on the disk: tidy parquet beside a record that says what it came from.

    results/bench/
      commits/<run>.json       when, on what machine, with which versions, and each file's SHA-256
      turns/<run>.parquet      a row a turn
      ceilings/<run>.parquet   a row a ceiling and round
      figures/

A run is there with its record or not at all. Every row names its run and machine, so that plain
readers of a directory can tell runs apart; what reads here reads one run and never mixes two.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from sweep.errors import RequestError, StoreError
from sweep.store.commit import DamagedError, File, checked, now, signed
from sweep.store.files import make_directory, publish, sha256, told
from sweep.store.folder import BENCH
from sweep.store.ledger import RECORDS
from sweep.store.machine import library_versions
from sweep.store.parquet import encode, read

if TYPE_CHECKING:
    from sweep.instrument.instrument import Measured
    from sweep.instrument.machine import Machine

TABLES = ("turns", "ceilings")
_SCHEMA = 1


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


def save(measured: "Measured", machine: "Machine", results: Path) -> Path:
    """Commit a run; return the path of its record.

    Raises:
        RequestError: the system refused.
    """
    created, versions = now(), library_versions()
    run = f"{created[:19].replace('-', '').replace(':', '')}-{machine.digest}"
    about = {"run": run, "created": created, "versions": versions}
    same = about | {
        "machine": machine.digest,
        "processor": machine.name,
        "versions": " ".join(f"{name} {version}" for name, version in versions.items()),
    }
    files, contents = [], dict[Path, bytes]()
    for kind in TABLES:
        table = getattr(measured, kind).assign(**same)
        data = encode(pa.Table.from_pandas(table, preserve_index=False))
        files.append(asdict(File(kind, f"{kind}/{run}.parquet", len(data), sha256(data), 0)))
        contents[results / BENCH / files[-1]["path"]] = data
    record = about | {
        "schema": _SCHEMA,
        "machine": asdict(machine) | {"digest": machine.digest},
        "noise": str(measured.noise),
        "warning": measured.noise.warning,
        "files": files,
    }
    path = results / BENCH / RECORDS / f"{run}.json"
    make_room(results)
    with told(f"{results / BENCH}: results cannot be saved here", RequestError):
        publish({**contents, path: signed(record)})
    return path


def make_room(results: Path) -> None:
    """Make the directories of runs where they are missing.

    Raises:
        RequestError: the system refused.
    """
    directory = results / BENCH
    with told(f"{directory}: results cannot be saved here", RequestError):
        for kind in (RECORDS, *TABLES):
            make_directory(directory / kind)


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
    if record["schema"] != _SCHEMA:
        raise StoreError(f"{path} has layout {record['schema']}; this version reads {_SCHEMA}")
    return record
