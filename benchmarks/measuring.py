"""What measuring on all data costs where steps see batches: `python -m benchmarks.measuring`.

The network 16-16-1 on 272 samples, in batches of 32. Rounds of two turns: training as it is, and
with nothing evaluated on all data, which is done before the first step and at the end; the ratio of
the seconds of processor time within a round. What the kernel adds up in an epoch is in both.
"""

import argparse
from collections.abc import Sequence
from typing import Any
from unittest.mock import patch

import numpy as np

from benchmarks.costs import CASE
from benchmarks.options import console, spread
from sweep.instrument.ours import group
from sweep.instrument.rounds import interleaved
from sweep.training import block
from sweep.training.trainer import prepare, train

_BATCH = 32


def _nothing(evaluator: block.Evaluator) -> tuple[Any, Any]:
    return (np.ones(evaluator.block.columns, evaluator.block.dtype),) * 2


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--epochs", nargs="+", type=int, default=[10, 30, 100])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--trials", type=int, default=64)
    options = parser.parse_args(arguments)
    index = np.arange(options.trials)
    for dtype in ("float64", "float32"):
        for epochs in options.epochs:
            steps = epochs * -(-len(CASE.inputs) // _BATCH)
            settings = {"batch.size": _BATCH, "training.steps": steps}
            asked = group(CASE, dtype, options.trials, settings)
            prepare(asked)

            def as_it_is(asked: Any = asked) -> None:
                train(asked, index)

            def unmeasured(asked: Any = asked) -> None:
                with patch.object(block.Evaluator, "evaluate", _nothing):
                    train(asked, index)

            turns = {"as it is": as_it_is, "unmeasured": unmeasured}
            table = interleaved(turns, options.rounds).pivot(
                index="round", columns="turn", values="cpu_seconds"
            )
            ratios = table["as it is"] / table["unmeasured"]
            console.print(f"{dtype}, {epochs} epochs:", *spread(ratios))


if __name__ == "__main__":
    main()
