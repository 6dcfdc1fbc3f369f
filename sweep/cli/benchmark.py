"""The command that measures: bench."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from sweep.cli.door import app
from sweep.cli.options import RESULTS, Folder
from sweep.cli.terminal import columns, note, short
from sweep.errors import RequestError

if TYPE_CHECKING:
    import pandas as pd

    from sweep.instrument.networks import Case


class Dtype(StrEnum):
    """What networks are made of."""

    float64 = "float64"
    float32 = "float32"


@app.command()
def bench(
    networks: Annotated[
        list[str] | None,
        typer.Argument(metavar="NETWORK", help="Rows of the table of networks, by name."),
    ] = None,
    dtype: Annotated[
        list[Dtype] | None, typer.Option(help="Both by default. May be repeated.")
    ] = None,
    threads: Annotated[
        list[int] | None,
        typer.Option(
            metavar="N", min=1, help="How many; by default one a usable CPU. May be repeated."
        ),
    ] = None,
    lanes: Annotated[
        list[int] | None,
        typer.Option(
            metavar="N", help="Networks side by side; by default what suits. May be repeated."
        ),
    ] = None,
    rounds: Annotated[int, typer.Option(metavar="N", min=1, help="Turns of each.")] = 7,
    seconds: Annotated[
        float, typer.Option(metavar="S", min=0.001, help="Of one turn, about.")
    ] = 0.3,
    results: Folder = RESULTS,
) -> None:
    """Measure how fast networks train, beside what this machine can do at most."""
    from sweep.instrument.machine import this_machine

    cases = _cases(networks)
    widths = _widths(lanes)
    from sweep.instrument.instrument import measure, summary
    from sweep.instrument.results import make_room, save

    counts = _counts(threads)
    make_room(results)
    dtypes = [str(one) for one in dict.fromkeys(dtype or Dtype)]
    measured = measure(cases, dtypes, counts, widths, rounds, seconds, note)
    machine = this_machine()
    path = save(measured, machine, results)
    print(
        f"{machine.name}, {machine.register_bytes * 8} bits a register, {machine.processors} CPUs"
    )
    print(f"{measured.noise}\n")
    _print_ceilings(measured.ceilings)
    print()
    _print_summary(summary(measured.turns), rounds)
    print(f"  {path}")
    if measured.noise.warning:
        note(measured.noise.warning)


def _cases(names: list[str] | None) -> "list[Case]":
    from sweep.instrument.networks import INSTRUMENT, NETWORKS

    if unknown := [name for name in names or [] if name not in NETWORKS]:
        raise RequestError(
            f'no network of the table is called "{unknown[0]}"; there are {", ".join(NETWORKS)}'
        )
    return [NETWORKS[name] for name in dict.fromkeys(names or INSTRUMENT)]


def _counts(threads: list[int] | None) -> list[int]:
    from sweep.store.machine import usable_processors

    usable = usable_processors()
    for count in threads or []:
        if count > usable:
            raise RequestError(
                f"--threads {count}: more than the {usable} processors that this process may use, "
                "and threads that wait for each other measure nothing"
            )
    return list(dict.fromkeys(threads or [usable]))


def _widths(lanes: list[int] | None) -> list[int | None]:
    for width in lanes or []:
        if width not in (1, 2, 4, 8, 16, 32, 64):
            raise RequestError(f"--lanes {width}: lanes are a power of two from 1 to 64")
    return [*lanes] if lanes else [None]


def _print_ceilings(ceilings: "pd.DataFrame") -> None:
    names = ceilings["ceiling"].unique().tolist()
    rows = [["CEILINGS, a second", *names]]
    for (dtype, threads), own in ceilings.groupby(["dtype", "threads"], sort=False):
        best = own.groupby("ceiling")["per_second"].max()
        rows.append([_of(dtype, threads), *(short(best[name], "") for name in names)])
    columns(rows, right=range(1, len(rows[0])))


def _print_summary(table: "pd.DataFrame", rounds: int) -> None:
    heads = ["NETWORK", "", "LANES", "STEPS/S", "FROM - TO", "GRADIENTS/S", "OF THE LIMIT"]
    rows = [[*heads, "FROM - TO", "LIMIT"]]
    for row in table.to_dict("records"):
        speed, low, high = (short(row[name], "") for name in ("speed", "low", "high"))
        share = f"{row['share_low']:.0%} - {row['share_high']:.0%}"
        of, gradients = _of(row["dtype"], row["threads"]), short(row["gradients"], "")
        start = [row["network"], of, str(row["lanes"]), speed, f"{low} - {high}", gradients]
        rows.append([*start, f"{row['share']:.0%}", share, row["limit"]])
    columns(rows, right=(2, 3, 4, 5, 6, 7))
    held = table["confidence"].iloc[0]
    print(f"  medians of {rounds} rounds, within from - to with {held:.0%} confidence")


def _of(dtype: object, threads: object) -> str:
    return f"{dtype}, {threads} thread{'s' * (threads != 1)}"
