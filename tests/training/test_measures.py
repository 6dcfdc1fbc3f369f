"""The measures that the kernel keeps while training, against plain ones from the whole curve."""

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from sweep.catalogue import OUTCOMES
from sweep.study import Group
from sweep.training.trained import Trained
from sweep.training.trainer import train

from .arrays import Array, bits_of
from .groups import every_trial, group

# E = 1/2 (w - 1)^2 with w <- w - eta (w - 1): the error of w is multiplied by 1 - eta at each step.
STUDY = """\
[network]
layers = [1, 1]
activation = "identity"
[data]
inputs = [[1]]
targets = [[1]]
[initial]
weights = [[[2]]]
[training]
steps = 100
[axes]
learning_rate = []
[outcome]
target = 1e-3
[record]
loss = "every step"
"""
# Plateau, creeping, converging, exact in one step, oscillating around and at the same distance;
# growing slowly and ever faster; beyond the largest number within the first steps, then NaN.
RATES = [0, 1e-9, 0.01, 0.1, 0.5, 1, 1.5, 1.9, 1.999, 2, 2.001, 2.1, 3, 11, 1e3, 1e6, 1e20, 1e38]
BEYOND = {"float64": [1e100, 1e300], "float32": []}
STEPS = [0, 1, 7, 8, 19, 20, 31, 33, 100]
DTYPES = ["float64", "float32"]


@cache
def trained(dtype: str, steps: int, *edits: str) -> tuple[Group, Trained]:
    rates = RATES + BEYOND[dtype]
    study = group(STUDY, f"axes.learning_rate={rates}", f"training.dtype='{dtype}'", *edits)
    study = replace(study, training=replace(study.training, steps=steps))  # a file has 1 at least
    return study, train(study, every_trial(study), lanes=8)


def plain_measures(losses: Array, target: float, bound: float) -> dict[str, Any]:
    """The measures of one trial's losses (steps + 1,), each by its definition."""
    comparable = losses[~np.isnan(losses)]
    best = comparable.min() if len(comparable) else losses[0]
    diverged = ~(losses <= min(bound, np.finfo(losses.dtype).max))
    tail = losses[-20:]
    total = losses.dtype.type(0)
    for loss in tail:  # in order: the order is part of the result
        total = total + loss
    return {
        "initial_loss": losses[0],
        "final_loss": losses[-1],
        "best_loss": best,
        "best_step": np.argmax(losses == best),  # the first of them
        "max_loss": comparable.max() if len(comparable) else losses[0],
        "tail_loss": total / losses.dtype.type(len(tail)),
        "steps_to_target": _first(losses <= losses.dtype.type(target)),
        "diverged_at": _first(diverged),
    }


def _first(happened: Array) -> int:
    return int(np.argmax(happened)) if happened.any() else -1


@pytest.mark.parametrize("edits", [(), ("outcome.diverged_above=10", "outcome.target=0.25")])
@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_measures_are_those_of_the_curve(dtype: str, steps: int, edits: tuple[str, ...]) -> None:
    study, run = trained(dtype, steps, *edits)
    assert run.losses.shape == (study.trials, steps + 1)
    outcome = study.outcome
    with np.errstate(over="ignore", invalid="ignore"):
        expected = [
            plain_measures(row, outcome.target, outcome.diverged_above) for row in run.losses
        ]
    for name, found in run.measures.items():
        wanted = np.array([measures[name] for measures in expected])
        kind = np.float64 if wanted.dtype.kind == "f" else np.int64
        assert found.dtype == kind
        np.testing.assert_array_equal(bits_of(found), bits_of(wanted.astype(kind)), name)
    assert set(run.measures) == set(expected[0])


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_trials_do_all_that_trials_do(dtype: str) -> None:
    """Or the tests above would show little."""
    _, run = trained(dtype, 100)
    assert {OUTCOMES[code] for code in run.outcome} == set(OUTCOMES)
    finite, first = np.isfinite(run.losses), run.measures["diverged_at"]
    assert (np.isinf(run.losses).any(axis=1) & np.isnan(run.losses).any(axis=1)).any()
    assert {4 <= step < 100 for step in first[first >= 0]} == {True, False}
    falling = np.diff(run.losses[finite.all(axis=1)], axis=1)
    assert (falling == 0).all(axis=1).any()
    assert (falling < 0).all(axis=1).any()
    assert (falling > 0).all(axis=1).any()


@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_outcomes_by_target(dtype: str, steps: int) -> None:
    _, run = trained(dtype, steps)
    for losses, code in zip(run.losses, run.outcome, strict=True):
        expected = "converged" if (losses <= 1e-3).any() else "stalled"
        assert OUTCOMES[code] == ("diverged" if not np.isfinite(losses).all() else expected)


@pytest.mark.parametrize("steps", STEPS)
def test_outcomes_by_tail(steps: int) -> None:
    """The rule knows no stalled trial; a plateau has not converged."""
    _, run = trained("float64", steps, "outcome.rule='tail_below_initial'")
    for losses, code in zip(run.losses, run.outcome, strict=True):
        with np.errstate(invalid="ignore", over="ignore"):
            well = losses[-20:].mean() < losses[0] and np.isfinite(losses).all()
        assert OUTCOMES[code] == ("converged" if well else "diverged")


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_trial_that_never_had_a_number(dtype: str) -> None:
    """The loss overflows before any step; what is not a number is NaN throughout."""
    study = group(STUDY, "initial.weights=[[[1e38]]]", "axes.learning_rate=[0.5]",
                  "data.inputs=[[1e300]]" if dtype == "float64" else "data.inputs=[[1e30]]",
                  f"training.dtype='{dtype}'", "training.steps=40")  # fmt: skip
    run = train(study, np.array([0]), lanes=8)
    assert run.losses[0, 0] == np.inf
    assert np.isnan(run.losses[0, 2:]).all()
    measures = {name: column[0] for name, column in run.measures.items()}
    assert (measures["initial_loss"], measures["best_loss"], measures["max_loss"]) == (np.inf,) * 3
    assert (measures["best_step"], measures["diverged_at"]) == (0, 0)
    assert (measures["steps_to_target"], OUTCOMES[run.outcome[0]]) == (-1, "diverged")
    assert np.isnan([measures["final_loss"], measures["tail_loss"]]).all()


@pytest.mark.quick("float64")
@pytest.mark.parametrize("dtype", DTYPES)
def test_from_a_number_straight_to_nan(dtype: str) -> None:
    """No infinite loss comes before: the first weight overflows, and meets an input of 0."""
    rate = float(np.finfo(dtype).max)
    study = group(
        STUDY,
        "network.layers=[2, 1]",
        "data={inputs=[[1, 0], [0, 1]], targets=[[0], [0]]}",
        "initial.weights=[[[4, 4]]]",
        f"axes.learning_rate=[0.5, {rate!r}]",
        f"training.dtype='{dtype}'",
        "record.measures=['largest_rise']",
    )
    run = train(study, every_trial(study), lanes=8)
    assert run.measures["largest_rise"].tolist() == [0, np.inf]
    assert np.isfinite(run.losses[:, 0]).all()
    assert np.isnan(run.losses[1, 1:]).all()
    assert run.measures["diverged_at"].tolist() == [-1, 1]
    assert run.measures["max_loss"].tolist() == run.losses[:, 0].tolist()
    assert run.measures["best_step"].tolist()[1] == 0
    assert [OUTCOMES[code] for code in run.outcome] == ["converged", "diverged"]


def test_every_nan_has_numpys_bits() -> None:
    _, run = trained("float64", 100, "record.parameters='every 50'")
    tables = [run.losses, run.parameters, run.recent_losses, *run.measures.values()]
    nans = np.concatenate([t[np.isnan(t)] for t in tables if t.dtype.kind == "f"])
    assert len(nans)
    assert (nans.view(np.int64) == np.array(np.nan).view(np.int64)).all()


CURVE = ("loss_sum", "inverse_loss_sum", "largest_rise", "period")


def plain_curve_measures(losses: Array) -> dict[str, Any]:
    """Those of one trial's whole curve, in float64, by their definitions."""
    x = losses.astype(np.float64)
    v = np.array([v if v < 1e6 else 1e6 for v in x / x[0]])
    rises = [a - min(x[: t + 1]) if np.isfinite(a) else np.inf for t, a in enumerate(x)]
    last, period = x[-20:], -1
    margin = (1e-6 if losses.dtype == np.float64 else 1e-4) * max(abs(last))
    for p in range(10, 0, -1):
        if all(abs(a - b) <= margin for a, b in zip(last, last[p:], strict=False)):
            period = p
    return {
        "loss_sum": sum(v),
        "inverse_loss_sum": sum(1 / v),
        "largest_rise": max([0.0, *rises]),
        "period": period if len(last) == 20 and np.isfinite(last).all() else -1,
    }


@pytest.mark.quick("float64-33", "float64-100", "float32-100")
@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_measures_of_the_whole_curve(dtype: str, steps: int) -> None:
    _, run = trained(dtype, steps, f"record.measures={[*CURVE]}")
    _, without = trained(dtype, steps)
    assert [*run.measures] == [*without.measures, *CURVE]
    with np.errstate(all="ignore"):
        expected = [plain_curve_measures(row) for row in run.losses]
    rtol = 1e-12 if dtype == "float64" else 1e-5  # sums of at most 101 numbers
    for name in CURVE:
        wanted = np.array([measures[name] for measures in expected])
        np.testing.assert_allclose(run.measures[name], wanted, rtol, err_msg=name)
    for name, column in without.measures.items():
        assert (bits_of(column) == bits_of(run.measures[name])).all(), name


def test_the_curves_have_periods_and_rises() -> None:
    """Or the test above would show little."""
    _, run = trained("float64", 100, f"record.measures={[*CURVE]}")
    assert {*run.measures["period"].tolist()} == {-1, 1}
    rises = run.measures["largest_rise"]
    assert (rises == 0).any()
    assert np.isinf(rises).any()
    assert ((rises > 0) & np.isfinite(rises)).any()


@pytest.mark.parametrize("stop", ["divergence", "target"])
def test_a_trial_that_stops_goes_on_with_its_last_loss(stop: str) -> None:
    study, run = trained(
        "float64", 100, f"record.measures={[*CURVE]}", f"training.stop='{stop}'",
        "outcome.diverged_above=1e4",
    )  # fmt: skip
    ended = run.stopped_at >= 0
    assert ended.any()
    for row, at, losses in zip(np.flatnonzero(ended), run.stopped_at[ended], run.losses[ended],
                               strict=True):  # fmt: skip
        losses[at:] = losses[at]
        with np.errstate(all="ignore"):
            wanted = plain_curve_measures(losses)
        for name in CURVE[:3]:
            np.testing.assert_allclose(run.measures[name][row], wanted[name], 1e-12, err_msg=name)
        assert run.measures["period"][row] == -1
    assert study.record.measures == CURVE


def test_measures_of_the_whole_curve_by_epochs() -> None:
    study, run = trained(
        "float64", 60, f"record.measures={[*CURVE]}",
        "data={ inputs=[[1], [0.5], [2]], targets=[[1], [1], [1]] }", "batch={ size=2 }",
        "axes.learning_rate=[0.01, 0.1, 0.5, 3]",
    )  # fmt: skip
    for row in range(study.trials):
        batches = run.batch_losses[row][:60].reshape(30, 2) * [2 / 3, 1 / 3]
        whole = [run.measures["initial_loss"][row], *batches.sum(axis=1)]
        with np.errstate(all="ignore"):
            wanted = plain_curve_measures(np.array([*whole, run.measures["final_loss"][row]]))
        for name in CURVE[:3]:
            np.testing.assert_allclose(run.measures[name][row], wanted[name], 1e-9, err_msg=name)


def test_periods_double_on_the_way_to_chaos() -> None:
    """Of w <- w - eta (w^2 - 1) w, two weights that stay equal."""
    rates = [0.5, 1.1, 1.25, 1.4]
    study = group(
        STUDY, "network.layers=[1, 1, 1]", "initial.weights=[[[1.2]], [[1.2]]]",
        f"axes.learning_rate={rates}", "training.steps=1000", "record.measures=['period']",
    )  # fmt: skip
    found = train(study, every_trial(study)).measures["period"]
    assert found.tolist() == [1, 2, 4, -1]
