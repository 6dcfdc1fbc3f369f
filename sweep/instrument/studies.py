"""A row of the networks' table as the study that sweep trains."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sweep.instrument.networks import Case
from sweep.study import Group, parse_study
from sweep.training.costs import chunk_size
from sweep.training.trainer import shape_of


def group(
    case: Case, dtype: str, trials: int, settings: Mapping[str, Any] | None = None, **axes: Any
) -> Group:
    """So many trials of a network, each from a draw of its own; nothing but measures is recorded.

    Args:
        case: the network.
        dtype: of its numbers.
        trials: how many.
        settings: fields of the study by dotted name that differ from what the row says.
        axes: to sweep in place of the seed, as a study file writes them.

    Raises:
        RequestError: sweep refuses the settings.
    """
    (found,) = parse_study(text(case, dtype, trials, settings, **axes), case.name, Path()).groups()
    return found


def text(
    case: Case, dtype: str, trials: int, settings: Mapping[str, Any] | None = None, **axes: Any
) -> str:
    """The same as the text of a study file."""
    fields = _fields(case, dtype) | dict(settings or {})
    lines = [f"{name} = {_toml(value)}" for name, value in fields.items()]
    lines += [f"axes.{name} = {axis}" for name, axis in (axes or _seeds(trials)).items()]
    return "\n".join(lines)


def _seeds(trials: int) -> dict[str, str]:
    return {"seed": f"{{ range = [0, {trials}] }}"}


def _fields(case: Case, dtype: str) -> dict[str, Any]:
    return {
        "network.layers": list(case.layers),
        "network.activation": list(case.activations),
        "network.bias": case.bias,
        "network.loss": case.loss,
        "data.inputs": [list(row) for row in case.inputs],
        "data.targets": [list(row) for row in case.targets],
        "initial.scheme": case.scheme,
        "training.steps": case.steps,
        "training.dtype": dtype,
        "training.learning_rate": case.learning_rate,
        "record.loss": "nothing",
        "record.parameters": "nothing",
    }


def _toml(value: Any) -> str:
    """TOML writes what a benchmark sets as Python does, but for words and truth values."""
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value).replace("'", '"')


def default_lanes(case: Case, dtype: str) -> int:
    """How many lanes sweep takes for this network if nobody says."""
    return shape_of(group(case, dtype, 1)).lanes


def chunks(found: Group, threads: int, lanes: int) -> list[np.ndarray]:
    """The trials as the runner hands them out, in whole blocks of lanes and as even as they come.

    A last thread that works alone would be the pool's loss, not ours.
    """
    blocks = -(-found.trials // lanes)
    pieces = -(-found.trials // chunk_size(found, threads))
    pieces = min(blocks, -(-pieces // threads) * threads)
    firsts = [part[0] * lanes for part in np.array_split(np.arange(blocks), pieces)]
    return np.split(np.arange(found.trials), firsts[1:])
