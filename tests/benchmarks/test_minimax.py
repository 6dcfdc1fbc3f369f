"""The coefficients in the package are the ones that `benchmarks.minimax` makes."""

import pytest

pytest.importorskip("mpmath", reason="mpmath, of the extra `test`, makes the coefficients")

from benchmarks.minimax import minimax, table, table_rounding
from sweep.training.elementary import _FORMATS


def test_coefficients_are_what_the_script_makes() -> None:
    for wanted in table():
        dtype, name = wanted.name.split()
        coefficients, _ = minimax(wanted)
        assert tuple(map(float, coefficients)) == getattr(_FORMATS[dtype], name)


@pytest.mark.parametrize(
    ("dtype", "digits", "ulps"), [("float64", 53, 0.143), ("float32", 24, 0.216)]
)
def test_table_of_sigmoid_rounds_by_little(dtype: str, digits: int, ulps: float) -> None:
    assert table_rounding(_FORMATS[dtype].sigmoid_lead, digits) < ulps
