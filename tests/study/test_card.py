"""How a study shows itself in a notebook: short, whole and harmless."""

import re
from html import unescape
from pathlib import Path

import pytest

from sweep.study import Study, card, load_study, parse_study

HOSTILE = "</script><img src=x onerror=alert(1)>&amp;"


def cells(html: str) -> dict[str, str]:
    """The two columns of a card, as a reader sees them."""
    found = re.findall(r"<tr><th[^>]*>(.*?)</th><td[^>]*>(.*?)</td></tr>", html)
    return {unescape(name): unescape(value) for name, value in found}


def shown(study: Study) -> dict[str, str]:
    return cells(study._repr_html_())


def test_a_card_says_what_is_trained_and_swept() -> None:
    assert shown(load_study("lr_by_init")) == {
        "study": "lr_by_init",
        "network": "2-2-2, sigmoid, half_squared_error",
        "data": "1 sample",
        "batches": "all samples each step",
        "training": "1,000 steps of sgd in float64",
        "learning_rate": "1,024 values from 0.01 to 1000",
        "seed": "1,024 values from 0 to 1023",
        "trials": "1,048,576",
    }


def test_a_study_without_a_notebook_is_a_line() -> None:
    assert repr(load_study("lr_by_init")) == "<Study lr_by_init: 1,048,576 trials>"


def test_groups_are_told_apart_while_they_are_few() -> None:
    two = load_study("lr_graphs", ['axes.training.optimizer=["sgd","adam"]'])
    assert (
        shown(two)["training"] == "1,000 steps of sgd in float64 / 1,000 steps of adam in float64"
    )
    assert shown(two)["trials"] == "12 in 2 groups"
    many = load_study("lr_graphs", ["axes.training.steps=[1, 2, 3, 4]"])
    assert shown(many)["training"] == "4 kinds, such as 1 step of sgd in float64"


def test_data_batches_and_validation_are_named() -> None:
    text = """
    [network]
    layers = [2, 4, 1]
    [data]
    name = "spirals"
    samples = 100
    [validation]
    share = 0.25
    [batch]
    size = 32
    [initial]
    scheme = "normal"
    [training]
    steps = 10
    [axes]
    learning_rate = [0.1]
    """
    found = shown(parse_study(text, "spirals", Path()))
    assert found["data"] == "spirals, 75 samples"
    assert found["batches"] == "32 samples each step, by shuffle"
    assert found["validation"] == "25 samples"


def test_text_stays_text() -> None:
    text = Path(load_study.__code__.co_filename).parents[2] / "experiments" / "lr_graphs.toml"
    lines = text.read_text(encoding="utf-8").splitlines()
    title = next(line for line in lines if line.startswith("title"))
    hostile = "\n".join(f"title = '{HOSTILE}'" if line == title else line for line in lines)
    html = parse_study(hostile, "hostile", Path())._repr_html_()
    assert "<img" not in html
    assert HOSTILE in unescape(html)


@pytest.mark.parametrize("place", ["title", "name", "value"])
def test_every_part_of_a_card_is_escaped(place: str) -> None:
    parts = {"title": "t", "name": "n", "value": "v"} | {place: HOSTILE}
    html = card(parts["title"], {parts["name"]: parts["value"]})
    assert "<img" not in html
    assert HOSTILE in unescape(html)
