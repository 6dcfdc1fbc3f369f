"""The networks that are measured: a table, one row a network.

`sweep bench`, the peers in the repository and tests read the same rows, so that a new network is
timed and checked everywhere.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

Rows = tuple[tuple[float, ...], ...]


@dataclass(frozen=True, eq=False)
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
        scheme: how sweep draws the initial weights; biases start at 0.
    """

    name: str
    layers: tuple[int, ...]
    activations: tuple[str, ...]
    bias: bool
    loss: str
    inputs: Rows
    targets: Rows
    learning_rate: float
    steps: int
    scheme: str = "xavier"

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


def _regression(
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
MAIN = [
    _COURSE,
    _XOR,
    # The network of Sohl-Dickstein, "The boundary of neural network trainability is fractal", 2024:
    # as many samples as parameters.
    _regression((16, 16, 1), "tanh", "identity", 100, samples=272, bias=False),
    _regression((24, 8, 2), "relu", "sigmoid", 100, samples=200),
    _regression((24, 8, 2), "tanh", "sigmoid", 100, samples=200, name="24-8-2-tanh"),
    _regression((4, 32, 16, 4), "relu", "identity", 20, samples=1000),
    _regression((4, 32, 16, 4), "tanh", "identity", 20, samples=1000, name="4-32-16-4-tanh"),
    _regression((64, 64, 10), "relu", "identity", 50),
    _regression((64, 64, 10), "tanh", "identity", 50, name="64-64-10-tanh"),
]

# Up to 128 wide and 5 deep, on 128 rows: each at the edge of something.
FAMILY = [
    _regression((128, 1), "", "identity", 200, name="128-1"),  # one output, nothing else
    _regression((1, 1, 1, 1, 1, 1), "tanh", "tanh", 200),  # nothing to multiply
    _regression((8, 8, 8, 8, 8, 1), "tanh", "identity", 100),  # narrow and deep
    _regression((7, 13, 5, 3), "relu", "identity", 200),  # odd sizes: no tile fits
    _regression((32, 32, 1), "relu", "identity", 100),
    _regression((1, 128, 1), "tanh", "identity", 100),  # outer products alone
    _regression((128, 1, 128), "sigmoid", "sigmoid", 50),  # a bottleneck
    _regression((128, 128), "", "sigmoid", 20),  # one layer: no pass back
    _regression((33, 65, 17, 9), "relu", "identity", 50),
    _regression((100, 50, 10), "sigmoid", "sigmoid", 50),
    _regression((128, 64, 32, 16, 8, 1), "relu", "identity", 20),  # a funnel
    _regression((2, 128, 128, 2), "tanh", "identity", 20),
    _regression((64, 64, 64, 64, 10), "relu", "identity", 20),
    _regression((128, 128, 128, 128, 128, 10), "relu", "identity", 10),
    _regression((128, 128, 128, 128, 128, 128), "relu", "identity", 10, bias=False),  # the largest
]

NETWORKS = {case.name: case for case in [*MAIN, *FAMILY]}

INSTRUMENT = ("2-2-2", "16-16-1", "24-8-2", "4-32-16-4", "64-64-10", "2-8-1")
"""What `sweep bench` measures where no network is named."""
