"""Results read back as tables, checked and joined with the axes of the study that asks."""

import hashlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from sweep.errors import RequestError, StoreError
from sweep.store.commit import KINDS, Commit
from sweep.store.files import told
from sweep.store.folder import STUDY
from sweep.store.ledger import read_ledger
from sweep.store.matching import answers
from sweep.store.parquet import read
from sweep.store.tables import RECENT, STATE, VALIDATION
from sweep.study import Group, Study, parse_study
from sweep.training.trained import MEASURES, OUTCOMES

NEVER = ("steps_to_target", "diverged_at")
"""The columns of steps that may never have come."""

_EMPTY = {"trials": [*MEASURES, "outcome"], "curves": ["step", "loss"], "parameters": ["step"]}


class Results:
    """The committed trials in `directory` that `study` asks for; others are hidden, not lost.

    Every table has the column `trial`, by which tables are joined, and a column an axis, and is
    in the order of the study's grid, the last axis running fastest, then by step. What was
    committed when the results were opened is what they show. Every method raises `StoreError` if
    a file is damaged or cannot be read.
    """

    def __init__(self, directory: Path, study: Study) -> None:
        self.directory, self.study = directory, study
        self._ledger = read_ledger(directory)
        if self._ledger.damaged:
            fault = next(iter(self._ledger.damaged.values()))
            raise StoreError(f"{directory}: {fault}; `sweep status` sets it aside")

    def __repr__(self) -> str:
        return f"<Results of {self.directory}: {self.trained:,} of {self.study.trials:,} trials>"

    @property
    def trained(self) -> int:
        """How many of the study's trials are committed."""
        return sum(int(np.sum(at >= 0)) for found in self._found for _, at in found)

    def trials(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """A row a trial: `trial`, the axes, the measures and `outcome`, or `columns` of these.

        Losses are float64, steps int64, or Int64 with NA for never; `outcome` is categorical.
        With validation data there are the loss and the accuracy on it at the last step.

        Raises:
            RequestError: one of `columns` is none of these.
        """
        known = {"trial", *(axis.name for axis in self.study.axes), *self._columns("trials")}
        if unknown := [name for name in columns or () if name not in known]:
            raise RequestError(f"{unknown[0]!r}: no column of trials; there are {sorted(known)}")
        return self._frame("trials", None, columns)

    def curves(self, trials: Sequence[int] | np.ndarray | None = None) -> pd.DataFrame:
        """A row a recorded step: `trial`, the axes, `step` and `loss`, of all or some trials.

        `loss` has the dtype that was trained in, and so have `validation_loss` and
        `validation_accuracy` if there is data for them. A trial that stopped has no later rows;
        without recorded curves there are none.
        """
        return self._frame("curves", trials)

    def parameters(self, trials: Sequence[int] | np.ndarray | None = None) -> pd.DataFrame:
        """A row a kept step: `trial`, the axes, `step` and a column a parameter, likewise."""
        return self._frame("parameters", trials).drop(columns=[RECENT, STATE], errors="ignore")

    def content_digest(self) -> str:
        """SHA-256 of all contents in grid order, to the bit, but for the numbers of trials."""
        digest = hashlib.sha256()
        for kind in KINDS:
            for group, position, table in self._tables(kind):
                digest.update(f"{kind} {group.digest} {group.steps} {len(position)}".encode())
                axes = group.columns(position)
                columns = {name: pa.chunked_array([values]) for name, values in axes.items()}
                columns |= {name: table[name] for name in table.column_names if name not in axes}
                for name, column in columns.items():
                    if name != "trial":
                        digest.update(name.encode())
                        _update(digest, column)
        return digest.hexdigest()

    def _columns(self, kind: str) -> list[str]:
        """What a table of this kind always has, besides `trial` and the axes."""
        validated = any(group.validation for group in self.study.groups())
        more = VALIDATION if validated and kind != "parameters" else ()
        return [*_EMPTY[kind], *more]

    @cached_property
    def _found(self) -> list[list[tuple[Commit, np.ndarray]]]:
        with told(self.directory):
            return [list(answers(self._ledger, group)) for group in self.study.groups()]

    def _frame(
        self,
        kind: str,
        trials: Sequence[int] | np.ndarray | None = None,
        columns: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        names = [axis.name for axis in self.study.axes]
        stored = None if columns is None else [name for name in columns if name not in names]
        frames = []
        for group, position, table in self._tables(kind, trials, stored):
            axes = {**group.labels, **group.columns(position)}
            rest = {
                name: _series(table[name], never=name in NEVER)
                for name in table.column_names
                if name not in axes
            }
            keys = {"trial": rest.pop("trial")} | {name: axes[name] for name in names}
            frames.append(pd.DataFrame(keys | rest, copy=False))
        if not frames:
            frames = [pd.DataFrame(columns=["trial", *names, *self._columns(kind)])]
        whole = pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]
        return whole if columns is None else whole.loc[:, list(columns)]

    def _tables(
        self,
        kind: str,
        trials: Sequence[int] | np.ndarray | None = None,
        columns: Sequence[str] | None = None,
    ) -> Iterator[tuple[Group, np.ndarray, pa.Table]]:
        """Of each group that has any: the rows in grid order, and each row's position."""
        for group, found in zip(self.study.groups(), self._found, strict=True):
            parts = [
                self._rows(kind, commit, _only(trials, commit, at), columns) for commit, at in found
            ]
            if held := [part for part in parts if part is not None]:
                yield group, *_in_order(held)

    def _rows(
        self, kind: str, commit: Commit, at: np.ndarray, columns: Sequence[str] | None
    ) -> tuple[np.ndarray, pa.Table] | None:
        file = commit.file(kind)
        if file is None or not (at >= 0).any():
            return None
        wanted = None if columns is None else list(dict.fromkeys(["trial", *columns]))
        with told(self.directory / file.path):
            table = read(self.directory, file, wanted)
        # The study that asks may name other axes, and so do its other chunks.
        swept = {*commit.labels, *commit.axes}
        table = table.select([name for name in table.column_names if name not in swept])
        place = at[table["trial"].to_numpy() - commit.first_trial]
        if (place < 0).any():
            table, place = table.filter(pa.array(place >= 0)), place[place >= 0]
        return place, table


def open_results(directory: str | Path, study: Study | None = None) -> Results:
    """The results in `directory`, of the study as it was last run there or of an edited `study`.

    Raises:
        RequestError: there are no results, or what they hold cannot be read as a study.
        StoreError: a record is damaged or of another version.
    """
    directory = Path(directory)
    if study is None:
        path = directory / STUDY
        if not path.is_file():
            raise RequestError(f"{directory}: there are no results here")
        with told(path, RequestError):
            text = path.read_bytes().decode(errors="replace")
        study = parse_study(text, directory.resolve().name, directory)
    return Results(directory, study)


def _only(trials: Sequence[int] | np.ndarray | None, commit: Commit, at: np.ndarray) -> np.ndarray:
    """The positions `at` with -1 for all but the `trials` of that number."""
    if trials is None:
        return at
    numbers = np.arange(commit.first_trial, commit.first_trial + commit.trials)
    return np.where(np.isin(numbers, np.asarray(trials)), at, -1)


def _in_order(parts: list[tuple[np.ndarray, pa.Table]]) -> tuple[np.ndarray, pa.Table]:
    """The rows of all `parts` by position; rows of one position stay in their order."""
    parts = sorted(parts, key=lambda part: int(part[0][0]))  # often enough: chunks are runs
    position = np.concatenate([place for place, _ in parts])
    table = pa.concat_tables([rows for _, rows in parts])
    if (position[1:] < position[:-1]).any():
        order = np.argsort(position, kind="stable")
        position, table = position[order], table.take(pa.array(order))
    return position, table


def _series(column: pa.ChunkedArray, *, never: bool) -> "pd.Series[Any] | pd.Categorical[Any]":
    if pa.types.is_dictionary(column.type):
        codes = _outcome_codes(column).to_numpy()
        return pd.Categorical.from_codes(codes, pd.Index(OUTCOMES))
    if pa.types.is_int32(column.type):
        column = column.cast(pa.int64())
    series: pd.Series[Any] = column.to_pandas(
        types_mapper={pa.int64(): pd.Int64Dtype()}.get if never else None
    )
    return series


def _outcome_codes(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.index_in(column.cast(pa.string()), value_set=pa.array(OUTCOMES))


def _update(digest: "hashlib._Hash", column: pa.ChunkedArray) -> None:
    """Add the values of a column, and which of them are null, to a digest."""
    if pa.types.is_dictionary(column.type):
        column = _outcome_codes(column)
    digest.update(column.is_null().to_numpy().tobytes())
    if pa.types.is_fixed_size_list(column.type):
        column = pc.list_flatten(column)
    values = column.fill_null(0) if column.null_count else column
    digest.update(values.to_numpy().tobytes())
