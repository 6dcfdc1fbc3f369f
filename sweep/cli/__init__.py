"""The door: the command line. Only here is anything printed.

All but the command line itself is imported inside the commands, so that help answers at once, and
the command line inside `main`, so that a signal that comes while Python imports ends in a line too.
"""

import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any


class Stopped(BaseException):
    """SIGINT or SIGTERM came; its argument is which."""


def main() -> None:
    """Run the command line; exit with 0 done, 1 failed, 2 wrong request, 130 or 143 interrupted."""
    heeded = []  # unless it is ignored; a run has its own way meanwhile
    if threading.current_thread() is threading.main_thread():
        signals = (signal.SIGINT, signal.SIGTERM)
        heeded = [one for one in signals if signal.getsignal(one) is not signal.SIG_IGN]
    try:
        try:
            for number in heeded:
                signal.signal(number, _stop)
            from sweep.cli.ending import status_of

            status = status_of(_app())
        finally:
            for number in heeded:  # all is done, and Python takes a while to end
                signal.signal(number, signal.SIG_IGN)
    except Stopped as stopped:
        print("sweep: interrupted", file=sys.stderr)
        status = 128 + stopped.args[0]
    sys.exit(status)


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stopped(number)


def _app() -> Callable[..., Any]:
    """The application: each module adds its commands, in the order in which help names them."""
    from sweep.cli import studies  # noqa: F401  # isort: skip
    from sweep.cli import analysing, course, maps  # noqa: F401
    from sweep.cli.door import app

    return app


def __getattr__(name: str) -> object:
    if name == "app":
        return _app()
    raise AttributeError(name)
