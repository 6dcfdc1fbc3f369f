"""The parameters of a few trials by step."""

from collections.abc import Mapping
from itertools import cycle

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sweep.errors import RequestError
from sweep.views.cells import PARAMETER
from sweep.views.panels import beside, label_outside, panels_of, thinned, wrapped_heading
from sweep.views.scales import Array, Span, name_steps
from sweep.views.source import Options, Source
from sweep.views.style import PLAIN, RGB, Look, colors, theme

MOST_NAMED = 12
"""Parameters that have a colour and a name each; more have the colour of their layer."""

ALIKE = 3.0  # panels whose ranges differ by no more than this factor have one scale

RAMPS = ("Blues", "Oranges", "Greens", "Purples", "Greys")
"""Of layer after layer, where each parameter has a colour."""

MOST_LINES = 400  # lines of one panel; of more parameters, as many evenly spread over each layer


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
    names = [
        str(name)
        for name in parameters
        if PARAMETER.fullmatch(str(name)) and parameters[name].notna().any()
    ]
    palette, entries = _palette(names)
    note = f"{len(palette):,} of {len(names):,} parameters" if len(palette) < len(names) else ""
    parts = [parameters[parameters["trial"] == n].sort_values("step") for n in trials]
    drawn = [part[[*palette]].to_numpy(np.float64) for part in parts]
    spans = [_span(values) for values in drawn]
    same_y = max(high - low for low, high in spans) <= ALIKE * min(h - low for low, h in spans)
    if same_y or look.ylim:
        spans = [look.ylim or (min(low for low, _ in spans), max(high for _, high in spans))]
        spans *= len(parts)
    elif len(parts) > 1:
        note = "; ".join(filter(None, (note, "each panel has a scale of its own")))
    xlim = look.xlim or (0, max(int(parameters["step"].max()), 1))
    wide, alpha = (1.6, 1.0) if len(palette) <= MOST_NAMED else (0.6, 0.6)
    with theme():
        none = [""] * len(trials)
        figure, panels = panels_of(look, none, note, size=(7.0, 4.5), panel=(2.6, 2.4))
        for panel, heading, part, values, span in zip(
            panels, trials.values(), parts, drawn, spans, strict=True
        ):
            (axes,) = panel.parts
            axes.set_title(wrapped_heading(axes, heading), fontsize="small")
            step = np.broadcast_to(part["step"].to_numpy()[:, None], values.shape)
            lines = np.stack([step, np.where(np.isfinite(values), values, np.nan)], axis=-1)
            axes.add_collection(
                LineCollection([*lines.swapaxes(0, 1)], colors=[*palette.values()],
                               linewidths=wide, alpha=alpha)
            )  # fmt: skip
            axes.set(xlim=xlim, ylim=span, ylabel="parameter")
            name_steps(axes.xaxis, 3, log=bool(look.log))
        handles = [Line2D([], [], color=color, lw=2, label=name) for name, color in entries.items()]
        beside(figure, handles, "")
        label_outside(figure, panels, same_y=same_y or bool(look.ylim))
    return figure


def _palette(names: list[str]) -> tuple[dict[str, RGB], dict[str, RGB]]:
    """Return the colour of each parameter that is drawn, and what the legend says of colours."""
    layers = {name: int(name[1:].partition("_")[0]) for name in names}
    own = {at: [n for n in names if layers[n] == at] for at in sorted({*layers.values()})}
    if len(names) <= MOST_NAMED:
        shades: dict[str, RGB] = {}
        for ramp, named in zip(cycle(RAMPS), own.values(), strict=False):
            colours = mpl.colormaps[ramp](np.linspace(0.45, 0.95, len(named)))
            shades |= {n: (r, g, b) for n, (r, g, b, _) in zip(named, colours, strict=True)}
        return shades, shades
    of_layer = dict(zip(own, colors([*own], ordered=len(own) > 8), strict=True))
    most = max(MOST_LINES // len(own), 2)
    shown = {n: of_layer[at] for at, named in own.items() for n in thinned(named, most)}
    return shown, {f"layer {at}": color for at, color in of_layer.items()}


def _span(values: Array) -> Span:
    """Return the lowest and highest parameter worth showing: what explodes leaves the figure."""
    start = np.abs(values[:1])
    bound = 100 * max(float(start[np.isfinite(start)].max(initial=0)), 0.1)
    every = values[np.abs(values) <= bound]
    low, high = (float(every.min()), float(every.max())) if every.size else (-1.0, 1.0)
    margin = 0.05 * (high - low or 1.0)
    return low - margin, high + margin


def draw_weights(source: Source, options: Options) -> Figure:
    """The parameters of the asked trials, or of the best, the median and a lost one."""
    headings = source.picked(options)
    return weights(source.parameters(list(headings)), headings=headings, look=options.look(source))
