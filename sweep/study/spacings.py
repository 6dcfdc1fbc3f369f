"""Numbers between two ends, spaced or drawn as a table of a study says; else a ValueError.

Their bits are the same everywhere: NumPy's and libm's logarithms and powers differ in their last
bits between processors, integer and decimal arithmetic do not. The first points of a longer design
are those of a shorter one.
"""

import math
from collections.abc import Collection, Iterable, Mapping
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from itertools import accumulate, repeat
from typing import Any

import numpy as np

from sweep.study.checks import SEED, Check, integer, number, show
from sweep.study.elementary import DESIGNS, design, exponential

MAX_VALUES = 100_000_000  # how many values one axis may have

LISTED = 10_000
"""So many spaced or drawn values are listed where a study is written; more are described."""

FORMS = (
    "a list of values, { log = [low, high], num = n }, { linear = [low, high], num = n }, "
    "{ geometric = [first, factor], num = n } or { range = [low, high, step] }"
)
SPACINGS = ("log", "linear", "geometric", "range")
LATTICE = ("level", "first")
"""What `linear` and `log` state beside `num` where their points are those of a lattice."""

DEEPEST = 60  # the deepest level of a lattice: its points are numbered within 64 bits

APART = 8
"""Neighbours are so many units in the last place apart at least: less is an axis of rounding."""

EXACT = 2**53  # up to here every whole number is a float64, and may be the end of a range

_whole = integer(-EXACT, EXACT)
_finite = number()

Stated = Mapping[str, object]


def spaced(kind: type, check: Check, stated: Stated) -> np.ndarray:
    """The values that the table `stated` describes, of a field of the type int or float."""
    spacing = _spacing(stated)
    counts = [key for key in ("num", *DESIGNS) if key in stated]
    if spacing == "range" and not counts:
        _expect_keys(stated, {"range"})
        if kind is float and any(isinstance(end, float) for end in _bounds(stated)):
            return _checked(_decimals(stated), kind, check)
        whole = _range(stated)
        if len(whole) > MAX_VALUES:
            raise _no_range(stated)
        return _checked(np.arange(whole.start, whole.stop, whole.step), kind, check)
    if len(counts) != 1:
        raise ValueError(f"must be {FORMS}, not {show(stated)}")
    if counts == ["num"]:
        lattice = {*LATTICE} if {*LATTICE} & {*stated} and spacing in ("log", "linear") else set()
        if missing := lattice - {*stated}:
            raise ValueError(f"needs level and first: {missing.pop()} is missing")
        _expect_keys(stated, {spacing, "num", *lattice} - {"range"})
        return _steps(kind, check, stated, spacing)
    (u,) = drawn(stated, 1, {spacing})
    return between(kind, check, {spacing: stated[spacing]}, u)


def drawn(stated: Stated, dimensions: int, besides: Collection[str] = ()) -> np.ndarray:
    """The points of `{ sobol = n, seed = s }`: (dimensions, n) float64 above 0 and below 1."""
    names = [name for name in DESIGNS if name in stated]
    if len(names) != 1 or not {*stated} <= {*names, "seed", *besides}:
        forms = " or ".join(f"{{ {name} = n, seed = s }}" for name in DESIGNS)
        raise ValueError(f"must be {forms}, not {show(dict(stated))}")
    try:
        num, seed = _count(names[0], stated[names[0]], 1), SEED(stated.get("seed", 0))
    except ValueError as error:
        raise ValueError(f"of a draw {error}") from None
    return design(names[0], num, dimensions, seed)


def between(kind: type, check: Check, stated: Stated, u: np.ndarray) -> np.ndarray:
    """The values at `u`, above 0 and below 1, between the ends that `stated` names."""
    spacing = _spacing(stated)
    if set(stated) != {spacing} or spacing == "geometric":
        wanted = "{ log = [low, high] }, { linear = [low, high] } or { range = [low, high] }"
        raise ValueError(f"must be a list of values, {wanted}, not {show(stated)}")
    if spacing == "range":
        whole = _range(stated)
        if whole.step != 1:
            ends = show(stated["range"])
            raise ValueError(f"must have range = [low, high] to draw from, not {ends}")
        values = np.floor(whole.start + (whole.stop - whole.start) * u)
        low, high = check(whole.start), check(whole.stop - 1)
    else:
        low, high = sorted(_ends(kind, check, stated, spacing))
        if spacing == "log":
            # The logarithms of the ends are correctly rounded.
            first, last = (float(_DECIMAL.ln(Decimal(end))) for end in (low, high))
            values = exponential(np.asarray(first * (1 - u) + last * u))
        elif kind is int:
            values = np.floor(low + (high - low + 1.0) * u)
        else:
            values = low * (1 - u) + high * u
    return _typed(np.clip(np.rint(values) if kind is int else values, low, high), kind)


def _steps(kind: type, check: Check, stated: Stated, spacing: str) -> np.ndarray:
    num = _count("num", stated["num"], 1 if "level" in stated else 2)
    if spacing == "geometric":
        return _powers(kind, check, stated["geometric"], num)
    low, high = _ends(kind, check, stated, spacing)
    if "level" in stated:
        level = _count("level", stated["level"], 0, DEEPEST)
        first = _count("first", stated["first"], 0, 2**level)
        num = _count("num", num, 1, min(2**level + 1 - first, MAX_VALUES))
        values = dyadic(spacing, low, high, level, first, num)
    else:
        level, values = -1, (logarithmic if spacing == "log" else linear)(low, high, num)
    if kind is int:
        return _typed(np.rint(values), int)
    most = finest(spacing, low, high, values)
    if most < (num - 1 if level < 0 else 2**level):
        fits = f"num may be up to {int(most) + 1}" if level < 0 else f"level up to {deepest(most)}"
        close = "its ends are too close" if most < 1 else f"here {fits}"
        raise ValueError(f"has neighbours less than {APART} ulp apart: {close}")
    return values


def _ends(kind: type, check: Check, stated: Stated, spacing: str) -> tuple[float, float]:
    ends = stated[spacing]
    if not isinstance(ends, list) or len(ends) != 2:
        raise ValueError(f"must have {spacing} = [low, high], not {show(ends)}")
    plain = [one for one in ends if isinstance(one, int | float) and not isinstance(one, bool)]
    exponents = len(plain) == 2 and min(plain) <= 0 and max(map(abs, plain)) <= 300
    if spacing == "log" and exponents:
        right = ", ".join(f"{10.0**one:g}" for one in ends)
        raise ValueError(
            f"must have both ends of log above 0: they are values, not exponents, which would be "
            f"log = [{right}]; found {show(ends)}"
        )
    low, high = (check(end) for end in ends)
    if max(low, high) == np.inf or (spacing == "log" and not min(low, high) > 0):
        wanted = "above 0 and finite" if spacing == "log" else "finite"
        raise ValueError(f"must have both ends of {spacing} {wanted}, not {show(ends)}")
    if kind is int and max(low, high) > EXACT:
        raise ValueError(f"must have whole numbers up to {EXACT} in {spacing}, not {show(ends)}")
    return low, high


def _powers(kind: type, check: Check, stated: object, num: int) -> np.ndarray:
    if not isinstance(stated, list) or len(stated) != 2:
        raise ValueError(f"must have geometric = [first, factor], not {show(stated)}")
    first, factor = check(stated[0]), number(0)(stated[1])
    if not (0 < abs(first) < np.inf and factor > 0):
        raise ValueError(
            "must have a first value other than 0 and a factor above 0 in geometric, "
            f"not {show(stated)}"
        )
    decades = math.log10(abs(first)) + (num - 1) * math.log10(factor)
    if decades < -_MOST_DECADES:
        raise ValueError(f"shrinks to 0: {show(stated)}, {num} times")
    values = geometric(first, factor, num) if decades < _MOST_DECADES else np.array([np.inf])
    if not abs(values[-1]) <= (EXACT if kind is int else np.finfo(np.float64).max):
        raise ValueError(f"grows out of bounds: {show(stated)}, {num} times")
    return _checked(np.rint(values) if kind is int else values, kind, check)


def _bounds(stated: Stated) -> tuple[object, object, object]:
    """The ends of a range and its step, 1 if it states none."""
    ends = stated["range"]
    if not isinstance(ends, list) or len(ends) not in (2, 3):
        raise ValueError(f"must have range = [low, high], or [low, high, step], not {show(ends)}")
    low, high, step = (*ends, 1)[:3]
    return low, high, step


def _range(stated: Stated) -> range:
    low, high, step = _bounds(stated)
    found = range(_whole(low), _whole(high), integer(1, EXACT)(step))
    if not found:
        raise _no_range(stated)
    return found


def _decimals(stated: Stated) -> np.ndarray:
    """From low on, below high, in decimals: 0.1, 0.2, 0.3 and no 0.30000000000000004."""
    low, high, step = (Fraction(repr(_finite(end))) for end in _bounds(stated))
    num = math.ceil((high - low) / step) if step > 0 else 0
    if not 1 <= num <= MAX_VALUES:
        raise _no_range(stated, " in steps above 0")
    below = math.lcm(low.denominator, step.denominator)
    first, each = int(low * below), int(step * below)
    return np.fromiter(((first + each * i) / below for i in range(num)), np.float64, num)


def _no_range(stated: Stated, how: str = "") -> ValueError:
    ends = show(stated["range"])
    return ValueError(f"must have a range of 1 to {MAX_VALUES} values{how}, not {ends}")


def _checked(values: np.ndarray, kind: type, check: Check) -> np.ndarray:
    """Ascending or descending `values`, whose ends pass the `check`."""
    values = _typed(values, kind)
    for end in values[[0, -1]].tolist():
        check(end)
    return values


def _typed(values: np.ndarray, kind: type) -> np.ndarray:
    found: np.ndarray = values.astype(np.int64 if kind is int else np.float64)
    return found


def _spacing(stated: Stated) -> str:
    found = [key for key in SPACINGS if key in stated]
    if len(found) != 1:
        raise ValueError(f"must be {FORMS}, not {show(dict(stated))}")
    return found[0]


def _expect_keys(stated: Stated, keys: set[str]) -> None:
    if set(stated) != keys:
        raise ValueError(f"must be {FORMS}, not {show(dict(stated))}")


def _count(name: str, stated: Any, least: int, most: int = MAX_VALUES) -> int:
    try:
        return int(integer(least, most)(stated))
    except ValueError:
        said = f"must have a {name} from {least} to {most}, not {show(stated)}"
        raise ValueError(said) from None


# Fifty digits carry ten million products and still round to the nearest float64.
_DECIMAL = Context(prec=50)
_FEW = 500  # products made one after the other
_MOST_DECADES = 330  # more than float64 has on either side of 1
_LEAST = -1000  # powers of two below which a result may be subnormal, and is rounded once only


def linear(low: float, high: float, num: int) -> np.ndarray:
    """`num` >= 2 evenly spaced float64 values from `low` to `high`, each correctly rounded.

    The ends are read as the shortest decimal that names them, so that five values from 0.1 to 0.5
    are those that one would write.
    """
    return _evenly(low, high, range(num), num - 1)


def _evenly(low: float, high: float, numbers: range, parts: int) -> np.ndarray:
    """The points so numbered of the `parts` + 1 that part low .. high into equal cells."""
    (low_above, low_below), (high_above, high_below) = (
        Decimal(repr(end)).as_integer_ratio() for end in (low, high)
    )
    start, stop = low_above * high_below, high_above * low_below
    below = low_below * high_below * parts
    # Division of integers is correctly rounded, however large they are.
    values = ((start * (parts - i) + stop * i) / below for i in numbers)
    return np.fromiter(values, np.float64, len(numbers))


def logarithmic(low: float, high: float, num: int) -> np.ndarray:
    """`num` >= 2 geometrically spaced float64 values between the positive `low` and `high`.

    Each is correctly rounded; the ends are exact, and are read as in `linear`.
    """
    start = Decimal(repr(low))
    values = _products(start, _ratio(start, repr(high), num), num)
    values[-1] = high
    return values


def dyadic(spacing: str, low: float, high: float, level: int, first: int, num: int) -> np.ndarray:
    """`num` points of the lattice of 2^`level` equal cells of low .. high, from number `first` on.

    Point i of "linear" is low + (high - low) i / 2^level, of "log" low (high / low)^(i / 2^level):
    float64, each correctly rounded, so that it is point 2 i of the next level to the bit. The ends
    are read as in `linear`.
    """
    if spacing == "linear":
        return _evenly(low, high, range(first, first + num), 2**level)
    start = Decimal(repr(low))
    logarithm = _DECIMAL.ln(_DECIMAL.divide(Decimal(repr(high)), start))
    cell = _DECIMAL.divide(logarithm, Decimal(2**level))
    start = _DECIMAL.multiply(start, _DECIMAL.exp(_DECIMAL.multiply(cell, Decimal(first))))
    return _products(start, _DECIMAL.exp(cell), num)


def finest(spacing: str, low: float, high: float, values: np.ndarray) -> float:
    """Into how many equal cells low .. high may be parted with neighbours `APART` ulp apart.

    Of the window's points those near `values` are looked at; the number need not be whole.
    """
    ulp = APART * np.spacing(np.abs(values))
    with np.errstate(over="ignore"):
        if spacing == "linear":
            return float((2 * (np.abs(high / 2 - low / 2) / ulp)).min())
        ratio = _DECIMAL.ln(_DECIMAL.divide(Decimal(repr(high)), Decimal(repr(low))))
        return float((abs(float(ratio)) * (values / ulp)).min())


def deepest(cells: float) -> int:
    """The deepest level of a lattice of that many cells at most; below 0 if there is none."""
    return min(math.frexp(cells)[1] - 1, DEEPEST) if cells < np.inf else DEEPEST


def geometric(first: float, factor: float, num: int) -> np.ndarray:
    """`num` float64 values from `first` on, each `factor` > 0 times the one before.

    Each is correctly rounded; both numbers are read as in `linear`.
    """
    return _products(Decimal(repr(first)), Decimal(repr(factor)), num)


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
    ratio = _ratio(start, high, num) if num > 1 else start
    return accumulate(repeat(ratio, num - 1), _DECIMAL.multiply, initial=start)


def _ratio(low: Decimal, high: str, num: int) -> Decimal:
    logarithm = _DECIMAL.ln(_DECIMAL.divide(Decimal(high), low))
    return _DECIMAL.exp(_DECIMAL.divide(logarithm, Decimal(num - 1)))


def _products(start: Decimal, ratio: Decimal, num: int) -> np.ndarray:
    """start ratio^i for i = 0 .. num - 1, each correctly rounded to float64.

    Of many, each is the product of one of the first powers and one of their multiples, as a
    sum of two float64 (Dekker, "A floating-point technique for extending the available precision",
    1971), good to 2^-100. Where that does not decide the last bit, decimal arithmetic does.
    """
    if num <= _FEW:
        values = accumulate(repeat(ratio, num - 1), _DECIMAL.multiply, initial=start)
        return np.fromiter(map(float, values), np.float64, num)
    size = 2 ** ((32 * num).bit_length() // 2)  # a block takes as long as many powers
    powers = [*accumulate(repeat(ratio, size), _DECIMAL.multiply, initial=Decimal(1))]
    stride, blocks = powers.pop(), -(-num // size)
    starts = [*accumulate(repeat(stride, blocks - 1), _DECIMAL.multiply, initial=start)]
    coarse, fine = (np.array([*map(_pair, part)]) for part in (starts, powers))
    found = np.empty((blocks, size))
    for block, (high, low, exponent) in enumerate(coarse):
        product, rest = _two_product(high, fine[:, 0])
        rest += high * fine[:, 1] + low * fine[:, 0]
        values = product + rest
        rest -= values - product
        half, exponents = np.spacing(np.abs(values)) / 2, fine[:, 2] + exponent
        unsure = np.abs(np.abs(rest) - half) < half * 2.0**-30
        unsure |= (np.abs(np.frexp(values)[0]) == 0.5) | (exponents < _LEAST)
        with np.errstate(over="ignore"):
            found[block] = np.ldexp(values, exponents.astype(np.int64))
        for at in np.flatnonzero(unsure):
            found[block, at] = float(_DECIMAL.multiply(starts[block], powers[at]))
    return found.ravel()[:num]


def _pair(value: Decimal) -> tuple[float, float, float]:
    """A number as the sum of two float64, together of about 1, times a power of two."""
    above, below = value.as_integer_ratio()
    exponent = abs(above).bit_length() - below.bit_length()
    shift = 110 - exponent
    scaled = (above << shift) // below if shift >= 0 else above // (below << -shift)
    high = float(scaled)
    return math.ldexp(high, -110), math.ldexp(float(scaled - int(high)), -110), float(exponent)


def _two_product(x: float, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The product as float64, and what it lacks, exactly; both factors are of about 1."""
    product = x * y
    (x_high, x_low), (y_high, y_low) = _split(np.array(x)), _split(y)
    return product, ((x_high * y_high - product) + x_high * y_low + x_low * y_high) + x_low * y_low


def _split(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    scaled = x * (2.0**27 + 1)
    high = scaled - (scaled - x)
    return high, x - high


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
