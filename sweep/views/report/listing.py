"""Text of a file as a page can hold it: neither long lines nor many."""

from dataclasses import dataclass

MOST_LINES = 400
LONGEST_LINE = 300


@dataclass(frozen=True)
class Listing:
    """The text of a file, with what was left out of it said where it was."""

    text: str


def listing(text: str) -> Listing:
    """Return a text with the middle of long lines, and all lines after `MOST_LINES`, left out."""
    lines = text.splitlines()
    kept = [_shortened(line) for line in lines[:MOST_LINES]]
    if len(lines) > MOST_LINES:
        kept.append(f"[{len(lines) - MOST_LINES:,} lines more]")
    return Listing("\n".join(kept))


def _shortened(line: str) -> str:
    if len(line) <= LONGEST_LINE:
        return line
    start, end = line[: LONGEST_LINE * 2 // 3], line[-LONGEST_LINE // 4 :]
    return f"{start} [{len(line) - len(start) - len(end):,} characters left out] {end}"
