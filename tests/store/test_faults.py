"""Whatever call to the system fails or is the last one, the old state or the new one is there."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

import pytest

from sweep.errors import SweepError
from sweep.store import ledger as ledgers
from sweep.store.ledger import read_ledger
from sweep.store.repair import verify
from tests.store.small import Bench, assert_plain_readers_see_rows_once, study

CALLS = ("open", "write", "fsync", "link", "unlink", "replace", "mkdir")
BEFORE = study("learning_rate = [0.5]\nseed = [0, 1]")
AFTER = study("learning_rate = [0.5, 7.0]\nseed = [0, 1, 2]", "steps = 35")


class KilledError(BaseException):
    """The process is gone: nothing it would still do happens."""


@contextmanager
def disturbed(at: int, fault: BaseException, *, dead: bool) -> Iterator[list[str]]:
    """Let the call number `at` fail, and every later one if the process is `dead` then."""
    made: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        for name in CALLS:
            real = getattr(os, name)

            def call(
                *args: object, real: Callable[..., object] = real, name: str = name, **rest: object
            ) -> object:
                made.append(name)
                if len(made) == at or (dead and len(made) > at):
                    raise fault
                return real(*args, **rest)

            patch.setattr(os, name, call)
        yield made


def faults(
    bench: Bench, fault: BaseException, *, dead: bool, every: int = 1
) -> Iterator[tuple[str, BaseException | None]]:
    """The call, and what comes of a run on the results of `BEFORE` disturbed at `every` call of it.

    Each time at a place of its own, where `bench` then stands; ends with the undisturbed run.
    """
    results = bench.results
    for at in count(1, every):
        bench.results = results / str(at)
        bench.run(BEFORE)
        outcome: BaseException | None = None
        with disturbed(at, fault, dead=dead) as made:
            try:
                bench.run(AFTER, chunk=2)
            except (SweepError, KilledError) as error:
                outcome = error
        if len(made) < at:
            break
        yield made[at - 1], outcome
    assert at > 60
    assert set(made) >= set(CALLS) - {"mkdir"}


def assert_old_or_new(bench: Bench) -> None:
    """Assert that all that is committed is whole, and no reader of the directory sees more."""
    assert verify(bench.directory) == []
    assert bench.open(BEFORE).trained == 2
    assert len(bench.open(AFTER).trials()) == bench.open(AFTER).trained
    assert_plain_readers_see_rows_once(bench.directory)


def assert_made_good(bench: Bench, digest: str) -> None:
    """Assert that another run completes the results and leaves nothing behind."""
    before = bench.open(AFTER).trained
    assert bench.run(AFTER, chunk=2).already == before
    assert bench.digest() == digest
    ledger = read_ledger(bench.directory)
    hidden = {path.name for path in bench.directory.rglob(".*")}
    assert hidden == {".lock"}
    for kind in ("trials", "curves", "parameters"):
        stems = {path.stem for path in (bench.directory / kind).iterdir()}
        assert stems == ledger.commits.keys() - ledger.hidden


@pytest.fixture(autouse=True)
def _soon_merged(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the third chunk of a run is merged with those before it."""
    monkeypatch.setattr(ledgers, "_FAN_IN", 3)


@pytest.fixture
def digest(bench: Bench) -> str:
    """The digest of an undisturbed run of `AFTER`."""
    results = bench.results
    bench.results = results / "undisturbed"
    bench.run(AFTER)
    found = bench.digest()
    bench.results = results
    return found


@pytest.mark.parametrize("every", [5, pytest.param(1, marks=pytest.mark.check)])
def test_killed_at_any_call(bench: Bench, digest: str, every: int) -> None:
    for _ in faults(bench, KilledError(), dead=True, every=every):
        assert_old_or_new(bench)
        assert_made_good(bench, digest)


@pytest.mark.check
@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC])
def test_refused_any_call(bench: Bench, digest: str, code: int) -> None:
    fault = OSError(code, os.strerror(code))
    for call, error in faults(bench, fault, dead=False):
        if error is None:
            assert call == "unlink"
        else:
            assert str(error).endswith(f": {os.strerror(code)}")
            assert "\n" not in str(error)
        assert_old_or_new(bench)
        assert_made_good(bench, digest)


def test_a_full_disk_leaves_no_uncommitted_rows(bench: Bench) -> None:
    """Every call fails from some point on, but what was begun can still be removed."""
    bench.run(BEFORE)
    with pytest.MonkeyPatch.context() as patch:
        real, left = os.write, [6]

        def write(handle: int, data: bytes) -> int:
            left[0] -= 1
            if left[0] < 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return real(handle, data)

        patch.setattr(os, "write", write)
        with pytest.raises(SweepError, match="could not be saved: No space left on device"):
            bench.run(AFTER, chunk=1)
    stems = {path.stem for path in bench.directory.rglob("*.parquet")}
    assert stems == set(read_ledger(bench.directory).commits)
    assert not list(bench.directory.rglob(".*.tmp"))


READS = ("open", "stat", "listdir", "unlink")


@pytest.mark.check
@pytest.mark.parametrize("name", READS)
def test_a_file_that_is_not_found_once_is_looked_for_again(
    bench: Bench, digest: str, name: str
) -> None:
    """ENOENT at any one call of a run that extends: all of it counts, nothing is trained again."""
    results, real = bench.results, getattr(os, name)
    for at in count(1):
        bench.results = results / str(at)
        bench.run(BEFORE)
        bench.trained.clear()
        made = [0]

        def call(*args: object, at: int = at, made: list[int] = made, **rest: object) -> object:
            made[0] += 1
            if made[0] == at:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(args[0]))
            return real(*args, **rest)

        refused, extended = "", 0
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, name, call)
            try:
                extended = bench.run(AFTER, chunk=2).extended
            except SweepError as error:
                refused = str(error)
        if made[0] < at:
            break
        assert "aside" not in {path.name for path in bench.directory.iterdir()}, (at, refused)
        assert_old_or_new(bench)
        assert_made_good(bench, digest)
        assert refused or extended == 2, at
    assert at > 3
