"""The `[axes]` of a study file become dimensions, and the condition on them."""

from collections.abc import Collection, Iterator, Mapping

from sweep.study.axes import Axis, read_axis, refuse_duplicates
from sweep.study.checks import show
from sweep.study.conditions import Condition, Named, read_condition
from sweep.study.document import Document, Entry
from sweep.study.fields import (
    AXES,
    Settings,
    find_axis,
    nearest,
    place_of,
    swept_field,
)
from sweep.study.grid import Dimension

WHERE = "axes.where"


def read_dimensions(document: Document) -> tuple[Dimension, ...]:
    """The dimensions that a document states: single axes, then zips, each in its order.

    Raises:
        RequestError: an axis is none, or the axes of a zip do not fit together.
    """
    holders = sorted(_holders(document.entries).items(), key=lambda one: [one[0]] != one[1])
    return tuple(_dimension(document, holder, keys) for holder, keys in holders)


def read_where(
    document: Document, settings: Settings, dimensions: Collection[Dimension]
) -> Condition | None:
    """The condition that a document states, or None; its names are axes, or fields of one value.

    Raises:
        RequestError: it is none, or has a name of something else.
    """
    if WHERE not in document.entries:
        return None
    swept = {axis.name: axis for one in dimensions for axis in one.axes}
    stated = document.entries[WHERE].value
    try:
        if not isinstance(stated, str):
            raise ValueError(f"must be a condition as text, not {show(stated)}")
        return read_condition(stated, lambda name: _named(name, settings, swept))
    except ValueError as error:
        raise document.refuse(WHERE, str(error)) from None


def value_of(name: str, settings: Settings) -> object:
    """What a name in a condition stands for that is no axis of a group's grid."""
    return settings[swept_field(name).name]


def _holders(entries: Mapping[str, Entry]) -> dict[str, list[str]]:
    """The keys of axes by the dimension that holds them: a zip's many, or one alone."""
    holders: dict[str, list[str]] = {}
    for key in entries:
        if key.startswith("axes.") and key != WHERE:
            place = place_of(key)
            holders.setdefault(key if place.holder == "axes" else place.holder, []).append(key)
    return holders


def _dimension(document: Document, holder: str, keys: list[str]) -> Dimension:
    zipped = [holder] != keys
    axes = tuple(_axis(document, key, distinct=not zipped) for key in keys)
    if not zipped:
        return Dimension(axes)
    for key, axis in zip(keys, axes, strict=True):
        if len(axis) != len(axes[0]):
            raise document.refuse(
                key,
                f"has {len(axis)} values and {axes[0].name} has {len(axes[0])}; "
                "axes that run together are equally long",
            )
    found = Dimension(axes, holder.rpartition(".")[2])
    try:
        refuse_duplicates(axes)
    except ValueError as error:
        raise document.refuse(keys[0], str(error)) from None
    return found


def _axis(document: Document, key: str, *, distinct: bool) -> Axis:
    name = place_of(key).axis
    field = swept_field(name)
    if field.swept is None:
        raise document.refuse(key, "cannot be an axis")
    try:
        return read_axis(
            name, field.swept, field.check, document.entries[key].value, distinct=distinct
        )
    except ValueError as error:
        raise document.refuse(key, str(error)) from None


def _named(name: str, settings: Settings, swept: Mapping[str, Axis]) -> Named:
    """What `name` stands for in a condition."""
    candidates = list(_candidates(name))
    if not candidates:
        known = [*swept, *(axis.rpartition(".")[2] for axis in swept), *AXES]
        raise ValueError(f"{show(name)} is not a field of a study{nearest(name, known)}")
    used = [one for one in candidates if one in swept] or candidates
    if len(used) > 1:
        raise ValueError(f"{show(name)} may be {' or '.join(used)}; say which")
    field = swept_field(used[0])
    if used[0] not in swept:
        value = settings[field.name] if used[0] == field.axis else None
        if not isinstance(value, bool | int | float | str):
            raise ValueError(f"{used[0]} is no axis of this study and has no single value")
    assert field.swept is not None
    return Named(used[0], field.swept, field.check)


def _candidates(name: str) -> Iterator[str]:
    """The one names of the axes that `name` may mean: its own, or those that end in it."""
    found = find_axis(name)
    if found:
        yield found[1]
        return
    yield from dict.fromkeys(
        field.axis for spelling, field in AXES.items() if spelling.endswith(f".{name}")
    )
