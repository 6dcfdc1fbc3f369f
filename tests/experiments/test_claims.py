"""What docs/studies.md says of the shipped studies holds on small parts of them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import sweep

RATES = [0.125, 0.25, 0.5, 1.0, 1.5]


def best_rates(trials: pd.DataFrame, by: str, measure: str = "final_loss") -> dict[object, float]:
    """The rate of the lowest median of a measure, by the values of an axis."""
    losses = trials[measure].where(trials["outcome"] != "diverged", np.inf)
    medians = losses.groupby([trials[by], trials["learning_rate"]], observed=True).median()
    return {value: found.droplevel(0).idxmin() for value, found in medians.groupby(level=0)}


def of_two_widths(name: str, wide: int, tmp_path: Path) -> pd.DataFrame:
    """The trials of a width study at width 8 and a larger one, at a few rates."""
    root = (wide / 8) ** 0.5
    width = f"network.width = [8, {wide}]"
    if name == "lr_by_width_mup":
        width = f"""zip.width = {{
            {width}, "initial.scale" = [{8**-0.5}, {wide**-0.5}],
            "network.multiplier.0" = [1, {root}], "network.multiplier.2" = [1, {1 / root}]
        }}"""
    edit = " ".join(f"axes={{ learning_rate = {RATES}, seed = [0, 1, 2], {width} }}".split())
    return sweep.run(name, results=tmp_path, overrides=[edit]).trials()


@pytest.mark.check
def test_the_best_rate_drifts_in_the_standard_parameterisation_and_stays_in_mup(
    tmp_path: Path,
) -> None:
    drifting = of_two_widths("lr_by_width", 64, tmp_path)
    staying = of_two_widths("lr_by_width_mup", 64, tmp_path)
    before, after = best_rates(drifting, "network.width").values()
    assert after <= before / 2
    before, after = best_rates(staying, "network.width").values()
    assert before / 2 < after <= 1.5 * before
    narrow = [table[table["network.width"] == 8]["final_loss"] for table in (drifting, staying)]
    # one rounding of float32 apart at the start, and a rate below chaos: a thousandth is plenty
    np.testing.assert_allclose(*narrow, rtol=1e-3)


@pytest.mark.parametrize("name", ["lr_by_width", "lr_by_width_mup"])
def test_the_scaling_of_a_width_study_is_that_of_its_parameterisation(name: str) -> None:
    """Standard: deviation 1/sqrt(from). muP: Yang and Hu (2021), table 1, from width 8 on."""
    for group in sweep.load_study(name).groups():
        n = group.labels["network.width"]
        assert group.network.layers == (8, n, n, 1)
        lanes = group.lanes(np.array([0]))
        if name == "lr_by_width":
            assert group.initial.scheme == "he"
            np.testing.assert_allclose(lanes.scales, 0.5**0.5, rtol=1e-15)
            assert (lanes.multipliers == 1).all()
        else:
            assert group.initial.scheme == "normal"
            wanted = [[(n / 8) ** 0.5], [1], [(8 / n) ** 0.5]]
            # decimals of float64 in the file: an ulp or two
            np.testing.assert_allclose(lanes.multipliers, wanted, rtol=1e-15)
            np.testing.assert_allclose(lanes.scales, n**-0.5, rtol=1e-15)


def test_saturated_outputs_stall_because_their_gradient_vanishes(tmp_path: Path) -> None:
    edits = [
        "axes={ learning_rate=[30, 400], seed={ range=[0, 16] } }",
        "network.loss='half_squared_error'",
        "outcome.target=1e-5",
    ]
    results = sweep.run("lr_saturation", results=tmp_path, overrides=edits)
    table = results.parameters().merge(results.trials(["trial", "final_loss", "outcome"]))
    weights = table.filter(regex=r"^w\d").to_numpy().reshape(-1, 2, 2, 2)
    hidden = 1 / (1 + np.exp(-weights[:, 0] @ [0.05, 0.10]))
    outputs = 1 / (1 + np.exp(-np.einsum("toh,th->to", weights[:, 1], hidden)))
    factor = pd.Series((outputs * (1 - outputs)).max(axis=1))
    by_rate = factor.groupby(table["learning_rate"]).median()
    assert by_rate[30] == pytest.approx(0.01 * 0.99, rel=0.1)  # near the target, where it should be
    assert by_rate[400] < 1e-6
    fast = table[table["learning_rate"] == 400]
    assert set(fast["outcome"]) == {"stalled"}
    assert fast["final_loss"].median() == pytest.approx(1e-4, rel=1e-3)  # 2 (1/2) 0.01^2


def test_cross_entropy_reaches_the_targets_at_rates_where_squares_saturate(tmp_path: Path) -> None:
    edits = [
        "axes={ learning_rate=[400], seed={ range=[0, 16] } }",
        "network.loss='binary_cross_entropy'",
        "outcome.target=0.0561",
    ]
    trials = sweep.run("lr_saturation", results=tmp_path, overrides=edits).trials()
    assert set(trials["outcome"]) == {"converged"}


@pytest.mark.check
def test_the_best_rate_grows_with_the_batch_and_faster_with_sgd(tmp_path: Path) -> None:
    growth = {}
    sizes = "zip.epochs={ batch.size=[2, 32], training.steps=[4096, 256] }"
    rates = "learning_rate={ log=[1e-3, 1], num=13 }"
    for optimizer in ("sgd", "adam"):
        edits = [f"training.optimizer='{optimizer}'", f"axes={{ {sizes}, {rates}, repeats=8 }}"]
        results = sweep.run("lr_by_batch", results=tmp_path / optimizer, overrides=edits)
        small, large = best_rates(results.trials(), "batch.size", "validation_loss").values()
        growth[optimizer] = large / small
    # 16 and 4 if rates went exactly with the batch and its root; the grid's factor is 1.8
    assert 8 < growth["sgd"] < 32
    assert 2 < growth["adam"] < 8
