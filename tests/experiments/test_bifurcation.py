"""The studies of what lies before the boundary: a few trials of each again, in plain NumPy.

At rates whose cycles attract, so that rounding does not grow; where there is chaos it does.
"""

from collections.abc import Callable

import numpy as np
import pytest

import sweep


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


def logistic(eta: float, steps: int) -> list[float]:
    x, y, w, found = np.array([0.5, 0.75, 1, 1.25, 1.5, 3]), np.array([1, 1, 1, 1, 1, 0]), 0.0, []
    for _ in range(steps + 1):
        a = sigmoid(w * x)
        found.append(-np.mean(y * np.log(a) + (1 - y) * np.log(1 - a)))
        w -= eta * np.mean((a - y) * x)
    return found


def course(eta: float, steps: int) -> list[float]:
    first, second = np.array([[0.15, 0.2], [0.25, 0.3]]), np.array([[0.4, 0.45], [0.5, 0.55]])
    x, found = np.array([0.05, 0.1]), []
    for _ in range(steps + 1):
        h = sigmoid(first @ x)
        a = sigmoid(second @ h)
        found.append(((a - 0.5) ** 2).sum() / 2)
        delta = (a - 0.5) * a * (1 - a)
        hidden = (second.T @ delta) * h * (1 - h)
        second, first = second - eta * np.outer(delta, h), first - eta * np.outer(hidden, x)
    return found


def factorisation(eta: float, steps: int) -> list[float]:
    a, b, found = 0.5, 1.0, []
    for _ in range(steps + 1):
        r = a * b - 1
        found.append(r * r / 2)
        a, b = a - eta * (r * b + 0.1 * a), b - eta * (r * a + 0.1 * b)
    return found


@pytest.mark.parametrize(
    ("again", "periods"),
    [
        (logistic, {3.5: 1, 5.0: 2, 7.0: 4, 7.8: 8, 13.0: 3}),
        (course, {61.0: None, 70.0: None, 110.0: None}),
        (factorisation, {1.05: 1, 1.25: 2, 1.4: 4}),
    ],
)
def test_the_last_losses_are_those_of_numpy(
    again: Callable[[float, int], list[float]], periods: dict[float, int | None]
) -> None:
    study = sweep.load_study(f"bifurcation_{again.__name__}")
    found = sweep.evaluate(study, {"learning_rate": list(periods)}, curves=True).curves
    for (eta, period), (_, curve) in zip(periods.items(), found.groupby("trial"), strict=True):
        losses = curve["loss"].to_numpy()
        assert len(losses) == 64
        expected = np.array(again(eta, study.groups()[0].steps)[-64:])
        # of the course's losses of 1e-19 the outputs' distance from 0.5 has few digits left
        np.testing.assert_allclose(losses, expected, rtol=1e-6, atol=1e-22)
        if period:
            moved = [np.abs(losses[k:] - losses[:-k]).max() for k in range(1, period + 1)]
            assert [k for k, by in enumerate(moved, 1) if by < 1e-6] == [period]
