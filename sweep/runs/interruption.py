"""Ctrl-C and SIGTERM, taken as a wish to stop soon."""

import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Self


class Interruption:
    """Notes the first SIGINT or SIGTERM within a `with` block; the second interrupts at once.

    `signal` is the number of what came, 0 for none. Signals that are ignored stay ignored; in
    another thread than the main one, where signals never arrive, nothing is changed.
    """

    def __init__(self) -> None:
        self.signal = 0
        self._previous: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._previous[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, previous in self._previous.items():
            signal.signal(number, previous)

    def __bool__(self) -> bool:
        return self.signal != 0

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.signal:
            raise KeyboardInterrupt
        self.signal = number
