"""The same measure of several studies against the rate, and what it is relative to the first."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sweep.analysis import Comparison
from sweep.analysis.sentences import caption
from sweep.errors import RequestError
from sweep.store.export import export_table
from sweep.store.files import told
from sweep.views.cells import linear_span
from sweep.views.panels import beside, label_outside, panels_of, thinned, wrapped_heading
from sweep.views.saving import save_figure
from sweep.views.scales import (
    OPEN,
    Array,
    Places,
    Span,
    draw_band,
    fitted,
    is_open,
    log_limits,
    name_powers,
    near,
)
from sweep.views.style import MARK, RGB, Look, assignment, colors, label, theme, value_labels

MOST_SIDES = 8  # how many studies' curves can be told apart
MOST_MARKED = 32  # values of a curve that are drawn as points too


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
    and `high`. Each combination of shared values has a panel; of many, some from the first to the
    last, and of many studies the first, and it is said. Bands are intervals; what is infinite,
    where trials diverged, leaves the figure and is counted.
    """
    studies = [str(name) for name in dict.fromkeys(curves["study"])]
    palette = dict(zip(studies, colors(studies[:MOST_SIDES], ordered=False), strict=False))
    groups = curves[list(shared)].drop_duplicates() if shared else pd.DataFrame(index=[0])
    records = thinned(groups.to_dict("records"))
    names = [name for name in shared if len(pd.unique(groups[name])) > 1]
    headings = [
        ", ".join(assignment(name, value_labels([row[name]])[0]) for name in names)
        for row in records
    ]
    ratio = change == "ratio"
    same = 1.0 if ratio else 0.0
    places = Places.of(x, np.sort(curves[x].unique()))
    tables = (("value", curves), (change, differences))
    drawn = {y: table[table["study"].isin(palette)] for y, table in tables}
    spans, opened = {}, False
    for y, table in drawn.items():
        value, low, high = (table[name].to_numpy(np.float64) for name in (y, "low", "high"))
        more = [same] if y == change else []  # the line of no change belongs to the picture
        spans[y] = _span(np.concatenate([value, low, high, more]), log=ratio)
        opened |= bool(is_open(low, high, spans[y]).any())
    with theme():
        figure, panels = panels_of(
            Look(title), headings, *_notes(curves, len(studies), len(records), len(groups)),
            OPEN * opened, size=(7.6, 5.6), heights=(2, 1), panel=(2.5, 1.8),
        )  # fmt: skip
        first = textwrap.shorten(value_labels(studies)[0], 24, placeholder="...")
        beneath = f"{change} {'to' if ratio else 'from'} {first}"
        beneath = "\n".join(textwrap.wrap(beneath, 14, break_long_words=False))
        for panel, row in zip(panels, records, strict=True):
            for axes, (y, table) in zip(panel.parts, drawn.items(), strict=True):
                own = table[(table[list(shared)] == pd.Series(row, list(shared))).all(axis=1)]
                own = own.assign(at=np.interp(own[x], places.points, places.at))
                _draw(axes, own, palette, y, spans[y], log=ratio)
                places.dress(axes.xaxis)
            upper, lower = panel.parts
            upper.set_title(wrapped_heading(upper, upper.get_title()), fontsize="small")
            upper.set_ylabel(fitted(upper.yaxis, measure))
            lower.axhline(same, color=MARK, linewidth=0.8)
            lower.set(xlabel=label(x), ylabel=beneath)
        lines = [
            Line2D([], [], color=color, lw=2, label=name)
            for name, color in zip(value_labels([*palette]), palette.values(), strict=True)
        ]
        beside(figure, lines, "")
        label_outside(figure, panels)
    return figure


def _notes(curves: pd.DataFrame, studies: int, shown: int, groups: int) -> Iterator[str]:
    """Say what is left out, and how to see it, and how much leaves the figure."""
    if shown < groups:
        yield f"{shown} of {groups} groups: --only NAME=VALUE shows others"
    if studies > MOST_SIDES:
        yield f"the first {MOST_SIDES} of {studies} studies"
    if lost := int((~np.isfinite(curves["value"])).sum()):
        yield f"{lost:,} of {len(curves):,} values are infinite: half of their trials diverged"


def _span(values: Array, *, log: bool) -> Span:
    """Return what is worth showing of values, bands and all."""
    if log:
        low, high = log_limits(values) or (0.1, 1.0)
        return low / 1.3, high * 1.3
    low, high = linear_span(values)
    margin = 0.05 * (high - low)
    return low - margin, high + margin


def _draw(
    axes: Axes, table: pd.DataFrame, palette: Mapping[str, RGB], y: str, span: Span, *, log: bool,
) -> None:  # fmt: skip
    """Draw one line a study within the band of its interval."""
    axes.set(yscale="log" if log else "linear", ylim=span)
    if log:
        name_powers(axes.yaxis, *span)
    for study, part in table.sort_values("at", kind="stable").groupby("study", sort=False):
        at, value, low, high = (
            part[name].to_numpy(np.float64) for name in ("at", y, "low", "high")
        )
        color, most = palette[str(study)], study == next(iter(palette))
        draw_band(axes, at, low, high, span, color)
        style = "o-" if len(part) <= MOST_MARKED else "-"
        width = 2.8 if most else 1.4  # others may lie on the first
        axes.plot(at, near(value, span), style, color=color, linewidth=width, markersize=3.5)
