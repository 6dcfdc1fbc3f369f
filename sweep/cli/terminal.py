"""What the terminal shows: notes, columns, numbers for people and JSON for programs."""

import codecs
import re
import sys
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from io import TextIOWrapper
from math import isfinite, isnan

LETTERS = {
    "∂": "d", "∇": "grad", "∑": "sum", "∏": "prod", "√": "sqrt", "·": "*", "⋅": "*", "×": "x",
    "−": "-", "–": "-", "—": "-", "→": "->", "←": "<-", "≤": "<=", "≥": ">=", "≠": "!=", "≈": "~",
    "∞": "inf", "…": "...", "∈": "in", "‘": "'", "’": "'", "“": '"', "”": '"', "•": "*", "Σ": "sum",
}  # fmt: skip
"""What is written for letters that a terminal lacks; other Greek ones by their names."""

RAISED = re.compile("[⁻⁺⁽⁾⁰¹²³⁴⁵⁶⁷⁸⁹]+")


def use_what_it_has() -> None:
    """Let stdout and stderr write letters that their encodings lack by others."""
    codecs.register_error("sweep", _otherwise)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="sweep")


def _otherwise(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    if raised := RAISED.match(error.object, error.start):
        plain = unicodedata.normalize("NFKD", raised[0]).replace("−", "-")
        return f"^{plain}", raised.end()
    return _letter(error.object[error.start]), error.start + 1


def _letter(letter: str) -> str:
    if letter in LETTERS:
        return LETTERS[letter]
    if greek := re.fullmatch(r"GREEK (SMALL|CAPITAL) LETTER (\w+)", unicodedata.name(letter, "")):
        return greek[2].lower() if greek[1] == "SMALL" else greek[2].capitalize()
    apart = unicodedata.normalize("NFKD", letter)
    if apart != letter and not apart.isascii():  # a letter and its mark, or another of its kind
        return "".join(map(_letter, filter(str.isalpha, apart))) or "?"
    return apart.encode("ascii", "ignore").decode() or "?"


def note(*messages: str) -> None:
    """Print each message as one line on stderr."""
    for message in messages:
        print(printable(" ".join(message.split())), file=sys.stderr)


def columns(rows: Iterable[Sequence[str]], right: Collection[int] = ()) -> None:
    """Print rows as aligned columns, those numbered in `right` to the right.

    A column that has nothing beneath its heading is left out.
    """
    aligned = []
    for at, cells in enumerate(zip(*rows, strict=True)):
        align, width = str.rjust if at in right else str.ljust, max(map(len, cells))
        if any(cells[1:]):
            aligned.append([align(cell, width) for cell in cells])
    for row in zip(*aligned, strict=True):
        print(printable("  ".join(row).rstrip()))


def said(say: Callable[[float], str], *values: float) -> str:
    """Return a number, or "a to b", in the words of `say`; "-" for one that is none."""
    return "-" if isnan(values[0]) else " to ".join(map(say, values))


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
    if isinstance(value, float) and not isfinite(value):
        return None if isnan(value) else str(value)
    return value if value is None or isinstance(value, str | int | float) else str(value)
