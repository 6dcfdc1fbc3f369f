"""Every measure equals its slow twin, on random trials and on every resample of them."""

from collections.abc import Callable
from math import inf, isnan, log10

import numpy as np
import pandas as pd
import pytest

from sweep.analysis import MEASURES, Bootstrap, Choices, Responses, best, by_rate, find, summary
from sweep.analysis.medians import Medians
from tests.analysis.random_frames import as_oracle, random_frame
from tests.oracles import rates

AXES = ["learning_rate", "seed"]
RANDOM = range(20)

TWINS: dict[str, Callable[[pd.DataFrame], float]] = {
    "best_rate_by_final_loss": lambda t: rates.best(t, "final_loss"),
    "best_rate_by_steps_to_target": lambda t: rates.best(t, "steps_to_target"),
    "best_rate_by_convergence": lambda t: rates.best(t, "convergence"),
    "usable_from": lambda t: rates.usable(t, 2.0)[0],
    "usable_to": lambda t: rates.usable(t, 2.0)[1],
    "usable_decades": lambda t: log10(rates.usable(t, 2.0)[1] / rates.usable(t, 2.0)[0]),
    "divergence_threshold": rates.threshold,
    "lr_sensitivity": rates.sensitivity,
    "converged": lambda t: float((t["outcome"] == "converged").mean()),
    "stalled": lambda t: float((t["outcome"] == "stalled").mean()),
    "diverged": lambda t: float((t["outcome"] == "diverged").mean()),
}

RTOL = 1e-12  # logarithms and a few sums in another order


@pytest.mark.parametrize("seed", RANDOM)
def test_measures_equal_their_twins(seed: int) -> None:
    table = random_frame(seed)
    found = summary(Responses.of(table, AXES)).set_index("measure")["value"]
    slow = as_oracle(table)
    for name, twin in TWINS.items():
        np.testing.assert_allclose(found[name], twin(slow), rtol=RTOL, err_msg=name)


@pytest.mark.parametrize("seed", range(4))
def test_measures_of_resamples_equal_those_of_tables_drawn_again(seed: int) -> None:
    table = random_frame(seed, seeds=4)
    responses = Responses.of(table, AXES)
    (counts,) = Bootstrap(resamples=12).counts(4, 7)
    resampled = Medians(responses).of_resamples(counts)
    found = {name: MEASURES[name].function(resampled, 2.0)[:, 0] for name in TWINS}
    for at, times in enumerate(counts):
        # a layer of rows is one seed at every rate: repeat each as often as it was drawn
        again = table.iloc[np.repeat(responses.rows[0], times, axis=1).ravel()]
        slow = as_oracle(again)
        for name, twin in TWINS.items():
            np.testing.assert_allclose(found[name][at], twin(slow), rtol=RTOL, err_msg=name)


@pytest.mark.parametrize("seed", range(3))
def test_resampled_values_are_those_at_the_best_rate_of_all_trials(seed: int) -> None:
    table = random_frame(seed, seeds=4)
    responses = Responses.of(table, AXES)
    (counts,) = Bootstrap(resamples=12, seed=3).counts(4, 7)
    resampled = Medians(responses).of_resamples(counts)
    slow = as_oracle(table)
    there = {by: rates.best(slow, by) for by in ("final_loss", "steps_to_target")}
    assert not isnan(there["final_loss"])
    highest, moved = table.groupby("learning_rate")["max_loss"].first(), 0
    wanted = (
        ("best_final_loss", "final", "final_loss"),
        ("overshoot", "over", "final_loss"),
        ("best_steps_to_target", "steps", "steps_to_target"),
    )
    found = {name: MEASURES[name].function(resampled, 2.0)[:, 0] for name, _, _ in wanted}
    for at, times in enumerate(counts):
        drawn = as_oracle(table.iloc[np.repeat(responses.rows[0], times, axis=1).ravel()])
        drawn["over"] = drawn["rate"].map(highest).mask(drawn["final"] == inf, inf)
        for name, column, by in wanted:
            assert found[name][at] == rates.medians(drawn, column)[there[by]]
            moved += rates.best(drawn, by) != there[by]
    assert moved  # or the best rate of each resample would do as well


@pytest.mark.parametrize("seed", range(10))
def test_values_at_the_best_rate_equal_a_group_by(seed: int) -> None:
    table = random_frame(seed, seeds=6)
    slow = as_oracle(table)
    for row in best(Responses.of(table, AXES)).itertuples():
        if isnan(row.best_rate):
            assert isnan(row.value)
            continue
        there = slow[slow["rate"] == row.best_rate]
        want = {
            "final_loss": rates.median(there["final"].tolist()),
            "steps_to_target": rates.median(there["steps"].tolist()),
            "convergence": (there["outcome"] == "converged").mean(),
        }
        assert row.value == want[row.by]


@pytest.mark.parametrize("seed", range(10))
def test_rates_equal_a_group_by(seed: int) -> None:
    table = random_frame(seed)
    found = by_rate(Responses.of(table, AXES)).set_index("learning_rate")
    slow = as_oracle(table)
    for name, column in (("final_loss", "final"), ("steps_to_target", "steps")):
        assert found[name].to_dict() == rates.medians(slow, column)
    for outcome in ("converged", "stalled", "diverged"):
        assert found[outcome].to_dict() == pytest.approx(rates.share(slow, outcome), rel=RTOL)


@pytest.mark.parametrize("seed", range(6))
def test_groups_are_judged_each_by_itself(seed: int) -> None:
    parts = [random_frame(seed + 100 * i, seeds=3 + i % 2, n_rates=4 + i) for i in range(3)]
    names = ["sgd", "adam", "adam"]
    labels = [{"optimizer": name, "width": width} for width, name in enumerate(names)]
    whole = pd.concat([part.assign(**label) for part, label in zip(parts, labels, strict=True)])
    responses = Responses.of(whole, ["optimizer", "width", *AXES])
    assert responses.groups["width"].tolist() == [1, 2, 0]
    found = find(responses, choices=Choices(bootstrap=Bootstrap(resamples=9)))
    for group, at in enumerate((1, 2, 0)):
        alone = summary(Responses.of(parts[at], AXES))
        want = alone.set_index("measure")["value"]
        got = found.summary.iloc[group * len(alone) : (group + 1) * len(alone)]
        assert (got["width"] == at).all()
        pd.testing.assert_series_equal(got.set_index("measure")["value"], want)
