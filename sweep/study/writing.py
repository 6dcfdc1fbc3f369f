"""Studies as text: the one that `sweep new` starts from, any as TOML, and what a notebook shows."""

import json
from collections.abc import Mapping, Sequence
from html import escape
from itertools import groupby
from pathlib import Path

import numpy as np

from sweep.study.grid import Dimension
from sweep.study.spacings import EXACT, LISTED

STARTER = Path(__file__).with_name("starter.toml").read_text(encoding="utf-8")
"""A commented study that runs as it is."""


_CELL = "text-align:left;vertical-align:top"
_LISTED = 16  # values that a list may show where a range would do


def study_toml(
    settings: Mapping[str, object],
    dimensions: Sequence[Dimension],
    where: str = "",
    *,
    described: bool = False,
) -> str:
    """A study file that states `settings`, by dotted name, all values of axes, and a condition.

    Floats are written by their shortest exact form, and what is long as it was described, as are
    whole numbers at equal distances: a list of a million takes seconds to read; all that was
    described is if `described`. The order of keys is that of `settings`.
    """
    parts = []
    for table, names in groupby(settings, lambda name: name.rpartition(".")[0]):
        lines = [f"{name.rpartition('.')[2]} = {_toml(settings[name])}" for name in names]
        parts.append("\n".join([f"[{table}]"] * bool(table) + lines))
    if dimensions:
        # A design comes after zips where it is read, and so do repeats after designs.
        long = described or any(one.stated and len(one) > LISTED for one in dimensions)
        lines = [f"where = {_string(where)}"] * bool(where)
        lines += [_dimension(one, described=long) for one in dimensions]
        parts.append("\n".join(["[axes]", *lines]))
    return "\n\n".join(parts) + "\n"


def _dimension(dimension: Dimension, *, described: bool) -> str:
    if dimension.stated and described:
        return f"{dimension.stated[0]} = {_toml(dimension.stated[1])}"
    values = {
        axis.name: axis.stated
        if axis.stated and (described or len(axis) > LISTED)
        else _values(axis.values)
        for axis in dimension.axes
    }
    if not dimension.name:
        (axis,) = dimension.axes
        return f"{_key(axis.name)} = {_toml(values[axis.name])}"
    return f"zip.{dimension.name} = {_toml(values)}"


def _values(values: np.ndarray) -> object:
    """What states the values of an axis."""
    whole = values.dtype == np.int64 and len(values) > _LISTED
    if whole and values.min() >= -EXACT and values.max() < EXACT:
        strides = np.diff(values)
        low, high, stride = values[0].item(), values[-1].item() + 1, strides[0].item()
        if stride > 0 and (strides == stride).all():
            return {"range": [low, high] if stride == 1 else [low, high, stride]}
    return values


def _toml(value: object) -> str:
    if isinstance(value, np.ndarray):
        listed = value.tolist()  # of an axis it is long
        return f"[{', '.join(map(repr, listed))}]" if value.dtype.kind in "if" else _toml(listed)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, Mapping):
        entries = ", ".join(f"{_key(key)} = {_toml(item)}" for key, item in value.items())
        return f"{{ {entries} }}" if entries else "{}"
    if isinstance(value, bool):
        return str(value).lower()
    return _string(value) if isinstance(value, str) else repr(value)


def _string(text: str) -> str:
    # A JSON string is a TOML string, but for DEL, which JSON leaves as it is.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    return _string(name) if "." in name else name


def card(title: str, rows: Mapping[str, str]) -> str:
    """Return HTML of a title over a table of two columns; all text is escaped."""
    lines = "".join(
        f'<tr><th style="{_CELL}">{escape(name)}</th><td style="{_CELL}">{escape(value)}</td></tr>'
        for name, value in rows.items()
    )
    return f"<div><strong>{escape(title)}</strong><table><tbody>{lines}</tbody></table></div>"
