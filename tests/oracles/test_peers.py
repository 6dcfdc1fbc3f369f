"""The oracles against the libraries whose definitions they follow."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from . import naive
from .peers import PEERS, peer
from .problem import DESCENTS, PROBLEMS, Descent, Problem
from .schedules import SCHEDULES, factors
from .test_naive import parameters_of

pytestmark = pytest.mark.check

# Of the largest entry; sums run in other orders, by functions that round in other ways.
ROUNDING = 1e-14


@pytest.fixture(params=PEERS)
def library(request: pytest.FixtureRequest) -> ModuleType:
    return peer(request.param)


@pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)
def test_losses_and_gradients(library: ModuleType, problem: Problem) -> None:
    parameters = parameters_of(problem)
    loss, found = library.gradient(problem, parameters)
    assert loss == pytest.approx(naive.loss(problem, parameters), rel=ROUNDING)
    expected = naive.gradient(problem, parameters)
    atol = ROUNDING * abs(expected).max()
    np.testing.assert_allclose(found, expected, rtol=0, atol=atol)


@pytest.mark.parametrize("how", DESCENTS.values(), ids=DESCENTS)
def test_every_way_down(library: ModuleType, how: Descent) -> None:
    problem = PROBLEMS["tanh"]
    initial, rates = parameters_of(problem), ((0.03, 0.01), (0.005, 0.0))
    try:
        found = library.descend(problem, initial, 20, *rates, how)
    except NotImplementedError as error:
        pytest.skip(str(error))
    expected = naive.descend(problem, initial, 20, *rates, how)
    # some roundings a step
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-13)
    np.testing.assert_allclose(found[1], expected[1], rtol=0, atol=1e-13)


SETTINGS: dict[str, dict[str, Any]] = {
    "step": {"every": 7, "gamma": 0.5},
    "exponential": {"gamma": 0.9},
    "cosine": {"final": 0.125},
    "wsd": {"final": 0.125},
    "range_test": {"final": 1000.0},
}


def theirs(name: str, warmup: int, steps: int) -> Callable[[Any], Any]:
    """The scheduler that PyTorch has for a schedule; two of them have their formulas alone."""
    schedulers = pytest.importorskip(
        "torch.optim.lr_scheduler", reason="the peer torch needs torch"
    )
    numbers, rest = SETTINGS.get(name, {}), steps - warmup
    proper = {
        "constant": lambda of: schedulers.ConstantLR(of, 1.0),
        "step": lambda of: schedulers.StepLR(of, numbers["every"], numbers["gamma"]),
        "exponential": lambda of: schedulers.ExponentialLR(of, numbers["gamma"]),
        "cosine": lambda of: schedulers.CosineAnnealingLR(of, rest, RATE * numbers["final"]),
        "one_cycle": lambda of: schedulers.OneCycleLR(
            of, RATE, total_steps=rest, cycle_momentum=False
        ),
        "wsd": lambda of: schedulers.LambdaLR(
            of, lambda t: 1 - (1 - numbers["final"]) * max(0, 5 * t / rest - 4)
        ),
        "range_test": lambda of: schedulers.LambdaLR(
            of, lambda t: numbers["final"] ** (t / (rest - 1))
        ),
    }[name]
    if not warmup:
        return proper
    return lambda of: schedulers.SequentialLR(
        of, [schedulers.LinearLR(of, 1 / warmup, 1.0, warmup - 1), proper(of)], [warmup]
    )


RATE = 0.125
# OneCycleLR takes the rates for its own and knows no warm-up before it.
WAYS = [(name, 0) for name in SCHEDULES] + [(name, 5) for name in SCHEDULES if name != "one_cycle"]


@pytest.mark.filterwarnings("ignore:.*the epoch parameter in:UserWarning")  # SequentialLR's own
@pytest.mark.parametrize(("name", "warmup"), WAYS)
def test_schedules(name: str, warmup: int) -> None:
    """One number that goes down by each step's rate shows the rates of all steps."""
    steps = 40
    torch = pytest.importorskip("torch", reason="the peer torch needs torch")
    weight = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([weight], RATE)
    scheduler, rates = theirs(name, warmup, steps)(optimizer), []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        weight.grad = torch.zeros_like(weight)
        optimizer.step()
        scheduler.step()
    expected = factors(name, steps, warmup=warmup, **SETTINGS.get(name, {}))
    # PyTorch works each rate out from the one before, some roundings a step
    np.testing.assert_allclose(np.array(rates) / RATE, expected, rtol=1e-13)
