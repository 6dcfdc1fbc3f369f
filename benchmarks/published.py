"""The published case of SimpleChains, in one thread: `python -m benchmarks.published`.

4-32-16-4 with tanh in the hidden layers, Adam on all of 10,000 samples: 41 us a step on 18 cores
with AVX-512 and 72 us on 32 with AVX2 were published (Elrod, Korsbo and Rackauckas, "Doing small
network scientific machine learning in Julia 5x faster than PyTorch", 2022). Told are sample
gradients a second of processor time: of one network, and of many in lanes.
"""

import argparse
from collections.abc import Sequence
from functools import partial

import numpy as np

from benchmarks.options import console, spread
from sweep.instrument.networks import regression
from sweep.instrument.ours import group
from sweep.instrument.rounds import interleaved
from sweep.study import Group
from sweep.training.trainer import prepare, train

_SAMPLES, _STEPS = 10_000, 20
_PUBLISHED = {"18 cores, AVX-512": _SAMPLES / 41e-6 / 18, "32 cores, AVX2": _SAMPLES / 72e-6 / 32}
_CASE = regression((4, 32, 16, 4), "tanh", "identity", _STEPS, samples=_SAMPLES)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--trials", nargs="+", type=int, default=[1, 16])
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args(arguments)
    for name, each in _PUBLISHED.items():
        console.print(f"published, {name}: {each / 1e6:.1f} million a second and core")
    for dtype in ("float64", "float32"):
        asked = {n: group(_CASE, dtype, n, {"training.optimizer": "adam"}) for n in options.trials}
        for one in asked.values():
            prepare(one)
        turns = {str(n): partial(_trained, one) for n, one in asked.items()}
        table = interleaved(turns, options.rounds).pivot(
            index="round", columns="turn", values="cpu_seconds"
        )
        for n in asked:
            millions = n * _STEPS * _SAMPLES / table[str(n)] / 1e6
            console.print(f"{dtype}, trials: {n};", *spread(millions), "million a second and core")


def _trained(asked: Group) -> None:
    train(asked, np.arange(asked.trials))


if __name__ == "__main__":
    main()
