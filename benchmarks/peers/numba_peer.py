"""numba as one first writes it: plain loops, `math.exp`, `fastmath`, `prange`; the 2-2-2 network.

pip's LLVM has no vector exp, so that each of a step's four is a call. With trials in the inner loop
the processor overlaps the calls of different trials; a third faster than a trial at a time.
"""

import math
from typing import Any

import numba
import numpy as np
from numba import njit, prange

from benchmarks.arithmetic import loss_scale
from benchmarks.peers import Train
from sweep.instrument.networks import Case


def build(case: Case, dtype: str, threads: int, batch: int) -> Train:
    """Blocks of `batch` trials.

    Raises:
        NotImplementedError: the network is another than the one written out here.
    """
    if (case.layers, set(case.activations), case.bias, len(case.inputs), loss_scale(case)) != (
        (2, 2, 2), {"sigmoid"}, False, 1, 0.5,
    ):  # fmt: skip
        raise NotImplementedError("the numba peer is written out for the 2-2-2 network alone")
    scalar = np.dtype(dtype).type
    constants = tuple(map(scalar, (case.learning_rate, *case.inputs[0], *case.targets[0])))

    def train(initial: np.ndarray) -> np.ndarray:
        numba.set_num_threads(threads)
        losses = np.empty(len(initial), dtype)
        _train(initial, case.steps, batch, constants, losses)
        return losses

    return train


@njit(fastmath=True)
def _sigmoid(z: Any) -> Any:
    return 1 / (1 + math.exp(-z))


@njit(parallel=True, fastmath=True)
def _train(initial: Any, steps: Any, batch: Any, constants: Any, losses: Any) -> None:
    """Blocks of trials to threads; parameters (P, trials) while training."""
    eta, i1, i2, t1, t2 = constants
    n = len(initial)
    for block in prange((n + batch - 1) // batch):
        first, last = block * batch, min((block + 1) * batch, n)
        w = initial[first:last].T.copy()
        for _ in range(steps):
            for t in range(last - first):
                w5, w6, w7, w8 = w[4, t], w[5, t], w[6, t], w[7, t]
                h1 = _sigmoid(w[0, t] * i1 + w[1, t] * i2)
                h2 = _sigmoid(w[2, t] * i1 + w[3, t] * i2)
                o1 = _sigmoid(w5 * h1 + w6 * h2)
                o2 = _sigmoid(w7 * h1 + w8 * h2)
                d1 = eta * (o1 - t1) * o1 * (1 - o1)
                d2 = eta * (o2 - t2) * o2 * (1 - o2)
                g1 = (d1 * w5 + d2 * w7) * h1 * (1 - h1)
                g2 = (d1 * w6 + d2 * w8) * h2 * (1 - h2)
                w[0, t] -= g1 * i1
                w[1, t] -= g1 * i2
                w[2, t] -= g2 * i1
                w[3, t] -= g2 * i2
                w[4, t] -= d1 * h1
                w[5, t] -= d1 * h2
                w[6, t] -= d2 * h1
                w[7, t] -= d2 * h2
        for t in range(last - first):
            h1 = _sigmoid(w[0, t] * i1 + w[1, t] * i2)
            h2 = _sigmoid(w[2, t] * i1 + w[3, t] * i2)
            o1 = _sigmoid(w[4, t] * h1 + w[5, t] * h2)
            o2 = _sigmoid(w[6, t] * h1 + w[7, t] * h2)
            losses[first + t] = ((o1 - t1) ** 2 + (o2 - t2) ** 2) / 2
