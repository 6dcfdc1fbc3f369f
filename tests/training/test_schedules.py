"""Factors of the learning rate against mpmath, PyTorch and the formulas' own ends."""

from dataclasses import replace
from decimal import ROUND_DOWN, Overflow, localcontext
from itertools import pairwise
from typing import Any

import mpmath
import numpy as np
import pytest

from sweep.study import Schedule
from sweep.training.schedules import SCHEDULES, rate_factors

from ..oracles import schedules as oracle

CASES = [
    Schedule("constant"),
    Schedule("step", every=1, gamma=0.1),
    Schedule("step", every=30, gamma=0.1),
    Schedule("step", every=7, gamma=1.5),
    Schedule("step", every=10**6, gamma=0.1),
    Schedule("exponential", gamma=0.99),
    Schedule("exponential", gamma=1.003),
    Schedule("exponential", gamma=1.0),
    Schedule("cosine", final=0.0),
    Schedule("cosine", final=0.01),
    Schedule("cosine", final=1.0),
    Schedule("cosine", final=2.5),
    Schedule("one_cycle"),
    Schedule("wsd", final=0.0),
    Schedule("wsd", final=0.25),
    Schedule("wsd", final=2.5),
    Schedule("range_test", final=1e6),
    Schedule("range_test", final=1e-3),
    Schedule("range_test", final=1.0),
]
cases = pytest.mark.parametrize("schedule", CASES, ids=repr)


def factors(schedule: Schedule, steps: int) -> np.ndarray:
    return rate_factors(schedule, steps, 0, steps)


def true_factor(schedule: Schedule, t: int, total: int) -> Any:
    """By the formulas, at the working precision of mpmath."""
    gamma, final = mpmath.mpf(schedule.gamma), mpmath.mpf(schedule.final)
    formulas: dict[str, Any] = {
        "constant": lambda: mpmath.mpf(1),
        "step": lambda: gamma ** (t // schedule.every),
        "exponential": lambda: gamma**t,
        "cosine": lambda: from_to(1, final, mpmath.mpf(t) / total),
        "one_cycle": lambda: one_cycle(t, total),
        "wsd": lambda: final + (1 - final) * min(1, mpmath.mpf(5 * (total - t)) / total),
        "range_test": lambda: final ** (mpmath.mpf(t) / max(total - 1, 1)),
    }
    return formulas[schedule.name]()


def one_cycle(t: int, total: int) -> Any:
    top = mpmath.mpf(3) / 10 * total - 1
    if t <= top:
        return from_to(mpmath.mpf(1) / 25, 1, t / top)
    return from_to(1, mpmath.mpf(4) / 10**6, (t - top) / (total - 1 - top))


def from_to(first: Any, last: Any, share: Any) -> Any:
    return last + (first - last) * (1 + mpmath.cos(mpmath.pi * share)) / 2


def within(ulps: int, found: float, true: Any) -> bool:
    exponent = mpmath.frexp(true)[1]
    if exponent > 1024:
        return bool(np.isposinf(found))
    return bool(abs(found - true) <= ulps * mpmath.ldexp(1, max(exponent - 53, -1074)))


def test_every_schedule_has_a_case() -> None:
    assert {case.name for case in CASES} == set(SCHEDULES)


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 10, 97, 100_000])
@cases
def test_factors_are_within_4_ulp(schedule: Schedule, steps: int) -> None:
    """Of normal numbers: below them of the smallest subnormal, and above them infinite."""
    found = factors(schedule, steps)
    assert found.shape == (steps,)
    assert found.dtype == np.float64
    some = np.random.default_rng(13).integers(0, steps, 200)
    with mpmath.workprec(140):
        for t in {*range(min(steps, 40)), *some.tolist(), steps - 2, steps - 1} - {-1}:
            true = true_factor(schedule, t, steps)
            assert within(4, found[t], true), t


@cases
def test_factors_are_the_oracles(schedule: Schedule) -> None:
    """The oracle's own rounding: that of cos(x) near -1 is 2^-53 of 1, not of the factor."""
    for warmup in (0, 5, 99):
        found = factors(replace(schedule, warmup=warmup), 101)
        settings = {name: getattr(schedule, name) for name in ("every", "gamma", "final")}
        expected = oracle.factors(schedule.name, 101, warmup=warmup, **settings)
        np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-15)


def in_torch(schedule: Schedule, steps: int) -> list[float]:
    reason = "PyTorch's schedulers are what these are compared with"
    torch = pytest.importorskip("torch", reason=reason)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    names = torch.optim.lr_scheduler
    scheduler = {
        "step": lambda: names.StepLR(optimizer, schedule.every, schedule.gamma),
        "exponential": lambda: names.ExponentialLR(optimizer, schedule.gamma),
        "cosine": lambda: names.CosineAnnealingLR(optimizer, steps, schedule.final),
        "one_cycle": lambda: names.OneCycleLR(
            optimizer, max_lr=1.0, total_steps=steps, cycle_momentum=False
        ),
    }[schedule.name]()
    rates = []
    for _ in range(steps):
        rates.append(float(scheduler.get_last_lr()[0]))
        optimizer.step()
        if len(rates) < steps:
            scheduler.step()
    return rates


WITH_TORCH = [case for case in CASES if case.name not in ("constant", "wsd", "range_test")]


@pytest.mark.check
@pytest.mark.parametrize("steps", [1, 2, 3, 4, 5, 10, 11, 100, 333])
@pytest.mark.parametrize("schedule", WITH_TORCH, ids=repr)
def test_factors_are_pytorchs(schedule: Schedule, steps: int) -> None:
    """PyTorch goes from step to step: its rounding errors add up, and those of a cosine that falls
    to nothing are large beside what is left."""
    found = factors(schedule, steps)
    np.testing.assert_allclose(found, in_torch(schedule, steps), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("warmup", [0, 1, 10, 3000])
@cases
def test_a_factor_does_not_depend_on_the_range_it_is_asked_for_with(
    schedule: Schedule, warmup: int
) -> None:
    steps, warmed = 5003, replace(schedule, warmup=warmup)
    whole = factors(warmed, steps)
    cuts = [0, 1, 2, 9, 10, 11, 1023, 1024, 1025, 3000, 3001, 4096, 5002, steps]
    parts = [rate_factors(warmed, steps, *pair) for pair in pairwise(cuts)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    assert rate_factors(warmed, steps, 7, 7).shape == (0,)


@cases
def test_a_warm_up_comes_before_all_else(schedule: Schedule) -> None:
    warmed = factors(replace(schedule, warmup=8), 108)
    np.testing.assert_array_equal(warmed[:8], np.arange(1, 9) / 8)
    np.testing.assert_array_equal(warmed[8:], factors(schedule, 100))


@pytest.mark.parametrize("steps", [1, 5, 7])
@cases
def test_a_warm_up_may_take_all_steps_or_all_but_one(schedule: Schedule, steps: int) -> None:
    for warmup in (7, steps, steps - 1):
        found = factors(replace(schedule, warmup=warmup), steps)
        rising = min(warmup, steps)
        np.testing.assert_array_equal(found[:rising], np.arange(1, rising + 1) / max(warmup, 1))
        np.testing.assert_array_equal(found[rising:], factors(schedule, 1)[: steps - rising])


def test_ends() -> None:
    """Where the formulas meet a number, the factors do, but for the last of the powers."""
    assert factors(Schedule("cosine", final=0.3), 10)[0] == 1
    cycle = factors(Schedule("one_cycle"), 100)
    assert (cycle[0], cycle[29], cycle[99]) == (0.04, 1, 4e-6)
    assert np.argmax(cycle) == 29
    ramp = factors(Schedule("range_test", final=1e4), 5)
    np.testing.assert_allclose(ramp, [1, 10, 100, 1000, 10000], rtol=4 * 2.0**-52)
    assert ramp[0] == 1


@pytest.mark.parametrize("name", ["step", "exponential"])
def test_powers_of_nothing_and_of_one(name: str) -> None:
    assert factors(Schedule(name, gamma=0.0), 4).tolist() == [1, 0, 0, 0]
    assert (factors(Schedule(name, gamma=1.0), 3000) == 1).all()


def test_powers_leave_the_range_of_numbers_by_its_limits() -> None:
    """Without a warning, which would be an error here; subnormal numbers are not skipped."""
    fallen = factors(Schedule("exponential", gamma=0.5), 3000)
    np.testing.assert_array_equal(fallen, np.ldexp(1.0, -np.arange(3000)))
    grown = factors(Schedule("exponential", gamma=4.0), 3000)
    np.testing.assert_array_equal(grown[:512], np.ldexp(1.0, 2 * np.arange(512)))
    assert np.isposinf(grown[512:]).all()


def test_steps_far_into_a_run() -> None:
    """Ten thousand million steps: no number on the way is rounded more than a near one's."""
    steps = 10**10
    for schedule in (
        Schedule("exponential", gamma=1 - 2.0**-30),
        Schedule("cosine", final=0.0),
        Schedule("one_cycle"),
        Schedule("range_test", final=1e-6),
    ):
        for start in (3 * 10**9 - 1, 7 * 10**9, steps - 1):
            (found,) = rate_factors(schedule, steps, start, start + 1)
            with mpmath.workprec(140):
                true = true_factor(schedule, start, steps)
                assert within(4, found, true)


@cases
def test_the_callers_decimal_settings_do_not_matter(schedule: Schedule) -> None:
    expected = factors(schedule, 1500)
    with localcontext(prec=5, rounding=ROUND_DOWN, Emax=10, Emin=-10) as context:
        context.traps[Overflow] = True
        np.testing.assert_array_equal(factors(schedule, 1500), expected)
