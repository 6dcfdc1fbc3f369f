"""The coefficients in the package are the ones that `benchmarks.minimax` makes."""

import pytest

pytest.importorskip("mpmath", reason="mpmath, of the extra `test`, makes the coefficients")

from benchmarks.minimax import minimax, table
from sweep.training.elementary import _FORMATS


def test_coefficients_are_what_the_script_makes():
    for wanted in table():
        dtype, name = wanted.name.split()
        coefficients, _ = minimax(wanted)
        assert tuple(map(float, coefficients)) == getattr(_FORMATS[dtype], name)
