"""sweep itself, as the runner calls it: chunks of trials on plain threads, measures on."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from benchmarks.networks import Case
from benchmarks.peers import Train
from sweep.study import Group, parse_study
from sweep.training.trainer import chunk_size, prepare, train


def build(case: Case, dtype: str, threads: int, batch: int) -> Train:
    """`batch` lanes. What it is given must come from `initial_parameters`: it draws that again.

    So drawing is part of what is timed, as the measures are.
    """
    pool = ThreadPoolExecutor(threads)
    prepare(_group(case, dtype, 1), batch)

    def train_all(initial: np.ndarray) -> np.ndarray:
        group = _group(case, dtype, len(initial))

        def final_losses(chunk: np.ndarray) -> np.ndarray:
            return train(group, chunk, lanes=batch).measures["final_loss"]

        return np.concatenate(list(pool.map(final_losses, _chunks(group, threads))))

    return train_all


def initial_parameters(case: Case, dtype: str, n: int) -> np.ndarray:
    """What seeds 0 to n - 1 draw, (n, P) of that dtype: where every peer starts."""
    still = replace(case, steps=1, learning_rate=0.0)
    group = _group(still, dtype, n, parameters="final")
    drawn = [train(group, chunk).parameters[:, 0] for chunk in _chunks(group, 1)]
    return np.ascontiguousarray(np.concatenate(drawn))


@cache
def _group(case: Case, dtype: str, n: int, parameters: str = "nothing") -> Group:
    (group,) = parse_study(
        f"""
        [network]
        layers = {list(case.layers)}
        activation = {list(case.activations)}
        bias = {str(case.bias).lower()}
        loss = "{case.loss}"
        [data]
        inputs = {[list(row) for row in case.inputs]}
        targets = {[list(row) for row in case.targets]}
        [initial]
        scheme = "uniform"
        [training]
        steps = {case.steps}
        dtype = "{dtype}"
        learning_rate = {case.learning_rate}
        [axes]
        seed = {{ range = [0, {n}] }}
        [record]
        loss = "nothing"
        parameters = "{parameters}"
        """,
        case.name,
        Path(),
    ).groups()
    return group


def _chunks(group: Group, threads: int) -> list[np.ndarray]:
    """As even as they come: a last thread that works alone would be the pool's loss, not ours."""
    pieces = -(-group.trials // chunk_size(group, threads))
    return np.array_split(np.arange(group.trials), -(-pieces // threads) * threads)
