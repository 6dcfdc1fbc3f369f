"""What a group is made of: its network, samples, first weights, batches, training and records."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from math import inf
from typing import Any

import numpy as np

from sweep.catalogue import ACTIVATIONS, DTYPES, LOSSES, OPTIMIZERS, RULES, SCHEDULES, STOPS
from sweep.study import checks
from sweep.study.declarations import (
    Role,
    by_schedule,
    declared,
    unless_schedule_takes,
    without_biases,
)
from sweep.study.designs import logarithmic_steps

_RATES = checks.per_layer(checks.number(0))

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

    layers: tuple[int, ...] = declared(checks.layer_sizes, Role.GROUP)
    activations: tuple[str, ...] = declared(
        checks.per_layer(checks.one_of(ACTIVATIONS)),
        Role.GROUP,
        "sigmoid",
        swept=str,
        name="activation",
    )
    bias: bool = declared(checks.flag, Role.GROUP, False, swept=bool)
    loss: str = declared(checks.one_of(LOSSES), Role.GROUP, "half_squared_error", swept=str)

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
        return tuple(self._names())

    def _names(self) -> Iterator[str]:
        for layer, (size, before) in enumerate(self.shapes, start=1):
            for to in range(1, size + 1):
                for origin in range(1, before + 1):
                    yield f"w{layer}_{to}_{origin}"
            if self.bias:
                yield from (f"b{layer}_{to}" for to in range(1, size + 1))


def count_parameters(layers: tuple[int, ...], *, bias: bool) -> int:
    """How many weights and biases a network of these layer sizes has."""
    return sum((before + bias) * size for before, size in pairwise(layers))


@dataclass(frozen=True, eq=False)
class Initial:
    """The parameters before the first step.

    `weights` is a read-only float64 vector in parameter order (see `Network.parameter_names`). It
    holds the biases, and the weights if `scheme` is "explicit", zeros in their place otherwise:
    they are drawn as the catalogue says of `scheme`, from `seed`, and multiplied by `scale`,
    unless these two are swept.
    """

    scheme: str
    weights: np.ndarray
    seed: int
    scale: float


def parameter_vector(
    network: Network,
    weights: Sequence[np.ndarray] | None,
    biases: Sequence[np.ndarray] | None,
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

    The first two are functions of a seed, see `LaneInputs.batch_seeds`.
    """

    size: int | None = None
    order: str = "shuffle"
    table: np.ndarray | None = None

    @property
    def seeded(self) -> bool:
        """Whether the samples of a step depend on a seed."""
        return self.size is not None and self.table is None


@dataclass(frozen=True)
class Training:
    """The way down the loss.

    `steps` counts updates of the parameters. `learning_rate` and `bias_learning_rate` are as the
    study states them: one number, one for each layer, or None where an axis gives them (and, for
    the biases, where their rate is that of their layer's weights). `Group.lanes` resolves them.

    `stop` says after which step a trial is left as it is: never before the last one, or the one
    whose loss reached the target, diverged, or either.
    """

    steps: int = declared(checks.STEPS, Role.STEPS, swept=int)
    optimizer: str = declared(checks.one_of(OPTIMIZERS), Role.GROUP, "sgd", swept=str)
    dtype: str = declared(checks.one_of(DTYPES), Role.GROUP, "float64", swept=str)
    stop: str = declared(checks.one_of(STOPS), Role.GROUP, "never", swept=str)
    learning_rate: float | tuple[float, ...] | None = declared(
        _RATES, Role.LANE, None, swept=float, column="learning_rate", layered=True
    )
    bias_learning_rate: float | tuple[float, ...] | None = declared(
        _RATES,
        Role.LANE,
        None,
        swept=float,
        column="bias_learning_rate",
        idle=without_biases,
        layered=True,
    )


@dataclass(frozen=True)
class Outcome:
    """When a trial has converged and when it has diverged.

    Diverged: its loss was not finite or exceeded `diverged_above`. Converged, by `rule`: its loss
    reached `target`, or its tail loss is below its initial loss. Stalled: neither.
    """

    target: float = declared(checks.number(0), Role.GROUP, 0.0, swept=float)
    diverged_above: float = declared(checks.number(0, infinite=True), Role.GROUP, inf, swept=float)
    rule: str = declared(checks.one_of(RULES), Role.GROUP, "target", swept=str)


def _taken(number: str, check: checks.Check, swept: type) -> Any:
    """A number that some schedules take; 1 for others."""
    return declared(
        check,
        Role.GROUP,
        by_schedule(number),
        swept=swept,
        idle=unless_schedule_takes(number),
        otherwise=swept(1),
    )


@dataclass(frozen=True)
class Schedule:
    """A factor on every learning rate, by step t = 0 .. steps - 1 of the update.

    The first `warmup` steps have the factors 1/warmup, 2/warmup, .., 1. Then t counts from 0
    again, of T = steps - warmup, and the factor is what the catalogue says of `name`.
    A number that the schedule does not take is 1.
    """

    name: str = declared(
        checks.one_of(SCHEDULES), Role.GROUP, "constant", swept=str, otherwise="constant"
    )
    warmup: int = declared(checks.integer(0, 10**9), Role.GROUP, 0, swept=int, otherwise=0)
    every: int = _taken("every", checks.STEPS, int)
    gamma: float = _taken("gamma", checks.number(0), float)
    final: float = _taken("final", checks.number(0), float)

    @property
    def shaped_by_steps(self) -> bool:
        """Whether the factor at a step depends on how many steps there are in all."""
        return SCHEDULES[self.name].shaped_by_steps


@dataclass(frozen=True)
class Record:
    """What is recorded of every trial, besides its measures.

    `loss` is "every step", "every N", "log N" or "nothing"; `parameters` is "final", "every N",
    "every step" or "nothing". See `checks.schedule` for their one spelling.
    """

    loss: str = declared(
        checks.recorded("every step", "every N", "log N", "nothing"),
        Role.GROUP,
        "every step",
        swept=str,
    )
    parameters: str = declared(
        checks.recorded("final", "every step", "every N", "nothing"),
        Role.GROUP,
        "final",
        swept=str,
    )

    def loss_steps(self, steps: int) -> np.ndarray:
        """The steps at which the loss of a trial of `steps` is recorded: int64, ascending."""
        return _scheduled(self.loss, steps)

    def parameter_steps(self, steps: int) -> np.ndarray:
        """The steps at which the parameters of a trial of `steps` are recorded, likewise."""
        return _scheduled(self.parameters, steps)


def scheduled_count(text: str, steps: int) -> int:
    """How many steps `schedule` records of a trial of `steps`, without listing them."""
    kind, _, number = text.partition(" ")
    if kind in ("nothing", "final"):
        return int(kind == "final")
    count = 1 if number == "step" else int(number)
    return min(count, steps + 1) if kind == "log" else -(-steps // count) + 1


def _scheduled(text: str, steps: int) -> np.ndarray:
    kind, _, number = text.partition(" ")
    if kind == "nothing":
        return np.empty(0, np.int64)
    if kind == "final":
        return np.array([steps], np.int64)
    if kind == "log":
        return logarithmic_steps(int(number), steps)
    count = 1 if number == "step" else int(number)
    found = np.arange(0, steps + count, count, dtype=np.int64)
    found[-1] = steps
    return found


@dataclass(frozen=True, eq=False)
class Data:
    """What goes in and what should come out.

    `inputs` is (samples, layers[0]) and `targets` (samples, layers[-1]), both float64, finite and
    read-only. `rows` (samples,) int64 says which of the study's samples they are, counted from 0,
    where `validation.share` split them. `digest` is the SHA-256 of both arrays' shapes and bytes.
    """

    inputs: np.ndarray
    targets: np.ndarray
    rows: np.ndarray | None = None
    digest: str = field(init=False)

    @cached_property
    def parts(self) -> tuple[str, str]:
        """The digests of the inputs and of the targets alone."""
        return array_digest(self.inputs), array_digest(self.targets)

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", array_digest(self.inputs, self.targets))
