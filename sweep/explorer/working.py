"""Threads that train the tiles that pages look at, the most wanted first, in small batches."""

import hashlib
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from sweep.explorer.keeping import Kept
from sweep.explorer.tiles import Place, Tile, View
from sweep.runs.workers import Interruption, Threads, uncompiled

_BATCH_SECONDS = 0.03
"""Of a thread's work on one batch, about: so long it goes on with what nobody wants."""

_MOST_TABS = 32
_GROWTH = 4  # of a batch beside the one before, at most

Deliver = Callable[["Wanted", Tile | None, str], None]
"""Takes what was wanted, its tile or None, and what there is to say of it."""

COMPILING = "compiling the kernel"
"""What is said of a tile that will come later."""


@dataclass(frozen=True)
class Wanted:
    """A tile that a page wants, and how finely."""

    view: View
    place: Place
    side: int

    @cached_property
    def key(self) -> str:
        """What the tile is kept under, whatever its side."""
        return hashlib.sha256(f"{self.view.digest} {self.place}".encode()).hexdigest()


@dataclass(eq=False)
class _Task:
    """A tile under way.

    `state` is "new", "opening", "open" or "done"; once open, `places` are the flat positions of
    points to be trained, `given` of them to threads so far, and `left` are not trained yet.
    """

    wanted: Wanted
    state: str = "new"
    tile: Tile | None = None
    x: np.ndarray = field(default_factory=lambda: np.empty(0))
    y: np.ndarray = field(default_factory=lambda: np.empty(0))
    places: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    given: int = 0
    left: int = 0

    @property
    def name(self) -> tuple[str, int]:
        return self.wanted.key, self.wanted.side


@dataclass(eq=False)
class _Tab:
    """What one page wants, the most wanted first."""

    tasks: list[_Task]
    deliver: Deliver


class Pool:
    """Trains what pages want; use it in a `with` block, at whose end no thread is left."""

    def __init__(self, kept: Kept, threads: int) -> None:
        self._kept = kept
        self._changed = threading.Condition()
        self._tabs: dict[str, _Tab] = {}  # the one that asked last at the end
        self._ready: set[str] = set()
        self._preparing = threading.Lock()
        self._compilers = Threads(1, None)
        self._interruption = Interruption()  # is set at the end, whatever came
        self._seconds: dict[str, tuple[float, int]] = {}  # a trial's, and the last batch's trials
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(threads)]

    def __enter__(self) -> "Pool":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
        for thread in self._threads:
            thread.join()
        self._compilers.__exit__()

    def end(self) -> None:
        """Train no more than the batches under way."""
        with self._changed:
            self._interruption.signal = 1
            self._tabs.clear()
            self._changed.notify_all()

    @property
    def ending(self) -> bool:
        """Whether no more is trained."""
        return bool(self._interruption)

    def ask(self, tab: str, wanted: Sequence[Wanted], deliver: Deliver) -> None:
        """Train this for a page in place of all that it wanted before; what is under way goes on.

        `deliver` is called from threads of this pool, once for each of `wanted`, and before
        that to say that it is `COMPILING`.
        """
        with self._changed:
            before = self._tabs.pop(tab, None)
            known = {task.name: task for task in (before.tasks if before else ())}
            tasks = [_Task(one) for one in wanted]
            tasks = [known.get(task.name, task) for task in tasks]
            self._tabs[tab] = _Tab(tasks, deliver)
            while len(self._tabs) > _MOST_TABS:
                del self._tabs[next(iter(self._tabs))]
            self._changed.notify_all()

    def drop(self, tab: str, deliver: Deliver) -> None:
        """Forget what a page wanted, unless it has asked anew since."""
        with self._changed:
            if tab in self._tabs and self._tabs[tab].deliver is deliver:
                del self._tabs[tab]

    def prepare(self, view: View) -> None:
        """Have a view's kernels at hand, compiled by a process of its own if need be.

        Raises:
            SweepError: they cannot be compiled.
            CancelledError: the end came first.
        """
        digest = view.digest
        if digest not in self._ready:
            with self._preparing:
                group = view.part.group
                self._compilers.expect([group])
                self._compilers.prepare(group, self._interruption)
                self._ready.add(digest)

    def _work(self) -> None:
        while True:
            with self._changed:
                while (found := self._next()) is None and not self._interruption:
                    self._changed.wait()
            if found is None or self._interruption:
                return
            task, places = found
            try:
                if places is None:
                    self._open(task)
                else:
                    self._train(task, places)
            except CancelledError:
                return
            except Exception as error:  # a thread that died would be waited for
                self._end(task, None, str(error) or type(error).__name__)

    def _next(self) -> tuple[_Task, np.ndarray | None] | None:
        """The most wanted task that has something to do, and which of its points.

        Of one tile nothing finer is begun while something coarser is under way.
        """
        all_tasks = [task for tab in self._tabs.values() for task in tab.tasks]
        busy = {task.wanted.key for task in all_tasks if task.state in ("opening", "open")}
        for tab in reversed(self._tabs.values()):
            for task in tab.tasks:
                if task.state == "new" and task.wanted.key not in busy:
                    task.state = "opening"
                    return task, None
                if task.state == "open" and task.given < len(task.places):
                    start, size = task.given, self._batch(task.wanted.view)
                    task.given = min(start + size, len(task.places))
                    return task, task.places[start : task.given]
        return None

    def _batch(self, view: View) -> int:
        """How many trials are a batch: whole blocks of lanes, as fast as they were so far."""
        lanes = view.lanes
        seconds, last = self._seconds.get(view.digest, (0.0, 0))
        if not last:
            return lanes
        most = min(_BATCH_SECONDS / max(seconds, 1e-9), _GROWTH * last)
        return max(int(most) // lanes, 1) * lanes

    def _open(self, task: _Task) -> None:
        """Find what is kept of a tile, and which points are missing."""
        wanted, view = task.wanted, task.wanted.view
        x, y = wanted.place.values(view, wanted.side)
        tile = self._kept.read(wanted.key)
        if tile is not None and tile.side >= wanted.side:
            strides = wanted.place.strides(view, wanted.side, tile.side)
            self._end(task, tile.coarser(wanted.side, strides))
            return
        if view.digest not in self._ready and uncompiled([view.part.group], None):
            self._tell(task, COMPILING)
        self.prepare(view)
        if tile is None:
            count, size = len(view.measures), (len(y), len(x))
            task.tile = Tile(
                wanted.side, np.full((count, *size), np.nan), np.full(size, -1, np.int8)
            )
        else:
            strides = wanted.place.strides(view, tile.side, wanted.side)
            task.tile = tile.refined(wanted.side, len(x), len(y), strides)
        with self._changed:
            task.x, task.y = x, y
            task.places = np.flatnonzero(task.tile.outcome < 0)
            task.left, task.state = len(task.places), "open"
            self._changed.notify_all()
        if not task.left:  # a range that has no finer side
            self._end(task, task.tile)

    def _train(self, task: _Task, places: np.ndarray) -> None:
        assert task.tile is not None
        view, across = task.wanted.view, len(task.x)
        start = time.thread_time()  # beside other programs a batch is as large as without them
        values, outcome = view.train(task.x[places % across], task.y[places // across])
        seconds = (time.thread_time() - start) / len(places)
        # No other thread writes these points.
        task.tile.values.reshape(len(values), -1)[:, places] = values
        task.tile.outcome.reshape(-1)[places] = outcome
        with self._changed:
            self._seconds[view.digest] = (seconds, len(places))
            task.left -= len(places)
            done = not task.left
        if done:
            self._kept.write(task.wanted.key, task.tile)
            self._end(task, task.tile)

    def _end(self, task: _Task, tile: Tile | None, said: str = "") -> None:
        """Hand a tile to the pages that want it."""
        with self._changed:
            task.state, task.given = "done", len(task.places)
            tabs = [tab for tab in self._tabs.values() if task in tab.tasks]
            for tab in tabs:
                tab.tasks.remove(task)
            self._changed.notify_all()
        for tab in tabs:
            tab.deliver(task.wanted, tile, said)

    def _tell(self, task: _Task, said: str) -> None:
        with self._changed:
            tabs = [tab for tab in self._tabs.values() if task in tab.tasks]
        for tab in tabs:
            tab.deliver(task.wanted, None, said)
