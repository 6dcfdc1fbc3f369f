"""Every measure keeps the contract of the table, and is documented."""

import re
from math import inf, isnan, nan
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sweep.analysis import (
    CRITERIA,
    MEASURES,
    RATE_LEVELS,
    Responses,
    best,
    by_rate,
    find,
    summary,
)
from sweep.analysis.intervals import Bootstrap
from sweep.analysis.levels import CLIPPED, LEVELS
from sweep.analysis.medians import Medians
from tests.analysis.frames import frame, three_seeds

AXES = ["learning_rate", "seed"]
DOCUMENT = Path(__file__).parents[2] / "docs" / "analysis.md"


def with_area(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(area_under_curve=table["final_loss"])


def values(table: pd.DataFrame) -> dict[str, float]:
    found = summary(Responses.of(with_area(table), AXES))
    return dict(zip(found["measure"], found["value"], strict=True))


def ends(table: pd.DataFrame) -> np.ndarray:
    found = find(Responses.of(with_area(table), AXES))
    columns = ["best_rate_low", "best_rate_high", "value_low", "value_high", "support"]
    return np.concatenate([found.best[columns].to_numpy().ravel(), found.summary["low"]])


def all_diverged() -> pd.DataFrame:
    return three_seeds().assign(outcome="diverged", final_loss=nan, max_loss=inf, steps_to_target=2)


@pytest.mark.parametrize("name", MEASURES)
def test_a_measure_is_a_number_a_resample_and_group(name: str) -> None:
    measure = MEASURES[name]
    tables = [three_seeds(), all_diverged(), three_seeds().query("learning_rate > 50")]
    groups = [
        with_area(table).assign(width=i, validation_loss=0.5, validation_accuracy=0.5, descent=0.5)
        for i, table in enumerate(tables)
    ]
    responses = Responses.of(pd.concat(groups), ["width", *AXES])
    original = Medians(responses)
    (counts,) = Bootstrap(resamples=20).counts(3, 9)
    for medians, n in ((original, 1), (original.of_resamples(counts), 20)):
        found = measure.function(medians, 2.0)
        assert found.shape == (n, 3)
        assert found.dtype == np.float64
    assert measure.what
    assert measure.unit
    assert set(measure.needs) <= {*LEVELS, CLIPPED}


def test_every_measure_is_documented() -> None:
    text = DOCUMENT.read_text()
    sections = dict(re.findall(r"^### `(\w+)`(.*?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL))
    assert set(sections) == set(MEASURES) - {f"best_{by}" for by in CRITERIA}
    assert {f"`{name}`" for name in RATE_LEVELS} <= set(re.findall(r"`\w+`", text))


def test_a_group_that_diverged_throughout_has_no_best_rate_and_counts() -> None:
    found = values(all_diverged())
    assert isnan(found["best_rate_by_final_loss"])
    assert isnan(found["best_final_loss"])
    assert isnan(found["best_rate_by_steps_to_target"])
    assert isnan(found["best_rate_by_convergence"])
    assert isnan(found["usable_decades"])
    assert isnan(found["overshoot"])
    assert found["divergence_threshold"] == -inf
    assert found["diverged"] == 1.0
    # min(final, initial) is the initial loss of 1 at every rate
    assert found["lr_sensitivity"] == 0.0
    table = best(Responses.of(all_diverged(), AXES))
    assert table["edge"].tolist() == [""] * 3
    assert table[["best_rate_low", "value_low", "support"]].isna().to_numpy().all()


def test_a_single_seed_has_values_and_no_intervals() -> None:
    one = three_seeds().query("seed == 6")
    assert np.isnan(ends(one)).all()
    assert values(one)["best_final_loss"] == 0.003
    # it diverges at 100 and not at 10: half of one seed lies halfway
    assert values(one)["divergence_threshold"] == pytest.approx(10**1.5, rel=1e-12)
    table = by_rate(Responses.of(one, AXES))
    assert table.filter(regex="_low$|_high$").isna().to_numpy().all()


def test_a_single_rate_is_the_only_one() -> None:
    one = three_seeds().query("learning_rate == 10")
    found = best(Responses.of(one, AXES))
    assert found["edge"].tolist() == ["only"] * 3
    assert found["best_rate_low"].tolist() == found["best_rate_high"].tolist() == [10.0] * 3
    assert found["support"].tolist() == [1.0] * 3
    assert values(one)["usable_decades"] == 0.0
    assert values(one)["divergence_threshold"] == inf
    assert values(one)["lr_sensitivity"] == 0.0


def test_a_single_rate_that_diverged_has_no_range() -> None:
    found = values(three_seeds().query("learning_rate == 100 and seed != 5"))
    assert isnan(found["usable_from"])
    assert isnan(found["usable_to"])
    assert found["divergence_threshold"] == -inf


def test_without_a_target_there_is_a_best_rate_by_loss_alone() -> None:
    table = three_seeds().assign(steps_to_target=pd.array([None] * 12, "Int64"), outcome="stalled")
    table["outcome"] = pd.Categorical(table["outcome"].mask(table["final_loss"].isna(), "diverged"))
    found = values(table)
    assert found["best_rate_by_final_loss"] == 10.0
    assert isnan(found["best_rate_by_steps_to_target"])
    assert isnan(found["best_rate_by_convergence"])
    assert found["converged"] == 0.0


def test_of_equally_good_rates_the_lower_loss_then_the_lower_rate_is_best() -> None:
    rows = [
        (r, s, 1.0, loss, 1.0, 5, "converged")
        for r, loss in ((0.1, 0.3), (1.0, 0.2), (10.0, 0.2), (100.0, 0.4)) for s in (1, 2)
    ]  # fmt: skip
    table = best(Responses.of(frame(AXES, rows), AXES))
    assert table["best_rate"].tolist() == [1.0, 1.0, 1.0]
    assert table["value"].tolist() == [0.2, 5.0, 1.0]


@pytest.mark.parametrize(("rate", "edge"), [(0.1, "lowest"), (1.0, ""), (10.0, "highest")])
def test_a_best_rate_at_the_end_of_the_sweep_is_pointed_out(rate: float, edge: str) -> None:
    rows = [(r, 1, 1.0, 0.1 if r == rate else 0.2, 1.0, None, "stalled") for r in (0.1, 1.0, 10.0)]
    found = best(Responses.of(frame(AXES, rows), AXES), "final_loss")
    assert found["edge"].tolist() == [edge]


def stalled(losses: dict[float, float]) -> list[tuple[object, ...]]:
    """One trial a rate, with this final loss."""
    return [(rate, 1, 1.0, loss, 1.0, None, "stalled") for rate, loss in losses.items()]


def test_the_usable_range_has_no_gap_and_ends_with_the_sweep() -> None:
    rows = stalled({1e-2: 0.15, 1e-1: 0.4, 1.0: 0.18, 10.0: 0.1, 100.0: 0.1})
    found = values(frame(AXES, rows))
    assert found["usable_from"] == pytest.approx(
        10 ** -(np.log(2 / 1.8) / np.log(4 / 1.8)), rel=1e-12
    )
    assert found["usable_to"] == 100.0


def test_a_loss_of_zero_has_only_its_own_rates() -> None:
    rows = [
        (r, 1, 1.0, loss, 1.0, None, "stalled") for r, loss in ((1.0, 0.1), (2.0, 0.0), (4.0, 0.0))
    ]
    found = values(frame(AXES, rows))
    assert (found["usable_from"], found["usable_to"]) == (2.0, 4.0)


def test_a_rate_of_zero_is_no_end_of_decades() -> None:
    rows = [
        (r, 1, 1.0, loss, 1.0, None, "stalled") for r, loss in ((0.0, 0.11), (1.0, 0.1), (2.0, 0.9))
    ]
    found = values(frame(AXES, rows))
    assert found["usable_from"] == 0.0
    assert isnan(found["usable_decades"])
    diverging = frame(AXES, [(0.0, 1, 1.0, 0.5, 1.0, None, "stalled"),
                             (4.0, 1, 1.0, nan, inf, None, "diverged")])  # fmt: skip
    assert values(diverging)["divergence_threshold"] == 2.0  # halfway, for want of a logarithm


def test_the_first_time_that_half_diverge_is_the_threshold() -> None:
    shares = {1.0: 0, 10.0: 2, 100.0: 1, 1000.0: 4}  # of 4 seeds
    rows = [
        (r, s, 1.0, 0.5, 1.0, None, "diverged" if s < n else "stalled")
        for r, n in shares.items() for s in range(4)
    ]  # fmt: skip
    assert values(frame(AXES, rows))["divergence_threshold"] == 10.0
    # no resample can have it below 1 or above 1000
    found = find(Responses.of(frame(AXES, rows), AXES)).summary.set_index("measure")
    assert 1.0 < found.loc["divergence_threshold", "low"] < 10.0
    assert 10.0 < found.loc["divergence_threshold", "high"] <= 1000.0


def test_intervals_say_when_they_reach_beyond_the_sweep() -> None:
    rows = [
        (r, s, 1.0, 0.5, 1.0, None, "diverged" if s < n else "stalled")
        for r, n in {1.0: 0, 10.0: 3}.items() for s in range(6)
    ]  # fmt: skip
    found = find(Responses.of(frame(AXES, rows), AXES)).summary.set_index("measure")
    assert found.loc["divergence_threshold", "value"] == 10.0
    assert found.loc["divergence_threshold", "high"] == inf
