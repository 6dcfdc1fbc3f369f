"""A closer look: some points with their curves, what a network has learnt, what is on the disk."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

import numpy as np

from sweep.analysis.networks import forward
from sweep.catalogue import OUTCOMES
from sweep.errors import RequestError, SweepError
from sweep.explorer.asking import MOST_POINTS, frame, items, plain, whole
from sweep.explorer.tiles import View, measured
from sweep.explorer.working import Pool
from sweep.runs.points import Part
from sweep.store.results import results_of
from sweep.training.trained import Trained
from sweep.training.trainer import shape_of, train

_STEPS = 2000  # of a curve that are drawn; of a longer one as many by their logarithm
_LAST = 64  # losses of a point on a line
_LEARNT = 33  # points a side of what a network has learnt
_MOST_CELLS = 4_000_000
_MOST_SHOWN = 500  # samples
_at_once = BoundedSemaphore(2)


def points(view: View, pool: Pool, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Values, measures and, if asked for, the curves of points, which a request numbers.

    `levels` are those of the lattices across and up, `points` a list of [i, j] on them. With
    curves there is also what the first point's network has learnt, if it has two inputs. `last`
    asks for the last losses instead, if the study records these.

    Raises:
        RequestError: the request is wrong, or the server is ending.
    """
    levels = items(asked, "levels", 2)
    numbers = items(asked, "points", MOST_POINTS)
    axes: list[np.ndarray] = []
    for at, window in enumerate((view.x, view.y)):
        level = whole(levels[at : at + 1] and levels[at], 0, window.depth, "a level")
        index = [
            whole(
                one[at] if isinstance(one, list) and len(one) == 2 else None, 0, 2**level, "points"
            )
            for one in numbers
        ]
        different = {i: window.values(level, i, 1)[0] for i in dict.fromkeys(index)}
        axes.append(np.array([different[i] for i in index]))
    curves = asked.get("curves") is True
    kept = view.study.groups()[0].record.loss
    last = asked.get("last") is True and kept.startswith("last")
    pool.prepare(view)
    part = view.points(*axes)
    if curves or last:
        loss = f"log {_STEPS}" if curves else f"last {min(int(kept.split()[1]), _LAST)}"
        record = replace(part.group.record, loss=loss, parameters="final")
        part = replace(part, group=replace(part.group, record=record))
    size, pieces = shape_of(part.group).lanes, []
    for start in range(0, len(numbers), size):
        with _at_once:
            if pool.ending:
                raise RequestError("the server is ending")
            pieces.append(train(part.group, part.index[start : start + size]))
    return {
        "x": axes[0].tolist(),
        "y": axes[1].tolist(),
        "measures": {
            name: plain(np.concatenate([measured(name, one) for one in pieces]))
            for name in view.measures
        },
        "outcome": np.concatenate([one.outcome for one in pieces]).tolist(),
        "steps": pieces[0].loss_steps.tolist(),
        "losses": [plain(_losses(one)[i]) for one in pieces for i in range(len(one.index))]
        if curves or last
        else [],
        "learnt": _learnt(part, pieces[0]) if curves else None,
    }


def _losses(trained: Trained) -> np.ndarray:
    """The curves: of batches those of the batches."""
    found: np.ndarray = trained.batch_losses if trained.batch_losses.size else trained.losses
    return found


def _learnt(part: Part, trained: Trained) -> dict[str, Any] | None:
    """The first output over the data's inputs, and a little beyond; None of other networks."""
    group = part.group
    if group.network.layers[0] != 2:
        return None
    inputs, targets = group.data.inputs, group.data.targets
    low, high = inputs.min(axis=0), inputs.max(axis=0)
    margin = np.where(high > low, 0.1 * (high - low), 1.0)
    across, up = (np.linspace(low[i] - margin[i], high[i] + margin[i], _LEARNT) for i in (0, 1))
    given = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    multipliers = group.lanes(part.index[:1]).multipliers
    with np.errstate(all="ignore"):  # of a network that has diverged
        last = forward(group.network, trained.parameters[0, -1], given, multipliers)
    return {
        "low": plain(low - margin),
        "high": plain(high + margin),
        "output": plain(last[-1].outputs.reshape(len(given), -1)[:, 0]),
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
    swept = [axis.name for axis in study.axes]
    if not found.trained or not {view.x.axis, view.y.axis} <= set(swept):
        return frame(told)
    names = [view.measures[at] for at in columns]
    others = [(name, "==", value) for name, value in view.others if name in swept]
    if any(value != study.groups()[0].fixed.get(n, value) for n, value in view.others):
        return frame(told)  # a value that the study does not have
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
