from dataclasses import replace

import numpy as np
import pytest

from sweep.store.commit import new_commit
from sweep.store.matching import positions
from sweep.study import Group, Study
from tests.store.small import AXES, Bench, study


def naive(asked: Group, stored: Group) -> list[int]:
    """Row by row, by comparing what the kernel would be given."""

    def inputs(group: Group) -> list[bytes]:
        lanes = group.lanes(np.arange(group.trials))
        layered = (lanes.weight_rates, lanes.bias_rates, lanes.multipliers, lanes.offsets,
                   lanes.drifts, lanes.alongs)  # fmt: skip
        single = (lanes.seeds, lanes.scales, lanes.batch_seeds, *lanes.hyper.values())
        parts = (*layered, *single)
        return [np.vstack(parts)[:, at].tobytes() for at in range(group.trials)]

    wanted = inputs(asked)
    return [wanted.index(row) if row in wanted else -1 for row in inputs(stored)]


def found(asked: Group, stored: Group) -> list[int]:
    columns = stored.columns(np.arange(stored.trials))
    return positions(asked, new_commit(stored, 0, stored.trials), columns).tolist()


FIELD = "steps = 30\nlearning_rate = "
STUDIES = {
    "grid": study(),
    "another order of axes": study("seed = [2, 0, 1]\nlearning_rate = [7.0, 0.5, 40.0]"),
    "more values": study("learning_rate = [0.1, 7.0, 40.0, 0.5]\nseed = [9, 1, 0]"),
    "a field for an axis": study("seed = [1, 2]", FIELD + "0.5"),
    "every field": study("seed = [1]", FIELD + "7.0"),
    "a rate for each layer": study("seed = [1]", FIELD + "[0.5]"),
    "a layer's own axis": study("learning_rate.0 = [0.5, 7.0]\nseed = [0, 1]"),
    "both rates": study("learning_rate = [0.5, 7.0]\nbias_learning_rate = [0.5, 1e-3]"),
    "biases alone": study("bias_learning_rate = [7.0, 40.0]", FIELD + "7.0"),
    "a drift": study("training.drift.0 = [0.0, 0.5]\nseed = [0, 1]", FIELD + "7.0"),
    "a scale": study("initial.scale = [1.0, 2.0]", FIELD + "0.5"),
    "a multiplier": study("seed = [1]\nnetwork.multiplier = [2.0, 1.0]", FIELD + "7.0"),
    "a layer's multiplier": study("seed = [1]\nnetwork.multiplier.0 = [1.0, 3.0]", FIELD + "7.0"),
    "offsets": study("initial.offset = [0.0, -1.0]\nlearning_rate = [7.0, 0.5]"),
    "gradients clipped": study("clip_norm = [1.0, inf]\nweight_decay = [0.5, 0.0]", FIELD + "7.0"),
    "a zip": study("zip.pair.learning_rate = [0.5, 0.5, 7.0]\nzip.pair.seed = [2, 0, 1]"),
    "a condition": study(AXES + "\nwhere = 'learning_rate < 10 or seed == 0'"),
    "a condition on a zip": study(
        "zip.pair.learning_rate = [0.5, 7.0, 0.5]\nzip.pair.initial.scale = [1.0, 2.0, 3.0]\n"
        "seed = [1, 0]\nwhere = 'learning_rate * scale < 10 and seed != scale'"
    ),
    "nothing in common": study("seed = [50, 60]", FIELD + "0.25"),
}


MOMENTUM = ('training.optimizer="momentum"', "batch={ size=1 }")
BATCHED = {
    "grid": ["axes.momentum=[0.5, 0.9]", "axes.batch_seed=[0, 1, 2]"],
    "an axis for a default": ["axes.batch_seed=[2, 0]"],
    "fields": ["training.momentum=0.5", "batch.seed=2"],
    "another momentum": ["axes.momentum=[0.75]"],
}


@pytest.mark.parametrize("stored", BATCHED)
@pytest.mark.parametrize("asked", BATCHED)
def test_optimizers_and_batches_have_numbers_of_their_own(asked: str, stored: str) -> None:
    (wanted,), (there,) = (
        study("seed = [0, 1]", FIELD + "0.5", overrides=[*MOMENTUM, *BATCHED[name]]).groups()
        for name in (asked, stored)
    )
    assert found(wanted, there) == naive(wanted, there)
    pair = {asked, stored}
    assert any(at >= 0 for at in found(wanted, there)) == (
        len(pair) == 1 or pair in ({"grid", "an axis for a default"}, {"grid", "fields"})
    )


@pytest.mark.parametrize("stored", STUDIES.values(), ids=STUDIES)
@pytest.mark.parametrize("asked", STUDIES.values(), ids=STUDIES)
def test_rows_are_found_where_their_lanes_are_equal(asked: Study, stored: Study) -> None:
    (wanted,), (there,) = asked.groups(), stored.groups()
    assert found(wanted, there) == naive(wanted, there)


@pytest.mark.parametrize("stored", STUDIES.values(), ids=STUDIES)
@pytest.mark.parametrize("asked", STUDIES.values(), ids=STUDIES)
def test_one_grid_has_one_order(asked: Study, stored: Study) -> None:
    """What a record may say without its rows being looked at."""
    (wanted,), (there,) = asked.groups(), stored.groups()
    every = list(range(wanted.trials))
    same = wanted.trials == there.trials and naive(wanted, there) == every
    assert (wanted.points == there.points) <= same
    assert wanted.points == asked.groups()[0].points
    assert (asked is stored) <= (wanted.points == there.points)


def test_the_table_of_studies_overlaps() -> None:
    """Else the comparison with the naive search would show nothing."""
    (grid,) = STUDIES["grid"].groups()
    overlaps = {
        name: sum(at >= 0 for at in naive(grid, other.groups()[0]))
        for name, other in STUDIES.items()
    }
    assert overlaps == {
        "grid": 12,
        "another order of axes": 9,
        "more values": 6,
        "a field for an axis": 2,
        "every field": 1,
        "a rate for each layer": 1,
        "a layer's own axis": 4,
        "both rates": 1,
        "biases alone": 1,
        "a drift": 2,
        "a scale": 1,
        "a multiplier": 1,
        "a layer's multiplier": 1,
        "offsets": 2,
        "gradients clipped": 1,
        "a zip": 3,
        "a condition": 10,
        "a condition on a zip": 1,
        "nothing in common": 0,
    }


def test_a_value_a_bit_away_is_another_trial() -> None:
    (asked,) = study("seed = [0]", FIELD + "0.5").groups()
    (stored,) = study("seed = [0]", FIELD + repr(float(np.nextafter(0.5, 1)))).groups()
    assert found(asked, stored) == [-1]


@pytest.mark.parametrize(
    "other",
    [
        study(training="steps = 31"),
        study(dtype="float32"),
        study(parameters="final"),
        study(AXES + "\noutcome.target = [0.1]"),
    ],
)
def test_another_group_or_number_of_steps_answers_nothing(bench: Bench, other: Study) -> None:
    bench.run(study())
    report = bench.run(other)
    assert (report.trained, report.already) == (12, 0)
    assert bench.open(study()).trained == 12


def test_chunks_that_know_no_drift_had_none() -> None:
    asked = study("training.drift = [0.5, 0.0]\nseed = [0, 1]", FIELD + "7.0").groups()[0]
    stored = study("seed = [1, 0]", FIELD + "7.0").groups()[0]
    commit = new_commit(stored, 0, stored.trials)
    older = {name: value for name, value in commit.fixed.items() if name != "training.drift"}
    commit = replace(commit, fixed=older, grid="")
    assert positions(asked, commit, stored.columns(np.arange(2))).tolist() == [3, 2]
    # what decides which chunks' grids are read through is as it was before there was drift
    drifting = replace(stored, fixed={**older, "training.drift": 0.5})
    assert replace(stored, fixed=older).points == stored.points != drifting.points
