"""A map of two axes from coarse to fine: cells are split where what is around them disagrees."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sweep.catalogue import OUTCOMES
from sweep.errors import RequestError
from sweep.runs.evaluation import OUTCOME, evaluate
from sweep.store.files import complete, told
from sweep.study import Axis, Study, load_study

POINT = "point"
"""The column that says where on the whole grid a row stands, the last axis running fastest."""

LEVEL = "level"
"""The column that says at which split a row was trained, 0 for the coarse grid."""

_STUDY = b"sweep refine"  # in the metadata of a file: of what study's grid


@dataclass(frozen=True, eq=False)
class Refined:
    """A map that was trained in part.

    Attributes:
        axes: one or two, those across the map's rows first.
        trials: a row a point that was trained: the axes, the measures, `point` and
            `level`, in grid order.
        row: (n, m) int64, or (n,) of one axis: the row of `trials` that stands at each point of
            the whole grid; its own where it was trained, else the nearest of its cell.
    """

    axes: tuple[Axis, ...]
    trials: pd.DataFrame
    row: np.ndarray

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
    by: str = OUTCOME,
    *,
    factor: float = 10.0,
    depth: int = 5,
    measures: Sequence[str] = ("final_loss", OUTCOME),
    file: str | Path | None = None,
    threads: int | None = None,
) -> Refined:
    """Train a study's grid of one or two ordered axes only where something happens.

    First every 2^depth-th value of each axis is trained, and the last; then, level by level, each
    cell whose known corners and middles of edges disagree is split in four, until neighbours on the
    grid itself are compared. What lies within a cell that was never split is taken to be as its
    corners are: a detail smaller than the coarse cells is found only where it touches one that is
    split.

    Args:
        study: a study, a path to its file, or a name; one or two of its axes are numbers of several
            values, all others have one.
        by: "outcome", or a measure that is a loss: then corners disagree too if they are more than
            a `factor` apart.
        factor: above 1.
        depth: how often a cell is split at most.
        measures: what is kept of every point; with `by`.
        file: a parquet file that keeps what is trained after each batch; if it is there already,
            it is gone on from, also with another depth, factor or `by` among its columns.
        threads: as for `evaluate`.

    Raises:
        RequestError: the study has no such axes, an argument is out of range, or the file is none
            of this study's.
    """
    study = study if isinstance(study, Study) else load_study(study)
    axes = tuple(axis for axis in study.axes if len(axis.ranked[0]) > 1)
    shape = tuple(len(axis.ranked[0]) for axis in axes)
    numbers = all(axis.ranked[0].dtype.kind in "fi" for axis in axes)
    if len(axes) not in (1, 2) or not numbers or math.prod(shape) != study.trials:
        raise RequestError(f"{study.name}: has no whole grid of one or two axes of numbers")
    if not factor > 1 or not 0 <= depth <= 20:
        raise RequestError("factor must be above 1, depth from 0 to 20")
    names = tuple(dict.fromkeys([*measures, by, OUTCOME]))
    known = _Known(study, axes, names, Path(file) if file else None, threads)
    rows, columns = shape if len(shape) == 2 else (*shape, 1)
    step = 2**depth
    candidates = np.ones((_cells(rows, step), _cells(columns, step)), bool)
    known.train(_points(candidates, (rows, columns), step)[:, ::2, ::2], 0)
    nearest = _nearest(rows, columns, step)
    for level in range(1, depth + 1):
        points = _points(candidates, (rows, columns), step)
        at = np.argwhere(candidates)
        split = np.zeros(len(at), bool)
        while (found := ~split & known.disagree(points, by, factor)).any():
            known.train(points[found], level)
            split |= found
        divided = np.zeros(candidates.shape, bool)
        divided[tuple(at[split].T)] = True
        step //= 2
        fine = _nearest(rows, columns, step)
        nearest = np.where(_spread(divided, (rows, columns), 2 * step), fine, nearest)
        children = divided.repeat(2, axis=0).repeat(2, axis=1)
        candidates = children[: _cells(rows, step), : _cells(columns, step)]
    trials, place = known.trials()
    return Refined(axes, trials, place[nearest].reshape(shape))


def _cells(count: int, step: int) -> int:
    """How many cells of `step` an axis of `count` values has; the last may be shorter."""
    return max(-(-(count - 1) // step), 1)


def _points(cells: np.ndarray, shape: tuple[int, int], step: int) -> np.ndarray:
    """The flat points (cells, 3, 3) that lie at the corners, the edges and the middle of cells."""
    at = [
        np.minimum(place[:, np.newaxis] * step + [0, step // 2, step], count - 1)
        for place, count in zip(np.nonzero(cells), shape, strict=True)
    ]
    return np.asarray(at[0][:, :, np.newaxis] * shape[1] + at[1][:, np.newaxis, :])


def _nearest(rows: int, columns: int, step: int) -> np.ndarray:
    """(rows, columns): the flat point, of every `step`-th and the last, that is nearest to each."""
    row, column = (
        np.minimum((np.arange(count) + step // 2) // step * step, count - 1)
        for count in (rows, columns)
    )
    return np.asarray(row[:, np.newaxis] * columns + column)


def _spread(cells: np.ndarray, shape: tuple[int, int], step: int) -> np.ndarray:
    """What is said of cells of `step`, at each point in them; the last point is in the last."""
    row, column = (
        np.minimum(np.arange(count) // step, many - 1)
        for count, many in zip(shape, cells.shape, strict=True)
    )
    return np.asarray(cells[np.ix_(row, column)])


class _Known:
    """What is trained so far of a grid, in memory and in a file."""

    def __init__(
        self,
        study: Study,
        axes: tuple[Axis, ...],
        names: tuple[str, ...],
        file: Path | None,
        threads: int | None,
    ) -> None:
        self.study, self.axes, self.names = study, axes, names
        self.file, self.threads = file, threads
        parts = [f"{one.digest} {one.steps} {one.points}" for one in study.groups()]
        self.digest = hashlib.sha256(" ".join(parts).encode()).hexdigest()
        self.table = pd.DataFrame()
        self.there = np.zeros(study.trials, bool)
        if file and file.exists():
            self._read(file)

    def _read(self, file: Path) -> None:
        try:
            found = pq.read_table(file)
            written = (found.schema.metadata or {}).get(_STUDY, b"").decode()
        except (pa.ArrowException, OSError):
            written = ""
        wanted = {POINT, LEVEL, *self.names}
        if written != self.digest or not wanted <= {*found.column_names}:
            raise RequestError(f"{file}: is no refinement of this study with these measures")
        self.table = found.to_pandas()
        self.table[OUTCOME] = pd.Categorical(self.table[OUTCOME], OUTCOMES)
        self.there[self.table[POINT].to_numpy()] = True

    def train(self, points: np.ndarray, level: int) -> None:
        """Train those of the flat `points` that are not known."""
        new = np.unique(points)
        new = new[~self.there[new]]
        if not len(new):
            return
        at = np.unravel_index(new, [len(axis.ranked[0]) for axis in self.axes])
        values = {
            axis.name: axis.ranked[0][place] for axis, place in zip(self.axes, at, strict=True)
        }
        found = evaluate(self.study, values, measures=self.names, threads=self.threads)
        found = found.assign(**{POINT: new, LEVEL: np.full(len(new), level)})
        self.table = pd.concat([self.table, found], ignore_index=True)
        self.there[new] = True
        if self.file:
            table = pa.Table.from_pandas(self.table, preserve_index=False)
            told_so = told(f"{self.file}: cannot be written", RequestError)
            with told_so, complete(self.file) as path:
                pq.write_table(table.replace_schema_metadata({_STUDY: self.digest}), path)

    def disagree(self, points: np.ndarray, by: str, factor: float) -> np.ndarray:
        """(cells,) whether what is known among the points (cells, 3, 3) differs too much."""
        place = self.trials()[1][points.reshape(len(points), 9)]
        known = place >= 0
        values = self.table[by].cat.codes if by == OUTCOME else self.table[by]
        found = values.to_numpy(np.float64, na_value=np.inf)[place]
        if by != OUTCOME:
            found = np.where(np.isfinite(found), np.log(np.maximum(found, 1e-300)), 1e9)
        low = np.where(known, found, np.inf).min(axis=1)
        high = np.where(known, found, -np.inf).max(axis=1)
        return np.asarray(high - low > (0 if by == OUTCOME else math.log(factor)))

    def trials(self) -> tuple[pd.DataFrame, np.ndarray]:
        """The rows in the order of the grid; and the row of each flat point, -1 for none."""
        self.table = self.table.sort_values(POINT, ignore_index=True)
        place = np.full(len(self.there), -1)
        place[self.table[POINT].to_numpy()] = np.arange(len(self.table))
        return self.table, place
