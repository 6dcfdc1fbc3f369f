"""Best rates and summaries of hand-written tables, to the letter."""

from math import inf

import numpy as np
import pandas as pd
import pytest

from sweep.analysis import Responses, best, by_rate, summary
from tests.analysis.frames import three_seeds


def values(table: pd.DataFrame) -> dict[str, float]:
    return dict(zip(table["measure"], table["value"], strict=True))


def test_the_best_rate_by_each_criterion() -> None:
    table = best(Responses.of(three_seeds(), ["learning_rate", "seed"]))
    assert table["by"].tolist() == ["final_loss", "steps_to_target", "convergence"]
    assert table["best_rate"].tolist() == [10.0, 10.0, 10.0]
    assert table["value"].tolist() == [0.002, 8.0, 1.0]
    assert table[["rates", "seeds", "trials"]].to_numpy().tolist() == [[4, 3, 12]] * 3


def test_a_summary_has_every_measure() -> None:
    found = values(summary(Responses.of(three_seeds(), ["learning_rate", "seed"])))
    assert found["best_final_loss"] == 0.002
    # 0.02 at 1, 0.002 at 10: twice the best is reached log10(2) decades below 10
    assert found["usable_from"] == pytest.approx(5.0, rel=1e-12)
    assert found["usable_to"] == 10.0
    assert found["usable_decades"] == pytest.approx(np.log10(2), rel=1e-12)
    # the share that diverged goes from 0 at 10 to 2/3 at 100: 1/2 after 3/4 of a decade
    assert found["divergence_threshold"] == pytest.approx(10**1.75, rel=1e-12)
    # the medians of min(final, initial) are 0.6, 0.02, 0.002 and 1
    assert found["lr_sensitivity"] == pytest.approx((0.598 + 0.018 + 0.998) / 4, rel=1e-12)
    assert found["overshoot"] == 3.0
    assert found["converged"] == 6 / 12
    assert found["stalled"] == 4 / 12
    assert found["diverged"] == 2 / 12


def test_each_rate_has_medians_and_shares() -> None:
    table = by_rate(Responses.of(three_seeds(), ["learning_rate", "seed"]))
    assert table["learning_rate"].tolist() == [0.1, 1.0, 10.0, 100.0]
    assert table["final_loss"].tolist() == [0.6, 0.02, 0.002, inf]
    assert table["steps_to_target"].tolist() == [inf, 80.0, 8.0, inf]
    assert table["diverged"].tolist() == [0.0, 0.0, 0.0, 2 / 3]


def test_a_share_that_converged_has_one_interval_in_every_table() -> None:
    found = Responses.of(three_seeds(), ["learning_rate", "seed"])
    stated = best(found, "convergence")
    rate = stated["best_rate"].item()
    (told,) = stated[["value_low", "value_high"]].to_numpy().tolist()
    assert told[0] < 0.5  # all 3 of 3 say little, and resampling them would say 1 to 1
    table = summary(found)
    row = table[table["measure"] == "best_convergence"]
    assert row[["low", "high"]].to_numpy().tolist() == [told]
    table = by_rate(found)
    row = table[table["learning_rate"] == rate]
    assert row[["converged_low", "converged_high"]].to_numpy().tolist() == [told]


def test_rates_at_the_ends_of_float64_come_without_a_warning() -> None:
    trials = three_seeds()
    ends = dict(zip(sorted(set(trials["learning_rate"])), (1e-300, 1.0, 10.0, 1e300), strict=True))
    trials["learning_rate"] = trials["learning_rate"].map(ends)
    found = values(summary(Responses.of(trials, ["learning_rate", "seed"])))
    assert found["best_rate_by_final_loss"] == 10.0
    # from a share of 0 at 10 to 2/3 at 1e300: 1/2 after 3/4 of 299 decades
    assert found["divergence_threshold"] == pytest.approx(10 ** (1 + 0.75 * 299), rel=1e-9)
