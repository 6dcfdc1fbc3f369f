"""Points of a study trained without touching the disk: any of them, or a map coarse to fine."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import pandas as pd
import pyarrow as pa

from sweep.catalogue import (
    CURVE_MEASURES,
    MEASURES,
    OUTCOMES,
    TRAINING_MEASURES,
    VALIDATION_MEASURES,
)
from sweep.errors import RequestError
from sweep.runs.points import Columns, Part, columns_of, parts_of
from sweep.runs.workers import thread_count
from sweep.store.derived import AREA, areas_under, overshoots, refuse_gaps
from sweep.store.results import NEVER
from sweep.store.tables import tables_of
from sweep.study import Axis, Group, Study, load_study
from sweep.study.checks import asked, nearest
from sweep.study.refining import LEVEL, comparable, levels_of, nearest_known, shape_of_map, wanted
from sweep.study.settings import FieldError, fields_of
from sweep.training.costs import chunk_size
from sweep.training.trained import Trained
from sweep.training.trainer import prepare, train

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    Points = pd.DataFrame | Mapping[str, ArrayLike]

OUTCOME = "outcome"

Piece = tuple[Part, np.ndarray, Trained]
"""Points of a group that were trained together: which ones, and what they gave."""


@dataclass(frozen=True)
class Evaluated:
    """What training points gave, with all that was asked for."""

    trials: pd.DataFrame  # a row a point, in the order given
    # A row a recorded step: `trial`, the place of the point in the order given, from 0; the axes,
    # `step`, `loss` and what else the study's own curves have. Empty if not asked for.
    curves: pd.DataFrame
    # A row a kept step: `trial`, the axes, `step` and a column a parameter. Likewise.
    parameters: pd.DataFrame
    # What the points of each group share, and the places of its points.
    groups: tuple[tuple[Group, np.ndarray], ...]

    def __repr__(self) -> str:
        rows = f"{len(self.curves):,} rows of curves, {len(self.parameters):,} of parameters"
        return f"<Evaluated: {len(self.trials):,} trials, {rows}>"


@overload
def evaluate(
    study: str | Path | Study,
    points: "Points",
    *,
    measures: Sequence[str] | None = None,
    threads: int | None = None,
) -> pd.DataFrame: ...
@overload
def evaluate(
    study: str | Path | Study,
    points: "Points",
    *,
    measures: Sequence[str] | None = None,
    curves: bool = False,
    parameters: bool = False,
    threads: int | None = None,
) -> Evaluated: ...
def evaluate(
    study: str | Path | Study,
    points: "Points",
    *,
    measures: Sequence[str] | None = None,
    curves: bool = False,
    parameters: bool = False,
    threads: int | None = None,
) -> pd.DataFrame | Evaluated:
    """Train any points of a study, on its grid or not, and return a row each, in the order given.

    Nothing is read from results or written there. The numbers are to the bit those that the study
    would have if its grid had these points.

    Args:
        study: a study, a path to its file, or the bare name of a known one.
        points: a column an axis: a table of pandas or polars, or a dictionary of vectors, and of
            single values for all points. Any field that can be an axis can be a column, also one
            that splits groups, such as an optimizer; axes of the study that have one value may be
            left out, others not. What has no effect at a point is not looked at there.
        measures: which to return; by default the columns of `Results.trials`, `outcome` last. Any
            that studies are compared by can be named: those of the whole curve need not be in
            `record.measures`, nor every step in `record.loss` for the area under the curve.
        curves: whether to return the curves as well, at the steps that the study records.
        parameters: whether to return the parameters, likewise.
        threads: that train; by default one for each CPU that the process may use.

    Returns:
        A table of the axes and measures, with the index of `points` if they had one: losses
        float64, steps int64, or Int64 with NA for never, `outcome` categorical. With `curves` or
        `parameters` an `Evaluated`, which has it as `trials`.

    Raises:
        RequestError: the study or a point is wrong, or what is asked for is not recorded.
    """
    study, threads = load_study(study), thread_count(threads)
    columns = columns_of(study, points)
    parts = list(parts_of(study, columns))
    wanted = _wanted(study, measures, parts)
    parts = [_recording(part, wanted, curves, parameters) for part in parts]
    pieces = list(_trained(parts, threads, areas=AREA in wanted, curves=curves))
    index = points.index if isinstance(points, pd.DataFrame) else None
    trials = pd.DataFrame({**columns, **_measured(wanted, pieces)}, index=index)
    if not curves and not parameters:
        return trials
    return Evaluated(
        trials,
        _joined("curves", pieces, columns) if curves else pd.DataFrame(),
        _joined("parameters", pieces, columns) if parameters else pd.DataFrame(),
        tuple((part.group, part.rows) for part in parts),
    )


def _recording(part: Part, wanted: Sequence[str], curves: bool, parameters: bool) -> Part:
    """The same points, with nothing recorded that is not asked for."""
    asked = tuple(name for name in CURVE_MEASURES if name in wanted)
    record = replace(part.group.record, measures=asked)
    for name, kept in (("loss", curves), ("parameters", parameters)):
        if not kept:
            record = replace(record, **{name: "nothing"})  # type: ignore[arg-type]  # the schedules
        elif getattr(record, name) == "nothing":
            raise RequestError(f'points: record.{name} is "nothing", and it is asked for')
    if AREA in wanted and not curves:
        record = replace(record, loss="every step")
    group = replace(part.group, record=record)
    if AREA in wanted:
        refuse_gaps("points", group)
    return replace(part, group=group)


def _wanted(study: Study, measures: Sequence[str] | None, parts: Sequence[Part]) -> list[str]:
    """The columns to return."""
    validated = any(part.group.validation for part in parts)
    if measures is None:
        more = VALIDATION_MEASURES if validated else ()
        return [*TRAINING_MEASURES, *study.record.measures, *more, OUTCOME]
    known = [n for n, row in MEASURES.items() if validated or row.needs != "validation"]
    if isinstance(measures, str):
        raise RequestError(f"measures: must be a list of names, such as [{measures!r}]")
    for name in measures:
        if name not in (*known, OUTCOME):
            hint = nearest(str(name), known) or f"; there are {', '.join((*known, OUTCOME))}"
            raise RequestError(f"measures: {name!r} is none that is kept{hint}")
    return list(dict.fromkeys(measures))


def _trained(parts: Sequence[Part], threads: int, *, areas: bool, curves: bool) -> Iterator[Piece]:
    """Each piece of a part that was trained at a time: its rows, and what they gave."""
    jobs = []
    for part in parts:
        prepare(part.group)
        size = chunk_size(part.group, threads)
        jobs += [(part, slice(at, at + size)) for at in range(0, len(part.rows), size)]

    def work(job: tuple[Part, slice]) -> Piece:
        part, piece = job
        trained = train(part.group, part.index[piece])
        if areas:
            table = tables_of(part.group, trained, 0)["curves"].select(["trial", "step", "loss"])
            area = areas_under(table.to_pandas(), part.group.steps).to_numpy()
            kept = trained.losses if curves else trained.losses[:, :0]
            trained = replace(trained, measures=trained.measures | {AREA: area}, losses=kept)
        return part, part.rows[piece], trained

    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(work, jobs)


def _measured(wanted: Sequence[str], pieces: Sequence[Piece]) -> dict[str, Any]:
    """The columns of measures, a row a point."""
    places = np.concatenate([np.empty(0, np.int64), *(rows for _, rows, _ in pieces)])
    found: dict[str, Any] = {}
    for name in wanted:
        steps = name == OUTCOME or MEASURES[name].unit == "step"
        none = np.empty(0, np.int64 if steps else np.float64)
        values = np.concatenate([_measure(name, trained) for _, _, trained in pieces] or [none])
        values[places] = values.copy()
        found[name] = values
        if name == OUTCOME:
            found[name] = pd.Categorical.from_codes(values, pd.Index(OUTCOMES))
        elif name in NEVER:
            found[name] = pd.arrays.IntegerArray(values, values < 0)
    return found


def _measure(name: str, trained: Trained) -> np.ndarray:
    """A measure of each trial of a piece; NaN where there are no validation data."""
    if name == OUTCOME:
        return trained.outcome
    if name == "overshoot":
        highest, never = (trained.measures[one] for one in ("max_loss", "diverged_at"))
        return overshoots(trained.measures["initial_loss"], np.where(never < 0, highest, np.inf))
    known = trained.measures if name in trained.measures else trained.final_validation
    return known[name] if name in known else np.full(len(trained.index), np.nan)


def _joined(kind: str, pieces: Sequence[Piece], columns: Columns) -> pd.DataFrame:
    """The curves or parameters of all points, in their order, with the axes."""
    parts = []
    for part, rows, trained in pieces:
        table = tables_of(part.group, trained, 0)[kind]
        names = ["step", *part.group.network.parameter_names]
        if kind == "curves":
            names = [name for name in table.column_names if name != "trial"]
        trial = rows[table["trial"].to_numpy()]
        parts.append(pa.table({"trial": trial} | {name: table[name] for name in names}))
    if not parts:
        return pd.DataFrame(columns=["trial", *columns, "step"])
    table = pa.concat_tables(parts, promote_options="permissive")
    table = table.sort_by([("trial", "ascending"), ("step", "ascending")])
    trial, step = table["trial"].to_numpy(), table["step"].to_numpy().astype(np.int64)
    axes = {name: column[trial] for name, column in columns.items()}
    rest = {n: table[n].to_pandas() for n in table.column_names if n not in ("trial", "step")}
    return pd.DataFrame({"trial": trial, **axes, "step": step, **rest})


@dataclass(frozen=True, eq=False)
class Refined:
    """A map that was trained in part."""

    axes: tuple[Axis, ...]  # one or two, those across the map's rows first
    # A row a point that was trained, in grid order: the axes, the measures and `level`.
    trials: pd.DataFrame
    # (n, m) int64, or (n,) of one axis: the row of `trials` that stands at each point of the whole
    # grid; its own where it was trained, else the nearest of its cell.
    row: np.ndarray

    def __repr__(self) -> str:
        size = " x ".join(f"{len(axis):,}" for axis in self.axes)
        return f"<Refined map of {size}: {len(self.trials):,} points trained, {self.share:.2%}>"

    @property
    def share(self) -> float:
        """Which part of the grid was trained."""
        return len(self.trials) / self.row.size

    def picture(self, measure: str) -> np.ndarray:
        """A measure at every point of the grid, as `row`; of `outcome` the codes, int8."""
        column = self.trials[measure]
        values = column.cat.codes if measure == OUTCOME else column
        return np.asarray(values.to_numpy()[self.row])


def refine(
    study: str | Path | Study,
    by: str | None = None,
    *,
    factor: float | None = None,
    depth: int | None = None,
    measures: Sequence[str] = ("final_loss", OUTCOME),
    threads: int | None = None,
) -> Refined:
    """Train a map only where something happens, without touching the disk.

    First every 2^depth-th value of each axis is trained, and the last; then, level by level, each
    cell whose known corners and middles of edges disagree is split in four, until neighbours on the
    grid itself are compared. What lies within a cell that was never split is taken to be as its
    corners are: a detail smaller than the coarse cells is found only where it touches one that is
    split. `sweep.run` trains the same points of a study that states `refine.depth`.

    Args:
        study: a study, a path to its file, or a name; one or two of its axes are ascending numbers
            of several values, all others have one.
        by: "outcome", or a loss: then corners disagree if they are more than a `factor` apart.
        factor: at least 1.
        depth: how often a cell is split at most, from 1 to 20. What is not stated is as the study
            has it, or else 5, by outcome, and 10.
        measures: what is kept of every point; with `by` and the outcome.
        threads: as for `evaluate`.

    Raises:
        RequestError: the study is no such map, or an argument is out of range.
    """
    study = load_study(study)
    rule = replace(study.settings.refine, depth=study.settings.refine.depth or 5)
    for field, stated in zip(fields_of("refine"), (depth, by, factor), strict=True):
        if stated is not None:
            name = field.name.partition(".")[2]
            rule = replace(rule, **{name: asked(name, field.check, stated)})
    first, *others = study.groups()
    try:
        shape = shape_of_map(first)
        if others:
            raise FieldError("refine", "needs one group; axes of names split a study into several")
    except FieldError as error:
        raise RequestError(f"{study.name}: {error.problem}") from None
    names = tuple(dict.fromkeys([*measures, rule.by, OUTCOME]))
    values, parts = np.full(first.trials, np.nan), []
    while len(points := wanted(values, shape, rule)):
        found = evaluate(study, first.columns(points), measures=names, threads=threads)
        by_points = found[rule.by].cat.codes if rule.by == OUTCOME else found[rule.by]
        values[points] = comparable(rule.by, by_points.to_numpy())
        parts.append(found.set_index(points))
    trials = pd.concat(parts).sort_index()
    position = trials.index.to_numpy()
    row = np.full(first.trials, -1)
    row[position] = np.arange(len(position))
    nearest = nearest_known(row >= 0, shape, rule.depth or 0)
    return Refined(
        tuple(axis for axis in study.axes if len(axis) > 1),
        trials.assign(**{LEVEL: levels_of(position, shape, rule.depth or 0)}).reset_index(
            drop=True
        ),
        row[nearest].reshape([n for n in shape if n > 1]),
    )
