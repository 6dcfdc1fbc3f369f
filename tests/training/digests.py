"""One number for all that training gave, to the bit; also a script for processes of another CPU."""

import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np

from sweep.study import Group
from sweep.training.processor import register_bytes
from sweep.training.specification import Shape, abreast
from sweep.training.trained import Trained
from sweep.training.trainer import _train, shape_of, train

from .groups import course, every_trial

# Trials that converge and stall next to such that start at infinity and are NaN from the first.
AXES = """axes={
    seed = { range = [0, 25] }, learning_rate = [0.1, 2, 50], initial.scale = [1, 1e308, 0]
}"""


# What `Trained` has a row of for each trial, besides what it has by name.
_COLUMNS = (
    "outcome",
    "losses",
    "batch_losses",
    "parameters",
    "recent_losses",
    "epochs",
    "optimizer_state",
    "stopped_at",
    "validation_losses",
    "validation_accuracies",
)


def mixed_trials(dtype: str, *edits: str) -> Group:
    """The worked example's network from drawn weights: 225 trials of 40 steps."""
    return course(
        "initial={scheme='normal'}",
        AXES.replace("\n", " "),
        "training.steps=40",
        "outcome.target=0.1",
        f"training.dtype='{dtype}'",
        *edits,
    )


def in_order(parts: Sequence[Trained]) -> Trained:
    """The trials of several calls as one table, in the order of the grid."""
    index = np.concatenate([part.index for part in parts])
    order = np.argsort(index)

    def joined(columns: Sequence[Any]) -> Any:
        return np.concatenate(columns)[order]

    first = parts[0]
    return replace(
        first,
        index=index[order],
        measures={n: joined([part.measures[n] for part in parts]) for n in first.measures},
        final_validation={
            n: joined([part.final_validation[n] for part in parts]) for n in first.final_validation
        },
        **{name: joined([getattr(part, name) for part in parts]) for name in _COLUMNS},
    )


def digest(trained: Trained) -> str:
    """SHA-256 of every array with its name, dtype and shape."""
    found = hashlib.sha256()
    arrays = {field.name: getattr(trained, field.name) for field in fields(trained)}
    arrays |= arrays.pop("measures") | arrays.pop("final_validation")
    for name, array in sorted(arrays.items()):
        if name in ("batch_losses", "epochs", "sums") and not array.shape[1]:
            continue  # what only some studies have
        found.update(f"{name} {array.dtype} {array.shape}".encode())
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


def abreast_of(study: Group) -> Shape:
    """What trains one network at a time, with samples abreast, whatever the plan would choose."""
    return abreast(shape_of(study, lanes=1), register_bytes())


def in_every_way(study: Group, lanes: int | None = None) -> list[str]:
    """The digest by lanes and, of a network that the plan may train so, with samples abreast."""
    index, network = every_trial(study), shape_of(study).network
    found = [train(study, index, lanes=lanes)]
    if not network.unrolled:
        found.append(_train(study, index, abreast_of(study)))
    return [digest(trained) for trained in found]


def main(lanes: int) -> None:
    """Read the dtype and the edits of studies, a JSON list a line; print the digests of each."""
    for line in sys.stdin:
        dtype, edits = json.loads(line)
        print(*in_every_way(mixed_trials(dtype, *edits), lanes))


if __name__ == "__main__":
    main(int(sys.argv[1]))
