"""The coefficients in the package are the ones that `benchmarks.minimax` makes."""

import numpy as np
import pytest

pytest.importorskip("mpmath", reason="mpmath, of the extra `test`, makes the coefficients")

from benchmarks.minimax import Approximation, minimax, table
from benchmarks.roundings import FOUND, centres, good_leads, table_rounding
from sweep.training.elementary.formats import FORMATS

dtypes = pytest.mark.parametrize("dtype", FORMATS)


@pytest.mark.quick("float64 exp*", "float64 log*", "float32 *")
@pytest.mark.parametrize("wanted", list(table()), ids=lambda row: f"{row.dtype} {row.names[0]}")
def test_coefficients_are_what_the_script_makes(wanted: Approximation) -> None:
    found, _ = minimax(wanted)
    for name, coefficients in zip(wanted.names, (found.p, found.q), strict=False):
        assert tuple(map(float, coefficients)) == getattr(FORMATS[wanted.dtype], name)


@pytest.mark.skipif(np.finfo(np.longdouble).nmant < 63, reason="the sieve needs 64 bits")
@dtypes
def test_lead_of_sigmoid_is_the_best_of_its_batch(dtype: str) -> None:
    found = dict(good_leads(dtype, FOUND[dtype]))
    assert min(found, key=lambda lead: found[lead]) == FORMATS[dtype].sigmoid_lead


@pytest.mark.parametrize(("dtype", "ulps"), [("float64", 0.138), ("float32", 0.216)])
def test_table_of_sigmoid_rounds_by_little(dtype: str, ulps: float) -> None:
    assert table_rounding(FORMATS[dtype].sigmoid_lead, dtype) < ulps


@dtypes
def test_logarithms_of_the_centres_round_by_little(dtype: str) -> None:
    assert tuple(centres(dtype)) == FORMATS[dtype].log1p_centres
