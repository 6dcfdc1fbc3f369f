"""What the terminal shows: notes, columns, numbers for people, and the progress bar."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sweep.runner import Progress


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


def short(number: float, unit: str) -> str:
    """Return a number in three digits with an SI prefix: "479 MB", "1.05 G network-steps"."""
    prefixes = iter(("", "k", "M", "G", "T", "P"))
    prefix = next(prefixes)
    while number >= 999.5 and (larger := next(prefixes, None)):
        number, prefix = number / 1000, larger
    gap = " " if prefix and len(unit) > 1 else ""
    return f"{number:.3g} {prefix}{gap}{unit}".rstrip()


def duration(seconds: float) -> str:
    """Return a time in the unit that suits it: "0.18 s", "12 s", "3.5 min"."""
    for unit, size in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"


@contextmanager
def progress_bar(name: str) -> Iterator[Callable[["Progress"], None]]:
    """Show trials, network-steps per second and time left on stderr, if that is a terminal."""
    from rich import progress as bars
    from rich.console import Console
    from rich.table import Column

    console = Console(stderr=True)
    whole = Column(no_wrap=True)
    parts = (
        bars.TextColumn("{task.description}", markup=False),
        bars.BarColumn(bar_width=12),
        bars.TextColumn("{task.fields[told]}", table_column=whole),
        bars.TimeRemainingColumn(table_column=whole),
    )
    on = console.is_terminal
    with bars.Progress(*parts, console=console, transient=True, disable=not on) as bar:
        task = bar.add_task(name, total=None, told="preparing")

        def show(now: "Progress") -> None:
            speed = short(now.network_steps / max(now.seconds, 1e-9), "network-steps/s")
            told = f"{now.trials_done:,} of {now.trials_total:,} trials, {speed}"
            bar.update(task, completed=now.trials_done, total=now.trials_total, told=told)

        yield show
