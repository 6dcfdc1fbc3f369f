"""The tables of a report and their cells, from tables written by hand."""

import numpy as np
import pandas as pd

from sweep.analysis import Responses
from sweep.views.report.tables import (
    MOST_ROWS,
    Table,
    axis_table,
    heading,
    rate_table,
    table,
    thinned,
    trials_table,
)
from tests.views.report.small import trials

AXES = ["learning_rate", "seed"]


def texts(made: Table, words: str) -> list[str]:
    at = [column.words for column in made.columns].index(words)
    return [row[at].text for row in made.rows]


def test_each_rate_has_its_median_and_shares() -> None:
    made = rate_table(Responses.of(trials(), AXES, "learning_rate"))
    assert texts(made, "learning rate η") == ["0.1", "1", "10"]
    # losses 1.01 to 1.04, 0.01 to 0.04, and 1.01 with three that diverged
    assert texts(made, "final loss") == ["1.025", "0.025", "∞"]
    assert texts(made, "converged") == ["0%", "100%", "0%"]
    assert texts(made, "diverged") == ["0%", "0%", "75%"]
    assert texts(made, "trials") == ["4", "4", "4"]
    assert [column.words for column in made.columns].count("from") > 3


def test_one_trial_a_rate_has_no_intervals() -> None:
    one = trials(seeds=1).drop(columns="seed")
    made = rate_table(Responses.of(one, ["learning_rate"], "learning_rate"))
    assert "from" not in [column.words for column in made.columns]
    assert made.note.startswith("One trial each.")


def test_a_long_table_of_rates_keeps_the_best_one() -> None:
    many = trials(np.geomspace(1e-3, 5.0, 999), seeds=1).drop(columns="seed")
    many.loc[501, "final_loss"] = 1e-9
    made = rate_table(Responses.of(many, ["learning_rate"], "learning_rate"))
    assert MOST_ROWS <= len(made.rows) <= MOST_ROWS + 1
    assert "1e-09" in texts(made, "final loss")
    assert "200 rows of 999, evenly spread, and the lowest final loss of each group." in made.note
    rates = [float(text) for text in texts(made, "learning rate η")]
    assert rates == sorted(rates)


def test_an_axis_has_what_became_of_each_value() -> None:
    parts = [trials(**{"training.optimizer": name}) for name in ("sgd", "adam")]
    parts[1] = parts[1][parts[1]["learning_rate"] < 10]
    made = axis_table(pd.concat(parts, ignore_index=True), "training.optimizer")
    assert texts(made, heading("training.optimizer")) == ["adam", "sgd"]
    assert texts(made, "trials") == ["8", "12"]
    assert texts(made, "diverged") == ["0%", "25%"]
    assert texts(made, "lowest final loss") == ["0.01", "0.01"]
    # adam: between 0.04 and 1.01; sgd: between the sixth and the seventh of 12
    assert texts(made, "median final loss") == ["0.525", "1.015"]


def test_few_trials_are_all_there_and_of_many_the_best() -> None:
    assert texts(trials_table(trials(), AXES), "trial") == [str(n) for n in range(12)]
    many = trials(np.geomspace(1e-3, 20.0, 101), seeds=4)
    made = trials_table(many, AXES)
    losses = [float(text) for text in texts(made, "final loss")]
    assert len(losses) == 20
    assert losses == sorted(losses)
    assert f"{losses[0]:.4g}" == f"{many['final_loss'].min():.4g}"
    assert "404 trials" in made.note


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
