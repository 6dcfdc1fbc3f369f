"""A map of two axes from coarse to fine, in memory: `[refine]` in a study does it in results."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from sweep.errors import RequestError
from sweep.runs.evaluation import OUTCOME, evaluate
from sweep.study import Axis, Study, load_study
from sweep.study.checks import asked
from sweep.study.refining import LEVEL, comparable, levels_of, nearest_known, shape_of_map, wanted
from sweep.study.settings import FieldError, fields_of


@dataclass(frozen=True, eq=False)
class Refined:
    """A map that was trained in part.

    Attributes:
        axes: one or two, those across the map's rows first.
        trials: a row a point that was trained, in grid order: the axes, the measures and `level`.
        row: (n, m) int64, or (n,) of one axis: the row of `trials` that stands at each point of
            the whole grid; its own where it was trained, else the nearest of its cell.
    """

    axes: tuple[Axis, ...]
    trials: pd.DataFrame
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
