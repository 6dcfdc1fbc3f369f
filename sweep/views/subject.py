"""What figures are drawn from: the tables of one study, and what their columns mean."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sweep.analysis.networks import multipliers_of, parameters_of
from sweep.catalogue import TRAINING_MEASURES, VALIDATION_MEASURES
from sweep.errors import RequestError
from sweep.study.checks import nearest
from sweep.views.decision import Learnt
from sweep.views.scales import WITHOUT_ORDER, is_ordered
from sweep.views.tables import codes

if TYPE_CHECKING:
    from sweep.store.results import Results
    from sweep.study import Group
    from sweep.study.grid import Dimension

ReadTrials = Callable[[Sequence[str]], pd.DataFrame]
ReadSome = Callable[[np.ndarray], pd.DataFrame]

MOST_ROWS = 4_000_000
"""Rows of curves that one figure reads; of more trials, some evenly spread."""


@dataclass(frozen=True)
class Subject:
    """The tables of one study, read as they are needed, and what their columns mean.

    Attributes:
        title: what the study asks.
        axes: the swept columns, in the study's order.
        read: returns the asked columns of the table of trials: `trial`, the axes, `measures` and
            `outcome`.
        measures: the columns of numbers that the table of trials has.
        recorded: the columns of numbers that the table of curves has; none if nothing was recorded.
        read_curves: returns the rows (`trial`, the axes, `step`, `recorded`) of given trials.
        read_parameters: the same of parameters; None if none were kept.
        steps: how many steps of a trial were recorded, at most.
        marks: values of axes to point out.
        groups: the study's groups, in which networks and data differ.
        following: axes that run together with an earlier one, whose value tells theirs: no figure
            shows them unasked.
    """

    title: str
    axes: tuple[str, ...]
    read: ReadTrials
    measures: tuple[str, ...] = tuple(TRAINING_MEASURES)
    recorded: tuple[str, ...] = ()
    read_curves: ReadSome | None = None
    read_parameters: ReadSome | None = None
    steps: int = 1
    marks: Mapping[str, Sequence[float]] = field(default_factory=dict)
    groups: Sequence["Group"] = ()
    following: frozenset[str] = frozenset()

    @classmethod
    def of(cls, results: "Results") -> "Subject":
        """Return what the figures of a study's results are drawn from; nothing is read yet."""
        study = results.study
        groups = study.groups()
        steps = max(len(group.record.loss_steps(group.steps)) for group in groups)
        validated = VALIDATION_MEASURES if any(group.validation for group in groups) else ()
        return cls(
            title=study.title,
            axes=tuple(axis.name for axis in study.axes),
            read=results.trials,
            measures=(*TRAINING_MEASURES, *validated),
            recorded=("loss", *validated) if steps else (),
            read_curves=results.curves if steps else None,
            read_parameters=results.parameters,
            steps=max(steps, 1),
            marks=study.plot.mark,
            groups=groups,
            following=frozenset(_following(study.dimensions)),
        )

    def asking(self, names: Collection[str]) -> "Subject":
        """Return the subject of a figure that shows these axes, be they following others or not."""
        asked = self.following.intersection(names)
        return replace(self, following=self.following - asked) if asked else self

    @property
    def shown(self) -> tuple[str, ...]:
        """The axes that figures may show."""
        return tuple(axis for axis in self.axes if axis not in self.following)

    @cached_property
    def points(self) -> dict[str, np.ndarray]:
        """The distinct values of each axis, ascending."""
        table = self.trials()
        return {axis: np.sort(np.asarray(pd.unique(table[axis]))) for axis in self.shown}

    @cached_property
    def outcomes(self) -> frozenset[int]:
        """The places in `OUTCOMES` of the outcomes that there are."""
        return frozenset(np.unique(codes(self.trials())).tolist())

    @cached_property
    def _tables(self) -> dict[str, pd.DataFrame]:
        """The tables of trials read so far, by measure: several figures share one."""
        return {}

    @cached_property
    def swept(self) -> tuple[str, ...]:
        """The axes with several values."""
        return tuple(axis for axis in self.shown if len(self.points[axis]) > 1)

    @cached_property
    def numeric(self) -> tuple[str, ...]:
        """The axes whose order means something, the one of most values first."""
        ordered = [axis for axis in self.swept if is_ordered(axis, self.points[axis])]
        return tuple(sorted(ordered, key=lambda axis: -len(self.points[axis])))

    @cached_property
    def ranked(self) -> tuple[str, ...]:
        """The axes a figure would show first: ordered ones, then names, then seeds."""
        names = [a for a in self.swept if a not in self.numeric and a not in WITHOUT_ORDER]
        seeds = [a for a in self.swept if a in WITHOUT_ORDER]
        return (*self.numeric, *names, *seeds)

    def few(self, axis: str, most: int) -> bool:
        """Say whether an axis is no seed and has so few values that each can be told apart."""
        return axis not in WITHOUT_ORDER and len(self.points[axis]) <= most

    def axis(self, option: str, name: str) -> str:
        """Return the axis that a name or its end stands for, if only one ends so.

        Raises:
            RequestError: there is none.
        """
        found = [axis for axis in self.axes if axis == name] or [
            axis for axis in self.axes if axis.endswith(f".{name}")
        ]
        if len(found) != 1:
            have = ", ".join(self.axes) or "none"
            raise RequestError(
                f'{option}: no axis is called "{name}"{nearest(name, self.axes)}; there are {have}'
            )
        return found[0]

    def measure(self, name: str, known: Sequence[str]) -> str:
        """Return the measure of this name.

        Raises:
            RequestError: it is none of those `known`.
        """
        if name not in known:
            raise RequestError(
                f'--measure: no measure is called "{name}"{nearest(name, known)}; '
                f"there are {', '.join(known)}"
            )
        return name

    def trials(self, measure: str = TRAINING_MEASURES[1]) -> pd.DataFrame:
        """Return the numbers, the axes, a measure and the outcome of all trials.

        Raises:
            RequestError: there are none.
        """
        if measure not in self._tables:
            self._tables[measure] = self.read(["trial", *self.shown, measure, "outcome"])
        if self._tables[measure].empty:
            raise RequestError("nothing has been trained yet; `sweep run` comes first")
        return self._tables[measure]

    def learnt(self, headings: Mapping[int, str]) -> list[Learnt]:
        """Return the networks of these trials at the last kept step that has finite parameters.

        Raises:
            RequestError: no parameters were kept.
        """
        table = self.parameters(list(headings))
        return [self._learnt(table[table["trial"] == n], headings[n]) for n in headings]

    def parameters(self, trials: Sequence[int]) -> pd.DataFrame:
        """Return the rows of parameters of these trials.

        Raises:
            RequestError: no parameters were kept.
        """
        table = self.read_parameters(np.asarray(trials)) if self.read_parameters else None
        if table is None or table.empty:
            raise RequestError(
                'no parameters were kept: set record.parameters to "every 10" and run'
            )
        return table

    def _learnt(self, rows: pd.DataFrame, heading: str) -> Learnt:
        rows = rows.sort_values("step", ascending=False)
        group = self._group_of(rows)
        values = parameters_of(group.network, rows)
        finite = np.isfinite(values).all(axis=1)
        at = int(finite.argmax())
        row = rows.iloc[at : at + 1]
        if at:
            heading += f" (step {int(row['step'].iloc[0]):,})"
        return Learnt(
            heading,
            group.network,
            values[at],
            multipliers_of(group, row)[:, 0],
            group.data.inputs,
            group.data.targets,
        )

    def _group_of(self, rows: pd.DataFrame) -> "Group":
        """Return the group whose labels the first of these rows has."""
        return next(
            group
            for group in self.groups
            if all(rows[name].iloc[0] == value for name, value in group.labels.items())
        )


def _following(dimensions: Sequence["Dimension"]) -> Iterator[str]:
    """The axes of each dimension after the first whose values all differ."""
    for dimension in dimensions:
        leading = [len(axis.ranked[0]) == len(axis) for axis in dimension.axes]
        if any(leading):
            yield from (axis.name for axis in dimension.axes[leading.index(True) + 1 :])
