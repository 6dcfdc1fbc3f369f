"""Many networks beside the libraries at once: `python -m benchmarks.table`, or `--rows family`.

A line a network and dtype, printed as it is found: our speed, how much of the machine's bound that
is, and ours over each peer, the median of the rounds (least to most). "the best" is the fastest of
the named peers in each round; beside it stands what it is meant to reach.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from benchmarks.contest import TOLERANCES, Contest, UnequalLossesError, hold
from benchmarks.networks import FAMILY, MAIN, NETWORKS, WIDE
from benchmarks.options import add_rules, confine, console, rules, save, spread

CALLED = ("jax", "torch, bmm")
THREADED = (*CALLED, "jax, threaded", "torch, bmm, threaded")
ROWS = {"main": MAIN, "family": FAMILY, "wide": WIDE}


@dataclass(frozen=True)
class Target:
    """What the ratio to the fastest of some peers is meant to be at least, by dtype."""

    peers: tuple[str, ...]
    float64: float
    float32: float


TARGETS = {
    "2-2-2": (Target(("jax",), 8.0, 13.0), Target(("c",), 1.5, 1.5)),
    "16-16-1": (Target(("jax",), 5.0, 7.0),),
    "24-8-2": (Target(CALLED, 3.0, 3.0),),
    "4-32-16-4": (Target(CALLED, 3.0, 3.0),),
    "64-64-10": (Target(CALLED, 1.8, 1.8),),
}
_OTHERWISE = (Target(CALLED, 1.0, 1.0),)


def main(arguments: Sequence[str] | None = None) -> None:
    options = _parse(arguments)
    confine(options.threads)
    names = options.networks or [case.name for case in ROWS[options.rows]]
    contests = []
    for name in names:
        for dtype in options.dtypes:
            contests += _held(name, dtype, options)
    turns = pd.concat([contest.table() for contest in contests], ignore_index=True)
    console.print(f"Saved to {save(turns, options.results, options.rows)}")


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", choices=ROWS, default="main")
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, help="in place of the rows")
    parser.add_argument("--dtypes", nargs="+", choices=TOLERANCES, default=list(TOLERANCES))
    parser.add_argument("--peers", nargs="+", help="besides those that have a target")
    parser.add_argument("--verbose", action="store_true", help="say what the searches found")
    add_rules(parser)
    parser.set_defaults(seconds=0.3, peers=list(THREADED), results=Path("results/benchmarks"))
    return parser.parse_args(arguments)


def _held(name: str, dtype: str, options: argparse.Namespace) -> Iterator[Contest]:
    """One contest, told in a few lines; a peer whose losses differ spoils its own network only."""
    asked = [peer for target in targets_of(name) for peer in target.peers]
    peers = list(dict.fromkeys([*asked, *options.peers]))
    say = console.print if options.verbose else lambda _: None
    try:
        contest = hold(NETWORKS[name], dtype, peers, rules(options), say)
    except UnequalLossesError as error:
        console.print(f"[bold]{name} {dtype}[/]: {error}")
        return
    _tell(contest, peers)
    yield contest


def targets_of(name: str) -> tuple[Target, ...]:
    """What a network's ratios are meant to be."""
    return TARGETS.get(name, _OTHERWISE)


def _tell(contest: Contest, peers: Sequence[str]) -> None:
    lanes = contest.entrants[0].choice.batch
    console.print(
        f"[bold]{contest.case.name} {contest.dtype}[/]: {contest.speed:.3g} steps/s with "
        f"{lanes} lanes, {contest.fraction:.0%} of the bound"
    )
    for peer in peers:
        ratios = contest.ratios([peer])
        if len(ratios):
            console.print(f"    {peer:24} {_between(ratios)}")
    for target in targets_of(contest.case.name):
        _judge(contest, target)
    console.print(f"    {'the best of all':24} {_between(contest.ratios(peers))}")


def _judge(contest: Contest, target: Target) -> None:
    ratios, wanted = contest.ratios(target.peers), getattr(target, contest.dtype)
    if not len(ratios):
        return
    verdict = "reached" if ratios.median() >= wanted else "[bold]missed[/]"
    name = f"the best of {' | '.join(target.peers)}"
    console.print(f"    {name:24} {_between(ratios)}, meant to be {wanted}: {verdict}")


def _between(ratios: "pd.Series[float]") -> str:
    median, ends = spread(ratios)
    return f"{median} ({ends})"


if __name__ == "__main__":
    main()
