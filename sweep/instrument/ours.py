"""The kernel as the runner calls it: chunks of trials on plain threads, draws and measures on."""

import time
from functools import cache

import numpy as np
from numpy.typing import NDArray

from sweep.instrument.networks import Case
from sweep.instrument.studies import chunks, default_lanes, group
from sweep.instrument.team import Team
from sweep.training.trainer import prepare, train

_MOST_BYTES = 2**30  # of the parameters of networks that are trained in one call
_LONGEST_TRY = 8  # times as many networks as before, while looking for what takes so long


class Ours:
    """One network's kernel, ready.

    Attributes:
        lanes: networks trained side by side; so many blocks as there are threads are a portion.
    """

    def __init__(self, case: Case, dtype: str, team: Team, lanes: int | None = None) -> None:
        default = default_lanes(case, dtype)
        self.case, self.dtype, self.team, self.lanes = case, dtype, team, lanes or default
        self._asked = None if self.lanes == default else self.lanes
        self.trials = cache(lambda n: group(case, dtype, n))
        prepare(self.trials(1), self._asked)

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
        self._cpu_seconds(portion)  # memory, once
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
