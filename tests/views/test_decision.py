"""What a network has learnt is its output over the plane, computed by hand here."""

from pathlib import Path

import numpy as np
import pytest

import sweep
from sweep.analysis.trained_network import TrainedNetwork
from sweep.errors import RequestError
from sweep.study import Network
from sweep.views.decision import POINTS, Learnt, decision

INPUTS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])


def learnt(parameters: list[float], targets: list[list[float]], heading: str = "best") -> Learnt:
    """A network of one layer, identity, which puts out w1 x1 + w2 x2 for each output."""
    outputs = len(targets[0])
    network = Network((2, outputs), ("identity",), bias=False, loss="half_squared_error")
    trained = TrainedNetwork(network, 1, np.array(parameters), np.ones(1))
    return Learnt(heading, trained, INPUTS, np.array(targets))


XOR = [[0.0], [1.0], [1.0], [0.0]]


def test_the_plane_holds_the_output_at_every_place() -> None:
    figure = decision([learnt([1.0, 2.0], XOR)])
    axes, bar = figure.axes
    (image,) = axes.images
    cells = image.get_array()
    at = np.linspace(-0.15, 1.15, POINTS)
    np.testing.assert_allclose(cells, at[None, :] + 2 * at[:, None], rtol=1e-12)  # one product
    assert (image.norm.vmin, image.norm.vmax) == (0, 1)
    assert image.get_extent() == [-0.15, 1.15, -0.15, 1.15]
    dots = axes.collections[-1]
    assert dots.get_offsets().tolist() == INPUTS.tolist()
    assert dots.get_array().tolist() == [0, 1, 1, 0]
    assert bar.get_ylabel() == "output"
    said = figure.texts[-1].get_text().replace("\n", " ")
    assert said == "4 samples as dots, in the colours of their targets"


def test_every_trial_has_a_column_and_every_output_a_row() -> None:
    both = [[0.0, 1.0], [1.0, 0.5], [1.0, 0.2], [0.0, 0.1]]
    figure = decision([learnt([1, 2, 3, 4], both, "best"), learnt([0, 0, 0, 0], both, "worst")])
    assert [axes.get_title() for axes in figure.axes[:4]] == ["best", "worst", "", ""]
    assert [axes.get_ylabel() for axes in figure.axes[4:]] == ["output 1", "output 2"]


def test_classes_are_coloured_by_the_highest_output() -> None:
    classes = [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]]
    figure = decision([learnt([1, 0, 0, 1], classes)])
    axes, bar = figure.axes
    cells = axes.images[0].get_array()
    assert cells[0, -1] == 0  # x1 above x2
    assert cells[-1, 0] == 1
    assert axes.collections[-1].get_array().tolist() == [0, 1, 0, 1]
    assert bar.get_ylabel() == "class"


def test_a_network_without_finite_outputs_says_so() -> None:
    figure = decision([learnt([np.nan, 1.0], XOR)])
    assert not figure.axes[0].images
    assert [text.get_text() for text in figure.axes[0].texts] == ["no finite output"]
    figure.draw_without_rendering()


def test_other_numbers_of_inputs_are_refused() -> None:
    network = Network((3, 1), ("identity",), bias=False, loss="half_squared_error")
    trained = TrainedNetwork(network, 1, np.ones(3), np.ones(1))
    wide = Learnt("best", trained, np.ones((4, 3)), np.ones((4, 1)))
    with pytest.raises(RequestError, match="networks of 2 inputs; this study's have 3"):
        decision([wide])


def test_inputs_and_classes_have_the_names_of_their_columns_and_labels(tmp_path: Path) -> None:
    rows = [f"{x / 10},{x % 3},{'ab c'[x % 2 * 3 :] or 'c'}" for x in range(12)]
    (tmp_path / "flowers.csv").write_text("\n".join(["width,length,kind", *rows]) + "\n")
    (tmp_path / "flowers.toml").write_text(STUDY)
    results = sweep.run(tmp_path / "flowers.toml", results=tmp_path / "results", threads=1)
    figure = sweep.plot(results, "decision")
    assert (figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()) == ("width", "length")
    ticks = [text.get_text() for text in figure.axes[-1].get_yticklabels()]
    assert ticks == ["ab c", "c"]


STUDY = """
[network]
layers = [2, 2]
activation = "softmax"
loss = "softmax_cross_entropy"
[data]
file = "flowers.csv"
target_columns = ["kind"]
one_hot = true
[initial]
scheme = "xavier"
[training]
steps = 3
learning_rate = 0.1
"""
