"""Optimizers: a table, one row an update rule."""

from dataclasses import dataclass
from typing import Any

from sweep.training.lanes import fma, inlined


@dataclass(frozen=True)
class Optimizer:
    """One row.

    Attributes:
        update: compiled; the new parameter from the old one, its gradient and its learning rate.
        proportional: whether the change is the gradient times the learning rate and nothing more.
    """

    update: Any
    proportional: bool


@inlined
def _sgd(w: Any, g: Any, eta: Any) -> Any:
    """w <- w - eta g (gradient descent; Cauchy 1847)."""
    return fma(-eta, g, w)


OPTIMIZERS = {"sgd": Optimizer(_sgd, proportional=True)}
