"""Optimizers: a table, one row an update rule, in the definitions of PyTorch 2 (torch.optim).

Every rule takes the parameter w, its gradient g, its learning rate eta and up to two numbers that
it keeps for each parameter, s and t, both 0 at first; it returns w, s and t. What else it needs
is the same for all parameters of a network and made once a step by `prepare`.
"""

from dataclasses import dataclass
from typing import Any

from sweep.training.lanes import fma, inlined, sqrt


@dataclass(frozen=True)
class Optimizer:
    """One row; what it takes and keeps is in the catalogue's row.

    Attributes:
        update: compiled; ``update(w, g, eta, s, t, constants)`` returns (w, s, t).
        prepare: compiled; ``prepare(h, c, corrections)`` returns the constants of this step from
            the settings, which begin at ``h[0]``, and moves the corrections on, which begin at
            ``c[corrections]``.
    """

    update: Any
    prepare: Any


_nothing = inlined(lambda h, c, corrections: ())
_first_setting = inlined(lambda h, c, corrections: (h[0],))
_three_settings = inlined(lambda h, c, corrections: (h[0], h[1], h[2]))


@inlined
def _sgd(w: Any, g: Any, eta: Any, s: Any, t: Any, constants: Any) -> Any:
    """w <- w - eta g (gradient descent; Cauchy 1847)."""
    return fma(-eta, g, w), s, t


@inlined
def _momentum(w: Any, g: Any, eta: Any, s: Any, t: Any, constants: Any) -> Any:
    """s <- mu s + g, w <- w - eta s (Polyak 1964; Sutskever et al. 2013)."""
    s = fma(constants[0], s, g)
    return fma(-eta, s, w), s, t


@inlined
def _nesterov(w: Any, g: Any, eta: Any, s: Any, t: Any, constants: Any) -> Any:
    """s <- mu s + g, w <- w - eta (g + mu s) (Sutskever et al. 2013)."""
    s = fma(constants[0], s, g)
    return fma(-eta, fma(constants[0], s, g), w), s, t


@inlined
def _rmsprop(w: Any, g: Any, eta: Any, s: Any, t: Any, constants: Any) -> Any:
    """s <- alpha s + (1 - alpha) g^2, w <- w - eta g / (sqrt(s) + epsilon) (Hinton 2012)."""
    alpha, complement, epsilon = constants
    s = fma(complement * g, g, alpha * s)
    return fma(-eta, g / (sqrt(s) + epsilon), w), s, t


@inlined
def _adam_settings(h: Any, c: Any, corrections: Any) -> Any:
    """The settings, and 1 - beta^t of both betas.

    x = 1 - beta^t follows x <- x + (1 - beta) (1 - x) from 0, which keeps its relative accuracy
    where beta^t, near 1 at first, would have lost it.
    """
    first = fma(h[0], 1.0 - c[corrections], c[corrections])
    second = fma(h[2], 1.0 - c[corrections + 1], c[corrections + 1])
    c[corrections] = first
    c[corrections + 1] = second
    return h[0], h[1], h[2], h[3], first, 1.0 / sqrt(second)


@inlined
def _adam(w: Any, g: Any, eta: Any, s: Any, t: Any, constants: Any) -> Any:
    """Kingma and Ba, "Adam: a method for stochastic optimization", 2015, algorithm 1.

    s <- beta1 s + (1 - beta1) g, t <- beta2 t + (1 - beta2) g^2, both divided by 1 - beta^step,
    w <- w - eta s / (sqrt(t) + epsilon).
    """
    complement, beta, square_complement, epsilon, bias, per_root_bias = constants
    s = fma(complement, g - s, s)
    t = fma(square_complement * g, g, beta * t)
    return fma(-(eta / bias), s / fma(sqrt(t), per_root_bias, epsilon), w), s, t


OPTIMIZERS = {
    "sgd": Optimizer(_sgd, _nothing),
    "momentum": Optimizer(_momentum, _first_setting),
    "nesterov": Optimizer(_nesterov, _first_setting),
    "rmsprop": Optimizer(_rmsprop, _three_settings),
    "adam": Optimizer(_adam, _adam_settings),
    "adamw": Optimizer(_adam, _adam_settings),  # Loshchilov and Hutter, 2019
}
