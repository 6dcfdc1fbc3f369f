"""The same measure of several studies against the rate, and what it is relative to the first."""

import textwrap
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from sweep.analysis import Comparison
from sweep.analysis.sentences import caption
from sweep.errors import RequestError
from sweep.store.export import export_table
from sweep.store.files import told
from sweep.views.saving import save_figure
from sweep.views.scales import HUGE, log_limits, name_powers, place
from sweep.views.style import MARK, Look, colors, label, new_figure, plain, theme, value_labels

MOST_SIDES = 8
"""How many studies' curves can be told apart."""

MOST_PANELS = 4
"""How many columns of panels stand side by side."""


MOST_MARKED = 32
"""Values of a curve that are drawn as points too."""


def save_comparison(found: Comparison, results: str | Path = "results") -> list[Path]:
    """Draw a comparison into the directory of all studies' results, its differences beside it.

    Returns the paths: in `compare/`, in a folder named after the studies.

    Raises:
        RequestError: the system refused to write there.
    """
    names = found.studies
    whole = "-".join(names)
    folder = whole if len(whole) <= 100 else f"{names[0][:80]}-and-{len(names) - 1}-more"
    directory = Path(results) / "compare" / folder
    differences = found.differences()
    figure = comparison(
        found.curves(),
        differences,
        x=found.rate,
        shared=found.shared,
        change=found.change,
        measure=found.level.what,
        title=caption(found),
    )
    table = directory / f"{found.measure}.csv"
    with told(f"{directory}: cannot be written", RequestError):
        paths = save_figure(figure, directory, found.measure)
        export_table(differences, table)
    return [*paths, table]


def comparison(
    curves: pd.DataFrame,
    differences: pd.DataFrame,
    *,
    x: str,
    shared: Sequence[str] = (),
    change: str = "ratio",
    measure: str = "final loss",
    title: str = "",
) -> Figure:
    """Draw a measure against the numeric axis `x`, a colour a study; its change beneath.

    `curves` has the columns `study`, the `shared` ones, `x`, `value`, `low` and `high`;
    `differences` has `study`, these, `change` ("ratio" or "difference" to the first study), `low`
    and `high`. Each combination of shared values has a column of panels; of many, a few are
    shown from the first to the last, and of many studies the first, and the legend says so.
    Bands are intervals; what is infinite, where trials diverged, leaves the figure.
    """
    studies = list(dict.fromkeys(curves["study"]))
    palette = dict(zip(studies, colors(studies[:MOST_SIDES], ordered=False), strict=False))
    panels = _panels(curves, shared)
    with theme():
        figure = new_figure(Look(title), 2.6 + 4.0 * len(panels), 5.6)
        grid = figure.subplots(
            2, len(panels), sharex=True, sharey="row", squeeze=False, height_ratios=[2, 1]
        )
        place(grid[0, 0], np.sort(curves[x].unique()))
        logarithmic = change == "ratio"
        for column, panel in zip(grid.T, panels, strict=True):
            for axes, table, y in zip(
                column, (curves, differences), ("value", change), strict=True
            ):
                part = table if panel.empty else table.merge(panel)
                limits = _limits(table[[y, "low", "high"]], logarithmic=logarithmic)
                _draw(axes, part, palette, x, y, limits)
            column[0].set_title(_heading(panel))
            column[1].axhline(1.0 if logarithmic else 0.0, color=MARK, linewidth=0.8)
            column[1].set_xlabel(label(x))
        grid[0, 0].set_ylabel(measure)
        first = textwrap.shorten(plain(str(studies[0])), 24, placeholder="...")
        grid[1, 0].set_ylabel(f"{change}\n{'to' if logarithmic else 'from'} {first}")
        _legend(figure, palette, len(studies), _told(curves, shared, len(panels)))
        figure.align_ylabels()
        sns.despine(figure)
    return figure


def _panels(curves: pd.DataFrame, shared: Sequence[str]) -> list[pd.DataFrame]:
    """The shared values of each column of panels, a row each; one without any if none is shared."""
    if not shared:
        return [pd.DataFrame()]
    found = curves[list(shared)].drop_duplicates()
    chosen = np.linspace(0, len(found) - 1, min(len(found), MOST_PANELS)).round().astype(int)
    return [found.iloc[at : at + 1] for at in chosen]


def _heading(panel: pd.DataFrame) -> str:
    values = {str(name): panel[name].iloc[0] for name in panel}
    names = [f"{label(name)} = {value_labels([value])[0]}" for name, value in values.items()]
    return "\n".join(names)


def _limits(table: pd.DataFrame, *, logarithmic: bool) -> tuple[float, float] | None:
    """The span of a logarithmic axis; None for a linear one."""
    return (log_limits(table.to_numpy()) or (0.1, 1.0)) if logarithmic else None


def _draw(
    axes: Axes,
    table: pd.DataFrame,
    palette: dict[str, tuple[float, float, float]],
    x: str,
    y: str,
    limits: tuple[float, float] | None,
) -> None:
    """Draw one line a study within the band of its interval."""
    low, high = limits or (-HUGE, HUGE)
    if limits:
        axes.set_yscale("log")
        axes.set_ylim(low / 1.3, high * 1.3)
        if high < 30 * low:  # too few powers of ten to read from
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.yaxis.set_major_formatter(FuncFormatter(lambda at, _: f"{at:g}"))
            axes.yaxis.set_minor_formatter(NullFormatter())
        name_powers(axes.yaxis, low, high)
    for study, part in table.groupby("study", sort=False):
        if study in palette:
            lines = part.sort_values(x)[[x, y, "low", "high"]]
            at = lines.pop(x)
            lines = lines.clip(low / 10, high * 10)
            color = palette[str(study)]
            axes.fill_between(at, lines["low"], lines["high"], color=color, alpha=0.18, linewidth=0)
            marker = "o" if len(part) <= MOST_MARKED else ""
            width = 2.8 if study == next(iter(palette)) else 1.4  # others may lie on the first
            axes.plot(at, lines[y], color=color, linewidth=width, marker=marker, markersize=3.5)


def _told(curves: pd.DataFrame, shared: Sequence[str], panels: int) -> str:
    """How many combinations of shared values are not shown, if any."""
    found = len(curves[list(shared)].drop_duplicates()) if shared else 1
    return f"{panels} of {found} combinations" if found > panels else ""


def _legend(
    figure: Figure, palette: dict[str, tuple[float, float, float]], studies: int, told: str
) -> None:
    handles = [
        Line2D([], [], color=color, linewidth=1.8, label=plain(name))
        for name, color in palette.items()
    ]
    more = f"{len(palette)} of {studies} studies" if studies > len(palette) else ""
    title = ", ".join(filter(None, (more, told))) or None
    figure.legend(handles=handles, loc="outside lower center", ncols=2, title=title)
