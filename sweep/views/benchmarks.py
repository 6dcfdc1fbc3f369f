"""Figures of one run of the benchmarks: how fast networks train, and how near to their limits.

The tables are those of `sweep bench`: a row a turn, with `round`, `network`, `dtype`, `threads`,
`lanes`, `network_steps_per_second`, `limit`, `roof` (network-steps a second at it) and `share`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from sweep.errors import RequestError
from sweep.views.lines import median_line, over_fewest
from sweep.views.scales import place
from sweep.views.style import BESIDE, MARK, RGB, Look, colors, new_figure, theme

SPEED = "network-steps per second"
_ENDS = "turns: least, median, most"
_NAMES = ["network", "dtype"]


@dataclass(frozen=True)
class Kind:
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


KINDS: dict[str, Kind] = {
    "throughput": Kind("network-steps per second by network, below the limit", throughput),
    "share": Kind("how much of its limit each network reached", share),
    "lanes": Kind("throughput against lanes", against_lanes, "lanes"),
    "threads": Kind("throughput against threads", against_threads, "threads"),
}


def choose(turns: pd.DataFrame) -> list[str]:
    """The kinds that a run can show."""
    return [name for name, kind in KINDS.items() if _shows(kind, turns)]


def draw(kind: str, turns: pd.DataFrame, title: str = "") -> Figure:
    """Draw one kind of figure of a run.

    Raises:
        RequestError: there is no such kind, or the run has not what it needs.
    """
    if kind not in KINDS:
        raise RequestError(f'no figure of bench is called "{kind}"; there are {", ".join(KINDS)}')
    if not _shows(KINDS[kind], turns):
        column = KINDS[kind].varies
        raise RequestError(f"{kind} needs several numbers of {column}: `sweep bench --{column}`")
    return KINDS[kind].draw(turns, title)


def _shows(kind: Kind, turns: pd.DataFrame) -> bool:
    """Whether the column varies for one network: lanes that suit each differ anyway."""
    if kind.varies is None:
        return True
    return any(len(values.unique()) > 1 for _, values in turns.groupby(_NAMES)[kind.varies])
