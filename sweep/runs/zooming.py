"""Windows towards a point of a map, each closer than the one before, that share their trials.

All lie on the dyadic lattices of the study's own window, so that a window trains what none before
had, in one store.
"""

import json
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np

from sweep.errors import RequestError
from sweep.runs.progress import Show
from sweep.runs.studies import train
from sweep.store import files
from sweep.store.folder import ZOOM, study_directory
from sweep.store.results import Results
from sweep.study import Study, load_study
from sweep.study.checks import show
from sweep.study.spacings import APART, DEEPEST, dyadic, finest

WINDOWS = "zoom.json"
"""The file beside the trials that lists the windows of the last zoom."""

BOUNDARY = "boundary"
"""Where to zoom if no point is stated."""

LARGEST = 2**13
"""How many points a window may have along each axis."""

_DECIMAL = Context(prec=50)


@dataclass(frozen=True)
class _Side:
    """An axis of the map, between the study's own ends."""

    name: str
    spacing: str
    low: float
    high: float

    def share(self, value: str | float) -> Fraction:
        """Where a number lies between the ends, from 0 to 1."""
        try:
            at = float(value)
        except (TypeError, ValueError):
            at = np.nan
        if not min(self.low, self.high) <= at <= max(self.low, self.high):
            said = f"{self.name} must be a number from {self.low!r} to {self.high!r}"
            raise RequestError(f"--at: {said}, not {show(value)}")
        number, low, high = (Decimal(repr(one)) for one in (at, self.low, self.high))
        if self.spacing == "linear":
            return (Fraction(number) - Fraction(low)) / (Fraction(high) - Fraction(low))
        ln = (_DECIMAL.ln(_DECIMAL.divide(one, low)) for one in (number, high))
        return Fraction(_DECIMAL.divide(*ln))

    def too_close(self, level: int, first: int, size: int) -> bool:
        """Whether neighbours in a window are less than `APART` ulp apart."""
        values = dyadic(self.spacing, self.low, self.high, level, first, size)
        return bool(finest(self.spacing, self.low, self.high, values) < 2**level)

    def stated(self, level: int, first: int, size: int) -> str:
        """The override that gives the axis the points of a window."""
        ends = f"{self.spacing} = [{self.low!r}, {self.high!r}]"
        return f"axes.{self.name}={{ {ends}, level = {level}, first = {first}, num = {size} }}"


@dataclass(frozen=True, eq=False)
class Frame:
    """One window.

    Attributes:
        overrides: what makes the study the window's; of each axis its lattice, level and points.
        ends: of each axis the first and the last value.
        width: as a part of the study's own, a power of two.
        trained: how many of its trials were not there before.
        results: its trials.
        diverged: (n, n) bool, which of them diverged; the first axis goes down the rows.
    """

    overrides: tuple[str, ...]
    ends: tuple[tuple[float, float], ...]
    width: float
    trained: int
    results: Results
    diverged: np.ndarray


@dataclass(frozen=True, eq=False)
class Zoom:
    """What a zoom gave.

    Attributes:
        study: its name.
        axes: the names of the two axes.
        frames: the windows, from the widest.
        ended: why there are fewer than were asked for, or nothing.
        directory: where the trials of all windows are.
    """

    study: str
    axes: tuple[str, ...]
    frames: tuple[Frame, ...]
    ended: str
    directory: Path


def zoom(  # noqa: PLR0913 - every choice has a name here
    study: str | Path | Study,
    at: str | Sequence[float] = BOUNDARY,
    depth: int = 10,
    *,
    factor: int = 2,
    size: int | None = None,
    overrides: Sequence[str] = (),
    results: str | Path = "results",
    threads: int | None = None,
    progress: bool | Show = True,
) -> Zoom:
    """Train windows of a map of two axes, each `factor` times as close to a point.

    The study has two axes of `linear` or `log` with `num` values, and one value of any other. The
    first window has the ends of these, of level log2 `size`: all but the last of the lattice's
    points, or all but the first. Every second point of the next window's lattice is one of this
    one's. What is there already, of any zoom of the study, is not trained again; a zoom that was
    interrupted goes on.

    Args:
        study: a path to a study file, the bare name of a known study, or a `sweep.Study`.
        at: the point, a number of each axis in the study's order, also as "X,Y"; or "boundary":
            the next window is the part of this one with the most boundary cells, of which not all
            four corners diverged, nor none; of several such parts the one nearest to the middle,
            then the first.
        depth: how many windows follow the first.
        factor: how many times narrower each is, a power of two.
        size: points along each axis, a power of two; by default the largest within the study's.
        overrides: edit the study first.
        results: the directory whose `zoom` keeps the trials, as results of the study.
        threads: as for `run`.
        progress: likewise.

    Raises:
        RequestError: the study has no such axes, an argument is wrong, the point lies outside, or
            neighbours would be less than 8 ulp apart in the first window.
        StoreError: results could not be saved or read; what was committed stays.
        KeyboardInterrupt: Ctrl-C; what is finished is kept.
    """
    asked = load_study(study, overrides)
    sides, most = _sides(asked)
    size = 2 ** (most.bit_length() - 1) if size is None else size
    for name, number, least, highest in (("size", size, 4, LARGEST), ("factor", factor, 2, size)):
        if not least <= number <= highest or number & (number - 1):
            said = f"must be a power of two from {least} to {highest}, not {number}"
            raise RequestError(f"--{name}: {said}")
    if not 0 <= depth <= DEEPEST:
        raise RequestError(f"--depth: must be from 0 to {DEEPEST}, not {depth}")
    shares = [] if at == BOUNDARY else _shares(sides, at)
    store = Path(results) / ZOOM
    directory = study_directory(store, asked)
    level, first, frames, ended = size.bit_length() - 1, [0, 0], list[Frame](), ""
    while len(frames) <= depth:
        last = 2**level + 1 - size
        first = [min(max(round(one * 2**level) - size // 2, 0), last) for one in shares] or first
        windows = [(side, (level, start, size)) for side, start in zip(sides, first, strict=True)]
        if level > DEEPEST or any(side.too_close(*window) for side, window in windows):
            ended = f"closer neighbours would be less than {APART} units in the last place apart"
            break
        stated = tuple(side.stated(*window) for side, window in windows)
        edited = load_study(study, [*overrides, *stated])
        report = train(edited, results=store, threads=threads, progress=progress)
        if report.signal:
            signal.raise_signal(report.signal)
            ended = "interrupted"
            break
        found = Results(directory, edited)
        diverged = (found.trials(["outcome"])["outcome"] == "diverged").to_numpy()
        frame = Frame(
            overrides=stated,
            ends=tuple((float(one.values[0]), float(one.values[-1])) for one in edited.axes
                       if len(one) > 1),
            width=2.0 ** (size.bit_length() - 1 - level),
            trained=report.trained,
            results=found,
            diverged=diverged.reshape(size, size),
        )  # fmt: skip
        frames.append(frame)
        _note(directory, asked.name, frames)
        if not shares:
            corner = richest(frame.diverged, size // factor)
            if corner is None:
                ended = "this window has no boundary to go on towards"
                break
            first = [(one + off) * factor for one, off in zip(first, corner, strict=True)]
        level += factor.bit_length() - 1
    if not frames and ended != "interrupted":
        raise RequestError(f"{asked.name}: cannot be zoomed: {ended}")
    return Zoom(asked.name, tuple(one.name for one in sides), tuple(frames), ended, directory)


def _sides(study: Study) -> tuple[list[_Side], int]:
    """The two axes of a map, and how many values the one that has more of them has."""
    swept = [one for one in study.dimensions if len(one) > 1]
    sides = [
        _Side(axis.name, spacing, *map(float, axis.stated[spacing]))  # type: ignore[call-overload]
        for one in swept
        for axis in one.axes
        for spacing in ("linear", "log")
        if axis.stated and {spacing, "num"} <= {*axis.stated}
        if axis.values.dtype == np.float64 and not one.name
    ]
    if not len(sides) == len(swept) == 2 or study.where:
        have = ", ".join(axis.name for one in swept for axis in one.axes) or "none"
        raise RequestError(
            f"{study.name}: zoom needs two axes of linear or log with num and one value of any "
            f"other, which --set states; this study has several values of: {have}"
        )
    return sides, max(map(len, swept))


def _shares(sides: Sequence[_Side], at: str | Sequence[float]) -> list[Fraction]:
    """Where the point lies between the ends of each axis."""
    values: list[str | float] = [*(at.split(",") if isinstance(at, str) else at)]
    if len(values) != len(sides):
        names = " and ".join(one.name for one in sides)
        raise RequestError(f"--at: must be X,Y, of {names}, or {BOUNDARY}, not {show(at)}")
    return [side.share(value) for side, value in zip(sides, values, strict=True)]


def richest(diverged: np.ndarray, width: int) -> list[int] | None:
    """The first point of the square of `width` cells with the most boundary cells of a map (n, m).

    A cell is on the boundary if its four corners are not all on one side. Of several such squares
    it is the one nearest to the middle, then the first. None if the map has no boundary.
    """
    corner = diverged[:-1, :-1]
    cells = (corner != diverged[1:, :-1]) | (corner != diverged[:-1, 1:])
    cells |= corner != diverged[1:, 1:]
    total = np.zeros(diverged.shape, np.int64)  # of what is before each point
    total[1:, 1:] = cells.cumsum(axis=0).cumsum(axis=1)
    count = total[width:, width:] - total[:-width, width:]
    count += total[:-width, :-width] - total[width:, :-width]
    best = np.argwhere(count == count.max(initial=1))
    if not len(best):
        return None
    away = ((2 * best - np.array(count.shape) + 1) ** 2).sum(axis=1)
    corner_of_best: list[int] = best[away.argmin()].tolist()
    return corner_of_best


def _note(directory: Path, study: str, frames: Sequence[Frame]) -> None:
    """Write the windows so far down, and how to state each."""
    windows = [{"width": one.width, "ends": one.ends, "set": one.overrides} for one in frames]
    text = json.dumps({"study": study, "windows": windows}, indent=1)
    with files.told(f"{directory / WINDOWS}: cannot be written"):
        files.replace({directory / WINDOWS: text.encode()})
