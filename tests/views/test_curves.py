"""Curves show the losses that the table holds, in the order in which they lie."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from sweep.views.curves import curves, loglog, panels, summary, thinned


def legend(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].get_legend().get_texts()]


def test_every_curve_is_drawn_over_the_first_hundred_steps(curve_table: pd.DataFrame) -> None:
    axes = curves(curve_table, hue="learning_rate").axes[0]
    assert len(axes.lines) == 3
    lowest = axes.lines[2]
    assert lowest.get_xdata()[[0, -1]].tolist() == [0, 100]
    assert lowest.get_ydata()[[0, 1, 100]].tolist() == [1.0, 1 / 3, 1 / 201]
    assert (axes.get_xlim(), axes.get_xscale(), axes.get_yscale()) == ((0, 100), "linear", "linear")
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("step", "loss $E_T$")


def test_legend_has_the_order_of_the_curves_top_to_bottom(curve_table: pd.DataFrame) -> None:
    figure = curves(curve_table, hue="learning_rate")
    assert legend(figure) == ["0.1", "0.5", "2"]
    assert figure.axes[0].get_legend().get_title().get_text() == "learning rate η"
    upside_down = curve_table.assign(loss=1 - curve_table["loss"])
    assert legend(curves(upside_down, hue="learning_rate")) == ["2", "0.5", "0.1"]


def test_a_curve_that_diverges_leads_the_legend_and_leaves_at_the_top(
    curve_table: pd.DataFrame,
) -> None:
    wild = curve_table["loss"].mask(
        curve_table["learning_rate"] == 0.5, 10.0 ** curve_table["step"]
    )
    wild = wild.mask((curve_table["learning_rate"] == 0.5) & (curve_table["step"] > 60), np.nan)
    for draw in (curves, loglog):
        figure = draw(curve_table.assign(loss=wild), hue="learning_rate")
        assert legend(figure) == ["0.5", "0.1", "2"]
        top = figure.axes[0].get_ylim()[1]
        assert top == pytest.approx(2.1 if draw is curves else 1500)
        assert figure.axes[0].lines[0].get_ydata()[-1] > top


def test_several_trials_of_a_value_become_median_and_band() -> None:
    losses = [1.0, 2.0, 3.0, 4.0, np.nan]
    table = pd.DataFrame({"rate": 1.0, "step": 0, "loss": losses})
    assert summary(table, "rate").to_dict("list") == {
        "rate": [1.0], "step": [0], "low": [1.4], "middle": [3.0], "high": [np.inf],
    }  # fmt: skip


def test_panels_share_their_axes_and_name_their_values(curve_table: pd.DataFrame) -> None:
    figure = panels(curve_table, hue="learning_rate")
    assert [axes.get_title() for axes in figure.axes] == ["η = 0.1", "η = 0.5", "η = 2"]
    assert len({(axes.get_xlim(), axes.get_ylim()) for axes in figure.axes}) == 1
    bold = [max(axes.lines, key=lambda line: line.get_linewidth()) for axes in figure.axes]
    assert [line.get_ydata()[1] for line in bold] == [1 / 1.1, 1 / 1.5, 1 / 3]
    assert [len(axes.lines) for axes in figure.axes] == [3, 3, 3]


def test_logarithmic_axes_keep_step_zero(curve_table: pd.DataFrame) -> None:
    axes = loglog(curve_table, hue="learning_rate").axes[0]
    assert (axes.get_xlim(), axes.get_xscale(), axes.get_yscale()) == ((0, 200), "symlog", "log")
    assert axes.lines[0].get_xydata()[[0, -1]].tolist() == [[0, 1], [200, 1 / 21]]
    low, high = axes.get_ylim()
    assert low < 1 / 401
    assert high > 1


def test_losses_of_zero_do_not_empty_a_logarithmic_figure(curve_table: pd.DataFrame) -> None:
    table = curve_table.assign(loss=curve_table["loss"].where(curve_table["step"] < 100, 0.0))
    low, high = loglog(table, hue="learning_rate").axes[0].get_ylim()
    assert 1e-3 < low < 1 / 199 < 1 < high


def test_curves_of_nothing_but_zeros_or_infinities_are_drawn(curve_table: pd.DataFrame) -> None:
    for loss in (0.0, np.inf, np.nan, 1.7e308):
        for draw in (curves, panels, loglog):
            draw(curve_table.assign(loss=loss), hue="learning_rate").draw_without_rendering()


def test_one_curve_needs_no_legend(curve_table: pd.DataFrame) -> None:
    one = curve_table[curve_table["trial"] == 1]
    for draw in (curves, loglog):
        axes = draw(one, hue=None).axes[0]
        assert axes.get_legend() is None
        assert axes.lines[0].get_ydata()[2] == 0.5


def test_more_curves_than_an_eye_can_follow_are_thinned_and_it_is_said() -> None:
    assert thinned(list(range(256)), 4) == [0, 85, 170, 255]
    rates = np.repeat(np.arange(1.0, 41.0), 2)
    table = pd.DataFrame({"learning_rate": rates, "step": [0, 1] * 40, "loss": 1 / rates})
    axes = curves(table, hue="learning_rate").axes[0]
    assert len(axes.lines) == 12
    assert axes.get_legend().get_title().get_text() == "learning rate η (12 of 40)"


def test_names_are_drawn_as_well_as_numbers(curve_table: pd.DataFrame) -> None:
    names = curve_table["trial"].map({0: "tanh", 1: "$relu_", 2: "sigmoid"})
    figure = curves(curve_table.assign(activation=names), hue="activation")
    assert legend(figure) == ["tanh", r"\$relu_", "sigmoid"]
    figure.draw_without_rendering()
