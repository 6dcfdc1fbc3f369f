"""The `[axes]` of a study file become dimensions, and the condition on their points.

What is no axis, or does not fit the others, is a RequestError that says where it was stated.
"""

from collections.abc import Collection, Mapping
from contextlib import suppress

import numpy as np

from sweep.study.checks import Check, counted, integer, nearest, show
from sweep.study.conditions import Condition, Named, read_condition
from sweep.study.document import DRAW, REPEATED, REPEATS, WHERE, Document
from sweep.study.elementary import MAX_DIMENSIONS
from sweep.study.fields import AXES, axes_meant, find_axis, place_of, swept_field
from sweep.study.grid import Axis, Dimension, codes_of
from sweep.study.settings import Settings
from sweep.study.spacings import FORMS, MAX_VALUES, between, drawn, spaced

_DTYPES = {bool: np.bool_, int: np.int64, float: np.float64, str: np.object_}


def read_dimensions(document: Document) -> tuple[Dimension, ...]:
    """The dimensions that a document states: single axes, zips, designs, repeats.

    Those of a kind have the document's order.
    """
    holders: dict[str, list[str]] = {}  # the keys by what holds them: a zip's many, or one alone
    for key in document.entries:
        if key.startswith("axes.") and key != WHERE:
            holder = place_of(key).holder
            holders.setdefault(key if holder == "axes" else holder, []).append(key)
    kinds: dict[str, list[Dimension]] = {"axes": [], "zip": [], "design": [], "repeats": []}
    for holder, keys in holders.items():
        if holder == REPEATS:
            kinds["repeats"].append(_repeats(document))
        elif holder in keys:
            alone = Dimension((_axis(document, holder),))
            kinds["axes"].append(_distinct(document, holder, alone))
        elif holder.startswith("axes.zip."):
            kinds["zip"].append(_zip(document, holder, keys))
        else:
            kinds["design"].append(_design(document, holder, keys))
    return tuple(dimension for found in kinds.values() for dimension in found)


def read_where(
    document: Document, settings: Settings, dimensions: Collection[Dimension]
) -> Condition | None:
    """The condition that a document states, or None; its names are axes, or fields of one value."""
    stated = document.stated(WHERE)
    if stated is None:
        return None
    swept = {axis.name: axis for one in dimensions for axis in one.axes}
    with document.telling(WHERE):
        if not isinstance(stated, str):
            raise ValueError(f"must be a condition as text, not {show(stated)}")
        return read_condition(stated, lambda name: _named(name, settings, swept))


def _zip(document: Document, holder: str, keys: list[str]) -> Dimension:
    axes = tuple(_axis(document, key) for key in keys)
    for key, axis in zip(keys, axes, strict=True):
        if len(axis) != len(axes[0]):
            raise document.refuse(
                key,
                f"has {counted(len(axis), 'value')} and {axes[0].name} has {len(axes[0])}; "
                "axes that run together are equally long",
            )
    return _distinct(document, keys[0], Dimension(axes, holder.rpartition(".")[2]))


def _design(document: Document, holder: str, keys: list[str]) -> Dimension:
    draw = f"{holder}.{DRAW}"
    keys = [key for key in keys if key != draw]
    value = document.stated(draw)
    if value is None:
        raise document.refuse(keys[0], f"lacks {draw} = {{ sobol = n, seed = s }} beside it")
    if not 1 <= len(keys) <= MAX_DIMENSIONS:
        raise document.refuse(draw, f"draws {len(keys)} axes; it may be 1 to {MAX_DIMENSIONS}")
    stated = value if isinstance(value, dict) else {}
    with document.telling(draw):
        points = drawn(stated, len(keys))
    axes = tuple(_axis(document, key, u) for key, u in zip(keys, points, strict=True))
    table = {place_of(key).axis: document.stated(key) for key in keys}
    called = holder.rpartition(".")[2]
    found = Dimension(axes, called, (f"design.{called}", {**table, DRAW: stated}))
    return _distinct(document, keys[0], found)


def _repeats(document: Document) -> Dimension:
    """Seeds 0, 1, ... of all that is drawn."""
    with document.telling(REPEATS):
        count = integer(1, MAX_VALUES)(document.stated(REPEATS))
    swept = (find_axis(place_of(key).axis) for key in document.entries)
    stated = {*document.entries, *(found[0].name for found in swept if found)}
    effective = {
        "seed": not {"initial.weights", "initial.file"} & stated,
        "batch_seed": "batch.size" in stated and not {"batch.table", "batch.file"} & stated,
    }
    names = [name for name in REPEATED if effective[name]]
    if not names:
        raise document.refuse(REPEATS, "has no effect: nothing is drawn from a seed")
    seeds = np.arange(count)
    seeds.setflags(write=False)
    return Dimension(tuple(Axis(name, seeds) for name in names), "repeats", ("repeats", count))


def _axis(document: Document, key: str, u: np.ndarray | None = None) -> Axis:
    """The axis that the entry `key` states; its values at `u`, above 0 and below 1, if drawn."""
    name, stated = place_of(key).axis, document.stated(key)
    field = swept_field(name)
    assert field.swept is not None
    with document.telling(key):
        values = _values(field.swept, field.check, stated, u)
    values.setflags(write=False)
    return Axis(name, values, stated if u is None and isinstance(stated, dict) else None)


def _values(kind: type, check: Check, stated: object, u: np.ndarray | None) -> np.ndarray:
    numeric = kind in (int, float)
    if isinstance(stated, list):
        listed = _listed(kind, check, stated)
        if u is not None:
            listed = np.take(listed, np.minimum(len(listed) * u, len(listed) - 1).astype(np.int64))
        return listed
    if isinstance(stated, dict) and numeric:
        return spaced(kind, check, stated) if u is None else between(kind, check, stated, u)
    forms = FORMS if numeric else "a list of values"
    forms = forms if u is None else "a list of values to choose from"
    raise ValueError(f"must be {forms}, not {show(stated)}")


def _listed(kind: type, check: Check, stated: list[object]) -> np.ndarray:
    if not 1 <= len(stated) <= MAX_VALUES:
        raise ValueError(f"must have 1 to {MAX_VALUES} values, not {len(stated)}")
    values: np.ndarray = np.empty(len(stated), _DTYPES[kind])
    if kind in (int, float) and {*map(type, stated)} <= {int, kind}:
        with suppress(ValueError, OverflowError):  # the loop says which value it is
            values[:] = stated
            for end in (values.min(), values.max()):  # checks of numbers are of intervals
                check(end.item())
            values += 0  # makes -0.0 into 0.0
            return values
    for index, element in enumerate(stated):
        if isinstance(element, list):
            raise ValueError(f"[{index}] must be a single value, not {show(element)}")
        try:
            values[index] = check(element)
        except ValueError as error:
            raise ValueError(f"[{index}] {error}") from None
    return values


def _distinct(document: Document, key: str, dimension: Dimension) -> Dimension:
    """The dimension, whose rows must all be different."""
    axes = dimension.axes
    if len(axes) == 1 and len(axes[0].ranked[0]) == len(axes[0]):
        return dimension
    code = codes_of(axes)
    _, first = np.unique(code, return_index=True)
    if len(first) < len(code):
        again = np.setdiff1d(np.arange(len(code)), first)[0]
        stated = [show(axis.values[again : again + 1].tolist()[0]) for axis in axes]
        what = f"values {', '.join(stated)}" if len(axes) > 1 else f"value {stated[0]}"
        raise document.refuse(key, f"has the {what} more than once")
    return dimension


def _named(name: str, settings: Settings, swept: Mapping[str, Axis]) -> Named:
    """What `name` stands for in a condition."""
    candidates = axes_meant(name)
    if not candidates:
        known = [*swept, *(axis.rpartition(".")[2] for axis in swept), *AXES]
        raise ValueError(f"{show(name)} is not a field of a study{nearest(name, known)}")
    used = [one for one in candidates if one in swept] or candidates
    if len(used) > 1:
        raise ValueError(f"{show(name)} may be {' or '.join(used)}; say which")
    field = swept_field(used[0])
    if used[0] not in swept:
        value = settings.values[field.name] if used[0] == field.axis else None
        if not isinstance(value, bool | int | float | str):
            raise ValueError(f"{used[0]} is no axis of this study and has no single value")
    assert field.swept is not None
    return Named(used[0], field.swept, field.check)
