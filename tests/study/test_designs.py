import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import qmc

from sweep.study.elementary import DESIGNS, MAX_DIMENSIONS, design, sobol_bits


@pytest.mark.parametrize("num", [1, 2, 3, 64, 1000])
def test_sobol_numbers_are_those_of_scipy(num: int) -> None:
    engine = qmc.Sobol(MAX_DIMENSIONS, scramble=False, bits=52)
    wanted = engine.random_base2(10)[:num] * 2.0**52
    found = [sobol_bits(num, dimension).tolist() for dimension in range(MAX_DIMENSIONS)]
    assert found == wanted.T.astype(np.uint64).tolist()


@given(st.integers(0, 2**63 - 1), st.integers(0, 9))
def test_scrambled_points_are_spread_like_the_plain_ones(seed: int, power: int) -> None:
    """Every interval of a power of two has its share, in every dimension."""
    points = design("sobol", 2**power, MAX_DIMENSIONS, seed)
    cells = np.sort((points * 2**power).astype(np.int64), axis=1)
    assert (cells == np.arange(2**power)).all()


def test_scrambled_points_fill_the_square_better_than_random_ones() -> None:
    found = {name: qmc.discrepancy(design(name, 256, 4, 1).T) for name in DESIGNS}
    assert found["sobol"] < found["random"] / 5


@pytest.mark.parametrize("name", DESIGNS)
def test_a_longer_design_begins_with_a_shorter(name: str) -> None:
    longer = design(name, 1000, 5, 7)
    assert longer.min() > 0
    assert longer.max() < 1
    assert longer[:3, :77].tolist() == design(name, 77, 3, 7).tolist()
    assert not (longer == design(name, 1000, 5, 8)).any()


@pytest.mark.parametrize(
    ("name", "digest"), [("random", "6c024e593faa974c"), ("sobol", "e75d92bf6f08bc86")]
)
def test_the_bits_never_change(name: str, digest: str) -> None:
    content = design(name, 300, MAX_DIMENSIONS, 5).astype("<f8").tobytes()
    assert hashlib.sha256(content).hexdigest()[:16] == digest
