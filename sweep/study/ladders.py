"""Evenly and geometrically spaced numbers whose bits are the same on every machine.

NumPy's and libm's logarithms and powers differ in their last bits between processors; integer and
decimal arithmetic do not.
"""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Context, Decimal
from itertools import accumulate, repeat

import numpy as np

# Fifty digits carry ten million products and still round to the nearest float64.
_DECIMAL = Context(prec=50)


def linear(low: float, high: float, num: int) -> np.ndarray:
    """`num` >= 2 evenly spaced float64 values from `low` to `high`, each correctly rounded.

    The ends are read as the shortest decimal that names them, so that five values from 0.1 to 0.5
    are those that one would write.
    """
    (low_above, low_below), (high_above, high_below) = (
        Decimal(repr(end)).as_integer_ratio() for end in (low, high)
    )
    start, stop = low_above * high_below, high_above * low_below
    last = num - 1
    below = low_below * high_below * last
    # Division of integers is correctly rounded, however large they are.
    values = ((start * (last - i) + stop * i) / below for i in range(num))
    return np.fromiter(values, np.float64, num)


def logarithmic(low: float, high: float, num: int) -> np.ndarray:
    """`num` >= 2 geometrically spaced float64 values between the positive `low` and `high`.

    Each is correctly rounded; the ends are exact, and are read as in `linear`.
    """
    values = np.fromiter(map(float, _geometric(repr(low), repr(high), num)), np.float64, num)
    values[-1] = high
    return values


def geometric(first: float, factor: float, num: int) -> np.ndarray:
    """`num` float64 values from `first` on, each `factor` > 0 times the one before.

    Each is correctly rounded; both numbers are read as in `linear`.
    """
    start, ratio = Decimal(repr(first)), Decimal(repr(factor))
    values = accumulate(repeat(ratio, num - 1), _DECIMAL.multiply, initial=start)
    return np.fromiter(map(float, values), np.float64, num)


def logarithm(x: float) -> float:
    """The natural logarithm of a positive number, correctly rounded."""
    return float(_DECIMAL.ln(Decimal(x)))


def logarithmic_steps(num: int, steps: int) -> np.ndarray:
    """`num` >= 3 distinct steps, logarithmically spaced: 0, 1, ..., `steps`; int64, ascending.

    Where the spacing would fall below one step it is one step. All of 0 .. `steps` if there are
    no more than `num`.
    """
    if num > steps:
        return np.arange(steps + 1)
    dense = _dense_until(num - 1, steps)
    sparse = _geometric(str(dense), str(steps), num - dense)
    rounded = (int(value.to_integral_value(ROUND_HALF_UP)) for value in sparse)
    found = np.concatenate([np.arange(dense), np.fromiter(rounded, np.int64, num - dense)])
    found[-1] = steps
    return found


def _geometric(low: str, high: str, num: int) -> Iterable[Decimal]:
    """`num` products from `low` up to about `high`, to fifty digits."""
    start = Decimal(low)
    if num == 1:
        return iter([start])
    logarithm = _DECIMAL.ln(_DECIMAL.divide(Decimal(high), start))
    ratio = _DECIMAL.exp(_DECIMAL.divide(logarithm, Decimal(num - 1)))
    return accumulate(repeat(ratio, num - 1), _DECIMAL.multiply, initial=start)


def _dense_until(num: int, steps: int) -> int:
    """The least k from which `num` - k geometric intervals to `steps` are at least a step wide.

    That is steps / k >= (1 + 1/k)^(num - k), which holds for every larger k too.
    """

    def sparse_from(k: int) -> bool:
        growth = _DECIMAL.ln(_DECIMAL.divide(Decimal(k + 1), Decimal(k)))
        room = _DECIMAL.ln(_DECIMAL.divide(Decimal(steps), Decimal(k)))
        return room >= _DECIMAL.multiply(Decimal(num - k), growth)

    low, high = 1, num
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if sparse_from(middle) else (middle + 1, high)
    return low
