"""How far a run is, shown where somebody looks: in a terminal, in a notebook, or nowhere.

And numbers as people read them.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from html import escape
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sweep.runs.runner import Progress

Show = Callable[["Progress"], None]

PAUSE = 0.2  # seconds between two changes of a notebook's bar: each is a message to the browser


def progress_bar(name: str) -> AbstractContextManager[Show]:
    """Return a context whose value shows how far the run of the study `name` is.

    In a notebook that is one line of the cell's output, changed in place, which needs no widgets;
    in a terminal a bar on stderr that goes when the run ends; anywhere else nothing.
    """
    if in_notebook():
        return _in_notebook(name)
    return _in_terminal(name) if sys.stderr.isatty() else nullcontext(lambda now: None)


def in_notebook() -> bool:
    """Say whether a notebook's kernel runs this, of Jupyter or of an editor."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and getattr(ipython.get_ipython(), "kernel", None) is not None


@contextmanager
def _in_terminal(name: str) -> Iterator[Show]:
    from rich import progress as bars  # noqa: PLC0415 - not needed where nobody looks
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Column  # noqa: PLC0415

    console, whole = Console(stderr=True), Column(no_wrap=True)
    parts = (
        bars.TextColumn("{task.description}", markup=False),
        bars.BarColumn(bar_width=12),
        bars.TextColumn("{task.fields[told]}", table_column=whole),
        bars.TimeRemainingColumn(table_column=whole),
    )
    with bars.Progress(*parts, console=console, transient=True) as bar:
        task = bar.add_task(name, total=None, told="preparing")

        def show(now: "Progress") -> None:
            bar.update(task, completed=now.trials_done, total=now.trials_total, told=_told(now))

        yield show


@contextmanager
def _in_notebook(name: str) -> Iterator[Show]:
    display: Any = import_module("IPython.display")
    handle = display.display(_line(name, "preparing", "<progress>"), raw=True, display_id=True)
    latest: Progress | None = None
    due = 0.0

    def show(now: "Progress") -> None:
        nonlocal latest, due
        latest = now
        if time.monotonic() >= due:
            left = now.seconds * (now.trials_total / now.trials_done - 1)
            handle.update(_bar(name, now, f"{_told(now)}, {duration(left)} left"), raw=True)
            due = time.monotonic() + PAUSE

    try:
        yield show
    finally:  # what stays is true of any machine: how much was trained, not how fast
        if latest is None:
            handle.update(_line(name, "nothing was trained"), raw=True)
        else:
            handle.update(_bar(name, latest, _count(latest)), raw=True)


def _bar(name: str, now: "Progress", told: str) -> dict[str, str]:
    bar = f'<progress value="{now.trials_done}" max="{now.trials_total}">'
    return _line(name, told, bar)


def _line(name: str, told: str, bar: str = "") -> dict[str, str]:
    """Return a line of a cell's output in the forms that front ends choose from."""
    text = f"{name}: {told}"
    closed = f"{bar}</progress> " if bar else ""
    return {"text/plain": text, "text/html": f"<div>{closed}{escape(text)}</div>"}


def _count(now: "Progress") -> str:
    return f"{now.trials_done:,} of {now.trials_total:,} trials"


def _told(now: "Progress") -> str:
    speed = short(now.network_steps / max(now.seconds, 1e-9), "network-steps/s")
    return f"{_count(now)}, {speed}"


def short(number: float, unit: str) -> str:
    """Return a number in three digits with an SI prefix: "479 MB", "1.05 G network-steps"."""
    prefixes = iter(("", "k", "M", "G", "T", "P"))
    prefix = next(prefixes)
    while number >= 999.5 and (larger := next(prefixes, None)):
        number, prefix = number / 1000, larger
    gap = " " if prefix and len(unit) > 1 else ""
    return f"{number:.3g} {prefix}{gap}{unit}".rstrip()


def duration(seconds: float) -> str:
    """Return a time in the unit that suits it: "0.18 s", "12 s", "3.5 min", "0.41 ms"."""
    for unit, size in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    number, unit = (1000 * seconds, "ms") if 0 < seconds < 0.01 else (seconds, "s")
    return f"{float(f'{number:.2g}') if number < 10 else round(number):g} {unit}"
