"""The figure of the boundary of trainability."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from sweep.errors import RequestError
from sweep.views.boundary import boundary


def table(across: np.ndarray, up: np.ndarray) -> pd.DataFrame:
    """Trials that diverge above a line, the sooner the further above it."""
    x, y = np.meshgrid(across, up)
    place = np.argsort(np.argsort(y.ravel())) / y.size + 0.3 * (x.ravel() - x.min()) / np.ptp(x)
    lost = place > 0.7
    return pd.DataFrame(
        {
            "x": x.ravel(),
            "y": y.ravel(),
            "tail_loss": place,
            "initial_loss": 1.0,
            "max_loss": np.where(lost, 10 ** (3 * place), 1.0),
            "diverged_at": pd.array(np.where(place > 1, 100 - 50 * place, -1), "Float64")
            .round()
            .astype("Int64"),
            "outcome": pd.Categorical(np.where(lost, "diverged", "converged")),
        }
    ).assign(diverged_at=lambda t: t["diverged_at"].mask(t["diverged_at"] < 0))


def image(figure: Figure) -> np.ndarray:
    return np.asarray(figure.axes[0].images[0].get_array())


def words(figure: Figure) -> str:
    return " ".join(
        text.get_text() for text in figure.findobj(match=lambda a: hasattr(a, "get_text"))
    )


def test_each_side_goes_by_rank_towards_the_other() -> None:
    trials = table(np.linspace(0, 1, 9), np.linspace(0, 1, 9))
    cells = image(boundary(trials, x="x", y="y"))
    lost = (trials["outcome"] == "diverged").to_numpy().reshape(9, 9)
    place = trials["tail_loss"].to_numpy().reshape(9, 9)
    assert ((cells > 0) == lost).all()
    assert cells[~lost][np.argsort(place[~lost])].tolist() == sorted(cells[~lost], reverse=True)
    assert cells[lost].max() == 1.0
    assert cells[lost][np.argmin(place[lost])] == 1.0
    assert cells[lost][np.argmax(place[lost])] == pytest.approx(0.2)
    assert cells[~lost].min() == -1.0


def test_ranks_count_the_points_that_are_shown() -> None:
    """Of a map from coarse to fine one trial stands for many points: they weigh as many."""
    one = pd.DataFrame(
        {
            "x": [0.0, 1.0, 2.0, 3.0] * 2,
            "y": [0.0] * 4 + [1.0] * 4,
            "outcome": ["converged"] * 8,
            "loss_sum": [1.0] * 6 + [2.0, 3.0],
            "inverse_loss_sum": 0.0,
        }
    )
    cells = np.sort(-image(boundary(one, x="x", y="y")).ravel())
    assert cells == pytest.approx([0.2] * 6 + [0.2 + 0.8 * 6 / 7, 1.0])


def test_the_dimension_stands_beside_a_fine_map() -> None:
    at = np.linspace(0, 1, 65)
    trials = table(at, at)
    figure = boundary(trials, x="x", y="y")
    assert "dimension 1.0" in words(figure)
    coarse = boundary(trials[(trials["x"] < 0.3)], x="x", y="y")
    assert "dimension" not in words(coarse)


def test_stalled_trials_are_apart_and_count_as_not_diverged() -> None:
    at = np.linspace(0, 1, 33)
    trials = table(at, at)
    outcome = trials["outcome"].astype(str).mask(trials["y"] < 0.2, "stalled")
    figure = boundary(trials.assign(outcome=pd.Categorical(outcome)), x="x", y="y")
    assert np.ma.getmaskarray(figure.axes[0].images[0].get_array())[:6].all()
    assert "stalled" in words(figure)
    assert "dimension 1.0" in words(figure) or "dimension 0.9" in words(figure)


@pytest.mark.parametrize("width", [1e-3, 1e-7, 3e-12])
def test_ticks_of_a_narrow_window_tell_what_is_added(width: float) -> None:
    low = 0.267398835471957
    figure = boundary(table(np.linspace(low, low + width, 40), np.linspace(1, 2, 40)), x="x", y="y")
    figure.draw_without_rendering()
    axes = figure.axes[0]
    ticks = [label.get_text() for label in axes.get_xticklabels()]
    names = axes.get_xlabel().replace("\n", " ")
    if width > 3e-4:
        assert repr(low) not in names
        return
    assert repr(low) in names
    assert len(ticks) >= 2
    assert all(0 <= float(tick) < 10 for tick in ticks)
    assert len(set(ticks)) == len(ticks)


def test_several_trials_of_a_point_are_refused_with_the_way_out() -> None:
    at = np.linspace(0, 1, 5)
    trials = table(at, at)
    with pytest.raises(RequestError, match=r"one trial a point; choose .* --only seed=0"):
        boundary(pd.concat([trials, trials]), x="x", y="y")


def test_one_side_alone_is_drawn() -> None:
    at = np.linspace(0, 1, 40)
    trials = table(at, at)
    for outcome in ("converged", "diverged"):
        one = trials.assign(outcome=pd.Categorical([outcome] * len(trials)))
        figure = boundary(one, x="x", y="y")
        assert "dimension" not in words(figure)
        assert f"1,600 {outcome}" in words(figure)


def test_losses_that_are_rounding_are_all_alike() -> None:
    at = np.linspace(0, 1, 9)
    trials = table(at, at)
    trials["tail_loss"] = trials["tail_loss"].where(trials["y"] > 0.5, 1e-30 * trials["x"])
    cells = image(boundary(trials, x="x", y="y"))
    below = cells[:5]
    assert set(below[below < 0]) == {-0.2}
    assert cells[5:].min() == -1.0


@pytest.mark.parametrize(
    ("low", "high"), [(0.1, 100.0), (0.3, 40.0), (1.2, 9.0), (2.0, 3.0), (5.1, 5.2)]
)
def test_an_axis_of_any_part_of_decades_has_two_numbers_at_their_places(
    low: float, high: float
) -> None:
    at = np.logspace(np.log10(low), np.log10(high), 40)
    figure = boundary(table(at, np.linspace(0, 1, 40)), x="x", y="y")
    axis = figure.axes[0].xaxis
    figure.draw_without_rendering()
    shown = [
        (place, label.get_text())
        for place, label in zip(axis.get_majorticklocs(), axis.get_majorticklabels(), strict=True)
        if label.get_text()
    ]
    assert len(shown) > 1
    for place, text in shown:
        if text.isascii():  # others are powers of ten
            assert place == pytest.approx(float(text), rel=1e-9)
