"""A raster has one cell a pair of values, in true order, under true ticks."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from sweep.views.maps import Raster, heatmap, outcomes
from sweep.views.response import response
from sweep.views.scales import Places
from sweep.views.style import Look

NAN = float("nan")
INF = float("inf")


def raster(trials: pd.DataFrame, measure: str = "final_loss") -> Raster:
    return Raster.by(trials, "learning_rate", "seed", None, measure)[0]


def note(figure: Figure) -> str:
    return " ".join(text.get_text() for text in figure.texts)


def entries(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_cells_are_laid_out_by_value_whatever_the_order_of_rows(trial_table: pd.DataFrame) -> None:
    shuffled = trial_table.sample(frac=1, random_state=3).drop(index=4)
    found = raster(shuffled)
    assert found.level[0].tolist() == [0.5, 0.01, 0.0001, 0.4]
    assert np.isnan(found.level[1, 1])
    assert found.level[2].tolist() == [0.7, 0.3, 0.0002, INF]
    assert found.outcome[0].tolist() == [1, 0, 0, 1]


def test_trials_that_share_a_cell_become_the_median_trial(trial_table: pd.DataFrame) -> None:
    twice = pd.concat([trial_table.assign(scale=k, final_loss=k * trial_table["final_loss"])
                       for k in (1, 2, 6)])  # fmt: skip
    assert raster(twice).level[0, 0] == 1.0
    halves = pd.concat([trial_table, trial_table.assign(outcome="diverged")])
    found = raster(halves)
    assert np.isposinf(found.level).all()
    assert (found.outcome == 2).all()  # of two, the worse


def test_heatmap_holds_the_losses_and_marks_what_diverged(trial_table: pd.DataFrame) -> None:
    figure = heatmap(trial_table.drop(index=0), x="learning_rate", y="seed")
    axes, bar = figure.axes
    numbers, lost = axes.images
    assert (numbers.norm.vmin, numbers.norm.vmax) == (0.0001, 0.7)
    cells = np.asarray(numbers.get_array().filled(NAN))
    assert cells[~np.isnan(cells)].tolist() == [
        0.01, 0.0001, 0.4, 0.6, 0.02, 0.0003, 0.7, 0.3, 0.0002,
    ]  # fmt: skip
    assert np.argwhere(~lost.get_array().mask).tolist() == [[1, 3], [2, 3]]
    assert lost.cmap(lost.norm(2.0)) == pytest.approx((0xC8 / 255, 0x46 / 255, 0x0B / 255, 1.0))
    assert axes.get_ylabel() == "seed, sorted by mean log final loss"
    assert bar.get_ylabel() == "final loss $E_T$"
    assert entries(figure) == ["diverged", "not trained"]


def test_what_never_came_has_the_colour_of_its_outcome(trial_table: pd.DataFrame) -> None:
    steps = pd.array([None, None, None, 8, 9, None, 1, 2, 3, None, None, None], "Int64")
    table = trial_table.assign(steps_to_target=steps)
    figure = heatmap(table, x="learning_rate", y="seed", measure="steps_to_target")
    lost = figure.axes[0].images[1].get_array()
    assert lost[0].tolist() == [1, None, None, 1]
    assert sorted(lost.compressed().tolist()) == [1, 1, 1, 1, 1, 2, 2]
    assert entries(figure)[:2] == ["stalled", "diverged"]


def test_smooth_maps_of_ordered_axes_have_contours() -> None:
    rate, width = np.meshgrid(np.geomspace(1e-3, 1e3, 30), np.arange(1.0, 21.0))
    table = pd.DataFrame({
        "learning_rate": rate.ravel(), "width": width.ravel(),
        "final_loss": (rate * width).ravel(), "outcome": "stalled",
    })  # fmt: skip
    (lines,) = heatmap(table, x="learning_rate", y="width").axes[0].collections
    assert lines.levels.tolist() == [-2, -1, 0, 1, 2, 3, 4]
    rough = table.assign(final_loss=np.random.default_rng(3).lognormal(sigma=5, size=600))
    assert not heatmap(rough, x="learning_rate", y="width").axes[0].collections


def test_colours_can_be_linear(trial_table: pd.DataFrame) -> None:
    norm = heatmap(trial_table, x="learning_rate", y="seed", look=Look(log=False)).axes[0].images[0]
    assert (norm.norm.vmin, norm.norm.vmax) == (0.0001, 0.7)
    assert type(norm.norm).__name__ == "Normalize"


def test_a_third_axis_has_panels_of_the_same_colours(trial_table: pd.DataFrame) -> None:
    table = pd.concat([trial_table.assign(activation=a) for a in ("tanh", "relu")])
    figure = heatmap(table, x="learning_rate", y="seed", col="activation")
    left, right, bar = figure.axes
    assert [left.get_title(), right.get_title()] == ["activation = relu", "activation = tanh"]
    assert left.images[0].norm.vmax == right.images[0].norm.vmax
    assert bar.get_ylabel() == "final loss $E_T$"
    pooled = heatmap(table, x="learning_rate", y="activation")
    assert note(pooled) == "median over seed (3)"


def test_rows_without_order_are_sorted_and_rows_with_one_are_not(trial_table: pd.DataFrame) -> None:
    swapped = trial_table.replace({"seed": {5: 7, 7: 5}})
    assert raster(swapped).y.points.tolist() == [7, 6, 5]
    image = heatmap(swapped, x="learning_rate", y="seed").axes[0].images[0]
    assert image.get_array()[:, 0].tolist() == [0.5, 0.6, 0.7]
    steps = swapped.rename(columns={"seed": "batch.size"})
    axes = heatmap(steps, x="learning_rate", y="batch.size").axes[0]
    assert axes.images[0].get_array()[:, 0].tolist() == [0.7, 0.6, 0.5]
    assert axes.get_ylabel() == "batch size"


def test_outcomes_of_two_axes_are_a_map_in_the_order_of_the_heatmap(
    trial_table: pd.DataFrame,
) -> None:
    swapped = trial_table.replace({"seed": {5: 7, 7: 5}})
    axes = outcomes(swapped, x="learning_rate", y="seed").axes[0]
    cells = axes.images[0].get_array()
    assert cells.tolist() == [[1, 0, 0, 1], [1, 0, 0, 2], [1, 1, 0, 2]]
    same = heatmap(swapped, x="learning_rate", y="seed").axes[0]
    assert axes.get_ylabel() == same.get_ylabel() == "seed, sorted by mean log final loss"
    assert [t.get_text() for t in axes.get_yticklabels()] == ["7", "6", "5"]
    names = [text.get_text() for text in axes.figure.legends[0].get_texts()]
    assert names == ["converged", "stalled", "diverged"]


def test_outcomes_of_one_axis_are_shares(trial_table: pd.DataFrame) -> None:
    figure = outcomes(trial_table, x="learning_rate")
    axes = figure.axes[0]
    assert axes.get_xscale() == "log"
    assert axes.get_xlim() == pytest.approx((10**-1.5, 10**2.5))
    converged, _, diverged = (area.get_paths()[0].vertices for area in axes.collections)
    assert converged[:, 1].max() == 1.0
    assert diverged[:, 1].min() == pytest.approx(1 / 3)
    assert note(figure) == "shares over seed (3)"


def test_outcomes_of_a_third_axis_have_panels(trial_table: pd.DataFrame) -> None:
    axes = outcomes(trial_table, x="learning_rate", col="seed").axes
    assert [one.get_title() for one in axes] == ["seed = 5", "seed = 6", "seed = 7"]
    assert [len(one.collections) for one in axes] == [3, 3, 3]


def test_shares_of_values_without_order_are_sorted(trial_table: pd.DataFrame) -> None:
    axes = outcomes(trial_table.replace({"seed": {5: 7, 7: 5}}), x="seed").axes[0]
    axes.figure.draw_without_rendering()
    assert [text.get_text() for text in axes.get_xticklabels()] == ["7", "6", "5"]
    assert axes.get_xlabel() == "seed, sorted by mean log final loss"


def test_every_value_has_its_own_share_however_many_there_are() -> None:
    rates = np.geomspace(1e-2, 1e3, 4096)
    table = pd.DataFrame({
        "learning_rate": rates, "final_loss": 1.0,
        "outcome": np.where(np.arange(4096) < 1001, "stalled", "converged"),
    })  # fmt: skip
    converged = outcomes(table, x="learning_rate").axes[0].collections[0].get_paths()[0].vertices
    assert len(converged) < 20
    assert set(converged[:, 1]) == {0.0, 1.0}  # no bin holds both
    rises = converged[converged[:, 1] == 1.0, 0].min()
    assert rates[1000] < rises < rates[1001]


@pytest.mark.parametrize(
    ("values", "kind", "low", "high"),
    [
        ([0.01, 0.1, 1.0, 10.0], "log", 10**-2.5, 10**1.5),
        ([0, 1, 2, 3], "linear", -0.5, 3.5),
        ([0.1, 0.2, 0.5, 1.0], "even", -0.5, 3.5),
        ([7], "even", -0.5, 0.5),
        ([-1.0, 0.0, 1.0], "linear", -1.5, 1.5),
        ([0.1, 1.0, np.inf], "even", -0.5, 2.5),
    ],
)
def test_every_cell_is_as_wide_as_its_neighbour(
    values: list[float], kind: str, low: float, high: float
) -> None:
    places = Places.of("width", np.array(values), cells=True)
    assert (places.kind, places.ends) == (kind, pytest.approx((low, high)))


def test_cells_of_a_logarithmic_raster_lie_at_their_values(trial_table: pd.DataFrame) -> None:
    axes = heatmap(trial_table, x="learning_rate", y="seed").axes[0]
    axes.figure.draw_without_rendering()
    assert axes.get_xlim() == pytest.approx((10**-1.5, 10**2.5))
    assert axes.get_ylim() == (-0.5, 2.5)
    assert axes.images[0].origin == "lower"
    assert axes.get_xticks().tolist() == [0.1, 1, 10, 100]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["0.1", "1", "10", "100"]


def test_many_cells_have_ticks_at_the_powers_of_ten() -> None:
    rates = np.geomspace(0.1, 100, 31)
    table = pd.DataFrame({"learning_rate": rates, "seed": 1, "final_loss": 1.0,
                          "outcome": "stalled"})  # fmt: skip
    axes = heatmap(table, x="learning_rate", y="seed").axes[0]
    axes.figure.draw_without_rendering()
    names = [text.get_text() for text in axes.get_xticklabels()]
    ticks = dict(zip(axes.get_xticks(), names, strict=True))
    assert (ticks[0.1], ticks[100]) == ("10⁻¹", "10²")


@pytest.mark.parametrize(
    ("name", "values", "kind", "edges"),
    [
        ("width", [1.0, 2.0, 4.0], "linear", [0.5, 1.5, 3.0, 5.0]),
        ("learning_rate", [1.0, 100.0], "log", [0.1, 10.0, 1000.0]),
        ("width", [3.0], "linear", [2.5, 3.5]),
        ("weight_decay", [0.0, 1e-4, 1e-2], "even", [-0.5, 0.5, 1.5, 2.5]),
        ("seed", [5, 900], "even", [-0.5, 0.5, 1.5]),
        ("clip_norm", [1.0, 10.0, np.inf], "even", [-0.5, 0.5, 1.5, 2.5]),
        ("activation", ["relu", "tanh"], "even", [-0.5, 0.5, 1.5]),
    ],
)
def test_values_lie_where_their_labels_have_room(
    name: str, values: list[object], kind: str, edges: list[float]
) -> None:
    places = Places.of(name, np.array(values))
    assert places.kind == kind
    assert places.edges == pytest.approx(edges)


def test_maps_of_nothing_but_zeros_or_infinities_are_drawn(trial_table: pd.DataFrame) -> None:
    for loss in (0.0, np.inf, np.nan, 1.7e308):
        table = trial_table.assign(final_loss=loss)
        heatmap(table, x="learning_rate", y="seed").draw_without_rendering()
        response(table, x="learning_rate").draw_without_rendering()


def test_a_million_trials_are_one_image() -> None:
    n = 1024
    rng = np.random.default_rng(1)
    table = pd.DataFrame(
        {
            "learning_rate": np.repeat(np.geomspace(1e-2, 1e3, n), n),
            "seed": np.tile(np.arange(n), n),
            "final_loss": rng.random(n * n),
            "outcome": pd.Categorical.from_codes(
                rng.integers(0, 2, n * n), ["converged", "stalled"]
            ),
        }
    )
    for figure in (
        heatmap(table, x="learning_rate", y="seed"),
        outcomes(table, x="learning_rate", y="seed"),
    ):
        (image,) = figure.axes[0].images
        assert image.get_array().shape == (n, n)
        assert sum(len(c.get_offsets()) for c in figure.axes[0].collections) <= 48 * 32
        assert figure.axes[0].get_ylabel().replace("\n", " ").endswith("(1,024 values)")
