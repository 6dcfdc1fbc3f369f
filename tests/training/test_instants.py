"""One trial at chosen steps is what training it to these steps gives, to the bit."""

from dataclasses import replace

import numpy as np
import pytest

from sweep.study import Record
from sweep.training.trainer import factor_of, instants, samples_of, train

from ..oracles.orders import batches
from ..oracles.schedules import factors
from .groups import course

ADAM = ("training.optimizer='adam'", "training.steps=12", "axes.learning_rate=[0.1, 0.5]")
FOUR = (
    "data={inputs=[[0, 0], [0, 1], [1, 0], [1, 1]], targets=[[0, 1], [1, 0], [1, 0], [0, 1]]}",
    "training.steps=12",
)


@pytest.mark.parametrize("edits", [("training.steps=12",), ADAM], ids=["sgd", "adam"])
def test_it_is_where_training_passes(edits: tuple[str, ...]) -> None:
    group, steps = course(*edits), [0, 1, 5, 12]
    whole = replace(group, record=Record("every step", "every step"))
    trained = train(whole, np.array([1]))
    for found in instants(group, 1, steps):
        assert found.loss == trained.losses[0, found.step]
        assert found.parameters.tobytes() == trained.parameters[0, found.step].tobytes()
        assert found.stopped_at == -1
    kept = trained.optimizer_state[0, : found.kept.size]  # and then powers of adam's betas
    assert found.kept.tobytes() == kept.tobytes()


def test_a_trial_that_stopped_says_when() -> None:
    edits = ("training.stop='target'", "outcome.target=0.2", "axes.learning_rate=[2.0]")
    *_, last = instants(course("training.steps=40", *edits), 0, [0, 40])
    assert 0 < last.stopped_at < 40
    assert np.isnan(last.loss)


@pytest.mark.parametrize("order", ["shuffle", "replacement"])
def test_samples_are_those_of_the_step(order: str) -> None:
    group = course(*FOUR, f"batch={{size=3, order='{order}', seed=5}}")
    expected = batches(order, 5, 4, 3, 12)
    for step in (0, 1, 2, 7):
        assert tuple(samples_of(group, 0, step)) == expected[step]


def test_without_batches_all_samples_are_seen() -> None:
    assert samples_of(course(*FOUR), 0, 3).tolist() == [0, 1, 2, 3]
    assert samples_of(course(*FOUR, "batch.table=[[2, 0], [3, 1]]"), 0, 3).tolist() == [3, 1]


def test_the_factor_is_that_of_the_next_update() -> None:
    group = course("training.steps=12", "schedule={name='cosine', warmup=3}")
    expected = factors("cosine", 12, warmup=3)
    found = [factor_of(group, step) for step in range(12)]
    assert found == pytest.approx(expected, rel=1e-15, abs=1e-16)  # math.cos may round otherwise
