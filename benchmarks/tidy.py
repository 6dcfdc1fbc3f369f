"""Measurements as one tidy table: a row a number, with all that tells it from another."""

import shlex
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from sweep.instrument.machine import this_machine

COLUMNS = {
    "network": "string",
    "layers": "string",  # "2-2-2", as people write it
    "samples": "Int64",
    "dtype": "string",
    "threads": "Int64",
    "lanes": "Int64",
    "trials": "Int64",
    "quantity": "string",
    "value": "Float64",
    "unit": "string",
    "round": "Int64",
    "command": "string",
    "machine": "string",
    "created": "datetime64[us, UTC]",
}
"""The columns and their types; what does not apply is missing."""


def tidy(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Return the rows as a table of `COLUMNS`, with machine and time.

    Args:
        rows: by column; `command` where a row is of another command than this process's.

    Raises:
        ValueError: a row has a column that is none.
    """
    own = {"command": _command(), "machine": this_machine().digest, "created": datetime.now(UTC)}
    found = [own | dict(row) for row in rows]
    if unknown := {name for row in found for name in row} - set(COLUMNS):
        raise ValueError(f"no column of measurements: {', '.join(sorted(unknown))}")
    return pd.DataFrame(found, columns=list(COLUMNS)).astype(COLUMNS)


def _command() -> str:
    """What this process was asked, but for where its interpreter lies."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    return shlex.join(["python", "-m", spec.name if spec else "benchmarks", *sys.argv[1:]])
