"""`sweep bench` as a function: the instrument set up by names, run, and saved.

    results/bench/
      commits/<run>.json       when, on what machine, with which versions, and each file's SHA-256
      turns/<run>.parquet      a row a turn
      ceilings/<run>.parquet   a row a ceiling and round

A run is there with its record or not at all. Every row names its run and machine, so that plain
readers of a directory can tell runs apart.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa

from sweep.errors import RequestError
from sweep.instrument.instrument import Measured, measure
from sweep.instrument.machine import Machine, this_machine
from sweep.instrument.networks import INSTRUMENT, NETWORKS
from sweep.store.commit import File, now, signed
from sweep.store.files import RECORDS, make_directories, publish, sha256, told
from sweep.store.folder import BENCH
from sweep.store.machine import library_versions, usable_processors
from sweep.store.parquet import encode
from sweep.study.checks import asked, integer, number, one_of, path, several, text

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
