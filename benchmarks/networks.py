"""The networks that benchmarks train: a table, one row a network.

Peers and tests read the same rows, so that a new network is timed and checked everywhere.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np


@dataclass(frozen=True)
class Case:
    """One row: a network, its data and how it is trained (full-batch gradient descent).

    Attributes:
        layers: layer sizes, inputs first.
        activations: one name for each layer but the inputs.
        loss: "half_squared_error" or "mean_squared_error", as sweep defines them.
        inputs: a row a sample.
        targets: a row a sample.
        learning_rate: one for all parameters.
        steps: updates of the parameters.
        operations: of our kernel, in one step of one network, that need a multiply-add port: what
            the machine's peak allows is their bound.
    """

    name: str
    layers: tuple[int, ...]
    activations: tuple[str, ...]
    bias: bool
    loss: str
    inputs: tuple[tuple[float, ...], ...]
    targets: tuple[tuple[float, ...], ...]
    learning_rate: float
    steps: int
    operations: int

    @property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """The (to, from) shape of each layer's weights, first layer first."""
        return tuple((size, before) for before, size in pairwise(self.layers))

    @property
    def n_parameters(self) -> int:
        """All weights, and the biases where there are any."""
        return sum(size * (before + self.bias) for size, before in self.shapes)

    @property
    def loss_scale(self) -> float:
        """The c of E = c * sum over samples and outputs of (T - A)^2."""
        if self.loss == "half_squared_error":
            return 0.5 / len(self.inputs)
        return 1.0 / (len(self.inputs) * self.layers[-1])

    def split(self, parameters: np.ndarray) -> list[tuple[np.ndarray, np.ndarray | None]]:
        """Each layer's weights (..., to, from) and biases (..., to), of parameters (..., P).

        Parameters go layer by layer: all weights row by row, then the biases.
        """
        found, first = [], 0
        for size, before in self.shapes:
            last = first + size * before
            weights = parameters[..., first:last].reshape(*parameters.shape[:-1], size, before)
            biases = parameters[..., last : last + size] if self.bias else None
            found.append((weights, biases))
            first = last + size * self.bias
        return found


NETWORKS = {
    case.name: case
    for case in [
        Case(
            name="2-2-2",
            layers=(2, 2, 2),
            activations=("sigmoid", "sigmoid"),
            bias=False,
            loss="half_squared_error",
            inputs=((0.05, 0.10),),
            targets=((0.01, 0.99),),
            learning_rate=0.5,
            steps=1000,
            # Additions and products, fused or not: 8 forward and 4 back, 4 sigmoids of 11 and
            # their 8 slopes, 5 for the loss, 12 for the update, 1 for the measures.
            operations=82,
        ),
    ]
}
