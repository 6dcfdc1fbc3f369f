"""How long kernels take to compile, nothing warm: `python -m benchmarks.compiling`.

Each in a process of its own with an empty cache, so that loading the compiler counts too.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
from rich.table import Table

from benchmarks.contest import TOLERANCES
from benchmarks.costs import ROWS
from benchmarks.networks import NETWORKS
from benchmarks.options import console, save
from sweep.catalogue import ACTIVATIONS
from sweep.instrument.networks import Case
from sweep.instrument.ours import group
from sweep.training.trainer import shape_of

MOST_SECONDS = 5.0

# What the process does; it is told the row's name and the dtype, and how many seconds each took.
_CHILD = """
import sys, time
start = time.perf_counter()
import sweep.training.build
loading = time.perf_counter() - start
from benchmarks.compiling import BY_NAME, specification
from sweep.training.compile import kernel
wanted = specification(BY_NAME[sys.argv[1]], sys.argv[2])
start = time.perf_counter()
assert kernel(wanted).compiled, "the cache was not empty"
print(loading, time.perf_counter() - start)
"""


@dataclass(frozen=True)
class Row:
    """One kernel: a network of the table, and fields of the study that differ from the row's."""

    name: str
    case: Case
    settings: Mapping[str, Any] = field(default_factory=dict)
    axes: Mapping[str, str] = field(default_factory=dict)


def _rows() -> Iterator[Row]:
    for case in NETWORKS.values():
        yield Row(case.name, case)
    small = NETWORKS["16-16-1"]
    for cost in ROWS[1:]:
        axes = {"batch_seed": "{ range = [0, 2] }"} if cost.own else {}
        yield Row(f"16-16-1, {cost.name}", small, cost.settings, axes)
    for name in sorted(set(ACTIVATIONS) - {"softmax"}):
        yield Row(f"16-16-1, {name}", replace(small, activations=(name, "identity")))
    yield from _losses()
    yield from _most()


def _losses() -> Iterator[Row]:
    case = NETWORKS["64-64-10"]
    ends = {
        "binary_cross_entropy": "sigmoid",
        "softmax_cross_entropy": "softmax",
        "huber": "identity",
        "mean_squared_error": "softmax",
    }
    for loss, last in ends.items():
        ended = replace(case, activations=("relu", last), loss=loss)
        yield Row(f"64-64-10, {last}, {loss}", ended)
        yield Row(f"2-2-2, {last}, {loss}", replace(ended, layers=(2, 2, 2), **_course_data()))


def _course_data() -> dict[str, Any]:
    course = NETWORKS["2-2-2"]
    return {"inputs": course.inputs, "targets": course.targets}


def _most() -> Iterator[Row]:
    """As much as one kernel can be asked for: every layer its own activation, and the rest on."""
    deep = NETWORKS["128-128-128-128-128-10"]
    everything = {
        "training.optimizer": "adamw",
        "training.clip_norm": 1.0,
        "training.stop": "either",
        "outcome.target": 1e-30,
        "network.multiplier": 0.5,
        "schedule.name": "cosine",
        "schedule.warmup": 2,
        "batch.size": 32,
    }
    names = ("gelu", "tanh", "softplus", "elu", "sigmoid")
    own = {"batch_seed": "{ range = [0, 2] }"}
    for label, case in (("128 x 5", deep), ("8 x 5", NETWORKS["8-8-8-8-8-1"])):
        mixed = replace(case, activations=names)
        yield Row(f"{label}, everything", mixed, everything)
        yield Row(f"{label}, everything, own orders", mixed, everything, own)


BY_NAME = {row.name: row for row in _rows()}


def specification(row: Row, dtype: str) -> Any:
    """Return what the row's training kernel is compiled for, with the lanes that suit it."""
    return shape_of(group(row.case, dtype, 2, row.settings, **row.axes))


def seconds(name: str, dtype: str) -> tuple[float, float] | str:
    """Seconds of loading the compiler and of compiling a row's kernel, or why there are none."""
    with TemporaryDirectory() as cache:
        found = subprocess.run(
            [sys.executable, "-c", _CHILD, name, dtype],
            env={**os.environ, "SWEEP_CACHE_DIR": cache},
            capture_output=True,
            text=True,
            check=False,
        )
    if found.returncode:
        return found.stderr.strip().rpartition("\n")[2]
    loading, compiling = map(float, found.stdout.split())
    return loading, compiling


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--dtypes", nargs="+", choices=TOLERANCES, default=["float64"])
    parser.add_argument("--only", nargs="+", default=[""], help="rows whose name has one of these")
    parser.add_argument("--show", type=int, default=20, help="how many of the slowest")
    parser.add_argument("--results", default="results/benchmarks")
    options = parser.parse_args(arguments)
    names = [name for name in BY_NAME if any(part in name for part in options.only)]
    found = pd.DataFrame(
        _measured(names, options.dtypes), columns=["kernel", "dtype", "loading", "compiling"]
    )
    found["seconds"] = found["loading"] + found["compiling"]
    _report(found.sort_values("seconds", ascending=False), options.show)
    console.print(f"Saved to {save(found, Path(options.results), 'compiling')}")


def _measured(
    names: Sequence[str], dtypes: Sequence[str]
) -> Iterator[tuple[str, str, float, float]]:
    for name in names:
        for dtype in dtypes:
            answer = seconds(name, dtype)
            if isinstance(answer, str):
                console.print(f"{name}, {dtype}: left out ({answer})", style="dim")
            else:
                yield name, dtype, *answer


def _report(slowest: pd.DataFrame, shown: int) -> None:
    table = Table("kernel", "dtype", "seconds", "loading numba", "compiling")
    for row in slowest.head(shown).itertuples():
        numbers = (f"{x:.2f}" for x in (row.seconds, row.loading, row.compiling))
        table.add_row(row.kernel, row.dtype, *numbers)
    console.print(table)
    over = int((slowest["seconds"] > MOST_SECONDS).sum())
    console.print(
        f"{len(slowest)} kernels, median {slowest['seconds'].median():.2f} s, "
        f"slowest {slowest['seconds'].max():.2f} s; {over} over {MOST_SECONDS:.0f} s"
    )


if __name__ == "__main__":
    main()
