"""The trials that share one compiled kernel, and the numbers that tell them apart."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sweep.study.axes import Axis
from sweep.study.datasets import Data
from sweep.study.fields import FieldError
from sweep.study.initializers import Initial
from sweep.study.network import Network
from sweep.study.record import Record
from sweep.study.training import Outcome, Training


@dataclass(frozen=True)
class LaneInputs:
    """What the kernel needs of each of n trials.

    `weight_rates` and `bias_rates` are (layers, n) float64, a row a layer of weights; `seeds` (n,)
    uint64; `scales` (n,) float64.
    """

    weight_rates: np.ndarray
    bias_rates: np.ndarray
    seeds: np.ndarray
    scales: np.ndarray


@dataclass(frozen=True, eq=False)
class Group:
    """The trials that differ in numbers of their lanes only.

    `labels` are the values of the axes that split the study into groups and `axes` the axes within
    the group, both in file order; `fixed` the lane fields that have one value here. `digest`
    identifies all else that determines a result, but for the number of steps.
    """

    network: Network
    data: Data
    initial: Initial
    training: Training
    outcome: Outcome
    record: Record
    labels: Mapping[str, str | bool | int | float]
    axes: tuple[Axis, ...]
    fixed: Mapping[str, float | int]
    digest: str

    @property
    def trials(self) -> int:
        """How many trials the group has: the product of its axes' lengths."""
        return math.prod(map(len, self.axes))

    @property
    def steps(self) -> int:
        """How many updates each trial makes."""
        return self.training.steps

    @cached_property
    def sources(self) -> Mapping[str, str]:
        """Which axis or fixed field gives each number of a lane; see `lane_sources`."""
        names = [*(axis.name for axis in self.axes), *self.fixed]
        return lane_sources(
            names,
            layers=len(self.network.shapes),
            bias=self.network.bias,
            drawn=self.initial.scheme != "explicit",
        )

    def columns(self, index: np.ndarray) -> dict[str, np.ndarray]:
        """The values of the axes at the flat grid positions `index`, an int64 vector.

        The last axis runs fastest. One vector, as long as `index`, for each axis.

        Raises:
            IndexError: a position is not on the grid.
        """
        if index.size and not (index.min() >= 0 and index.max() < self.trials):
            raise IndexError(f"grid positions must be in 0 .. {self.trials - 1}")
        columns, rest = {}, index
        for axis in reversed(self.axes):
            rest, position = np.divmod(rest, len(axis))
            columns[axis.name] = axis.values[position]
        return dict(reversed(columns.items()))

    def lanes(self, index: np.ndarray) -> LaneInputs:
        """The lane inputs of the trials at the flat grid positions `index`, an int64 vector.

        Without biases `bias_rates` is zero; with stated weights seeds are 0 and scales 1.

        Raises:
            IndexError: a position is not on the grid.
        """
        columns = self.columns(index)

        def values(name: str, otherwise: float) -> np.ndarray:
            source = self.sources.get(name, "")
            found = columns[source] if source in columns else self.fixed.get(source, otherwise)
            return np.broadcast_to(found, index.shape)

        def rates(field: str) -> np.ndarray:
            layers = range(len(self.network.shapes))
            return np.stack([values(f"{field}.{layer}", 0.0) for layer in layers])

        return LaneInputs(
            weight_rates=rates("learning_rate"),
            bias_rates=rates("bias_learning_rate"),
            seeds=values("seed", 0).astype(np.uint64),
            scales=values("initial.scale", 1.0).astype(np.float64),
        )


def lane_sources(names: Collection[str], *, layers: int, bias: bool, drawn: bool) -> dict[str, str]:
    """Which of the stated lane fields `names` gives each number of a lane.

    A layer's own rate goes before the rate of all layers; the rate of a layer's biases is that of
    its weights unless biases have one. Two rows of results are the same trial of one group when
    each key of this dictionary has the same value in both, whatever fields gave it.

    Raises:
        FieldError: a layer has no rate.
    """
    sources = {}
    for layer in range(layers):
        rates = [f"learning_rate.{layer}", "learning_rate"]
        sources[rates[0]] = _first(rates, names)
        if bias:
            own = [f"bias_learning_rate.{layer}", "bias_learning_rate"]
            sources[own[0]] = _first(own + rates, names)
    if drawn:
        sources |= {name: name for name in ("seed", "initial.scale") if name in names}
    return sources


def _first(wanted: list[str], names: Collection[str]) -> str:
    for name in wanted:
        if name in names:
            return name
    raise FieldError(
        "training.learning_rate", "is missing: state it, or sweep it as axes.learning_rate"
    )
