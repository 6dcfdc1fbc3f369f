"""Peers and us on one network, side by side: `python -m benchmarks.compare --network 2-2-2`.

Every peer first looks for its best batch, then its losses are checked against ours, then all take
turns: a round is one turn of each, and a ratio compares two turns of the same round, so that a
machine that slows down slows both. Peers give the final loss alone; our measures stay on.
"""

import argparse
import os
import platform
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from benchmarks.machine import peak, processor
from benchmarks.networks import NETWORKS, Case
from benchmarks.ours import initial_parameters
from benchmarks.peers import PEERS, Choice, Train

# Relative, after 1,000 steps. Rounding alone was seen to give 7e-15 and 5e-6.
TOLERANCES = {"float64": 1e-12, "float32": 1e-4}
SEARCHED = 32768  # networks whose losses are checked, and the most that one run of a search trains
PACKAGES = ("sweep", "numpy", "numba", "llvmlite", "jax", "jaxlib", "torch")

console = Console(soft_wrap=True)


class UnequalLossesError(Exception):
    """A peer does not train what we train."""


@dataclass(frozen=True)
class Entrant:
    """A peer that takes part, at its best choice.

    Attributes:
        speed: network-steps a second, as the search saw it.
        error: largest relative difference between its final losses and ours.
    """

    name: str
    choice: Choice
    train: Train
    speed: float
    error: float = 0.0

    def turn(self, case: Case, seconds: float) -> int:
        """How many networks take it about so long: whole batches for every worker."""
        portions = round(self.speed * seconds / case.steps / self.choice.portion)
        return max(1, portions) * self.choice.portion


def main(arguments: Sequence[str] | None = None) -> None:
    options = _parse(arguments)
    _confine(options.threads)
    case, dtype = NETWORKS[options.network], options.dtype
    entrants = _check(list(_enter(options.peers, case, dtype, options.threads)), case, dtype)
    turns, ceiling = _rounds(entrants, case, dtype, options)
    _report(entrants, turns, case, ceiling)
    console.print(f"Saved to {_save(entrants, turns, ceiling, options)}")


def _confine(threads: int) -> None:
    """Leave this process as many processors: some libraries take all they may."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--network", choices=NETWORKS, default="2-2-2")
    parser.add_argument("--dtype", choices=TOLERANCES, default="float64")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="of one turn, about")
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS))
    parser.add_argument("--results", type=Path, default=Path("results/benchmarks"))
    options = parser.parse_args(arguments)
    options.peers = ["ours", *(name for name in options.peers if name != "ours")]
    return options


def _enter(names: Sequence[str], case: Case, dtype: str, threads: int) -> Iterator[Entrant]:
    """Each peer at the best of its choices; those that cannot take part are named and left out."""
    initial = initial_parameters(case, dtype, SEARCHED)
    for name in names:
        try:
            yield _best(name, initial, case, dtype, threads)
        except (ImportError, FileNotFoundError, NotImplementedError) as error:
            console.print(f"{name}: left out ({error})")


def _best(name: str, initial: np.ndarray, case: Case, dtype: str, threads: int) -> Entrant:
    """The search: short runs of every choice in turns, the fastest run of each counts."""
    found = []
    for choice in PEERS[name].choices(threads):
        train = PEERS[name].train(case, dtype, threads, choice)
        some = initial[: choice.portion * max(1, 4096 // choice.portion)]
        train(some)  # compiles
        found.append((choice, train, some))
    seconds = np.array([[_seconds(train, some) for _, train, some in found] for _ in range(5)])
    speeds = [len(some) * case.steps for *_, some in found] / seconds.min(0)
    tried = ", ".join(
        f"{choice.batch} x {choice.workers}: {speed:.3g}"
        for (choice, *_), speed in zip(found, speeds, strict=True)
    )
    console.print(f"{name}: steps/s by batch x workers: {tried}", style="dim")
    choice, train, _ = found[speeds.argmax()]
    return Entrant(name, choice, train, speeds.max())


def _seconds(train: Train, initial: np.ndarray) -> float:
    start = time.perf_counter()
    train(initial)
    return time.perf_counter() - start


def _check(entrants: list[Entrant], case: Case, dtype: str) -> list[Entrant]:
    """The entrants with their errors, ours first.

    Raises:
        UnequalLossesError: one is off by more than rounding errors.
    """
    initial = initial_parameters(case, dtype, SEARCHED)
    expected = entrants[0].train(initial)
    checked = []
    for entrant in entrants:
        some = initial[: SEARCHED // entrant.choice.portion * entrant.choice.portion]
        error = np.max(np.abs(entrant.train(some) / expected[: len(some)] - 1))
        if not error <= TOLERANCES[dtype]:
            raise UnequalLossesError(f"{entrant.name}: losses differ from ours by {error:.1e}")
        checked.append(replace(entrant, error=float(error)))
    return checked


def _rounds(
    entrants: list[Entrant], case: Case, dtype: str, options: argparse.Namespace
) -> tuple[pd.DataFrame, float | None]:
    """A row a turn, and the machine's peak, which is measured again in every round."""
    sizes = [entrant.turn(case, options.seconds) for entrant in entrants]
    initial = initial_parameters(case, dtype, max(sizes))
    for entrant, size in zip(entrants, sizes, strict=True):
        entrant.train(initial[:size])  # memory, and our study, once
    rows, peaks = [], []
    for number in range(options.rounds):
        peaks.append(peak(dtype, options.threads))
        for k in np.roll(np.arange(len(entrants)), number):
            seconds = _seconds(entrants[k].train, initial[: sizes[k]])
            rows.append((number, entrants[k].name, sizes[k], seconds))
    turns = pd.DataFrame(rows, columns=["round", "peer", "networks", "seconds"])
    turns["network_steps_per_second"] = turns["networks"] * case.steps / turns["seconds"]
    ours = turns[turns["peer"] == "ours"].set_index("round")["network_steps_per_second"]
    turns["ours_over_peer"] = turns["round"].map(ours) / turns["network_steps_per_second"]
    return turns, None if None in peaks else max(peaks)


def _report(
    entrants: list[Entrant], turns: pd.DataFrame, case: Case, ceiling: float | None
) -> None:
    table = Table("peer", "batch", "workers", "steps/s", "ratio", "range", "error")
    for entrant in entrants:
        own = turns[turns["peer"] == entrant.name]
        ratios = own["ours_over_peer"]
        table.add_row(
            entrant.name,
            str(entrant.choice.batch),
            str(entrant.choice.workers),
            f"{own['network_steps_per_second'].median():.3g}",
            f"{ratios.median():.2f}",
            f"{ratios.min():.2f} - {ratios.max():.2f}",
            f"{entrant.error:.0e}",
        )
    console.print(table)
    console.print(
        "Medians; ratio: ours / peer, round by round; error: of the losses, against ours."
    )
    if ceiling is None:
        console.print("no gcc, so no bound")
        return
    ours = turns.loc[turns["peer"] == "ours", "network_steps_per_second"].median()
    console.print(
        f"{ours * case.operations / ceiling:.0%} of the bound of {ceiling / case.operations:.3g} "
        f"steps/s: {ceiling:.3g} multiply-adds/s measured, {case.operations} operations a step"
    )


def _save(
    entrants: list[Entrant], turns: pd.DataFrame, ceiling: float | None, options: argparse.Namespace
) -> Path:
    """One row a turn, with all that is needed to compare it with another day's."""
    now = datetime.now(UTC)
    described = pd.DataFrame(
        {
            "peer": e.name,
            "batch": e.choice.batch,
            "workers": e.choice.workers,
            "loss_error": e.error,
        }
        for e in entrants
    )
    saved = turns.merge(described, on="peer").assign(
        network=options.network,
        dtype=options.dtype,
        threads=options.threads,
        multiply_adds_per_second=ceiling or np.nan,
        processor=processor(),
        created=now,
        versions=" ".join(_versions()),
    )
    options.results.mkdir(parents=True, exist_ok=True)
    path = options.results / f"{options.network}-{options.dtype}-{now:%Y%m%dT%H%M%SZ}.parquet"
    saved.to_parquet(path, index=False)
    return path


def _versions() -> Iterator[str]:
    yield f"python {platform.python_version()}"
    for package in PACKAGES:
        with suppress(PackageNotFoundError):
            yield f"{package} {version(package)}"


if __name__ == "__main__":
    main()
