"""sweep itself among the peers, and where all of them start."""

from dataclasses import replace

import numpy as np

from benchmarks.peers import Train
from sweep.instrument.machine import Team
from sweep.instrument.networks import Case
from sweep.instrument.ours import Ours, chunks, default_lanes, group
from sweep.training.trainer import train


def build(case: Case, dtype: str, threads: int, batch: int) -> Train:
    """`batch` lanes. What it is given must come from `initial_parameters`: it draws that again.

    So drawing is part of what is timed, as the measures are. No thread is kept to a processor,
    since no peer's is.
    """
    ours = Ours(case, dtype, Team(threads, pin=False), batch)
    return lambda initial: ours(len(initial))


def initial_parameters(case: Case, dtype: str, n: int) -> np.ndarray:
    """What seeds 0 to n - 1 draw, (n, P) of that dtype: where every peer starts."""
    still = replace(case, steps=1, learning_rate=0.0)
    drawn = group(still, dtype, n, {"record.parameters": "final"})
    parts = chunks(drawn, 1, default_lanes(case, dtype))
    return np.concatenate([train(drawn, part).parameters[:, 0] for part in parts])
