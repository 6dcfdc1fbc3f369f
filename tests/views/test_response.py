"""A response shows medians, bands and shares, and hides no trial that diverged."""

import numpy as np
import pandas as pd

from sweep.views.response import quantiles, response


def test_quantiles_count_what_diverged_as_worst(trial_table: pd.DataFrame) -> None:
    table = quantiles(trial_table, "learning_rate", "final_loss")
    assert table.index.tolist() == [0.1, 1.0, 10.0, 100.0]
    assert table[0.5].tolist() == [0.6, 0.02, 0.0002, np.inf]
    assert table[0.25].tolist()[:3] == [0.55, 0.015, 0.00015000000000000001]
    assert np.isinf(table.loc[100.0, 0.25])


def test_several_trials_become_median_and_bands(trial_table: pd.DataFrame) -> None:
    upper, lower = response(trial_table, x="learning_rate").axes
    assert (upper.get_xscale(), upper.get_yscale()) == ("log", "log")
    median = upper.lines[0]
    assert median.get_xydata()[:3].tolist() == [[0.1, 0.6], [1.0, 0.02], [10.0, 0.0002]]
    assert median.get_ydata()[3] > upper.get_ylim()[1]
    assert len(upper.collections) == 2
    names = [text.get_text() for text in upper.get_legend().get_texts()]
    assert names == ["10 to 90%", "25 to 75%", "median"]
    assert (upper.get_ylabel(), lower.get_xlabel()) == ("final loss $E_T$", "learning rate η")
    assert upper.get_xlim() == lower.get_xlim() == (0.1, 100.0)


def test_one_trial_a_value_is_one_line_and_gaps_where_it_diverged(
    trial_table: pd.DataFrame,
) -> None:
    one = trial_table[trial_table["seed"] == 6]
    upper = response(one, x="learning_rate").axes[0]
    assert len(upper.lines) == 1
    assert not upper.collections
    drawn = upper.lines[0].get_ydata()
    assert drawn[:3].tolist() == [0.6, 0.02, 0.0003]
    assert np.isnan(drawn[3])


def test_marks_are_lines_with_their_values(trial_table: pd.DataFrame) -> None:
    upper = response(trial_table, x="learning_rate", marks=(0.2, 2.0, 5000.0)).axes[0]
    assert [text.get_text() for text in upper.texts] == ["0.2", "2"]
    assert [line.get_xdata()[0] for line in upper.lines[1:]] == [0.2, 2.0]


def test_shares_stand_beneath_only_where_outcomes_differ(trial_table: pd.DataFrame) -> None:
    same = trial_table[trial_table["learning_rate"] == 10.0]
    assert len(response(same, x="seed").axes) == 1
    lower = response(trial_table, x="learning_rate").axes[1]
    stalled = lower.collections[1].get_paths()[0].vertices
    assert stalled[:, 1].max() == 1.0


def test_a_measure_that_was_never_reached_leaves_at_the_top(trial_table: pd.DataFrame) -> None:
    steps = pd.array([None, None, None, 8, 9, None, 1, 2, 3, None, None, None], "Int64")
    upper = response(
        trial_table.assign(steps_to_target=steps), x="learning_rate", measure="steps_to_target"
    ).axes[0]
    drawn = upper.lines[0].get_ydata()
    assert drawn[1:3].tolist() == [9, 2]
    assert (drawn[[0, 3]] > upper.get_ylim()[1]).all()
    assert upper.get_ylabel() == "steps to reach the target"
