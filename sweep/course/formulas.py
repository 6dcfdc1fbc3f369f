"""The formulas of activations, losses and optimizers: a table each, a row for each name.

What the kernel computes, in the form in which one would write it down.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sweep.course.expression import (
    HALF,
    ONE,
    TWO,
    Expression,
    Number,
    call,
    minus,
    negative,
    plus,
    ratio,
    square,
    times,
)

ZERO, LEAK = Number(0), Number(0.01)
_ROOT, _CUBIC = call("sqrt", ratio(TWO, call("pi"))), Number(0.044715)


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
        weight: of the sum of terms, the number of samples and of outputs apart.
        mean_of_outputs: whether it is the mean over the outputs.
    """

    term: Callable[[Expression, Expression], Expression]
    slope: Callable[[Expression, Expression, Expression], Expression]
    by_sum: bool = False
    mean_of_outputs: bool = True


def _choice(z: Expression, yes: Expression, no: Expression) -> Expression:
    """One thing above 0, another elsewhere."""
    return call("choice", z, ZERO, yes, no)


def _logistic(z: Expression) -> Expression:
    return ratio(ONE, plus(ONE, call("exp", negative(z))))


def _bend(z: Expression) -> Expression:
    cube = call("power", z, Number(3))
    return call("tanh", times(_ROOT, plus(z, times(_CUBIC, cube))))


def _bend_slope(z: Expression) -> Expression:
    inner = times(_ROOT, plus(ONE, times(Number(3), _CUBIC, square(z))))
    return times(minus(ONE, square(_bend(z))), inner)


ACTIVATIONS = {
    "sigmoid": Activation(_logistic, lambda z, a: times(a, minus(ONE, a))),
    "tanh": Activation(lambda z: call("tanh", z), lambda z, a: minus(ONE, square(a))),
    "relu": Activation(lambda z: call("max", ZERO, z), lambda z, a: _choice(z, ONE, ZERO)),
    "leaky_relu": Activation(
        lambda z: _choice(z, z, times(LEAK, z)), lambda z, a: _choice(z, ONE, LEAK)
    ),
    "elu": Activation(
        lambda z: _choice(z, z, minus(call("exp", z), ONE)),
        lambda z, a: _choice(z, ONE, plus(a, ONE)),
    ),
    "softplus": Activation(
        lambda z: call("ln", plus(ONE, call("exp", z))), lambda z, a: _logistic(z)
    ),
    "gelu": Activation(
        lambda z: times(z, call("Phi", z)),
        lambda z, a: plus(call("Phi", z), times(z, call("phi", z))),
    ),
    "gelu_tanh": Activation(
        lambda z: times(HALF, z, plus(ONE, _bend(z))),
        lambda z, a: times(HALF, plus(ONE, _bend(z), times(z, _bend_slope(z)))),
    ),
    "silu": Activation(
        lambda z: ratio(z, plus(ONE, call("exp", negative(z)))),
        lambda z, a: times(_logistic(z), minus(plus(ONE, z), a)),
    ),
    "square": Activation(square, lambda z, a: times(TWO, z)),
    "identity": Activation(lambda z: z, lambda z, a: ONE),
}
"""All but softmax, which is a function of a whole layer."""


def _error(a: Expression, t: Expression) -> Expression:
    return minus(a, t)


def _huber(a: Expression, t: Expression) -> Expression:
    distance = call("abs", _error(a, t))
    outside, inside = minus(distance, HALF), times(HALF, square(_error(a, t)))
    return call("choice", distance, ONE, outside, inside)


def _binary(a: Expression, t: Expression) -> Expression:
    other = times(minus(ONE, t), call("ln", minus(ONE, a)))
    return negative(plus(times(t, call("ln", a)), other))


LOSSES = {
    "half_squared_error": Loss(
        lambda a, t: times(HALF, square(minus(t, a))),
        lambda a, t, mass: _error(a, t),
        mean_of_outputs=False,
    ),
    "mean_squared_error": Loss(
        lambda a, t: square(minus(t, a)), lambda a, t, mass: times(TWO, _error(a, t))
    ),
    "huber": Loss(
        _huber,
        lambda a, t, mass: call("max", Number(-1), call("min", ONE, _error(a, t))),
    ),
    "binary_cross_entropy": Loss(_binary, lambda a, t, mass: _error(a, t), by_sum=True),
    "softmax_cross_entropy": Loss(
        lambda a, t: negative(times(t, call("ln", a))),
        lambda a, t, mass: minus(times(a, mass), t),
        by_sum=True,
        mean_of_outputs=False,
    ),
}


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


def _mean(old: Expression, rate: Expression, new: Expression) -> Expression:
    return plus(times(rate, old), times(minus(ONE, rate), new))


def _down(p: Place, step: Expression) -> Expression:
    return minus(p.w, times(p.eta, step))


def _corrected(p: Place, kept: Expression, beta: str) -> Expression:
    return ratio(kept, minus(ONE, call("power", p.setting(beta), p.n)))


def _adam(p: Place) -> Expression:
    root = call("sqrt", _corrected(p, p.next_v, "beta2"))
    return _down(p, ratio(_corrected(p, p.next_s, "beta1"), plus(root, p.setting("epsilon"))))


def _momentum(p: Place) -> Expression:
    return plus(times(p.setting("momentum"), p.s), p.g)


_MOMENTS = (
    lambda p: _mean(p.s, p.setting("beta1"), p.g),
    lambda p: _mean(p.v, p.setting("beta2"), square(p.g)),
)

OPTIMIZERS = {
    "sgd": Optimizer(lambda p: _down(p, p.g)),
    "momentum": Optimizer(lambda p: _down(p, p.next_s), (_momentum,)),
    "nesterov": Optimizer(
        lambda p: _down(p, plus(p.g, times(p.setting("momentum"), p.next_s))), (_momentum,)
    ),
    "rmsprop": Optimizer(
        lambda p: _down(p, ratio(p.g, plus(call("sqrt", p.next_s), p.setting("epsilon")))),
        (lambda p: _mean(p.s, p.setting("alpha"), square(p.g)),),
    ),
    "adam": Optimizer(_adam, _MOMENTS),
    "adamw": Optimizer(_adam, _MOMENTS),
}
