"""A variance is taken apart exactly: by hand, and as a two-way table of squares does it."""

import numpy as np
import pandas as pd
import pytest

from sweep.analysis.importance import importance
from sweep.errors import RequestError


def grid(**sizes: int) -> pd.DataFrame:
    values = [range(n) for n in sizes.values()]
    return pd.MultiIndex.from_product(values, names=list(sizes)).to_frame(index=False)


def test_a_sum_has_no_pairs_and_a_product_of_signs_nothing_else() -> None:
    table = grid(a=2, b=2)
    a, b = 2.0 * table["a"] - 1, 2.0 * table["b"] - 1
    found = importance(table, ["a", "b"], (3 * a + b).to_numpy())
    assert found.variance == 10.0
    assert found.single == {"a": 0.9, "b": 0.1}
    assert found.pairs == {("a", "b"): 0.0}
    assert (found.higher, found.residual) == (0.0, 0.0)
    found = importance(table, ["a", "b"], (a * b).to_numpy())
    assert (found.single, found.pairs) == ({"a": 0.0, "b": 0.0}, {("a", "b"): 1.0})


def test_three_axes_together_are_higher() -> None:
    table = grid(a=2, b=2, c=2)
    signs = [2.0 * table[name] - 1 for name in "abc"]
    found = importance(table, ["a", "b", "c"], (signs[0] * signs[1] * signs[2]).to_numpy())
    assert found.higher == 1.0
    assert set(found.single.values()) == set(found.pairs.values()) == {0.0}


def test_trials_of_one_point_are_the_residual() -> None:
    table = grid(a=2, twice=2)
    found = importance(table, ["a"], np.array([0.0, 2.0, 4.0, 6.0]))
    # means 1 and 5: variance 4; within each point 1
    assert (found.variance, found.residual) == (5.0, 0.2)
    assert found.single == {"a": 0.8}


def test_shares_are_those_of_sums_of_squares_and_add_up() -> None:
    table = grid(a=4, b=3, c=5, repeat=2)
    values = np.random.default_rng(8).normal(size=len(table)) + table["a"] * table["b"]
    found = importance(table.sample(frac=1, random_state=1), ["a", "b", "c"],
                       values.sample(frac=1, random_state=1).to_numpy())  # fmt: skip
    whole = ((values - values.mean()) ** 2).sum()
    main = {n: values.groupby(table[n]).transform("mean") - values.mean() for n in "abc"}
    for name, share in found.single.items():
        # sums of a hundred float64, in another order
        assert share == pytest.approx((main[name] ** 2).sum() / whole, rel=1e-12)
    both = values.groupby([table["a"], table["b"]]).transform("mean") - values.mean()
    wanted = ((both - main["a"] - main["b"]) ** 2).sum() / whole
    assert found.pairs["a", "b"] == pytest.approx(wanted, rel=1e-12)
    parts = [*found.single.values(), *found.pairs.values(), found.higher, found.residual]
    assert sum(parts) == pytest.approx(1.0, rel=1e-12)


def test_nothing_that_differs_has_no_shares() -> None:
    found = importance(grid(a=3, b=2), ["a", "b"], np.full(6, 7.0))
    assert found.variance == 0
    assert set(found.single.values()) == {0.0}


def test_what_cannot_be_taken_apart_is_refused() -> None:
    table = grid(a=3, b=2)
    with pytest.raises(RequestError, match="complete grid: of a, b there are 5 of the 6 points"):
        importance(table.iloc[1:], ["a", "b"], np.arange(5.0))
    with pytest.raises(RequestError, match="a value is not finite"):
        importance(table, ["a", "b"], np.array([1.0, np.inf, 2, 3, 4, 5]))
