"""A comparison draws every study's numbers and their changes, or says what it leaves out."""

from itertools import pairwise
from math import inf, nan

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from sweep.views.comparison import MOST_SIDES, comparison


def curves(studies: list[str], **shared: float) -> pd.DataFrame:
    """Three rates of each study, of which the last diverged."""
    rows = [
        (name, rate, value * (i + 1), value / 2 * (i + 1), 2 * value * (i + 1))
        for i, name in enumerate(studies)
        for rate, value in ((0.1, 0.5), (1.0, 0.05), (10.0, inf))
    ]
    table = pd.DataFrame(rows, columns=["study", "learning_rate", "value", "low", "high"])
    return table.assign(**shared)


def changes(table: pd.DataFrame, change: str = "ratio") -> pd.DataFrame:
    rows = table[table["study"] != table["study"].iloc[0]].drop(columns="value")
    return rows.assign(**{change: [2.0, 2.0, nan] * (len(rows) // 3), "low": 1.5, "high": 3.0})


def said(figure: Figure) -> str:
    return " ".join(text.get_text() for text in figure.texts).replace("\n", " ")


def test_each_study_is_a_line_within_its_interval() -> None:
    table = curves(["a", "b"])
    figure = comparison(table, changes(table), x="learning_rate", measure="median final loss")
    upper, lower = figure.axes
    assert [line.get_ydata()[:2].tolist() for line in upper.lines] == [[0.5, 0.05], [1.0, 0.1]]
    assert (upper.lines[0].get_ydata()[2] > upper.get_ylim()[1]).all()
    assert len(upper.collections) == 2
    assert lower.lines[0].get_xydata()[:2].tolist() == [[0.1, 2.0], [1.0, 2.0]]
    assert lower.lines[1].get_ydata()[0] == 1.0  # no change
    assert (upper.get_xscale(), upper.get_yscale(), lower.get_yscale()) == ("log", "log", "log")
    assert (upper.get_ylabel(), lower.get_ylabel()) == ("median final loss", "ratio to a")
    assert lower.get_xlabel() == "learning rate η"
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["a", "b"]


def test_an_interval_that_leaves_the_picture_is_dotted_and_explained() -> None:
    """One that is alone has a dot, since a line through one place shows nothing."""
    table = curves(["a", "b"], width=8.0)
    table.loc[[1, 2, 5], "high"] = inf
    table.loc[[1, 3, 5], "low"] = [0.02, 0.01, 0.03]
    table.loc[[0, 4], ["value", "low", "high"]] = inf
    figure = comparison(table, changes(table), x="learning_rate", shared=["width"])
    first, other = (line for line in figure.axes[0].lines if line.get_linestyle() == ":")
    assert first.get_ydata()[1] == 0.02
    assert (first.get_marker(), first.get_markevery()) == (".", [1])
    assert other.get_ydata()[2] == 0.03
    assert other.get_markevery() == [2]
    assert "dotted: the edge of a band that leaves the picture" in said(figure)
    none = curves(["a", "b"]).replace(inf, 1.0)
    assert "dotted" not in said(comparison(none, changes(none), x="learning_rate"))


def test_differences_are_on_linear_axes_around_zero() -> None:
    table = curves(["a", "b"])
    figure = comparison(table, changes(table, "difference"), x="learning_rate", change="difference")
    upper, lower = figure.axes
    assert (upper.get_yscale(), lower.get_yscale()) == ("linear", "linear")
    assert lower.lines[1].get_ydata()[0] == 0.0
    assert lower.get_ylabel() == "difference\nfrom a"


def test_shared_values_have_panels_of_their_own() -> None:
    table = pd.concat([curves(["a", "b"], width=float(w)) for w in range(1, 11)])
    figure = comparison(table, changes(table), x="learning_rate", shared=["width"])
    titles = [title for axes in figure.axes if (title := axes.get_title())]
    assert titles == [f"width = {width}" for width in range(1, 11)]
    assert "groups" not in figure.texts[-1].get_text()
    assert all(len(axes.lines) == 2 for axes in figure.axes)


def test_of_very_many_groups_some_are_shown_and_it_is_said_how_to_see_others() -> None:
    table = pd.concat([curves(["a", "b"], width=float(w)) for w in range(1, 31)])
    figure = comparison(table, changes(table), x="learning_rate", shared=["width"])
    assert len([axes for axes in figure.axes if axes.get_title()]) == 12
    assert figure.texts[-1].get_text().startswith("12 of 30 groups: --only NAME=VALUE shows others")
    assert max(figure.get_size_inches()) < 13  # a page


def test_of_many_studies_the_first_are_drawn_and_it_is_said() -> None:
    table = curves([f"s{i}" for i in range(12)])
    figure = comparison(table, changes(table), x="learning_rate")
    assert len(figure.axes[0].lines) == MOST_SIDES
    said = figure.texts[-1].get_text().replace("\n", " ")
    assert "the first 8 of 12 studies" in said
    assert "12 of 36 values are infinite: half of their trials diverged" in said


@pytest.mark.parametrize("value", [inf, nan, 0.0])
def test_nothing_to_show_is_drawn_all_the_same(value: float) -> None:
    table = curves(["a", "b"]).assign(value=value, low=np.nan, high=np.nan)
    figure = comparison(table, changes(table).assign(ratio=value), x="learning_rate")
    figure.draw_without_rendering()


def test_every_part_of_every_panel_has_one_range_and_numbers_with_room() -> None:
    rates = np.geomspace(1e-3, 10, 9)
    rows = [(n, o, r, 0.5, 0.4, 0.6) for n in "ab" for o in "pqrst" for r in rates]
    columns = ["study", "training.optimizer", "learning_rate", "value", "low", "high"]
    table = pd.DataFrame(rows, columns=columns)
    changed = table[table["study"] == "b"].drop(columns="value").assign(ratio=2.0)
    changed = changed[changed["learning_rate"] < 0.1]  # higher ones have no ratio
    figure = comparison(table, changed, x="learning_rate", shared=["training.optimizer"])
    figure.draw_without_rendering()
    assert len({axes.get_xlim() for axes in figure.axes}) == 1
    for axes in figure.axes:
        boxes = [text.get_window_extent() for text in axes.get_xticklabels() if text.get_visible()]
        boxes = [box for box in boxes if box.width > 1]
        assert all(one.x1 <= other.x0 for one, other in pairwise(boxes))
