"""A raster has one cell a pair of values, in true order, under true ticks."""

import numpy as np
import pandas as pd
import pytest

from sweep.views.heatmap import color_span, heatmap
from sweep.views.outcomes import outcomes, shares
from sweep.views.raster import Raster
from sweep.views.response import response
from sweep.views.scales import cell_scale, edges

NAN = float("nan")


def test_cells_are_laid_out_by_value_whatever_the_order_of_rows(trial_table: pd.DataFrame) -> None:
    shuffled = trial_table.sample(frac=1, random_state=3).drop(index=4)
    raster = Raster.of(shuffled, "learning_rate", "seed", shuffled["trial"].to_numpy())
    assert raster.columns.tolist() == [0.1, 1.0, 10.0, 100.0]
    assert raster.rows.tolist() == [5, 6, 7]
    np.testing.assert_array_equal(raster.cells, [[0, 3, 6, 9], [1, NAN, 7, 10], [2, 5, 8, 11]])


def test_trials_that_share_a_cell_become_their_median(trial_table: pd.DataFrame) -> None:
    twice = pd.concat([trial_table.assign(scale=1), trial_table.assign(scale=2, trial=100)])
    raster = Raster.of(twice, "learning_rate", "seed", twice["trial"].to_numpy())
    assert raster.cells[0].tolist() == [50.0, 51.5, 53.0, 54.5]


def test_heatmap_holds_the_losses_and_marks_what_diverged(trial_table: pd.DataFrame) -> None:
    figure = heatmap(trial_table.drop(index=0), x="learning_rate", y="seed", title="t")
    axes, bar = figure.axes
    (image,) = axes.images
    cells = np.asarray(image.get_array().filled(NAN))
    assert (image.norm.vmin, image.norm.vmax) == (0.0001, 0.7)
    beyond = cells > image.norm.vmax
    assert cells[~beyond & ~np.isnan(cells)].tolist() == [
        0.01, 0.0001, 0.4, 0.6, 0.02, 0.0003, 0.7, 0.3, 0.0002,
    ]  # fmt: skip
    assert np.argwhere(beyond).tolist() == [[1, 3], [2, 3]]
    assert np.argwhere(np.isnan(cells)).tolist() == [[0, 0]]
    assert axes.get_ylabel() == "seed, sorted by mean log final loss"
    assert bar.get_ylabel() == "final loss $E_T$"
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["diverged", "not trained"]
    over = image.cmap(image.norm(10.0))
    assert over == pytest.approx((0xC8 / 255, 0x46 / 255, 0x0B / 255, 1.0))


def test_rows_without_order_are_sorted_and_rows_with_one_are_not(trial_table: pd.DataFrame) -> None:
    swapped = trial_table.replace({"seed": {5: 7, 7: 5}})
    raster = Raster.of(swapped, "learning_rate", "seed", swapped["trial"].to_numpy())
    assert raster.sorted(np.array([2.0, 1.0, 0.0]), "x").rows.tolist() == [7, 6, 5]
    image = heatmap(swapped, x="learning_rate", y="seed").axes[0].images[0]
    assert image.get_array()[:, 0].tolist() == [0.5, 0.6, 0.7]
    steps = swapped.rename(columns={"seed": "training.steps"})
    axes = heatmap(steps, x="learning_rate", y="training.steps").axes[0]
    assert axes.images[0].get_array()[:, 0].tolist() == [0.7, 0.6, 0.5]
    assert axes.get_ylabel() == "training.steps"


def test_outcomes_of_two_axes_are_a_map(trial_table: pd.DataFrame) -> None:
    axes = outcomes(trial_table, x="learning_rate", y="seed").axes[0]
    cells = axes.images[0].get_array()
    assert cells.tolist() == [[1, 1, 0, 2], [1, 0, 0, 1], [1, 0, 0, 2]]
    assert axes.get_ylabel() == "seed, sorted by share converged"
    names = [text.get_text() for text in axes.get_legend().get_texts()]
    assert names == ["converged", "stalled", "diverged"]


def test_outcomes_of_one_axis_are_shares(trial_table: pd.DataFrame) -> None:
    table = shares(trial_table, "learning_rate")
    assert table["converged"].tolist() == [0, 2 / 3, 1, 0]
    assert table["stalled"].tolist() == [1, 1 / 3, 0, 1 / 3]
    assert table["diverged"].tolist() == [0, 0, 0, 2 / 3]
    axes = outcomes(trial_table, x="learning_rate").axes[0]
    assert axes.get_xscale() == "log"
    assert axes.get_xlim() == pytest.approx((10**-1.5, 10**2.5))
    assert len(axes.collections) == 3


def test_shares_of_values_without_order_are_sorted(trial_table: pd.DataFrame) -> None:
    axes = outcomes(trial_table, x="seed").axes[0]
    axes.figure.draw_without_rendering()
    assert [text.get_text() for text in axes.get_xticklabels()] == ["7", "5", "6"]
    assert axes.get_xlabel() == "seed, sorted by share converged"


def test_shares_of_very_many_values_are_taken_over_neighbours() -> None:
    rates = np.geomspace(1e-2, 1e3, 4096)
    table = pd.DataFrame(
        {"learning_rate": rates, "outcome": np.repeat(["stalled", "converged"], 2048)}
    )
    converged = outcomes(table, x="learning_rate").axes[0].collections[0].get_paths()[0].vertices
    assert len(converged) < 3000
    assert set(converged[:, 1]) == {0.0, 1.0}


@pytest.mark.parametrize(
    ("values", "kind", "low", "high"),
    [
        ([0.01, 0.1, 1.0, 10.0], "log", -2.5, 1.5),
        ([0, 1, 2, 3], "linear", -0.5, 3.5),
        ([0.1, 0.2, 0.5, 1.0], "even", -0.5, 3.5),
        ([7], "even", -0.5, 0.5),
        ([-1.0, 0.0, 1.0], "linear", -1.5, 1.5),
    ],
)
def test_every_cell_is_as_wide_as_its_neighbour(
    values: list[float], kind: str, low: float, high: float
) -> None:
    scale = cell_scale(np.array(values), ordered=True)
    assert (scale.kind, scale.low, scale.high) == (kind, pytest.approx(low), pytest.approx(high))


def test_cells_of_a_logarithmic_raster_lie_at_their_values(trial_table: pd.DataFrame) -> None:
    axes = heatmap(trial_table, x="learning_rate", y="seed").axes[0]
    axes.figure.draw_without_rendering()
    assert axes.get_xlim() == pytest.approx((-1.5, 2.5))
    assert axes.get_ylim() == (-0.5, 2.5)
    assert axes.images[0].origin == "lower"
    ticks = dict(
        zip(axes.get_xticks(), (t.get_text() for t in axes.get_xticklabels()), strict=True)
    )
    assert ticks[-1.0] == "10⁻¹"
    assert ticks[2.0] == "10²"


def test_edges_lie_halfway() -> None:
    assert edges(np.array([1.0, 2.0, 4.0])).tolist() == [0.5, 1.5, 3.0, 5.0]
    assert edges(np.array([1.0, 100.0])) == pytest.approx([0.1, 10.0, 1000.0])
    assert edges(np.array([3.0])).tolist() == [2.5, 3.5]


def test_maps_of_nothing_but_zeros_or_infinities_are_drawn(trial_table: pd.DataFrame) -> None:
    for loss in (0.0, np.inf, np.nan, 1.7e308):
        table = trial_table.assign(final_loss=loss)
        heatmap(table, x="learning_rate", y="seed").draw_without_rendering()
        response(table, x="learning_rate").draw_without_rendering()


def test_colours_span_the_bulk_of_the_losses() -> None:
    assert color_span(np.array([NAN, np.inf, 0.0, 2.0, 8.0])) == (2.0, 8.0)
    assert color_span(np.array([1e-200, 1.0])) == (1e-24, 1.0)
    assert color_span(np.array([5.0])) == (5.0, 10.0)
    assert color_span(np.array([NAN])) == (0.1, 1.0)


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
        assert not figure.axes[0].collections
        assert figure.axes[0].get_ylabel().endswith("(1,024 values)")
