"""Losses between outputs A and targets T, with their slopes: a table, one row a loss."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sweep.training.lanes import fma, inlined


@dataclass(frozen=True)
class Loss:
    """One row: E = scale * sum of term(A, T), dE/dA = slope_scale * slope(A, T).

    The sum runs over samples, and over outputs within a sample. Both scales are functions of the
    numbers of samples and of outputs; kept apart, they are applied once and not to every term.

    Attributes:
        term: compiled; one output's term, ``term(a, t)``.
        add_term: compiled; ``add_term(a, t, total)`` is total + term(a, t).
        slope: compiled; ``slope(a, t)``.
    """

    term: Any
    add_term: Any
    slope: Any
    scale: Callable[[int, int], float]
    slope_scale: Callable[[int, int], float]


@inlined
def _square(a: Any, t: Any) -> Any:
    return (a - t) * (a - t)


@inlined
def _add_square(a: Any, t: Any, total: Any) -> Any:
    return fma(a - t, a - t, total)


@inlined
def _difference(a: Any, t: Any) -> Any:
    return a - t


def _squared_error(scale: Callable[[int, int], float]) -> Loss:
    return Loss(_square, _add_square, _difference, scale, lambda n, m: 2.0 * scale(n, m))


LOSSES = {
    # E = mean over samples of 1/2 sum_k (A_k - T_k)^2: the course's E_T when there is one sample
    "half_squared_error": _squared_error(lambda samples, outputs: 0.5 / samples),
    # E = mean over samples and outputs of (A - T)^2, PyTorch's MSELoss
    "mean_squared_error": _squared_error(lambda samples, outputs: 1.0 / (samples * outputs)),
}
