"""What `train` hands back, and the guesses at what it takes."""

from functools import cache

import numpy as np
import pytest

from sweep.training import trainer
from sweep.training.block import Block
from sweep.training.costs import chunk_size, estimate
from sweep.training.trained import Trained
from sweep.training.trainer import prepare, shape_of, train

from .groups import course, every_trial

DTYPES = ["float64", "float32"]
LOSS_PLANS = ["every step", "every 3", "every 1000", "log 20", "nothing"]
NORMAL = "initial={scheme='normal'}"
PARAMETER_PLANS = ["final", "every 3", "every 1000", "nothing"]


@cache
def trained(*edits: str) -> Trained:
    study = course("training.steps=50", *edits)
    return train(study, every_trial(study))


@pytest.mark.parametrize("dtype", DTYPES)
def test_shapes_and_dtypes(dtype: str) -> None:
    run = trained(f"training.dtype='{dtype}'", "record.parameters='every 25'")
    assert (run.losses.shape, run.losses.dtype) == ((6, 51), dtype)
    assert (run.parameters.shape, run.parameters.dtype) == ((6, 3, 8), dtype)
    assert (run.recent_losses.shape, run.recent_losses.dtype) == ((6, 20), dtype)
    assert (run.outcome.shape, run.outcome.dtype) == ((6,), np.int8)
    assert run.loss_steps.tolist() == list(range(51))
    assert run.parameter_steps.tolist() == [0, 25, 50]
    assert {column.shape for column in run.measures.values()} == {(6,)}
    steps = {"best_step", "steps_to_target", "diverged_at"}
    for name, column in run.measures.items():
        assert column.dtype == (np.int64 if name in steps else np.float64)


@pytest.mark.parametrize("index", [[3], [5, 0, 5], [2, 1], []])
def test_rows_are_the_positions_asked_for(index: list[int]) -> None:
    run, whole = train(course("training.steps=50"), np.array(index, np.int64)), trained()
    np.testing.assert_array_equal(run.index, index)
    np.testing.assert_array_equal(run.losses, whole.losses[index])
    np.testing.assert_array_equal(run.parameters, whole.parameters[index])
    np.testing.assert_array_equal(run.measures["final_loss"], whole.measures["final_loss"][index])


@pytest.mark.parametrize("plan", LOSS_PLANS)
def test_loss_plans_agree_where_they_overlap(plan: str) -> None:
    """Recording changes nothing but what is recorded."""
    run, whole = trained(f"record.loss='{plan}'"), trained()
    assert run.losses.shape == (6, len(run.loss_steps))
    np.testing.assert_array_equal(run.losses, whole.losses[:, run.loss_steps])
    np.testing.assert_array_equal(run.parameters, whole.parameters)
    for name, column in whole.measures.items():
        np.testing.assert_array_equal(run.measures[name], column, name)


@pytest.mark.parametrize("plan", PARAMETER_PLANS)
def test_parameter_plans_agree_where_they_overlap(plan: str) -> None:
    run, whole = trained(f"record.parameters='{plan}'"), trained("record.parameters='every step'")
    assert run.parameters.shape == (6, len(run.parameter_steps), 8)
    np.testing.assert_array_equal(run.parameters, whole.parameters[:, run.parameter_steps])
    np.testing.assert_array_equal(run.losses, whole.losses)


def test_every_step_s_parameters_differ() -> None:
    """From the stated ones on: none is a view of another."""
    parameters = trained("record.parameters='every step'").parameters
    np.testing.assert_array_equal(parameters[:, 0], np.tile(course().initial.weights, (6, 1)))
    assert (np.diff(parameters, axis=1) != 0).any(axis=2).all()


@pytest.mark.parametrize("steps", [1, 5, 18, 19, 20, 50])
def test_recent_losses_are_the_ends_of_the_curves(steps: int) -> None:
    run = trained(f"training.steps={steps}")
    known = min(steps + 1, 20)
    np.testing.assert_array_equal(run.recent_losses[:, 20 - known :], run.losses[:, -known:])
    assert np.isnan(run.recent_losses[:, : 20 - known]).all()


def test_without_parameters_nothing_is_kept_for_going_on() -> None:
    run = trained("record.parameters='nothing'")
    assert run.recent_losses.shape == (6, 0)
    assert run.parameters.shape == (6, 0, 8)


def test_a_rate_of_zero_leaves_a_layer_as_it_was() -> None:
    run = trained("axes.learning_rate.0=[0]")
    np.testing.assert_array_equal(run.parameters[:, 0, :4], [[0.15, 0.20, 0.25, 0.30]] * 6)
    assert (run.parameters[:, 0, 4:] != [0.40, 0.45, 0.50, 0.55]).all()


def test_a_group_is_prepared_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def kernel(specification: object) -> object:
        asked.append(specification)
        return type("Kernel", (), {"compiled": len(asked) == 2})

    monkeypatch.setattr(trainer, "kernel", kernel)
    drawn = course("initial={scheme='he'}")
    assert prepare(drawn, lanes=4)
    assert asked[0] == shape_of(drawn, lanes=4)
    assert (asked[1].distribution, asked[1].lanes) == ("normal", 4)
    assert not prepare(course())
    assert len(asked) == 3


def test_one_less_a_setting_is_rounded_once() -> None:
    """After the subtraction: of float32's 0.999 it would have lost a third of its digits."""
    study = course("training.optimizer='adam'", "training.dtype='float32'")
    settings = Block(study, every_trial(study), shape_of(study)).given.settings
    expected = np.array([1 - 0.9, 0.999, 1 - 0.999, 1e-8], np.float32)
    np.testing.assert_array_equal(settings[:, 0], expected)


@pytest.mark.parametrize("threads", [1, 2, 64])
@pytest.mark.parametrize("steps", [1, 1000, 10**9])
def test_chunks_are_whole_blocks(steps: int, threads: int) -> None:
    study = course(f"training.steps={steps}", "record.loss='nothing'", *MANY)
    size, lanes = chunk_size(study, threads), shape_of(study).lanes
    assert size % lanes == 0
    assert lanes <= size < study.trials + lanes
    assert size * threads < study.trials + lanes * threads


MANY = ["axes.learning_rate={linear=[0, 1], num=100000}"]


def test_chunks_shrink_with_more_steps_and_more_to_record() -> None:
    short = course("training.steps=100", "record.loss='nothing'", *MANY)
    long = course("training.steps=10000", "record.loss='nothing'", *MANY)
    recorded = course("training.steps=100000", *MANY)
    assert chunk_size(long, 1) < chunk_size(short, 1)
    bytes_of_curves = chunk_size(recorded, 1) * 100_001 * 8
    assert bytes_of_curves < 2**26 + 32 * 8 * 100_001  # 64 MiB, or the smallest block


def test_estimates_grow_with_the_work() -> None:
    small, large = course("training.steps=100", *MANY), course("training.steps=1000", *MANY)
    one, two = estimate(small, 1), estimate(small, 2)
    assert 0 < two.seconds < one.seconds < estimate(large, 1).seconds
    assert one.memory_bytes > 0
    assert one.disk_bytes < estimate(large, 1).disk_bytes


@pytest.mark.parametrize(
    ("trials", "samples", "abreast"),
    [(3, 40, True), (64, 40, False), (3, 1, False), (8, 3, False), (65, 40, False)],
)
def test_few_trials_are_trained_one_at_a_time(trials: int, samples: int, abreast: bool) -> None:
    """With samples abreast, if there are enough of them; many trials take lanes."""
    data = f"data={{ inputs={[[0.1, 0.2]] * samples}, targets={[[0.3, 0.4]] * samples} }}"
    seeds = f"axes={{ seed={{ range=[0, {trials}] }}, learning_rate=[1] }}"
    shape = shape_of(course("network.layers=[2, 32, 32, 2]", NORMAL, data, seeds))
    assert (shape.network.abreast > 1) == abreast
    assert shape.network.width == shape_of(course("network.layers=[2, 32, 32, 2]", NORMAL)).lanes


def test_wide_networks_are_trained_one_at_a_time() -> None:
    """Not by lanes whose weights and gradients leave the second cache."""
    data = f"data={{ inputs={[[0.1] * 2] * 64}, targets={[[0.3] * 2] * 64} }}"
    many = "axes={ seed={ range=[0, 1024] }, learning_rate=[1] }"
    shapes = [
        shape_of(course(f"network.layers=[2, {n}, {n}, 2]", NORMAL, data, many)) for n in (64, 256)
    ]
    assert [shape.network.abreast > 1 for shape in shapes] == [False, True]


def test_lanes_that_are_asked_for_are_taken() -> None:
    data = f"data={{ inputs={[[0.1] * 2] * 64}, targets={[[0.3] * 2] * 64} }}"
    shape = shape_of(course("network.layers=[2, 256, 256, 2]", NORMAL, data), lanes=8)
    assert (shape.lanes, shape.network.abreast) == (8, 1)
