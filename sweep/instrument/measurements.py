"""Measurements of the repository's benchmarks on the disk: tidy tables, a row a number.

`python -m benchmarks.scale` and `python -m benchmarks.throughput` save one for each time they run,
named by the time, in `results/benchmarks/` or in a folder below it.
"""

from pathlib import Path

import pandas as pd
import pyarrow as pa

from sweep.errors import StoreError

MEASUREMENTS = "benchmarks"
"""The directory of the repository's own measurements, beside those of studies."""

COLUMNS = (
    "network",
    "samples",
    "dtype",
    "threads",
    "lanes",
    "trials",
    "quantity",
    "value",
    "round",
)
"""What is read of a table; it has more, which tell where its numbers come from."""


def newest(results: Path, name: str) -> pd.DataFrame | None:
    """The table that the benchmark of this name saved last, of one machine, or None.

    Raises:
        StoreError: it cannot be read, or is no such table.
    """
    found = (results / MEASUREMENTS).rglob(f"{name}-*.parquet")
    path = max(found, key=lambda path: path.name, default=None)
    if path is None:
        return None
    try:
        return pd.read_parquet(path, columns=[*COLUMNS, "created"])
    except (OSError, ValueError, pa.ArrowException) as error:
        reason = str(error).partition("\n")[0]
        raise StoreError(f"{path}: no table of measurements: {reason}") from None
