"""The tables that benchmarks go through: networks, their operations, costs and kernels."""

import numpy as np
import pytest

from benchmarks import compiling, costs
from benchmarks.networks import FAMILY, MAIN, NETWORKS, WIDE
from benchmarks.peers import PEERS
from sweep.instrument.ours import chunks, default_lanes, group
from tests.benchmarks.small import COURSE, OTHER


def test_names_are_of_one_network_each() -> None:
    assert len(NETWORKS) == len(MAIN) + len(FAMILY) + len(WIDE)
    assert len(compiling.BY_NAME) == len(list(compiling._rows()))
    assert len({row.name for row in costs.ROWS}) == len(costs.ROWS)


def test_families_networks_are_as_wide_deep_and_few_as_is_said() -> None:
    for case in FAMILY:
        assert max(case.layers) <= 128
        assert len(case.layers) <= 6
        assert len(case.inputs) == 128


def test_a_study_of_a_network_says_what_the_row_says() -> None:
    for case in NETWORKS.values():
        study = group(case, "float32", 5)
        assert study.network.layers == case.layers
        assert study.network.activations == case.activations
        assert study.network.n_parameters == case.n_parameters
        assert study.data.inputs.tolist() == [list(row) for row in case.inputs]
        assert (study.trials, study.steps) == (5, case.steps)


@pytest.mark.parametrize("row", costs.ROWS, ids=lambda row: row.name)
def test_rows_of_costs_see_as_many_samples(row: costs.Row) -> None:
    axes = {"batch_seed": "{ range = [0, 3] }"} if row.own else {}
    study = group(costs.CASE, "float64", 3, {"training.steps": row.steps, **row.settings}, **axes)
    assert study.own_orders == row.own
    size = study.batch.size or len(costs.CASE.inputs)
    assert size == row.batch
    epoch = -(-len(costs.CASE.inputs) // size)
    assert row.steps == costs.EPOCHS * epoch
    # With replacement every batch is whole: equally many samples only if they divide an epoch.
    assert study.batch.order != "replacement" or epoch * size == len(costs.CASE.inputs)


def test_every_row_of_compiling_can_be_asked_for() -> None:
    for row in compiling.BY_NAME.values():
        assert compiling.specification(row, "float32").dtype == "float32"


@pytest.mark.soak
def test_a_compilation_is_timed_with_an_empty_cache() -> None:
    loading, compiled = compiling.seconds("2-2-2", "float64")
    assert loading > 0
    assert compiled > 0
    assert "nothing" in compiling.seconds("nothing", "float64")


@pytest.mark.parametrize(("trials", "threads"), [(1, 2), (16, 2), (100, 2), (1000, 3)])
def test_chunks_are_whole_blocks_and_all_trials(trials: int, threads: int) -> None:
    parts = chunks(group(OTHER, "float64", trials), threads, 8)
    assert np.concatenate(parts).tolist() == list(range(trials))
    assert all(part[0] % 8 == 0 for part in parts)
    assert len(parts) % threads == 0 or len(parts) == -(-trials // 8)


def test_we_take_part_as_studies_are_trained() -> None:
    for dtype in ("float64", "float32"):
        for case in (COURSE, OTHER, *FAMILY[:5]):
            ((choice,),) = PEERS["ours"].ladders(case, dtype, 2)
            assert choice.batch == default_lanes(case, dtype)
