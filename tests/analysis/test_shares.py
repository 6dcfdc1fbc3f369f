"""Wilson's interval is scipy's, with its ends where they belong."""

from math import isnan

import numpy as np
import pytest
from scipy.stats import binomtest

from sweep.analysis.shares import wilson


@pytest.mark.parametrize(("count", "total"), [(0, 2), (1, 2), (2, 2), (3, 16), (500, 1000)])
@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
def test_it_is_that_of_scipy(count: int, total: int, level: float) -> None:
    low, high = wilson(np.array([count]), np.array([total]), level)
    want = binomtest(count, total).proportion_ci(level, method="wilson")
    # the same formula in another order
    assert (low[0], high[0]) == pytest.approx((want.low, want.high), rel=1e-12, abs=1e-15)


def test_none_and_all_end_at_0_and_1() -> None:
    low, high = wilson(np.array([0, 7]), np.array([7, 7]), 0.9)
    assert (low[0], high[1]) == (0.0, 1.0)
    assert 0 < high[0] < 1
    assert 0 < low[1] < 1


@pytest.mark.parametrize("total", [0, 1])
def test_fewer_than_two_trials_have_none(total: int) -> None:
    low, high = wilson(np.array([0]), np.array([total]), 0.95)
    assert isnan(low[0])
    assert isnan(high[0])
