"""Trained for some steps and then for more: the same bits as in one go."""

import numpy as np
import pytest

from sweep.training.trained import Trained
from sweep.training.trainer import can_extend, train

from .digests import digest, mixed_trials
from .groups import course, every_trial

DATA = "data={ inputs=[[1, 2], [3, 4], [5, 6]], targets=[[1, 0], [0, 1], [0.5, 1]] }"
VALIDATION = "validation={ inputs=[[0.2, 0.1]], targets=[[1, 0]] }"
CURVE = "record.measures=['loss_sum', 'inverse_loss_sum', 'largest_rise', 'period']"
EDITS = {
    "as it is": [],
    "every seventh loss": ["record.loss='every 7'", "record.parameters='every 5'"],
    "the last ones": ["record.loss='last 20'", "record.parameters='last 3'"],
    "no losses": ["record.loss='nothing'"],
    "the whole curve": [CURVE, "training.stop='divergence'", "outcome.diverged_above=2"],
    "batches on all data": [
        CURVE,
        DATA,
        "batch={ size=2, measured='on all data' }",
        "training.stop='either'",
        "outcome.target=0.2",
        VALIDATION,
    ],
    "the whole curve by epochs": [CURVE, DATA, "batch={ size=2 }"],
    "stopped": ["training.stop='either'", "outcome.target=0.2"],
    "adam with a warmup": ["training.optimizer='adam'", "schedule={ warmup=9 }"],
    "a step schedule": ["schedule={ name='step', every=7 }", "training.optimizer='momentum'"],
    "clipped": ["training.clip_norm=0.1", "training.optimizer='rmsprop'"],
    "shared batches": [DATA, "batch={ size=2 }", VALIDATION, "training.stop='target'"],
    "batches of its own": [DATA, "batch={ size=2 }", "axes.batch_seed=[1, 2]"],
    "drawn with replacement": [DATA, "batch={ size=2, order='replacement' }"],
    "table": [DATA, "batch={ table=[[0], [2], [1], [0]] }"],
}


def ended(dtype: str, edits: list[str], steps: int) -> Trained:
    study = mixed_trials(dtype, *edits, f"training.steps={steps}")
    return train(study, every_trial(study))


WILD = "axes.learning_rate=[0.1, 2, 50, 1e300]"
CASES = [("float64", name) for name in EDITS]
CASES += [("float32", name) for name in ("as it is", "stopped", "batches of its own")]


@pytest.mark.quick(
    "float64-adam with a warmup",
    "float32-as it is",
    "float64-the whole curve*",
    "float64-batches on all data",
)
@pytest.mark.parametrize(("dtype", "name"), CASES)
def test_the_bits_are_those_of_one_go(name: str, dtype: str) -> None:
    edits = [*EDITS[name], *([] if "batch" in "".join(EDITS[name]) else [WILD])]
    steps = 41  # of no schedule, window or record a multiple
    study = mixed_trials(dtype, *edits, f"training.steps={steps}")
    whole = digest(train(study, every_trial(study)))
    for goes in ([1], [10], [23, 24, 40], [17, 32]):
        if "warmup" in name and goes[0] == 1:
            continue
        trained = ended(dtype, edits, goes[0])
        for longer in [*goes[1:], steps]:
            then = mixed_trials(dtype, *edits, f"training.steps={longer}")
            trained = train(then, every_trial(then), since=trained)
        assert digest(trained) == whole, goes


@pytest.mark.quick("1")
@pytest.mark.parametrize("lanes", [1, 4, 64])
def test_of_some_trials_on_other_lanes(lanes: int) -> None:
    study = mixed_trials("float64")
    some = np.random.default_rng(1).permutation(study.trials)[:37]
    short = mixed_trials("float64", "training.steps=13")
    before = train(short, some, lanes=8)
    assert digest(train(study, some, lanes=lanes, since=before)) == digest(train(study, some))


@pytest.mark.parametrize(
    ("loss", "parameters", "extends"),
    [
        ("every step", "final", True),
        ("every 7", "every 3", True),
        ("nothing", "final", True),
        ("every step", "nothing", False),
        ("log 10", "final", False),  # of 60 steps others are recorded than of 30
        ("log 100", "final", True),  # all of either
        ("last 9", "last 5", True),  # of 30 steps more are recorded than are wanted of them
        ("last 40", "final", True),
    ],
)
def test_what_can_be_extended(loss: str, parameters: str, extends: bool) -> None:
    edits = [f"record.loss='{loss}'", f"record.parameters='{parameters}'", "training.steps=60"]
    assert can_extend(course(*edits), 30) == extends
