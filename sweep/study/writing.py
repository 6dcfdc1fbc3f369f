"""A study as TOML."""

import json
from collections.abc import Mapping, Sequence
from itertools import groupby

import numpy as np

from sweep.study.axes import Axis


def study_toml(settings: Mapping[str, object], axes: Sequence[Axis]) -> str:
    """A study file that states `settings`, by dotted name, and all values of `axes`.

    Floats are written by their shortest exact form. The order of keys is that of `settings`.
    """
    parts = []
    for table, names in groupby(settings, lambda name: name.rpartition(".")[0]):
        lines = [f"{name.rpartition('.')[2]} = {_toml(settings[name])}" for name in names]
        parts.append("\n".join([f"[{table}]"] * bool(table) + lines))
    if axes:
        lines = [f"{_key(axis.name)} = {_toml(axis.values)}" for axis in axes]
        parts.append("\n".join(["[axes]", *lines]))
    return "\n\n".join(parts) + "\n"


def _toml(value: object) -> str:
    if isinstance(value, np.ndarray):
        return _toml(value.tolist())
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
