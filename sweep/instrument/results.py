"""Runs of the instrument on the disk: tidy parquet beside a record that says what it came from.

    results/bench/
      commits/<run>.json       when, on what machine, with which versions, and each file's SHA-256
      turns/<run>.parquet      a row a turn
      ceilings/<run>.parquet   a row a ceiling and round
      figures/

A run is there with its record or not at all. Every row names its run and machine, so that plain
readers of a directory can tell runs apart; what reads here reads one run and never mixes two.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from sweep.errors import RequestError, StoreError
from sweep.store.commit import File, library_versions, now
from sweep.store.files import make_directory, publish, sha256, told
from sweep.store.folder import BENCH
from sweep.store.parquet import encode, read

if TYPE_CHECKING:
    from sweep.instrument.instrument import Measured
    from sweep.instrument.machine import Machine

TABLES = ("turns", "ceilings")
_RECORDS = "commits"
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
    directory, created = results / BENCH, now()
    run = f"{created[:19].replace('-', '').replace(':', '')}-{machine.digest}"
    tables = {"turns": measured.turns, "ceilings": measured.ceilings}
    same = {
        "run": run,
        "created": created,
        "machine": machine.digest,
        "processor": machine.name,
        "versions": " ".join(f"{name} {version}" for name, version in library_versions().items()),
    }
    data = {
        f"{kind}/{run}.parquet": encode(
            pa.Table.from_pandas(table.assign(**same), preserve_index=False)
        )
        for kind, table in tables.items()
    }
    files = [
        asdict(File(path.partition("/")[0], path, len(content), sha256(content), 0))
        for path, content in data.items()
    ]
    record: dict[str, Any] = {
        "schema": _SCHEMA,
        "run": run,
        "created": created,
        "machine": asdict(machine) | {"digest": machine.digest},
        "versions": library_versions(),
        "noise": str(measured.noise),
        "warning": measured.noise.warning,
        "files": files,
    }
    record["sha256"] = sha256(_canonical(record))
    path = directory / _RECORDS / f"{run}.json"
    make_room(results)
    with told(f"{directory}: results cannot be saved here", RequestError):
        publish(
            {directory / name: content for name, content in data.items()}
            | {path: (json.dumps(record, indent=1) + "\n").encode()}
        )
    return path


def make_room(results: Path) -> None:
    """Make the directories of runs where they are missing.

    Raises:
        RequestError: the system refused.
    """
    directory = results / BENCH
    with told(f"{directory}: results cannot be saved here", RequestError):
        for kind in (_RECORDS, *TABLES):
            make_directory(directory / kind)


def runs(results: Path) -> list[str]:
    """The names of the runs that are saved, the oldest first."""
    return sorted(path.stem for path in (results / BENCH / _RECORDS).glob("*.json"))


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
    record = _record(directory / _RECORDS / f"{chosen}.json")
    files = [File(**file) for file in record["files"]]
    tables = {file.kind: read(directory, file).to_pandas() for file in files}
    about = {key: record[key] for key in ("created", "machine", "versions", "noise", "warning")}
    return Run(name=chosen, **about, **tables)


def _record(path: Path) -> dict[str, Any]:
    try:
        record = json.loads(path.read_bytes())
        stated = record.pop("sha256")
    except (ValueError, KeyError, AttributeError) as error:
        raise StoreError(f"{path} is not a record") from error
    if stated != sha256(_canonical(record)):
        raise StoreError(f"{path} is not what was written (its SHA-256 differs)")
    if record["schema"] != _SCHEMA:
        raise StoreError(f"{path} has layout {record['schema']}; this version reads {_SCHEMA}")
    return dict(record)


def _canonical(record: Mapping[str, object]) -> bytes:
    return json.dumps(record, sort_keys=True, separators=(",", ":")).encode()
