"""What the commands of this folder share: options, a console, and where turns are saved."""

import argparse
import os
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
from rich.console import Console

from benchmarks.contest import Rules
from sweep.instrument.rounds import median_interval

console = Console(soft_wrap=True)


def confine(threads: int) -> None:
    """Leave this process as many processors: some libraries take all they may."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


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
