import gc
import signal
import sys
import time
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

WEEK = 7 * 24 * 3600  # seconds

# The files of tests that take longest, begun first: what begins last leaves a processor idle.
LONGEST = (
    *("test_gradients", "test_optimizers", "test_law_of_bits", "test_batches", "test_stopping"),
    *("test_epochs", "test_kinds", "test_shipped", "test_worksheet", "test_extending"),
    *("test_runner", "test_evaluation", "test_trained_network", "test_students", "test_golden"),
    *("test_cli", "test_readme", "test_notebook", "test_python_page", "test_faults"),
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave to `make check` what a test's mark `quick` does not name; begin with the longest files.

    Raises:
        UsageError: a pattern fits none of them, so that less would be tested than it says.
    """
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.stem, len(places)))  # files stay together
    left: dict[tuple[str, str], bool] = {}
    for item in items:
        for mark in item.iter_markers("quick"):
            name = item.name.partition("[")[2].removesuffix("]")
            fits = [pattern for pattern in mark.args if fnmatchcase(name, pattern)]
            test = item.nodeid.partition("[")[0]
            left |= {(test, pattern): True for pattern in fits}
            for pattern in mark.args:
                left.setdefault((test, pattern), False)
            if not fits:
                item.add_marker("check")
    idle = [f"{test}: quick names {pattern!r}" for (test, pattern), fit in left.items() if not fit]
    if idle and not any("::" in asked for asked in config.args):
        raise pytest.UsageError(f"{idle[0]}, which no parameters are called")


@pytest.fixture(scope="session", autouse=True)
def kernel_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One compile cache for all runs of the tests, subprocesses included; never the user's own.

    It lies in the virtual environment, and its keys are the product's: what was compiled from
    other text is never found. Tests of the cache itself have folders of their own.
    """
    in_environment = sys.prefix != sys.base_prefix
    directory = Path(sys.prefix, "kernels") if in_environment else tmp_path_factory.mktemp("k")
    directory.mkdir(mode=0o700, exist_ok=True)
    for entry in directory.iterdir():
        if entry.stat().st_mtime < time.time() - WEEK:
            entry.unlink(missing_ok=True)  # other text by now, or compiled once a week
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SWEEP_CACHE_DIR", str(directory))
        yield directory


@pytest.fixture(scope="session", autouse=True)
def compiled_here() -> Iterator[None]:
    """Runs in a test's own process compile there, where numba is loaded once for all of them.

    `tests/runs/test_workers.py` and commands that are processes have the product's way.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sweep.runs.workers.uncompiled", lambda groups, lanes: [])
        yield


@pytest.fixture(scope="session", autouse=True)
def rarely_collected() -> Iterator[None]:
    """Compiling makes millions of objects, and looking at those that live takes a while."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, 50, 100)
    yield
    gc.set_threshold(*before)


@pytest.fixture(scope="session", autouse=True)
def interrupts() -> None:
    """Ctrl-C interrupts, subprocesses too; a shell has background jobs ignore it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
