"""The points of a study or group: axes together or multiplied, less what a condition drops."""

import hashlib
import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

MAX_JUDGED = 2**25  # how many points a condition may be asked about, in all groups together

_WINDOW = 2**20  # points judged at a time

Positions = np.ndarray | range
"""Flat positions of points: int64, or those of a run of points, which follow each other."""

MOST_VALUES = 6  # so many values of an axis are named; of more the ends are


@dataclass(frozen=True, eq=False)
class Axis:
    """The values of the field `name`: all different, unless the axis runs together with others."""

    name: str
    values: np.ndarray  # float64, int64, bool or (as objects) str in the study's order, read-only
    stated: Mapping[str, object] | None = None  # the table that describes them, if one does

    def __len__(self) -> int:
        return len(self.values)

    @cached_property
    def ranked(self) -> tuple[np.ndarray, np.ndarray]:
        """The different values, ascending, and the place among them of each of `values`."""
        if self.values.dtype != object and (self.values[1:] > self.values[:-1]).all():
            return self.values, np.arange(len(self.values))
        values, codes = np.unique(self.values, return_inverse=True)
        return values, codes

    @property
    def in_words(self) -> str:
        """Its values, or how many there are and between which ends."""
        values = self.ranked[0]
        if len(values) <= MOST_VALUES:
            return ", ".join(map(_value, self.values))
        numeric = self.values.dtype != object
        few = f"from {_value(values[0])} to {_value(values[-1])}" if numeric else ""
        return f"{len(values):,} values " + (few or f"such as {_value(self.values[0])}")


def codes_of(axes: Sequence[Axis]) -> np.ndarray:
    """A whole number, int64, for each row of equally long axes: the same for equal rows alone."""
    code = axes[0].ranked[1]
    for axis in axes[1:]:
        values, codes = axis.ranked
        _, code = np.unique(code * len(values) + codes, return_inverse=True)
    return code


@dataclass(frozen=True, eq=False)
class Dimension:
    """Axes that run together: one alone, or those of a zip. Their rows are all different."""

    axes: tuple[Axis, ...]
    name: str = ""  # of the zip; empty for an axis that stands alone
    stated: tuple[str, object] | None = None  # the key and the value that state a design or repeats

    def __len__(self) -> int:
        return len(self.axes[0])

    def rows(self, chosen: np.ndarray, names: Sequence[str]) -> "Dimension":
        """The rows `chosen`, an index or mask, of the axes of these `names`."""
        axes = (Axis(axis.name, axis.values[chosen]) for axis in self.axes if axis.name in names)
        return Dimension(tuple(axes), self.name)

    def places(self, columns: Mapping[str, np.ndarray]) -> np.ndarray:
        """In which row each row of `columns` is found: int64, -1 for nowhere.

        `columns` may lack axes that have one value.
        """
        steps, row = self._searched
        found, hit = np.array(0), np.array(True)
        for axis, (values, pairs) in zip(self.axes, steps, strict=True):
            place, there = _search(values, columns.get(axis.name, values[0:1]))
            found, also = _search(pairs, found * len(values) + place)
            hit = hit & there & also
        return np.where(hit, row[found], -1)

    @cached_property
    def _searched(self) -> tuple[list[tuple[np.ndarray, np.ndarray]], np.ndarray]:
        """Of each axis its values and the pairs of it with those before, ascending; the rows.

        A pair stands for the values of all axes so far: its place, times the number of the next
        axis's values, plus the place of that axis's value.
        """
        code, steps = np.zeros(len(self), np.int64), []
        for axis in self.axes:
            values, codes = axis.ranked
            pairs, code = np.unique(code * len(values) + codes, return_inverse=True)
            steps.append((values, pairs))
        row = np.empty(len(self), np.int64)
        row[code] = np.arange(len(self))
        return steps, row


@dataclass(frozen=True, eq=False)
class Factor:
    """Dimensions multiplied, the last running fastest; of their points those kept, if stated."""

    dimensions: tuple[Dimension, ...]
    kept: np.ndarray | None = None  # flat positions, ascending, uint32

    def __len__(self) -> int:
        return math.prod(self.shape) if self.kept is None else len(self.kept)

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of the dimensions."""
        return tuple(map(len, self.dimensions))

    @property
    def plain(self) -> bool:
        """Whether it is one axis, all of it."""
        return self.kept is None and [len(one.axes) for one in self.dimensions] == [1]

    def rows(self, position: np.ndarray) -> Iterator[tuple[Dimension, np.ndarray]]:
        """Each dimension, and the row in it of each of the factor's points at `position`."""
        flat = position if self.kept is None else self.kept[position]
        yield from zip(self.dimensions, np.unravel_index(flat, self.shape), strict=True)

    def positions(self, columns: Mapping[str, np.ndarray]) -> np.ndarray:
        """The point at which each row of `columns` is found: int64, -1 for nowhere."""
        flat, hit = np.array(0), np.array(True)
        for dimension in self.dimensions:
            place = dimension.places(columns)
            flat, hit = flat * len(dimension) + place, hit & (place >= 0)
        if self.kept is None:
            return np.where(hit, flat, -1)
        found, there = _search(self.kept, np.where(hit, flat, 0).astype(np.uint32))
        return np.where(hit & there, found, -1)


@dataclass(frozen=True, eq=False)
class Grid:
    """Factors multiplied, the last running fastest: the points 0 .. `len` - 1."""

    factors: tuple[Factor, ...] = ()

    def __len__(self) -> int:
        return math.prod(map(len, self.factors))

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """Of all factors, in the study's order."""
        return tuple(one for factor in self.factors for one in factor.dimensions)

    @property
    def axes(self) -> tuple[Axis, ...]:
        """Of all dimensions, in the study's order."""
        return tuple(axis for dimension in self.dimensions for axis in dimension.axes)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the values that the axes have at each point, in order."""
        digest = hashlib.sha256()
        for factor in self.factors:
            digest.update(b"factor ")
            for dimension in factor.dimensions:
                digest.update(f"dimension {len(dimension)} ".encode())
                for axis in dimension.axes:
                    digest.update(f"{axis.name} {axis.values.dtype.str} ".encode())
                    digest.update(axis.values.tobytes())
            if factor.kept is not None:
                digest.update(f"kept {len(factor.kept)} ".encode())
                digest.update(factor.kept.tobytes())
        return digest.hexdigest()

    def columns(
        self, index: Positions, names: Collection[str] | None = None
    ) -> dict[str, np.ndarray]:
        """The values of the axes at the points `index`: a vector each, as long as `index`.

        Of all axes, or of those among `names`.

        Raises:
            IndexError: there is no such point.
        """
        run = _run(index)
        ends = np.array([run[0], run[-1]]) if run else vector(index)
        if ends.size and not (ends.min() >= 0 and ends.max() < len(self)):
            raise IndexError(f"grid positions must be in 0 .. {len(self) - 1}")
        wanted = [axis.name for axis in self.axes if names is None or axis.name in names]
        columns: dict[str, np.ndarray] = {}
        within = 1
        for factor in reversed(self.factors):
            asked = {axis.name for one in factor.dimensions for axis in one.axes} & set(wanted)
            if asked and run and factor.plain:
                (axis,) = factor.dimensions[0].axes
                columns[axis.name] = _in_a_row(axis.values, within, run)
            elif asked:
                for dimension, row in factor.rows(vector(index) // within % len(factor)):
                    columns |= {axis.name: axis.values[row] for axis in dimension.axes}
            within *= len(factor)
        return {name: columns[name] for name in wanted}

    def positions(self, columns: Mapping[str, np.ndarray], count: int) -> np.ndarray:
        """The point that each of `count` rows of `columns` is: int64, -1 for none.

        `columns` may lack axes that have one value at all points.
        """
        flat, hit = np.zeros(count, np.int64), np.ones(count, bool)
        for factor in self.factors:
            place = factor.positions(columns)
            flat, hit = flat * len(factor) + place, hit & (place >= 0)
        return np.where(hit, flat, -1)

    def values(self, name: str) -> np.ndarray:
        """The different values that the axis `name` has at any point, ascending."""
        for factor in self.factors:
            for at, dimension in enumerate(factor.dimensions):
                for axis in dimension.axes:
                    if axis.name == name:
                        return _used(factor, at, axis)
        raise KeyError(name)

    def narrowed(self, names: Sequence[str]) -> "Grid":
        """The same points, without what the axes `names`, of one value each, never are."""
        if not set(names) & {axis.name for axis in self.axes}:
            return self
        factors = []
        for factor in self.factors:
            chosen = [_constant(factor, at, names) for at in range(len(factor.dimensions))]
            kept = factor.kept
            if kept is not None:
                rows = np.unravel_index(kept, factor.shape)
                ranks = [np.cumsum(mask)[row] - 1 for mask, row in zip(chosen, rows, strict=True)]
                shape = tuple(int(mask.sum()) for mask in chosen)
                kept = np.ravel_multi_index(ranks, shape).astype(np.uint32)
            dimensions = (
                one.rows(mask, [axis.name for axis in one.axes])
                for one, mask in zip(factor.dimensions, chosen, strict=True)
            )
            factors.append(Factor(tuple(dimensions), kept))
        return Grid(tuple(factors))

    def where(
        self, names: Sequence[str], holds: Callable[[Mapping[str, np.ndarray]], np.ndarray]
    ) -> "Grid":
        """The points at which a condition on the axes `names` holds.

        `holds` takes these axes as vectors, some points at a time. The dimensions from the first to
        the last that it names become one factor.
        """
        dimensions, (start, stop) = self.dimensions, _span(self.dimensions, names)
        if start == stop:
            return self if np.all(holds({})) else Grid((Factor((), np.empty(0, np.uint32)),))
        judged, parts = Factor(dimensions[start:stop]), [np.empty(0, np.uint32)]
        for first in range(0, len(judged), _WINDOW):
            flat = np.arange(first, min(first + _WINDOW, len(judged)))
            values = {
                axis.name: axis.values[row]
                for one, row in judged.rows(flat)
                for axis in one.axes
                if axis.name in names
            }
            parts.append(flat[np.broadcast_to(holds(values), flat.shape)].astype(np.uint32))
        kept = np.concatenate(parts)
        if len(kept) < len(judged):
            judged = Factor(judged.dimensions, kept)
        return Grid((*map(alone, dimensions[:start]), judged, *map(alone, dimensions[stop:])))


def vector(positions: Positions) -> np.ndarray:
    """The positions one by one, int64."""
    if isinstance(positions, range):
        return np.arange(positions.start, positions.stop)
    return positions


def alone(dimension: Dimension) -> Factor:
    """The factor of one dimension."""
    return Factor((dimension,))


def judged_points(dimensions: Sequence[Dimension], names: Sequence[str]) -> int:
    """How many points a condition on the axes `names` would be asked about."""
    start, stop = _span(dimensions, names)
    return math.prod(map(len, dimensions[start:stop]))


def _span(dimensions: Sequence[Dimension], names: Sequence[str]) -> tuple[int, int]:
    """From which of the dimensions up to which one the axes `names` are among them."""
    named = [at for at, one in enumerate(dimensions) if {a.name for a in one.axes} & {*names}]
    return (min(named), max(named) + 1) if named else (0, 0)


def _used(factor: Factor, at: int, axis: Axis) -> np.ndarray:
    values, codes = axis.ranked
    if factor.kept is None:
        return values
    used = np.zeros(len(values), bool)
    used[codes[np.unravel_index(factor.kept, factor.shape)[at]]] = True
    return values[used]


def _constant(factor: Factor, at: int, names: Sequence[str]) -> np.ndarray:
    """Which rows of a dimension have the one value that each of its axes `names` ever has."""
    dimension = factor.dimensions[at]
    chosen = np.ones(len(dimension), bool)
    for axis in dimension.axes:
        if axis.name in names:
            chosen &= axis.values == _used(factor, at, axis)[0]
    return chosen


def _search(ordered: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each of `wanted` stands among ascending values, and whether it is there at all."""
    if not len(ordered):
        return np.zeros(np.shape(wanted), np.int64), np.zeros(np.shape(wanted), bool)
    place = np.minimum(np.searchsorted(ordered, wanted), len(ordered) - 1)
    return place, ordered[place] == wanted


def _run(index: Positions) -> range | None:
    """The positions as a range, if they follow each other."""
    if isinstance(index, range):
        return index
    if len(index) and (index[1:] - index[:-1] == 1).all():
        return range(int(index[0]), int(index[-1]) + 1)
    return None


def _in_a_row(values: np.ndarray, within: int, run: range) -> np.ndarray:
    """``values[position // within % len(values)]`` for the positions of a run.

    Divisions of millions of positions would take longer than reading what stands there.
    """
    start, skipped = divmod(run.start, within)
    needed = (skipped + len(run) - 1) // within + 1
    found = np.resize(np.roll(values, -(start % len(values))), needed)
    if within == 1:
        return found
    ends = np.clip(np.arange(needed + 1) * within - skipped, 0, len(run))
    return np.repeat(found, np.diff(ends))


def _value(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float | np.floating) else str(value)
