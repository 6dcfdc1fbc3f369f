"""What the terminal shows: notes, columns, numbers for people and JSON for programs."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from math import isfinite, isnan

from sweep.runs.quantities import duration, short

__all__ = ["columns", "duration", "note", "plural", "printable", "short", "tell"]


def note(*messages: str) -> None:
    """Print each message as one line on stderr."""
    for message in messages:
        print(printable(" ".join(message.split())), file=sys.stderr)


def columns(rows: Sequence[Sequence[str]], right: Iterable[int] = ()) -> None:
    """Print rows as aligned columns, those numbered in `right` to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            cell.rjust(width) if at in right else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        print(printable("  ".join(cells).rstrip()))


def printable(text: str) -> str:
    """Return text that cannot command the terminal."""
    return "".join(c if c.isprintable() else " " for c in text)


def plural(count: int, what: str) -> str:
    """Return "1 step" or "1,000 steps"."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def tell(found: object) -> None:
    """Print a dataclass, or a dictionary, as one JSON object.

    An infinite number is text, one that is none is null, a path is text and a table a list of rows.
    """
    import json

    print(json.dumps(_plain(found), indent=1, ensure_ascii=True, allow_nan=False))


def _plain(value: object) -> object:
    if is_dataclass(value):
        value = {field.name: getattr(value, field.name) for field in fields(value)}
    elif hasattr(value, "to_dict"):  # a table of pandas
        value = value.to_dict("records")
    elif hasattr(value, "item"):  # a number of NumPy
        value = value.item()
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float) and isnan(value):
        return None
    is_json = value is None or isinstance(value, str | int)
    if isinstance(value, float):
        is_json = isfinite(value)
    return value if is_json else str(value)
