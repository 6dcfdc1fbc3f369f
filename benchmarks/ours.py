"""sweep itself, as the runner calls it: chunks of trials on plain threads, measures on."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache

import numpy as np

from benchmarks.peers import Train
from sweep.bench.networks import Case
from sweep.bench.studies import chunks, default_lanes, group
from sweep.study import Group
from sweep.training.trainer import prepare, train


def build(case: Case, dtype: str, threads: int, batch: int) -> Train:
    """`batch` lanes. What it is given must come from `initial_parameters`: it draws that again.

    So drawing is part of what is timed, as the measures are.
    """
    pool = ThreadPoolExecutor(threads)
    lanes = None if batch == default_lanes(case, dtype) else batch
    prepare(group(case, dtype, 1), lanes)

    @cache
    def trials(n: int) -> Group:
        return group(case, dtype, n)

    def train_all(initial: np.ndarray) -> np.ndarray:
        asked = trials(len(initial))

        def final_losses(chunk: np.ndarray) -> np.ndarray:
            return train(asked, chunk, lanes=lanes).measures["final_loss"]

        return np.concatenate(list(pool.map(final_losses, chunks(asked, threads, batch))))

    return train_all


def initial_parameters(case: Case, dtype: str, n: int) -> np.ndarray:
    """What seeds 0 to n - 1 draw, (n, P) of that dtype: where every peer starts."""
    still = replace(case, steps=1, learning_rate=0.0)
    drawn = group(still, dtype, n, {"record.parameters": "final"})
    parts = chunks(drawn, 1, default_lanes(case, dtype))
    return np.concatenate([train(drawn, part).parameters[:, 0] for part in parts])
