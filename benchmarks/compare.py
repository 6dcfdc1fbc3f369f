"""Peers and us on one network, side by side: `python -m benchmarks.compare --network 2-2-2`."""

import argparse
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table

from benchmarks.contest import TOLERANCES, Contest, Rules, hold
from benchmarks.networks import NETWORKS
from benchmarks.peers import PEERS
from sweep.instrument.rounds import median_interval

console = Console(soft_wrap=True)


def main(arguments: Sequence[str] | None = None) -> None:
    options = _parse(arguments)
    confine(options.threads)
    contest = hold(NETWORKS[options.network], options.dtype, options.peers, rules(options), whisper)
    _report(contest)
    name = f"{options.network}-{options.dtype}"
    console.print(f"Saved to {save(contest.table(), options.results, name)}")


def confine(threads: int) -> None:
    """Leave this process as many processors: some libraries take all they may."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", choices=NETWORKS, default="2-2-2")
    parser.add_argument("--dtype", choices=TOLERANCES, default="float64")
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS))
    add_rules(parser)
    return parser.parse_args(arguments)


def add_rules(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how a contest is held and where its turns are saved."""
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.6, help="of one turn, about")
    parser.add_argument("--trials", type=int, help="networks a call; else what fills the turn")
    parser.add_argument("--results", type=Path, default=Path("results/benchmarks"))


def rules(options: argparse.Namespace) -> Rules:
    """Read those options."""
    return Rules(options.threads, options.rounds, options.seconds, options.trials)


def whisper(text: str) -> None:
    console.print(text, style="dim")


def _report(contest: Contest) -> None:
    table = Table("peer", "batch", "workers", "steps/s", "ratio", "range", "error")
    for entrant in contest.entrants:
        own = contest.turns[contest.turns["peer"] == entrant.name]
        table.add_row(
            entrant.name,
            f"{entrant.choice.batch}{entrant.choice.builder.removeprefix('build')}",
            str(entrant.choice.workers),
            f"{own['network_steps_per_second'].median():.3g}",
            *spread(own["ours_over_peer"]),
            f"{entrant.error:.0e}",
        )
    console.print(table)
    console.print(
        "Medians; ratio: ours / peer, round by round; error: of the losses, against ours."
    )
    console.print(
        f"{contest.fraction:.0%} of the bound of {contest.ceiling / contest.operations:.3g} "
        f"steps/s: {contest.ceiling:.3g} multiply-adds/s measured, "
        f"{contest.operations:g} operations a step"
    )


def spread(ratios: "pd.Series[float]") -> tuple[str, str]:
    """The median, and the interval that holds it."""
    found = median_interval(ratios)
    return f"{found.median:.2f}", f"{found.low:.2f} - {found.high:.2f}"


def save(turns: pd.DataFrame, directory: Path, name: str) -> Path:
    """Write turns to a file of their own, named by the time."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.parquet"
    turns.to_parquet(path, index=False)
    return path


if __name__ == "__main__":
    main()
