"""A snapshot has the kernel's numbers, of the trial that was meant."""

import numpy as np
import pytest

from sweep.course.expression import Quantity
from sweep.course.snapshot import matching, snapshot_of
from sweep.errors import RequestError
from sweep.study import Group, Study
from sweep.training.trainer import samples_of, train

from ..oracles import naive
from ..training.groups import gradients, problem_of
from . import studies

KNOWN = {  # study, trial, step
    "lr_graphs": ("learning_rate=0.8", 40),
    "lr_graphs_half": ("learning_rate=0.1", 7),
    "step_by_step": ("", 1),
}


def choose(study: Study, wanted: list[str]) -> tuple[Group, int]:
    """The first trial that is meant."""
    group, index = next(matching(study, wanted))
    return group, int(index[0])


def _snapshot(name: str):  # noqa: ANN202
    trial, step = KNOWN[name]
    overrides = ("training.steps=60", 'record.parameters="every step"')
    return snapshot_of(studies.course(name, *overrides), [trial] if trial else [], step)


@pytest.mark.parametrize("name", list(KNOWN))
def test_parameters_and_losses_are_the_kernels_to_the_bit(name: str) -> None:
    snapshot = _snapshot(name)
    position = choose(snapshot.study, [KNOWN[name][0]] if KNOWN[name][0] else [])[1]
    trained = train(snapshot.group, np.array([position]))
    for after in (False, True):
        found = studies.parameters(snapshot, after)
        assert found.tolist() == trained.parameters[0, snapshot.step + after].tolist()
    assert snapshot.numbers[Quantity("loss")] == trained.losses[0, snapshot.step]
    assert snapshot.loss_after == trained.losses[0, snapshot.step + 1]


@pytest.mark.parametrize("name", list(KNOWN))
def test_gradients_are_the_kernels(name: str) -> None:
    """To 1e-14: the kernel multiplies and adds at once, NumPy rounds in between."""
    snapshot = _snapshot(name)
    _, expected = gradients(snapshot.group, studies.parameters(snapshot)[np.newaxis])
    found = [
        snapshot.numbers[Quantity(f"by_{p.kind}", p.layer, p.to, p.origin)][0]
        for p in snapshot.definitions.all_parameters
    ]
    np.testing.assert_allclose(found, expected[0], rtol=1e-14)


def test_the_known_values_of_the_worked_examples() -> None:
    """Of the step-by-step example's 0.291027924 the 7 digits that its rounding leaves."""
    start = snapshot_of(studies.course("lr_graphs"))
    assert f"{start.numbers[Quantity('loss')]:.10f}" == "0.2425198573"
    half = snapshot_of(studies.course("lr_graphs_half"))
    assert f"{half.numbers[Quantity('loss')]:.10f}" == "0.0141813779"
    example = snapshot_of(studies.course("step_by_step"))
    assert f"{example.numbers[Quantity('loss')]:.9f}" == "0.298371109"
    assert f"{example.loss_after:.9f}" == "0.291027774"


def test_a_mini_batch_is_that_of_the_step() -> None:
    study = studies.wide()
    group, position = choose(study, ["learning_rate=0.1"])
    for step in (0, 2):
        snapshot = snapshot_of(study, ["learning_rate=0.1"], step)
        samples = samples_of(group, position, step)
        assert snapshot.samples.tolist() == samples.tolist()
        problem = problem_of(group, position).of(samples.tolist())
        expected = naive.loss(problem, studies.parameters(snapshot))
        np.testing.assert_allclose(snapshot.numbers[Quantity("loss")], expected, rtol=1e-13)


def test_the_trial_that_is_meant() -> None:
    study = studies.course(
        "lr_graphs", 'axes.training.optimizer=["nesterov", "momentum"]', "axes.momentum=[0.5, 0.9]"
    )
    wanted = ["momentum=0.9", "optimizer=momentum", "learning_rate=1"]
    group, position = choose(study, wanted)
    assert group.labels == {"training.optimizer": "momentum"}
    columns = group.columns(np.array([position]))
    assert [columns[name][0] for name in ("learning_rate", "momentum")] == [1.0, 0.9]
    assert choose(study, [])[1] == 0


def test_a_value_as_figures_show_it_is_that_value() -> None:
    study = studies.course("lr_response")
    value = study.axes[0].values[77]
    assert choose(study, [f"learning_rate={value:.6g}"])[1] == 77


@pytest.mark.parametrize(
    ("study", "wanted", "step", "message"),
    [
        (studies.course("lr_graphs"), "learning_rate=0.3", 0, "the nearest is 0.2"),
        (studies.course("lr_graphs"), "learning_rate=x", 0, "must be a number"),
        (studies.course("lr_graphs"), "rate=0.5", 0, "no axis is called"),
        (
            studies.course("lr_graphs"),
            "learning_rate",
            0,
            "must be NAME=VALUE; axes: learning_rate",
        ),
        (
            studies.course("lr_graphs"),
            "learning_rate=0.5",
            1001,
            "has steps 0 to 1000; to train it further: --set",
        ),
        (studies.course("step_by_step"), "a=1", 0, "there are none"),
        (
            studies.course("lr_graphs", 'training.stop="target"', "outcome.target=0.2"),
            "learning_rate=0.5",
            900,
            "this trial stopped after step",
        ),
    ],
)
def test_what_is_not_there_is_refused(study: Study, wanted: str, step: int, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        snapshot_of(study, [wanted], step)
