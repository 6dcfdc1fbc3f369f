"""What peers make of a row of the networks' table: its loss, its products, its parameters."""

import numpy as np

from sweep.instrument.networks import Case


def loss_scale(case: Case) -> float:
    """The c of E = c * sum over samples and outputs of (T - A)^2."""
    if case.loss == "half_squared_error":
        return 0.5 / len(case.inputs)
    return 1.0 / (len(case.inputs) * case.layers[-1])


def products(case: Case) -> int:
    """Multiply-adds of the matrix products of one step of one network."""
    forward = sum(size * before for size, before in case.shapes)
    passed_back = sum(size * before for size, before in case.shapes[1:])
    return len(case.inputs) * (2 * forward + passed_back)


def split(case: Case, parameters: np.ndarray) -> list[tuple[np.ndarray, np.ndarray | None]]:
    """Each layer's weights (..., to, from) and biases (..., to), of parameters (..., P).

    Parameters go layer by layer: all weights row by row, then the biases.
    """
    found, first = [], 0
    for size, before in case.shapes:
        last = first + size * before
        weights = parameters[..., first:last].reshape(*parameters.shape[:-1], size, before)
        biases = parameters[..., last : last + size] if case.bias else None
        found.append((weights, biases))
        first = last + size * case.bias
    return found
