"""Networks in lanes beside samples abreast: `python -m benchmarks.abreast`.

Rounds of turns in one thread: so many trials of a network trained in either way, and 16 of them in
full lanes. Of each are told the seconds of processor time by lanes over those by samples abreast,
and the throughput of what the plan chooses over that of full lanes.
"""

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from unittest.mock import patch

import numpy as np

from benchmarks.networks import NETWORKS
from benchmarks.options import console, spread
from sweep.instrument.networks import regression
from sweep.instrument.ours import group
from sweep.instrument.rounds import interleaved
from sweep.study import Group
from sweep.training import specification
from sweep.training.processor import register_bytes
from sweep.training.specification import Shape
from sweep.training.trainer import prepare, shape_of, train

_FULL = 16  # trials: whole blocks of lanes in either dtype
_STEPS = 10  # at least: the last one of a turn takes a forward pass alone

# The network of the digits, on data of their size.
_DIGITS = regression((64, 64, 10), "relu", "identity", 20, samples=1797)


def _abreast(asked: Group, do: Callable[[Group], object]) -> None:
    def forced(shape: Shape, size: int, *_: int) -> Shape:
        return specification.abreast(shape, size)

    with patch.object(specification, "suited", forced):
        do(asked)


def _by_lanes(asked: Group, do: Callable[..., object]) -> None:
    width = register_bytes() // (int(asked.training.dtype[-2:]) // 8)
    do(asked, lanes=width)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--network", default="digits", choices=["digits", *NETWORKS])
    parser.add_argument("--trials", nargs="+", type=int, default=[3, 6, 12])
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args(arguments)
    case = NETWORKS.get(options.network, _DIGITS)
    for dtype in ("float64", "float32"):
        for trials in options.trials:
            steps = {"training.steps": max(_STEPS, 9000 // len(case.inputs))}
            few, many = (group(case, dtype, n, steps) for n in (trials, _FULL))
            _abreast(few, prepare)
            _by_lanes(few, prepare)
            turns = {
                "abreast": partial(_abreast, few, _trained),
                "lanes": partial(_by_lanes, few, _trained),
                "full": partial(_by_lanes, many, _trained),
            }
            table = interleaved(turns, options.rounds).pivot(
                index="round", columns="turn", values="cpu_seconds"
            )
            chosen = "lanes" if shape_of(few).network.abreast == 1 else "abreast"
            each = table["full"] / _FULL / (table[chosen] / trials)
            name = f"{case.name} x {len(case.inputs)}, {dtype}, {trials} trials"
            faster = spread(table["lanes"] / table["abreast"])
            console.print(f"{name}: abreast", *faster, "times as fast as lanes;", end=" ")
            console.print(f"{chosen}", *spread(each), "of full lanes")


def _trained(asked: Group, lanes: int | None = None) -> None:
    train(asked, np.arange(asked.trials), lanes=lanes)


if __name__ == "__main__":
    main()
