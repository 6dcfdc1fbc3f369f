"""The Lyapunov exponent by a twin, against exact ones and the same recipe in NumPy."""

from collections.abc import Callable

import numpy as np
import pytest

from sweep.study import Group, find_study, load_study
from sweep.training.trained import Trained
from sweep.training.trainer import can_extend, train

from ..oracles.naive import gradient
from ..oracles.optimizers import Optimizer
from ..oracles.problem import Descent, Problem
from .arrays import bits_of
from .groups import course, descent_of, every_trial, group, problem_of
from .test_measures import STUDY

ASKED = "record.measures=['lyapunov_exponent']"
NAME = "lyapunov_exponent"


def of(text: str, rates: list[float], *edits: str, lanes: int | None = None) -> Trained:
    study = group(text, f"axes.learning_rate={rates}", ASKED, *edits)
    return train(study, every_trial(study), lanes=lanes)


def shipped(name: str, rates: list[float], *edits: str) -> Group:
    edits = (f"axes.learning_rate={rates}", ASKED, *edits)
    (found,) = load_study(find_study(name), edits).groups()
    return found


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_of_a_parabola_it_is_that_of_its_slope(dtype: str) -> None:
    """E = (w - 1)^2 / 2, so that w - 1 is multiplied by 1 - eta."""
    rates = [0.0, 0.1, 0.5, 1.5, 1.9, 2.1]
    found = of(STUDY, rates, f"training.dtype='{dtype}'", "training.steps=41").measures[NAME]
    # a distance of 1e-8 beside w of up to 50 has 6 digits; of 3e-4 in float32 2 or 3
    expected = np.log(np.abs(1 - np.array(rates)))
    np.testing.assert_allclose(found, expected, atol={"float64": 1e-6, "float32": 2e-2}[dtype])


def test_a_twin_drifts_as_its_trial_does() -> None:
    found = of(STUDY, [0.1, 1.5], "training.drift=0.1", "training.steps=41").measures[NAME]
    np.testing.assert_allclose(found, np.log([0.9, 0.5]), atol=1e-6)


def test_twins_that_meet_part_by_their_last_digit_and_go_on() -> None:
    found = of(STUDY, [1.0], "training.steps=40").measures[NAME]
    np.testing.assert_allclose(found, np.log(2.0**-52), rtol=1e-12)


def logistic(w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gradient and Hessian of the shipped logistic regression."""
    x, y = np.array([0.5, 0.75, 1, 1.25, 1.5, 3]), np.array([1, 1, 1, 1, 1, 0])
    a = 1 / (1 + np.exp(-w[0] * x))
    return np.array([np.mean((a - y) * x)]), np.array([[np.mean(x * x * a * (1 - a))]])


def factorisation(w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Likewise of (a b - 1)^2 / 2 + 0.05 (a^2 + b^2)."""
    a, b = w
    r, decay = a * b - 1, 0.1
    cross = r + a * b
    hessian = np.array([[b * b + decay, cross], [cross, a * a + decay]])
    return np.array([r * b + decay * a, r * a + decay * b]), hessian


Slopes = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def by_twin(slopes: Slopes, w: np.ndarray, eta: float, steps: int) -> float:
    direction = 0.5 + np.arange(1, len(w) + 1) * ((5**0.5 - 1) / 2) % 1
    twin = w + 1e-8 * direction / np.linalg.norm(direction)
    logs = []
    for _ in range(steps):
        w, twin = w - eta * slopes(w)[0], twin - eta * slopes(twin)[0]
        logs.append(np.log(np.linalg.norm(twin - w) / 1e-8))
        twin = w + (twin - w) * (1e-8 / np.linalg.norm(twin - w))
    return float(np.mean(logs[steps // 2 :]))


def by_tangent(slopes: Slopes, w: np.ndarray, eta: float, steps: int) -> float:
    """The exact one of the orbit: the growth of a vector under the Jacobian, I - eta H."""
    v, logs = 0.5 + np.arange(1, len(w) + 1) * ((5**0.5 - 1) / 2) % 1, []
    v = v / np.linalg.norm(v)
    for _ in range(steps):
        gradient, hessian = slopes(w)
        v, w = v - eta * hessian @ v, w - eta * gradient
        logs.append(np.log(np.linalg.norm(v)))
        v = v / np.linalg.norm(v)
    return float(np.mean(logs[steps // 2 :]))


CASES = {  # at rates whose cycles attract; in chaos an orbit of other rounding is another orbit
    "bifurcation_logistic": (logistic, [0.0], [3.2, 5.0, 7.0, 13.0], 9.8),
    "bifurcation_factorisation": (factorisation, [0.5, 1.0], [1.05, 1.25, 1.4], 1.8),
}


@pytest.mark.parametrize("name", CASES)
def test_it_is_that_of_numpy_and_the_exact_one_of_the_orbit(name: str) -> None:
    slopes, start, rates, chaotic = CASES[name]
    study = shipped(name, [*rates, chaotic], "training.steps=2001")
    *found, above = train(study, every_trial(study)).measures[NAME]
    for recipe, within in ((by_twin, 1e-6), (by_tangent, 1e-5)):
        expected = [recipe(slopes, np.array(start), eta, 2001) for eta in rates]
        np.testing.assert_allclose(found, expected, atol=within)
    assert max(found) < 0
    # of 1,000 steps in chaos the mean of a logarithm scatters by some hundredths
    expected = by_tangent(slopes, np.array(start), chaotic, 2001)
    assert above == pytest.approx(expected, abs=0.06)
    assert above > 0.1


def test_short_chaos_is_that_of_numpy_step_for_step() -> None:
    for name, (slopes, start, _, eta) in CASES.items():
        study = shipped(name, [eta], "training.steps=30")
        (found,) = train(study, every_trial(study)).measures[NAME]
        # rounding of 1e-16, grown by e^(0.3 30); the distance of 1e-8 itself bends by 1e-8
        assert found == pytest.approx(by_twin(slopes, np.array(start), eta, 30), abs=1e-6)


def test_of_a_parabola_with_momentum_it_is_that_of_a_matrix() -> None:
    """(w - 1, v) is multiplied by one whose larger eigenvalue is real at these rates."""
    rates, mu = [0.05, 0.2, 2.3, 2.45], 0.25
    optimizer = ("training.optimizer='momentum'", f"training.momentum={mu}")
    found = of(STUDY, rates, *optimizer, "training.steps=81").measures[NAME]
    matrices = [np.array([[1 - eta, -eta * mu], [1, mu]]) for eta in rates]
    eigenvalues = np.array([np.linalg.eigvals(one) for one in matrices])
    assert not np.iscomplexobj(eigenvalues)
    # the smaller one has 0.53^40 of a part in it after 40 steps, at most; of distances see above
    np.testing.assert_allclose(found, np.log(np.abs(eigenvalues).max(axis=1)), atol=1e-6)


SAMPLES = "data={ inputs=[[1, 2], [3, 4], [-5, 6]], targets=[[1, 0], [0, 1], [0.5, 1]] }"
RECIPES = {
    "momentum": ["training.optimizer='momentum'"],
    "adam": ["training.optimizer='adam'"],
    "batches": ["batch={ size=2 }"],
    "momentum in batches on all data": [
        "training.optimizer='momentum'", "batch={ size=2, measured='on all data' }",
    ],
}  # fmt: skip


@pytest.mark.quick("adam", "momentum in batches on all data")
@pytest.mark.parametrize("name", RECIPES)
def test_twins_of_any_recipe_are_those_of_numpy(name: str) -> None:
    """What the optimizer keeps of a twin is brought back with it; it sees its trial's batches."""
    rates = "axes.learning_rate=[0.05, 0.2]"
    study = course(SAMPLES, rates, "training.steps=41", ASKED, *RECIPES[name])
    found = train(study, every_trial(study)).measures[NAME]
    lanes = study.lanes(every_trial(study))
    expected = []
    for trial in every_trial(study):
        problem, how = problem_of(study, trial), descent_of(study, trial)
        own = problem.rates(lanes.weight_rates[:, trial])
        expected.append(by_twin_of(problem, how, own, study.initial.weights, study.steps))
    # 1e-16 in a distance of 1e-8 a step, some of it random; bends of 1e-8 besides
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert (np.abs(found) > 1e-3).all()


def by_twin_of(
    problem: Problem, how: Descent, rates: list[float], w: np.ndarray, steps: int
) -> float:
    direction = 0.5 + np.arange(1, len(w) + 1) * ((5**0.5 - 1) / 2) % 1
    twin, logs = w + 1e-8 * direction / np.linalg.norm(direction), []
    one, other = Optimizer(how, rates), Optimizer(how, rates)
    for step in range(steps):
        seen = how.seen(problem, step)
        w, twin = one.step(w, gradient(seen, w)), other.step(twin, gradient(seen, twin))
        apart = np.linalg.norm(twin - w)
        logs.append(np.log(apart / 1e-8))
        twin = w + (twin - w) * (1e-8 / apart)
        for kept in ("first", "second"):
            mine, its = getattr(one, kept), getattr(other, kept)
            setattr(other, kept, mine + (its - mine) * (1e-8 / apart))
    return float(np.mean(logs[steps // 2 :]))


@pytest.mark.parametrize("name", CASES)
def test_its_bits_are_the_same_in_several_goes(name: str) -> None:
    rates, whole = [3.0, 8.5, 9.8] if "logistic" in name else [1.2, 1.6, 1.9, 2.5], None
    for kept in ("final", "every 7", "last 3"):
        study = shipped(name, rates, "training.steps=50", f"record.parameters='{kept}'")
        found = bits_of(train(study, every_trial(study)[::-1]).measures[NAME][::-1].copy())
        whole = found if whole is None else whole
        np.testing.assert_array_equal(found, whole)


def test_its_bits_do_not_depend_on_lanes() -> None:
    rates = np.linspace(0.1, 3, 21).tolist()
    found = [bits_of(of(STUDY, rates, lanes=lanes).measures[NAME]) for lanes in (None, 4)]
    np.testing.assert_array_equal(*found)


def test_all_else_has_the_bits_that_it_has_without() -> None:
    study = shipped("bifurcation_factorisation", [1.2, 1.9, 2.5], "training.steps=50")
    with_twin = train(study, every_trial(study))
    (plain,) = load_study(
        find_study("bifurcation_factorisation"),
        ["axes.learning_rate=[1.2, 1.9, 2.5]", "training.steps=50"],
    ).groups()
    without = train(plain, every_trial(plain))
    np.testing.assert_array_equal(bits_of(with_twin.losses), bits_of(without.losses))
    np.testing.assert_array_equal(bits_of(with_twin.parameters), bits_of(without.parameters))


def test_a_trial_that_stopped_has_that_of_the_steps_it_took() -> None:
    stop = ["training.stop='target'", "outcome.target=1e-3", "training.steps=20"]
    found = of(STUDY, [0.5, 0.3, 0.2, 0.01], *stop)
    assert found.stopped_at.tolist() == [5, 9, 14, -1]
    assert np.isnan(found.measures[NAME]).tolist() == [True, True, False, False]
    np.testing.assert_allclose(found.measures[NAME][2:], np.log([0.8, 0.99]), atol=1e-6)


def test_more_steps_train_anew() -> None:
    study = shipped("bifurcation_logistic", [3.0])
    assert not can_extend(study, 500)
