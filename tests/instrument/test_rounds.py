"""Rounds and what is said of them, against literal answers."""

import math
from pathlib import Path

import numpy as np
import pytest

from sweep.instrument.rounds import (
    interleaved,
    median_interval,
    noise,
    processor_times,
    rotated,
    spread,
    stolen_between,
)


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


QUIET = [1.0, 1.01, 0.99, 1.0, 1.0]


def test_a_quiet_machine_gets_no_warning() -> None:
    found = noise(QUIET, [0.97, 0.99, 1.0], [3.0e9, 3.1e9], 0.012)
    assert found.warning is None
    assert str(found) == (
        "clock 3.00 to 3.10 GHz, noise 0.0%, threads had 99% of their processors, "
        "1.2% taken by the host"
    )


def test_what_makes_a_machine_noisy_is_named() -> None:
    wobbly = noise([1.0, 1.0, 1.1, 1.2, 1.2], [1.0], [3e9]).warning
    assert wobbly == (
        "the machine was too noisy to conclude: work that is always the same took from round to "
        "round 18% more or less (at most 5% is quiet)"
    )
    crowded = noise(QUIET, [0.4, 0.5, 0.6], [3e9]).warning
    assert crowded == (
        "the machine was too noisy to conclude: threads had 50% of their processors (at least 90%)"
    )


def test_a_host_that_tells_nothing_is_left_out() -> None:
    assert "host" not in str(noise(QUIET, [1.0], [3e9]))


def test_what_the_host_took_is_read(tmp_path: Path) -> None:
    stat = tmp_path / "stat"
    stat.write_text("cpu  10 20 30 40 0 0 0 0 0 0\ncpu0 1 1 1 1 1 1 1 1\n")
    before = processor_times(stat)
    stat.write_text("cpu  40 20 70 50 0 0 0 20 0 0\ncpu0 1 1 1 1 1 1 1 1\n")
    assert stolen_between(before, processor_times(stat)) == 0.2
    assert np.isnan(stolen_between(before, processor_times(tmp_path / "none")))
    stat.write_text("something else\n")
    assert np.isnan(processor_times(stat)).all()
