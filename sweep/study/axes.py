"""A swept field and its values."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sweep.study.checks import Check, integer, show
from sweep.study.ladders import linear, logarithmic

MAX_VALUES = 4_000_000
"""How many values one axis may have: more would not fit the file that writes them all down."""

_FORMS = (
    "a list of values, { log = [low, high], num = n }, { linear = [low, high], num = n } "
    "or { range = [low, high] }"
)
_EXACT = 2**53  # up to here every whole number is a float64
_range_end = integer(-_EXACT, _EXACT)
_DTYPES = {bool: np.bool_, int: np.int64, float: np.float64, str: np.object_}


@dataclass(frozen=True, eq=False)
class Axis:
    """The values of the field `name`, in the study's order.

    `values` is a read-only vector of float64, int64, bool or (as objects) str. They are all
    different, unless the axis runs together with others.
    """

    name: str
    values: np.ndarray

    def __len__(self) -> int:
        return len(self.values)

    @cached_property
    def ranked(self) -> tuple[np.ndarray, np.ndarray]:
        """The different values, ascending, and the place among them of each of `values`."""
        values, codes = np.unique(self.values, return_inverse=True)
        return values, codes


def read_axis(
    name: str, kind: type, check: Check, stated: object, *, distinct: bool = True
) -> Axis:
    """The axis `name` of values of the type `kind` that pass `check`, as `stated` in TOML.

    Raises:
        ValueError: `stated` is no axis, or some of its values are wrong, or equal although they
            must be `distinct`.
    """
    if isinstance(stated, list):
        values = _listed(kind, check, stated)
    elif isinstance(stated, dict) and kind in (int, float):
        values = _spaced(kind, check, stated)
    else:
        forms = _FORMS if kind in (int, float) else "a list of values"
        raise ValueError(f"must be {forms}, not {show(stated)}")
    values.setflags(write=False)
    axis = Axis(name, values)
    if distinct:
        refuse_duplicates([axis])
    return axis


def refuse_duplicates(axes: Sequence[Axis]) -> None:
    """Refuse rows of equally long axes that are equal.

    Raises:
        ValueError: some are.
    """
    code = np.zeros(len(axes[0]), np.int64)
    for axis in axes:
        values, codes = axis.ranked
        _, code = np.unique(code * len(values) + codes, return_inverse=True)
    _, first = np.unique(code, return_index=True)
    if len(first) < len(code):
        again = np.setdiff1d(np.arange(len(code)), first)[0]
        stated = [show(axis.values[again : again + 1].tolist()[0]) for axis in axes]
        what = f"values {', '.join(stated)}" if len(axes) > 1 else f"value {stated[0]}"
        raise ValueError(f"has the {what} more than once")


def _listed(kind: type, check: Check, stated: list[object]) -> np.ndarray:
    if not 1 <= len(stated) <= MAX_VALUES:
        raise ValueError(f"must have 1 to {MAX_VALUES} values, not {len(stated)}")
    values: np.ndarray = np.empty(len(stated), _DTYPES[kind])
    for index, element in enumerate(stated):
        if isinstance(element, list):
            raise ValueError(f"[{index}] must be a single value, not {show(element)}")
        try:
            values[index] = check(element)
        except ValueError as error:
            raise ValueError(f"[{index}] {error}") from None
    return values


def _spaced(kind: type, check: Check, stated: dict[str, object]) -> np.ndarray:
    spacing = next((key for key in ("log", "linear", "range") if key in stated), "")
    if set(stated) != ({"range"} if spacing == "range" else {spacing, "num"}):
        raise ValueError(f"must be {_FORMS}, not {show(stated)}")
    ends = stated[spacing]
    if not isinstance(ends, list) or len(ends) != 2:
        raise ValueError(f"must have {spacing} = [low, high], not {show(ends)}")
    if spacing == "range":
        return _whole_numbers(kind, check, ends)
    low, high = (check(end) for end in ends)
    num = _count(stated["num"])
    if max(low, high) == np.inf or (spacing == "log" and not min(low, high) > 0):
        wanted = "above 0 and finite" if spacing == "log" else "finite"
        raise ValueError(f"must have both ends of {spacing} {wanted}, not {show(ends)}")
    if kind is int and max(low, high) > _EXACT:
        raise ValueError(f"must have whole numbers up to {_EXACT} in {spacing}, not {show(ends)}")
    values = (logarithmic if spacing == "log" else linear)(low, high, num)
    return np.rint(values).astype(np.int64) if kind is int else values


def _whole_numbers(kind: type, check: Check, ends: list[object]) -> np.ndarray:
    low, high = map(_range_end, ends)
    if not 1 <= high - low <= MAX_VALUES:
        raise ValueError(f"must have a range of 1 to {MAX_VALUES} values, not {show(ends)}")
    check(low)
    check(high - 1)
    return np.arange(low, high).astype(np.int64 if kind is int else np.float64)


def _count(num: object) -> int:
    if isinstance(num, bool) or not isinstance(num, int) or not 2 <= num <= MAX_VALUES:
        raise ValueError(f"must have a num from 2 to {MAX_VALUES}, not {show(num)}")
    return num
