"""The figure of last values against a rate, on tables small enough to know every pixel."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from sweep.errors import RequestError
from sweep.study import Record, find_study, load_study
from sweep.views.kinds import choose, draw
from sweep.views.source import Options, Source
from sweep.views.style import OUTCOME_COLORS

ROWS = 540


def source(losses: np.ndarray, outcome: Sequence[str] = (), recorded: str = "last 64") -> Source:
    """Trials at the rates 1, 2, ..., whose last losses are the rows, in chunks of two trials."""
    n, steps = losses.shape
    outcome = outcome or ["stalled"] * n
    trials = pd.DataFrame(
        {"trial": np.arange(n), "learning_rate": np.arange(1.0, n + 1), "outcome": outcome}
    ).assign(final_loss=losses[:, -1])
    (group,) = load_study(find_study("bifurcation_logistic")).groups()
    group = replace(
        group, training=replace(group.training, steps=steps - 1), record=Record(recorded, "last 2")
    )

    def fold(kind: str, columns: Sequence[str], take: Callable[..., Any]) -> Iterator[Any]:
        for first in range(0, n, 2):
            part = losses[first : first + 2]
            table = {
                "trial": np.repeat(np.arange(first, first + len(part)), steps),
                "step": np.tile(np.arange(steps), len(part)),
                {"curves": "loss", "parameters": "w1_1_1"}[kind]: part.ravel(),
            }
            yield take(group, pa.table({name: table[name] for name in columns}))

    return Source(
        "t", ("learning_rate",), lambda names: trials[list(names)], ("final_loss",), ("loss",),
        fold=fold, groups=(group,),
    )  # fmt: skip


def pixels(figure: Figure) -> np.ndarray:
    """(columns, rows, 3), rows running upwards; the first of columns that are alike."""
    found = np.asarray(figure.axes[0].images[0].get_array()).swapaxes(0, 1)
    new = (found[1:] != found[:-1]).any(axis=(1, 2))
    return np.asarray(found[np.append(True, new)])


def drawn(figure: Figure) -> list[list[int]]:
    """The rows of each column that are not white."""
    return [np.flatnonzero((one < 1).any(axis=1)).tolist() for one in pixels(figure)]


def said(figure: Figure) -> str:
    return " ".join(text.get_text() for text in figure.texts)


def test_each_value_has_its_pixel_and_equal_shares_one_colour() -> None:
    losses = np.array([[1.0, 1.0, 1.0, 1.0], [1.0, 2.0, 1.0, 2.0], [1.0, 1.0, 1.0, 3.0]])
    figure = draw("bifurcation", source(losses))
    low, high = figure.axes[0].get_ylim()

    def row(loss: float) -> int:
        return int((loss - low) / (high - low) * ROWS)

    assert drawn(figure) == [[row(1)], [row(1), row(2)], [row(1), row(3)]]
    colour = pixels(figure)
    np.testing.assert_array_equal(colour[1, row(1)], colour[1, row(2)])
    assert colour[0, row(1)].sum() < colour[2, row(1)].sum() < colour[2, row(3)].sum()
    assert figure.axes[0].get_xlim() == (0.5, 3.5)


def test_trials_that_diverged_are_a_column_of_their_colour() -> None:
    losses = np.array([[1.0, 2.0], [1e200, np.inf], [1.0, 2.0]])
    figure = draw("bifurcation", source(losses, ["stalled", "diverged", "stalled"]))
    assert pixels(figure)[1] == pytest.approx(
        np.tile(to_rgb(OUTCOME_COLORS["diverged"]), (ROWS, 1))
    )
    assert figure.axes[0].get_ylim()[1] < 3
    assert "1 of 3 trials diverged" in said(figure)
    nothing = draw("bifurcation", source(losses, ["diverged"] * 3))
    nothing.draw_without_rendering()
    assert not len(nothing.axes[0].get_yticks())


def test_a_value_has_the_cell_around_it_whatever_the_axis() -> None:
    """Ten values side by side on a logarithmic axis are no even columns of it."""
    losses = np.arange(1.0, 41.0)[:, np.newaxis] * [1, 1]
    losses[1::2] += 0.4
    figure = draw("bifurcation", source(losses), Options(log=False))
    assert figure.axes[0].get_xscale() == "log"
    assert [len(rows) for rows in drawn(figure)] == [1] * 40
    width = np.asarray(figure.axes[0].images[0].get_array()).shape[1]
    low, high = np.log(figure.axes[0].get_xlim())
    image = np.asarray(figure.axes[0].images[0].get_array()).swapaxes(0, 1)
    for rate in (1, 2, 7, 40):
        at = int((np.log(rate) - low) / (high - low) * width)
        rows = np.flatnonzero((image[at] < 1).any(axis=1))
        bottom, top = figure.axes[0].get_ylim()
        assert rows.tolist() == [int((losses[rate - 1, 0] - bottom) / (top - bottom) * ROWS)]


def test_decades_are_logarithmic_and_zeros_lie_at_the_edge() -> None:
    figure = draw("bifurcation", source(np.array([[1e-9, 1e-3], [0.0, 1.0]])))
    assert figure.axes[0].get_yscale() == "log"
    assert drawn(figure)[1][0] == 0
    assert "1 values of 0 or of rounding" in said(figure)
    linear = draw("bifurcation", source(np.array([[1e-9, 1e-3], [0.0, 1.0]])), Options(log=False))
    assert linear.axes[0].get_yscale() == "linear"
    draw("bifurcation", source(np.zeros((2, 2)))).draw_without_rendering()


def test_of_all_losses_the_last_are_drawn() -> None:
    losses = np.concatenate([np.full((2, 100), 5.0), np.full((2, 64), 1.0)], axis=1)
    figure = draw("bifurcation", source(losses, recorded="every step"))
    assert figure.axes[0].get_ylim()[1] < 2
    assert draw("bifurcation", source(losses)).axes[0].get_ylim()[1] > 5


def test_a_parameter_is_drawn_from_what_was_kept_of_it() -> None:
    figure = draw("bifurcation", source(np.array([[-1.0, 1.0]] * 2)), Options(measure="w1_1_1"))
    assert figure.axes[0].get_ylabel() == "w1_1_1"
    assert [len(rows) for rows in drawn(figure)] == [2]
    with pytest.raises(RequestError, match='no measure is called "w9"'):
        draw("bifurcation", source(np.ones((2, 2))), Options(measure="w9"))


def test_ends_of_axes_leave_out_what_lies_beyond() -> None:
    losses = np.array([[1.0, 2.0]] * 4)
    figure = draw("bifurcation", source(losses), Options(xlim=(1.5, 3.5), ylim=(1.5, 2.5)))
    assert [len(rows) for rows in drawn(figure)] == [1]
    assert (figure.axes[0].get_xlim(), figure.axes[0].get_ylim()) == ((1.5, 3.5), (1.5, 2.5))


def test_it_leads_where_the_last_losses_of_many_rates_were_recorded() -> None:
    assert choose(source(np.ones((40, 2))))[0].name == "bifurcation"
    assert choose(source(np.ones((40, 2)), recorded="every step"))[0].name == "response"
    for without in ({"fold": None}, {"recorded": ()}):
        with pytest.raises(RequestError, match="no curves were recorded"):
            draw("bifurcation", replace(source(np.ones((3, 2))), **without))
