"""Bars are the shares of the variance, largest first, with what diverged as the worst."""

import numpy as np
import pandas as pd
import pytest

from sweep.views.importance import importance
from sweep.views.style import Look


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


def test_what_diverged_is_worst_on_every_scale(trials: pd.DataFrame) -> None:
    lost = trials.assign(outcome=np.where(trials["rate"] == 1, "diverged", "stalled"))
    for look in (Look(), Look(log=True), Look(log=False)):
        figure = importance(lost.assign(final_loss=[1, 2, 3, 4] + [np.nan] * 4), look=look)
        assert figure.axes[0].patches[0].get_width() > 0.5 or look.log is not None
        figure.draw_without_rendering()
    linear = importance(trials, look=Look(log=False))
    assert linear.texts[-1].get_text() == "variance of final loss, over 8 trials"
    logarithmic = importance(trials, look=Look(log=True))
    assert logarithmic.texts[-1].get_text() == "variance of log final loss, over 8 trials"
