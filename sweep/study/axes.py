"""A swept field and its values."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sweep.study.checks import Check, show
from sweep.study.spacings import FORMS, MAX_VALUES, between, spaced

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
        if self.values.dtype != object and (self.values[1:] > self.values[:-1]).all():
            return self.values, np.arange(len(self.values))
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
        values = spaced(kind, check, stated)
    else:
        forms = FORMS if kind in (int, float) else "a list of values"
        raise ValueError(f"must be {forms}, not {show(stated)}")
    values.setflags(write=False)
    axis = Axis(name, values)
    if distinct:
        refuse_duplicates([axis])
    return axis


def draw_axis(name: str, kind: type, check: Check, stated: object, u: np.ndarray) -> Axis:
    """The axis `name` with the values at `u`, above 0 and below 1, of what is `stated`.

    That is a list to choose from, or two ends to lie between.

    Raises:
        ValueError: it is neither, or some of its values are wrong.
    """
    if isinstance(stated, list):
        listed = _listed(kind, check, stated)
        values = listed[np.minimum(len(listed) * u, len(listed) - 1).astype(np.int64)]
    elif isinstance(stated, dict) and kind in (int, float):
        values = between(kind, check, stated, u)
    else:
        raise ValueError(f"must be a list of values to choose from, not {show(stated)}")
    values.setflags(write=False)
    return Axis(name, values)


def refuse_duplicates(axes: Sequence[Axis]) -> None:
    """Refuse rows of equally long axes that are equal.

    Raises:
        ValueError: some are.
    """
    code = axes[0].ranked[1]
    for axis in axes[1:]:
        values, codes = axis.ranked
        _, code = np.unique(code * len(values) + codes, return_inverse=True)
    if len(axes) == 1 and len(axes[0].ranked[0]) == len(code):
        return
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
