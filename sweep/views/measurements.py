"""Figures of measurements: what a trial costs as trials are many, and how the kernel scales.

The tables are tidy, a row a number, with `network`, `samples`, `dtype`, `threads`, `lanes`,
`trials`, `quantity`, `value` and `round`; what is drawn of several rounds is their median, between
the least and the most.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sweep.views.lines import median_line, over_fewest
from sweep.views.scales import place
from sweep.views.style import BESIDE, RGB, Look, colors, new_figure, theme

_MIB = 2.0**20
_DASHES = ("o-", "o--")  # of dtypes, in the order of the table
_LEGEND = BESIDE | {"handlelength": 2.6}  # room for a dash

_PARTS = {  # of `quantity`: what a legend calls it, and its mark, since some hues are near
    "run": ("whole run", "o"),
    "kernel": ("kernel alone", "s"),
    "again": ("run again, nothing to do", "^"),
    "read": ("two columns read back", "D"),
}


@dataclass(frozen=True)
class Kind:
    """One kind of figure: whose table it shows, and how it is drawn."""

    summary: str
    benchmark: str
    draw: Callable[[pd.DataFrame, str], Figure]


def trials(table: pd.DataFrame, title: str = "") -> Figure:
    """Draw what a trial costs, and the peak of memory, against the number of trials."""
    parts, quantities = [*_PARTS], table["quantity"].unique()
    with theme():
        figure = new_figure(Look(title), 11.0, 4.2)
        cost, memory = figure.subplots(1, 2)
        for part, color in zip(parts, colors(parts, ordered=False), strict=True):
            for axes, unit, each in ((cost, "seconds", 1e6), (memory, "peak", 1 / _MIB)):
                quantity = f"{part}: {unit}"
                if quantity not in quantities or (unit == "peak" and part in ("kernel", "again")):
                    continue
                own = table[table["quantity"] == quantity]
                values = own["value"] * each / (own["trials"] if unit == "seconds" else 1)
                name, mark = _PARTS[part]
                median_line(axes, own["trials"], values, name, color, f"{mark}-")
        cost.set(xscale="log", yscale="log", ylabel="microseconds per trial")
        memory.set(xscale="log", ylabel="peak of resident memory (MiB)")
        memory.set_ylim(bottom=0)
        for axes in (cost, memory):
            axes.set_xlabel("trials")
        memory.legend(*cost.get_legend_handles_labels(), **BESIDE)
        sns.despine(figure)
        return figure


def scaling(table: pd.DataFrame, title: str = "") -> Figure:
    """Draw throughput against lanes, threads, width and samples, a panel each."""
    with theme():
        figure = new_figure(Look(title), 11.0, 7.6)
        panels = figure.subplots(2, 2)
        for axes, (name, panel) in zip(panels.flat, _PANELS.items(), strict=True):
            own = table[table["quantity"] == f"throughput by {name}"]
            if own.empty:
                axes.set_axis_off()
                continue
            panel(axes, own)
        sns.despine(figure)
        return figure


def _relative(column: str, label: str) -> Callable[[Axes, pd.DataFrame], None]:
    """Draw throughput over that of the fewest, of the same round; a line a network and dtype."""

    def panel(axes: Axes, table: pd.DataFrame) -> None:
        for name, dash, color, own in _lines(table):
            ratios = over_fewest(own, column, "value")
            median_line(axes, ratios[column], ratios["ratio"], name, color, dash)
        highest = max(float(np.max(line.get_ydata())) for line in axes.get_lines())
        place(axes, np.sort(table[column].unique()))
        axes.set(xlabel=label, ylabel=f"network-steps per second,\nover the fewest {column}")
        axes.set_ylim(0, 1.3 * highest)  # a turn of bad luck is no reason to make the rest small
        axes.legend(**_LEGEND)

    return panel


def _by_width(axes: Axes, table: pd.DataFrame) -> None:
    wide = table.assign(
        network="16-w-1", width=table["network"].str.split("-").str[1].astype("int64")
    )
    for name, dash, color, own in _lines(wide):
        median_line(axes, own["width"], own["value"], name, color, dash)
    place(axes, np.sort(wide["width"].unique()))
    axes.set(yscale="log", xlabel="neurons in the hidden layer, w")
    axes.set_ylabel("network-steps per second")
    axes.legend(**_LEGEND)


def _by_samples(axes: Axes, table: pd.DataFrame) -> None:
    for name, dash, color, own in _lines(table.assign(network="16-16-1")):
        median_line(axes, own["samples"], own["value"] * own["samples"] / 1e6, name, color, dash)
    place(axes, np.sort(table["samples"].unique()))
    axes.set(xlabel="samples", ylabel="sample gradients per second\n(millions)")
    axes.set_ylim(bottom=0)
    axes.legend(**_LEGEND)


_PANELS: Mapping[str, Callable[[Axes, pd.DataFrame], None]] = {
    "lanes": _relative("lanes", "networks side by side (lanes)"),
    "threads": _relative("threads", "threads"),
    "width": _by_width,
    "samples": _by_samples,
}


def _lines(table: pd.DataFrame) -> list[tuple[str, str, RGB, pd.DataFrame]]:
    """Each network's rows of each dtype: a hue a network, a dash a dtype."""
    networks, dtypes = table["network"].unique().tolist(), table["dtype"].unique().tolist()
    hues = dict(zip(networks, colors(networks, ordered=False), strict=True))
    dashes = dict(zip(dtypes, _DASHES, strict=False))
    return [
        (f"{network} {dtype}", dashes[str(dtype)], hues[str(network)], own)
        for (network, dtype), own in table.groupby(["network", "dtype"], sort=False)
    ]


KINDS: dict[str, Kind] = {
    "trials": Kind("time and memory against the number of trials", "scale", trials),
    "scaling": Kind("throughput against lanes, threads, width, samples", "throughput", scaling),
}
