"""A distribution rises at the trials' numbers and ends below 1 by what diverged."""

import numpy as np
import pandas as pd
import pytest

from sweep.views.ecdf import ecdf, steps


def test_a_line_rises_at_each_number() -> None:
    x, share = steps(np.array([2.0, 1.0, 4.0, np.inf]), (0.5, 8.0))
    assert x.tolist() == [0.5, 1.0, 2.0, 4.0, 8.0]
    assert share.tolist() == [0, 0.25, 0.5, 0.75, 0.75]


def test_more_is_better_begins_with_what_was_lost() -> None:
    x, share = steps(np.array([-np.inf, 0.5, 1.0, 0.75]), (0.0, 1.05))
    assert x.tolist() == [0.0, 0.0, 0.5, 0.75, 1.0, 1.05]
    assert share.tolist() == [0.25, 0.25, 0.5, 0.75, 1.0, 1.0]


def test_very_many_trials_are_few_steps() -> None:
    x, share = steps(np.arange(1.0, 1e6 + 1), (1.0, 1e6))
    assert len(x) == 2002
    assert np.interp(5e5, x, share) == pytest.approx(0.5, abs=1e-3)  # a step holds 1 / 2000


def test_every_value_has_a_line(trial_table: pd.DataFrame) -> None:
    figure = ecdf(trial_table, hue="learning_rate")
    axes = figure.axes[0]
    assert len(axes.lines) == 4
    assert axes.lines[0].get_xydata()[1:4].tolist() == [
        [0.5, pytest.approx(1 / 3)], [0.6, pytest.approx(2 / 3)], [0.7, 1.0],
    ]  # fmt: skip
    assert axes.lines[3].get_ydata()[-1] == pytest.approx(1 / 3)
    assert (axes.get_xscale(), axes.get_xlabel()) == ("log", "final loss $E_T$")
    (said,) = figure.texts
    assert said.get_text().replace("\n", " ") == (
        "share at or below, over seed (3); 2 of 12 trials diverged: "
        "lines end below 1 by their share"
    )


def test_panels_hold_their_own_trials(trial_table: pd.DataFrame) -> None:
    axes = ecdf(trial_table, col="seed").axes
    assert [one.get_title() for one in axes] == ["seed = 5", "seed = 6", "seed = 7"]
    assert axes[0].lines[0].get_xdata()[1:-1].tolist() == [0.0001, 0.01, 0.4, 0.5]


def test_trials_that_all_diverged_are_drawn(trial_table: pd.DataFrame) -> None:
    lost = trial_table.assign(outcome="diverged")
    figure = ecdf(lost, hue="learning_rate")
    figure.draw_without_rendering()
    assert figure.axes[0].lines[0].get_ydata().max() == 0
