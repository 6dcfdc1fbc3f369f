"""What comes of the fields: a network, its samples, first weights and batches; and identities."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise, product

import numpy as np

NUMERICS = 2
"""The version of the arithmetic. A change that moves any bit of any result raises it by one."""


def array_digest(*arrays: np.ndarray) -> str:
    """SHA-256, in hexadecimal, of the shapes and the float64 values of `arrays`, in order.

    The bytes are little-endian whatever the machine, so the digest is the same everywhere.
    """
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(json.dumps(array.shape).encode())
        digest.update(np.ascontiguousarray(array, dtype="<f8").tobytes())
    return digest.hexdigest()


def identity_digest(parts: Mapping[str, object]) -> str:
    """SHA-256, in hexadecimal, of `parts` and `NUMERICS` as canonical JSON.

    Keys are sorted, nothing is padded, arrays stand for themselves by `array_digest` and numbers
    by their shortest exact form.
    """
    content = {"numerics": NUMERICS, **parts}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), default=array_digest)
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Network:
    """A fully connected network.

    `layers` holds the size of every layer, inputs first; `activations` a name in the catalogue for
    each layer but the inputs; `loss` a name there too.
    """

    layers: tuple[int, ...]
    activations: tuple[str, ...]
    bias: bool
    loss: str

    @property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """The (to, from) shape of each layer's weights, first layer first."""
        return tuple((size, before) for before, size in pairwise(self.layers))

    @property
    def n_parameters(self) -> int:
        """How many numbers a trial trains: all weights, and the biases where there are any."""
        return count_parameters(self.layers, bias=self.bias)

    @cached_property
    def parameter_names(self) -> tuple[str, ...]:
        """One column name a parameter, in parameter order.

        `w1_2_1` is the weight of layer 1 to neuron 2 from neuron 1, `b1_2` that neuron's bias.
        Layer by layer: all weights [to][from], row by row, then the layer's biases.
        """
        names: list[str] = []
        for layer, (size, before) in enumerate(self.shapes, start=1):
            pairs = product(range(1, size + 1), range(1, before + 1))
            names += (f"w{layer}_{to}_{origin}" for to, origin in pairs)
            names += (f"b{layer}_{to}" for to in range(1, size * self.bias + 1))
        return tuple(names)


def count_parameters(layers: tuple[int, ...], *, bias: bool) -> int:
    """How many weights and biases a network of these layer sizes has."""
    return sum((before + bias) * size for before, size in pairwise(layers))


@dataclass(frozen=True, eq=False)
class Initial:
    """The parameters before the first step.

    `weights` is a read-only float64 vector in parameter order (see `Network.parameter_names`). It
    holds the biases, and the weights if `scheme` is "explicit", zeros in their place otherwise:
    they are drawn as the catalogue says of `scheme`, from `seed`, and multiplied by `scale`,
    unless these two are swept. Multiples of `directions`, (directions, parameters) float64, are
    added to all of them, see `LaneInputs.alongs`.
    """

    scheme: str
    weights: np.ndarray
    seed: int
    scale: float
    directions: np.ndarray


def parameter_vector(
    network: Network, weights: Sequence[np.ndarray] | None, biases: Sequence[np.ndarray] | None
) -> np.ndarray:
    """The stated weights (to, from) and biases (to,) of each layer in parameter order.

    Returns a read-only float64 vector of `network.n_parameters`, zero where nothing is stated.
    """
    vector = np.zeros(network.n_parameters)
    start = 0
    for layer, (size, before) in enumerate(network.shapes):
        middle = start + size * before
        if weights is not None:
            vector[start:middle] = weights[layer].ravel()
        start = middle + size * network.bias
        if network.bias and biases is not None:
            vector[middle:start] = biases[layer]
    vector.setflags(write=False)
    return vector


@dataclass(frozen=True, eq=False)
class Batch:
    """The samples of each step.

    `size` is how many a step takes, None for all of them. Which ones, says `order`:

    - shuffle: those of a random permutation, one after the other; a new one every epoch, whose
      last batch is smaller if `size` does not divide the samples
    - replacement: `size` draws each step
    - table: `table`, read-only int64 of (rows, size), has a row a step, used over and over

    The first two are functions of a seed, see `LaneInputs.batch_seeds`. `measured` says of what the
    losses are that decide measures and outcome: "by epochs" or "on all data".
    """

    size: int | None = None
    order: str = "shuffle"
    table: np.ndarray | None = None
    measured: str = "by epochs"

    @property
    def seeded(self) -> bool:
        """Whether the samples of a step depend on a seed."""
        return self.size is not None and self.table is None


@dataclass(frozen=True, eq=False)
class Data:
    """What goes in and what should come out.

    `inputs` is (samples, layers[0]) and `targets` (samples, layers[-1]), both float64, finite and
    read-only. `rows` (samples,) int64 says which of the study's samples they are, counted from 0,
    where `validation.share` split them.
    """

    inputs: np.ndarray
    targets: np.ndarray
    rows: np.ndarray | None = None

    def __post_init__(self) -> None:
        for array in (self.inputs, self.targets):
            array.setflags(write=False)

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of both arrays' shapes and bytes."""
        return array_digest(self.inputs, self.targets)

    @cached_property
    def parts(self) -> tuple[str, str]:
        """The digests of the inputs and of the targets alone."""
        return array_digest(self.inputs), array_digest(self.targets)
