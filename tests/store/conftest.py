import os
from pathlib import Path

import numpy as np
import pytest

from sweep.runs import workers
from sweep.study import Group
from sweep.training.trained import Trained
from tests.store.small import Bench, train


@pytest.fixture(autouse=True)
def _fast_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """No power fails here: flushing a thousand runs to the disk would only take its time."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Runs that note in `trained` the positions they train."""
    made = Bench(tmp_path / "results", [])

    def noted(
        group: Group, index: np.ndarray, *, lanes: int | None = None, since: Trained | None = None
    ) -> Trained:
        made.trained += index.tolist()
        return train(group, index, lanes=lanes)

    monkeypatch.setattr(workers, "train", noted)
    monkeypatch.setattr(workers, "prepare", lambda group, lanes: False)
    monkeypatch.setattr(workers, "uncompiled", lambda groups, lanes: [])
    return made
