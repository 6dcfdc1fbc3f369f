"""What the terminal shows: notes, columns and numbers for people."""

import sys
from collections.abc import Iterable, Sequence

from sweep.runs.quantities import duration, short

__all__ = ["columns", "duration", "note", "printable", "short"]


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
