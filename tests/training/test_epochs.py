"""What is measured with mini-batches: a sequence of losses, none of which is one batch's.

The loss on all data before the first step, the mean loss of each epoch's batches at its last step,
and the loss on all data at the last parameters.
"""

from typing import Any

import numpy as np
import pytest

from sweep.catalogue import OUTCOMES
from sweep.study import Group
from sweep.training.trained import Trained
from sweep.training.trainer import train

from ..oracles import naive
from .arrays import Array
from .groups import descent_of, every_trial, expected_of, group, problem_of
from .test_batches import STUDY, TABLES

KINDS = {
    "a shared order": ["batch={ size=3 }", "axes.seed=[1, 2]"],
    "orders of their own": ["batch={ size=2 }", "axes.batch_seed=[1, 2]"],
    "single samples": ["batch={ size=1 }", "axes.batch_seed=[4, 5]"],
    "drawn with replacement": ["batch={ size=3, order='replacement' }", "axes.batch_seed=[1, 2]"],
    "all of them in another order": ["batch={ size=7 }", "axes.seed=[1, 2]"],
    **{f"a table {name}": [f"batch.table={table}"] for name, table in TABLES.items()},
}
kinds = pytest.mark.parametrize("name", KINDS)
quick = pytest.mark.quick("*a shared order*", "*orders of their own*")


def run(name: str, *edits: str) -> tuple[Group, Trained]:
    study = group(STUDY, *KINDS[name], *edits)
    return study, train(study, every_trial(study))


def sequence_of(study: Group, trial: int, initial: Array) -> tuple[list[int], list[float], Array]:
    """Steps and losses of the sequence, and the parameters (steps + 1, P), by the oracle."""
    losses, parameters = expected_of(study, trial, initial)
    problem, batches = problem_of(study, trial), descent_of(study, trial).batches
    epoch = -(-len(problem.inputs) // len(batches[0]))
    steps, found = [0], [float(naive.loss(problem, parameters[0]))]
    for last in range(epoch - 1, study.steps + 1, epoch):
        sizes = [len(batches[step % len(batches)]) for step in range(last + 1 - epoch, last + 1)]
        steps.append(last)
        found.append(float(np.average(losses[last + 1 - epoch : last + 1], weights=sizes)))
    return steps, found, parameters


def measured(steps: list[int], losses: list[float], target: float, bound: float) -> dict[str, Any]:
    """The measures of a sequence of losses at these steps, each by its definition."""
    best = int(np.argmin(losses))
    reached = [step for step, loss in zip(steps, losses, strict=True) if loss <= target]
    beyond = [step for step, loss in zip(steps, losses, strict=True) if not loss <= bound]
    return {
        "initial_loss": losses[0],
        "final_loss": losses[-1],
        "best_loss": losses[best],
        "best_step": steps[best],
        "max_loss": max(losses),
        "tail_loss": float(np.mean(losses[-20:])),
        "steps_to_target": reached[0] if reached else -1,
        "diverged_at": beyond[0] if beyond else -1,
    }


def agree(found: Trained, trial: int, expected: dict[str, Any]) -> None:
    for name, value in expected.items():  # some roundings of numbers about 1
        np.testing.assert_allclose(found.measures[name][trial], value, rtol=1e-12, err_msg=name)


@quick
@kinds
@pytest.mark.parametrize("steps", [1, 2, 23, 90])
def test_measures_are_those_of_the_sequence(name: str, steps: int) -> None:
    """Ended in the midst of an epoch and at its end, in the first one too."""
    edits = [f"training.steps={steps}", "outcome={ target=0.66, diverged_above=0.72 }"]
    study, found = run(name, *edits, "record.loss='every step'")
    for trial in every_trial(study):
        initial = found.parameters[trial, 0].astype(np.float64)
        at, losses, parameters = sequence_of(study, trial, initial)
        final = float(naive.loss(problem_of(study, trial), parameters[-1]))
        agree(found, trial, measured([*at, steps], [*losses, final], 0.66, 0.72))
        expected = np.full(steps + 1, np.nan)
        expected[[0, steps]] = losses[0], final
        np.testing.assert_allclose(found.losses[trial], expected, rtol=1e-12)


@pytest.mark.quick("*orders of their own*")
@kinds
@pytest.mark.parametrize("target", [0.66, 10.0])
def test_a_trial_stops_at_an_epochs_end(name: str, target: float) -> None:
    """Or before the first step, if the loss on all data is there."""
    edits = ["training={ steps=90, stop='target', learning_rate=0.5 }", f"outcome.target={target}"]
    study, found = run(name, *edits)
    for trial in every_trial(study):
        initial = found.parameters[trial, 0].astype(np.float64)
        steps, losses, parameters = sequence_of(study, trial, initial)
        ends = [place for place, loss in enumerate(losses) if loss <= target]
        last = ends[0] if ends else len(steps)
        step = steps[last] if ends else study.steps
        final = float(naive.loss(problem_of(study, trial), parameters[step]))
        assert found.stopped_at[trial] == (step if ends else -1)
        known = [*losses[: last + 1], final], [*steps[: last + 1], step]
        agree(found, trial, measured(known[1], known[0], target, np.inf))
        after = found.loss_steps > step
        assert np.isnan(found.batch_losses[trial, after]).all()
        np.testing.assert_allclose(found.parameters[trial, -1], parameters[step], rtol=1e-12)


def test_no_batch_makes_a_trial_converge() -> None:
    """One sample is fitted at once, and the two others are not."""
    data = "data={ inputs=[[1, 0, 0], [1, 0, 0]], targets=[[1, 1], [0, 0]] }"
    study = group(STUDY, data, "batch.table=[[0], [1]]", "outcome.target=0.1",
                  "network={ layers=[3, 2], activation='sigmoid' }",
                  "training={ steps=30, learning_rate=30 }")  # fmt: skip
    found = train(study, every_trial(study))
    assert found.batch_losses.min() < 0.05
    assert OUTCOMES[found.outcome[0]] == "stalled"


def test_what_diverges_within_the_last_epoch_has_diverged() -> None:
    rates = "axes.learning_rate=[1e300, 0.1]"
    study = group(STUDY, "batch.size=1", rates, "network.activation='identity'",
                  "network.loss='half_squared_error'", "training.steps=3")  # fmt: skip
    found = train(study, every_trial(study))
    assert found.measures["diverged_at"].tolist() == [3, -1]
    assert [OUTCOMES[code] for code in found.outcome] == ["diverged", "stalled"]


def on_all_data(study: Group, trial: int, initial: Array) -> Array:
    """The losses (steps + 1,) on all data by the oracle, whatever a step sees."""
    _, parameters = expected_of(study, trial, initial)
    return np.array([float(naive.loss(problem_of(study, trial), w)) for w in parameters])


@pytest.mark.quick("a shared order-never", "single samples-target")
@pytest.mark.parametrize("stop", ["never", "target"])
@kinds
def test_batches_can_be_measured_on_all_data(name: str, stop: str) -> None:
    study, found = run(
        name, "batch.measured='on all data'", "record.loss='every step'",
        "record.parameters='every step'", f"training.stop='{stop}'", "outcome.target=0.08",
        "record.measures=['loss_sum', 'largest_rise']",
    )  # fmt: skip
    by_epochs = run(name, "record.loss='every step'", "record.parameters='every step'")[1]
    assert found.batch_losses.shape[1] == found.epochs.shape[1] == 0
    for trial in range(study.trials):
        wanted = on_all_data(study, trial, by_epochs.parameters[trial, 0])
        at = next((s for s, loss in enumerate(wanted) if loss <= 0.08), -1)
        assert found.measures["steps_to_target"][trial] == at
        end = len(wanted) if stop == "never" or at < 0 else at + 1
        losses = found.losses[trial, :end]
        np.testing.assert_allclose(losses, wanted[:end], rtol=1e-9)
        assert np.isnan(found.losses[trial, end:]).all()
        assert found.measures["final_loss"][trial] == losses[-1]
        assert found.measures["max_loss"][trial] == losses.max()
        np.testing.assert_allclose(found.measures["tail_loss"][trial], losses[-20:].mean())
        rises = losses - np.minimum.accumulate(losses)
        np.testing.assert_allclose(found.measures["largest_rise"][trial], rises.max(), rtol=1e-12)
    same = found.stopped_at < 0
    assert (found.parameters[same] == by_epochs.parameters[same]).all()
