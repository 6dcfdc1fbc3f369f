"""The record of one committed chunk: what it holds and how to know that it is whole."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any

from sweep.errors import StoreError
from sweep.store.files import KINDS, DamagedError, sha256
from sweep.store.machine import library_versions, machine_name
from sweep.study import NUMERICS, Group

SCHEMA = 4
"""The version of the files' layout; a reader refuses a later one in one line.

4: files of a kind have one schema, every axis among the columns of trials and `steps`; the table of
trials tells what its record does, but for its own file.
3: a record tells where its trials stand on the grid, has checksums of single columns, and may take
the place of others.
2: curves end where a trial stopped, and have columns of validation; parameters have the state of
the optimizer; `fixed` may have infinity, as text.
"""

READABLE = (1, 2, 3, SCHEMA)

Value = str | bool | int | float


@dataclass(frozen=True)
class File:
    """One parquet file of a chunk. Without `parts` it can only be read whole."""

    kind: str
    path: str  # relative to the study's results
    size: int  # in bytes
    sha256: str
    rows: int
    footer: int = 0  # where the file's footer begins
    # The SHA-256 of the footer, under no name, and of each column's bytes, row group by row group.
    parts: Mapping[str, str] = field(default_factory=dict)
    layout: str = ""  # differs where schemas do; an older record does not tell it


@dataclass(frozen=True)
class Commit:
    """One committed chunk of a group's trials."""

    schema: int
    numerics: int
    group: str  # its digest
    steps: int
    labels: Mapping[str, Value]  # the axes that the digest and the steps imply
    fixed: Mapping[str, float | int]  # the lane fields that all its trials share
    axes: tuple[str, ...]  # the names of its columns of lane fields
    first_trial: int  # from which its trials are numbered, without gaps
    trials: int
    files: tuple[File, ...]
    versions: Mapping[str, str]
    created: str
    grid: str = ""  # of its group, whose `points` these are
    first_position: int = -1  # from which they stand on that grid without gaps, if it is not -1
    replaces: tuple[str, ...] = ()  # stems of chunks that are no more, once this record is there

    @property
    def stem(self) -> str:
        """What the names of its files have in common."""
        return PurePath(self.files[0].path).stem

    def file(self, kind: str) -> File | None:
        """The chunk's file of this kind, if it has one."""
        return next((file for file in self.files if file.kind == kind), None)

    def to_json(self) -> bytes:
        """The record as text, with the SHA-256 of its own canonical form."""
        return signed(self._content())

    def about(self, digest: str) -> bytes:
        """The same for the table of trials, whose contents have this `digest`, to keep.

        The record's `files` are those of the other kinds.
        """
        return signed(self._content() | {"content": digest})

    def _content(self) -> dict[str, Any]:
        content = asdict(self)
        for values in (content["labels"], content["fixed"]):
            for name, value in values.items():  # infinity as text: JSON has no number for it
                if isinstance(value, float) and not math.isfinite(value):
                    values[name] = str(value)
        return content


def new_commit(group: Group, first_trial: int, trials: int, first_position: int = -1) -> Commit:
    """A record, made now, of that many trials of `group`; its files are still to come."""
    return Commit(
        schema=SCHEMA,
        numerics=NUMERICS,
        group=group.digest,
        steps=group.steps,
        labels=dict(group.labels),
        fixed=dict(group.fixed),
        axes=tuple(axis.name for axis in group.axes),
        first_trial=first_trial,
        trials=trials,
        files=(),
        versions=library_versions() | {"machine": machine_name()},
        created=now(),
        grid=group.points,
        first_position=first_position,
    )


def now() -> str:
    """The time, in UTC, for people to read."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def read_commit(data: bytes, stem: str) -> Commit:
    """The record called `stem` that `to_json` wrote as `data`.

    Raises:
        DamagedError: it did not.
        StoreError: it is whole, and of another version of the layout.
    """
    try:
        content = checked(data)
        if content["schema"] not in READABLE:
            raise StoreError(
                f"commits/{stem}.json has layout {content['schema']}; this version of sweep reads "
                f"layouts {READABLE[0]} to {SCHEMA}"
            )
        files = tuple(File(**file) for file in content["files"])
        commit = replace(
            Commit(**content),
            files=files,
            axes=tuple(content["axes"]),
            replaces=tuple(content.get("replaces", ())),
            fixed={name: _number(value) for name, value in content["fixed"].items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedError("it is not a record") from error
    if any(file.kind not in KINDS or file.path != data_path(file.kind, stem) for file in files):
        raise DamagedError("it names files that are not its own")
    return commit


def retold(about: bytes, digest: str, trials: File) -> Commit:
    """The record of a chunk from what its table of trials keeps, and the entry of that file.

    If the table is not the one that `about` was said of, that is a DamagedError.
    """
    content, stem = checked(about), PurePath(trials.path).stem
    if content.pop("content", None) != digest:
        raise DamagedError(f"{trials.path} is not what was committed")
    others = [file | {"path": data_path(file["kind"], stem)} for file in content["files"]]
    return read_commit(signed(content | {"files": [asdict(trials), *others]}), stem)


def signed(content: Mapping[str, object]) -> bytes:
    """A record as text, with the SHA-256 of its own canonical form."""
    whole = {**content, "sha256": sha256(_canonical(content))}
    return (json.dumps(whole, indent=1, allow_nan=False) + "\n").encode()


def checked(data: bytes) -> dict[str, Any]:
    """What `signed` wrote as `data`; a DamagedError if it did not."""
    try:
        content = json.loads(data)
        stated = content.pop("sha256")
        fits = bool(stated == sha256(_canonical(content)))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DamagedError("it is not a record") from error
    if not fits:
        raise DamagedError("its checksum does not fit")
    return dict(content)


def data_path(kind: str, stem: str) -> str:
    """Where the chunk `stem` keeps its file of this kind, relative to the study's results."""
    return f"{kind}/{stem}.parquet"


def _number(value: object) -> float | int:
    if isinstance(value, str):
        return float(value)
    if not isinstance(value, float | int):
        raise TypeError(value)
    return value


def _canonical(content: Mapping[str, object]) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
