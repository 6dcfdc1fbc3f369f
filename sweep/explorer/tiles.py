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
from sweep.study.spacings import DEEPEST
from sweep.training.trained import Trained
from sweep.training.trainer import shape_of, train

SIDES = (2, 3, 4, 5, 6)
"""A tile has 2^side points along each axis, or what a range has."""

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
        """Its group, with as many points as one trains at a time: kernels are for many or for few.

        Raises:
            RequestError: axes or values are wrong.
        """
        if self.x.axis == self.y.axis:
            raise RequestError(f"{self.x.axis}: is both axes of the map")
        return self.points(*map(np.ravel, np.meshgrid(*Wanted(self, 0, 0, 0, 0, 3).axes)))

    @cached_property
    def measures(self) -> tuple[str, ...]:
        """The measures of a tile, in the order of its values."""
        return measures_of(self.part.group)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all that decides a point's numbers but its place."""
        group = self.part.group
        others = [one for one in self.others if one[0] not in group.labels]
        told = [group.digest, group.steps, sorted(group.fixed.items()), others, self.x, self.y]
        return hashlib.sha256(repr([*told, self.measures]).encode()).hexdigest()

    @cached_property
    def lanes(self) -> int | None:
        """So many networks are trained side by side; None where each is trained alone."""
        network = shape_of(self.part.group).network
        return network.lanes if network.abreast == 1 else None

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
        trained = train(part.group, part.index, lanes=self.lanes)
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


@dataclass(frozen=True, eq=False)
class Wanted:
    """A tile of a view: its levels and its numbers across and up, and how finely it is wanted."""

    view: View
    zx: int
    zy: int
    ix: int
    iy: int
    side: int

    def __post_init__(self) -> None:
        for window, z, i in self._along:
            if not (0 <= z <= min(window.depth, DEEPEST - self.side) and 0 <= i < 2**z):
                raise RequestError(f"{window.axis}: has no tile {i} of level {z}")
        if self.side not in SIDES:
            raise RequestError(f"a tile has a side of {SIDES[0]} to {SIDES[-1]}, not {self.side}")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Wanted) and (self.key, self.side) == (other.key, other.side)

    def __hash__(self) -> int:
        return hash((self.key, self.side))

    @property
    def _along(self) -> tuple[tuple[Window, int, int], ...]:
        return (self.view.x, self.zx, self.ix), (self.view.y, self.zy, self.iy)

    @cached_property
    def key(self) -> str:
        """What the tile is kept under, whatever its side."""
        place = self.zx, self.zy, self.ix, self.iy
        return hashlib.sha256(f"{self.view.digest} {place}".encode()).hexdigest()

    @cached_property
    def axes(self) -> tuple[np.ndarray, np.ndarray]:
        """The values along x and y of its points.

        Raises:
            RequestError: its points would be too near to one another.
        """
        x, y = (
            window.values(level := min(z + self.side, window.depth), i << level - z, 1 << level - z)
            for window, z, i in self._along
        )
        return x, y

    def begun(self, known: "Tile | None") -> "Tile":
        """This tile with the points of what is known of it, which is coarser."""
        x, y = self.axes
        values = np.full((len(self.view.measures), len(y), len(x)), np.nan)
        outcome = np.full((len(y), len(x)), -1, np.int8)
        if known:
            up, across = self._every(known.side, self.side)
            values[:, up, across], outcome[up, across] = known.values, known.outcome
        return Tile(self.side, values, outcome)

    def among(self, known: "Tile") -> "Tile":
        """This tile of what is known of it, which is as fine or finer."""
        up, across = self._every(self.side, known.side)
        return Tile(self.side, known.values[:, up, across], known.outcome[up, across])

    def _every(self, coarse: int, fine: int) -> tuple[slice, slice]:
        """Where on a side, up and across, the points of a coarser one are."""
        across, up = (min(z + fine, w.depth) - min(z + coarse, w.depth) for w, z, _ in self._along)
        return slice(None, None, 2**up), slice(None, None, 2**across)


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

    def to_bytes(self) -> bytes:
        """What is kept on the disk: the SHA-256 of the rest, sizes and numbers."""
        sizes = _SIZES.pack(self.side, *self.values.shape)
        body = sizes + self.values.astype("<f8").tobytes() + self.outcome.tobytes()
        return hashlib.sha256(body).digest() + body

    @classmethod
    def of(cls, content: bytes) -> "Tile | None":
        """The tile that was kept; None of anything else."""
        body = memoryview(content)[_DIGEST:]
        if content[:_DIGEST] != hashlib.sha256(body).digest() or len(body) < _SIZES.size:
            return None
        side, count, up, across = _SIZES.unpack_from(body)
        end = _SIZES.size + 8 * count * up * across
        values = np.frombuffer(body[_SIZES.size : end], "<f8").reshape(count, up, across)
        return cls(side, values, np.frombuffer(body[end:], np.int8).reshape(up, across))
