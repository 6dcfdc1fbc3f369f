"""The libraries that stand in as oracles, each skipped by name where it is not installed."""

import importlib
from types import ModuleType

import pytest

PEERS = ("jax", "torch")


def peer(name: str) -> ModuleType:
    """The oracle that is a library's: `in_jax` or `in_torch`."""
    pytest.importorskip(name, reason=f"the peer {name} needs {name}")
    return importlib.import_module(f".in_{name}", __package__)
