"""What a page asks for, read from its JSON as from a stranger's, and answered as plain values."""

import json
import math
import struct
from collections.abc import Mapping, Sequence
from shlex import quote
from typing import Any

import numpy as np

from sweep.catalogue import MEASURES, OUTCOMES
from sweep.errors import RequestError
from sweep.explorer.tiles import SIDES, Place, View, measures_of
from sweep.explorer.windows import Window, windows_of
from sweep.explorer.working import Wanted
from sweep.study import Axis, Dimension, Study
from sweep.study.checks import show
from sweep.study.fields import swept_field
from sweep.study.spacings import DEEPEST

MOST_TILES = 1024
MOST_POINTS = 512
MOST_SAVED = 4096
"""Points along each axis of a study that is saved."""

MOST_CHOICES = 1000
"""So many values of an axis are offered."""

_MOST_TEXT = 200
_LENGTHS = struct.Struct("<2I")


def facts(study: Study, places: Sequence[Mapping[str, object]]) -> dict[str, Any]:
    """What a page has to know of a study before it asks for tiles."""
    group = study.groups()[0]
    windows = windows_of(study, group)
    swept = {axis.name: axis.ranked[0][:MOST_CHOICES].tolist() for axis in study.axes}
    fixed = {name: value for name, value in group.fixed.items() if name not in swept}
    return {
        "name": study.name,
        "title": study.title,
        "trials": study.trials,
        "steps": group.steps,
        "layers": group.network.layers,
        "windows": [
            {"axis": one.axis, "spacing": one.spacing, "low": one.low, "high": one.high}
            for one in windows
        ],
        "values": swept,
        "fixed": {name: value for name, value in fixed.items() if math.isfinite(value)},
        "measures": [
            {
                "name": name,
                "words": MEASURES[name].words,
                "log": MEASURES[name].unit == "loss",
                "ending": MEASURES[name].at_the_end,
            }
            for name in measures_of(group)
        ],
        "outcomes": OUTCOMES,
        "rule": group.outcome.rule,
        "command": f"sweep explore {quote(study.name)}",
        "places": list(places),
        "deepest": DEEPEST,
    }


def read(body: bytes) -> dict[str, Any]:
    """The object that a request's body is.

    Raises:
        RequestError: it is none.
    """
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise RequestError("the request is no JSON") from None
    if not isinstance(found, dict):
        raise RequestError("the request is no JSON object")
    return found


def text(asked: Mapping[str, Any], name: str) -> str:
    """A short text of a request."""
    value = asked.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _MOST_TEXT:
        raise RequestError(f"{name} must be a short text, not {show(value)}")
    return value


def items(asked: Mapping[str, Any], name: str, most: int) -> list[Any]:
    """A list of a request, not empty."""
    value = asked.get(name)
    if not isinstance(value, list) or not 0 < len(value) <= most:
        raise RequestError(f"{name} must be a list of 1 to {most}")
    return value


def whole(value: object, least: int, most: int, name: str) -> int:
    """A whole number, which may be text: JavaScript's numbers end at 2^53."""
    short = isinstance(value, str) and len(value) < 20 and value.isascii() and value.isdigit()
    number = int(value) if short else value  # type: ignore[call-overload]
    if type(number) is not int or not least <= number <= most:
        raise RequestError(
            f"{name} must be a whole number from {least} to {most}, not {show(value)}"
        )
    return number


def view_of(study: Study, asked: Mapping[str, Any]) -> View:
    """The view that a request states.

    Raises:
        RequestError: it states none.
    """
    stated = asked.get("view")
    if not isinstance(stated, dict):
        raise RequestError("view must be an object")
    x, y = (_window(stated.get(name), name) for name in ("x", "y"))
    others = stated.get("others")
    if not isinstance(others, dict) or len(others) > 100:
        raise RequestError("others must be an object of axes and values")
    known = {axis.name for axis in study.axes} | set(study.groups()[0].fixed)
    values = []
    for name, value in sorted(others.items()):
        if name not in known or name in (x.axis, y.axis):
            raise RequestError(f"others: {show(name)} is no other axis of this study")
        if not isinstance(value, str | int | float | bool):
            raise RequestError(f"others: {name} must be a value, not {show(value)}")
        try:
            values.append((name, swept_field(name).check(value)))
        except ValueError as error:
            raise RequestError(f"{name}: {error}") from None
    return View(study, x, y, tuple(values))


def _window(stated: object, name: str) -> Window:
    if not isinstance(stated, dict):
        raise RequestError(f"{name} must be an object")
    low, high = stated.get("low"), stated.get("high")
    for end in (low, high):
        if isinstance(end, bool) or not isinstance(end, int | float) or not abs(end) < math.inf:
            raise RequestError(f"{name} must have two numbers as ends, not {show(end)}")
    spacing = text(stated, "spacing")
    kind = int if spacing == "range" else float
    window = Window(text(stated, "axis"), spacing, kind(low), kind(high))  # type: ignore[arg-type]
    window.values(0, 0, 1)  # refuses ends that the axis cannot have
    return window


def wanted_of(view: View, asked: Mapping[str, Any]) -> list[Wanted]:
    """The tiles that a request wants: [zx, zy, ix, iy, side] each, the most wanted first."""
    found = []
    for one in items(asked, "want", MOST_TILES):
        if not isinstance(one, list) or len(one) != 5:
            raise RequestError("want must have [zx, zy, ix, iy, side] in it")
        zx, zy = (whole(z, 0, DEEPEST - SIDES[0], "a level") for z in one[:2])
        ix, iy = (
            whole(i, 0, 2**z - 1, "a tile's number")
            for i, z in zip(one[2:4], (zx, zy), strict=True)
        )
        found.append(
            Wanted(view, Place(zx, zy, ix, iy), whole(one[4], SIDES[0], SIDES[-1], "a side"))
        )
    return found


def columns_wanted(view: View, asked: Mapping[str, Any]) -> list[int]:
    """Where the measures that a request wants are among a tile's."""
    names = items(asked, "measures", len(MEASURES))
    for name in names:
        if name not in view.measures:
            raise RequestError(f"measures: there is no {show(name)} here")
    return [view.measures.index(name) for name in names]


def frame(
    told: Mapping[str, object],
    x: np.ndarray | None = None,
    y: np.ndarray | None = None,
    values: np.ndarray | None = None,
    outcome: np.ndarray | None = None,
) -> bytes:
    """What a page gets of a tile: lengths, a header, and numbers in the order of memory.

    Two little-endian uint32, the length of all that follows them and that of the header; `told` as
    JSON padded to a multiple of 8; then float64 of x (across,), y (up,) and `values` (measures,
    up, across), then `outcome` (up, across) as int8.
    """
    numbers = b""
    if x is not None and y is not None and values is not None and outcome is not None:
        told = {**told, "across": len(x), "up": len(y), "columns": len(values)}
        numbers = b"".join(part.astype("<f8").tobytes() for part in (x, y, values))
        numbers += outcome.astype(np.int8).tobytes()
    header = json.dumps(told).encode()
    header += b" " * (-len(header) % 8)
    return _LENGTHS.pack(len(header) + len(numbers), len(header)) + header + numbers


def saved(view: View, asked: Mapping[str, Any]) -> str:
    """A window of a map as the text of a study that `sweep run` trains to the same bits.

    Raises:
        RequestError: it cannot be one.
    """
    dimensions = []
    for name, window in (("y", view.y), ("x", view.x)):
        part = asked.get(name)
        if not isinstance(part, dict):
            raise RequestError(f"{name} must be an object")
        level = whole(part.get("level"), 0, window.depth, f"{name}.level")
        first = whole(part.get("first"), 0, 2**level, f"{name}.first")
        num = whole(part.get("num"), 1, MOST_SAVED, f"{name}.num")
        values = window.values(level, first, num)
        dimensions.append(Dimension((Axis(window.axis, values, window.stated(level, first, num)),)))
    for name, value in view.others:
        kind = swept_field(name).swept
        values = np.array([value], object if kind is str else kind)
        dimensions.insert(0, Dimension((Axis(name, values),)))
    return view.study.over(dimensions).to_toml(described=True)


def plain(values: np.ndarray) -> list[Any]:
    """Numbers as JSON can have them: what is not finite is None."""
    return [value if math.isfinite(value) else None for value in values.astype(np.float64).tolist()]
