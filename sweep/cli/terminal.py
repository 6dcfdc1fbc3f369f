"""What the terminal shows: notes, columns, numbers for people and JSON for programs."""

import codecs
import re
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from io import TextIOWrapper
from math import isfinite, isnan

from sweep.runs.progress import duration, short

__all__ = ["columns", "duration", "note", "plural", "printable", "short", "tell", "use_what_it_has"]


LETTERS = {
    "∂": "d", "∇": "grad", "∑": "sum", "∏": "prod", "√": "sqrt", "·": "*", "⋅": "*", "×": "x",
    "−": "-", "–": "-", "—": "-", "→": "->", "←": "<-", "≤": "<=", "≥": ">=", "≠": "!=", "≈": "~",
    "∞": "inf", "…": "...", "∈": "in", "‘": "'", "’": "'", "“": '"', "”": '"', "•": "*",
}  # fmt: skip
"""What is written for letters that a terminal lacks; Greek ones by their names."""


def use_what_it_has() -> None:
    """Let stdout and stderr write letters that their encodings lack by others."""
    codecs.register_error("sweep", _otherwise)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="sweep")


def _otherwise(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    return "".join(map(_letter, error.object[error.start : error.end])), error.end


def _letter(letter: str) -> str:
    if letter in LETTERS:
        return LETTERS[letter]
    name = unicodedata.name(letter, "")
    if greek := re.fullmatch(r"GREEK (SMALL|CAPITAL) LETTER (\w+)", name):
        return greek[2].lower() if greek[1] == "SMALL" else greek[2].capitalize()
    apart = unicodedata.normalize("NFKD", letter)
    if apart != letter and not apart.isascii():  # a letter and its mark, or another of its kind
        return "".join(map(_letter, filter(str.isalpha, apart))) or "?"
    plain = apart.encode("ascii", "ignore").decode()
    return ("^" if "SUPERSCRIPT" in name else "") + plain if plain else "?"


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
