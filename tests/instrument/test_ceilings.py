"""The kernels of the ceilings compute what they say: a loop that does nothing is fast, too."""

import numpy as np
import pytest

from sweep.instrument.ceilings import (
    DIVISIONS,
    MEMORY,
    MULTIPLY_ADDS,
    Ceilings,
    buffer_sizes,
    clock_hertz,
    make_chains,
    make_clock,
    make_loads,
    starting_values,
)
from sweep.instrument.machine import Team

dtypes = pytest.mark.parametrize("dtype", ["float64", "float32"])


@dtypes
def test_multiply_adds_are_done_turn_by_turn(dtype: str) -> None:
    a, b, x = starting_values(dtype, 8, 3)
    a[:], b[:], x[:] = 0.5, 1.0, np.arange(24)
    make_chains(MULTIPLY_ADDS, dtype, 8, 3)(10, a, b, x)
    # x <- x / 2 + 1 halves the distance from 2: exact, 10 bits below whole numbers up to 23.
    assert x.tolist() == [2 + (i - 2) / 1024 for i in range(24)]


@dtypes
def test_divisions_are_done_turn_by_turn(dtype: str) -> None:
    a, b, x = starting_values(dtype, 8, 2)
    b[:], x[:] = 8.0, np.repeat([1.0, 2.0, 4.0, 16.0], 4)
    make_chains(DIVISIONS, dtype, 8, 2)(3, a, b, x)
    assert x.tolist() == np.repeat([8.0, 4.0, 2.0, 0.5], 4).tolist()  # powers of two: exact


def test_every_number_is_loaded_in_every_turn() -> None:
    data = np.arange(1, 257)
    sums = np.zeros(32, np.int64)
    make_loads(4)(3, 256, data, sums)
    # Number i goes to sum i % 32: 8 numbers each, 3 times.
    assert sums.tolist() == (3 * data.reshape(8, 32).sum(axis=0)).tolist()


def test_the_clock_is_a_chain() -> None:
    x, expected = np.array([7, 3, 5]), 7
    make_clock()(2, x)
    for _ in range(16):
        expected = (expected + 3) ^ 5
    assert x.tolist() == [expected, 3, 5]


@dtypes
def test_starting_values_stay_within_bounds(dtype: str) -> None:
    """A chain that ran into infinity or into subnormal numbers would be another chain."""
    for operation in (MULTIPLY_ADDS, DIVISIONS):
        a, b, x = starting_values(dtype, 4, 2)
        make_chains(operation, dtype, 4, 2)(10_000, a, b, x)
        assert np.all((x > 0.1) & (x < 100))


def test_all_ceilings_are_measured() -> None:
    team = Team(1)
    found = Ceilings("float32", team).measure()
    assert list(found) == [MULTIPLY_ADDS, DIVISIONS, *buffer_sizes(team)]
    assert found.keys() >= {"L1", "L2", MEMORY}
    assert all(rate > 0 for rate in found.values())
    assert clock_hertz(team) > 0


def test_buffers_fit_where_they_should(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = {"L1": 32 * 2**10, "L2": 2**20, "L3": 32 * 2**20}
    monkeypatch.setattr("sweep.instrument.ceilings.cache_sizes", lambda: sizes)
    found = buffer_sizes(Team(2))
    assert found["L1"] < sizes["L1"] < found["L2"] < sizes["L2"] < found["L3"]
    assert 2 * found["L3"] <= sizes["L3"] < 2 * found[MEMORY]
    sizes["L3"] = 2 * 2**20  # no more than what two processors have between them
    assert "L3" not in buffer_sizes(Team(2))
