"""The axes of a map: windows whose points are numbered on a dyadic lattice."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from sweep.errors import RequestError
from sweep.study import Axis, Group, Study
from sweep.study.checks import integer, number, show
from sweep.study.fields import find_axis, swept_field
from sweep.study.settings import Role
from sweep.study.spacings import DEEPEST, EXACT, spaced

_WIDE = 20
"""Listed values that span this factor are laid out by their logarithm."""

_FIRST = ("seed", "initial.scale", "initial.offset")
"""What a study draws from a seed is the first question about one with one swept axis."""

_NUMBER, _WHOLE = number(), integer(-EXACT, EXACT)
_AROUND = 100.0  # how far a field of one value is looked at on either side


@dataclass(frozen=True)
class Window:
    """An axis from `low` to `high`: "linear", "log", or a "range" of whole numbers below `high`.

    At a level it has 2^level cells; those of a range are whole numbers at `depth`, no further.
    """

    axis: str
    spacing: str
    low: float
    high: float

    def __post_init__(self) -> None:
        if (
            not isinstance(self.axis, str)
            or find_axis(self.axis) is None
            or swept_field(self.axis).role is not Role.LANE
        ):
            raise RequestError(f"{show(self.axis)}: is no number that a map can have as an axis")
        kind = swept_field(self.axis).swept
        if self.spacing not in (("range",) if kind is int else ("linear", "log")):
            raise RequestError(f"{self.axis}: cannot be laid out as {show(self.spacing)}")
        for name in ("low", "high"):
            end = getattr(self, name)
            try:
                end = _WHOLE(end) if kind is int else _NUMBER(end)
            except ValueError as error:
                raise RequestError(f"{self.axis}: the {name} end {error}") from None
            object.__setattr__(self, name, end)
        if not self.low < self.high:
            ends = f"not from {self.low} to {self.high}"
            raise RequestError(f"{self.axis}: must run from a lower to a higher value, {ends}")
        if not self.high - self.low < math.inf:
            raise RequestError(f"{self.axis}: is wider than numbers are")

    @property
    def depth(self) -> int:
        """The deepest level that there can be anywhere."""
        return math.ceil(math.log2(self.high - self.low)) if self.spacing == "range" else DEEPEST

    def stated(self, level: int, first: int, num: int) -> Mapping[str, object]:
        """The table that a study file has for `num` points of a level from number `first` on."""
        if self.spacing != "range":
            ends = [self.low, self.high]
            return {self.spacing: ends, "level": level, "first": first, "num": num}
        stride = 2 ** (self.depth - level) if level <= self.depth else 0
        low = int(self.low) + first * stride
        stop = min(low + (num - 1) * stride + 1, int(self.high)) if stride else low
        return {"range": [low, stop, max(stride, 1)]}

    @lru_cache(maxsize=4096)  # noqa: B019 - beside and above one another tiles share them
    def values(self, level: int, first: int, num: int) -> np.ndarray:
        """These points, fewer where a range ends: float64, or int64 of a range.

        Raises:
            RequestError: there are none, or neighbours are nearer than a lattice may have them.
        """
        cells = self.high - self.low - 1 if self.spacing == "range" else 2.0**self.depth
        if not (0 <= level <= self.depth and 0 <= first <= cells / 2.0 ** (self.depth - level)):
            at = f"point {show(first)} of level {show(level)}"
            raise RequestError(f"{self.axis}: {at} is outside the window")
        field = swept_field(self.axis)
        assert field.swept is not None
        try:
            return spaced(field.swept, field.check, self.stated(level, first, num))
        except ValueError as error:
            raise RequestError(f"{self.axis}: {error}") from None


def window_of(axis: Axis) -> Window | None:
    """The window that the values of an axis span; None if it is no number or has one value."""
    if axis.values.dtype.kind not in "if" or swept_field(axis.name).role is not Role.LANE:
        return None
    low, high = float(axis.values.min()), float(axis.values.max())
    if not low < high < np.inf:
        return None
    if axis.values.dtype.kind == "i":
        return Window(axis.name, "range", int(low), int(high) + 1)
    stated = axis.stated or {}
    wide = low > 0 and ("geometric" in stated or (not stated and high > _WIDE * low))
    if wide or "log" in stated:
        return Window(axis.name, "log", low, high)
    return Window(axis.name, "linear", low, high)


def around(name: str, value: float) -> Window | None:
    """A window about the one value that a field has in all trials."""
    field = swept_field(name)
    if field.role is not Role.LANE or field.swept not in (int, float):
        return None
    if field.swept is int:
        return Window(name, "range", int(value), int(value) + 256)
    if value == math.inf:
        return Window(name, "log", 1e-3, 1e3)
    ends = [("log", value / _AROUND, value * _AROUND)] if value > 0 else [("linear", -1.0, 1.0)]
    for spacing, low, high in [*ends, ("log", 1e-4, 1.0), ("linear", 0.0, 0.99)]:
        try:
            return Window(name, spacing, field.check(low), field.check(high))
        except ValueError:
            pass
    return None


def windows_of(study: Study, group: Group) -> list[Window]:
    """The windows that a map may have: of swept numbers, as the study has them, then of others."""
    swept = {axis.name: window_of(axis) for axis in study.axes}
    fixed = {name: around(name, value) for name, value in group.fixed.items() if name not in swept}
    first = {name: fixed[name] for name in _FIRST if name in fixed}
    return [one for one in (swept | first | fixed).values() if one]
