"""What plain readers of the directories see: what the study asks for, in one schema a kind.

Whatever an edited study no longer asks for as a whole, such as rows of fewer steps or of another
dtype, is kept hidden, and shown again when it is asked for. A crash midway leaves two names for
one file, never none; the next repair removes the second. What the system refuses is a StoreError.

What training gives depends on the group: its axes, its dtype, its optimizer. Files have what any
group of the study has, with null for what a group has not, and a column for every axis, whether
it was one when the chunk was trained or is one only now.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from sweep.store.commit import Commit, data_path
from sweep.store.files import (
    HIDDEN,
    KINDS,
    RECORDS,
    DamagedError,
    link,
    make_directories,
    remove,
    told,
)
from sweep.store.ledger import Ledger, record_path
from sweep.store.matching import positions_of
from sweep.store.parquet import is_list, layout_of, read, schema_of
from sweep.store.tables import STEPS, schemas_of
from sweep.study import Group, Study, vector


def show_only(ledger: Ledger, groups: Iterable[Group]) -> None:
    """Hide the chunks that answer none of `groups`, and show the others.

    Hidden before anything else becomes visible, they are never seen beside what takes their
    place. The caller holds the study's lock, and `ledger` has been repaired.
    """
    asked = {(group.digest, group.steps) for group in groups}
    wanted = {stem for stem, c in ledger.commits.items() if (c.group, c.steps) in asked}
    directory, hidden = ledger.directory, ledger.directory / HIDDEN
    leaving, coming = ledger.commits.keys() - ledger.hidden - wanted, wanted & ledger.hidden
    with told(f"{directory}: chunks could not be hidden"):
        if leaving:
            make_directories(*(hidden / name for name in (RECORDS, *KINDS)))
        _move(leaving, directory, hidden)
    with told(f"{directory}: chunks could not be shown again"):
        _move(coming, hidden, directory)
    ledger.hidden = (ledger.hidden | leaving) - coming


def _move(stems: Iterable[str], home: Path, other: Path) -> None:
    """Move chunks; their records, which say where they are, come last and go first."""
    stems = sorted(stems)
    paths = [data_path(kind, stem) for stem in stems for kind in KINDS]
    link({home / path: other / path for path in paths})
    link({record_path(home, stem): record_path(other, stem) for stem in stems})
    remove(record_path(home, stem) for stem in stems)
    remove(home / path for path in paths)


def layouts(study: Study, commits: Iterable[Commit]) -> dict[str, pa.Schema]:
    """The schema of each kind of table that the study and the chunks beside it can share."""
    groups = study.groups()
    found: dict[str, list[pa.Schema]] = {kind: [] for kind in KINDS}
    for group in groups:
        for kind, schema in schemas_of(group).items():
            found[kind].append(schema)
    swept = [axis.name for axis in study.axes]
    fixed = {name: value for group in groups for name, value in group.fixed.items()}
    older = sorted({name for commit in commits for name in commit.axes}.difference(swept))
    rest = pa.schema([(name, pa.scalar(fixed.get(name, 0.0)).type) for name in older])
    joint = {kind: _joint([*schemas]) for kind, schemas in found.items() if schemas}
    joint["trials"] = _joint([joint["trials"], rest])
    names = joint["trials"].names
    first = ["trial", *swept, *older, STEPS]
    last = [name for name in names if name not in first and name != "outcome"]
    ordered = [joint["trials"].field(name) for name in [*first, *last, "outcome"]]
    return joint | {"trials": pa.schema(ordered)}


def unify(ledger: Ledger, study: Study) -> dict[str, str]:
    """Write again what plain readers see of chunks whose files have not the schema of today.

    Files that have it are linked. The caller holds the study's lock, and hidden is what the study
    asks nothing of.

    Returns:
        By their stems the chunks that cannot be read, and why.
    """
    shown = {s: commit for s, commit in ledger.commits.items() if s not in ledger.hidden}
    ledger.schemas = layouts(study, shown.values())
    wanted = {kind: layout_of(schema) for kind, schema in ledger.schemas.items()}
    damaged = {}
    for stem, commit in shown.items():
        if any(file.layout != wanted[file.kind] for file in commit.files if file.kind in wanted):
            try:
                ledger.renew(commit, _renewed(ledger, study.groups(), commit))
            except DamagedError as damage:
                damaged[stem] = str(damage)
    return damaged


def _renewed(ledger: Ledger, groups: Sequence[Group], commit: Commit) -> dict[str, pa.Table]:
    """The tables of a chunk that are to be written again, with every axis."""
    tables = {}
    for file in commit.files:
        schema = ledger.schemas.get(file.kind)
        same = schema is None or schema_of(ledger.directory, file).equals(schema)
        if file.kind == "trials" or not same:  # which tell of the others
            tables[file.kind] = read(ledger.directory, file)
    table = tables["trials"]
    names = [n for n in ledger.schemas["trials"].names if n not in table.column_names]
    columns = _axes(ledger, groups, commit, names)
    if STEPS in names:
        columns[STEPS] = pa.array(np.full(len(table), commit.steps, np.int32))
    for name, column in columns.items():
        table = table.append_column(name, column)
    return tables | {"trials": table}


def _axes(
    ledger: Ledger, groups: Sequence[Group], commit: Commit, names: Sequence[str]
) -> dict[str, pa.Array]:
    """The columns of axes that the study has and the chunk had not.

    A row has the value of the grid's place where it stands, and where it stands nowhere what the
    chunk's record says.
    """
    known = {**commit.labels, **commit.fixed}
    columns: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for group in groups:
        if (group.digest, group.steps) != (commit.group, commit.steps):
            continue
        at = vector(positions_of(ledger, group, commit))
        rows = np.flatnonzero(at >= 0)
        found: dict[str, Any] = {**group.labels, **group.columns(at[rows], names)}
        for name in names:
            if name in found:
                given = np.asarray(found[name])
                kind = given.dtype if given.dtype.kind in "biuf" else np.dtype(object)
                otherwise = np.full(commit.trials, known.get(name, 0), kind)
                values, missing = columns.setdefault(
                    name, (otherwise, np.full(commit.trials, name not in known))
                )
                values[rows], missing[rows] = given, False
    return {
        name: pa.array(values, ledger.schemas["trials"].field(name).type, mask=missing)
        for name, (values, missing) in columns.items()
    }


def _joint(schemas: Sequence[pa.Schema]) -> pa.Schema:
    fields: dict[str, pa.DataType] = {}
    for schema in schemas:
        for field in schema:
            known = fields.get(field.name, field.type)
            fields[field.name] = _wider(known, field.type)
    return pa.schema(fields.items())


def _wider(one: pa.DataType, other: pa.DataType) -> pa.DataType:
    """A type that holds the values of both."""
    if one == other:
        return one
    if is_list(one) and is_list(other):
        return pa.list_(_wider(one.value_type, other.value_type))
    if pa.types.is_string(one) or pa.types.is_string(other):
        return pa.string()
    return pa.float64()
