"""What comes of fields: a network, its data, where it starts, and the trials that share these."""

import hashlib
import json
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise, product

import numpy as np

from sweep.catalogue import COMMON_NUMBERS, NUMBERS, OPTIMIZERS
from sweep.study.grid import Axis, Grid, Positions
from sweep.study.settings import FieldError, Outcome, Record, Schedule, Training

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
    """A fully connected network."""

    layers: tuple[int, ...]  # the size of every layer, inputs first
    activations: tuple[str, ...]  # a name in the catalogue for each layer but the inputs
    bias: bool
    loss: str  # a name in the catalogue

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
    """The parameters before the first step."""

    scheme: str  # by which weights are drawn, as the catalogue says; "explicit" if they are stated
    weights: np.ndarray  # float64 in parameter order, read-only; zeros for weights that are drawn
    seed: int  # from which they are drawn, unless it is swept
    scale: float  # by which what is drawn is multiplied, likewise
    directions: np.ndarray  # (directions, parameters) float64, along which all of them may be moved


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
    """What goes in and what should come out: finite and read-only."""

    inputs: np.ndarray  # (samples, layers[0]) float64
    targets: np.ndarray  # (samples, layers[-1]) float64
    rows: np.ndarray | None = None  # (samples,) int64: which of all, if a share was split off

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


LATER = {"training.drift": 0.0}
"""Lane fields that results may be older than, and what these have them as."""


@dataclass(frozen=True)
class LaneInputs:
    """What the kernel needs of each of n trials; layers are those of weights."""

    weight_rates: np.ndarray  # (layers, n) float64
    bias_rates: np.ndarray  # (layers, n) float64
    multipliers: np.ndarray  # (layers, n) float64, of a layer's weighted sum
    offsets: np.ndarray  # (layers, n) float64, of its initial weights
    drifts: np.ndarray  # (layers, n) float64, of its weights, a step
    alongs: np.ndarray  # (directions, n) float64, how much of each all initial parameters move
    seeds: np.ndarray  # (n,) uint64
    scales: np.ndarray  # (n,) float64
    batch_seeds: np.ndarray  # (n,) uint64
    hyper: Mapping[str, np.ndarray]  # (n,) float64 by the name of each number in the catalogue


@dataclass(frozen=True, eq=False)
class Group:
    """The trials that differ in numbers of their lanes only."""

    network: Network
    data: Data
    validation: Data | None
    initial: Initial
    batch: Batch
    training: Training
    schedule: Schedule
    outcome: Outcome
    record: Record
    # The values of the axes that split the study into groups, in file order.
    labels: Mapping[str, str | bool | int | float]
    grid: Grid  # the points within the group
    fixed: Mapping[str, float | int]  # the lane fields that have one value here
    digest: str  # of all else that determines a result; of steps where the schedule depends on them
    idle: Mapping[str, str]  # why labels and axes have no effect; such an axis has one value

    @cached_property
    def axes(self) -> tuple[Axis, ...]:
        """The axes within the group, in file order."""
        return self.grid.axes

    @cached_property
    def trials(self) -> int:
        """How many trials the group has."""
        return len(self.grid)

    @property
    def steps(self) -> int:
        """How many updates each trial makes."""
        return self.training.steps

    @cached_property
    def sources(self) -> Mapping[str, str]:
        """Which axis or fixed field gives each number of a lane; see `sources_among`."""
        return self.sources_among([*(axis.name for axis in self.axes), *self.fixed])

    def sources_among(self, names: Collection[str]) -> dict[str, str]:
        """Which of the stated lane fields `names` gives each number of a lane.

        A layer's own value goes before that of all layers; the rate of a layer's biases is that of
        its weights unless biases have one. Two rows of results are the same trial of this group
        when each key of this dictionary has the same value in both, whatever fields gave it.

        Raises:
            FieldError: a number is missing.
        """
        numbers = []  # the fields that may give each, the first that is stated does
        for layer in range(len(self.network.shapes)):
            rates = [f"learning_rate.{layer}", "learning_rate"]
            numbers.append(rates)
            if self.network.bias:
                numbers.append([f"bias_learning_rate.{layer}", "bias_learning_rate", *rates])
            for field in ("network.multiplier", "initial.offset", "training.drift"):
                numbers.append([f"{field}.{layer}", field])
        for at in range(len(self.initial.directions)):
            numbers.append([f"initial.along.{at}", "initial.along"])
        drawn = self.initial.scheme != "explicit"
        single = ["seed", "initial.scale"] * drawn + ["batch_seed"] * self.batch.seeded
        single += [*OPTIMIZERS[self.training.optimizer].numbers, *COMMON_NUMBERS]
        numbers += [[name] for name in single]
        return {fields[0]: _first(fields, names) for fields in numbers}

    @property
    def multiplied(self) -> bool:
        """Whether a multiplier of any trial is not 1."""
        return self._any_but(1.0, "network.multiplier")

    @property
    def drifting(self) -> bool:
        """Whether the weights of any trial drift."""
        return self._any_but(0.0, "training.drift")

    @property
    def decayed(self) -> bool:
        """Whether the weights of any trial decay."""
        return self._any_but(0.0, "weight_decay")

    @property
    def clipped(self) -> bool:
        """Whether the gradients of any trial are clipped."""
        return self._any_but(math.inf, "clip_norm")

    @property
    def batched(self) -> bool:
        """Whether a step sees a batch of the samples: its loss is that batch's alone."""
        return self.batch.size is not None or self.batch.table is not None

    @property
    def by_epochs(self) -> bool:
        """Whether it is measured by the losses of epochs; else by those on all data."""
        return self.batched and self.batch.measured == "by epochs"

    @property
    def own_orders(self) -> bool:
        """Whether trials differ in the order of their batches."""
        return self.batch.seeded and any(
            axis.name == self.sources["batch_seed"] and len(axis) > 1 for axis in self.axes
        )

    def _any_but(self, neutral: float, field: str) -> bool:
        """Whether a number of the lanes, of any layer, has any value but `neutral`."""
        given = {**self.fixed, **{axis.name: axis.values for axis in self.axes}}
        return any(
            np.any(given[source] != neutral)
            for number, source in self.sources.items()
            if field in (number, number.rpartition(".")[0])
        )

    @cached_property
    def points(self) -> str:
        """SHA-256 of all that decides which numbers a lane has at which grid position."""
        stated = self.fixed.items() - LATER.items()  # as chunks have it that know no drift
        digest = hashlib.sha256(repr(sorted(stated)).encode())
        digest.update(self.grid.digest.encode())
        return digest.hexdigest()

    def columns(
        self, index: Positions, names: Collection[str] | None = None
    ) -> dict[str, np.ndarray]:
        """The values of the axes at the flat grid positions `index`, as `Grid.columns` has them."""
        return self.grid.columns(index, names)

    def lanes(self, index: np.ndarray) -> LaneInputs:
        """The lane inputs of the trials at the flat grid positions `index`, an int64 vector.

        Without biases `bias_rates` is zero; with stated weights seeds are 0 and scales 1, and a
        number that the optimizer does not take has its default.
        """
        columns = self.columns(index)

        def values(number: str, otherwise: float = 0, kind: type = np.float64) -> np.ndarray:
            source = self.sources.get(number, "")
            found = columns[source] if source in columns else self.fixed.get(source, otherwise)
            return np.broadcast_to(np.asarray(found, kind), index.shape)

        def each(field: str, count: int = len(self.network.shapes)) -> np.ndarray:
            rows = [values(f"{field}.{at}") for at in range(count)]
            return np.array(rows).reshape(count, len(index))

        return LaneInputs(
            weight_rates=each("learning_rate"),
            bias_rates=each("bias_learning_rate"),
            multipliers=each("network.multiplier"),
            offsets=each("initial.offset"),
            drifts=each("training.drift"),
            alongs=each("initial.along", len(self.initial.directions)),
            seeds=values("seed", kind=np.uint64),
            scales=values("initial.scale", 1.0),
            batch_seeds=values("batch_seed", kind=np.uint64),
            hyper={name: values(name, row.default) for name, row in NUMBERS.items()},
        )


def _first(wanted: list[str], names: Collection[str]) -> str:
    for name in wanted:
        if name in names:
            return name
    field = "training.learning_rate" if name == "learning_rate" else name
    raise FieldError(field, f"is missing: state it, or sweep it as axes.{name}")
