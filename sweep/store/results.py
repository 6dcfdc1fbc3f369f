"""Results read back as tables, checked and joined with the axes of the study that asks."""

import hashlib
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow.parquet import filters_to_expression

from sweep.catalogue import OUTCOMES, TRAINING_MEASURES, VALIDATION_MEASURES
from sweep.errors import RequestError, StoreError
from sweep.store import matching
from sweep.store.commit import Commit
from sweep.store.files import KINDS, RECORDS, STUDY, path_of
from sweep.store.folder import check_owner, origin_of, study_directory
from sweep.store.ledger import read_ledger
from sweep.store.machine import usable_processors
from sweep.store.parquet import MissingError, read
from sweep.store.repair import kept_study
from sweep.store.tables import (
    BATCH,
    EPOCHS,
    RECENT,
    STATE,
    STEPS,
    SUMS,
    codes_of,
    compared,
    own,
    schemas_of,
    update,
)
from sweep.study import Group, Positions, Study, card, load_study, refining, vector
from sweep.study.refining import LEVEL, levels_of, nearest_known, shape_of_map

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")

NEVER = ("steps_to_target", "diverged_at", "period")
"""The columns of steps that there may be none of."""

Filters = Sequence[tuple[str, str, Any]] | Sequence[Sequence[tuple[str, str, Any]]]
"""Conditions on rows, as `pandas.read_parquet` takes them."""

_ALWAYS = {
    "trials": [*TRAINING_MEASURES, "outcome"],
    "curves": ["step", "loss"],
    "parameters": ["step"],
}
_EMPTY_TYPES = {"outcome": pa.string()} | dict.fromkeys(NEVER, pa.int64())


class Results:
    """The committed trials in `directory` that `study` asks for; others are hidden, not lost.

    Every table has the column `trial`, by which tables are joined, and a column an axis, and is
    in the order of the study's grid, the last axis running fastest, then by step. What was
    committed when the results were opened is what they show. Every method raises `StoreError` if
    a file is damaged or cannot be read.
    """

    def __init__(
        self, directory: Path, study: Study, *, without: Collection[str] | None = None
    ) -> None:
        """`without` are the stems of chunks that are known to be damaged, and left out."""
        self.directory, self.study = directory, study
        self._ledger = read_ledger(directory)
        for stem in without or ():
            self._ledger.commits.pop(stem, None)
        if self._ledger.damaged and without is None:
            fault = next(iter(self._ledger.damaged.values()))
            raise StoreError(f"{directory}: {fault}; `sweep run` sets it aside")

    def __repr__(self) -> str:
        return f"<Results of {self.directory}: {self.trained:,} of {self.study.trials:,} trials>"

    def _repr_html_(self) -> str:
        outcomes = self.outcomes() if self.trained else {}
        counts = ", ".join(f"{count:,} {outcome}" for outcome, count in outcomes.items())
        rows = {
            "study": self.study.name,
            "trained": f"{self.trained:,} of {self.study.trials:,} trials",
            **({"outcomes": counts} if counts else {}),
            "saved in": str(self.directory),
            "tables": "trials(), curves(), parameters()",
        }
        return card(self.study.title, rows)

    def outcomes(self) -> dict[str, int]:
        """How many of the trained trials ended how; an outcome that none had is not named."""
        counted = pc.value_counts(self.arrow("trials", ["outcome"])["outcome"].cast(pa.string()))
        counts = {row["values"]: row["counts"] for row in counted.to_pylist()}
        return {name: counts[name] for name in OUTCOMES if name in counts}

    @property
    def trained(self) -> int:
        """How many of the study's trials are committed."""
        return sum(self.trained_of_groups)

    @property
    def trained_of_groups(self) -> list[int]:
        """How many trials of each of the study's groups are committed."""
        return [sum(matching.asked(at) for _, at in found) for found in self._found]

    @cached_property
    def compared(self) -> dict[Group, np.ndarray]:
        """Of each group that is a map to refine, what its points are compared by, NaN if missing.

        Empty for a study of which all is trained.
        """
        refine = self.study.refine
        found = {group: np.full(group.trials, np.nan) for group in self.study.groups() if refine}
        if refine:
            for group, position, table in self._tables("trials", columns=[refine.by]):
                found[group][vector(position)] = compared(table, refine.by)
        return found

    @property
    def refined(self) -> bool | None:
        """Whether a study that trains from coarse to fine is through; None for any other."""
        refine = self.study.refine
        if not refine:
            return None
        return not any(
            len(refining.wanted(values, shape_of_map(group), refine))
            for group, values in self.compared.items()
        )

    @property
    def extendable(self) -> int:
        """How many of the trials that are missing can go on from fewer steps."""
        return sum(len(chunk.rows) for chunks in self._extended for chunk in chunks)

    @property
    def spared_of_groups(self) -> list[int]:
        """How many network-steps of each of the study's groups need not be taken once more.

        They are those of trials that are missing but can go on from fewer steps.
        """
        return [sum(len(one.rows) * one.steps for one in chunks) for chunks in self._extended]

    @cached_property
    def _extended(self) -> list[list[matching.Source]]:
        """The chunks that trials of each group can go on from."""
        chunks: list[list[matching.Source]] = []
        for group, found in zip(self.study.groups(), self._found, strict=True):
            chunks.append([])
            if matching.candidates(self._ledger, group):  # else there may be more than memory holds
                missed = matching.missing(group, found)
                chunks[-1] = matching.sources(self._ledger, group, missed, {})
        return chunks

    def trials(
        self,
        columns: Sequence[str] | None = None,
        filters: Filters | None = None,
        *,
        whole: bool = False,
    ) -> "pd.DataFrame":
        """A row a trial: `trial`, the axes, the measures and `outcome`, or `columns` of these.

        Losses are float64, steps int64, or Int64 with NA for never; `outcome` is categorical.
        With validation data there are the loss and the accuracy on it at the last step, and of a
        study that trains from coarse to fine the `level`. Only what is asked for is read; `filters`
        and `whole` are those of `arrow`.

        Raises:
            RequestError: one of `columns`, or of those in `filters`, is none of these.
        """
        return _frame(self.arrow("trials", columns, filters, whole=whole))

    def curves(
        self,
        trials: Sequence[int] | np.ndarray | None = None,
        columns: Sequence[str] | None = None,
        filters: Filters | None = None,
    ) -> "pd.DataFrame":
        """A row a recorded step: `trial`, the axes, `step` and `loss`, of all or some trials.

        `loss` has the dtype that was trained in, and so have `validation_loss` and
        `validation_accuracy` if there is data for them. A trial that stopped has no later rows;
        without recorded curves there are none. `columns` and `filters` are those of `arrow`.
        """
        return _frame(self.arrow("curves", columns, filters, trials))

    def parameters(
        self,
        trials: Sequence[int] | np.ndarray | None = None,
        columns: Sequence[str] | None = None,
        filters: Filters | None = None,
    ) -> "pd.DataFrame":
        """A row a kept step: `trial`, the axes, `step` and a column a parameter, likewise."""
        table = self.arrow("parameters", columns, filters, trials)
        state = {RECENT, SUMS, EPOCHS, STATE}
        return _frame(table.select([name for name in table.column_names if name not in state]))

    def arrow(
        self,
        kind: str = "trials",
        columns: Sequence[str] | None = None,
        filters: Filters | None = None,
        trials: Sequence[int] | np.ndarray | None = None,
        *,
        whole: bool = False,
    ) -> pa.Table:
        """The same rows as an Arrow table; polars and DuckDB take it without a copy.

        Steps that never came are null, and `outcome` is dictionary-encoded.

        Args:
            kind: "trials", "curves" or "parameters".
            columns: which ones, in this order; all by default.
            filters: which rows, as `pandas.read_parquet` takes them: a list of conditions such as
                ("final_loss", "<", 0.1), all of which must hold, or a list of such lists, any of
                which must.
            trials: the numbers of the trials; all by default.
            whole: of a map that is trained from coarse to fine, whether points that are not
                trained have the row of the one nearest to them in their cell.

        Raises:
            RequestError: there is no such kind, or no such column.
        """
        if kind not in KINDS:
            raise RequestError(f"{kind!r}: no kind of table; there are {', '.join(KINDS)}")
        swept = [axis.name for axis in self.study.axes]
        if isinstance(columns, str):
            raise RequestError(f"columns: must be a list of names, such as [{columns!r}]")
        condition, tested = _condition(filters)
        usual = ["trial", *swept, *self._columns(kind)]
        known = {*usual}
        if kind == "parameters":
            known |= {RECENT, SUMS, EPOCHS, STATE}
            known.update(*(group.network.parameter_names for group in self.study.groups()))
        for name in (*(columns or ()), *tested):
            if name not in known:
                raise RequestError(f"{name!r}: no column of {kind}; there are {sorted(known)}")
        wanted = None if columns is None else list(dict.fromkeys([*columns, *tested]))
        depth = self.study.refine and kind == "trials" and self.study.refine.depth
        stored = None if wanted is None else [n for n in wanted if n not in (*swept, LEVEL)]
        if depth and stored is not None:
            stored.append("trial")  # a row each, whatever else is asked for
        tables = []
        join = partial(matching.joined, swept=swept, wanted=wanted)
        for group, position, rows in self._tables(kind, trials, stored, None if depth else join):
            found = rows
            if depth:
                found = join(group, *_on_map(group, depth, (position, rows), whole=whole))
            found = _filtered(found, condition)
            tables.append(found if columns is None else found.select(list(columns)))
        if not tables:
            names = usual if columns is None else columns
            return pa.table({name: pa.array([], _EMPTY_TYPES.get(name)) for name in names})
        return pa.concat_tables(tables, promote_options="permissive")

    def fold(
        self, kind: str, columns: Sequence[str], take: Callable[[Group, pa.Table], T]
    ) -> Iterator[T]:
        """What `take` makes of each chunk's rows, of these columns but axes; in no order of rows.

        It runs in threads, and no more chunks are in memory than there are processors.
        """

        def part(group: Group, found: tuple[Commit, Positions]) -> T | None:
            rows = self._rows(kind, columns, None, found, _unswept(group, kind))
            return None if rows is None else take(group, rows[1])

        with ThreadPoolExecutor(usable_processors()) as pool:
            for group, chunks in zip(self.study.groups(), self._found, strict=True):
                for made in pool.map(partial(part, group), chunks):
                    if made is not None:
                        yield made

    def provenance(self) -> "pd.DataFrame":
        """A row a chunk that holds any of the trials: what its record says of their origin.

        Columns: `chunk` and `group`, a digest, str; `steps` and `numerics` int64; `trials`, how
        many of the study's are in it, `rows` and `bytes` of its files, int64; `created`, a time in
        UTC with seconds; and str for the version of sweep, of Python and of each library, and for
        the `machine` that saved it, missing where an older record does not say.
        """
        import pandas as pd  # noqa: PLC0415 - a run needs none

        return pd.DataFrame(
            {
                "chunk": commit.stem,
                "group": commit.group,
                "steps": commit.steps,
                "numerics": commit.numerics,
                "trials": held,
                "rows": sum(file.rows for file in commit.files),
                "bytes": sum(file.size for file in commit.files),
                "created": pd.Timestamp(commit.created),
                **commit.versions,
            }
            for found in self._found
            for commit, at in found
            if (held := matching.asked(at))
        )

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
                        update(digest, column)
        return digest.hexdigest()

    def _columns(self, kind: str) -> list[str]:
        """What a table of this kind has besides `trial` and the axes."""
        validated = any(group.validation for group in self.study.groups())
        more = VALIDATION_MEASURES if validated and kind != "parameters" else ()
        if kind == "curves" and any(group.by_epochs for group in self.study.groups()):
            more = (*more, BATCH)
        *first, last = _ALWAYS[kind]
        if kind == "trials":
            more = (*self.study.record.measures, *more)
            return [*first, *more, last, *([LEVEL] if self.study.refine else [])]
        return [*first, last, *more]

    @cached_property
    def _found(self) -> list[list[tuple[Commit, Positions]]]:
        return [list(matching.answers(self._ledger, group)) for group in self.study.groups()]

    def _tables(
        self,
        kind: str,
        trials: Sequence[int] | np.ndarray | None = None,
        columns: Sequence[str] | None = None,
        join: Callable[[Group, Positions, pa.Table], pa.Table] | None = None,
    ) -> Iterator[tuple[Group, Positions, pa.Table]]:
        """Of each group that has any: the rows in grid order, and each row's position.

        What there is of a chunk goes through `join`.
        """

        def parts(group: Group, found: list[tuple[Commit, Positions]]) -> matching.Rows | None:
            room, schema = matching.Room([at for _, at in found]), _unswept(group, kind)

            def part(one: tuple[Commit, Positions]) -> matching.Rows | None:
                rows = self._rows(kind, columns, trials, one, schema)
                if rows is None or join is None:
                    return rows
                return rows[0], room.put(rows[0], join(group, *rows))

            held = [rows for rows in pool.map(part, found) if rows is not None]
            return room.in_order(held) if held else None

        with ThreadPoolExecutor(usable_processors()) as pool:
            for group, found in zip(self.study.groups(), self._found, strict=True):
                try:
                    rows = parts(group, found)
                except MissingError:  # a run has merged chunks meanwhile; their rows are the same
                    rows = parts(group, list(matching.answers(read_ledger(self.directory), group)))
                if rows is not None:
                    yield group, *rows

    def _rows(
        self,
        kind: str,
        columns: Sequence[str] | None,
        trials: Sequence[int] | np.ndarray | None,
        found: tuple[Commit, Positions],
        schema: pa.Schema,
    ) -> matching.Rows | None:
        """The rows of a chunk that are asked for, and their positions."""
        commit, at = found
        if trials is not None:
            numbers = np.arange(commit.first_trial, commit.first_trial + commit.trials)
            at = np.where(np.isin(numbers, np.asarray(trials)), vector(at), -1)
        file = commit.file(kind)
        if file is None or not matching.asked(at):
            return None
        if columns is not None and kind != "trials":
            columns = list(dict.fromkeys(["trial", *columns]))
        if columns is not None and not columns:  # nothing but axes, which the positions imply
            return matching.asked_for(at, pa.table({"": pa.nulls(commit.trials)}).select([]))
        table = own(read(self.directory, file, columns), schema)
        if kind == "trials":  # a row each, in the order of their numbers
            return matching.asked_for(at, table)
        return matching.asked_for(vector(at)[table["trial"].to_numpy() - commit.first_trial], table)


def open_results(directory: str | Path, study: Study | None = None) -> Results:
    """The results in `directory`, of the study as it was last run there or of an edited `study`.

    Raises:
        RequestError: there are no results.
        StoreError: a record is damaged or of another version, or the study that is kept beside
            them is.
    """
    directory = path_of(directory, "results")
    if study is None:
        if not (directory / RECORDS).is_dir():
            raise RequestError(f"{directory}: there are no results here")
        study = kept_study(directory)
        study.origin = origin_of(directory)
    return Results(directory, study)


def results_of(
    source: Results | Study | str | Path,
    overrides: Sequence[str] = (),
    results: str | Path = "results",
) -> Results:
    """Results as they are, those in a directory, or those of a study by its name or its file.

    The latter, as edited by `overrides`, are looked for in `results`, the directory of all studies'
    results; there may be none.

    Raises:
        RequestError: there is no such study, it is wrong, or another one of its name has results
            there; or `source` is something else.
        StoreError: a record is damaged or of another version.
    """
    if isinstance(source, Results):
        return source
    if not isinstance(source, str | Path | Study):
        raise RequestError(
            "results must be those of a study, their directory, or the study by its name or file, "
            f"not {type(source).__name__}"
        )
    if not isinstance(source, Study) and not overrides:
        is_path = isinstance(source, Path) or "/" in source
        if is_path and (Path(source) / STUDY).is_file():
            return open_results(source)
    study = load_study(source, overrides)
    directory = study_directory(results, study)
    check_owner(directory, study.origin)
    return Results(directory, study)


def _unswept(group: Group, kind: str) -> pa.Schema:
    """What a group's tables have of their own: axes follow from where a row stands."""
    swept = {STEPS, *group.labels, *(axis.name for axis in group.axes)}
    fields = schemas_of(group).get(kind, pa.schema([]))
    return pa.schema([field for field in fields if field.name not in swept])


def _on_map(group: Group, depth: int, rows: matching.Rows, *, whole: bool) -> matching.Rows:
    """The rows with their `level`; and, if `whole`, in place of those that are missing others."""
    position, shape, table = vector(rows[0]), shape_of_map(group), rows[1]
    table = table.append_column(LEVEL, pa.array(levels_of(position, shape, depth)))
    if not whole:
        return position, table
    row = np.full(group.trials, -1)
    row[position] = np.arange(len(position))
    nearest = nearest_known(row >= 0, shape, depth)
    position = np.flatnonzero(nearest >= 0)
    return position, table.take(pa.array(row[nearest[position]]))


def _filtered(table: pa.Table, condition: pc.Expression | None) -> pa.Table:
    """The rows for which it holds, if there is one."""
    try:
        return table if condition is None else table.filter(condition)
    except pa.ArrowException as error:
        reason = str(error).partition("\n")[0]
        raise RequestError(f"filters: {condition}: cannot be compared: {reason}") from None


def _condition(filters: Filters | None) -> tuple[pc.Expression | None, list[str]]:
    """Filters as an expression, and the columns that they test."""
    if not filters:
        return None, []
    try:
        if isinstance(filters[0], str):
            raise TypeError(f"{filters!r} is one condition")
        flat: Any = [filters] if isinstance(filters[0], tuple) else filters
        tested: list[str] = [name for conditions in flat for name, _, _ in conditions]
        return filters_to_expression(filters), tested
    except (ValueError, TypeError, KeyError, pa.ArrowException) as error:
        raise RequestError(
            f"filters: {error}; they are a list such as [('final_loss', '<', 0.1)]"
        ) from None


def _frame(table: pa.Table) -> "pd.DataFrame":
    import pandas as pd  # noqa: PLC0415 - likewise

    columns: dict[str, Any] = {}
    for name in table.column_names:
        column = table[name]
        if name == "outcome":
            codes = codes_of(column).to_numpy()
            columns[name] = pd.Categorical.from_codes(codes, pd.Index(OUTCOMES))
            continue
        if pa.types.is_int32(column.type):
            column = column.cast(pa.int64())
        types = {pa.int64(): pd.Int64Dtype()}.get if name in NEVER else None
        columns[name] = column.to_pandas(types_mapper=types)
    return pd.DataFrame(columns, copy=False)
