"""A response shows medians, bands and shares, and hides no trial that diverged."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from sweep.views.response import response
from sweep.views.style import Look


def note(figure: Figure) -> str:
    return " ".join(text.get_text() for text in figure.texts).replace("\n", " ")


def test_several_trials_become_median_and_bands(trial_table: pd.DataFrame) -> None:
    figure = response(trial_table, x="learning_rate")
    upper, lower = figure.axes
    assert (upper.get_xscale(), upper.get_yscale()) == ("log", "log")
    median = next(line for line in upper.lines if line.get_linestyle() == "-")
    assert median.get_xydata()[:3].tolist() == [[0.1, 0.6], [1.0, 0.02], [10.0, 0.0002]]
    assert median.get_ydata()[3] > upper.get_ylim()[1]
    outer, inner = (band.get_paths()[0].vertices for band in upper.collections)
    assert sorted(set(inner[inner[:, 0] == 0.1, 1])) == pytest.approx([0.55, 0.65])
    assert outer[outer[:, 0] == 10.0, 1].min() == pytest.approx(0.00012)
    names = [text.get_text() for text in upper.figure.legends[0].get_texts()]
    assert names == ["median", "25 to 75%", "10 to 90%"]
    assert (upper.get_ylabel(), lower.get_xlabel()) == ("final loss $E_T$", "learning rate η")
    assert upper.get_xlim() == lower.get_xlim()
    # three decades, and three hundredths of them beyond each end
    assert upper.get_xlim() == pytest.approx((10**-1.09, 10**2.09))


def test_a_band_that_reaches_infinity_does_not_cover_the_picture(
    trial_table: pd.DataFrame,
) -> None:
    fine = trial_table[trial_table["trial"] == 9]  # 0.4 at a rate of 100
    figure = response(pd.concat([trial_table, fine, fine]), x="learning_rate")
    upper = figure.axes[0]
    for band in upper.collections:
        assert band.get_paths()[0].vertices[:, 0].max() <= 10.0
    edges = [line for line in upper.lines if line.get_linestyle() == ":"]
    assert [line.get_ydata()[3] for line in edges] == [0.4, 0.4]
    assert np.isnan(edges[0].get_ydata()[:2]).all()
    assert edges[0].get_ydata()[2] == pytest.approx(0.00012)  # where the shade ends
    assert note(figure) == (
        "2 of 14 trials diverged; median and bands, over seed (3); "
        "dotted: the edge of a band that leaves the picture"
    )


def test_one_trial_a_value_is_one_line_and_gaps_where_it_diverged(
    trial_table: pd.DataFrame,
) -> None:
    figure = response(trial_table[trial_table["seed"] == 6], x="learning_rate")
    upper = figure.axes[0]
    assert len(upper.lines) == 1
    assert not upper.collections
    drawn = upper.lines[0].get_ydata()
    assert drawn[:3].tolist() == [0.6, 0.02, 0.0003]
    assert np.isnan(drawn[3])
    assert note(figure) == "1 of 4 trials diverged"


def test_a_name_is_a_line_each_above_the_share_that_diverged(trial_table: pd.DataFrame) -> None:
    other = trial_table.assign(activation="relu", outcome="stalled", final_loss=9.0)
    table = pd.concat([trial_table.assign(activation="tanh"), other])
    figure = response(table, x="learning_rate", hue="activation")
    upper, lower = figure.axes
    solid = [line for line in upper.lines if line.get_linestyle() == "-"]
    assert [line.get_ydata()[0] for line in solid] == [9.0, 0.6]
    assert [line.get_ydata().tolist() for line in lower.lines] == [
        [0, 0, 0, 0], [0, 0, 0, pytest.approx(2 / 3)],
    ]  # fmt: skip
    assert lower.get_ylabel() == "share\ndiverged"
    names = [text.get_text() for text in upper.figure.legends[0].get_texts()]
    assert names == ["relu", "tanh"]
    calm = table[table["outcome"] != "diverged"]
    assert response(calm, x="learning_rate", hue="activation").axes[1].get_ylabel() == (
        "share\nconverged"
    )


def test_a_third_axis_has_panels(trial_table: pd.DataFrame) -> None:
    table = pd.concat([trial_table.assign(activation=name) for name in ("tanh", "relu")])
    figure = response(table, x="learning_rate", col="activation")
    headings = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert headings == ["activation = relu", "activation = tanh"]
    assert len(figure.axes) == 4
    assert len({axes.get_ylim() for axes in figure.axes if axes.get_title()}) == 1


def test_several_axes_have_a_panel_each(trial_table: pd.DataFrame) -> None:
    figure = response(trial_table, x=["learning_rate", "seed"])
    assert len(figure.axes) == 4
    assert {axes.get_xlabel() for axes in figure.axes if axes.get_xlabel()} == {
        "learning rate η", "seed, sorted by mean log\nfinal loss",
    }  # fmt: skip
    assert "median and bands, over all other axes" in note(figure)


def test_values_without_order_are_points_no_line_joins(trial_table: pd.DataFrame) -> None:
    upper, lower = response(trial_table[trial_table["outcome"] != "diverged"], x="seed").axes
    (dots,) = upper.lines
    assert (dots.get_linestyle(), dots.get_marker()) == ("None", "o")
    assert dots.get_ydata().tolist() == pytest.approx([0.02, 0.205, 0.3])
    assert [text.get_text() for text in lower.get_xticklabels()] == ["6", "5", "7"]


def test_marks_are_lines_with_their_values(trial_table: pd.DataFrame) -> None:
    marks = {"learning_rate": (0.2, 2.0, 5000.0)}
    upper = response(trial_table, x="learning_rate", marks=marks).axes[0]
    assert [text.get_text() for text in upper.texts] == ["0.2", "2"]
    upright = [line for line in upper.lines if len(set(line.get_xdata())) == 1]
    assert [line.get_xdata()[0] for line in upright] == [0.2, 2.0]


def test_shares_stand_beneath_only_where_outcomes_differ(trial_table: pd.DataFrame) -> None:
    same = trial_table[trial_table["learning_rate"] == 10.0]
    assert len(response(same, x="seed").axes) == 1
    lower = response(trial_table, x="learning_rate").axes[1]
    stalled = lower.collections[1].get_paths()[0].vertices
    assert stalled[:, 1].max() == 1.0


def test_a_measure_that_was_never_reached_leaves_at_the_top(trial_table: pd.DataFrame) -> None:
    steps = pd.array([None, None, None, 8, 9, None, 1, 2, 3, None, None, None], "Int64")
    upper = response(
        trial_table.assign(steps_to_target=steps), x="learning_rate", measure="steps_to_target"
    ).axes[0]
    drawn = upper.lines[-1].get_ydata()
    assert drawn[1:3].tolist() == [9, 2]
    assert (drawn[[0, 3]] > upper.get_ylim()[1]).all()
    assert upper.get_ylabel() == "steps to reach the target"


def test_accuracy_is_missing_where_trials_diverge(trial_table: pd.DataFrame) -> None:
    table = trial_table.assign(validation_accuracy=1 - trial_table["final_loss"].clip(upper=1))
    upper = response(table, x="learning_rate", measure="validation_accuracy").axes[0]
    drawn = upper.lines[-1].get_ydata()
    assert upper.get_yscale() == "linear"
    assert drawn[0] == pytest.approx(0.4)
    assert np.isnan(drawn[3])


def test_linear_and_logarithmic_scales_can_be_asked_for(trial_table: pd.DataFrame) -> None:
    linear = response(trial_table, x="learning_rate", look=Look(log=False)).axes[0]
    assert linear.get_yscale() == "linear"
    narrow = trial_table.assign(final_loss=trial_table["seed"].astype(float), outcome="stalled")
    assert response(narrow, x="learning_rate").axes[0].get_yscale() == "linear"
    assert response(narrow, x="learning_rate", look=Look(log=True)).axes[0].get_yscale() == "log"


def test_a_million_values_of_an_axis_are_taken_together() -> None:
    n = 100_000
    rng = np.random.default_rng(2)
    table = pd.DataFrame(
        {
            "learning_rate": np.sort(rng.random(n)),
            "final_loss": np.arange(1.0, n + 1),
            "outcome": "stalled",
        }
    )
    (axes,) = response(table, x="learning_rate").axes
    assert len(axes.lines[0].get_xdata()) == 256
    assert axes.lines[0].get_ydata()[0] == pytest.approx(195.5, abs=1)  # half of 100,000 / 256
    assert axes.get_xlabel() == "learning rate η (256 bins of 390 neighbours)"


def test_very_many_values_without_order_are_sorted_and_then_taken_together() -> None:
    n = 5000
    loss = np.random.default_rng(3).permutation(np.arange(1.0, n + 1))
    table = pd.DataFrame({"seed": np.arange(n), "final_loss": loss, "outcome": "stalled"})
    (axes,) = response(table, x="seed").axes
    medians = axes.lines[0].get_ydata()
    assert len(medians) == 256
    assert (np.diff(medians) > 0).all()
    assert "sorted by mean log final loss" in axes.get_xlabel().replace("\n", " ")


def test_rates_at_the_ends_of_float64_are_drawn(trial_table: pd.DataFrame) -> None:
    ends = {0.1: 1e-300, 1.0: 1e-100, 10.0: 1e100, 100.0: 1e300}
    trials = trial_table.assign(learning_rate=trial_table["learning_rate"].map(ends))
    figure = response(trials, x="learning_rate")
    figure.draw_without_rendering()
    low, high = figure.axes[0].get_xlim()
    assert 0 < low < 1e-300
    assert 1e300 < high < np.inf
