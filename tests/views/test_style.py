"""Labels say what is meant, in as few digits as tell values apart."""

import numpy as np
import pytest

from sweep.views.style import assignment, colors, label, plain, power_label, value_labels


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
        ("network.activation", "network.activation"),
    ],
)
def test_columns_have_words_and_symbols(name: str, words: str) -> None:
    assert label(name) == words


def test_panels_are_headed_by_symbol_or_name() -> None:
    assert assignment("learning_rate", "0.1") == "η = 0.1"
    assert assignment("training.steps", "200") == "training.steps = 200"


def test_text_is_shown_as_it_is() -> None:
    assert plain("a $b$ \x1b_c^d") == r"a \$b\$  _c^d"


def test_powers_of_ten_are_text() -> None:
    assert [power_label(n) for n in (-12.0, 0.0, 3.0)] == ["10⁻¹²", "10⁰", "10³"]


def test_every_value_has_a_colour_of_its_own() -> None:
    for ordered in (True, False):
        assert len(set(colors(range(7), ordered=ordered))) == 7
