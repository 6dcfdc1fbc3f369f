"""The formulas of activations, losses and optimizers: a table each, a row for each name.

What the kernel computes, in the form in which one would write it down.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sweep.course.expression import HALF, ONE, Expression, Number, Part, call


@dataclass(frozen=True)
class Activation:
    """A = value(z) and dA/dz = slope(z, A)."""

    value: Callable[[Expression], Expression]
    slope: Callable[[Expression, Expression], Expression]


@dataclass(frozen=True)
class Loss:
    """E_k = scale * term(A_k, T_k), and its derivative, scale * slope(A_k, T_k, sum of T).

    Attributes:
        by_sum: whether the slope is that by z, in which that of the last activation is contained.
        mean_of_outputs: whether it is the mean over the outputs, and not over samples only.
    """

    term: Callable[[Expression, Expression], Expression]
    slope: Callable[[Expression, Expression, Expression], Expression]
    by_sum: bool = False
    mean_of_outputs: bool = True


@dataclass(frozen=True)
class Place:
    """What an optimizer's formulas are about: one parameter, and numbers that all share.

    `g` is its gradient, clipped and decayed; `s` and `v` are what the optimizer has kept of it and
    `next_s`, `next_v` what it keeps from now on; `n` counts this update, from 1.
    """

    w: Expression
    g: Expression
    eta: Expression
    s: Expression
    v: Expression
    next_s: Expression
    next_v: Expression
    n: Expression
    setting: Callable[[str], Expression]


@dataclass(frozen=True)
class Optimizer:
    """One row: the parameter after the update, and before that what is kept of it (s, then v)."""

    update: Callable[[Place], Expression]
    kept: tuple[Callable[[Place], Expression], ...] = ()


def _positive(z: Expression, yes: Part, no: Part) -> Expression:
    """One thing above 0, another elsewhere."""
    return call("choice", z, 0, yes, no)


def _logistic(z: Expression) -> Expression:
    return 1 / (1 + call("exp", -z))


_ROOT, _CUBIC = call("sqrt", Number(2) / call("pi")), 0.044715


def _bend(z: Expression) -> Expression:
    return call("tanh", _ROOT * (z + _CUBIC * z**3))


def _bend_slope(z: Expression) -> Expression:
    return (1 - _bend(z) ** 2) * (_ROOT * (1 + 3 * Number(_CUBIC) * z**2))


ACTIVATIONS = {
    "sigmoid": Activation(_logistic, lambda z, a: a * (1 - a)),
    "tanh": Activation(lambda z: call("tanh", z), lambda z, a: 1 - a**2),
    "relu": Activation(lambda z: call("max", 0, z), lambda z, a: _positive(z, 1, 0)),
    "leaky_relu": Activation(
        lambda z: _positive(z, z, 0.01 * z), lambda z, a: _positive(z, 1, 0.01)
    ),
    "elu": Activation(
        lambda z: _positive(z, z, call("exp", z) - 1), lambda z, a: _positive(z, 1, a + 1)
    ),
    "softplus": Activation(lambda z: call("ln", 1 + call("exp", z)), lambda z, a: _logistic(z)),
    "gelu": Activation(
        lambda z: z * call("Phi", z), lambda z, a: call("Phi", z) + z * call("phi", z)
    ),
    "gelu_tanh": Activation(
        lambda z: HALF * z * (1 + _bend(z)), lambda z, a: HALF * (1 + _bend(z) + z * _bend_slope(z))
    ),
    "silu": Activation(
        lambda z: z / (1 + call("exp", -z)), lambda z, a: _logistic(z) * (1 + z - a)
    ),
    "square": Activation(lambda z: z**2, lambda z, a: 2 * z),
    "identity": Activation(lambda z: z, lambda z, a: ONE),
}
"""All but softmax, which is a function of a whole layer."""


def _huber(a: Expression, t: Expression) -> Expression:
    distance = call("abs", a - t)
    return call("choice", distance, 1, distance - HALF, HALF * (a - t) ** 2)


LOSSES = {
    "half_squared_error": Loss(
        lambda a, t: HALF * (t - a) ** 2, lambda a, t, mass: a - t, mean_of_outputs=False
    ),
    "mean_squared_error": Loss(lambda a, t: (t - a) ** 2, lambda a, t, mass: 2 * (a - t)),
    "huber": Loss(_huber, lambda a, t, mass: call("max", -1, call("min", 1, a - t))),
    "binary_cross_entropy": Loss(
        lambda a, t: -(t * call("ln", a) + (1 - t) * call("ln", 1 - a)),
        lambda a, t, mass: a - t,
        by_sum=True,
    ),
    "softmax_cross_entropy": Loss(
        lambda a, t: -(t * call("ln", a)),
        lambda a, t, mass: a * mass - t,
        by_sum=True,
        mean_of_outputs=False,
    ),
}


def _mean(old: Expression, rate: Expression, new: Expression) -> Expression:
    return rate * old + (1 - rate) * new


def _adam(p: Place) -> Expression:
    def corrected(kept: Expression, beta: str) -> Expression:
        return kept / (1 - p.setting(beta) ** p.n)

    below = call("sqrt", corrected(p.next_v, "beta2")) + p.setting("epsilon")
    return p.w - p.eta * (corrected(p.next_s, "beta1") / below)


def _momentum(p: Place) -> Expression:
    return p.setting("momentum") * p.s + p.g


_MOMENTS = (
    lambda p: _mean(p.s, p.setting("beta1"), p.g),
    lambda p: _mean(p.v, p.setting("beta2"), p.g**2),
)

OPTIMIZERS = {
    "sgd": Optimizer(lambda p: p.w - p.eta * p.g),
    "momentum": Optimizer(lambda p: p.w - p.eta * p.next_s, (_momentum,)),
    "nesterov": Optimizer(
        lambda p: p.w - p.eta * (p.g + p.setting("momentum") * p.next_s), (_momentum,)
    ),
    "rmsprop": Optimizer(
        lambda p: p.w - p.eta * (p.g / (call("sqrt", p.next_s) + p.setting("epsilon"))),
        (lambda p: _mean(p.s, p.setting("alpha"), p.g**2),),
    ),
    "adam": Optimizer(_adam, _MOMENTS),
    "adamw": Optimizer(_adam, _MOMENTS),
}
