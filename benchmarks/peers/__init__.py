"""The peers: a table, one row a way to train many networks.

A peer's module has a function `build(case, dtype, threads, batch)` that returns a `Train`: from
the initial parameters of some networks, (n, P) of that dtype, to their losses after the last step,
(n,).
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from typing import NamedTuple

import numpy as np

from sweep.instrument.networks import Case

Train = Callable[[np.ndarray], np.ndarray]

_FEWEST_NUMBERS = 2000


class Choice(NamedTuple):
    """What is searched for: networks in a batch, threads that train batches, and how it is written.

    Attributes:
        builder: the name of the function in the peer's module.
    """

    batch: int
    workers: int
    builder: str = "build"

    @property
    def portion(self) -> int:
        """Networks that keep every worker busy once."""
        return self.batch * self.workers


@dataclass(frozen=True)
class Peer:
    """One row.

    Attributes:
        module: where its builders are.
        builders: their names; the search tries all of them at the best batch of the first.
        workers: how many Python threads to hand batches to, 0 standing for as many as the peer may
            use; each takes `threads / workers` of the library's own.
        blocks: of a peer that gets all networks in one call and spreads them over threads itself:
            the numbers of networks it may work on at a time. None for one that gets batches, whose
            size has no bound.
    """

    module: str
    builders: tuple[str, ...] = ("build",)
    workers: tuple[int, ...] = (1, 0)
    blocks: Callable[[Case, str], Sequence[int]] | None = None

    @property
    def pooled(self) -> bool:
        """Whether batches go to Python threads; such a peer takes whole portions only."""
        return self.blocks is None

    def ladders(self, case: Case, dtype: str, threads: int) -> list[list[Choice]]:
        """What to try with the first builder, smallest batches first."""
        if self.blocks is not None:
            return [[Choice(n, threads, self.builders[0]) for n in self.blocks(case, dtype)]]
        # Fewer numbers than this in a batch, and a step is all overhead.
        numbers = case.n_parameters + len(case.inputs) * case.n_neurons
        batches = [4**k for k in range(8) if 4 ** (k + 1) * numbers > _FEWEST_NUMBERS]
        workers = sorted({count or threads for count in self.workers})
        return [[Choice(n, count, self.builders[0]) for n in batches] for count in workers]

    def train(self, case: Case, dtype: str, threads: int, choice: Choice) -> Train:
        """The peer, made ready for this choice.

        Raises:
            ImportError: its package is not installed.
            FileNotFoundError: its compiler is not.
            NotImplementedError: it is not written for such a network.
        """
        build = getattr(import_module(self.module), choice.builder)
        if not self.pooled:
            return build(case, dtype, threads, choice.batch)
        return _pooled(build(case, dtype, threads // choice.workers, choice.batch), choice)


def _pooled(train: Train, choice: Choice) -> Train:
    """Hand batches to a pool of threads. The number of networks must be a multiple of the batch."""
    pool = ThreadPoolExecutor(choice.workers)

    def spread(initial: np.ndarray) -> np.ndarray:
        batches = initial.reshape(-1, choice.batch, initial.shape[-1])
        return np.concatenate(list(pool.map(train, batches)))

    return spread


def _lanes(case: Case, dtype: str) -> Sequence[int]:
    """What a study is trained with: a search would let noise choose among them."""
    from sweep.instrument.ours import default_lanes  # noqa: PLC0415 - peers do without sweep

    return [default_lanes(case, dtype)]


def _blocks(*sizes: int) -> Callable[[Case, str], Sequence[int]]:
    return lambda case, dtype: sizes


_JAX, _TORCH = "benchmarks.peers.jax_peer", "benchmarks.peers.torch_peer"
_BOTH_WAYS = ("build", "build_columns")

PEERS = {
    "ours": Peer("benchmarks.ours", blocks=_lanes),
    "c": Peer("benchmarks.peers.c_peer", blocks=_blocks(16, 32, 48, 64, 96, 128, 256)),
    "numba": Peer("benchmarks.peers.numba_peer", blocks=_blocks(16, 64)),
    # As its users call it: a batch after the other, on XLA's own threads.
    "jax": Peer(_JAX, _BOTH_WAYS, workers=(1,)),
    # A batch in each of several Python threads, which share XLA's.
    "jax, threaded": Peer(_JAX, _BOTH_WAYS, workers=(0,)),
    "jax, donated": Peer(_JAX, ("build_donated",), workers=(1,)),
    # In threads, and written out weight by weight.
    "jax, unrolled": Peer(_JAX, ("build_unrolled",)),
    "torch": Peer(_TORCH, workers=(1,)),
    "torch, compiled": Peer(_TORCH, ("build_compiled",), blocks=_blocks(1024, 16384)),
    "torch, bmm": Peer(_TORCH, ("build_bmm",), workers=(1,)),
    "torch, bmm, threaded": Peer(_TORCH, ("build_bmm",), workers=(0,)),
    "numpy": Peer("benchmarks.peers.numpy_peer", ("build", "build_matmul")),
    # One model after another.
    "sklearn": Peer("benchmarks.peers.sklearn_peer", blocks=_blocks(1)),
}
