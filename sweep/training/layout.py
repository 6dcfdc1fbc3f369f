"""What a kernel is compiled for, and the layout of what it reads and writes.

This module knows neither numba nor LLVM, so that a kernel found in the cache can be called
without loading a compiler.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import ClassVar, Protocol

from sweep.catalogue import ACTIVATIONS, OPTIMIZERS, ORDERS

SOFTMAX = "softmax"  # of a whole layer, and so no row of the table of activations

RING = 32  # losses kept: the window, and more than the last TAIL before it
WINDOW = 8  # steps between two looks at the losses
TAIL = 20  # losses whose mean is the tail loss

# Rows of a kernel's `extremes` and `marks`; see `measures`.
INITIAL, BEST, LARGEST, FINAL, TAIL_MEAN = EXTREMES = range(5)
BEST_STEP, TARGET_STEP, DIVERGED_STEP = MARKS = range(3)

# A kernel's arguments in order: numbers of its dtype, integers of its size for marks, and others.
TRAIN_ARGUMENTS = {
    "columns": "int",
    "start": "int",
    "stop": "int",
    "samples": "int",
    "inputs": "numbers",
    "targets": "numbers",
    "batch_size": "int",
    "order": "int32s",
    "batch_starts": "int64s",
    "batch_seeds": "int64s",
    "factors": "numbers",
    "rates_of_layers": "numbers",
    "multipliers": "numbers",
    "settings": "numbers",
    "parameters": "numbers",
    "state": "numbers",
    "thresholds": "numbers",
    "extremes": "numbers",
    "marks": "marks",
    "epoch": "int",
    "epoch_samples": "int",
    "partial": "numbers",
    "keep_recent": "int",
    "recent": "numbers",
    "records": "int",
    "record_steps": "int64s",
    "curve": "numbers",
    "workspace": "numbers",
}
EVALUATION_ARGUMENTS = {
    "columns": "int",
    "samples": "int",
    "inputs": "numbers",
    "targets": "numbers",
    "middle": "numbers",
    "multipliers": "numbers",
    "parameters": "numbers",
    "losses": "numbers",
    "accuracies": "numbers",
    "workspace": "numbers",
}
DRAW_ARGUMENTS = {
    "columns": "int",
    "count": "int",
    "seeds": "int64s",
    "scales": "float64s",
    "spreads": "float64s",
    "fixed": "float64s",
    "parameters": "numbers",
}
ORDER_ARGUMENTS = {
    "columns": "int",
    "count": "int",
    "samples": "int",
    "seeds": "int64s",
    "positions": "int64s",
    "indices": "int32s",
}


# A network of so few values goes into registers and onto the stack, every loop written out.
_FEW_VALUES, _MANY_VALUES = 64, 256
_TILE_BYTES = 32 * 1024  # of activations and deltas that go through a network together


@dataclass(frozen=True)
class Network:
    """What the passes through a network are compiled for.

    Attributes:
        layers: the number of neurons of each layer, inputs first.
        activations: a name for each layer but the first.
        bias: whether each layer but the first has biases.
        multiplied: whether each layer's sums are multiplied by a number of their own.
        loss: a row of its table.
        dtype: "float64" or "float32".
        lanes: networks trained side by side by one instruction stream.
        tile: samples that go through the network together.
        unrolled: whether every loop is written out, for values to stay in registers.
    """

    layers: tuple[int, ...]
    activations: tuple[str, ...]
    bias: bool
    multiplied: bool
    loss: str
    dtype: str
    lanes: int = 1
    tile: int = 1
    unrolled: bool = False

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """The numbers of inputs and of outputs of each layer of weights."""
        return list(pairwise(self.layers))

    @property
    def parameters(self) -> int:
        """The number of weights and biases."""
        return sum((n_in + self.bias) * n_out for n_in, n_out in self.pairs)

    @property
    def neurons(self) -> int:
        """The number of neurons, inputs apart."""
        return sum(self.layers[1:])


@dataclass(frozen=True)
class Shape:
    """What a training kernel is compiled for.

    Attributes:
        network: what its passes are compiled for.
        optimizer: a row of its table.
        batches: "full", "shared" (the steps' samples in an order that all trials share), or one of
            `ORDERS` (in an order of each trial's own).
        single: whether a step sees one sample only.
        decayed, clipped, scheduled: whether there are weight decay, a bound on the gradient's
            norm, and a factor on the learning rates that changes from step to step.
        stop: "never", "target", "divergence" or "either": what ends the training of a trial.
    """

    network: Network
    optimizer: str
    batches: str
    single: bool
    decayed: bool
    clipped: bool
    scheduled: bool
    stop: str

    arguments: ClassVar[Mapping[str, str]] = TRAIN_ARGUMENTS

    @property
    def dtype(self) -> str:
        """The dtype of the network."""
        return self.network.dtype

    @property
    def lanes(self) -> int:
        """The lanes of the network."""
        return self.network.lanes

    @property
    def kept(self) -> int:
        """How many numbers the optimizer keeps of a trial."""
        row = OPTIMIZERS[self.optimizer]
        return row.kept_each * self.network.parameters + row.kept_whole

    @property
    def settings(self) -> tuple[str, ...]:
        """The rows of `settings`."""
        more = (("weight_decay", self.decayed), ("clip_norm", self.clipped))
        return OPTIMIZERS[self.optimizer].settings + tuple(name for name, there in more if there)


@dataclass(frozen=True)
class Evaluation:
    """What a kernel is compiled for that finds loss and accuracy, and trains nothing.

    Attributes:
        network: what its forward pass is compiled for.
    """

    network: Network

    arguments: ClassVar[Mapping[str, str]] = EVALUATION_ARGUMENTS

    @property
    def dtype(self) -> str:
        """The dtype of the network."""
        return self.network.dtype


@dataclass(frozen=True)
class Draw:
    """What a kernel that draws initial parameters is compiled for.

    Attributes:
        distribution: "uniform" or "normal".
        dtype: "float64" or "float32", of the parameters.
        lanes: networks drawn side by side.
    """

    distribution: str
    dtype: str
    lanes: int

    arguments: ClassVar[Mapping[str, str]] = DRAW_ARGUMENTS


@dataclass(frozen=True)
class Order:
    """What a kernel that draws the order of batches is compiled for.

    Attributes:
        order: "shuffle" or "replacement".
        lanes: epochs, or steps, drawn side by side.
    """

    order: str
    lanes: int

    arguments: ClassVar[Mapping[str, str]] = ORDER_ARGUMENTS
    dtype: ClassVar[str] = "float64"  # of no argument: it reads and writes integers alone


class Specification(Protocol):
    """What a kernel is compiled for: a frozen dataclass whose repr tells all of it.

    Attributes:
        dtype: "float64" or "float32", of its "numbers".
        arguments: the kind of each argument by its name, in order.
    """

    arguments: ClassVar[Mapping[str, str]]

    @property
    def dtype(self) -> str:  # noqa: D102 - above
        ...


def mark_dtype(dtype: str) -> str:
    """Return the dtype of the steps that the measures mark: an integer of the same size."""
    return {"float64": "int64", "float32": "int32"}[dtype]


@dataclass(frozen=True)
class Room:
    """Where in the workspace everything lies, in values of lanes from its start."""

    parameters: int
    gradients: int
    state: int
    saved: int
    saved_state: int
    activations: int
    deltas: int
    scratch: int
    inputs: int
    targets: int
    order: int
    end: int


def room(shape: Shape, samples: int) -> Room:
    """Lay out the workspace of a kernel for `samples` rows of data."""
    return Room(*accumulate(sizes(shape, samples), initial=0))


def sizes(shape: Shape, samples: int) -> tuple[int, ...]:
    """Return how many values of lanes each part of the workspace has, in their order."""
    network, own = shape.network, shape.batches in ORDERS
    stopping = shape.stop != "never"
    # Rows of a batch in an order that is shared are scalars, but take no less room here.
    batch = network.tile * (shape.batches != "full")
    return (
        network.parameters,
        network.parameters,
        shape.kept,
        network.parameters * stopping,
        shape.kept * stopping,
        network.tile * network.neurons,
        network.tile * network.neurons,
        network.tile * max(network.layers[1:]),
        batch * network.layers[0],
        batch * network.layers[-1],
        samples * own,
    )


def workspace_size(shape: Shape, samples: int) -> int:
    """Return how many numbers of working memory the kernel needs."""
    return room(shape, samples).end * shape.lanes


def evaluation_size(network: Network) -> int:
    """Return how many numbers of working memory a kernel needs that evaluates a network."""
    values = network.parameters + network.tile * (2 * network.neurons + max(network.layers[1:]))
    return values * network.lanes


def fitted(shape: Shape, register_bytes: int, lanes: int | None = None) -> Shape:
    """Return the shape with lanes and samples at a time that suit it and a processor's registers.

    A step of a small network is one long chain of dependent operations; a value of several
    registers gives the processor as many chains to work on at once. A larger network has
    parallelism of its own: its values take one register each, and samples go through it several at
    a time, so that a weight that is loaded serves all of them.
    """
    network = shape.network
    per_register = register_bytes // (int(shape.dtype[-2:]) // 8)
    values = 2 * (network.parameters + network.neurons) + shape.kept
    if values <= _MANY_VALUES:
        registers = 4 if values <= _FEW_VALUES else 2
        network = replace(network, tile=1, unrolled=True)
    else:
        registers = 1
        network = replace(network, tile=1) if shape.single else tiled(network, register_bytes)
    network = replace(network, lanes=lanes or min(64, registers * per_register))
    return replace(shape, network=network)


def tiled(network: Network, register_bytes: int) -> Network:
    """Return the network with samples that go through it together: 8 or 16."""
    values = 2 * network.neurons + max(network.layers[1:])
    tile = 8 if 8 * values * register_bytes < _TILE_BYTES < 16 * values * register_bytes else 16
    return replace(network, tile=tile, unrolled=False)


def operations(shape: Shape, samples: int) -> int:
    """Return about how many vector operations a step takes: additions, products, fused or not.

    What else there is (divisions, comparisons, bit patterns, loads) goes to other ports.
    """
    network = shape.network
    products = sum(n_in * n_out for n_in, n_out in network.pairs)
    passed_back = sum(n_in * n_out for n_in, n_out in network.pairs[1:])
    activations = sum(
        n_out * (ACTIVATIONS[name].operations + 2)
        for n_out, name in zip(network.layers[1:], network.activations, strict=True)
    )
    sample = 2 * products + passed_back + activations + 3 * network.layers[-1]
    update = network.neurons if shape.single else 2 * network.parameters
    return samples * sample + update + 3
