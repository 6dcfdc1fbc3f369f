"""Figures of benchmarks, drawn from tables written by hand."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from sweep.errors import RequestError
from sweep.views.benchmarks import KINDS, choose, draw, ends, usual

SPEEDS = {  # network, dtype, threads, lanes: network-steps a second in three rounds
    ("2-2-2", "float64", 1, 8): (1e8, 2e8, 3e8),
    ("2-2-2", "float64", 2, 8): (3e8, 4e8, 3e8),
    ("2-2-2", "float64", 2, 16): (4e8, 4e8, 5e8),
    ("2-2-2", "float32", 2, 8): (8e8, 9e8, 7e8),
    ("16-16-1", "float64", 2, 4): (1e5, 2e5, 3e5),
}


@pytest.fixture
def turns() -> pd.DataFrame:
    rows = [
        (number, *setup, speed, "multiply-adds", 1e9, speed / 1e9)
        for setup, speeds in SPEEDS.items()
        for number, speed in enumerate(speeds)
    ]
    names = ["round", "network", "dtype", "threads", "lanes", "network_steps_per_second"]
    return pd.DataFrame(rows, columns=[*names, "limit", "roof", "share"])


def dots(figure: Figure) -> list[float]:
    """The heights of the round points of the first panel."""
    found = [c for c in figure.axes[0].collections if c.get_label() in ("float64", "float32")]
    return [float(y) for one in found for y in np.asarray(one.get_offsets())[:, 1]]


def test_every_kind_is_drawn(turns: pd.DataFrame) -> None:
    for name in KINDS:
        figure = draw(name, turns, "A machine, a day")
        figure.draw_without_rendering()
        assert figure.get_suptitle() == "A machine, a day"


def test_throughput_shows_medians_of_the_usual_setup(turns: pd.DataFrame) -> None:
    # Of 2-2-2 the two threads and the faster number of lanes.
    assert dots(draw("throughput", turns)) == [4e8, 2e5, 8e8]


def test_shares_name_their_limits(turns: pd.DataFrame) -> None:
    figure = draw("share", turns)
    assert dots(figure) == [0.4, 2e-4, 0.8]
    labels = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert labels == ["2-2-2\nmultiply-adds", "16-16-1\nmultiply-adds"]


def test_scaling_is_over_the_fewest_within_rounds(turns: pd.DataFrame) -> None:
    two = draw("threads", turns).axes[0].get_lines()[0]
    assert np.asarray(two.get_ydata()).tolist() == [1.0, 2.0]  # 4 / 1, 4 / 2, 5 / 3
    wide = draw("lanes", turns).axes[0].get_lines()[0]
    assert np.asarray(wide.get_xdata()).tolist() == [8, 16]
    assert np.asarray(wide.get_ydata())[1] == pytest.approx(4 / 3, rel=1e-12)  # a rounding or two


def test_kinds_are_chosen_by_what_varies(turns: pd.DataFrame) -> None:
    assert choose(turns) == ["throughput", "share", "lanes", "threads"]
    alike = turns[turns["lanes"] == turns["lanes"].iloc[0]]
    assert choose(alike) == ["throughput", "share", "threads"]
    with pytest.raises(RequestError, match="lanes needs several numbers of lanes"):
        draw("lanes", alike)
    with pytest.raises(RequestError, match='no figure of bench is called "heatmap"'):
        draw("heatmap", turns)


def test_lanes_that_suit_each_network_are_no_axis(turns: pd.DataFrame) -> None:
    own = turns[(turns["lanes"] != 16) & (turns["threads"] == 2)]
    assert choose(own) == ["throughput", "share"]


def test_ends_are_of_all_rounds(turns: pd.DataFrame) -> None:
    found = ends(usual(turns), ["network", "dtype"], "network_steps_per_second")
    assert found.to_numpy().tolist()[0] == ["2-2-2", "float64", 4e8, 4e8, 5e8]
