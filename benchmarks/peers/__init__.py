"""The peers: a table, one row a way to train many networks.

A peer's module has a function `build(case, dtype, threads, batch)` that returns a `Train`: from
the initial parameters of some networks, (n, P) of that dtype, to their losses after the last step,
(n,).
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from typing import NamedTuple

import numpy as np

from benchmarks.networks import Case

Train = Callable[[np.ndarray], np.ndarray]


class Choice(NamedTuple):
    """What is searched for: networks in a batch, and Python threads that train batches."""

    batch: int
    workers: int

    @property
    def portion(self) -> int:
        """Networks that keep every worker busy once; only multiples of it are trained."""
        return self.batch * self.workers


@dataclass(frozen=True)
class Peer:
    """One row.

    Attributes:
        module: where its `build` is.
        builder: the name of that function.
        batches: numbers of networks in a batch that are worth trying.
        pooled: whether batches go to Python threads, each taking `threads / workers` of the
            library's own; a peer that is not gets all networks in one call, and its batch is the
            block (or the lanes) it works in.
        workers: how many such threads to try, 0 standing for as many as the peers may use.
    """

    module: str
    batches: tuple[int, ...]
    builder: str = "build"
    pooled: bool = True
    workers: tuple[int, ...] = (1, 0)

    def choices(self, threads: int) -> list[Choice]:
        """All that the search for the best batch tries."""
        workers = sorted({count or threads for count in self.workers}) if self.pooled else [1]
        return [Choice(batch, count) for batch in self.batches for count in workers]

    def train(self, case: Case, dtype: str, threads: int, choice: Choice) -> Train:
        """The peer, made ready for this choice.

        Raises:
            ImportError: its package is not installed.
            FileNotFoundError: its compiler is not.
        """
        build = getattr(import_module(self.module), self.builder)
        train = build(case, dtype, threads // choice.workers, choice.batch)
        return _pooled(train, choice) if self.pooled else train


def _pooled(train: Train, choice: Choice) -> Train:
    """Hand batches to a pool of threads. The number of networks must be a multiple of the batch."""
    pool = ThreadPoolExecutor(choice.workers)

    def spread(initial: np.ndarray) -> np.ndarray:
        batches = initial.reshape(-1, choice.batch, initial.shape[-1])
        return np.concatenate(list(pool.map(train, batches)))

    return spread


PEERS = {
    "ours": Peer("benchmarks.ours", (8, 16, 32, 64), pooled=False),
    "c": Peer("benchmarks.peers.c_peer", (32, 48, 64, 96, 128, 256), pooled=False),
    "numba": Peer("benchmarks.peers.numba_peer", (16, 64), pooled=False),
    # As its users call it: a batch after the other, on XLA's own threads.
    "jax": Peer("benchmarks.peers.jax_peer", (1024, 4096, 16384), workers=(1,)),
    # A batch in each of several Python threads, which share XLA's.
    "jax, threaded": Peer("benchmarks.peers.jax_peer", (1024, 4096, 16384), workers=(0,)),
    # That, and written out weight by weight.
    "jax, unrolled": Peer("benchmarks.peers.jax_peer", (1024, 4096, 16384), "build_unrolled"),
    "torch": Peer("benchmarks.peers.torch_peer", (4096, 16384)),
    "numpy": Peer("benchmarks.peers.numpy_peer", (1024, 4096, 16384)),
}
