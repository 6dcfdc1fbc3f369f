"""What is drawn is taken from tables as pandas and NumPy would, infinities included."""

import numpy as np
import pandas as pd
import pytest

from sweep.views.cells import (
    Cells,
    arranged,
    axes_of,
    linear_span,
    log_span,
    pooled,
    row_quantiles,
)

NAN, INF = float("nan"), float("inf")


def quantiles(groups: np.ndarray, n: int, values: np.ndarray, at: list[float]) -> np.ndarray:
    return Cells((np.arange(n),), groups).quantiles(values, at)


def test_axes_are_what_is_no_measure_and_no_parameter(trial_table: pd.DataFrame) -> None:
    table = trial_table.assign(w1_2_1=0.5, b1_2=0.1, step=3, overshoot=1.0, validation_loss=2.0)
    assert axes_of(table, "overshoot") == ["learning_rate", "seed"]


def test_quantiles_are_those_of_pandas() -> None:
    rng = np.random.default_rng(5)
    values, at = rng.random(300), [0.1, 0.25, 0.5, 0.9]
    for groups in (rng.integers(0, 7, 300), np.arange(300) % 6):
        parts = pd.Series(values).groupby(groups)
        wanted = [parts.quantile(share).to_numpy() for share in at]
        found = quantiles(groups, len(parts), values, at)
        # the same two numbers are weighed, in another order of operations
        np.testing.assert_allclose(found, wanted, rtol=1e-14)


def test_quantiles_pass_infinities_and_gaps_on() -> None:
    values = np.array([1.0, 2.0, INF, INF, -INF, 5.0])
    groups = np.array([0, 0, 0, 2, 3, 3])
    assert quantiles(groups, 4, values, [0.5])[0].tolist()[0] == 2.0
    assert np.isnan(quantiles(groups, 4, values, [0.5])[0][1])
    assert quantiles(groups, 4, values, [0.9])[0].tolist()[2:] == [INF, -INF]
    assert quantiles(groups, 4, values, [0.4])[0][0] == 1.8
    assert quantiles(groups, 4, values, [0.6])[0][0] == INF


def test_row_quantiles_leave_out_what_is_not_there() -> None:
    matrix = np.array([[1.0, NAN, 3.0], [NAN, NAN, NAN]])
    found = row_quantiles(matrix, [0.5, 1.0])
    assert found[:, 0].tolist() == [2.0, 3.0]
    assert np.isnan(found[:, 1]).all()


def test_cells_hold_every_combination(trial_table: pd.DataFrame) -> None:
    cells = Cells.of(trial_table.iloc[1:], ["seed", "learning_rate"])
    assert cells.shape == (3, 4)
    assert cells.counts()[0].tolist() == [0, 1, 1, 1]
    medians = cells.quantiles(trial_table["final_loss"].to_numpy()[1:], [0.5])[0]
    assert medians[1].tolist()[:3] == [0.6, 0.02, 0.0003]
    shares = cells.shares(np.zeros(11, np.int64))
    assert np.isnan(shares[0, 0]).all()
    assert shares[1, 1].tolist() == [1, 0, 0]


def test_values_without_order_are_best_first(trial_table: pd.DataFrame) -> None:
    places, order = arranged(trial_table, "seed", "final_loss")
    assert order.tolist() == [0, 1, 2]
    assert places.label == "seed, sorted by mean log final loss"
    worse = trial_table.assign(final_loss=trial_table["final_loss"].where(
        trial_table["seed"] != 5, INF))  # fmt: skip
    places, order = arranged(worse, "seed", "final_loss")
    assert (order.tolist(), places.points.tolist()) == ([1, 2, 0], [6, 7, 5])
    accuracy = trial_table.assign(validation_accuracy=trial_table["seed"] / 10, outcome="stalled")
    assert arranged(accuracy, "seed", "validation_accuracy")[1].tolist() == [2, 1, 0]


def test_what_is_put_together_is_named_with_its_size(trial_table: pd.DataFrame) -> None:
    table = trial_table.assign(**{"initial.scale": 1.0})
    assert pooled(table, {"learning_rate"}) == "seed (3)"
    assert pooled(table, set()) == "learning rate (4), seed (3)"
    assert pooled(table, {"learning_rate", "seed"}) == ""


def test_colours_span_the_bulk_of_the_numbers() -> None:
    assert log_span(np.array([NAN, INF, 0.0, 2.0, 8.0])) == (2.0, 8.0)
    assert log_span(np.array([1e-200, 1.0])) == (1e-24, 1.0)
    assert log_span(np.array([5.0])) == (5.0, 10.0)
    assert log_span(np.array([NAN])) == (0.1, 1.0)
    assert linear_span(np.array([0.5, INF, 0.25])) == (0.25, 0.5)
    assert linear_span(np.array([NAN])) == (0.0, 1.0)


@pytest.mark.parametrize("n", [1, 12])
def test_a_table_of_one_outcome_has_whole_shares(trial_table: pd.DataFrame, n: int) -> None:
    table = trial_table.iloc[:n].assign(outcome="stalled")
    shares = Cells.of(table, ["learning_rate"]).shares(np.ones(n, np.int64))
    assert (shares == [0, 1, 0]).all()
