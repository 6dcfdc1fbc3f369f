"""The command that measures: bench."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from sweep.cli.door import RESULTS, Folder, Json, app
from sweep.cli.terminal import columns, note, plural, short, tell

if TYPE_CHECKING:
    import pandas as pd


class Dtype(StrEnum):
    """What networks are made of."""

    float64 = "float64"
    float32 = "float32"


@app.command()
def bench(
    networks: Annotated[
        list[str] | None, Argument(metavar="NETWORK", help="Rows of the table of networks.")
    ] = None,
    dtype: Annotated[list[Dtype] | None, Option(help="Both by default. May be repeated.")] = None,
    threads: Annotated[
        list[int] | None,
        Option(metavar="N", min=1, help="How many; by default one a usable CPU. May be repeated."),
    ] = None,
    lanes: Annotated[
        list[int] | None,
        Option(metavar="N", help="Networks side by side; by default what suits. May be repeated."),
    ] = None,
    rounds: Annotated[int, Option(metavar="N", min=1, help="Turns of each.")] = 7,
    seconds: Annotated[float, Option(metavar="S", min=0.001, help="Of one turn, about.")] = 0.3,
    results: Folder = RESULTS,
    json: Json = False,
) -> None:
    """Measure how fast networks train, beside what this machine can do at most."""
    from sweep.instrument.bench import bench, summary

    found = bench(
        networks or (),
        dtypes=[str(one) for one in dtype or Dtype],
        threads=threads or (),
        lanes=lanes or (),
        rounds=rounds,
        seconds=seconds,
        results=results,
        say=note,
    )
    machine, measured = found.machine, found.measured
    if json:
        noise = {"noise": measured.noise, "warning": measured.noise.warning}
        tables = {"ceilings": measured.ceilings, "summary": summary(measured.turns)}
        tell({"machine": machine} | noise | tables | {"file": found.file})
    else:
        bits = machine.register_bytes * 8
        print(f"{machine.name}, {bits} bits a register, {plural(machine.processors, 'CPU')}")
        print(f"{measured.noise}\n")
        _print_ceilings(measured.ceilings)
        print()
        _print_summary(summary(measured.turns), rounds)
        print(f"  {found.file}")
    if measured.noise.warning:
        note(measured.noise.warning)


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
    print(f"  medians of {plural(rounds, 'round')}, within from - to with {held:.0%} confidence")


def _of(dtype: object, threads: object) -> str:
    return f"{dtype}, {threads} thread{'s' * (threads != 1)}"
