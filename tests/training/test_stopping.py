"""Trials that stop at the target or when they have diverged, and those beside them."""

from functools import cache

import numpy as np
import pytest

from sweep.catalogue import TRAINING_MEASURES
from sweep.training.trained import Trained
from sweep.training.trainer import train

from .arrays import Array, bits_of
from .groups import every_trial, group

STUDY = """
[network]
layers = [2, 2, 1]
activation = ['tanh', 'identity']
bias = true
[data]
inputs = [[0.3, -1.2], [-0.4, 0.9], [1.1, 0.2]]
targets = [[0.2], [0.9], [0.4]]
[initial]
scheme = 'xavier'
[training]
steps = 60
[outcome]
target = 0.02
diverged_above = 100
[axes]
learning_rate = [0.001, 0.1, 0.3, 1, 3, 30, 1e300]
seed = { range = [0, 9] }
[record]
parameters = 'every step'
"""
STOPS = ["target", "divergence", "either"]
stops = pytest.mark.parametrize("stop", STOPS)
dtypes = pytest.mark.parametrize("dtype", ["float64", "float32"])
OPTIMIZERS = ["sgd", "adam"]
# 63 trials in blocks of so many lanes: some blocks stop early, some have a trial that never does.
LANES = [None, 1, 8]

ADAM = ("training.optimizer='adam'", "axes.learning_rate=[0.001, 0.03, 0.3, 1e3, 1e300]")
AT_ONCE = ("outcome.target=0.3", "outcome.diverged_above=0.6")  # some are there before any step


@cache
def run(stop: str, *edits: str, lanes: int | None = None) -> Trained:
    study = group(STUDY, f"training.stop='{stop}'", *edits)
    return train(study, every_trial(study), lanes=lanes)


def stop_steps(stop: str, never: Trained) -> Array:
    """The step of each trial's stop, -1 for none, from the measures of a run without stops."""
    reached, diverged = (never.measures[name] for name in ("steps_to_target", "diverged_at"))
    found = {"target": [reached], "divergence": [diverged], "either": [reached, diverged]}[stop]
    last = len(never.loss_steps)
    first = np.min([np.where(steps < 0, last, steps) for steps in found], axis=0)
    return np.where(first == last, -1, first)


def test_the_trials_are_mixed() -> None:
    never = run("never")
    for stop in STOPS:
        steps = stop_steps(stop, never)
        assert 5 < (steps < 0).sum() < 58
        assert len(set(steps[steps >= 0].tolist())) > 3


@pytest.mark.quick("either-*")
@dtypes
@stops
def test_nothing_changes_up_to_the_stop_and_everything_stays_after(stop: str, dtype: str) -> None:
    never, found = (run(name, f"training.dtype='{dtype}'") for name in ("never", stop))
    steps = stop_steps(stop, never)
    np.testing.assert_array_equal(found.stopped_at, steps)
    for trial, step in enumerate(steps):
        last = step if step >= 0 else 60
        known = slice(last + 1)
        for name in ("losses", "parameters"):
            ours, theirs = getattr(found, name)[trial], getattr(never, name)[trial]
            np.testing.assert_array_equal(bits_of(ours[known]), bits_of(theirs[known]), name)
        assert np.isnan(found.losses[trial, last + 1 :]).all()
        after = found.parameters[trial, last:]
        assert (bits_of(after) == bits_of(after[:1])).all()


@pytest.mark.quick("either")
@stops
def test_measures_are_those_of_a_run_that_ends_there(stop: str) -> None:
    never, found = run("never"), run(stop)
    assert (never.stopped_at == -1).all()
    for step in sorted(set(found.stopped_at.tolist()) - {-1, 0}):
        shorter = run("never", f"training.steps={step}")
        here = found.stopped_at == step
        for name in TRAINING_MEASURES:
            ours, theirs = found.measures[name][here], shorter.measures[name][here]
            np.testing.assert_array_equal(ours, theirs, name)
        np.testing.assert_array_equal(found.outcome[here], shorter.outcome[here])
    on = found.stopped_at == -1
    for name in TRAINING_MEASURES:
        np.testing.assert_array_equal(found.measures[name][on], never.measures[name][on], name)


@pytest.mark.quick("4")
@pytest.mark.parametrize("lanes", [1, 4, 64])
def test_neighbours_do_not_matter(lanes: int) -> None:
    found, other = run("either"), run("either", lanes=lanes)
    for name in ("stopped_at", "outcome", "losses", "parameters", "recent_losses"):
        np.testing.assert_array_equal(getattr(found, name), getattr(other, name), name)


@pytest.mark.quick("sgd-*", "at once-*")
@pytest.mark.parametrize("kept", ["final", "every 7"])
@pytest.mark.parametrize("edits", [(), AT_ONCE, ADAM], ids=["sgd", "at once", "adam"])
def test_keeping_parameters_changes_nothing(edits: tuple[str, ...], kept: str) -> None:
    """Where parameters are kept the kernel is left and entered again, with trials that stopped."""
    found = run("either", *edits)
    other = run("either", *edits, f"record.parameters='{kept}'")
    np.testing.assert_array_equal(
        bits_of(other.parameters), bits_of(found.parameters[:, other.parameter_steps])
    )
    for name in ("stopped_at", "outcome", "losses", "recent_losses", "optimizer_state"):
        np.testing.assert_array_equal(getattr(found, name), getattr(other, name), name)
    for name in TRAINING_MEASURES:
        np.testing.assert_array_equal(found.measures[name], other.measures[name], name)


@pytest.mark.quick("either")
@stops
def test_some_trials_stop_at_once(stop: str) -> None:
    found = run(stop, *AT_ONCE)
    at_once = found.stopped_at == 0
    assert 0 < at_once.sum() < 63
    assert (bits_of(found.parameters[at_once]) == bits_of(found.parameters[at_once, :1])).all()


@pytest.mark.check
def test_what_the_optimizer_keeps_stays_too() -> None:
    found = run("either", *ADAM)
    for step in sorted(set(found.stopped_at.tolist()) - {-1, 0}):
        shorter, here = run("never", *ADAM, f"training.steps={step}"), found.stopped_at == step
        ours, theirs = found.optimizer_state[here], shorter.optimizer_state[here]
        np.testing.assert_array_equal(bits_of(ours), bits_of(theirs))


@pytest.mark.check  # with batches test_epochs has stops, with all else the laws of bits
@pytest.mark.parametrize(
    "edits",
    [
        [*ADAM],
        ["training.optimizer='momentum'", "training.clip_norm=0.5"],
        ["data={ inputs=[[0.3, -1.2]], targets=[[0.2]] }"],  # steps without gradients
        ["data={ inputs=[[0.3, -1.2]], targets=[[0.2]] }", "training.clip_norm=0.5"],
        ["batch.size=2", "axes.batch_seed=[0, 1]"],
        ["batch.size=2"],
    ],
)
def test_with_other_rows(edits: list[str]) -> None:
    never = run("never", *edits)
    found = run("either", *edits, "record.parameters='final'")  # in one go, past the stops
    steps = stop_steps("either", never)
    np.testing.assert_array_equal(found.stopped_at, steps)
    last = np.where(steps < 0, 60, steps)
    trials = np.arange(len(steps))
    ours, theirs = found.parameters[trials, -1], never.parameters[trials, last]
    np.testing.assert_array_equal(bits_of(ours), bits_of(theirs))
