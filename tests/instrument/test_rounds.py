"""Rounds and what is said of them, against literal answers."""

import math

import pandas as pd
import pytest

from sweep.instrument.rounds import interleaved, median_interval, ratios, rotated, spread


def test_turns_alternate() -> None:
    done: list[str] = []
    turns = {name: lambda name=name: done.append(name) for name in "abc"}
    found = interleaved(turns, 3, before=lambda number: done.append(str(number)))
    assert "".join(done) == "0abc1cab2bca"
    assert found["turn"].tolist() == list("abccabbca")
    assert found["round"].tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert (found["seconds"] >= 0).all()
    assert (found["cpu_seconds"] >= 0).all()


def test_nothing_can_be_rotated() -> None:
    assert rotated([], 3) == []


def test_ratios_are_within_rounds() -> None:
    turns = pd.DataFrame(
        {"round": [0, 0, 1, 1], "turn": ["a", "b", "b", "a"], "seconds": [2.0, 1.0, 2.0, 6.0]}
    )
    assert ratios(turns, "a", "b").tolist() == [2.0, 3.0]


@pytest.mark.parametrize(
    ("n", "low", "high", "confidence"),
    [
        (1, 1, 1, 0.0),
        (2, 1, 2, 1 / 2),
        (3, 1, 3, 3 / 4),
        (5, 1, 5, 1 - 2 / 32),
        (6, 1, 6, 1 - 2 / 64),
        (7, 1, 7, 1 - 2 / 128),
        (9, 2, 8, 1 - 2 * 10 / 512),
        (10, 2, 9, 1 - 2 * 11 / 1024),
        (15, 4, 12, 1 - 2 * (1 + 15 + 105 + 455) / 2**15),
    ],
)
def test_intervals_are_of_order_statistics(
    n: int, low: float, high: float, confidence: float
) -> None:
    found = median_interval(list(range(n, 0, -1)))
    assert found == ((n + 1) / 2, low, high, confidence)


def test_an_outlier_moves_no_interval() -> None:
    assert median_interval([1.0] * 9 + [1e9]).high == 1.0


def test_an_interval_is_told_in_a_few_digits() -> None:
    assert str(median_interval([1, 2, 2.5, 3, 4, 5])) == "2.75 [1, 5]"
    assert math.isnan(median_interval([]).median)


def test_spread_is_between_quartiles() -> None:
    assert spread([1.0, 2.0, 3.0, 4.0, 5.0]) == pytest.approx(2 / 3, rel=1e-15)  # one rounding
    assert spread([3.0]) == 0
