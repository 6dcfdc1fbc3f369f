from decimal import Context, Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mpf, workprec

from sweep.study.spacings import (
    deepest,
    dyadic,
    finest,
    geometric,
    linear,
    logarithmic,
    logarithmic_steps,
)

positive = st.floats(1e-300, 1e300)


@given(positive, positive, st.integers(2, 40))
def test_logarithmic_values_are_correctly_rounded(low: float, high: float, num: int) -> None:
    with workprec(500):
        start, ratio = mpf(repr(low)), mpf(repr(high)) / mpf(repr(low))
        wanted = [float(start * ratio ** (mpf(i) / (num - 1))) for i in range(num)]
    assert logarithmic(low, high, num).tolist() == wanted


@given(st.floats(-1e300, 1e300), st.floats(-1e300, 1e300), st.integers(2, 40))
def test_linear_values_are_correctly_rounded(low: float, high: float, num: int) -> None:
    with workprec(3000):
        start, stop = mpf(repr(low)), mpf(repr(high))
        wanted = [float((start * (num - 1 - i) + stop * i) / (num - 1)) for i in range(num)]
    assert linear(low, high, num).tolist() == wanted


def test_spaced_values_are_those_that_one_would_write() -> None:
    assert logarithmic(1e-3, 1e3, 7).tolist() == [1e-3, 1e-2, 1e-1, 1.0, 1e1, 1e2, 1e3]
    assert linear(0.1, 0.5, 5).tolist() == [0.1, 0.2, 0.3, 0.4, 0.5]


@pytest.mark.parametrize("num", [501, 1024, 2001, 10_000])
def test_products_by_blocks_are_those_one_after_the_other(num: int) -> None:
    with workprec(500):
        ratio = mpf("1e4") ** (mpf(1) / (num - 1))
        wanted = [float(mpf("0.003") * ratio**i) for i in range(0, num, 37)]
    assert logarithmic(3e-3, 30.0, num)[::37].tolist() == wanted


def test_a_long_axis_is_as_exact_as_a_short_one() -> None:
    values = logarithmic(1e-2, 1e3, 200_001)
    assert values[::40_000].tolist() == [1e-2, 1e-1, 1.0, 1e1, 1e2, 1e3]


@given(st.integers(3, 300), st.integers(1, 10**6))
def test_logarithmic_steps_spread_out_and_keep_the_ends(num: int, steps: int) -> None:
    found = logarithmic_steps(num, steps)
    gaps = np.diff(found)
    assert found.dtype == np.int64
    assert len(found) == min(num, steps + 1)
    assert found[0] == 0
    assert found[1] == 1
    assert found[-1] == steps
    assert gaps.min(initial=steps) >= 1
    # Rounding to whole steps may shorten a gap by one, and so may the last one.
    assert (gaps[1:] >= gaps[:-1] - 1).all()


def test_logarithmic_steps_known() -> None:
    assert logarithmic_steps(5, 1000).tolist() == [0, 1, 10, 100, 1000]
    assert logarithmic_steps(9, 20).tolist() == [0, 1, 2, 3, 4, 6, 9, 14, 20]
    assert logarithmic_steps(10**6, 3).tolist() == [0, 1, 2, 3]
    assert logarithmic_steps(1000, 10**9)[-1] == 10**9


@pytest.mark.parametrize(
    ("first", "factor"), [(1e-3, 1.0013), (-3.0, 0.99), (1.5, 2.0), (1e-300, 0.9995), (1.0, 1.07)]
)
def test_many_values_are_rounded_as_few_are(first: float, factor: float) -> None:
    """Against products of 50 digits, past all ends of what float64 holds."""
    exact = Context(prec=50)
    wanted, value = [], Decimal(repr(first))
    for _ in range(12_000):
        wanted.append(float(value))
        value = exact.multiply(value, Decimal(repr(factor)))
    assert geometric(first, factor, 12_000).tolist() == wanted
    few = logarithmic(1e-5, 1e5, 8_001)
    assert logarithmic(1e-5, 1e5, 16_001)[::2].tolist() == few.tolist()


@pytest.mark.parametrize("spacing", ["linear", "log"])
@given(
    st.floats(1e-3, 1e3), st.floats(1e-3, 1e3), st.integers(0, 60), st.floats(0, 1),
    st.integers(1, 9),
)  # fmt: skip
def test_a_lattice_is_correctly_rounded_and_every_second_point_of_the_next(
    spacing: str, low: float, high: float, level: int, where: float, num: int
) -> None:
    num = min(num, 2**level + 1)
    first = int(where * (2**level + 1 - num))
    found = dyadic(spacing, low, high, level, first, num)
    with workprec(400):
        start, stop = mpf(repr(low)), mpf(repr(high))
        shares = [mpf(first + i) / 2**level for i in range(num)]
        wanted = [
            start + (stop - start) * share
            if spacing == "linear"
            else start * (stop / start) ** share
            for share in shares
        ]
    assert found.tolist() == [float(one) for one in wanted]
    finer = dyadic(spacing, low, high, level + 1, 2 * first, 2 * num - 1)
    assert finer[::2].tobytes() == found.tobytes()
    if level < 4:
        every = (linear if spacing == "linear" else logarithmic)(low, high, 2**level + 1)
        assert found.tolist() == every[first : first + num].tolist()


def test_a_long_row_of_a_lattice_is_as_exact_as_short_ones() -> None:
    long = dyadic("log", 0.7, 33.0, 40, 2**39 - 7_000, 20_000)
    for at in (0, 9_000, 19_990):
        short = dyadic("log", 0.7, 33.0, 40, 2**39 - 7_000 + at, 10)
        assert long[at : at + 10].tobytes() == short.tobytes()


def test_how_deep_a_lattice_may_go() -> None:
    """Of 1 .. 2 an ulp is 2^-52 and eight of them 2^-49; at 1 in a log one, ln 2 / 2^-49."""
    values = np.array([1.0, 1.5])
    assert finest("linear", 1.0, 2.0, values) == 2**49
    assert [deepest(2.0**49), deepest(2.0**49 - 1), deepest(np.inf), deepest(0.7)] == [
        49, 48, 60, -1,
    ]  # fmt: skip
    assert finest("log", 1.0, 2.0, values) == pytest.approx(0.6931471805599453 * 2**49, rel=1e-14)
