"""How fast one network trains as one thing about it changes: `python -m benchmarks.throughput`.

Lanes and threads, with networks of the table; width and number of samples, with a hidden layer
between 16 inputs and one output, from the narrowest to the widest. In rounds of one turn of each
point, our kernel alone; a turn counts network-steps and the seconds that its threads had their
processors, so that what else runs meanwhile counts little. Saves a tidy table
(`benchmarks.tidy`).
"""

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from rich.table import Table

from benchmarks.networks import NETWORKS
from benchmarks.options import console, save
from benchmarks.tidy import tidy
from sweep.instrument.machine import Team
from sweep.instrument.networks import Case
from sweep.instrument.ours import Ours, default_lanes
from sweep.instrument.rounds import interleaved, median_interval
from sweep.store.machine import usable_processors

WIDTHS = (1, 2, 4, 8, 16, 32, 64, 128)
SAMPLES = (1, 4, 16, 64, 256, 1024)
LANES = (1, 2, 4, 8, 16, 32, 64)
_WIDE = NETWORKS["16-16-1"]


@dataclass(frozen=True)
class Point:
    """One thing to measure."""

    case: Case
    dtype: str
    threads: int
    lanes: int


def of_width(width: int) -> Case:
    """The 16-16-1 network with another hidden layer."""
    layers = (16, width, 1)
    return replace(_WIDE, name="-".join(map(str, layers)), layers=layers)


def of_samples(samples: int) -> Case:
    """The 16-16-1 network on another number of samples."""
    drawn = np.random.default_rng(5).uniform(-1.0, 1.0, (samples, 17)).round(4).tolist()
    inputs = tuple(tuple(row[:-1]) for row in drawn)
    targets = tuple((row[-1],) for row in drawn)
    return replace(_WIDE, name=f"16-16-1.{samples}-samples", inputs=inputs, targets=targets)


def _by_lanes(dtype: str, threads: int) -> Iterator[Point]:
    for name in ("2-2-2", "16-16-1"):
        yield from (Point(NETWORKS[name], dtype, threads, lanes) for lanes in LANES)


def _by_threads(dtype: str, threads: int) -> Iterator[Point]:
    for name in ("2-2-2", "16-16-1", "64-64-10"):
        case = NETWORKS[name]
        lanes = default_lanes(case, dtype)
        yield from (Point(case, dtype, count, lanes) for count in range(1, threads + 1))


def _by_width(dtype: str, threads: int) -> Iterator[Point]:
    for case in map(of_width, WIDTHS):
        yield Point(case, dtype, threads, default_lanes(case, dtype))


def _by_samples(dtype: str, threads: int) -> Iterator[Point]:
    for case in map(of_samples, SAMPLES):
        yield Point(case, dtype, threads, default_lanes(case, dtype))


AXES: Mapping[str, Callable[[str, int], Iterator[Point]]] = {
    "lanes": _by_lanes,
    "threads": _by_threads,
    "width": _by_width,
    "samples": _by_samples,
}


def measured(points: Sequence[Point], rounds: int, seconds: float) -> pd.DataFrame:
    """A row a turn of each point, as `tidy` takes them: network-steps by second of processor."""
    teams = {count: Team(count) for count in {point.threads for point in points}}
    ours = {
        str(at): Ours(point.case, point.dtype, teams[point.threads], point.lanes)
        for at, point in enumerate(points)
    }
    networks = {name: one.networks_for(seconds) for name, one in ours.items()}
    turns = interleaved(
        {name: lambda name=name: ours[name](networks[name]) for name in ours}, rounds
    )
    return pd.DataFrame(
        _row(points[int(turn.turn)], networks[turn.turn], turn.cpu_seconds) | {"round": turn.round}
        for turn in turns.itertuples()
    )


def _row(point: Point, networks: int, cpu_seconds: float) -> dict[str, object]:
    case, threads = point.case, point.threads
    return {
        "network": case.name,
        "layers": "-".join(map(str, case.layers)),
        "samples": len(case.inputs),
        "dtype": point.dtype,
        "threads": threads,
        "lanes": point.lanes,
        "trials": networks,
        "quantity": "throughput",
        "value": networks * case.steps * threads / cpu_seconds,
        "unit": "network-steps per second",
    }


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--axes", nargs="+", choices=AXES, default=list(AXES))
    parser.add_argument("--dtypes", nargs="+", default=["float64", "float32"])
    parser.add_argument("--threads", type=int, default=usable_processors())
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.1, help="of one turn, about")
    parser.add_argument("--results", type=Path, default=Path("results/benchmarks"))
    options = parser.parse_args(arguments)
    found = []
    for axis in options.axes:
        for dtype in options.dtypes:
            points = list(AXES[axis](dtype, options.threads))
            turns = measured(points, options.rounds, options.seconds)
            _report(axis, turns)
            found.append(turns.assign(quantity=f"throughput by {axis}"))
    rows = pd.concat(found).to_dict("records")
    console.print(f"Saved to {save(tidy(rows), options.results, 'throughput')}")


def _report(axis: str, turns: pd.DataFrame) -> None:
    table = Table(
        "network",
        "dtype",
        "threads",
        "lanes",
        "steps/s",
        title=f"by {axis}, {turns['dtype'].iloc[0]}",
    )
    keys = ["network", "dtype", "threads", "lanes"]
    for names, own in turns.groupby(keys, sort=False):
        table.add_row(*map(str, names), str(median_interval(own["value"])))
    console.print(table)


if __name__ == "__main__":
    main()
