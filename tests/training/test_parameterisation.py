"""Multipliers of layers, offsets of initial weights, learning rates of layers and of biases."""

from typing import NamedTuple

import numpy as np
import pytest

from sweep.study import Group
from sweep.training.trained import Trained
from sweep.training.trainer import train

from ..oracles import naive
from ..oracles.optimizers import Optimizer
from .arrays import bits_of
from .groups import descent_of, every_trial, expected_of, group, problem_of

STUDY = """
[network]
layers = [2, 2, 3, 2]
activation = ['tanh', 'relu', 'sigmoid']
bias = true
[data]
inputs = [[0.3, -1.2], [-0.4, 0.9], [1.1, 0.2]]
targets = [[1.0, 0.0], [0.25, 0.75], [0.0, 1.0]]
[initial]
scheme = 'xavier'
seed = 3
biases = [[0.5, -0.5], [0.1, 0.2, 0.3], [-0.1, 0.1]]
[training]
steps = 10
learning_rate = 0.1
[record]
parameters = 'every step'
"""


def run(*edits: str) -> tuple[Group, Trained]:
    study = group(STUDY, *edits)
    return study, train(study, every_trial(study))


def follow_the_oracle(study: Group, found: Trained) -> None:
    for trial in every_trial(study):
        losses, parameters = expected_of(study, trial, found.parameters[trial, 0])
        # ten steps of numbers about 1, some roundings each
        np.testing.assert_allclose(found.losses[trial], losses, rtol=1e-13)
        np.testing.assert_allclose(found.parameters[trial], parameters, rtol=0, atol=1e-13)


@pytest.mark.quick("edits4")
@pytest.mark.parametrize(
    "edits",
    [
        ["network.multiplier=0.5"],
        ["network.multiplier=[2, 0.75, -1.5]"],
        ["axes.network.multiplier=[0.25, 1, -3]"],
        ["network.multiplier=[2, 0.75, -1.5]", "axes.network.multiplier.1=[-1, 4, 0]"],
        ["network.multiplier=[2, 0.75, -1.5]", "axes.clip_norm=[0.05, inf]"],
    ],
)
def test_multipliers(edits: list[str]) -> None:
    follow_the_oracle(*run(*edits))


def test_a_layer_multiplied_by_zero_learns_nothing_but_its_biases() -> None:
    study, found = run("network.multiplier=[1, 0, 1]")
    follow_the_oracle(study, found)
    moved = found.parameters[0, 1] != found.parameters[0, 0]
    first, second, third = LAYERS
    assert not moved[[*first.weights, *first.biases, *second.weights]].any()
    assert moved[[*second.biases, *third.biases]].any()


def test_a_multiplier_of_one_changes_no_bit() -> None:
    """It is left out if no trial has another; among others it is there and does nothing."""
    study, among = run("axes.network.multiplier=[0.5, 1]")
    plain, alone = run("network.multiplier=1")
    assert study.multiplied
    assert not plain.multiplied
    np.testing.assert_array_equal(bits_of(among.parameters[1]), bits_of(alone.parameters[0]))
    np.testing.assert_array_equal(bits_of(among.losses[1]), bits_of(alone.losses[0]))


class Layer(NamedTuple):
    """Where a layer's parameters are."""

    weights: range
    biases: range


LAYERS = (
    Layer(range(4), range(4, 6)),
    Layer(range(6, 12), range(12, 15)),
    Layer(range(15, 21), range(21, 23)),
)
STATED = (
    "initial={ weights = [[[1, 2], [3, 4]], [[1, 2], [4, 5], [7, 8]], [[1, 2, 3], [4, 5, 6]]], "
    "biases = [[0.5, -0.5], [0.1, 0.2, 0.3], [-0.1, 0.1]] }"
)


@pytest.mark.parametrize("initial", ["initial.scheme='he'", STATED])
def test_offsets_move_the_initial_weights(initial: str) -> None:
    """A layer's weights, drawn or stated; biases stay where they are."""
    _, plain = run(initial)
    study, found = run(initial, "axes.initial.offset=[0, 0.5]", "axes.initial.offset.1=[-2, 0.25]")
    start, moved = plain.parameters[0, 0], found.parameters[:, 0]
    offsets = study.lanes(every_trial(study)).offsets
    for layer, offset in zip(LAYERS, offsets, strict=True):
        # one rounding, of what is about 10 at most
        expected = start[layer.weights] + offset[:, np.newaxis]
        np.testing.assert_allclose(moved[:, layer.weights], expected, rtol=0, atol=2e-15)
        assert (moved[:, layer.biases] == start[layer.biases]).all()
    follow_the_oracle(study, found)


def test_an_offset_of_zero_changes_no_bit() -> None:
    _, found = run("initial.offset=0")
    _, among = run("axes.initial.offset=[0, 0.5]")
    np.testing.assert_array_equal(bits_of(found.parameters[0]), bits_of(among.parameters[0]))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("initial", ["initial.scheme='he'", STATED])
def test_all_initial_parameters_move_along_directions(initial: str, dtype: str) -> None:
    """Weights and biases, by a product and a sum of each direction, one after the other."""
    edits = (initial, f"training.dtype='{dtype}'", "training.steps=1")
    numbers = np.random.default_rng(1).normal(size=(2, 23))
    _, plain = run(*edits)
    study, found = run(
        *edits, f"initial.direction={numbers.tolist()}", "initial.offset=0.25",
        "axes.initial.along.0=[0, 0.5, -3e8]", "axes.initial.along.1=[0, -0.1]",
    )  # fmt: skip
    columns = study.columns(every_trial(study))
    for trial in every_trial(study):
        w = plain.parameters[0, 0]
        for at, direction in enumerate(numbers):
            w = w + (direction * columns[f"initial.along.{at}"][trial]).astype(dtype)
        for layer in LAYERS:
            w[layer.weights] += np.array(0.25, dtype)
        np.testing.assert_array_equal(bits_of(found.parameters[trial, 0]), bits_of(w))
    follow = np.array([0, 1]) if dtype == "float64" else np.empty(0, np.int64)
    for trial in follow:
        losses, _ = expected_of(study, trial, found.parameters[trial, 0])
        np.testing.assert_allclose(found.losses[trial], losses, rtol=1e-13)


def test_a_multiple_of_zero_changes_no_bit() -> None:
    zero = STATED.replace("[1, 2], [3", "[-0.0, 2], [3", 1)
    _, among = run(zero, "initial.direction=5", "axes.initial.along=[0, 0.5]")
    _, alone = run(zero)
    np.testing.assert_array_equal(bits_of(among.parameters[0]), bits_of(alone.parameters[0]))
    assert (among.parameters[1, 0] != alone.parameters[0, 0]).all()


WIDE = [[0.5] * 20, [0.1] * 3, [0.0] * 2]


@pytest.mark.quick("edits1")
@pytest.mark.parametrize(
    "edits",
    [
        [],
        ["batch.size=1", "training.stop='divergence'"],
        ["batch.size=1", "training.clip_norm=0.05"],
        ["training.optimizer='adamw'", "network.layers=[2, 20, 3, 2]", f"initial.biases={WIDE}"],
    ],
)
def test_weights_drift_before_every_step(edits: list[str]) -> None:
    """Then comes the loss of the step, and then its update; biases stay where they are."""
    _, plain = run(*edits)
    swept = ("axes.training.drift.0=[-0.125, 0]", "axes.training.drift.2=[0, 0.03]")
    edits = [*edits, "training.drift=0.01", *swept]
    study, found = run(*edits)
    _, begun = run(*edits, "training.steps=4")
    longer = train(study, every_trial(study), since=begun)
    np.testing.assert_array_equal(
        bits_of(longer.parameters[:, -1]), bits_of(found.parameters[:, -1])
    )
    lanes = study.lanes(every_trial(study))
    for trial in every_trial(study):
        problem, how = problem_of(study, trial), descent_of(study, trial)
        drifts = zip(problem.shapes, lanes.drifts[:, trial], strict=True)
        drift = naive.pack(problem, [(np.full(s, d), np.zeros(s[0])) for s, d in drifts])
        rates = problem.rates(lanes.weight_rates[:, trial], lanes.bias_rates[:, trial])
        optimizer, w = Optimizer(how, rates), plain.parameters[0, 0].astype(np.float64)
        for step in range(study.steps + 1):
            w = w + drift
            seen = how.seen(problem, step)
            # ten steps of numbers about 1, some roundings each
            np.testing.assert_allclose(found.parameters[trial, step], w, rtol=0, atol=1e-13)
            if not study.batched:
                np.testing.assert_allclose(found.losses[trial, step], naive.loss(seen, w), 1e-13)
            if step < study.steps:
                w = optimizer.step(w, naive.gradient(seen, w))


def test_a_drift_of_zero_changes_no_bit() -> None:
    """Not even the sign of a weight that was 0 and moved by less than there are numbers for."""
    edits = (STATED.replace("[1, 2], [3, 4]", "[1, 2], [0, 0]", 1),
             "training.learning_rate=[5e-324, 0.1, 0.1]")  # fmt: skip
    study, among = run(*edits, "axes.training.drift.0=[0, 0.5]")
    plain, alone = run(*edits, "training.drift=0")
    assert np.signbit(alone.parameters[0, 1, :4]).any()
    assert study.drifting
    assert not plain.drifting
    np.testing.assert_array_equal(bits_of(among.parameters[0]), bits_of(alone.parameters[0]))
    np.testing.assert_array_equal(bits_of(among.losses[0]), bits_of(alone.losses[0]))


@pytest.mark.quick("edits2", "edits3")
@pytest.mark.parametrize(
    "edits",
    [
        ["training.learning_rate=[0.1, 0.02, 0.05]"],
        ["training.bias_learning_rate=0.3"],
        ["training.learning_rate=[0, 0.02, 0]", "training.bias_learning_rate=[0.1, 0, 0.2]"],
        [
            "axes.learning_rate=[0.1, 0.2]",
            "axes.learning_rate.1=[0, 0.3]",
            "axes.bias_learning_rate.0=[0.5]",
        ],
        ["training.optimizer='adamw'", "training.learning_rate=[0.1, 0.02, 0.05]"],
        ["training.optimizer='adamw'", "training.bias_learning_rate=[0.1, 0, 0.2]"],
    ],
)
def test_rates_of_layers_and_biases(edits: list[str]) -> None:
    study, found = run(*edits)
    follow_the_oracle(study, found)
    rates = study.lanes(every_trial(study))
    moved = found.parameters[:, 1] != found.parameters[:, 0]
    for index, layer in enumerate(LAYERS):
        for places, rate in ((layer.weights, rates.weight_rates), (layer.biases, rates.bias_rates)):
            assert moved[:, places].any(axis=1).tolist() == (rate[index] > 0).tolist()


SCHEDULES = {
    "constant": "",
    "step": "every = 3",
    "exponential": "gamma = 0.75",
    "cosine": "final = 0.125",
    "one_cycle": "",
    "wsd": "final = 0.1",
    "range_test": "final = 10",
}


@pytest.mark.quick("*-4-adamw")
@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
@pytest.mark.parametrize("warmup", [0, 4])
@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules(name: str, warmup: int, optimizer: str) -> None:
    """Where a schedule stands between the learning rate and the step; also where weights decay."""
    numbers = ", ".join(filter(None, [f"name = '{name}', warmup = {warmup}", SCHEDULES[name]]))
    edits = [f"schedule={{ {numbers} }}", f"training.optimizer='{optimizer}'", "training.steps=20"]
    follow_the_oracle(*run(*edits, "axes={learning_rate=[0.05, 0.01], weight_decay=[0, 0.1]}"))
