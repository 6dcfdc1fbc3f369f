"""The instrument: networks, dtypes, threads and lanes in rounds beside the machine's ceilings."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import pandas as pd

from sweep.instrument.ceilings import MULTIPLY_ADDS, Ceilings, clock_hertz
from sweep.instrument.machine import Team, cache_sizes
from sweep.instrument.networks import Case
from sweep.instrument.operations import Counts, nearest, needs, operations
from sweep.instrument.ours import Ours
from sweep.instrument.rounds import (
    Noise,
    interleaved,
    median_interval,
    noise,
    processor_times,
    stolen_between,
)

SETUP = ["network", "dtype", "threads", "lanes"]
"""The columns that tell one thing that is measured from another."""


@dataclass(frozen=True)
class Measured:
    """What was measured.

    Attributes:
        turns: a row a turn: `round`, the `SETUP`, `samples`, `networks` and `steps` that were
            trained, `seconds`, `cpu_seconds`, the two throughputs, what a step takes (`operations`
            on the ports of multiply-adds, `divisions`, numbers `loaded` and `streamed`), the
            nearest `limit` and its `roof` in network-steps a second, and `share`, how much of it
            was reached while the threads had their processors.
        ceilings: a row a ceiling and round: `round`, `dtype`, `threads`, `ceiling`, `per_second`.
        noise: whether any of it can be believed.
    """

    turns: pd.DataFrame
    ceilings: pd.DataFrame
    noise: Noise


@dataclass(frozen=True)
class _Setup:
    name: str
    ours: Ours
    networks: int
    counts: Counts

    def turn(self) -> None:
        self.ours(self.networks)


def measure(
    cases: Sequence[Case],
    dtypes: Sequence[str],
    threads: Sequence[int],
    lanes: Sequence[int | None],
    rounds: int,
    seconds: float,
    say: Callable[[str], None] = lambda _: None,
) -> Measured:
    """Measure all combinations, in rounds of one turn of each.

    Args:
        cases: networks.
        dtypes: "float64" and "float32", or one of them.
        threads: how many train at a time.
        lanes: networks side by side; None for as many as suit the network.
        rounds: turns of each.
        seconds: of one turn, about.
        say: is told what goes on.
    """
    teams = {count: Team(count) for count in threads}
    ceilings = {
        (dtype, count): Ceilings(dtype, team) for dtype in dtypes for count, team in teams.items()
    }
    say("the ceilings' kernels are compiled")
    setups = list(_setups(cases, dtypes, teams, lanes, seconds, say))
    rates, clocks = list[tuple[Any, ...]](), list[float]()

    def look_at_the_machine(number: int) -> None:
        say(f"round {number + 1} of {rounds}")
        clocks.append(clock_hertz(teams[threads[0]]))
        rates.extend(
            (number, dtype, count, name, rate)
            for (dtype, count), found in ceilings.items()
            for name, rate in found.measure().items()
        )

    before = processor_times()
    timed = interleaved({one.name: one.turn for one in setups}, rounds, look_at_the_machine)
    stolen = stolen_between(before, processor_times())
    columns = ["round", "dtype", "threads", "ceiling", "per_second"]
    at_most = pd.DataFrame(rates, columns=columns)
    turns = pd.concat([_turns_of(one, timed, at_most) for one in setups], ignore_index=True)
    # The calibration is the loop of multiply-adds: the same work in every round.
    same = at_most[at_most["ceiling"] == MULTIPLY_ADDS].groupby("round")["per_second"].first()
    shares = turns["cpu_seconds"] / (turns["seconds"] * turns["threads"])
    return Measured(turns, at_most, noise(1 / same, shares, clocks, stolen))


def _setups(
    cases: Sequence[Case],
    dtypes: Sequence[str],
    teams: Mapping[int, Team],
    lanes: Sequence[int | None],
    seconds: float,
    say: Callable[[str], None],
) -> Iterator[_Setup]:
    seen = set[str]()
    for case, dtype, team, width in product(cases, dtypes, teams.values(), lanes):
        ours = Ours(case, dtype, team, width)
        name = f"{case.name} {dtype}, {team.threads} threads, {ours.lanes} lanes"
        if name not in seen:  # the lanes that suit it may be among those asked for
            seen.add(name)
            networks = ours.networks_for(seconds)
            say(f"{name}: {networks:,} networks of {case.steps:,} steps a turn")
            yield _Setup(name, ours, networks, operations(ours.shape, len(case.inputs)))


def _turns_of(one: _Setup, timed: pd.DataFrame, rates: pd.DataFrame) -> pd.DataFrame:
    """The turns of a setup with what it is and how near they came to its limit."""
    case, dtype, threads = one.ours.case, one.ours.dtype, one.ours.team.threads
    here = rates[(rates["dtype"] == dtype) & (rates["threads"] == threads)]
    limit, roofs_by_round = _limit(one.counts, here)
    own = timed[timed["turn"] == one.name].drop(columns="turn")
    steps = one.networks * case.steps
    speed, roof = steps / own["seconds"], own["round"].map(roofs_by_round)
    described: dict[str, Any] = {
        "network": case.name,
        "dtype": dtype,
        "threads": threads,
        "lanes": one.ours.lanes,
        "samples": len(case.inputs),
        "networks": one.networks,
        "steps": case.steps,
        "network_steps_per_second": speed,
        "sample_gradients_per_second": speed * len(case.inputs),
        "operations": one.counts.on_multiply_add_ports,
        "divisions": one.counts.divisions,
        "loaded": one.counts.loads,
        "streamed": one.counts.streamed,
        "limit": limit,
        "roof": roof,
        "share": steps * threads / own["cpu_seconds"] / roof,
    }
    return own.assign(**described)


def _limit(counts: Counts, rates: pd.DataFrame) -> tuple[str, "pd.Series[float]"]:
    """The nearest limit, by the median rates, and its roof by `round`."""
    medians = {str(name): own.median() for name, own in rates.groupby("ceiling")["per_second"]}
    needed = needs(counts, medians, cache_sizes())
    limit = nearest(needed, medians)
    own = rates[rates["ceiling"] == limit].set_index("round")["per_second"]
    return limit, own / needed[limit]


def summary(turns: pd.DataFrame) -> pd.DataFrame:
    """A row a setup: medians with their intervals.

    Returns:
        The `SETUP`, `speed`, `low` and `high` (network-steps a second), `gradients` (of samples, a
        second), `limit`, `share`, `share_low`, `share_high` and `confidence`, of the intervals.
    """
    rows = []
    for setup, own in turns.groupby(SETUP, sort=False):
        speed = median_interval(own["network_steps_per_second"])
        share = median_interval(own["share"])
        gradients = own["sample_gradients_per_second"].median()
        rows.append((*setup, *speed[:3], gradients, own["limit"].iloc[0], *share))
    columns = ["speed", "low", "high", "gradients", "limit", "share", "share_low", "share_high"]
    return pd.DataFrame(rows, columns=[*SETUP, *columns, "confidence"])
