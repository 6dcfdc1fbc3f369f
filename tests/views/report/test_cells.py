"""What a cell says and what it sorts by, with answers written by hand."""

import pandas as pd

from sweep.views.report.cells import MOST_ROWS, heading, table, thinned

FRAME = pd.DataFrame(
    {
        "learning_rate": [0.1, 0.12345, 1e-6],
        "final_loss": [float("nan"), float("inf"), 0.00012345],
        "share": [1.0, 0.125, float("nan")],
        "steps_to_target": pd.array([1234, None, 7], "Int64"),
        "seed": [0, 12345678901234567, 2],
        "training.optimizer": ["sgd", "adam", "<b>"],
        "bias": [True, False, True],
    }
)


def column(name: str) -> list[tuple[str, str | None]]:
    made = table(FRAME, "t", axes=["learning_rate", "seed"], shares=["share"])
    at = list(FRAME).index(name)
    return [(row[at].text, row[at].key) for row in made.rows]


def test_a_number_sorts_by_its_value_and_one_that_is_none_has_no_key() -> None:
    assert column("final_loss") == [("–", ""), ("∞", ""), ("0.0001234", "0.00012345")]
    assert column("steps_to_target") == [("1,234", "1234.0"), ("–", ""), ("7", "7.0")]
    assert column("share") == [("100%", "1.0"), ("12.5%", "0.125"), ("–", "")]


def test_an_axis_has_the_digits_that_tell_its_values_apart() -> None:
    assert [text for text, _ in column("learning_rate")] == ["0.1", "0.1235", "1e-06"]
    assert column("seed")[1] == ("12345678901234567", "1.2345678901234568e+16")


def test_a_value_that_comes_twice_has_no_more_digits() -> None:
    frame = pd.DataFrame({"learning_rate": [1 / 3, 1 / 3, 0.5]})
    rows = table(frame, "t", axes=["learning_rate"]).rows
    assert [row[0].text for row in rows] == ["0.3333", "0.3333", "0.5"]


def test_words_and_switches_sort_as_text() -> None:
    assert column("training.optimizer") == [("sgd", None), ("adam", None), ("<b>", None)]
    assert column("bias") == [("True", None), ("False", None), ("True", None)]


def test_headings_are_words() -> None:
    made = table(FRAME, "By η <i>", axes=["learning_rate"], words={"share": "part"})
    assert [one.words for one in made.columns] == [
        "learning rate η", "final loss", "part", "steps to reach the target", "seed",
        heading("training.optimizer"), "bias",
    ]  # fmt: skip
    assert [one.numeric for one in made.columns] == [True] * 5 + [False] * 2


def test_a_long_table_is_thinned_to_its_ends_and_says_so() -> None:
    frame = pd.DataFrame({"n": range(10_001)})
    few, note = thinned(frame)
    assert len(few) == MOST_ROWS
    assert few["n"].iloc[[0, -1]].tolist() == [0, 10_000]
    assert note == "200 rows of 10,001, evenly spread."
    assert thinned(frame.head(MOST_ROWS))[1] == ""


def test_an_empty_table_is_a_table() -> None:
    assert table(FRAME.head(0), "t").rows == []
