"""The networks that are measured: a table, a row a network, for `sweep bench`, peers and tests."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

Rows = tuple[tuple[float, ...], ...]


@dataclass(frozen=True, eq=False)
class Case:
    """One row: a network, its data and how it is trained (full-batch gradient descent)."""

    name: str
    layers: tuple[int, ...]  # layer sizes, inputs first
    activations: tuple[str, ...]  # one name for each layer but the inputs
    bias: bool
    loss: str  # "half_squared_error" or "mean_squared_error", as sweep defines them
    inputs: Rows  # a row a sample
    targets: Rows  # a row a sample
    learning_rate: float  # one for all parameters
    steps: int  # updates of the parameters
    scheme: str = "xavier"  # how sweep draws the initial weights; biases start at 0

    @property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """The (to, from) shape of each layer's weights, first layer first."""
        return tuple((size, before) for before, size in pairwise(self.layers))

    @property
    def n_parameters(self) -> int:
        """All weights, and the biases where there are any."""
        return sum(size * (before + self.bias) for size, before in self.shapes)

    @property
    def n_neurons(self) -> int:
        """All but the inputs."""
        return sum(self.layers[1:])


def _uniform(rows: int, columns: int, low: float, high: float, seed: int) -> Rows:
    """Generated data, with few digits so that a study file can state it."""
    values = np.random.default_rng(seed).uniform(low, high, (rows, columns)).round(4)
    return tuple(map(tuple, values.tolist()))


def regression(
    layers: tuple[int, ...],
    hidden: str,
    output: str,
    steps: int,
    *,
    samples: int = 128,
    bias: bool = True,
    name: str = "",
) -> Case:
    """A network on data without structure: what is timed does not depend on them."""
    name = name or "-".join(map(str, layers))
    return Case(
        name=name,
        layers=layers,
        activations=(hidden,) * (len(layers) - 2) + (output,),
        bias=bias,
        loss="mean_squared_error",
        inputs=_uniform(samples, layers[0], -1.0, 1.0, seed=1),
        targets=_uniform(samples, layers[-1], 0.1, 0.9, seed=2),
        learning_rate=0.1,
        steps=steps,
    )


_COURSE = Case(
    name="2-2-2",
    layers=(2, 2, 2),
    activations=("sigmoid", "sigmoid"),
    bias=False,
    loss="half_squared_error",
    inputs=((0.05, 0.10),),
    targets=((0.01, 0.99),),
    learning_rate=0.5,
    steps=1000,
    scheme="uniform",
)
_XOR = Case(
    name="2-8-1",
    layers=(2, 8, 1),
    activations=("tanh", "sigmoid"),
    bias=True,
    loss="mean_squared_error",
    inputs=((0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0)),
    targets=((0.0,), (1.0,), (1.0,), (0.0,)),
    learning_rate=0.5,
    steps=200,
)

# What people train by the thousand. Where the hidden layers are relu, matrix products are nearly
# all of the work and the libraries are at their best; tanh is the other choice people make.
NETWORKS = {
    case.name: case
    for case in [
        _COURSE,
        _XOR,
        # Of Sohl-Dickstein, "The boundary of neural network trainability is fractal", 2024: as many
        # samples as parameters.
        regression((16, 16, 1), "tanh", "identity", 100, samples=272, bias=False),
        regression((24, 8, 2), "relu", "sigmoid", 100, samples=200),
        regression((24, 8, 2), "tanh", "sigmoid", 100, samples=200, name="24-8-2-tanh"),
        regression((4, 32, 16, 4), "relu", "identity", 20, samples=1000),
        regression((4, 32, 16, 4), "tanh", "identity", 20, samples=1000, name="4-32-16-4-tanh"),
        regression((64, 64, 10), "relu", "identity", 50),
        regression((64, 64, 10), "tanh", "identity", 50, name="64-64-10-tanh"),
    ]
}

INSTRUMENT = ("2-2-2", "16-16-1", "24-8-2", "4-32-16-4", "64-64-10", "2-8-1")
"""What `sweep bench` measures where no network is named."""
