"""Distributions rise at the trials' numbers; bars are shares of the variance, largest first."""

import numpy as np
import pandas as pd
import pytest

from sweep.views.distribution import ecdf, importance, steps


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


@pytest.fixture
def trials() -> pd.DataFrame:
    """Two by two by two: the loss is 10 to the a, and b only flips a sign nobody sees."""
    grid = pd.MultiIndex.from_product([[0, 1]] * 3, names=["rate", "width", "seed"])
    table = grid.to_frame(index=False)
    return table.assign(final_loss=10.0 ** table["rate"], outcome="stalled", trial=range(8))


def test_one_axis_that_decides_all_has_all_the_variance(trials: pd.DataFrame) -> None:
    figure = importance(trials)
    axes = figure.axes[0]
    assert [bar.get_width() for bar in axes.patches] == [1, 0, 0, 0, 0, 0, 0]
    names = [text.get_text() for text in axes.get_yticklabels()]
    assert names[0] == "rate"
    assert names[-1] == "three and more axes"
    assert set(names[1:3]) <= {"width", "seed", "rate × width", "rate × seed", "width × seed"}
    assert figure.texts[-1].get_text() == "variance of the ranks of final loss, over 8 trials"


def test_trials_of_one_point_are_a_bar_of_their_own(trials: pd.DataFrame) -> None:
    noisy = trials.assign(final_loss=[1, 2, 1, 2, 3, 4, 3, 4])
    axes = importance(noisy, axes=["rate", "width"]).axes[0]
    names = [text.get_text() for text in axes.get_yticklabels()]
    widths = dict(zip(names, (bar.get_width() for bar in axes.patches), strict=True))
    # ranks 1.5, 3.5, 5.5, 7.5: 4 of a variance of 5 between the rates
    assert widths["rate"] == pytest.approx(0.8)
    assert widths["among trials of one point"] == pytest.approx(0.2)


def test_what_diverged_has_the_worst_rank(trials: pd.DataFrame) -> None:
    lost = trials.assign(outcome=np.where(trials["rate"] == 1, "diverged", "stalled"))
    figure = importance(lost.assign(final_loss=[1, 2, 3, 4] + [np.nan] * 4))
    assert figure.axes[0].patches[0].get_width() > 0.5
    assert (
        figure.texts[-1]
        .get_text()
        .replace("\n", " ")
        .endswith("4 of 8 trials diverged: the worst rank")
    )
