"""The trials that share one compiled kernel, and the numbers that tell them apart."""

import hashlib
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sweep.catalogue import COMMON_NUMBERS, NUMBERS, OPTIMIZERS
from sweep.study.grid import Axis, Grid, Positions
from sweep.study.model import Batch, Data, Initial, Network
from sweep.study.settings import FieldError, Outcome, Record, Schedule, Training

LATER = {"training.drift": 0.0}
"""Lane fields that results may be older than, and what these have them as."""


@dataclass(frozen=True)
class LaneInputs:
    """What the kernel needs of each of n trials.

    `weight_rates`, `bias_rates`, `multipliers` (of a layer's weighted sum), `offsets` (of its
    initial weights) and `drifts` (of its weights, a step) are (layers, n) float64, a row a layer of
    weights; `alongs` (directions, n) float64, what multiples of them are added to all initial
    parameters; `seeds` and `batch_seeds` (n,) uint64; `scales` (n,) float64.
    `hyper` has (n,) float64 by the name of each number in the catalogue.
    """

    weight_rates: np.ndarray
    bias_rates: np.ndarray
    multipliers: np.ndarray
    offsets: np.ndarray
    drifts: np.ndarray
    alongs: np.ndarray
    seeds: np.ndarray
    scales: np.ndarray
    batch_seeds: np.ndarray
    hyper: Mapping[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Group:
    """The trials that differ in numbers of their lanes only.

    `labels` are the values of the axes that split the study into groups, in file order, and `grid`
    the points within the group; `fixed` the lane fields that have one value here. `digest`
    identifies all else that determines a result, but for the number of steps; it has these too
    where the schedule depends on them. `idle` tells of labels and axes that have no effect why;
    such an axis has one value.
    """

    network: Network
    data: Data
    validation: Data | None
    initial: Initial
    batch: Batch
    training: Training
    schedule: Schedule
    outcome: Outcome
    record: Record
    labels: Mapping[str, str | bool | int | float]
    grid: Grid
    fixed: Mapping[str, float | int]
    digest: str
    idle: Mapping[str, str]

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
        sources = {}
        for layer in range(len(self.network.shapes)):
            rates = _own_first("learning_rate", layer)
            sources[rates[0]] = _first(rates, names)
            if self.network.bias:
                own = _own_first("bias_learning_rate", layer)
                sources[own[0]] = _first(own + rates, names)
            for field in ("network.multiplier", "initial.offset", "training.drift"):
                wanted = _own_first(field, layer)
                sources[wanted[0]] = _first(wanted, names)
        for at in range(len(self.initial.directions)):
            wanted = _own_first("initial.along", at)
            sources[wanted[0]] = _first(wanted, names)
        drawn = self.initial.scheme != "explicit"
        single = ["seed", "initial.scale"] * drawn + ["batch_seed"] * self.batch.seeded
        single += [*OPTIMIZERS[self.training.optimizer].numbers, *COMMON_NUMBERS]
        return sources | {name: _first([name], names) for name in single}

    @property
    def multiplied(self) -> bool:
        """Whether a multiplier of any trial is not 1."""
        layers = range(len(self.network.shapes))
        return any(self._any_but(1.0, f"network.multiplier.{layer}") for layer in layers)

    @property
    def drifting(self) -> bool:
        """Whether the weights of any trial drift."""
        layers = range(len(self.network.shapes))
        return any(self._any_but(0.0, f"training.drift.{layer}") for layer in layers)

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

    def _any_but(self, neutral: float, number: str) -> bool:
        """Whether a number of the lanes has any value but `neutral`."""
        source = self.sources[number]
        swept = [axis.values for axis in self.axes if axis.name == source]
        values = swept[0] if swept else np.array(self.fixed[source])
        return bool(np.any(values != neutral))

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
        """The values of the axes at the flat grid positions `index`.

        The last axis runs fastest. One vector, as long as `index`, for each axis, or for those
        among `names`.

        Raises:
            IndexError: a position is not on the grid.
        """
        return self.grid.columns(index, names)

    def lanes(self, index: np.ndarray) -> LaneInputs:
        """The lane inputs of the trials at the flat grid positions `index`, an int64 vector.

        Without biases `bias_rates` is zero; with stated weights seeds are 0 and scales 1, and a
        number that the optimizer does not take has its default.

        Raises:
            IndexError: a position is not on the grid.
        """
        columns = self.columns(index)

        def values(number: str, otherwise: float = 0, kind: type = np.float64) -> np.ndarray:
            source = self.sources.get(number, "")
            found = columns[source] if source in columns else self.fixed.get(source, otherwise)
            return np.broadcast_to(np.asarray(found, kind), index.shape)

        def layered(number: str) -> np.ndarray:
            layers = range(len(self.network.shapes))
            return np.stack([values(f"{number}.{layer}") for layer in layers])

        return LaneInputs(
            weight_rates=layered("learning_rate"),
            bias_rates=layered("bias_learning_rate"),
            multipliers=layered("network.multiplier"),
            offsets=layered("initial.offset"),
            drifts=layered("training.drift"),
            alongs=np.array(
                [values(f"initial.along.{at}") for at in range(len(self.initial.directions))]
            ).reshape(len(self.initial.directions), len(index)),
            seeds=values("seed", kind=np.uint64),
            scales=values("initial.scale", 1.0),
            batch_seeds=values("batch_seed", kind=np.uint64),
            hyper={name: values(name, row.default) for name, row in NUMBERS.items()},
        )


def _own_first(field: str, layer: int) -> list[str]:
    return [f"{field}.{layer}", field]


def _first(wanted: list[str], names: Collection[str]) -> str:
    for name in wanted:
        if name in names:
            return name
    name = wanted[-1]
    field = "training.learning_rate" if name == "learning_rate" else name
    raise FieldError(field, f"is missing: state it, or sweep it as axes.{name}")
