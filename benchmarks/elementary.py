"""Accuracy against speed of the elementary functions: `python -m benchmarks.elementary`.

A line a function, dtype and way to compute it: the largest error of the value and of the slope
over a million points, in ulps as `tests/training/elementary/errors.py` counts them, and its time
over that of the one in use, the median of rounds in which all take turns (least to most).
"""

import argparse
import ctypes
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numba import types

from benchmarks.variants import VARIANTS, in_use
from sweep.training.build import compile_function
from sweep.training.compile import link, target_machine
from sweep.training.elementary.formats import FORMATS
from sweep.training.lanes import Lanes
from tests.training.elementary.errors import errors_of
from tests.training.elementary.points import domain, drawn, strided

_LANES = 32
_VALUES = 2**10  # that stay in the first cache with what is made of them
_POINTS = 2**20
_SHOWN = 100.0  # ulps; what is further off is wrong
_IN_USE = "**in use**"


class Compiled:
    """One way to compute a function, on arrays."""

    def __init__(self, function: Any, dtype: str, outputs: int) -> None:
        lanes, self.outputs = Lanes(dtype, _LANES), outputs
        load, store = lanes.load, lanes.store

        def loop(n: Any, turns: Any, values: Any, out: Any) -> None:
            for _ in range(turns):
                for i in range(0, n, _LANES):
                    results = function(load(values, i))
                    for row in range(len(results)):
                        store(out, row * n + i, results[row])

        pointer = types.CPointer(getattr(types, dtype))
        signature = types.void(types.int64, types.int64, pointer, pointer)
        code = compile_function(loop, signature, target_machine())
        self._code = link(*code, [*[ctypes.c_int64] * 2, *[ctypes.c_void_p] * 2])

    def __call__(self, x: np.ndarray, turns: int = 1) -> np.ndarray:
        """Return what it returns at x (n,): (outputs, n)."""
        padded = np.resize(x, len(x) + -len(x) % _LANES)
        out = np.empty((self.outputs, len(padded)), x.dtype)
        self._code(len(padded), turns, padded.ctypes.data, out.ctypes.data)
        return out[:, : len(x)]

    def seconds(self, x: np.ndarray, turns: int) -> float:
        """Return the processor's time for so many turns over x."""
        start = time.thread_time()
        self(x, turns)
        return time.thread_time() - start


def weigh(name: str, dtype: str, rounds: int, seconds: float) -> pd.DataFrame:
    """Return a row for each way to compute the function, the one in use first."""
    form, outputs = FORMATS[dtype], 2 if name in ("softplus", "silu", "gelu", "gelu_tanh") else 1
    makers = {_IN_USE: in_use(name), **VARIANTS[name]}
    ways = {how: Compiled(make(form), dtype, outputs) for how, make in makers.items()}
    relative = _relative_times(ways, _typical(name, dtype), rounds, seconds)
    rows = []
    for how, way in ways.items():
        worst = _worst(name, dtype, way)
        rows.append(
            {
                "function": name,
                "way": how,
                "ulp": _shown(worst[0]),
                "slope's ulp": _shown(worst[1]) if outputs == 2 else "",
                "time": f"{np.median(relative[how]):.2f}",
                "least to most": f"{min(relative[how]):.2f} to {max(relative[how]):.2f}",
            }
        )
    return pd.DataFrame(rows)


def _typical(name: str, dtype: str) -> np.ndarray:
    x = np.random.default_rng(1).normal(0, 2, _VALUES).astype(dtype)
    return np.abs(x) if name == "log" else x


def _relative_times(
    ways: dict[str, Compiled], x: np.ndarray, rounds: int, seconds: float
) -> dict[str, list[float]]:
    """Return each way's time over that of the one in use, round by round."""
    first = ways[_IN_USE]
    turns = 1 + int(seconds / (min(first.seconds(x, 100) for _ in range(3)) / 100))
    taken = [{how: way.seconds(x, turns) for how, way in ways.items()} for _ in range(rounds)]
    return {how: [one[how] / one[_IN_USE] for one in taken] for how in ways}


def _worst(name: str, dtype: str, way: Compiled) -> list[float]:
    """Return the largest errors of the value and of the slope."""
    worst = np.zeros(2, np.longdouble)
    for x in _points(name, dtype):
        found = errors_of(name, x, list(way(x)))
        for row, one in enumerate(found):
            worst[row] = np.maximum(worst[row], one.ulps.max())
    return [float(min(errors, _SHOWN)) for errors in worst]


def _points(name: str, dtype: str) -> Iterator[np.ndarray]:
    chunks = strided(4099) if dtype == "float32" else drawn(name, _POINTS, seed=1)
    for chunk in chunks:
        x = domain(name, chunk)
        if len(x):
            yield x


def _shown(ulps: float) -> str:
    return f"{ulps:.2f}" if ulps < _SHOWN else "over 100"


def _lines(table: pd.DataFrame) -> Iterator[str]:
    """Yield the rows in Markdown."""
    yield "| " + " | ".join(table.columns) + " |"
    yield "|" + "---|" * len(table.columns)
    for row in table.itertuples(index=False):
        yield "| " + " | ".join(row) + " |"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--functions", nargs="+", choices=VARIANTS, default=list(VARIANTS))
    parser.add_argument("--dtypes", nargs="+", choices=FORMATS, default=list(FORMATS))
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--seconds", type=float, default=0.02, help="of one turn, about")
    options = parser.parse_args(arguments)
    for dtype in options.dtypes:
        parts = [weigh(n, dtype, options.rounds, options.seconds) for n in options.functions]
        print(f"\n{dtype}\n", *_lines(pd.concat(parts)), sep="\n", flush=True)


if __name__ == "__main__":
    main()
