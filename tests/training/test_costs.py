"""A calibration trains few trials, and briefly, whatever the study."""

import numpy as np
import pytest

from sweep.study import Group
from sweep.training import costs
from sweep.training.trainer import kernels_of
from tests.study.course import DRAWN, course

LONG = ["training.steps=1000000000", "record.loss='log 9'", "axes.learning_rate={range=[0,9999]}"]


@pytest.mark.quick("edits0", "edits1")
@pytest.mark.parametrize(
    "edits",
    [
        ["training.steps=1"],
        ["training.steps=3", "record.measures=['loss_sum', 'lyapunov_exponent']"],
        ["training.steps=3", "record.loss='nothing'", "record.parameters='nothing'"],
        [*LONG],
        [*LONG, "schedule={ name='range_test', final=10, warmup=999999999 }"],
        [*LONG, "schedule={ name='one_cycle', warmup=7 }", DRAWN],
        ["axes.training.steps=[5, 2000]", "record.parameters='every 10'", "training.stop='either'"],
    ],
)
def test_every_study_can_be_tried(edits: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []

    def timed(group: Group, trials: int) -> float:
        asked.append((group.steps, trials))
        assert kernels_of(group) == prepared  # or its compilation would be timed
        costs.train(group, np.arange(trials))
        return group.steps * trials * 1e-5

    monkeypatch.setattr(costs, "_timed", timed)
    groups = course(*edits).groups()
    prepared = kernels_of(groups[0])
    factor = costs.calibrate(groups)
    assert factor is not None
    assert factor > 0
    assert asked[0][0] == 1
    assert sum(steps * trials for steps, trials in asked) < 10**6
    assert all(trials <= max(group.trials for group in groups) for _, trials in asked)
