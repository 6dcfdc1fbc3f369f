"""The table of kinds: what is chosen for which study, and what is refused."""

import numpy as np
import pandas as pd
import pytest

from sweep.errors import RequestError
from sweep.views.kinds import KINDS, Subject, choose, draw


def subject(*, axes: dict[str, int], recorded: bool = False, outcomes: int = 1) -> Subject:
    """A full grid with so many values an axis; loss 1 / (1 + step) of two steps where recorded."""
    grids = {name: np.arange(1, n + 1) for name, n in axes.items()}
    trials = (
        pd.MultiIndex.from_product(grids.values(), names=grids).to_frame(index=False)
        if axes
        else None
    )
    trials = trials if trials is not None else pd.DataFrame({"final_loss": [0.5]})
    names = np.array(["converged", "stalled", "diverged"])
    n = np.arange(len(trials))
    trials = trials.assign(trial=n, final_loss=1 / (1 + n), outcome=names[n % outcomes])

    def curves(wanted: np.ndarray) -> pd.DataFrame:
        rows = trials[trials["trial"].isin(wanted)]
        return pd.concat([rows.assign(step=s, loss=1 / (1 + s)) for s in (0, 1)])

    return Subject("a $title_ with ^signs", tuple(axes), trials, curves if recorded else None)


@pytest.mark.parametrize(
    ("axes", "recorded", "outcomes", "kinds"),
    [
        ({"learning_rate": 6}, True, 2, ["curves", "panels", "loglog"]),
        ({}, True, 1, ["curves", "loglog"]),
        ({"learning_rate": 40}, True, 1, ["response"]),
        ({"learning_rate": 40}, False, 2, ["response"]),
        ({"seed": 20, "learning_rate": 20}, False, 3, ["heatmap", "outcomes", "response"]),
        ({"learning_rate": 6, "seed": 3}, True, 2, ["curves", "panels", "loglog"]),
        ({"learning_rate": 6}, False, 1, ["response"]),
        ({"seed": 6}, False, 2, ["outcomes"]),
        ({}, False, 1, []),
    ],
)
def test_what_is_chosen_when_no_kind_is_named(
    axes: dict[str, int], recorded: bool, outcomes: int, kinds: list[str]
) -> None:
    assert choose(subject(axes=axes, recorded=recorded, outcomes=outcomes)) == kinds


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_draws_a_title_with_signs(kind: str) -> None:
    table = subject(axes={"learning_rate": 5, "seed": 4}, recorded=True, outcomes=3)
    figure = draw(kind, table)
    figure.draw_without_rendering()
    assert figure.get_suptitle() == r"a \$title_ with ^signs"


def test_the_longest_ordered_axis_leads() -> None:
    table = subject(axes={"seed": 90, "training.steps": 3, "learning_rate": 5})
    assert table.across == ("learning_rate", "seed")
    assert table.hue == "learning_rate"
    assert subject(axes={}).hue is None


def test_only_curves_that_are_drawn_are_read() -> None:
    table = subject(axes={"learning_rate": 100, "seed": 2}, recorded=True)
    assert len(table.shown_curves()) == 12 * 2 * 2
    title = draw("curves", table).axes[0].get_legend().get_title().get_text()
    assert title == "learning rate η (12 of 100)"
    assert draw("panels", table).get_supxlabel() == "step; learning rate η (12 of 100)"


@pytest.mark.parametrize(
    ("kind", "axes", "words"),
    [
        ("pie", {}, 'no figure is called "pie"; the kinds are curves, panels, loglog'),
        ("curves", {"learning_rate": 3}, "no curves were recorded"),
        (
            "heatmap",
            {"learning_rate": 3},
            "heatmap needs 2 axes swept; this study has: learning_rate",
        ),
        ("response", {"seed": 3}, "response needs 1 axes swept and numeric; this study has: none"),
    ],
)
def test_what_a_study_cannot_show_is_refused(kind: str, axes: dict[str, int], words: str) -> None:
    with pytest.raises(RequestError, match=words):
        draw(kind, subject(axes=axes))


def test_a_study_without_trials_is_refused() -> None:
    empty = subject(axes={"learning_rate": 3})
    with pytest.raises(RequestError, match="nothing has been trained"):
        draw("response", Subject("t", empty.axes, empty.trials.iloc[:0]))
