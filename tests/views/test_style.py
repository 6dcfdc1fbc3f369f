"""Labels say what is meant, in as few digits as tell values apart."""

import struct

import numpy as np
import pytest

from sweep.views.style import (
    Look,
    assignment,
    colors,
    label,
    new_figure,
    plain,
    power_label,
    value_labels,
)


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([0.1, 2.0], ["0.1", "2"]),
        ([0.027213434, 18.2335123], ["0.02721", "18.23"]),
        ([0.1234561, 0.1234562], ["0.1234561", "0.1234562"]),
        ([0.1, np.nextafter(0.1, 1)], ["0.10000000000000001", "0.10000000000000002"]),
        ([5, 10**12], ["5", "1000000000000"]),
        ([True, "relu$", np.float64(0.5)], ["True", r"relu\$", "0.5"]),
        ([], []),
    ],
)
def test_values_are_told_apart_in_few_digits(values: list[object], labels: list[str]) -> None:
    assert value_labels(values) == labels


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("learning_rate", "learning rate η"),
        ("learning_rate.0", "learning rate of layer 1 η"),
        ("initial.scale", "scale of the initial weights"),
        ("final_loss", "final loss $E_T$"),
        ("network.activation", "activation"),
        ("network.layers", "network.layers"),
    ],
)
def test_columns_have_words_and_symbols(name: str, words: str) -> None:
    assert label(name) == words


def test_panels_are_headed_by_symbol_or_name() -> None:
    assert assignment("learning_rate", "0.1") == "η = 0.1"
    assert assignment("batch.size", "200") == "batch size = 200"


def test_a_title_and_what_is_said_stand_above_the_axes() -> None:
    figure = new_figure(Look(title="one $title", note="first"), 6.0, 4.0, "", "second")
    title, said = figure.texts
    assert title.get_text() == figure.get_suptitle() == r"one \$title"
    assert said.get_text() == "first; second"
    axes = figure.subplots()
    figure.draw_without_rendering()
    assert said.get_position()[1] < title.get_position()[1]
    assert axes.get_position().y1 < said.get_window_extent().y0 / figure.bbox.height
    assert new_figure(Look(size=(3.0, 2.0)), 6.0, 4.0).get_size_inches().tolist() == [3.0, 2.0]


def test_long_names_lose_their_middle_unless_that_makes_them_alike() -> None:
    long = "a" * 30 + "1" + "b" * 30
    assert value_labels([long, "c"]) == ["a" * 13 + "…" + "b" * 13, "c"]
    assert len(value_labels([long, "c" + long[1:]])[0]) == 27
    assert value_labels([long, long.replace("1", "2")])[0] == long


def test_text_is_shown_as_it_is() -> None:
    assert plain("a $b$ \x1b_c^d") == r"a \$b\$  _c^d"


def test_powers_of_ten_are_text() -> None:
    assert [power_label(n) for n in (-12.0, 0.0, 3.0)] == ["10⁻¹²", "10⁰", "10³"]


def test_every_value_has_a_colour_of_its_own() -> None:
    for ordered in (True, False):
        assert len(set(colors(range(7), ordered=ordered))) == 7


def test_a_figure_shows_itself_in_a_notebook() -> None:
    png = new_figure(Look(title="t"), 5, 3)._repr_png_()  # type: ignore[attr-defined]
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", png[16:24]) == (480, 288)
