"""When a machine is too noisy, and what it tells of its host."""

from pathlib import Path

import numpy as np

from sweep.instrument.noise import noise, processor_times, stolen_between

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
