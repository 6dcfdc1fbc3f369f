"""The bench of the store's tests: studies that are run by a trainer that pretends."""

from tests.store.conftest import _fast_disk, bench  # noqa: F401
