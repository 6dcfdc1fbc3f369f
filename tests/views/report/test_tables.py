"""The tables of a report, from trials written by hand."""

import numpy as np
import pandas as pd

from sweep.analysis import Responses
from sweep.views.report.cells import MOST_ROWS, Table, heading
from sweep.views.report.tables import axis_table, rate_table, trials_table
from tests.views.report.small import trials

AXES = ["learning_rate", "seed"]


def texts(table: Table, heading: str) -> list[str]:
    at = [column.words for column in table.columns].index(heading)
    return [row[at].text for row in table.rows]


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
    table = trials(np.geomspace(1e-3, 5.0, 999), seeds=1).drop(columns="seed")
    table.loc[501, "final_loss"] = 1e-9
    made = rate_table(Responses.of(table, ["learning_rate"], "learning_rate"))
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
    table = trials(np.geomspace(1e-3, 20.0, 101), seeds=4)
    made = trials_table(table, AXES)
    losses = [float(text) for text in texts(made, "final loss")]
    assert len(losses) == 20
    assert losses == sorted(losses)
    assert f"{losses[0]:.4g}" == f"{table['final_loss'].min():.4g}"
    assert "404 trials" in made.note
