"""A comparison that leaves the processors alone."""

import pytest

from benchmarks import costs, table, tools


@pytest.fixture(autouse=True)
def unconfined(monkeypatch: pytest.MonkeyPatch) -> None:
    """Benchmarks keep to some processors for good; the tests that follow want theirs."""
    for module in (costs, table, tools):
        monkeypatch.setattr(module, "confine", lambda _: None)
