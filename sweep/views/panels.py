"""Several values in one figure: told apart by colour, or by panels of one size."""

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D

from sweep.views.scales import LETTERS_AN_INCH, is_ordered, width_of
from sweep.views.style import (
    ALONE,
    LEGEND,
    RGB,
    Look,
    assignment,
    colors,
    label,
    new_figure,
    value_labels,
)

T = TypeVar("T")

MOST = 12  # values that an eye can follow in one figure
MOST_NAMES = 10  # hues that stay apart where values have no order to lead from one to the next


def thinned(values: Sequence[T], most: int = MOST) -> list[T]:
    """Return at most `most` of the values, evenly spread, first and last included."""
    if len(values) <= most:
        return list(values)
    return [values[i] for i in np.linspace(0, len(values) - 1, most).round().astype(int)]


@dataclass(frozen=True)
class Shown:
    """The values of one column that a figure tells apart; of no column, the one value None.

    Attributes:
        name: the column, or None.
        points: the values that are shown, ascending.
        total: how many there are.
        more: what a legend adds to the name of a value.
    """

    name: str | None
    points: tuple[object, ...]
    total: int = 1
    more: Mapping[object, str] = field(default_factory=dict)

    @classmethod
    def of(cls, table: pd.DataFrame, name: str | None, total: int = 0) -> "Shown":
        """Take the values of the column `name`, or some of them where they are too many.

        `total` is how many there are, if more than the table holds.
        """
        if name is None:
            return cls(None, (None,))
        values = np.sort(np.asarray(pd.unique(table[name])))
        most = MOST if is_ordered(name, values) else MOST_NAMES
        return cls(name, tuple(thinned(values.tolist(), most)), max(total, len(values)))

    def of_these(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of a table that have one of the values."""
        if self.name is None or len(self.points) == self.total:
            return table
        return table[table[self.name].isin(self.points)]

    def rows(self, table: pd.DataFrame, value: object) -> np.ndarray:
        """Say which rows of a table have this value, (n,) bool."""
        return (
            np.ones(len(table), bool)
            if self.name is None
            else (table[self.name] == value).to_numpy()
        )

    @property
    def names(self) -> list[str]:
        """What each value is called."""
        return value_labels(self.points) if self.name else [""]

    @property
    def colors(self) -> list[RGB]:
        """The colour of each value."""
        if self.name is None:
            return [ALONE]
        return colors(self.points, ordered=is_ordered(self.name, np.asarray(self.points)))

    @property
    def entries(self) -> list[Line2D]:
        """A line a value for a legend, in the order of the values."""
        said = zip(self.names, self.points, self.colors, strict=True)
        return [Line2D([], [], color=color, lw=2, label=name + self.more.get(point, ""))
                for name, point, color in said]  # fmt: skip

    @property
    def title(self) -> str:
        """What the values are values of, and whether some are left out."""
        if self.name is None:
            return ""
        some = len(self.points) < self.total
        return label(self.name) + (f" ({len(self.points)} of {self.total:,})" if some else "")

    @property
    def headings(self) -> list[str]:
        """The heading of each value's panel."""
        return [assignment(self.name, name) for name in self.names] if self.name else [""]

    @property
    def note(self) -> str:
        """What a figure with panels says if some are left out."""
        return f"panels: {self.title}" if len(self.points) < self.total else ""


@dataclass(frozen=True)
class Panel:
    """One panel: its axes, one below another, and whether it is at the left and at the bottom.

    `ragged` says whether the last row of the figure has fewer panels than the others.
    """

    parts: list[Axes]
    left: bool
    bottom: bool
    ragged: bool = False


def panels_of(
    look: Look,
    headings: Sequence[str],
    *notes: str,
    size: tuple[float, float] = (7.0, 4.5),
    heights: Sequence[float] = (1,),
    panel: tuple[float, float] = (2.4, 1.7),
    legend: object = True,
) -> tuple[Figure, list[Panel]]:
    """Return a figure with a panel a heading, each of axes with the relative `heights`.

    One panel makes a figure of `size` inches. Of several, each has the width and the height (of its
    first axes) that `panel` says, and there is room for a `legend` if there will be one.
    """
    n = len(headings)
    columns = n if n <= 3 else 2 if n == 4 else math.ceil(n / math.ceil(n / 4))
    rows = math.ceil(n / columns)
    if n > 1:
        wide, high = panel if rows > 1 else (max(panel[0], 2.9), max(panel[1], 2.5))
        high = high * sum(heights) / heights[0] + 0.25
        size = wide * columns + (1.9 if legend else 0.6), high * rows + 0.9
    figure = new_figure(look, *size, *notes)
    ratios = list(heights) * rows
    grid = figure.subplots(len(ratios), columns, squeeze=False, height_ratios=ratios)
    stacks = grid.reshape(rows, len(heights), columns).swapaxes(1, 2).reshape(-1, len(heights))
    for axes in stacks[n:].flat:
        axes.remove()
    panels = []
    for at, heading in enumerate(headings):
        bottom, ragged = at + columns >= n, n < rows * columns
        panels.append(Panel(list(stacks[at]), at % columns == 0, bottom, ragged))
        stacks[at][0].set_title(heading, fontsize="small")
    return figure, panels


def label_outside(
    figure: Figure, panels: Sequence[Panel], *, same_x: bool = True, same_y: bool = True
) -> None:
    """Leave the names and the numbers of axes that all panels share to the outermost ones.

    Where the last row is not full every panel keeps its numbers, and names stand in the empty
    place without room of their own, so that rows are evenly apart.
    """
    for at, panel in enumerate(panels):
        for axes in panel.parts:
            lowest = axes is panel.parts[-1]
            named = lowest and (panel.bottom or not same_x)
            if not panel.left:
                axes.set_ylabel("")
            if not named:
                axes.set_xlabel("")
            axes.tick_params(axis="y", which="both", labelleft=panel.left or not same_y)
            axes.tick_params(axis="x", which="both", labelbottom=named or (lowest and panel.ragged))
            above_nothing = panel.bottom and any(one.left for one in panels[at + 1 :])
            if lowest and same_x and above_nothing:
                axes.annotate(
                    axes.get_xlabel(), (0.5, 0), (0, -20), xycoords="axes fraction",
                    textcoords="offset points", ha="center", va="top",
                    fontsize=axes.xaxis.label.get_fontsize(),
                ).set_in_layout(False)  # fmt: skip
                axes.set_xlabel("")
    figure.align_ylabels()
    sns.despine(figure)


def wrapped_heading(axes: Axes, text: str) -> str:
    """Break the heading of a panel into at most three lines that are no wider than it."""
    wide = max(int(LETTERS_AN_INCH * (width_of(axes) + 0.7)), 12)
    return "\n".join(textwrap.wrap(text, wide, max_lines=3))


def beside(figure: Figure, handles: Sequence[Artist], title: str, *, lower: bool = False) -> None:
    """Put a legend to the right of all panels, where it covers no data and widens no row."""
    engine = figure.get_layout_engine()
    assert isinstance(engine, ConstrainedLayoutEngine)
    left, bottom, width, height = engine.get()["rect"]  # beneath the title and the notes
    legend = figure.legend(
        handles=list(handles),
        title=title or None,
        loc="lower right" if lower else "upper right",
        bbox_to_anchor=(1, bottom if lower else bottom + height),
        **LEGEND,
    )
    taken = legend.get_window_extent().width / figure.bbox.width
    engine.set(rect=(left, bottom, max(min(width, 0.98 - taken), 0.3), height))
