"""Windows towards a point of a map, each closer than the one before, that share their trials."""

import json
import signal
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
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

WINDOWS = "zoom.json"  # the file beside the trials that lists the windows of the last zoom

BOUNDARY, LARGEST = "boundary", 2**13
"""Where to zoom if no point is stated, and how many points a window may have along each axis."""


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
        except (TypeError, ValueError, OverflowError):
            at = np.nan
        if not min(self.low, self.high) <= at <= max(self.low, self.high):
            said = f"{self.name} must be a number from {self.low!r} to {self.high!r}"
            raise RequestError(f"--at: {said}, not {show(value)}")
        number, low, high = (Decimal(repr(one)) for one in (at, self.low, self.high))
        if self.spacing == "linear":
            return (Fraction(number) - Fraction(low)) / (Fraction(high) - Fraction(low))
        context = Context(prec=50)
        ln = (context.ln(context.divide(one, low)) for one in (number, high))
        return Fraction(context.divide(*ln))

    def window(self, level: int, first: int, size: int) -> str:
        """The override that gives the axis these points; "" if they are under `APART` ulp apart."""
        ends = self.spacing, self.low, self.high
        if level > DEEPEST or finest(*ends, dyadic(*ends, level, first, size)) < 2**level:
            return ""
        stated = f"{self.spacing} = [{self.low!r}, {self.high!r}], level = {level}"
        return f"axes.{self.name}={{ {stated}, first = {first}, num = {size} }}"


@dataclass(frozen=True, eq=False)
class Frame:
    """One window."""

    # What makes the study the window's: of each axis its lattice and points.
    overrides: tuple[str, ...]
    ends: tuple[tuple[float, float], ...]  # of each axis the first and the last value
    width: float  # as a part of the study's own, a power of two
    trained: int  # how many of its trials were not there before
    results: Results  # its trials
    # (n, n) bool, which of them did; the first axis goes down the rows.
    diverged: np.ndarray = field(repr=False)


@dataclass(frozen=True, eq=False)
class Zoom:
    """The windows of a study, from the widest, over its two axes.

    `ended` says why there are fewer than were asked for, or nothing; `directory` has their trials.
    """

    study: str
    axes: tuple[str, ...]
    frames: tuple[Frame, ...]
    ended: str
    directory: Path

    def __repr__(self) -> str:
        width = f", the last one {self.frames[-1].width:.3g} as wide" if self.frames else ""
        return f"<Zoom of {self.study}: {len(self.frames)} windows{width}>"


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
    first window has all points of the lattice of `size` cells between their ends but the last ones,
    or the first. What is there already, of any zoom of the study, is not trained again; a zoom that
    was interrupted goes on.

    `at` is the point, a number of each axis in the study's order, also as "X,Y"; or "boundary": the
    next window is the `richest` part of this one. `depth` windows follow the first; `factor` is a
    power of two, and so is `size`, by default the largest within the study's. Other arguments are
    those of `run`; trials are kept in the directory `zoom` in `results`.

    Raises:
        RequestError: the study has no such axes, an argument is wrong, the point lies outside, or
            neighbours would be less than 8 ulp apart in the first window.
        StoreError: results could not be saved or read; what was committed stays.
        KeyboardInterrupt: Ctrl-C; what is finished is kept.
    """
    asked = load_study(study, overrides)
    sides, most = _sides(asked)
    size = 2 ** (most.bit_length() - 1) if size is None else size
    _check("size", "a power of two ", 4, size, LARGEST)
    _check("factor", "a power of two ", 2, factor, size)
    _check("depth", "", 0, depth, DEEPEST)
    shares = [] if isinstance(at, str) and at == BOUNDARY else _shares(sides, at)
    store = Path(results) / ZOOM
    directory = study_directory(store, asked)
    level, first, frames, ended = size.bit_length() - 1, [0, 0], list[Frame](), ""
    while len(frames) <= depth:
        last = 2**level + 1 - size
        first = [min(max(round(one * 2**level) - size // 2, 0), last) for one in shares] or first
        pairs = zip(sides, first, strict=True)
        stated = tuple(side.window(level, start, size) for side, start in pairs)
        if not all(stated):
            ended = f"closer neighbours would be less than {APART} units in the last place apart"
            break
        edited = load_study(study, [*overrides, *stated])
        report = train(edited, results=store, threads=threads, progress=progress)
        if report.signal:
            signal.raise_signal(report.signal)
            break
        found = Results(directory, edited)
        outcome = found.trials(["outcome"], whole=True)["outcome"].to_numpy()
        lost = outcome.reshape(size, size) == "diverged"
        values = [axis.values.tolist() for axis in edited.axes if len(axis) > 1]
        ends = tuple((one[0], one[-1]) for one in values)
        width = 2.0 ** (size.bit_length() - 1 - level)
        frames.append(Frame(stated, ends, width, report.trained, found, lost))
        noted = [{"width": f.width, "ends": f.ends, "set": f.overrides} for f in frames]
        text = json.dumps({"study": asked.name, "windows": noted}, indent=1)
        with files.told(f"{directory / WINDOWS}: cannot be written"):
            files.replace({directory / WINDOWS: text.encode()})
        if not shares:
            corner = richest(lost, size // factor)
            if corner is None:
                ended = "this window has no boundary to go on towards"
                break
            first = [(one + off) * factor for one, off in zip(first, corner, strict=True)]
        level += factor.bit_length() - 1
    if ended and not frames:
        raise RequestError(f"{asked.name}: cannot be zoomed: {ended}")
    return Zoom(asked.name, tuple(one.name for one in sides), tuple(frames), ended, directory)


def _check(name: str, what: str, least: int, number: int, most: int) -> None:
    fits = isinstance(number, int) and least <= number <= most
    if not fits or (what and number & (number - 1)):
        said = f"must be {what}from {least} to {most}, not {show(number)}"
        raise RequestError(f"--{name}: {said}")


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
    given = at.split(",") if isinstance(at, str) else at
    values: list[str | float] = [*given] if isinstance(given, Iterable) else []
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
    away = ((2 * best - np.array(count.shape) + 1) ** 2).sum(axis=1)
    return [*best[away.argmin()].tolist()] if len(best) else None
