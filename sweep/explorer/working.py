"""Threads that train the tiles that pages look at, the most wanted first, in small batches."""

import math
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from sweep.errors import RequestError
from sweep.explorer.keeping import Kept
from sweep.explorer.tiles import Tile, View, Wanted
from sweep.runs.workers import Interruption, Threads, uncompiled

_BATCH_SECONDS = 0.03
"""Of a thread's work on one batch, about: so long it goes on with what nobody wants."""

_QUICK_SECONDS = 0.015
"""Of a thread's work on a tile: one that takes less needs no coarser one before it."""

_PATIENCE = 1.0  # seconds for batches under way at the end; what takes longer is not waited for
_MOST_TABS = 32
_GROWTH = 4  # of a batch beside the one before, at most
_NICE = 10  # what shows a page goes before what trains for it

Deliver = Callable[[Wanted, Tile | None, str], None]
"""Takes what was wanted, its tile or None, and what there is to say of it."""

COMPILING = "compiling the kernel"
"""What is said of a tile that will come later."""

_ENDING = "the server is ending"


_Found = TypeVar("_Found")


def aside(work: Callable[..., _Found], *given: object) -> "Future[_Found]":
    """What a thread of its own makes of it, which the end of the process does not wait for."""
    found: Future[_Found] = Future()
    found.set_running_or_notify_cancel()

    def answer() -> None:
        try:
            found.set_result(work(*given))
        except Exception as error:  # whoever asked is told
            found.set_exception(error)

    threading.Thread(target=answer, daemon=True).start()
    return found


@dataclass(eq=False)
class _Task:
    """A tile under way.

    `state` is "new", "opening", "open" or "done"; once open, `points` are the flat positions of
    points that no thread has been given yet, and `left` are not trained yet.
    """

    wanted: Wanted
    state: str = "new"
    tile: Tile | None = None
    points: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    left: int = 0


class Pool:
    """Trains what pages want; use it in a `with` block.

    At its end threads are waited for as long as a batch usually takes. Of a network that takes
    longer they are left to their batch, after which they end too: all that they could still do is
    to keep a tile, which is written whole or not at all.
    """

    def __init__(self, kept: Kept, threads: int) -> None:
        self.kept = kept
        self._changed = threading.Condition()
        # What each page wants, the most wanted first; the one that asked last at the end.
        self._tabs: dict[str, tuple[list[_Task], Deliver]] = {}
        self._ready, self._compiling = set[str](), set[str]()  # views, by their digests
        self._preparing = threading.Lock()
        self._compilers, self._interruption = Threads(1, None), Interruption()
        self._seconds: dict[str, tuple[float, int]] = {}  # a trial's, and the last batch's trials
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(threads)]

    def __enter__(self) -> "Pool":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
        due = time.monotonic() + _PATIENCE
        for thread in self._threads:
            thread.join(max(due - time.monotonic(), 0.0))
        self._compilers.__exit__()

    def end(self) -> None:
        """Train no more than the batches under way."""
        with self._changed:
            self._interruption.signal = 1
            self._tabs.clear()
            self._changed.notify_all()

    def ask(self, tab: str, wanted: Sequence[Wanted], deliver: Deliver) -> list[Wanted]:
        """Train this for a page in place of all that it wanted before; what is under way goes on.

        Returns what there will be: not what is passed over, being nearly as long in coming as
        something finer. `deliver` is called from threads of this pool, once for each of these,
        and before that to say that it is `COMPILING`.
        """
        sides = {(one.key, one.side) for one in wanted}
        wanted = [
            one for one in wanted if (one.key, one.side + 1) not in sides or not self._quick(one)
        ]
        with self._changed:
            known = {task.wanted: task for task in self._tasks()}
            self._tabs.pop(tab, None)
            self._tabs[tab] = [known.get(one) or _Task(one) for one in wanted], deliver
            while len(self._tabs) > _MOST_TABS:
                del self._tabs[next(iter(self._tabs))]
            self._changed.notify_all()
        if wanted and wanted[0].view.digest in self._compiling - self._ready:  # for another page
            deliver(wanted[0], None, COMPILING)
        return wanted

    def _quick(self, one: Wanted) -> bool:
        seconds, _ = self._seconds.get(one.view.digest, (math.inf, 0))
        return bool(seconds * 4 ** (one.side + 1) < _QUICK_SECONDS)

    def drop(self, tab: str, deliver: Deliver) -> None:
        """Forget what a page wanted, unless it has asked anew since."""
        with self._changed:
            if tab in self._tabs and self._tabs[tab][1] is deliver:
                del self._tabs[tab]

    def prepare(self, view: View) -> None:
        """Have a view's kernels at hand, compiled by a process of its own if need be.

        Raises:
            SweepError: they cannot be compiled, or the end came first.
        """
        if view.digest in self._ready:
            return
        try:
            with self._preparing:
                self._compilers.expect([view.part.group])
                self._compilers.prepare(view.part.group, self._interruption)
        except CancelledError:
            raise RequestError(_ENDING) from None
        self._ready.add(view.digest)

    def refuse_at_the_end(self) -> None:
        """Raise a RequestError once no more is trained."""
        if self._interruption:
            raise RequestError(_ENDING)

    def _work(self) -> None:
        if sys.platform == "linux":  # where a thread has a priority of its own
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
        while True:
            with self._changed:
                while (found := self._next()) is None and not self._interruption:
                    self._changed.wait()
            if found is None or self._interruption:
                return
            task, points = found
            try:
                if points is None:
                    self._open(task)
                else:
                    self._train(task, points)
            except Exception as error:  # a thread that died would be waited for
                self._end(task, None, str(error) or type(error).__name__)

    def _next(self) -> tuple[_Task, np.ndarray | None] | None:
        """The most wanted task that has something to do, and which of its points.

        Of one tile nothing finer is begun while something coarser is under way.
        """
        tasks = self._tasks()
        busy = {task.wanted.key: task for task in tasks if task.state in ("opening", "open")}
        for one in tasks:
            task = busy.get(one.wanted.key, one)
            if task.state == "new":
                task.state = "opening"
                return task, None
            if len(task.points):
                size = self._batch(task.wanted.view)
                points, task.points = task.points[:size], task.points[size:]
                return task, points
        return None

    def _tasks(self) -> list[_Task]:
        return [task for tasks, _ in reversed(self._tabs.values()) for task in tasks]

    def _batch(self, view: View) -> int:
        """How many trials are a batch: whole blocks of lanes, as fast as they were so far."""
        lanes = view.lanes or 1
        seconds, last = self._seconds.get(view.digest, (0.0, 0))
        most = min(_BATCH_SECONDS / max(seconds, 1e-9), _GROWTH * last)
        return max(int(most) // lanes, 1) * lanes

    def _open(self, task: _Task) -> None:
        """Find what is kept of a tile, and which points are missing."""
        wanted, view = task.wanted, task.wanted.view
        known = self.kept.read(wanted.key)
        if known and known.side >= wanted.side:
            self._end(task, wanted.among(known))
            return
        if view.digest not in self._ready and uncompiled([view.part.group], None):
            self._compiling.add(view.digest)
            self._end(task, None, COMPILING)
        self.prepare(view)
        task.tile = wanted.begun(known)
        points = np.flatnonzero(task.tile.outcome < 0)
        if not len(points):  # a range that has no finer side
            self._end(task, task.tile)
            return
        with self._changed:
            task.points, task.left, task.state = points, len(points), "open"
            self._changed.notify_all()

    def _train(self, task: _Task, points: np.ndarray) -> None:
        view, tile = task.wanted.view, task.tile
        assert tile is not None
        x, y = task.wanted.axes
        start = time.thread_time()  # beside other programs a batch is as large as without them
        values, outcome = view.train(x[points % len(x)], y[points // len(x)])
        seconds = (time.thread_time() - start) / len(points)
        # No other thread writes these points.
        tile.values.reshape(len(values), -1)[:, points] = values
        tile.outcome.reshape(-1)[points] = outcome
        with self._changed:
            self._seconds[view.digest] = (seconds, len(points))
            task.left -= len(points)
            done = not task.left
        if done:
            self.kept.write(task.wanted.key, tile)
            self._end(task, tile)

    def _end(self, task: _Task, tile: Tile | None, said: str = "") -> None:
        """Hand a tile to the pages that want it, or say why there is none, yet or at all."""
        with self._changed:
            tabs = [one for one in self._tabs.values() if task in one[0]]
            if said != COMPILING:
                task.state, task.points = "done", task.points[:0]
                for tasks, _ in tabs:
                    tasks.remove(task)
                self._changed.notify_all()
        for _, deliver in tabs:
            deliver(task.wanted, tile, said)
