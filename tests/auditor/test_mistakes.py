"""The whole table of mistakes keeps its contract, and the exercise's formulas agree."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sweep.auditor.formulas import Number, evaluate
from sweep.auditor.mistakes import MISTAKES, PATTERNS, Mistake
from sweep.auditor.model import DEFINITIONS, State, trajectory
from sweep.auditor.probing import explain, same

CONSTANTS = {"i1": 0.05, "i2": 0.1, "t1": 0.01, "t2": 0.99, "eta": 0.7}
STATE = trajectory(CONSTANTS, 7, 4, seed=3)
SHAPE = (4, 7)


def values(state: State, tree: object) -> np.ndarray:
    return np.broadcast_to(state.of(tree), SHAPE)[:, 2:5]


def fitting(value: np.ndarray) -> Callable[[Any], bool]:
    return lambda tried: same(np.broadcast_to(tried, SHAPE)[:, 2:5], value)


def wrong_formulas(mistake: Mistake) -> list[tuple[str, np.ndarray]]:
    """Role and values of the mistake's formulas that give another number than the right one."""
    found = []
    for role, (right, *_) in DEFINITIONS.items():
        for wrong, told in mistake.changes(right, role):
            assert told
            value = values(STATE, wrong)
            if not same(value, values(STATE, right)):
                found.append((role, value))
    return found


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_every_mistake_is_made_and_recognised(mistake: Mistake) -> None:
    wrong = wrong_formulas(mistake)
    assert wrong
    earlier = {m.name for m in MISTAKES[: MISTAKES.index(mistake) + 1]}
    names = []
    for role, value in wrong[:: max(1, len(wrong) // 12)]:
        found = explain(role, STATE, fitting(value), DEFINITIONS)
        assert found is not None
        names.append(found.mistake.name)
    assert set(names) <= earlier  # what two explain is given to the first
    assert mistake.name in names


def test_names_and_sentences_are_there_and_differ() -> None:
    names = [row.name for row in (*MISTAKES, *PATTERNS)]
    assert len(set(names)) == len(names)
    assert all(
        row.sentence.endswith(".") and "\n" not in row.sentence for row in (*MISTAKES, *PATTERNS)
    )


@pytest.mark.parametrize("role", DEFINITIONS)
def test_all_right_formulas_of_a_quantity_agree(role: str) -> None:
    first, *others = DEFINITIONS[role]
    for other in others:
        # Products in another order: a few roundings.
        np.testing.assert_allclose(values(STATE, other), values(STATE, first), rtol=1e-12)


def loss(known: dict[str, float]) -> float:
    """The exercise once more, plainly."""
    w = [known[f"w{n}"] for n in range(1, 9)]
    sigmoid = lambda x: 1 / (1 + np.exp(-x))  # noqa: E731
    h = [sigmoid(w[0] * 0.05 + w[1] * 0.1), sigmoid(w[2] * 0.05 + w[3] * 0.1)]
    a = [sigmoid(w[4] * h[0] + w[5] * h[1]), sigmoid(w[6] * h[0] + w[7] * h[1])]
    return float(0.5 * (0.01 - a[0]) ** 2 + 0.5 * (0.99 - a[1]) ** 2)


def test_the_gradients_are_those_of_the_error() -> None:
    weights = dict(zip((f"w{n}" for n in range(1, 9)), np.linspace(-0.8, 0.9, 8), strict=True))
    state = State({**CONSTANTS, **weights})
    assert float(state["et"]) == pytest.approx(loss(weights), rel=1e-14)
    for name, value in weights.items():
        up, down = (loss(weights | {name: value + sign * 1e-5}) for sign in (1, -1))
        # A central difference of 1e-5 is right to 1e-10 of the error's size.
        assert float(state[f"d_et_{name}"]) == pytest.approx((up - down) / 2e-5, abs=1e-9)


def test_a_number_is_a_number() -> None:
    assert evaluate(Number(2.5), lambda _: None) == 2.5
