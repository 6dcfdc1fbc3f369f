"""Weights are drawn as the table holds them, a panel a trial."""

import numpy as np
import pandas as pd
import pytest

from sweep.errors import RequestError
from sweep.views.style import Look
from sweep.views.weights import weights


@pytest.fixture
def parameters() -> pd.DataFrame:
    """Two trials of three parameters at steps 0, 5 and 10; the second diverges."""
    return pd.DataFrame(
        {
            "trial": [0, 0, 0, 1, 1, 1],
            "step": [0, 5, 10] * 2,
            "w1_1_1": [0.1, 0.2, 0.3, 0.1, 5.0, np.nan],
            "b1_1": [0.0, 0.1, 0.1, 0.0, -3.0, np.inf],
            "w2_1_1": [0.5, 0.4, 0.3, 0.5, 1e9, np.nan],
        }
    )


def test_every_parameter_is_a_line_with_its_name(parameters: pd.DataFrame) -> None:
    figure = weights(parameters, headings={1: "diverged", 0: "best"})
    assert [axes.get_title() for axes in figure.axes] == ["diverged", "best"]
    (lines,) = figure.axes[1].collections
    segments = [segment.tolist() for segment in lines.get_segments()]
    assert segments[0] == [[0, 0.1], [5, 0.2], [10, 0.3]]
    assert segments[2] == [[0, 0.5], [5, 0.4], [10, 0.3]]
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["w1_1_1", "b1_1", "w2_1_1"]


def test_what_explodes_leaves_the_figure(parameters: pd.DataFrame) -> None:
    figure = weights(parameters)
    (least, most), (low, high) = (axes.get_ylim() for axes in figure.axes)
    assert -4 < low < -3
    assert 5 < high < 6
    assert -0.1 < least < 0.0
    assert 0.5 < most < 0.6
    assert figure.texts[-1].get_text() == "each panel has a scale of its own"


def test_many_parameters_have_the_colour_of_their_layer() -> None:
    names = [f"w{layer}_{to}_1" for layer in (1, 2) for to in range(1, 601)]
    table = pd.DataFrame({"trial": 0, "step": [0, 1], **{name: [0.0, 1.0] for name in names}})
    figure = weights(table)
    (lines,) = figure.axes[0].collections
    assert len(lines.get_segments()) == 400
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["layer 1", "layer 2"]
    assert figure.texts[-1].get_text() == "400 of 1,200 parameters"


def test_steps_can_be_logarithmic(parameters: pd.DataFrame) -> None:
    axes = weights(parameters, look=Look(log=True)).axes[0]
    assert (axes.get_xscale(), axes.get_yscale()) == ("symlog", "linear")


def test_parameters_of_one_step_are_refused(parameters: pd.DataFrame) -> None:
    with pytest.raises(RequestError, match=r'only the last .* record\.parameters to "every 10"'):
        weights(parameters[parameters["step"] == 10])


def test_one_trial_that_diverged_leaves_the_others_a_scale_of_their_own() -> None:
    step = np.arange(0, 11)
    wild = {0: 0.5 + 0.01 * step, 1: 0.2 - 0.01 * step, 2: 0.3 * (-30.0) ** step}
    table = pd.concat(
        [pd.DataFrame({"trial": n, "step": step, "w1_1_1": w}) for n, w in wild.items()],
        ignore_index=True,
    )
    figure = weights(table)
    spans = [axes.get_ylim() for axes in figure.axes[:3]]
    for n in (0, 1):
        low, high = spans[n]
        assert np.ptp(wild[n]) > 0.8 * (high - low)  # the line fills its panel
    assert "each panel has a scale of its own" in figure.texts[-1].get_text()
