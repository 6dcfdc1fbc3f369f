"""Figures of `sweep bench` and of this folder's measurements: `python -m benchmarks.figures`.

The tables of `sweep bench` have a row a turn, with `round`, `network`, `dtype`, `threads`, `lanes`,
`network_steps_per_second`, `limit`, `roof` (network-steps a second at it) and `share`. Those of
`python -m benchmarks.scale` and `python -m benchmarks.throughput` are tidy, a row a number, with
`network`, `samples`, `dtype`, `threads`, `lanes`, `trials`, `quantity`, `value` and `round`; what
is drawn of several rounds is their median, between the least and the most.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator, PercentFormatter

from benchmarks.runs import open_run, runs
from sweep.errors import RequestError, StoreError, SweepError
from sweep.views.saving import save_figure
from sweep.views.scales import is_wide, name_powers
from sweep.views.style import MARK, RGB, Look, colors, new_figure, theme, value_labels


def median_line(
    axes: Axes, x: "pd.Series[Any]", y: "pd.Series[Any]", name: str, color: RGB, style: str = "o-"
) -> None:
    """Draw the medians of y at each x, between their least and most."""
    found = y.astype("float64").groupby(x.to_numpy()).agg(["min", "median", "max"])
    at = found.index.to_numpy(dtype=np.float64)
    axes.plot(at, found["median"], style, color=color, markersize=4, linewidth=1.4, label=name)
    axes.vlines(at, found["min"], found["max"], color=color, linewidth=1)


def place(axes: Axes, values: np.ndarray) -> None:
    """Scale the x axis for these ascending numbers, each at its place; tick each of a few."""
    if is_wide(values):
        axes.set_xscale("log")
        name_powers(axes.xaxis, values[0], values[-1])
    if len(values) <= _MOST_TICKED:
        axes.xaxis.set_major_locator(FixedLocator(values.tolist()))
        axes.xaxis.set_major_formatter(FixedFormatter(value_labels(values.tolist())))
        axes.xaxis.set_minor_locator(FixedLocator([]))


def over_fewest(table: pd.DataFrame, column: str, value: str) -> pd.DataFrame:
    """A row a round and number in `column`: `value` over that of the fewest, as `ratio`."""
    by_round = table.pivot_table(index="round", columns=column, values=value)
    return by_round.div(by_round.iloc[:, 0], axis=0).melt(value_name="ratio")


BESIDE: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.01, 1.0), "borderaxespad": 0}
SPEED = "network-steps per second"
_MOST_TICKED = 12
_ENDS = "turns: least, median, most"
_NAMES = ["network", "dtype"]


@dataclass(frozen=True)
class OfRun:
    """One kind of figure: how it is drawn, and the column that must have several values, if any."""

    summary: str
    draw: Callable[[pd.DataFrame, str], Figure]
    varies: str | None = None


def ends(turns: pd.DataFrame, by: list[str], value: str) -> pd.DataFrame:
    """The least, the median and the most of a column, a row a group in the order of the table."""
    found = turns.groupby(by, sort=False)[value].agg(low="min", median="median", high="max")
    return found.reset_index()


def usual(turns: pd.DataFrame, *, but: str | None = None) -> pd.DataFrame:
    """The turns with the most threads and the fastest number of lanes, but for one of these."""
    if but != "threads":
        turns = turns[turns["threads"] == turns["threads"].max()]
    if but != "lanes":
        setup = [*_NAMES, "threads"]
        speeds = turns.groupby([*setup, "lanes"])["network_steps_per_second"].median()
        fastest = pd.MultiIndex.from_tuples(speeds.groupby(setup).idxmax())
        turns = turns[pd.MultiIndex.from_frame(turns[[*setup, "lanes"]]).isin(fastest)]
    return turns


def throughput(turns: pd.DataFrame, title: str = "") -> Figure:
    """Draw network-steps a second by network, with the limit of each."""
    shown = usual(turns)
    with theme():
        figure, axes = _by_network(shown, title)
        for color, dtype, at in _places(shown):
            own = shown[shown["dtype"] == dtype]
            _points(axes, at, ends(own, ["network"], "network_steps_per_second"), color, dtype)
            roofs = ends(own, ["network"], "roof")["median"]
            axes.scatter(at, roofs, marker="_", s=260, color=MARK, linewidths=1.6)
        axes.scatter([], [], marker="_", s=260, color=MARK, linewidths=1.6, label="limit")
        axes.set_yscale("log")
        axes.set_ylabel(SPEED)
        _legend(axes)
        return figure


def share(turns: pd.DataFrame, title: str = "") -> Figure:
    """Draw how much of its limit each network reached, and name the limit."""
    shown = usual(turns)
    with theme():
        figure, axes = _by_network(shown, title)
        for color, dtype, at in _places(shown):
            own = shown[shown["dtype"] == dtype]
            _points(axes, at, ends(own, ["network"], "share"), color, dtype)
        axes.set_ylim(0, 1)
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        axes.set_ylabel("share of the limit")
        limits = shown.groupby("network", sort=False)["limit"].agg(lambda s: ", ".join(s.unique()))
        names = [f"{network}\n{limit}" for network, limit in limits.items()]
        axes.set_xticks(range(len(names)), names)
        _legend(axes)
        return figure


def against_lanes(turns: pd.DataFrame, title: str = "") -> Figure:
    """Draw throughput against lanes, over that of the fewest."""
    return _against("lanes", "networks side by side (lanes)", turns, title)


def against_threads(turns: pd.DataFrame, title: str = "") -> Figure:
    """Draw throughput against threads, over that of the fewest."""
    return _against("threads", "threads", turns, title)


def _against(column: str, label: str, turns: pd.DataFrame, title: str) -> Figure:
    shown = usual(turns, but=column)
    networks, dtypes = shown["network"].unique().tolist(), shown["dtype"].unique().tolist()
    with theme():
        figure = new_figure(Look(title), 4.2 * len(dtypes) + 1.6, 4.2)
        panels = figure.subplots(1, len(dtypes), sharey=True, squeeze=False)[0]
        for axes, dtype in zip(panels, dtypes, strict=True):
            for network, color in zip(networks, colors(networks, ordered=False), strict=True):
                own = shown[(shown["network"] == network) & (shown["dtype"] == dtype)]
                _line(axes, own, column, str(network), color)
            place(axes, np.sort(shown[column].unique()))
            axes.set(xlabel=label, title=dtype)
        panels[0].set_ylabel(f"{SPEED},\nover the fewest {column}")
        panels[0].set_ylim(bottom=0)
        panels[-1].legend(**BESIDE)
        sns.despine(figure)
        return figure


def _line(axes: Axes, own: pd.DataFrame, column: str, name: str, color: RGB) -> None:
    """Draw the medians of the ratios within rounds, between their least and most."""
    if own.empty:
        return
    ratios = over_fewest(own, column, "network_steps_per_second")
    median_line(axes, ratios[column], ratios["ratio"], name, color)


def _by_network(turns: pd.DataFrame, title: str) -> tuple[Figure, Axes]:
    names = turns["network"].unique().tolist()
    figure = new_figure(Look(title), max(6.0, 1.25 * len(names) + 2.2), 4.5)
    axes = figure.subplots()
    axes.set_xticks(range(len(names)), names)
    axes.set_xlim(-0.6, len(names) - 0.4)
    axes.grid(visible=False, axis="x")
    return figure, axes


def _places(turns: pd.DataFrame) -> list[tuple[RGB, str, np.ndarray]]:
    """The colour, name and places on the axis of networks of each dtype."""
    dtypes, networks = turns["dtype"].unique().tolist(), turns["network"].unique().tolist()
    found = []
    for k, (dtype, color) in enumerate(zip(dtypes, colors(dtypes, ordered=False), strict=True)):
        own = turns.loc[turns["dtype"] == dtype, "network"].unique()
        at = np.array([networks.index(name) for name in own])
        found.append((color, str(dtype), at + 0.28 * (k - (len(dtypes) - 1) / 2)))
    return found


def _points(axes: Axes, at: np.ndarray, found: pd.DataFrame, color: RGB, name: str) -> None:
    axes.vlines(at, found["low"], found["high"], color=color, linewidth=1.6)
    axes.scatter(at, found["median"], s=34, color=color, label=name, zorder=3)


def _legend(axes: Axes) -> None:
    axes.legend(title=_ENDS, **BESIDE)
    sns.despine(ax=axes)


OF_RUNS: dict[str, OfRun] = {
    "throughput": OfRun("network-steps per second by network, below the limit", throughput),
    "share": OfRun("how much of its limit each network reached", share),
    "lanes": OfRun("throughput against lanes", against_lanes, "lanes"),
    "threads": OfRun("throughput against threads", against_threads, "threads"),
}


def choose(turns: pd.DataFrame) -> list[str]:
    """The kinds that a run can show."""
    return [name for name, kind in OF_RUNS.items() if _shows(kind, turns)]


def draw(kind: str, turns: pd.DataFrame, title: str = "") -> Figure:
    """Draw one kind of figure of a run.

    Raises:
        RequestError: there is no such kind, or the run has not what it needs.
    """
    if kind not in OF_RUNS:
        raise RequestError(f'no figure of bench is called "{kind}"; there are {", ".join(OF_RUNS)}')
    if not _shows(OF_RUNS[kind], turns):
        column = OF_RUNS[kind].varies
        raise RequestError(f"{kind} needs several numbers of {column}: `sweep bench --{column}`")
    return OF_RUNS[kind].draw(turns, title)


def _shows(kind: OfRun, turns: pd.DataFrame) -> bool:
    """Whether the column varies for one network: lanes that suit each differ anyway."""
    if kind.varies is None:
        return True
    return any(len(values.unique()) > 1 for _, values in turns.groupby(_NAMES)[kind.varies])


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
class Measurement:
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


MEASURED: dict[str, Measurement] = {
    "trials": Measurement("time and memory against the number of trials", "scale", trials),
    "scaling": Measurement(
        "throughput against lanes, threads, width, samples", "throughput", scaling
    ),
}


def newest(results: Path, name: str) -> pd.DataFrame | None:
    """The table that the benchmark of this name saved last, of one machine, or None.

    Raises:
        StoreError: it cannot be read, or is no such table.
    """
    found = (results / "benchmarks").rglob(f"{name}-*.parquet")
    path = max(found, key=lambda path: path.name, default=None)
    if path is None:
        return None
    columns = ["network", "samples", "dtype", "threads", "lanes", "trials", "quantity", "value"]
    try:
        return pd.read_parquet(path, columns=[*columns, "round", "created"])
    except (OSError, ValueError, pa.ArrowException) as error:
        reason = str(error).partition("\n")[0]
        raise StoreError(f"{path}: no table of measurements: {reason}") from None


def figures(kind: str | None, results: Path) -> Iterator[tuple[str, Figure]]:
    """The figures that are asked for; by default all that the last run and measurements show.

    Raises:
        RequestError: there is no such kind, or nothing was measured that it shows.
        StoreError: a table cannot be read.
    """
    known = [*OF_RUNS, *MEASURED]
    if kind and kind not in known:
        raise RequestError(f'no figure of bench is called "{kind}"; there are {", ".join(known)}')
    tables = {
        name: found
        for name, row in MEASURED.items()
        if kind in (None, name) and (found := newest(results, row.benchmark)) is not None
    }
    if kind in MEASURED and not tables:
        raise RequestError(
            f"{results / 'benchmarks'}: there are no measurements for {kind}; "
            f"`python -m benchmarks.{MEASURED[kind].benchmark}` makes them"
        )
    if kind in OF_RUNS or (not kind and (runs(results) or not tables)):
        run = open_run(results)
        title = f"{run.machine['name']}, {run.created[:10]}"
        for name in [kind] if kind else choose(run.turns):
            yield name, draw(name, run.turns, title)
        if run.warning:
            print(run.warning, file=sys.stderr)
    for name, table in tables.items():
        title = f"measured on {table['created'].iloc[0]:%Y-%m-%d}"
        yield name, MEASURED[name].draw(table, title)


def main(arguments: list[str] | None = None) -> None:
    """Draw the last run and the last measurements: of one run, so that no machines are mixed."""
    parser = argparse.ArgumentParser(prog="benchmarks.figures", description=main.__doc__)
    parser.add_argument("kind", nargs="?", metavar="KIND", help=", ".join([*OF_RUNS, *MEASURED]))
    parser.add_argument("--results", type=Path, default=Path("results"), metavar="DIR")
    asked = parser.parse_args(arguments)
    try:
        for name, figure in figures(asked.kind, asked.results):
            print(*save_figure(figure, asked.results / "bench" / "figures", name), sep="\n")
    except SweepError as error:
        sys.exit(f"benchmarks.figures: {error}")


if __name__ == "__main__":
    main()
