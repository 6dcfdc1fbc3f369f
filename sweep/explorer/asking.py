"""What a page asks for, read from its JSON as from a stranger's."""

import json
import math
from collections.abc import Mapping
from typing import Any

from sweep.catalogue import MEASURES
from sweep.errors import RequestError
from sweep.explorer.tiles import SIDES, Place, View
from sweep.explorer.windows import Window
from sweep.explorer.working import Wanted
from sweep.study import Study
from sweep.study.checks import show
from sweep.study.fields import swept_field
from sweep.study.spacings import DEEPEST

_MOST_TILES = 1024
_MOST_POINTS = 512
_MOST_TEXT = 200

Asked = Mapping[str, Any]


def read(body: bytes) -> dict[str, Any]:
    """The object that a request's body is.

    Raises:
        RequestError: it is none.
    """
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise RequestError("the request is no JSON") from None
    return as_object(found, "the request")


def as_object(value: object, name: str) -> dict[str, Any]:
    """An object of a request."""
    if not isinstance(value, dict) or len(value) > 100:
        raise RequestError(f"{name} must be a JSON object")
    return value


def text(asked: Asked, name: str) -> str:
    """A short text of a request."""
    value = asked.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _MOST_TEXT:
        raise RequestError(f"{name} must be a short text, not {show(value)}")
    return value


def _items(value: object, name: str, most: int, least: int = 1) -> list[Any]:
    if not isinstance(value, list) or not least <= len(value) <= most:
        raise RequestError(f"{name} must be a list of {least} to {most}")
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


def view_of(study: Study, asked: Asked) -> View:
    """The view that a request states.

    Raises:
        RequestError: it states none.
    """
    stated = as_object(asked.get("view"), "view")
    x, y = (_window(as_object(stated.get(name), name), name) for name in ("x", "y"))
    known = {axis.name for axis in study.axes} | set(study.groups()[0].fixed)
    values = []
    for name, value in sorted(as_object(stated.get("others"), "others").items()):
        if name not in known or name in (x.axis, y.axis):
            raise RequestError(f"others: {show(name)} is no other axis of this study")
        if not isinstance(value, str | int | float | bool):
            raise RequestError(f"others: {name} must be a value, not {show(value)}")
        try:
            values.append((name, swept_field(name).check(value)))
        except ValueError as error:
            raise RequestError(f"{name}: {error}") from None
    return View(study, x, y, tuple(values))


def _window(stated: Asked, name: str) -> Window:
    spacing, ends = text(stated, "spacing"), [stated.get("low"), stated.get("high")]
    for end in ends:
        if isinstance(end, bool) or not isinstance(end, int | float) or not abs(end) < math.inf:
            raise RequestError(f"{name} must have two numbers as ends, not {show(end)}")
    low, high = map(int if spacing == "range" else float, ends)  # type: ignore[arg-type]
    window = Window(text(stated, "axis"), spacing, low, high)
    window.values(0, 0, 1)  # refuses ends that the axis cannot have
    return window


def wanted_of(view: View, asked: Asked) -> list[Wanted]:
    """The tiles that a request wants: [zx, zy, ix, iy, side] each, the most wanted first."""
    found = []
    for one in _items(asked.get("want"), "want", _MOST_TILES):
        zx, zy, ix, iy, side = _items(one, "a tile", 5, 5)
        zx, zy = (whole(z, 0, DEEPEST - SIDES[-1], "a level") for z in (zx, zy))
        ix, iy = (whole(i, 0, 2**z - 1, "a tile's number") for i, z in ((ix, zx), (iy, zy)))
        side = whole(side, SIDES[0], SIDES[-1], "a side")
        found.append(Wanted(view, Place(zx, zy, ix, iy), side))
    return found


def points_of(view: View, asked: Asked) -> tuple[list[int], list[list[int]]]:
    """The two levels of lattices, across and up, and the numbers of points along each."""
    windows, given = (view.x, view.y), _items(asked.get("levels"), "levels", 2, 2)
    levels = [whole(z, 0, w.depth, "a level") for z, w in zip(given, windows, strict=True)]
    numbers = _items(asked.get("points"), "points", _MOST_POINTS)
    pairs = [_items(one, "points", 2, 2) for one in numbers]
    return levels, [[whole(p[k], 0, 2**z, "points") for p in pairs] for k, z in enumerate(levels)]


def columns_wanted(view: View, asked: Asked) -> list[int]:
    """Where the measures that a request wants are among a tile's."""
    names = _items(asked.get("measures"), "measures", len(MEASURES))
    for name in names:
        if name not in view.measures:
            raise RequestError(f"measures: there is no {show(name)} here")
    return [view.measures.index(name) for name in names]
