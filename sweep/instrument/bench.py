"""`sweep bench` as a function: the instrument set up by names, run, and saved.

    results/bench/
      commits/<run>.json       when, on what machine, with which versions, and each file's SHA-256
      turns/<run>.parquet      a row a turn
      ceilings/<run>.parquet   a row a ceiling and round

A run is there with its record or not at all. Every row names its run and machine, so that plain
readers of a directory can tell runs apart.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from sweep.errors import RequestError
from sweep.instrument.ceilings import MULTIPLY_ADDS, Ceilings, clock_hertz
from sweep.instrument.machine import Machine, Team, cache_sizes, this_machine
from sweep.instrument.networks import INSTRUMENT, NETWORKS, Case
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
from sweep.store.commit import File, now, signed
from sweep.store.files import RECORDS, make_directories, publish, sha256, told
from sweep.store.folder import BENCH
from sweep.store.machine import library_versions, usable_processors
from sweep.store.parquet import encode
from sweep.study.checks import asked, integer, number, one_of, path, several, text

SETUP = ["network", "dtype", "threads", "lanes"]
"""The columns that tell one thing that is measured from another."""


@dataclass(frozen=True)
class Measured:
    """What was measured."""

    # A row a turn: `round`, the `SETUP`, `samples`, `networks` and `steps` that were trained,
    # `seconds`, `cpu_seconds`, the two throughputs, what a step takes (`operations` on the ports of
    # multiply-adds, `divisions`, numbers `loaded` and `streamed`), the nearest `limit` and its
    # `roof` in network-steps a second, and `share`, how much of it was reached while the threads
    # had their processors.
    turns: pd.DataFrame
    # A row a ceiling and round: `round`, `dtype`, `threads`, `ceiling`, `per_second`.
    ceilings: pd.DataFrame
    noise: Noise  # whether any of it can be believed


@dataclass(frozen=True)
class _Setup:
    name: str
    ours: Ours
    networks: int
    counts: Counts


def measure(
    cases: Sequence[Case],
    dtypes: Sequence[str],
    threads: Sequence[int],
    lanes: Sequence[int | None],
    rounds: int,
    seconds: float,
    say: Callable[[str], None] = lambda _: None,
) -> Measured:
    """Measure all combinations, in rounds of one turn of each, of about so many seconds.

    `lanes` are networks side by side, None for as many as suit; `say` is told what goes on.
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
    timed = interleaved(
        {one.name: partial(one.ours, one.networks) for one in setups}, rounds, look_at_the_machine
    )
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


DTYPES = ("float64", "float32")
WIDTHS = (1, 2, 4, 8, 16, 32, 64)
TABLES = ("turns", "ceilings")
SCHEMA = 1


@dataclass(frozen=True)
class Bench:
    """A run of the instrument: what was measured, on what, and the file of its record."""

    measured: Measured
    machine: Machine
    file: Path


def bench(
    networks: str | Sequence[str] = (),
    *,
    dtypes: str | Sequence[str] = DTYPES,
    threads: int | Sequence[int] = (),
    lanes: int | Sequence[int] = (),
    rounds: int = 7,
    seconds: float = 0.3,
    results: str | Path = "results",
    say: Callable[[str], None] = lambda _: None,
) -> Bench:
    """Measure how fast networks train, beside what this machine can do at most, and save it.

    What may be several may also be one.

    Args:
        networks: rows of `sweep.instrument.networks.NETWORKS`, by name; some of each size if none.
        dtypes: "float64", "float32" or both.
        threads: numbers of them; one a usable processor if none.
        lanes: how many networks side by side, powers of two; what suits the network if none.
        rounds: turns of each combination.
        seconds: of one turn, about.
        results: the directory of all studies' results.
        say: is told what goes on.

    Raises:
        RequestError: there is no such network, more threads than processors are asked for, or
            results cannot be saved.
    """
    names = asked("networks", several(text), networks) or INSTRUMENT
    dtypes = asked("dtypes", several(one_of(DTYPES)), dtypes) or list(DTYPES)
    usable, most = usable_processors(), 10**6
    counts = asked("threads", several(integer(1, most)), threads) or [usable]
    widths = asked("lanes", several(integer(-most, most)), lanes)
    rounds = asked("rounds", integer(1, most), rounds)
    seconds = asked("seconds", number(0.001, below=1e6), seconds)
    directory = asked("results", path, results)
    if unknown := [name for name in names if name not in NETWORKS]:
        raise RequestError(
            f'no network of the table is called "{unknown[0]}"; there are {", ".join(NETWORKS)}'
        )
    if wrong := [width for width in widths if width not in WIDTHS]:
        raise RequestError(f"--lanes {wrong[0]}: lanes are a power of two from 1 to 64")
    if max(counts) > usable:
        raise RequestError(
            f"--threads {max(counts)}: more than the {usable} processors that this process may "
            "use, and threads that wait for each other measure nothing"
        )
    _make_room(directory / BENCH)
    cases = [NETWORKS[name] for name in names]
    measured = measure(cases, dtypes, counts, widths or [None], rounds, seconds, say)
    machine = this_machine()
    return Bench(measured, machine, save(measured, machine, directory))


def save(measured: Measured, machine: Machine, results: Path) -> Path:
    """Commit a run; return the path of its record.

    Raises:
        RequestError: the system refused.
    """
    created, versions = now(), library_versions()
    run = f"{created[:19].replace('-', '').replace(':', '')}-{machine.digest}"
    about = {"run": run, "created": created, "versions": versions}
    same = about | {
        "machine": machine.digest,
        "processor": machine.name,
        "versions": " ".join(f"{name} {version}" for name, version in versions.items()),
    }
    files, contents = [], dict[Path, bytes]()
    for kind in TABLES:
        table = getattr(measured, kind).assign(**same)
        data = encode(pa.Table.from_pandas(table, preserve_index=False))
        files.append(asdict(File(kind, f"{kind}/{run}.parquet", len(data), sha256(data), 0)))
        contents[results / BENCH / files[-1]["path"]] = data
    record = about | {
        "schema": SCHEMA,
        "machine": asdict(machine) | {"digest": machine.digest},
        "noise": str(measured.noise),
        "warning": measured.noise.warning,
        "files": files,
    }
    _make_room(results / BENCH)
    place = results / BENCH / RECORDS / f"{run}.json"
    with told(f"{results / BENCH}: results cannot be saved here", RequestError):
        publish({**contents, place: signed(record)})
    return place


def _make_room(directory: Path) -> None:
    """Make the directories of runs where they are missing."""
    with told(f"{directory}: results cannot be saved here", RequestError):
        make_directories(*(directory / kind for kind in (RECORDS, *TABLES)))
