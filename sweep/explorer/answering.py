"""What a page is told: of its study, tiles, points and their curves, what is on the disk."""

import json
import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from shlex import quote
from threading import BoundedSemaphore
from typing import Any

import numpy as np

from sweep.analysis.networks import forward
from sweep.catalogue import MEASURES, OUTCOMES
from sweep.errors import RequestError, SweepError
from sweep.explorer import asking
from sweep.explorer.tiles import View, measured, measures_of
from sweep.explorer.windows import windows_of
from sweep.explorer.working import Pool
from sweep.runs.points import Part
from sweep.store.results import results_of
from sweep.study import Axis, Dimension, Study
from sweep.study.fields import swept_field
from sweep.study.spacings import DEEPEST
from sweep.training.trained import Trained
from sweep.training.trainer import train

SIDED = ("diverged_at", "max_loss", "initial_loss")
"""What two-sided colours need of a tile beside its measure."""

_MOST_SAVED = 4096  # points along each axis of a study that is saved
_MOST_CHOICES = 1000  # values of an axis
_STEPS = 2000  # of a curve that are drawn; of a longer one as many by their logarithm
_LAST = 64  # losses of a point on a line
_LEARNT = 33  # points a side of what a network has learnt
_MOST_CELLS = 4_000_000
_MOST_SHOWN = 500  # samples
_LENGTHS = struct.Struct("<2I")
_at_once = BoundedSemaphore(2)


def facts(study: Study, places: Sequence[Mapping[str, object]]) -> dict[str, Any]:
    """What a page has to know of a study before it asks for tiles, and what it shows first.

    Raises:
        RequestError: the study has no two numbers to map.
    """
    group = study.groups()[0]
    windows = [vars(one) for one in windows_of(study, group)]
    if len(windows) < 2:
        raise RequestError(f"{study.name}: has no two numbers that can be the axes of a map")
    swept = {axis.name: axis.ranked[0][:_MOST_CHOICES].tolist() for axis in study.axes}
    fixed = {name: value for name, value in group.fixed.items() if name not in swept}
    x, y = windows[:2]
    sided = group.outcome.rule != "target"
    measure = "tail_loss" if sided else "final_loss"
    return {
        "name": study.name,
        "title": study.title,
        "steps": group.steps,
        "windows": windows,
        "values": swept,
        "fixed": {name: value for name, value in fixed.items() if math.isfinite(value)},
        "measures": [
            {
                "name": name,
                "words": MEASURES[name].words,
                "log": MEASURES[name].unit == "loss",
                "ending": MEASURES[name].at_the_end,
            }
            for name in measures_of(group)
        ],
        "outcomes": OUTCOMES,
        "sided": SIDED,
        "command": f"sweep explore {quote(study.name)}",
        "places": [*places],
        "deepest": DEEPEST,
        "first": {
            "x": x,
            "y": y,
            "others": {n: v[0] for n, v in swept.items() if n not in (x["axis"], y["axis"])},
            "measures": [measure, *(SIDED if sided else ())],
            "scale": "sides" if sided else "log",
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


def saved(view: View, asked: asking.Asked) -> str:
    """A window of a map as the text of a study that `sweep run` trains to the same bits.

    Raises:
        RequestError: it cannot be one.
    """
    dimensions = []
    for name, window in (("y", view.y), ("x", view.x)):
        part = asking.as_object(asked.get(name), name)
        level = asking.whole(part.get("level"), 0, window.depth, f"{name}.level")
        first = asking.whole(part.get("first"), 0, 2**level, f"{name}.first")
        num = asking.whole(part.get("num"), 1, _MOST_SAVED, f"{name}.num")
        values = window.values(level, first, num)
        dimensions.append(Dimension((Axis(window.axis, values, window.stated(level, first, num)),)))
    for name, value in view.others:
        kind = swept_field(name).swept
        values = np.array([value], object if kind is str else kind)
        dimensions.insert(0, Dimension((Axis(name, values),)))
    return view.study.over(dimensions).to_toml(described=True)


def _plain(values: np.ndarray) -> list[Any]:
    """Numbers as JSON can have them: what is not finite is None."""
    return [value if math.isfinite(value) else None for value in values.astype(np.float64).tolist()]


def points(view: View, pool: Pool, asked: asking.Asked) -> dict[str, Any]:
    """Values, measures and, if asked for, the curves of points, which a request numbers.

    `levels` are those of the lattices across and up, `points` a list of [i, j] on them. With
    curves there is also what the first point's network has learnt, if it has two inputs. `last`
    asks for the last losses instead, if the study records these.

    Raises:
        RequestError: the request is wrong, or the server is ending.
    """
    levels, numbers = asking.points_of(view, asked)
    x, y = (
        np.concatenate([window.values(level, i, 1) for i in along])
        for window, level, along in zip((view.x, view.y), levels, numbers, strict=True)
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
    losses = [
        _plain(one)
        for piece in pieces
        for one in (piece.batch_losses if piece.batch_losses.size else piece.losses)
    ]
    measures = {
        name: _plain(np.concatenate([measured(name, one) for one in pieces]))
        for name in view.measures
    }
    return {
        "x": x.tolist(),
        "y": y.tolist(),
        "measures": measures,
        "outcome": np.concatenate([one.outcome for one in pieces]).tolist(),
        "steps": pieces[0].loss_steps.tolist(),
        "losses": losses if curves or last else [],
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


def on_disk(view: View, columns: list[int], results: Path) -> bytes:
    """What a run has left of a map: how far it is, and the trials of the two axes as a tile.

    Raises:
        SweepError: results cannot be read.
    """
    study = view.study
    told: dict[str, object] = {"trained": 0, "trials": study.trials}
    try:
        found = results_of(study, (), results)
        told["trained"] = found.trained
    except SweepError as error:
        return frame(told | {"said": str(error)})
    swept, fixed = [axis.name for axis in study.axes], study.groups()[0].fixed
    other = any(value != fixed.get(name, value) for name, value in view.others)
    if not found.trained or other or not {view.x.axis, view.y.axis} <= set(swept):
        return frame(told)
    names = [view.measures[at] for at in columns]
    others = [(name, "==", value) for name, value in view.others if name in swept]
    table = found.trials([view.x.axis, view.y.axis, *names, "outcome"], others or None)
    x, i = np.unique(table[view.x.axis].to_numpy(), return_inverse=True)
    y, j = np.unique(table[view.y.axis].to_numpy(), return_inverse=True)
    if not 0 < len(x) * len(y) <= _MOST_CELLS:
        return frame(told)
    values = np.full((len(names), len(y), len(x)), np.nan)
    outcome = np.full((len(y), len(x)), -1, np.int8)
    for at, name in enumerate(names):
        values[at, j, i] = table[name].to_numpy(np.float64, na_value=np.nan)
    outcome[j, i] = table["outcome"].cat.codes.to_numpy()
    assert tuple(table["outcome"].cat.categories) == OUTCOMES
    return frame(told, x, y, values, outcome)
