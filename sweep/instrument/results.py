"""Runs of the instrument on the disk: tidy parquet beside a record that says what it came from.

    results/bench/
      commits/<run>.json       when, on what machine, with which versions, and each file's SHA-256
      turns/<run>.parquet      a row a turn
      ceilings/<run>.parquet   a row a ceiling and round
      figures/

A run is there with its record or not at all. Every row names its run and machine, so that plain
readers of a directory can tell runs apart.
"""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from sweep.errors import RequestError
from sweep.store.commit import File, now, signed
from sweep.store.files import make_directory, publish, sha256, told
from sweep.store.folder import BENCH
from sweep.store.ledger import RECORDS
from sweep.store.machine import library_versions
from sweep.store.parquet import encode

if TYPE_CHECKING:
    from sweep.instrument.instrument import Measured
    from sweep.instrument.machine import Machine

TABLES = ("turns", "ceilings")
SCHEMA = 1


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
        "schema": SCHEMA,
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
