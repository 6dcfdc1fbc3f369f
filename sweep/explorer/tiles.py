"""Tiles of a map: which points they have, and what training these gave.

A tile is a part of a map 1/2^z wide and 1/2^z high, z for each axis; its points are numbers of the
windows' lattices, so that those of a tile on 8 points a side are every second one of the same tile
on 16. What a tile holds follows from the study, the windows, the other values and its place alone.
"""

import hashlib
import struct
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from sweep.catalogue import TRAINING_MEASURES, VALIDATION_MEASURES
from sweep.errors import RequestError
from sweep.explorer.windows import Window
from sweep.runs.points import Part, columns_of, parts_of
from sweep.store.results import NEVER
from sweep.study import Group, Study
from sweep.training.trained import Trained
from sweep.training.trainer import shape_of, train

SIDES = (3, 4, 5, 6)
"""A tile has 2^side points along each axis, or what a range has."""

_FORMAT = b"sweep tile 1\n"
_SIZES = struct.Struct("<4I")
_DIGEST = hashlib.sha256().digest_size


@dataclass(frozen=True)
class View:
    """What a map shows: two windows of a study, and values of its other axes.

    Attributes:
        study: that is asked.
        x, y: the axes across and up.
        others: (name, value) of each other axis that has a value.
    """

    study: Study
    x: Window
    y: Window
    others: tuple[tuple[str, Any], ...]

    @cached_property
    def part(self) -> Part:
        """Its group, with one point.

        Raises:
            RequestError: axes or values are wrong.
        """
        if self.x.axis == self.y.axis:
            raise RequestError(f"{self.x.axis}: is both axes of the map")
        return self.points(self.x.values(0, 0, 1), self.y.values(0, 0, 1))

    @property
    def measures(self) -> tuple[str, ...]:
        """The measures of a tile, in the order of its values."""
        return measures_of(self.part.group)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all that decides a point's numbers but its place."""
        group = self.part.group
        others = [one for one in self.others if one[0] not in group.labels]
        told = [group.digest, group.steps, sorted(group.fixed.items()), others, self.x, self.y]
        told.append(self.measures)
        return hashlib.sha256(repr(told).encode()).hexdigest()

    @cached_property
    def lanes(self) -> int:
        """So many networks are trained side by side."""
        return shape_of(self.part.group).lanes

    def points(self, x: np.ndarray, y: np.ndarray) -> Part:
        """The points (x[i], y[i]) as those of a group that records nothing.

        Raises:
            RequestError: a value is wrong.
        """
        columns = columns_of(self.study, {**dict(self.others), self.x.axis: x, self.y.axis: y})
        (part,) = parts_of(self.study, columns)
        record = replace(part.group.record, loss="nothing", parameters="nothing")
        return replace(part, group=replace(part.group, record=record))

    def train(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The measures (k, n) float64, NaN for never, and the outcomes (n,) int8 of n points.

        Raises:
            RequestError: a value is wrong.
        """
        part = self.points(x, y)
        trained = train(part.group, part.index)
        return np.stack([measured(name, trained) for name in self.measures]), trained.outcome


def measures_of(group: Group) -> tuple[str, ...]:
    """The measures that there are of each trial of a group."""
    validated = VALIDATION_MEASURES if group.validation is not None else ()
    return (*TRAINING_MEASURES, *group.record.measures, *validated)


def measured(name: str, trained: Trained) -> np.ndarray:
    """A measure of each trial, float64; NaN for a step that never came."""
    known = trained.measures | trained.final_validation
    values = known[name].astype(np.float64)
    return np.where(values < 0, np.nan, values) if name in NEVER else values


@dataclass(frozen=True)
class Place:
    """Where a tile is: its levels and its numbers across and up."""

    zx: int
    zy: int
    ix: int
    iy: int

    def values(self, view: View, side: int) -> tuple[np.ndarray, np.ndarray]:
        """The values along x and y of a tile's points.

        Raises:
            RequestError: there is no such tile.
        """
        found = []
        for window, z, i in ((view.x, self.zx, self.ix), (view.y, self.zy, self.iy)):
            level = min(z + side, window.depth)
            if level < z or not 0 <= i < 2**z:
                raise RequestError(f"{window.axis}: has no tile {i} of level {z}")
            num = 2 ** (level - z)
            found.append(window.values(level, i * num, num))
        return found[0], found[1]

    def strides(self, view: View, coarse: int, fine: int) -> tuple[int, int]:
        """Every how many-th point of a side is one of a coarser side: up and across."""
        along = ((view.y.depth, self.zy), (view.x.depth, self.zx))
        up, across = (min(z + fine, depth) - min(z + coarse, depth) for depth, z in along)
        return 2**up, 2**across


@dataclass(frozen=True, eq=False)
class Tile:
    """Some points of a map, trained.

    Attributes:
        side: how finely, one of `SIDES`.
        values: (measures, up, across) float64, those of `View.measures`.
        outcome: (up, across) int8, positions in `OUTCOMES`; -1 where nothing is trained yet.
    """

    side: int
    values: np.ndarray
    outcome: np.ndarray

    def refined(self, side: int, across: int, up: int, strides: tuple[int, int]) -> "Tile":
        """The same points among `up` x `across` of a finer side; the others are yet to be trained.

        `strides` are those of `Place.strides`.
        """
        values = np.full((len(self.values), up, across), np.nan)
        outcome = np.full((up, across), -1, np.int8)
        along = tuple(slice(None, None, stride) for stride in strides)
        values[:, *along], outcome[along] = self.values, self.outcome
        return Tile(side, values, outcome)

    def coarser(self, side: int, strides: tuple[int, int]) -> "Tile":
        """Its points on a coarser side."""
        up, across = strides
        return Tile(side, self.values[:, ::up, ::across], self.outcome[::up, ::across])

    def to_bytes(self) -> bytes:
        """What is kept on the disk: a mark, the SHA-256 of the rest, sizes and numbers."""
        sizes = _SIZES.pack(self.side, *self.values.shape)
        body = sizes + self.values.astype("<f8").tobytes() + self.outcome.tobytes()
        return _FORMAT + hashlib.sha256(body).digest() + body

    @classmethod
    def of(cls, content: bytes) -> "Tile | None":
        """The tile that was kept; None of anything else."""
        start = len(_FORMAT) + _DIGEST
        body = memoryview(content)[start:]
        if content[:start] != _FORMAT + hashlib.sha256(body).digest():
            return None
        side, count, up, across = _SIZES.unpack_from(body)
        end = _SIZES.size + 8 * count * up * across
        values = np.frombuffer(body[_SIZES.size : end], "<f8").reshape(count, up, across)
        return cls(side, values, np.frombuffer(body[end:], np.int8).reshape(up, across))
