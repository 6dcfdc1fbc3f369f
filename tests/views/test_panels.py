"""Panels of any number: rows evenly apart, legends beside them, and the numbers on their axes."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from sweep.views.curves import curves
from sweep.views.maps import heatmap
from sweep.views.response import response
from sweep.views.scales import Places, name_powers


def of_panels(n: int) -> pd.DataFrame:
    """Twelve rates and two seeds for each of n names."""
    grid = pd.MultiIndex.from_product(
        [[f"name {k}" for k in range(n)], np.logspace(-3, 1, 12), [0, 1]],
        names=["optimizer", "learning_rate", "seed"],
    ).to_frame(index=False)
    at = np.arange(len(grid))
    outcome = np.where(at % 24 > 20, "diverged", np.where(at % 2, "converged", "stalled"))
    return grid.assign(trial=at, final_loss=1.0 / (1 + at % 24), outcome=outcome)


def by_step(trials: pd.DataFrame) -> pd.DataFrame:
    rows = trials.drop(columns=["final_loss", "outcome"])
    return pd.concat([rows.assign(step=s, loss=1 / (1 + s)) for s in (0, 1, 2)])


def drawn(kind: str, n: int) -> Figure:
    trials = of_panels(n)
    if kind == "curves":
        return curves(by_step(trials), hue="learning_rate", col="optimizer")
    if kind == "heatmap":
        return heatmap(trials, x="learning_rate", y="seed", col="optimizer")
    return response(trials, x="learning_rate", col="optimizer")


@pytest.mark.quick("*-1", "*-2", "*-5", "curves-10")
@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 7, 10])
@pytest.mark.parametrize("kind", ["curves", "response", "heatmap"])
def test_rows_are_of_one_height_and_evenly_apart(kind: str, n: int) -> None:
    figure = drawn(kind, n)
    figure.draw_without_rendering()
    boxes = [axes.get_position() for axes in figure.axes if axes.get_title()]
    assert len(boxes) == n
    assert np.ptp([box.height for box in boxes]) < 1e-6
    assert np.ptp([box.width for box in boxes]) < 1e-6
    rows = sorted({round(box.y0, 4) for box in boxes})
    gaps = [above - below for below, above in pairwise(rows)]
    assert not gaps or np.ptp(gaps) < 1e-3
    for legend in figure.legends if kind != "heatmap" else []:  # covers no panel
        left = legend.get_window_extent().x0 / figure.bbox.width
        assert left > max(box.x1 for box in boxes)


@pytest.mark.parametrize(
    "span",
    [(0.2, 9.0), (1.1, 1.9), (3e-3, 2e3), (0.5, 0.55), (1e-300, 1e300), (0.9, 11.0), (2.0, 60.0)],
)
def test_a_logarithmic_axis_has_two_numbers_at_least(span: tuple[float, float]) -> None:
    axes = Figure().subplots()
    axes.set_yscale("log")
    axes.set_ylim(span)
    name_powers(axes.yaxis, *span)
    axes.figure.draw_without_rendering()
    inside = [
        tick.get_text()
        for tick, at in zip(axes.get_yticklabels(), axes.get_yticks(), strict=True)
        if span[0] <= at <= span[1] and tick.get_text()
    ]
    assert len(set(inside)) >= 2


def test_cells_of_uneven_values_have_numbers_however_many() -> None:
    rates = np.sort(10 ** np.random.default_rng(0).uniform(-3, 0, 32))
    grid = pd.MultiIndex.from_product([rates, [0, 1]], names=["learning_rate", "seed"])
    trials = grid.to_frame(index=False).assign(trial=range(64), final_loss=0.5, outcome="stalled")
    figure = heatmap(trials, x="learning_rate", y="seed")
    figure.draw_without_rendering()
    named = [tick.get_text() for tick in figure.axes[0].get_xticklabels()]
    assert len([name for name in named if name]) >= 2
    assert named[0] == f"{rates[0]:.4g}"


def test_names_of_very_many_cells_are_some_of_them() -> None:
    axes = Figure().subplots()
    Places.of("seed", np.arange(1000)).dress(axes.xaxis)
    assert [tick.get_text() for tick in axes.get_xticklabels()][:2] == ["0", "125"]
    assert not isinstance(axes.xaxis.get_major_locator(), NullLocator)


def test_losses_that_are_all_zero_are_drawn_on_a_linear_axis() -> None:
    trials = of_panels(1).assign(final_loss=0.0, outcome="converged")
    axes = response(trials, x="learning_rate").axes[0]
    assert axes.get_yscale() == "linear"
    assert axes.get_ylim()[0] <= 0 < axes.get_ylim()[1]
    assert axes.lines[-1].get_ydata().tolist() == [0.0] * 12


def test_zeros_that_a_logarithmic_axis_cannot_show_are_counted() -> None:
    trials = of_panels(1).assign(outcome="converged")
    trials.loc[3, "final_loss"] = 0.0
    said = response(trials, x="learning_rate").texts[-1].get_text()
    assert "1 of 24 are 0 or less, which a logarithmic axis cannot show" in said.replace("\n", " ")


def test_curves_that_all_diverged_say_so() -> None:
    table = by_step(of_panels(1))
    table["loss"] = np.where(table["step"] > 0, np.nan, 1e250)
    assert curves(table).texts[-1].get_text().startswith("all 24 trials diverged")


@pytest.mark.parametrize("draw", [response, heatmap])
def test_powers_of_narrow_panels_have_room(draw: Callable[..., Figure]) -> None:
    rates = np.geomspace(1e-3, 1e3, 13)
    grid = pd.MultiIndex.from_product(
        [rates, range(7), [0, 1]], names=["learning_rate", "width", "seed"]
    ).to_frame(index=False)
    trials = grid.assign(final_loss=0.5, outcome="stalled")
    sides = {"y": "seed"} if draw is heatmap else {}
    figure = draw(trials, x="learning_rate", col="width", **sides)
    figure.draw_without_rendering()
    for axes in figure.axes[:7]:
        low, high = sorted(axes.get_xlim())
        at = zip(axes.get_xticks(), axes.get_xticklabels(), strict=True)
        boxes = [one.get_window_extent() for x, one in at if low <= x <= high and one.get_text()]
        assert len(boxes) > 1
        assert all(one.x1 < other.x0 for one, other in pairwise(boxes))
    low, high = response(trials, x="learning_rate").axes[0].get_xlim()
    assert (low < 1e-3, high > 1e3) == (True, True)  # marks at the ends are whole
