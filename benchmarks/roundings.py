"""Numbers to build a table on, such that all of the table happens to round by little.

(S. Gal, "Computing elementary functions: a new approach for achieving high accuracy and good
performance", 1986.) `benchmarks/minimax.py` prints what the package uses of them.
"""

from collections.abc import Iterator

import mpmath as mp
import numpy as np

_DIGITS = 50
_PRECISIONS = {"float64": 53, "float32": 24}
_LEADS = (1.80, 1.95)  # just under 2, where the polynomial's own rounding weighs least
_BATCH = 2**20
_BATCHES = 200
FOUND = {"float64": 125, "float32": 0}  # the batch that the lead in use is from
_GOOD = {"float64": 0.16, "float32": 0.22}  # so good are very few
_CENTRES = 16
_CENTRE_ROUNDS = mp.mpf(2) ** -10


def rounding(value: mp.mpf, dtype: str) -> mp.mpf:
    """Return how far a number is from the nearest one of the format, in ulps."""
    scaled = mp.frexp(value)[0] * mp.mpf(2) ** _PRECISIONS[dtype]
    return abs(scaled - mp.nint(scaled))


def table_rounding(lead: float, dtype: str) -> float:
    """Return the largest rounding of 2^(j/16) / lead, j < 16."""
    mp.mp.dps = _DIGITS
    return max(float(rounding(power / mp.mpf(lead), dtype)) for power in _powers())


def leads(dtype: str) -> Iterator[tuple[float, float]]:
    """Yield leads, each with its table's rounding and better than those before.

    All of float32's are tried, and 200 million of float64's.
    """
    best = 0.5
    for batch in range(_BATCHES if dtype == "float64" else 1):
        for lead, ulps in good_leads(dtype, batch):
            if ulps < best:
                best = ulps
                yield lead, ulps


def good_leads(dtype: str, batch: int) -> Iterator[tuple[float, float]]:
    """Yield the leads of one batch that round by little, sieved by one power after the other."""
    mp.mp.dps = _DIGITS
    left = _candidates(dtype, batch)
    for power in _powers():
        # 64 bits: where they are not enough, they are too few by a rounding of 2^-11 ulp.
        wide = np.longdouble(mp.nstr(power, 30)) / left.astype(np.longdouble)
        scaled = np.frexp(wide)[0] * np.longdouble(2) ** _PRECISIONS[dtype]
        left = left[np.abs(scaled - np.rint(scaled)) < _GOOD[dtype]]
    yield from ((lead, table_rounding(lead, dtype)) for lead in left.tolist())


def _candidates(dtype: str, batch: int) -> np.ndarray:
    if dtype == "float64":
        return np.random.default_rng([1, batch]).uniform(*_LEADS, _BATCH)
    first, last = (int(np.float32(lead).view(np.int32)) for lead in _LEADS)
    return np.arange(first, last, dtype=np.int32).view(np.float32)


def _powers() -> list[mp.mpf]:
    return [mp.mpf(2) ** (mp.mpf(j) / 16) for j in range(16)]


def centres(dtype: str) -> list[float]:
    """Return for k = 0 ... 15 a c from 15 / (15 + k) to a thousandth more whose log rounds well.

    Candidates are drawn: the logarithms of numbers next to each other round alike.
    """
    mp.mp.dps = _DIGITS
    return [1.0, *(_centre(k, dtype) for k in range(1, _CENTRES))]


def _centre(k: int, dtype: str) -> float:
    generator = np.random.default_rng(k)
    while True:
        c = np.dtype(dtype).type(15 / (15 + k) * generator.uniform(1.0, 1.001))
        if rounding(mp.log(mp.mpf(float(c))), dtype) < _CENTRE_ROUNDS:
            return float(c)
