"""Curves show what the table holds, in the order in which it lies, and say what they leave out."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

import sweep
from sweep.views.curves import Paths, curves
from sweep.views.panels import thinned
from sweep.views.style import Look

LOG, LINEAR = Look(log=True), Look(log=False)
INF = float("inf")


def legend(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


def note(figure: Figure) -> str:
    return " ".join(text.get_text() for text in figure.texts).replace("\n", " ")


def solid(axes: Axes) -> list[Line2D]:
    return [line for line in axes.lines if line.get_linestyle() == "-"]


def seeds(losses: list[list[float]], rate: float = 1.0) -> pd.DataFrame:
    """A row a step of trials of one rate, a list of losses each."""
    rows = [
        (seed, rate, seed, step, loss)
        for seed, of in enumerate(losses)
        for step, loss in enumerate(of)
    ]
    return pd.DataFrame(rows, columns=["trial", "learning_rate", "seed", "step", "loss"])


def test_every_curve_is_drawn_over_the_first_hundred_steps(curve_table: pd.DataFrame) -> None:
    figure = curves(curve_table, hue="learning_rate")
    axes = figure.axes[0]
    assert len(axes.lines) == 3
    lowest = axes.lines[2]
    assert lowest.get_xdata()[[0, -1]].tolist() == [0, 100]
    assert lowest.get_ydata()[[0, 1, 100]].tolist() == [1.0, 1 / 3, 1 / 201]
    assert (axes.get_xlim(), axes.get_xscale(), axes.get_yscale()) == ((0, 100), "linear", "linear")
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("step", "loss $E_T$")
    assert note(figure) == "the first 100 of 200 steps"


@pytest.mark.parametrize(
    ("losses", "said"),
    [
        ([[1, 0.5], [1, 9], [1, INF]], "2 of 3 trials leave the picture, 1 of them beyond all"),
        ([[1, 0.5], [1, 9], [1, 1.5]], "1 of 3 trials leave the picture"),
        ([[1, 0.5], [1, INF], [1, 1.5]], "1 of 3 trials diverged"),
    ],
)
def test_what_leaves_the_picture_is_counted_once(losses: list[list[float]], said: str) -> None:
    assert note(curves(seeds(losses), look=LINEAR)).startswith(said)


def test_linear_axes_show_every_step_if_asked_for(curve_table: pd.DataFrame) -> None:
    figure = curves(curve_table, hue="learning_rate", look=LINEAR)
    assert figure.axes[0].get_xlim() == (0, 200)
    assert note(figure) == ""


def test_curves_of_the_last_steps_alone_are_drawn_whole(curve_table: pd.DataFrame) -> None:
    last = curve_table[curve_table["step"] > 150]
    axes = curves(last, hue="learning_rate").axes[0]
    assert (axes.get_xlim(), len(axes.lines[0].get_xdata())) == ((151, 200), 50)


def test_legend_has_the_order_of_the_values(curve_table: pd.DataFrame) -> None:
    figure = curves(curve_table, hue="learning_rate")
    assert legend(figure) == ["0.1", "0.5", "2"]
    assert figure.legends[0].get_title().get_text() == "learning rate η"
    upside_down = curve_table.assign(loss=1 - curve_table["loss"])
    assert legend(curves(upside_down, hue="learning_rate")) == ["0.1", "0.5", "2"]


def test_a_curve_that_diverges_leaves_at_the_top_and_is_counted(
    curve_table: pd.DataFrame,
) -> None:
    wild = curve_table["loss"].mask(
        curve_table["learning_rate"] == 0.5, 10.0 ** curve_table["step"]
    )
    wild = wild.mask((curve_table["learning_rate"] == 0.5) & (curve_table["step"] > 60), np.nan)
    for look, highest in ((Look(), 2.1), (LOG, 1500)):
        figure = curves(curve_table.assign(loss=wild), hue="learning_rate", look=look)
        assert "of 3 trials diverged" in figure.texts[-1].get_text()
        top = figure.axes[0].get_ylim()[1]
        assert top == pytest.approx(highest)
        assert figure.axes[0].lines[1].get_ydata()[-1] > top


def test_few_trials_of_a_curve_are_each_drawn() -> None:
    figure = curves(seeds([[4.0, 2.0], [4.0, 1.0], [4.0, 3.0]]), hue="learning_rate")
    assert [line.get_ydata().tolist() for line in figure.axes[0].lines] == [[4, 2], [4, 1], [4, 3]]
    assert not figure.axes[0].collections
    assert note(figure) == "every trial of seed (3)"


def test_many_trials_of_a_curve_become_median_and_band() -> None:
    table = seeds([[10.0, float(loss)] for loss in range(11)])
    figure = curves(table, hue="learning_rate")
    (line,) = figure.axes[0].lines
    assert line.get_ydata().tolist() == [10.0, 5.0]
    (band,) = figure.axes[0].collections
    corners = band.get_paths()[0].vertices
    assert sorted(set(corners[corners[:, 0] == 1, 1])) == [1.0, 9.0]
    assert note(figure) == "median, and band from 10 to 90%, over seed (11)"


def test_a_trial_that_stopped_keeps_its_last_value() -> None:
    table = seeds([[8.0, 1.0], [8.0, 6.0, 5.0, 4.0], [8.0, 7.0, 6.0, 5.0]])
    paths = Paths.of(table, "loss")
    assert paths.stopped
    assert paths.matrix.tolist() == [[8, 1, 1, 1], [8, 6, 5, 4], [8, 7, 6, 5]]
    assert paths.line(np.ones(3, bool)).middle.tolist() == [8, 6, 5, 4]
    figure = curves(table, hue="learning_rate")
    assert "trials that stopped keep their last value" in note(figure)


def test_a_trial_that_was_to_have_fewer_steps_ends_there() -> None:
    table = seeds([[8.0, 1.0], [8.0, 6.0, 5.0, 4.0]])
    table["training.steps"] = table["seed"].map({0: 1, 1: 3})
    paths = Paths.of(table, "loss")
    assert not paths.stopped
    assert np.isnan(paths.matrix[0, 2:]).all()
    assert paths.line(np.array([True, False])).step.tolist() == [0, 1]


def test_a_band_that_reaches_infinity_is_left_open() -> None:
    table = seeds([[1.0, 0.5]] * 4 + [[1.0, np.nan]] * 3)
    figure = curves(table, hue="learning_rate", look=LOG)
    axes = figure.axes[0]
    assert not axes.collections
    median, edge = axes.lines
    assert (median.get_linestyle(), edge.get_linestyle()) == ("-", ":")
    assert median.get_ydata().tolist() == [1.0, 0.5]
    assert edge.get_ydata().tolist() == [1.0, 0.5]
    assert "dotted: the edge of a band that leaves the picture" in note(figure)


def test_panels_share_their_axes_and_name_their_values(curve_table: pd.DataFrame) -> None:
    figure = curves(curve_table, col="learning_rate", behind=True)
    assert [axes.get_title() for axes in figure.axes] == ["η = 0.1", "η = 0.5", "η = 2"]
    assert len({(axes.get_xlim(), axes.get_ylim()) for axes in figure.axes}) == 1
    bold = [max(axes.lines, key=lambda line: line.get_linewidth()) for axes in figure.axes]
    assert [line.get_ydata()[1] for line in bold] == [1 / 1.1, 1 / 1.5, 1 / 3]
    assert [len(axes.lines) for axes in figure.axes] == [3, 3, 3]


def test_panels_of_one_axis_have_colours_of_another(curve_table: pd.DataFrame) -> None:
    names = pd.concat([curve_table.assign(activation=name) for name in ("tanh", "relu")])
    names["trial"] += 3 * (names["activation"] == "relu")
    figure = curves(names, hue="learning_rate", col="activation")
    assert [axes.get_title() for axes in figure.axes] == ["activation = relu", "activation = tanh"]
    assert [len(axes.lines) for axes in figure.axes] == [3, 3]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "0.1", "0.5", "2",
    ]  # fmt: skip
    assert [axes.get_ylabel() for axes in figure.axes] == ["loss $E_T$", ""]


def test_logarithmic_axes_keep_step_zero(curve_table: pd.DataFrame) -> None:
    axes = curves(curve_table, hue="learning_rate", look=LOG).axes[0]
    assert (axes.get_xlim(), axes.get_xscale(), axes.get_yscale()) == ((0, 200), "symlog", "log")
    assert axes.lines[0].get_xydata()[[0, -1]].tolist() == [[0, 1], [200, 1 / 21]]
    low, high = axes.get_ylim()
    assert low < 1 / 401
    assert high > 1


def test_losses_of_zero_do_not_empty_a_logarithmic_figure(curve_table: pd.DataFrame) -> None:
    table = curve_table.assign(loss=curve_table["loss"].where(curve_table["step"] < 100, 0.0))
    low, high = curves(table, hue="learning_rate", look=LOG).axes[0].get_ylim()
    assert 1e-3 < low < 1 / 199 < 1 < high


@pytest.mark.parametrize("loss", [0.0, INF, float("nan"), 1.7e308])
@pytest.mark.parametrize("look", [Look(), LOG, LINEAR])
def test_curves_of_nothing_but_zeros_or_infinities_are_drawn(
    curve_table: pd.DataFrame, loss: float, look: Look
) -> None:
    curves(curve_table.assign(loss=loss), hue="learning_rate", look=look).draw_without_rendering()
    curves(
        curve_table.assign(loss=loss), col="learning_rate", behind=True, look=look
    ).draw_without_rendering()


def test_one_curve_needs_no_legend(curve_table: pd.DataFrame) -> None:
    one = curve_table[curve_table["trial"] == 1]
    for look in (Look(), LOG):
        axes = curves(one, look=look).axes[0]
        assert not axes.figure.legends
        assert axes.lines[0].get_ydata()[2] == 0.5


def test_accuracy_is_a_measure_with_an_axis_of_its_own(curve_table: pd.DataFrame) -> None:
    table = curve_table.assign(validation_accuracy=1 - curve_table["loss"] / 2)
    figure = curves(table, hue="learning_rate", measure="validation_accuracy")
    axes = figure.axes[0]
    assert axes.get_ylabel() == "accuracy on validation data"
    assert axes.get_xlim() == (0, 200)
    assert axes.get_ylim() == (0, 1.02)
    assert axes.lines[0].get_ydata()[0] == 0.5


def test_more_curves_than_an_eye_can_follow_are_thinned_and_it_is_said() -> None:
    assert thinned(list(range(256)), 4) == [0, 85, 170, 255]
    rates = np.repeat(np.arange(1.0, 41.0), 2)
    trial = np.repeat(np.arange(40), 2)
    table = pd.DataFrame(
        {"trial": trial, "learning_rate": rates, "step": [0, 1] * 40, "loss": 1 / rates}
    )
    axes = curves(table, hue="learning_rate").axes[0]
    assert len(axes.lines) == 12
    assert axes.figure.legends[0].get_title().get_text() == "learning rate η (12 of 40)"
    assert note(curves(table, col="learning_rate")) == "panels: learning rate η (12 of 40)"


def test_names_are_drawn_as_well_as_numbers(curve_table: pd.DataFrame) -> None:
    names = curve_table["trial"].map({0: "tanh", 1: "$relu_", 2: "sigmoid"})
    figure = curves(curve_table.assign(activation=names), hue="activation")
    assert legend(figure) == [r"\$relu_", "sigmoid", "tanh"]
    figure.draw_without_rendering()


def test_all_that_diverged_are_counted_beyond_the_curves_that_are_drawn(tmp_path: Path) -> None:
    study = tmp_path / "wild.toml"
    study.write_text(
        "[network]\nlayers = [2, 2, 1]\nactivation = ['tanh', 'identity']\n[data]\nname = 'xor'\n"
        "[initial]\nscheme = 'normal'\n[training]\nsteps = 20\n"
        "[axes]\nlearning_rate = { log = [1e200, 1e300], num = 20 }\n"
    )
    found = sweep.run(study, results=tmp_path, progress=False)
    said = " ".join(text.get_text() for text in sweep.plot(found, "curves").texts)
    assert "all 20 trials diverged" in " ".join(said.split())
