"""The parameters of a few trials by step."""

from collections.abc import Mapping

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sweep.errors import RequestError
from sweep.views.cells import PARAMETER
from sweep.views.panels import (
    beside,
    label_outside,
    panels_of,
    thinned,
    wrapped_heading,
)
from sweep.views.scales import Array
from sweep.views.source import Options, Source
from sweep.views.style import PLAIN, RGB, Look, colors, label, theme

MOST_NAMED = 12
"""Parameters that have a colour and a name each; more have the colour of their layer."""

ALIKE = 3.0
"""Panels whose ranges differ by no more than this factor have one scale."""

MOST_LINES = 400
"""Lines of one panel; of more parameters, as many evenly spread over each layer."""


def weights(
    parameters: pd.DataFrame,
    *,
    headings: Mapping[int, str] | None = None,
    look: Look = PLAIN,
) -> Figure:
    """Draw every parameter by step, in a panel a trial.

    `parameters` has a row a kept step: `trial`, `step`, and a column a parameter, such as w1_2_1.
    Up to `MOST_NAMED` parameters have a colour each, more share that of their layer, and of very
    many some are drawn. A line ends where its parameter is not a number. `headings` are those of
    the trials by number, in the order of the panels; with `look.log` the axis of steps is
    logarithmic (linear from 0 to 1).

    Raises:
        RequestError: fewer than two steps were kept.
    """
    trials = headings or {int(t): f"trial {t}" for t in pd.unique(parameters["trial"])}
    parameters = parameters[parameters["trial"].isin(list(trials))]
    if parameters["step"].nunique() < 2:
        raise RequestError(
            'only the last parameters were kept: set record.parameters to "every 10" and run'
        )
    names = [str(name) for name in parameters if PARAMETER.fullmatch(str(name))]
    names = [name for name in names if parameters[name].notna().any()]
    shown, palette, entries = _palette(names)
    note = f"{len(shown):,} of {len(names):,} parameters" if len(shown) < len(names) else ""
    parts = {n: parameters[parameters["trial"] == n].sort_values("step") for n in trials}
    spans = [_span(part[shown].to_numpy(np.float64)) for part in parts.values()]
    same_y = max(high - low for low, high in spans) <= ALIKE * min(h - low for low, h in spans)
    if same_y or look.ylim:
        spans = [look.ylim or (min(low for low, _ in spans), max(high for _, high in spans))]
        spans *= len(parts)
    elif len(parts) > 1:
        note = "; ".join(filter(None, (note, "each panel has a scale of its own")))
    last = max(int(parameters["step"].max()), 1)
    with theme():
        figure, panels = panels_of(
            look, [""] * len(trials), note, size=(7.0, 4.5), panel=(2.6, 2.4)
        )
        for panel, (number, part), span in zip(panels, parts.items(), spans, strict=True):
            (axes,) = panel.parts
            axes.set_title(wrapped_heading(axes, trials[number]), fontsize="small")
            _draw(axes, part["step"].to_numpy(), part[shown].to_numpy(np.float64), palette)
            axes.set(
                xlim=look.xlim or (0, last), ylim=span, xlabel=label("step"), ylabel="parameter"
            )
            _scale_steps(axes, log=bool(look.log))
        handles = [Line2D([], [], color=color, lw=2, label=name) for name, color in entries.items()]
        beside(figure, handles, "")
        label_outside(figure, panels, same_y=same_y or bool(look.ylim))
    return figure


def _palette(names: list[str]) -> tuple[list[str], list[RGB], dict[str, RGB]]:
    """Return the parameters to draw, the colour of each, and what the legend says of colours."""
    layers = sorted({_layer(name) for name in names}, key=int)
    if len(names) <= MOST_NAMED:
        ramps = ("Blues", "Oranges", "Greens", "Purples", "Greys")
        shades: list[RGB] = []
        for at, layer in enumerate(layers):
            n = sum(_layer(name) == layer for name in names)
            ramp = mpl.colormaps[ramps[at % len(ramps)]](np.linspace(0.45, 0.95, n))
            shades += [(r, g, b) for r, g, b, _ in ramp]
        return names, shades, dict(zip(names, shades, strict=True))
    of_layer = dict(zip(layers, colors(layers, ordered=len(layers) > 8), strict=True))
    most = max(MOST_LINES // len(layers), 2)
    shown = [
        str(name)
        for layer in layers
        for name in thinned([name for name in names if _layer(name) == layer], most)
    ]
    entries = {f"layer {layer}": color for layer, color in of_layer.items()}
    return shown, [of_layer[_layer(name)] for name in shown], entries


def _layer(name: str) -> str:
    return name[1:].partition("_")[0]


def _draw(axes: Axes, step: np.ndarray, values: Array, palette: list[RGB]) -> None:
    """Draw a line a column of `values` (steps, parameters), as one artist."""
    values = np.where(np.isfinite(values), values, np.nan)
    lines = np.stack([np.broadcast_to(step[:, None], values.shape), values], axis=-1)
    many = values.shape[1] > MOST_NAMED
    axes.add_collection(
        LineCollection(
            list(lines.swapaxes(0, 1)), colors=palette,
            linewidths=0.6 if many else 1.6, alpha=0.6 if many else 1.0,
        )
    )  # fmt: skip


def _span(values: Array) -> tuple[float, float]:
    """Return the lowest and highest parameter worth showing: what explodes leaves the figure."""
    start = np.abs(values[:1])
    bound = 100 * max(float(start[np.isfinite(start)].max(initial=0)), 0.1)
    every = values[np.abs(values) <= bound]
    low, high = (float(every.min()), float(every.max())) if every.size else (-1.0, 1.0)
    margin = 0.05 * (high - low or 1.0)
    return low - margin, high + margin


def _scale_steps(axes: Axes, *, log: bool) -> None:
    if log:
        axes.set_xscale("symlog", linthresh=1, linscale=0.3, subs=range(2, 10))
    else:
        axes.xaxis.set_major_locator(MaxNLocator(3, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda at, _: f"{at:,.0f}"))


def draw_weights(source: Source, options: Options) -> Figure:
    """The parameters of the asked trials, or of the best, the median and a lost one."""
    headings = source.picked(options)
    return weights(source.parameters(list(headings)), headings=headings, look=options.look(source))
