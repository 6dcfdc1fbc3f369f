"""Peers and us on one network: each looks for its best batch, then all take turns.

A round is one turn of each, and a ratio compares two turns of the same round, so that a machine
that slows down slows both. Before the rounds every peer's losses are checked against ours. Peers
give the final loss alone; our measures stay on.
"""

import platform
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

import numpy as np
import pandas as pd

from benchmarks.ours import initial_parameters
from benchmarks.peers import PEERS, Choice, Train
from sweep.instrument.ceilings import Ceilings
from sweep.instrument.machine import Team
from sweep.instrument.networks import Case
from sweep.instrument.operations import operations
from sweep.instrument.ours import shape_for
from sweep.instrument.rounds import interleaved
from sweep.store.machine import processor_name

# Relative, of a final loss. Rounding alone was seen to give 7e-15 and 5e-6 after 1,000 steps.
TOLERANCES = {"float64": 1e-12, "float32": 1e-4}
PACKAGES = ("sweep", "numpy", "numba", "llvmlite", "jax", "jaxlib", "torch", "scikit-learn")

_SEARCH_SECONDS = 0.1  # about, of one run of the search
_LONGEST_SEARCH_SECONDS = 1.5  # a batch that would take longer is not tried, if time grows with it
_HEAT_SECONDS = 1.2  # about, and no more than five turns
_STILL_OVERHEAD = 2.0  # times as fast with the next batch of a ladder, four times as large
_CLEARLY_SLOWER = 0.85  # of the best: twice in a row ends a ladder of batches
_FINALISTS = 3
_MOST_BYTES = 2**30  # of what is kept of the networks that are trained at a time
_NETWORKS_CHECKED = 64  # at least


class UnequalLossesError(Exception):
    """A peer does not train what we train."""


@dataclass(frozen=True)
class Rules:
    """How a contest is held.

    Attributes:
        threads: all that a peer may use.
        rounds: turns of each.
        seconds: of one turn, about.
        trials: networks that each call trains, for who has few; None: as many as fill the turn.
    """

    threads: int = 2
    rounds: int = 5
    seconds: float = 1.0
    trials: int | None = None


@dataclass(frozen=True)
class Entrant:
    """A peer that takes part, at one of its choices.

    Attributes:
        speed: network-steps a second, as the search saw it.
        error: largest relative difference between its final losses and ours.
    """

    name: str
    choice: Choice
    train: Train
    speed: float = 0.0
    error: float = 0.0

    def networks(self, case: Case, seconds: float, most: int) -> int:
        """How many take it about so long: whole batches for every worker."""
        wanted = min(self.speed * seconds / case.steps, most)
        return max(1, round(wanted / self.choice.portion)) * self.choice.portion


@dataclass(frozen=True)
class Contest:
    """What came of it.

    Attributes:
        turns: a row a turn: round, peer, networks, seconds, network_steps_per_second and
            ours_over_peer, the ratio within the round.
        operations: that one step of one network takes on the ports of multiply-adds, at least.
        ceiling: multiply-adds a second that the machine reached meanwhile.
    """

    case: Case
    dtype: str
    rules: Rules
    entrants: tuple[Entrant, ...]
    turns: pd.DataFrame
    operations: float
    ceiling: float

    @property
    def speed(self) -> float:
        """Our network-steps a second, the median turn."""
        ours = self.turns["peer"] == "ours"
        return float(self.turns.loc[ours, "network_steps_per_second"].median())

    @property
    def fraction(self) -> float:
        """How much of the bound that is."""
        return self.speed * self.operations / self.ceiling

    def ratios(self, peers: Sequence[str]) -> "pd.Series[float]":
        """Ours over the fastest of these peers, a round each; empty if none took part."""
        return self.turns[self.turns["peer"].isin(peers)].groupby("round")["ours_over_peer"].min()

    def table(self) -> pd.DataFrame:
        """The turns with all that is needed to compare them with another day's."""
        described = pd.DataFrame(
            {"peer": e.name, **e.choice._asdict(), "loss_error": e.error} for e in self.entrants
        )
        return self.turns.merge(described, on="peer").assign(
            network=self.case.name,
            dtype=self.dtype,
            threads=self.rules.threads,
            trials=self.rules.trials or 0,
            operations=self.operations,
            multiply_adds_per_second=self.ceiling,
            processor=processor_name(),
            created=datetime.now(UTC),
            versions=" ".join(_versions()),
        )


def hold(
    case: Case, dtype: str, peers: Sequence[str], rules: Rules, say: Callable[[str], None]
) -> Contest:
    """Let these peers and us train one network; `say` is told what the searches found.

    Raises:
        UnequalLossesError: the losses of one are off by more than rounding errors.
    """
    supply = _Supply(case, dtype)
    names = ["ours", *(name for name in peers if name != "ours")]
    entrants = _check(list(_enter(names, supply, rules, say)), supply)
    turns, ceiling = _rounds(entrants, supply, rules)
    counts = operations(shape_for(case, dtype), len(case.inputs))
    needed = counts.on_multiply_add_ports
    return Contest(case, dtype, rules, tuple(entrants), turns, needed, ceiling)


class _Supply:
    """Where networks start: drawn once, and more when more are asked for."""

    def __init__(self, case: Case, dtype: str) -> None:
        self.case, self.dtype = case, dtype
        self.drawn = initial_parameters(case, dtype, _NETWORKS_CHECKED)

    @property
    def most(self) -> int:
        """Networks that a call may get, by the memory that they start from."""
        return max(1, _MOST_BYTES // (self.case.n_parameters * self.drawn.itemsize))

    def take(self, n: int) -> np.ndarray:
        if n > len(self.drawn):
            wanted = max(n, min(2 * len(self.drawn), self.most))
            self.drawn = initial_parameters(self.case, self.dtype, wanted)
        return self.drawn[:n]

    def fits(self, choice: Choice) -> bool:
        """Whether all that such batches keep fits: outputs and their errors, before and after."""
        samples = len(self.case.inputs)
        numbers = 4 * (self.case.n_parameters + samples * self.case.n_neurons)
        return choice.portion * numbers * self.drawn.itemsize <= _MOST_BYTES


def _enter(
    names: Sequence[str], supply: _Supply, rules: Rules, say: Callable[[str], None]
) -> Iterator[Entrant]:
    """Each peer at the best of its choices; those that cannot take part are named and left out."""
    for name in names:
        try:
            yield _best(name, supply, rules, say)
        except (ImportError, FileNotFoundError, NotImplementedError) as error:
            say(f"{name}: left out ({error})")


def _best(name: str, supply: _Supply, rules: Rules, say: Callable[[str], None]) -> Entrant:
    """Up every ladder of choices, then what lies beside its best, then a heat of the fastest."""
    found = list[Entrant]()
    for ladder in PEERS[name].ladders(supply.case, supply.dtype, rules.threads):
        tried = _climb(name, ladder, supply, rules)
        if tried and PEERS[name].pooled:
            best = max(tried, key=_speed).choice
            tried += _climb(name, list(_beside(best, PEERS[name].builders)), supply, rules)
        found += tried
    if not found:
        raise NotImplementedError(f"no batch for {rules.trials} networks")
    tried = ", ".join(map(_show, found))
    best = _heat(sorted(found, key=_speed)[-_FINALISTS:], supply, rules)
    say(f"{name}: {_show(best)} steps/s by batch x workers; tried {tried}")
    return best


def _beside(choice: Choice, builders: Sequence[str]) -> Iterator[Choice]:
    """Half and twice the batch, and all three with the other builders."""
    batches = [n for n in (choice.batch // 2, choice.batch, 2 * choice.batch) if n]
    for builder in builders:
        for batch in batches:
            beside = choice._replace(batch=batch, builder=builder)
            if beside != choice:
                yield beside


def _show(entrant: Entrant) -> str:
    batch, workers, builder = entrant.choice
    return f"{batch} x {workers}{builder.removeprefix('build')}: {entrant.speed:.3g}"


def _speed(entrant: Entrant) -> float:
    return entrant.speed


def _climb(name: str, ladder: Sequence[Choice], supply: _Supply, rules: Rules) -> list[Entrant]:
    """Try a ladder's choices until batches are clearly too large."""
    found, slower = list[Entrant](), 0
    for choice in ladder:
        if not _allowed(name, choice, supply, rules) or slower == 2:
            continue
        fastest = max(map(_speed, found), default=np.inf)
        long = choice.portion * supply.case.steps / fastest > _LONGEST_SEARCH_SECONDS
        if long and not _grows(found):
            break
        train = PEERS[name].train(supply.case, supply.dtype, rules.threads, choice)
        entrant = _timed(Entrant(name, choice, train), supply, rules)
        found.append(entrant)
        if PEERS[name].pooled:
            slow = entrant.speed < _CLEARLY_SLOWER * max(map(_speed, found))
            slower = slower + 1 if slow else 0
    return found


def _grows(found: Sequence[Entrant]) -> bool:
    """Whether the last batch was so much faster that a step is overhead, whatever the batch."""
    return len(found) < 2 or found[-1].speed > _STILL_OVERHEAD * found[-2].speed


def _allowed(name: str, choice: Choice, supply: _Supply, rules: Rules) -> bool:
    if not PEERS[name].pooled:
        return True
    whole = rules.trials is None or rules.trials % choice.portion == 0
    return whole and supply.fits(choice)


def _timed(entrant: Entrant, supply: _Supply, rules: Rules) -> Entrant:
    """The entrant with its speed: the fastest of three short runs, or one that is not so short."""
    some = supply.take(rules.trials or entrant.choice.portion)
    entrant.train(some)  # compiles
    entrant = _measured(entrant, some, 1, supply)
    # A short run is overhead for the most part, and would make the turns too short as well.
    while rules.trials is None and _took(entrant, some, supply) < _SEARCH_SECONDS / 2:
        more = supply.take(entrant.networks(supply.case, _SEARCH_SECONDS, supply.most))
        if len(more) <= len(some):
            break
        some = more
        entrant = _measured(entrant, some, 1, supply)
    if _took(entrant, some, supply) > 3 * _SEARCH_SECONDS:
        return entrant
    return _measured(entrant, some, 3, supply)


def _took(entrant: Entrant, some: np.ndarray, supply: _Supply) -> float:
    """The seconds that training these took."""
    return len(some) * supply.case.steps / entrant.speed


def _measured(entrant: Entrant, some: np.ndarray, runs: int, supply: _Supply) -> Entrant:
    seconds = min(_seconds(entrant.train, some) for _ in range(runs))
    return replace(entrant, speed=len(some) * supply.case.steps / seconds)


def _heat(finalists: list[Entrant], supply: _Supply, rules: Rules) -> Entrant:
    """The fastest of a few in several turns: one fast turn of the search may have been luck."""
    if len(finalists) == 1:
        return finalists[0]
    some = [
        supply.take(rules.trials or e.networks(supply.case, _SEARCH_SECONDS, supply.most))
        for e in finalists
    ]
    steps = supply.case.steps
    each = sum(len(s) * steps / e.speed for e, s in zip(finalists, some, strict=True))
    timed = [
        [len(s) / _seconds(e.train, s) for e, s in zip(finalists, some, strict=True)]
        for _ in range(max(1, min(5, round(_HEAT_SECONDS / each))))
    ]
    speeds = np.median(timed, 0) * steps
    return replace(finalists[speeds.argmax()], speed=float(speeds.max()))


def _seconds(train: Train, initial: np.ndarray) -> float:
    start = time.perf_counter()
    train(initial)
    return time.perf_counter() - start


def _check(entrants: list[Entrant], supply: _Supply) -> list[Entrant]:
    """The entrants with their errors, ours first.

    Raises:
        UnequalLossesError: one is off by more than rounding errors.
    """
    portions = [e.choice.portion if PEERS[e.name].pooled else 1 for e in entrants]
    sizes = [-(-_NETWORKS_CHECKED // portion) * portion for portion in portions]
    expected, checked = entrants[0].train(supply.take(max(sizes))), []
    for entrant, size in zip(entrants, sizes, strict=True):
        error = np.max(np.abs(entrant.train(supply.take(size)) / expected[:size] - 1))
        if not error <= TOLERANCES[supply.dtype]:
            raise UnequalLossesError(f"{entrant.name}: losses differ from ours by {error:.1e}")
        checked.append(replace(entrant, error=float(error)))
    return checked


def _rounds(entrants: list[Entrant], supply: _Supply, rules: Rules) -> tuple[pd.DataFrame, float]:
    """A row a turn, and the machine's peak, which is measured again in every round."""
    sizes, turns = {}, {}
    for entrant in entrants:
        sizes[entrant.name], turns[entrant.name] = _turn(entrant, supply, rules)
        turns[entrant.name]()  # memory, and our study, once
    ceilings, peaks = Ceilings(supply.dtype, Team(rules.threads, pin=False)), []
    found = interleaved(turns, rules.rounds, lambda _: peaks.append(ceilings.multiply_adds()))
    found = found.rename(columns={"turn": "peer"})
    found["networks"] = found["peer"].map(sizes)
    found["network_steps_per_second"] = found["networks"] * supply.case.steps / found["seconds"]
    ours = found[found["peer"] == "ours"].set_index("round")["network_steps_per_second"]
    found["ours_over_peer"] = found["round"].map(ours) / found["network_steps_per_second"]
    return found, max(peaks)


def _turn(entrant: Entrant, supply: _Supply, rules: Rules) -> tuple[int, Callable[[], None]]:
    """How many networks take about so long, and what trains them."""
    if rules.trials is None:
        some, calls = supply.take(entrant.networks(supply.case, rules.seconds, supply.most)), 1
    else:
        some = supply.take(rules.trials)
        calls = max(1, round(entrant.speed * rules.seconds / supply.case.steps / len(some)))

    def turn() -> None:
        for _ in range(calls):
            entrant.train(some)

    return calls * len(some), turn


def _versions() -> Iterator[str]:
    yield f"python {platform.python_version()}"
    for package in PACKAGES:
        with suppress(PackageNotFoundError):
            yield f"{package} {version(package)}"
