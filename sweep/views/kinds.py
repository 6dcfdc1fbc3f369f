"""The kinds of figures: what each is called, shows and needs, and when it is the choice."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from sweep.errors import RequestError
from sweep.views.curves import MOST_CURVES, curves, loglog, panels, thinned
from sweep.views.heatmap import heatmap
from sweep.views.outcomes import outcomes
from sweep.views.response import response
from sweep.views.scales import is_ordered

ReadCurves = Callable[[np.ndarray], pd.DataFrame]


@dataclass(frozen=True)
class Subject:
    """What is drawn: the tables of one study, and what their columns mean.

    `trials` has a row a trial: `trial`, a column an axis, the measures and `outcome`; `curves`
    returns the rows (`trial`, the axes, `step`, `loss`) of given trials, and is None where no curve
    was recorded. `axes` are the swept columns in the study's order, `marks` values to point out.
    """

    title: str
    axes: tuple[str, ...]
    trials: pd.DataFrame
    curves: ReadCurves | None = None
    marks: Mapping[str, Sequence[float]] = field(default_factory=dict)

    @cached_property
    def points(self) -> dict[str, np.ndarray]:
        """The distinct values of each axis, ascending."""
        return {axis: np.sort(self.trials[axis].unique()) for axis in self.axes}

    @cached_property
    def numeric(self) -> tuple[str, ...]:
        """The axes whose order means something, the one of most values first."""
        ordered = [axis for axis in self.axes if is_ordered(axis, self.points[axis])]
        return tuple(sorted(ordered, key=lambda axis: -len(self.points[axis])))

    @property
    def main(self) -> str:
        """The axis that a figure is about: the longest ordered one, or the first."""
        return (self.numeric + self.axes)[0]

    @property
    def hue(self) -> str | None:
        """The axis that tells curves apart; none where there is but one curve."""
        return self.main if self.axes else None

    @property
    def across(self) -> tuple[str, str]:
        """The two axes of a map: the main one, and the longest of the others."""
        others = [axis for axis in self.axes if axis != self.main]
        return self.main, max(others, key=lambda axis: len(self.points[axis]))

    @property
    def curves_there(self) -> int:
        """How many curves could be told apart by their axis, shown or not."""
        return len(self.points[self.hue]) if self.hue else 0

    def shown_curves(self) -> pd.DataFrame:
        """Return the curves that a figure can hold; no other is read."""
        if self.curves is None:
            raise RequestError('no curves were recorded: set record.loss to "every step" and run')
        trials = self.trials
        if self.hue:
            shown = thinned(self.points[self.hue].tolist())
            trials = trials[trials[self.hue].isin(shown)]
        return self.curves(trials["trial"].to_numpy())


@dataclass(frozen=True)
class Kind:
    """One kind of figure: how it is drawn, how many axes and ordered axes it needs, when chosen."""

    summary: str
    draw: Callable[[Subject], Figure]
    chosen: Callable[[Subject], bool]
    axes: int = 0
    ordered: int = 0

    def check(self, name: str, subject: Subject) -> None:
        """Refuse a study that this kind cannot show.

        Raises:
            RequestError: the study has too few axes, or too few whose order means something.
        """
        for needed, there, what in (
            (self.axes, subject.axes, "swept"),
            (self.ordered, subject.numeric, "swept and numeric"),
        ):
            if len(there) < needed:
                have = ", ".join(there) or "none"
                raise RequestError(f"{name} needs {needed} axes {what}; this study has: {have}")


def few_curves(subject: Subject) -> bool:
    """Say whether curves were recorded, and few enough to be told apart."""
    few = subject.hue is None or len(subject.points[subject.hue]) <= MOST_CURVES
    return subject.curves is not None and few


def is_map(subject: Subject) -> bool:
    """Say whether two axes have so many values that a map is worth its place."""
    return len(subject.axes) > 1 and all(len(subject.points[a]) >= 4 for a in subject.across)


def is_long(subject: Subject) -> bool:
    """Say whether an ordered axis has so many values that it is a scale rather than a list."""
    return bool(subject.numeric) and len(subject.points[subject.numeric[0]]) > MOST_CURVES


def is_mixed(subject: Subject) -> bool:
    """Say whether trials differ in their outcome, and in some axis."""
    return bool(subject.axes) and len(subject.trials["outcome"].unique()) > 1


def _draw_response(subject: Subject) -> Figure:
    x = subject.numeric[0]
    marks = subject.marks.get(x, ())
    return response(subject.trials, x=x, marks=marks, title=subject.title)


def _draw_heatmap(subject: Subject) -> Figure:
    x, y = subject.across
    return heatmap(subject.trials, x=x, y=y, title=subject.title)


def _draw_outcomes(subject: Subject) -> Figure:
    x, y = subject.across if len(subject.axes) > 1 else (subject.axes[0], None)
    return outcomes(subject.trials, x=x, y=y, title=subject.title)


KINDS: dict[str, Kind] = {
    "curves": Kind(
        "loss by step, all curves in one figure, the first 100 steps",
        lambda s: curves(s.shown_curves(), hue=s.hue, total=s.curves_there, title=s.title),
        few_curves,
    ),
    "panels": Kind(
        "loss by step, one panel a value, the same axes in each",
        lambda s: panels(s.shown_curves(), hue=s.main, total=s.curves_there, title=s.title),
        lambda s: bool(s.axes) and few_curves(s),
        axes=1,
    ),
    "loglog": Kind(
        "loss by step, every recorded step, logarithmic axes",
        lambda s: loglog(s.shown_curves(), hue=s.hue, total=s.curves_there, title=s.title),
        few_curves,
    ),
    "heatmap": Kind("final loss over two axes, in colour", _draw_heatmap, is_map, axes=2),
    "outcomes": Kind(
        "what became of the trials, along one axis or over two",
        _draw_outcomes,
        # along a numeric axis `response` shows them too
        lambda s: is_mixed(s) and (is_map(s) or not s.numeric),
        axes=1,
    ),
    "response": Kind(
        "final loss against one numeric axis, with the share of each outcome",
        _draw_response,
        is_long,
        axes=1,
        ordered=1,
    ),
}


def choose(subject: Subject) -> list[str]:
    """Return the kinds that suit a study; those that could be drawn where none is the choice."""
    return [name for name, kind in KINDS.items() if kind.chosen(subject)] or (
        ["response"] if subject.numeric else ["outcomes"] if subject.axes else []
    )


def draw(kind: str, subject: Subject) -> Figure:
    """Draw one kind of figure.

    Raises:
        RequestError: there is no such kind, or the study has not what it needs.
    """
    if kind not in KINDS:
        raise RequestError(f'no figure is called "{kind}"; the kinds are {", ".join(KINDS)}')
    if subject.trials.empty:
        raise RequestError("nothing has been trained yet; `sweep run` comes first")
    KINDS[kind].check(kind, subject)
    return KINDS[kind].draw(subject)
