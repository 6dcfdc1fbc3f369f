"""Where the numbers come from: the records of chunks, in a few lines and as a table."""

from collections.abc import Sequence

import pandas as pd

from sweep.runs.quantities import short
from sweep.views.report.tables import Table, table, thinned

FACTS = ("chunk", "group", "steps", "numerics", "trials", "rows", "bytes", "created")
"""The columns of `Results.provenance` that are not versions."""

_DIGITS = 12
"""Of a digest in the table: enough to tell groups apart, short enough to read."""


def origin(provenance: pd.DataFrame, digest: str) -> dict[str, str]:
    """Return what all chunks have in common or between which ends they lie, by name.

    `digest` is that of the contents, or says why there is none.
    """
    versions = [name for name in provenance if name not in FACTS and name != "machine"]
    trials, size = int(provenance["trials"].sum()), int(provenance["bytes"].sum())
    machines = {"machine": _all(provenance["machine"])} if "machine" in provenance else {}
    groups = provenance["group"].unique().tolist()
    return {
        "trials": f"{trials:,} in {_counted(len(provenance), 'chunk')}, {short(size, 'B')}",
        "saved": _span(provenance["created"]),
        **machines,
        **{str(name): _all(provenance[name]) for name in versions},
        "numerics": _all(provenance["numerics"]),
        _plural("group", len(groups)): _some(groups),
        "content (SHA-256)": digest,
    }


def chunks(provenance: pd.DataFrame) -> Table:
    """Return a row a chunk: when it was saved, of which group it is, how much it holds."""
    few, note = thinned(provenance[[*FACTS[:5], "bytes", "created"]])
    few = few.assign(
        group=few["group"].str[:_DIGITS],
        created=few["created"].dt.strftime("%Y-%m-%d %H:%M:%S"),
    )
    said = "A chunk is what was trained and saved together; times are in UTC."
    return table(few, "Chunks", f"{said} {note}".rstrip())


def _span(times: "pd.Series[pd.Timestamp]") -> str:
    first, last = (f"{time:%Y-%m-%d %H:%M:%S}" for time in (times.min(), times.max()))
    return f"{first} UTC" if first == last else f"{first} to {last} UTC"


def _all(values: "pd.Series[str]") -> str:
    """Return every different value, the usual one first."""
    counts = values.fillna("not known").value_counts()
    if len(counts) == 1:
        return str(counts.index[0])
    return ", ".join(f"{value} ({_counted(n, 'chunk')})" for value, n in counts.items())


def _some(digests: Sequence[str]) -> str:
    if len(digests) == 1:
        return digests[0]
    shown = ", ".join(digest[:_DIGITS] for digest in digests[:8])
    return f"{len(digests):,}: {shown}" + ", ..." * (len(digests) > 8)


def _counted(number: int, thing: str) -> str:
    return f"{number:,} {_plural(thing, number)}"


def _plural(thing: str, number: int) -> str:
    return thing + "s" * (number != 1)
