"""Values of an axis that a table describes: evenly spaced, or drawn between two ends."""

import math
from collections.abc import Collection, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from sweep.study.checks import Check, integer, number, show
from sweep.study.designs import DESIGNS, design, geometric, linear, logarithm, logarithmic
from sweep.study.elementary import exponential

MAX_VALUES = 100_000_000
"""How many values one axis may have."""

LISTED = 10_000
"""So many spaced or drawn values are listed where a study is written; more are described."""

FORMS = (
    "a list of values, { log = [low, high], num = n }, { linear = [low, high], num = n }, "
    "{ geometric = [first, factor], num = n } or { range = [low, high, step] }"
)
SPACINGS = ("log", "linear", "geometric", "range")

EXACT = 2**53
"""Up to here every whole number is a float64, and may be the end of a range."""

_whole = integer(-EXACT, EXACT)
_stride = integer(1, EXACT)
_factor = number(0)
_finite = number()
_seed = integer(0, 2**63 - 1)

Stated = Mapping[str, object]


def spaced(kind: type, check: Check, stated: Stated) -> np.ndarray:
    """The values that the table `stated` describes, of a field of the type int or float.

    Raises:
        ValueError: it describes none, or wrong ones.
    """
    spacing = _spacing(stated)
    counts = [key for key in ("num", *DESIGNS) if key in stated]
    if spacing == "range" and not counts:
        _expect_keys(stated, {"range"})
        numbers = _whole_numbers if kind is int or _whole_ends(stated) else _decimals
        return numbers(kind, check, stated)
    if len(counts) != 1:
        raise ValueError(f"must be {FORMS}, not {show(stated)}")
    if counts == ["num"]:
        _expect_keys(stated, {spacing, "num"} - {"range"})
        return _steps(kind, check, stated, spacing)
    (name,) = counts
    num, seed = drawing(stated, {spacing})
    (u,) = design(name, num, 1, seed)
    return between(kind, check, {spacing: stated[spacing]}, u)


def drawing(stated: Stated, besides: Collection[str] = ()) -> tuple[int, int]:
    """The number of points and the seed of `{ sobol = n, seed = s }`.

    Raises:
        ValueError: the table has other keys, but for those `besides`, or wrong values.
    """
    names = [name for name in DESIGNS if name in stated]
    if len(names) != 1 or not {*stated} <= {*names, "seed", *besides}:
        forms = " or ".join(f"{{ {name} = n, seed = s }}" for name in DESIGNS)
        raise ValueError(f"must be {forms}, not {show(dict(stated))}")
    try:
        return _count(names[0], stated[names[0]], 1), _seed(stated.get("seed", 0))
    except ValueError as error:
        raise ValueError(f"of a draw {error}") from None


def between(kind: type, check: Check, stated: Stated, u: np.ndarray) -> np.ndarray:
    """The values at `u`, above 0 and below 1, between the ends that `stated` names.

    Raises:
        ValueError: there are no two ends, or wrong ones.
    """
    spacing = _spacing(stated)
    if set(stated) != {spacing} or spacing == "geometric":
        wanted = "{ log = [low, high] }, { linear = [low, high] } or { range = [low, high] }"
        raise ValueError(f"must be a list of values, {wanted}, not {show(stated)}")
    if spacing == "range":
        values, low, high = _whole_between(check, stated, u)
    else:
        low, high = sorted(_ends(kind, check, stated, spacing))
        if spacing == "log":
            values = exponential(np.asarray(logarithm(low) * (1 - u) + logarithm(high) * u))
        elif kind is int:
            values = np.floor(low + (high - low + 1.0) * u)
        else:
            values = low * (1 - u) + high * u
    values = np.rint(values) if kind is int else values
    found: np.ndarray = np.clip(values, low, high).astype(_dtype(kind))
    return found


def _whole_between(check: Check, stated: Stated, u: np.ndarray) -> tuple[np.ndarray, float, float]:
    low, high, step = _range(stated)
    if step != 1:
        raise ValueError(f"must have range = [low, high] to draw from, not {show(stated['range'])}")
    return np.floor(low + (high - low) * u), check(low), check(high - 1)


def _steps(kind: type, check: Check, stated: Stated, spacing: str) -> np.ndarray:
    num = _count("num", stated["num"], 2)
    if spacing == "geometric":
        return _powers(kind, check, stated["geometric"], num)
    low, high = _ends(kind, check, stated, spacing)
    values = (logarithmic if spacing == "log" else linear)(low, high, num)
    return np.rint(values).astype(np.int64) if kind is int else values


def _ends(kind: type, check: Check, stated: Stated, spacing: str) -> tuple[float, float]:
    ends = stated[spacing]
    if not isinstance(ends, list) or len(ends) != 2:
        raise ValueError(f"must have {spacing} = [low, high], not {show(ends)}")
    below = [one for one in ends if isinstance(one, int | float) and one <= 0]
    if spacing == "log" and below and all(_is_exponent(one) for one in ends):
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


def _is_exponent(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 300


def _powers(kind: type, check: Check, stated: object, num: int) -> np.ndarray:
    if not isinstance(stated, list) or len(stated) != 2:
        raise ValueError(f"must have geometric = [first, factor], not {show(stated)}")
    first, factor = check(stated[0]), _factor(stated[1])
    if not (0 < abs(first) < np.inf and factor > 0):
        raise ValueError(
            "must have a first value other than 0 and a factor above 0 in geometric, "
            f"not {show(stated)}"
        )
    values = geometric(first, factor, num)
    if not abs(values[-1]) <= (EXACT if kind is int else np.finfo(np.float64).max):
        raise ValueError(f"grows out of bounds: {show(stated)}, {num} times")
    values = np.rint(values).astype(np.int64) if kind is int else values
    for end in values[[0, -1]].tolist():
        check(end)
    return values


def _range(stated: Stated) -> list[int]:
    ends = stated["range"]
    if not isinstance(ends, list) or len(ends) not in (2, 3):
        raise ValueError(f"must have range = [low, high], or [low, high, step], not {show(ends)}")
    low, high, step = *map(_whole, ends[:2]), _stride(ends[2] if len(ends) == 3 else 1)
    if not len(range(low, high, step)) >= 1:
        raise ValueError(f"must have a range of 1 to {MAX_VALUES} values, not {show(ends)}")
    return [low, high, step]


def _whole_numbers(kind: type, check: Check, stated: Stated) -> np.ndarray:
    values = range(*_range(stated))
    if len(values) > MAX_VALUES:
        ends = show(stated["range"])
        raise ValueError(f"must have a range of 1 to {MAX_VALUES} values, not {ends}")
    check(values[0])
    check(values[-1])
    return np.arange(values.start, values.stop, values.step).astype(_dtype(kind))


def _whole_ends(stated: Stated) -> bool:
    ends = stated["range"]
    return not isinstance(ends, list) or not any(isinstance(end, float) for end in ends)


def _decimals(kind: type, check: Check, stated: Stated) -> np.ndarray:
    """From low on, below high, in decimals: 0.1, 0.2, 0.3 and no 0.30000000000000004."""
    ends = stated["range"]
    if not isinstance(ends, list) or len(ends) not in (2, 3):
        raise ValueError(f"must have range = [low, high], or [low, high, step], not {show(ends)}")
    low, high, step = (Fraction(repr(_finite(end))) for end in (*ends, 1.0)[:3])
    num = math.ceil((high - low) / step) if step > 0 else 0
    if not 1 <= num <= MAX_VALUES:
        raise ValueError(
            f"must have a range of 1 to {MAX_VALUES} values in steps above 0, not {show(ends)}"
        )
    below = math.lcm(low.denominator, step.denominator)
    first, each = int(low * below), int(step * below)
    values = np.fromiter(((first + each * i) / below for i in range(num)), np.float64, num)
    for end in values[[0, -1]].tolist():
        check(end)
    return values


def _spacing(stated: Stated) -> str:
    found = [key for key in SPACINGS if key in stated]
    if len(found) != 1:
        raise ValueError(f"must be {FORMS}, not {show(dict(stated))}")
    return found[0]


def _expect_keys(stated: Stated, keys: set[str]) -> None:
    if set(stated) != keys:
        raise ValueError(f"must be {FORMS}, not {show(dict(stated))}")


def _count(name: str, stated: Any, least: int) -> int:
    whole = isinstance(stated, int) and not isinstance(stated, bool)
    if not whole or not least <= stated <= MAX_VALUES:
        raise ValueError(f"must have a {name} from {least} to {MAX_VALUES}, not {show(stated)}")
    return int(stated)


def _dtype(kind: type) -> type:
    return np.int64 if kind is int else np.float64
