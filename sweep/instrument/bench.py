"""`sweep bench` as a function: the instrument set up by names, run and saved."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sweep.errors import RequestError
from sweep.instrument.instrument import Measured, measure
from sweep.instrument.machine import Machine, this_machine
from sweep.instrument.networks import INSTRUMENT, NETWORKS, Case
from sweep.instrument.results import make_room, save
from sweep.store.machine import usable_processors

DTYPES = ("float64", "float32")
WIDTHS = (1, 2, 4, 8, 16, 32, 64)


@dataclass(frozen=True)
class Bench:
    """A run of the instrument: what was measured, on what, and the file of its record."""

    measured: Measured
    machine: Machine
    file: Path


def bench(
    networks: Sequence[str] = (),
    *,
    dtypes: Sequence[str] = DTYPES,
    threads: Sequence[int] = (),
    lanes: Sequence[int] = (),
    rounds: int = 7,
    seconds: float = 0.3,
    results: str | Path = "results",
    say: Callable[[str], None] = lambda _: None,
) -> Bench:
    """Measure how fast networks train, beside what this machine can do at most, and save it.

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
    for width in lanes:
        if width not in WIDTHS:
            raise RequestError(f"--lanes {width}: lanes are a power of two from 1 to 64")
    usable = usable_processors()
    for count in threads:
        if count > usable:
            raise RequestError(
                f"--threads {count}: more than the {usable} processors that this process may use, "
                "and threads that wait for each other measure nothing"
            )
    cases, counts = _cases(networks), list(dict.fromkeys(threads or [usable]))
    make_room(Path(results))
    measured = measure(
        cases, list(dict.fromkeys(dtypes)), counts, lanes or [None], rounds, seconds, say
    )
    machine = this_machine()
    return Bench(measured, machine, save(measured, machine, Path(results)))


def _cases(names: Sequence[str]) -> list[Case]:
    if unknown := [name for name in names if name not in NETWORKS]:
        raise RequestError(
            f'no network of the table is called "{unknown[0]}"; there are {", ".join(NETWORKS)}'
        )
    return [NETWORKS[name] for name in dict.fromkeys(names or INSTRUMENT)]
