"""Power fails at any moment: what was not flushed to the disk may or may not be there.

A run is recorded as a list of what it asked of the system. For every moment of it the disk is made
up again as it may be found afterwards: of each file the content up to its last fsync, of each
directory the names up to its last fsync, and of all later ones none, all, or any.
"""

import os
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sweep.store import ledger as ledgers
from sweep.store.ledger import read_ledger
from sweep.store.repair import verify
from tests.store.small import Bench, assert_plain_readers_see_rows_once, study

BEFORE = study("learning_rate = [0.5]\nseed = [0, 1]")
AFTER = study("learning_rate = [0.5, 7.0]\nseed = [0, 1, 2]", "steps = 35")

Keeps = Callable[[], bool]


@dataclass
class File:
    """A file: what was written to it, and how much of that was flushed."""

    written: bytes = b""
    durable: bytes = b""


@dataclass
class Disk:
    """The names of each directory as they are durable, and what was done to them since.

    Of directories themselves only the making is of interest: it is taken as durable at once.
    """

    files: dict[Path, File]
    pending: dict[Path, list[tuple[str, Path, File | None]]] = field(default_factory=dict)

    def change(self, verb: str, path: Path, file: File | None = None) -> None:
        self.pending.setdefault(path.parent, []).append((verb, path, file))

    def flush(self, directory: Path) -> None:
        for change in self.pending.pop(directory, []):
            _apply(self.files, change)

    def found(self, keeps: Keeps) -> dict[Path, bytes]:
        """What is on the disk if of all that was not flushed only what `keeps` says is there."""
        names = dict(self.files)
        for changes in self.pending.values():
            for change in changes:
                if keeps():
                    _apply(names, change)
        return {path: file.written if keeps() else file.durable for path, file in names.items()}


def _apply(names: dict[Path, File], change: tuple[str, Path, File | None]) -> None:
    verb, path, file = change
    if verb == "unlink":
        names.pop(path, None)
    elif file is not None:
        names[path] = file


class Recorder:
    """Stands before the system's calls and notes the disk as it may be found after each."""

    def __init__(self, root: Path, keeps: Keeps) -> None:
        self.keeps = keeps
        self.now = {path: File(data, data) for path, data in content(root).items()}
        self.disk = Disk(dict(self.now))
        self.opened: dict[int, File | Path] = {}
        self.states: list[dict[Path, bytes]] = []

    def install(self, patch: pytest.MonkeyPatch) -> None:
        for name in ("open", "write", "fsync", "link", "unlink", "replace"):
            patch.setattr(os, name, self._watched(getattr(os, name), getattr(self, f"_{name}")))

    def _watched(self, real: Callable[..., object], note: Callable[..., None]) -> object:
        def call(*args: object, **rest: object) -> object:
            found = real(*args, **rest)
            note(found, *args)
            state = self.disk.found(self.keeps)
            if state not in self.states[-1:]:
                self.states.append(state)
            return found

        return call

    def _open(self, handle: int, path: object, flags: int, *_: object) -> None:
        path = Path(str(path))
        if path.is_dir():
            self.opened[handle] = path
            return
        if path not in self.now:
            self.now[path] = File()
            self.disk.change("link", path, self.now[path])
        self.opened[handle] = self.now[path]

    def _write(self, count: int, handle: int, data: memoryview) -> None:
        self.opened[handle].written += bytes(data[:count])

    def _fsync(self, _: object, handle: int) -> None:
        opened = self.opened[handle]
        if isinstance(opened, Path):
            self.disk.flush(opened)
        else:
            opened.durable = opened.written

    def _link(self, _: object, source: object, target: object) -> None:
        self.now[Path(str(target))] = self.now[Path(str(source))]
        self.disk.change("link", Path(str(target)), self.now[Path(str(source))])

    def _unlink(self, _: object, path: object, **__: object) -> None:
        self.now.pop(Path(str(path)))
        self.disk.change("unlink", Path(str(path)))

    def _replace(self, _: object, source: object, target: object) -> None:
        """Both happen or none: file systems that rename at all do that at once."""
        source, target = Path(str(source)), Path(str(target))
        assert source.parent == target.parent
        self.now[target] = self.now.pop(source)
        self.disk.change("link", target, self.now[target])


def content(root: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


def some_of_it() -> Keeps:
    draw = random.Random(7)
    return lambda: draw.random() < 0.5


CHOICES = {"nothing": lambda: False, "everything": lambda: True, "some of it": some_of_it()}


@pytest.mark.check  # of what fails `make test` has the kills of test_faults
@pytest.mark.parametrize("left", CHOICES)
def test_power_fails_at_any_moment(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left: str
) -> None:
    monkeypatch.setattr(ledgers, "_FAN_IN", 3)
    bench.run(BEFORE)
    before, template = bench.digest(), bench.results
    whole = Bench(tmp_path / "whole", [])
    whole.run(AFTER, chunk=2)
    recorded = Bench(tmp_path / "recorded", [])
    shutil.copytree(template, recorded.results)
    recorder = Recorder(recorded.results, CHOICES[left])
    with monkeypatch.context() as patch:
        recorder.install(patch)
        recorded.run(AFTER, chunk=2)
    found = Bench(tmp_path / "found", [])
    assert len(recorder.states) > 30
    assert any(commit.replaces for commit in read_ledger(recorded.directory).commits.values())
    for state in recorder.states:
        shutil.rmtree(found.results, ignore_errors=True)
        shutil.copytree(recorded.results, found.results, ignore=lambda at, names: [
            name for name in names if (Path(at) / name).is_file()])  # fmt: skip
        for path, data in state.items():
            (found.results / path.relative_to(recorded.results)).write_bytes(data)
        assert_nothing_lost(found, before)
        found.run(AFTER, chunk=2)
        assert found.digest() == whole.digest()


def assert_nothing_lost(found: Bench, before: str) -> None:
    assert verify(found.directory) == []
    assert found.open(BEFORE).content_digest() == before
    assert_plain_readers_see_rows_once(found.directory)
    assert len(found.open(AFTER).trials()) == found.open(AFTER).trained
