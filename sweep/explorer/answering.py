"""What a page asks for, read as from a stranger, and what it is told."""

import json
import math
import struct
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

import numpy as np

from sweep.analysis.networks import forward
from sweep.catalogue import MEASURES, OUTCOMES
from sweep.errors import RequestError, SweepError
from sweep.explorer.tiles import View, Wanted, measured, measures_of
from sweep.explorer.windows import Window, windows_of
from sweep.explorer.working import Pool
from sweep.runs.points import Part
from sweep.store.results import NEVER, results_of
from sweep.study import Axis, Dimension, Study
from sweep.study.checks import asked as asked_for
from sweep.study.checks import one_of, show
from sweep.study.fields import swept_field
from sweep.study.spacings import DEEPEST
from sweep.training.trained import Trained
from sweep.training.trainer import train

SIDED = ("diverged_at", "max_loss", "initial_loss")
"""What two-sided colours need of a tile beside its measure."""

_TOUR = Path(__file__).with_name("tour.toml")
_MOST_TILES = 1024
_MOST_POINTS = 512
_MOST_SAVED = 4096  # points along each axis of a study that is saved
_MOST_CHOICES = 1000  # values of an axis
_STEPS = 2000  # of a curve that are drawn; of a longer one as many by their logarithm
_LAST = 64  # losses of a point on a line
_LEARNT = 33  # points a side of what a network has learnt
_MOST_CELLS = 4_000_000
_MOST_SHOWN = 500  # samples
_LENGTHS = struct.Struct("<2I")
_at_once = BoundedSemaphore(2)

Asked = Mapping[str, Any]


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Make it a RequestError if what is so called in a request cannot be read."""
    try:
        yield
    except (
        KeyError,
        TypeError,
        ValueError,
        AttributeError,
        ArithmeticError,
        RecursionError,
    ):
        raise RequestError(f"{what}: cannot be read; it is not as the page asks") from None


def _few(items: Any, most: int, name: str) -> Sequence[Any]:
    if not isinstance(items, list | tuple):
        raise RequestError(f"{name}: must be a list, not {show(items)}")
    if not 0 < len(items) <= most:
        raise RequestError(f"{name} must be 1 to {most}, not {len(items)}")
    return items


@reading("view")
def view_of(study: Study, asked: Asked) -> View:
    """The view that a request states.

    Raises:
        RequestError: it states none.
    """
    stated = asked["view"]
    x, y = Window(**stated["x"]), Window(**stated["y"])
    known, values = {axis.name for axis in study.axes} | {*study.groups()[0].fixed}, []
    if not isinstance(stated["others"], dict):
        raise RequestError(f"others: must be a table of axes, not {show(stated['others'])}")
    for name, value in sorted(stated["others"].items()):
        if name not in known - {x.axis, y.axis} or isinstance(value, list | dict | None):
            raise RequestError(f"others: {show(name)} can be no other axis with {show(value)}")
        values.append((name, asked_for(f"others: {name}", swept_field(name).check, value)))
    return View(study, x, y, tuple(values))


@reading("want")
def wanted_of(view: View, asked: Asked) -> list[Wanted]:
    """The tiles that a request wants: [zx, zy, ix, iy, side] each, the most wanted first.

    Whole numbers may be text, for JavaScript's numbers end at 2^53.

    Raises:
        RequestError: there are no such tiles.
    """
    return [Wanted(view, *map(int, one)) for one in _few(asked["want"], _MOST_TILES, "tiles")]


@reading("measures")
def columns_wanted(view: View, asked: Asked) -> list[int]:
    """Where the measures that a request wants are among a tile's.

    Raises:
        RequestError: there are no such measures.
    """
    names = _few(asked["measures"], len(MEASURES), "measures")
    check = one_of(view.measures)
    return [view.measures.index(asked_for("measures", check, name)) for name in names]


def tour(name: str) -> list[dict[str, Any]]:
    """The good places of a shipped study.

    Each has a `name`, a sentence in `words`, where its middle is, `at` shares of the first two
    windows, and `zoom`, how many times these are halved; and maybe `colour`, "measure:scale".
    """
    found: list[dict[str, Any]] = tomllib.loads(_TOUR.read_text(encoding="utf-8")).get(name, [])
    return found


def facts(study: Study) -> dict[str, Any]:
    """What a page has to know of a study before it asks for tiles, and what it shows first."""
    group = study.groups()[0]
    windows = [vars(one) for one in windows_of(study, group)]
    swept = {axis.name: axis.ranked[0][:_MOST_CHOICES].tolist() for axis in study.axes}
    shown = [one["axis"] for one in windows[:2]]
    measures = {name: MEASURES[name] for name in measures_of(group)}
    first = ("tail_loss", *SIDED) if group.outcome.rule != "target" else ("final_loss",)
    return {
        "name": study.name,
        "title": study.title,
        "steps": group.steps,
        "windows": windows,
        "values": swept,
        "fixed": [n for n, value in group.fixed.items() if n not in swept and math.isfinite(value)],
        "measures": [
            {"name": name, "words": row.words, "log": row.unit == "loss", "ending": row.at_the_end}
            for name, row in measures.items()
        ],
        "outcomes": OUTCOMES,
        "sided": SIDED,
        "places": tour(study.name),
        "deepest": DEEPEST,
        "first": {
            **dict(zip("xy", windows, strict=False)),
            "others": {name: values[0] for name, values in swept.items() if name not in shown},
            "measures": first,
            "scale": "sides" if len(first) > 1 else "log",
        },
    }


def frame(told: Mapping[str, object], *numbers: np.ndarray) -> bytes:
    """What a page gets of a tile: lengths, a header, and numbers in the order of memory.

    Two little-endian uint32, the length of all that follows them and that of the header; `told` as
    JSON padded to a multiple of 8; then of a tile its numbers: float64 of x (across,), y (up,) and
    `values` (measures, up, across), then `outcome` (up, across) as int8.
    """
    content = b""
    if numbers:
        *floats, outcome = numbers
        told = {**told, "across": len(floats[0]), "up": len(floats[1]), "columns": len(floats[2])}
        content = b"".join(part.astype("<f8").tobytes() for part in floats)
        content += outcome.astype(np.int8).tobytes()
    header = json.dumps(told).encode()
    header += b" " * (-len(header) % 8)
    return _LENGTHS.pack(len(header) + len(content), len(header)) + header + content


@reading("x and y")
def saved(view: View, asked: Asked) -> dict[str, str]:
    """A window of a map as the `text` of a study that `sweep run` trains to the same bits.

    Raises:
        RequestError: it cannot be one.
    """
    dimensions = []
    for name, value in view.others:
        kind = swept_field(name).swept
        values = np.array([value], object if kind is str else kind)
        dimensions.append(Dimension((Axis(name, values),)))
    for part, window in ((asked["y"], view.y), (asked["x"], view.x)):
        level, first, num = (int(part[name]) for name in ("level", "first", "num"))
        num = min(num, _MOST_SAVED)
        values = window.values(level, first, num)
        dimensions.append(Dimension((Axis(window.axis, values, window.stated(level, first, num)),)))
    return {"text": view.study.over(dimensions).to_toml(described=True)}


def _plain(values: np.ndarray, *, named: bool = False) -> list[Any]:
    """Numbers as JSON can have them: what is not finite is None, or "inf" and "nan" by name."""
    numbers = values.astype(np.float64).tolist()
    return [one if math.isfinite(one) else str(one) if named else None for one in numbers]


def points(pool: Pool, view: View, asked: Asked) -> dict[str, Any]:
    """Values, measures and, if asked for, the curves of points, which a request numbers.

    `levels` are those of the lattices across and up, `points` a list of [i, j] on them. With
    curves there is also what the first point's network has learnt, if it has two inputs. `last`
    asks for the last losses instead, if the study records these.

    Raises:
        RequestError: the request is wrong, or the server is ending.
    """
    with reading("points and levels"):
        numbers = zip(*_few(asked["points"], _MOST_POINTS, "points"), strict=True)
        along = zip((view.x, view.y), asked["levels"], numbers, strict=True)
        x, y = (
            np.concatenate([window.values(int(level), int(i), 1) for i in found])
            for window, level, found in along
        )
    curves, kept = asked.get("curves") is True, view.study.groups()[0].record.loss
    last = asked.get("last") is True and kept.startswith("last")
    pool.prepare(view)
    part = view.points(x, y)
    if curves or last:
        loss = f"log {_STEPS}" if curves else f"last {min(int(kept.split()[1]), _LAST)}"
        record = replace(part.group.record, loss=loss, parameters="final")
        part = replace(part, group=replace(part.group, record=record))
    size, pieces = view.lanes or 1, list[Trained]()
    for start in range(0, len(x), size):
        with _at_once:
            pool.refuse_at_the_end()
            pieces.append(train(part.group, part.index[start : start + size], lanes=view.lanes))
    losses = [one.batch_losses if one.batch_losses.size else one.losses for one in pieces]
    columns = {name: [measured(name, one) for one in pieces] for name in view.measures}
    return {
        "x": x.tolist(),
        "y": y.tolist(),
        "measures": {
            name: _plain(np.concatenate(found), named=name not in NEVER)
            for name, found in columns.items()
        },
        "outcome": np.concatenate([one.outcome for one in pieces]).tolist(),
        "steps": pieces[0].loss_steps.tolist(),
        "losses": [*map(_plain, np.concatenate(losses))] if curves or last else [],
        "learnt": _learnt(part, pieces[0]) if curves else None,
    }


def _learnt(part: Part, trained: Trained) -> dict[str, Any] | None:
    """The first output over the data's inputs, and a little beyond; None of other networks."""
    group = part.group
    if group.network.layers[0] != 2:
        return None
    inputs, targets = group.data.inputs, group.data.targets
    low, high = inputs.min(axis=0), inputs.max(axis=0)
    margin = np.where(high > low, 0.1 * (high - low), 1.0)
    across, up = np.linspace(low - margin, high + margin, _LEARNT, axis=1)
    given = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    multipliers = group.lanes(part.index[:1]).multipliers
    with np.errstate(all="ignore"):  # of a network that has diverged
        last = forward(group.network, trained.parameters[0, -1], given, multipliers)
    return {
        "low": _plain(low - margin),
        "high": _plain(high + margin),
        "output": _plain(last[-1].outputs.reshape(len(given), -1)[:, 0]),
        "side": _LEARNT,
        "inputs": inputs[:_MOST_SHOWN].tolist(),
        "targets": targets[:_MOST_SHOWN, 0].tolist(),
    }


def on_disk(results: Path, view: View, asked: Asked) -> bytes:
    """What a run has left of a map: how far it is, and the trials of the two axes as a tile.

    Raises:
        SweepError: results cannot be read.
    """
    study, x, y = view.study, view.x.axis, view.y.axis
    names = [view.measures[at] for at in columns_wanted(view, asked)]
    told: dict[str, object] = {"trained": 0, "trials": study.trials}
    try:
        found = results_of(study, (), results)
        told["trained"] = found.trained
    except SweepError as error:
        return frame(told | {"said": str(error)})
    swept, fixed = [axis.name for axis in study.axes], study.groups()[0].fixed
    other = any(value != fixed.get(name, value) for name, value in view.others)
    if not found.trained or other or not {x, y} <= set(swept):
        return frame(told)
    others = [(name, "==", value) for name, value in view.others if name in swept]
    table = found.trials([x, y, *names, "outcome"], others or None)
    if not 0 < table[x].nunique() * table[y].nunique() <= _MOST_CELLS:
        return frame(told)
    assert tuple(table["outcome"].cat.categories) == OUTCOMES
    table = table.assign(outcome=table["outcome"].cat.codes).pivot(index=y, columns=x)
    values = np.stack([table[name].to_numpy(np.float64, na_value=np.nan) for name in names])
    outcome = table["outcome"].fillna(-1)
    return frame(
        told, outcome.columns.to_numpy(), outcome.index.to_numpy(), values, outcome.to_numpy()
    )
