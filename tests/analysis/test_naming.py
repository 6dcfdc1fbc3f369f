"""Names and values of axes: what is asked for is there exactly, or is refused with the nearest."""

import numpy as np
import pandas as pd
import pytest

from sweep.analysis.naming import (
    choose,
    group_names,
    named_axis,
    narrowed,
    number,
    short_name,
    texts,
)
from sweep.errors import RequestError

AXES = {
    "learning_rate": np.array([0.1, 0.2511886431509580, 1e300]),
    "seed": np.array([20240101, 20240601]),
    "data.key": np.array([2**53, 2**53 + 1]),
    "training.optimizer": np.array(["sgd", "Adam"], object),
    "network.bias": np.array([True, False]),
}


@pytest.mark.parametrize(
    ("text", "axis", "value"),
    [
        ("learning_rate=0.1", "learning_rate", 0.1),
        ("learning_rate = 0.2512", "learning_rate", 0.2511886431509580),  # as figures show it
        ("seed=20240601", "seed", 20240601),
        ("key=9007199254740993", "data.key", 2**53 + 1),
        ("data.key=9007199254740992", "data.key", 2**53),
        ("optimizer=sgd", "training.optimizer", "sgd"),
        ("training.optimizer='adam'", "training.optimizer", "Adam"),
        ("bias=false", "network.bias", False),
    ],
)
def test_a_value_is_found_by_a_long_or_a_short_name(text: str, axis: str, value: object) -> None:
    assert choose([text], AXES) == {axis: [value]}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("seed=20240350", "--only seed=20240350: no such value; the nearest is 20240101"),
        ("seed=20240101.5", "no such value; the nearest is 20240101"),
        ("seed=few", "must be a whole number"),
        ("learning_rate=0.3", "no such value; the nearest is 0.251189"),
        ("learning_rate=high", "must be a number"),
        ("optimizer=adma", "no such value; did you mean Adam?; there are sgd, Adam"),
        ("optimiser=sgd", 'no axis is called "optimiser"; did you mean training.optimizer?'),
        ("seed", "must be NAME=VALUE; axes: learning_rate, seed"),
        ("seed=", "must be NAME=VALUE"),
    ],
)
def test_what_is_not_there_is_refused_with_the_nearest(text: str, says: str) -> None:
    with pytest.raises(RequestError) as refused:
        choose([text], AXES)
    assert says in str(refused.value)


def test_a_name_that_may_be_two_is_refused() -> None:
    with pytest.raises(RequestError, match=r'"seed" may be data.seed or batch.seed: say which'):
        named_axis("seed", ["data.seed", "batch.seed"], "--only")
    assert named_axis("seed", ["data.seed", "seed"], "--only") == "seed"


def test_a_table_is_narrowed_to_what_is_chosen() -> None:
    trials = pd.DataFrame({"optimizer": ["sgd", "adam", "lion"] * 2, "seed": [0, 0, 0, 1, 1, 1]})
    axes = ["optimizer", "seed"]
    kept = narrowed(trials, axes, ["optimizer=sgd", "optimizer=lion", "seed=1"])
    assert kept.to_dict("list") == {"optimizer": ["sgd", "lion"], "seed": [1, 1]}
    assert narrowed(trials, axes, []) is trials
    with pytest.raises(RequestError, match="--only: no trial has optimizer=sgd and seed=1"):
        narrowed(trials.query("optimizer != 'sgd' or seed == 0"), axes, ["optimizer=sgd", "seed=1"])


def test_short_names_are_last_parts_that_are_words_and_alone() -> None:
    names = ["training.optimizer", "learning_rate.0", "data.seed", "validation.seed", "seed"]
    assert [short_name(name, names) for name in names] == ["optimizer", *names[1:]]


def test_groups_are_named_by_what_sets_them_apart() -> None:
    zipped = pd.DataFrame({"network.width": [8, 16], "initial.scale": [0.5, 0.25]})
    assert group_names(zipped, [1]) == ["width = 16"]
    assert group_names(zipped[[]], [0]) == [""]
    mixed = pd.DataFrame({"network.width": [16384, 16384], "initial.scale": [0.5, 0.25]})
    assert group_names(mixed, axes=[*mixed])[1] == "width = 16384, scale = 0.25"


def test_numbers_are_short() -> None:
    assert [number(x) for x in (0.1, 72.155214, 1e-9, 1000.0)] == ["0.1", "72.16", "1e-09", "1000"]
    assert number(np.float64(3)) == "3"


def test_one_text_is_as_good_as_a_list_of_one() -> None:
    assert texts("seed=1") == texts(["seed=1"]) == ("seed=1",)
    assert choose("seed=20240101", AXES) == {"seed": [20240101]}
    for wrong in (3, [3], {"seed": 1}.items()):
        with pytest.raises(RequestError, match="--only: must be NAME=VALUE or a list of such"):
            texts(wrong)  # type: ignore[arg-type]
