import signal
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def kernel_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One compile cache for the session, subprocesses included; never the user's own."""
    directory = tmp_path_factory.mktemp("kernels")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SWEEP_CACHE_DIR", str(directory))
        yield directory


@pytest.fixture(scope="session", autouse=True)
def interrupts() -> None:
    """Ctrl-C interrupts, subprocesses too; a shell has background jobs ignore it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
