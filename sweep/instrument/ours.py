"""A row of the networks' table as the study that sweep trains, and as the runner trains it."""

import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweep.instrument.machine import Team
from sweep.instrument.networks import Case
from sweep.study import Group, parse_study
from sweep.study.writing import study_toml
from sweep.training.costs import chunk_size
from sweep.training.specification import Shape
from sweep.training.trainer import prepare, shape_of, train

_MANY = 64  # trials: whole blocks whatever the lanes, as all calls here are
_MOST_BYTES = 2**30  # of the parameters of networks that are trained in one call
_LONGEST_TRY = 8  # times as many networks as before, while looking for what takes so long


def group(
    case: Case, dtype: str, trials: int, settings: Mapping[str, Any] | None = None, **axes: Any
) -> Group:
    """So many trials of a network, each from a draw of its own; nothing but measures is recorded.

    `settings` are fields of the study by dotted name that differ from what the row says, `axes`
    what to sweep in place of the seed, as a study file writes them.
    """
    (found,) = parse_study(text(case, dtype, trials, settings, **axes), case.name, Path()).groups()
    return found


def text(
    case: Case, dtype: str, trials: int, settings: Mapping[str, Any] | None = None, **axes: Any
) -> str:
    """The same as the text of a study file."""
    fields = {
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
    axes = axes or {"seed": f"{{ range = [0, {trials}] }}"}
    swept = [f"axes.{name} = {axis}" for name, axis in axes.items()]
    stated = dict(sorted((fields | dict(settings or {})).items()))  # table by table
    return "\n".join([*swept, study_toml(stated, ())])


def shape_for(case: Case, dtype: str, lanes: int | None = None) -> Shape:
    """What sweep compiles for this network in a study of many trials, or with so many lanes."""
    return shape_of(group(case, dtype, _MANY), lanes)


def default_lanes(case: Case, dtype: str) -> int:
    """How many lanes sweep takes for this network if nobody says."""
    return shape_for(case, dtype).lanes


def chunks(found: Group, threads: int, lanes: int) -> list[np.ndarray]:
    """The trials as the runner hands them out, in whole blocks of lanes and as even as they come.

    A last thread that works alone would be the pool's loss, not ours.
    """
    blocks = -(-found.trials // lanes)
    pieces = -(-found.trials // chunk_size(found, threads))
    pieces = min(blocks, -(-pieces // threads) * threads)
    firsts = [part[0] * lanes for part in np.array_split(np.arange(blocks), pieces)]
    return np.split(np.arange(found.trials), firsts[1:])


class Ours:
    """One network's kernel, ready.

    Attributes:
        lanes: networks trained side by side; so many blocks as there are threads are a portion.
        shape: what its kernel is compiled for.
    """

    def __init__(self, case: Case, dtype: str, team: Team, lanes: int | None = None) -> None:
        default = default_lanes(case, dtype)
        self.case, self.dtype, self.team, self.lanes = case, dtype, team, lanes or default
        self._asked = None if self.lanes == default else self.lanes
        self.trials = cache(lambda n: group(case, dtype, n))
        self.shape = shape_for(case, dtype, self._asked)
        prepare(self.trials(_MANY), self._asked)

    def __call__(self, networks: int) -> NDArray[np.floating]:
        """Train networks from the draws of seeds 0, 1, ...; return their final losses, (n,)."""
        asked = self.trials(networks)

        def final_losses(chunk: NDArray[np.int64]) -> NDArray[np.floating]:
            return train(asked, chunk, lanes=self._asked).measures["final_loss"]

        parts = chunks(asked, self.team.threads, self.lanes)
        return np.concatenate(list(self.team.pool.map(final_losses, parts)))

    def networks_for(self, seconds: float) -> int:
        """How many take it about so long if it has its processors: whole blocks for each thread."""
        portion = self.lanes * self.team.threads
        size = self.case.n_parameters * np.dtype(self.dtype).itemsize
        most = max(1, _MOST_BYTES // size // portion)
        self(portion)  # memory, once
        portions, took = 1, self._cpu_seconds(portion)
        while took < seconds / 2 and portions < most:
            growth = min(_LONGEST_TRY, seconds / max(took, 1e-6))
            portions = min(most, max(portions + 1, round(portions * growth)))
            took = self._cpu_seconds(portions * portion)
        return int(np.clip(round(portions * seconds / took), 1, most)) * portion

    def _cpu_seconds(self, networks: int) -> float:
        self.trials(networks)
        start = time.process_time()
        self(networks)
        return (time.process_time() - start) / self.team.threads
