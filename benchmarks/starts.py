"""How long every command takes on a small study, cold and warm: `python -m benchmarks.starts`.

Each command runs in processes of its own, twice: with no kernel in the cache, and again. "Cold" and
"warm" speak of kernels alone: files that the system has read before stay in its memory. A command
without a row here is timed saying its help. Saves a tidy table (`benchmarks.tidy`) of seconds and
of the peak of resident memory.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import typer
from rich.table import Table

from benchmarks.options import console, save
from benchmarks.tidy import tidy
from sweep.cli import app

STUDY = "lr_graphs"
# In this order: all but the first few read what `run` has left.
COMMANDS: Mapping[str, Sequence[str]] = {
    "new": ("starter.toml",),
    "list": (),
    "plan": (STUDY,),
    "run": (STUDY,),
    "status": (STUDY,),
    "verify": (STUDY,),
    "plot": (STUDY, "curves"),
    "export": (STUDY, "trials.csv"),
    "best": (STUDY,),
    "report": (STUDY,),
    "explain": (STUDY,),
    "worksheet": (STUDY,),
}
# What the process does; it is told where to write its peak of memory, and the command.
_MAIN = """
import atexit, pathlib, sys
from benchmarks.memory import peak_bytes
place = pathlib.Path(sys.argv[1])
atexit.register(lambda: place.write_text(str(peak_bytes())))
from sweep.cli import main
sys.argv[:] = ["sweep", *sys.argv[2:]]
main()
"""


class CommandError(Exception):
    """A command did not do what it was asked."""


def command_lines() -> dict[str, list[str]]:
    """What to ask of every command that the door has, in the order of `COMMANDS`."""
    there = list(typer.main.get_group(app).commands)
    known = [name for name in COMMANDS if name in there]
    helped = {name: [name, "--help"] for name in there if name not in COMMANDS}
    return {"help": ["--help"]} | {name: [name, *COMMANDS[name]] for name in known} | helped


def measured(line: Sequence[str], directory: Path, cache: Path) -> tuple[float, int]:
    """The seconds of one command in a directory, and its peak of memory in bytes.

    Raises:
        CommandError: it failed.
    """
    environment = {**os.environ, "SWEEP_CACHE_DIR": str(cache), "PYTHONPATH": str(Path.cwd())}
    with tempfile.TemporaryDirectory() as made:
        place = Path(made) / "peak"
        command = [sys.executable, "-c", _MAIN, str(place), *line]
        start = time.perf_counter()
        done = subprocess.run(
            command, cwd=directory, env=environment, capture_output=True, text=True, check=False
        )
        seconds = time.perf_counter() - start
        if done.returncode:
            last = (done.stdout + done.stderr).strip().rpartition("\n")[2]
            raise CommandError(f"sweep {' '.join(line)}: {last}")
        return seconds, int(place.read_text())


def rounds_of(lines: Mapping[str, Sequence[str]], rounds: int) -> Iterator[dict[str, Any]]:
    """Yield a row a number, as `tidy` takes them."""
    for number in range(rounds):
        with tempfile.TemporaryDirectory() as made:
            directory = Path(made)
            for name, line in lines.items():
                cache = directory / f"cache of {name}"
                for state in ("cold", "warm"):
                    _forget(name, directory)
                    seconds, peak = measured(line, directory, cache)
                    for quantity, value, unit in (
                        (f"{state} start", seconds, "seconds"),
                        (f"{state} peak of memory", peak, "bytes"),
                    ):
                        yield {
                            "quantity": quantity,
                            "value": value,
                            "unit": unit,
                            "round": number,
                            "command": " ".join(["sweep", *line]),
                        }


def _forget(name: str, directory: Path) -> None:
    """Remove what the command has left, where it would do less the second time, or refuse."""
    if name == "run":
        shutil.rmtree(directory / "results", ignore_errors=True)
    for path in directory.glob("*.*"):
        path.unlink()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="+", help="commands, in the order in which they work")
    parser.add_argument("--results", type=Path, default=Path("results/benchmarks"))
    options = parser.parse_args(arguments)
    lines = command_lines()
    chosen = {name: line for name, line in lines.items() if name in (options.only or lines)}
    found = tidy(rounds_of(chosen, options.rounds))
    _report(found)
    console.print(f"Saved to {save(found, options.results, 'starts')}")


def _report(found: pd.DataFrame) -> None:
    medians = found.pivot_table(
        index="command", columns="quantity", values="value", aggfunc="median", sort=False
    )
    table = Table("command", "cold", "warm", "peak, cold", "peak, warm")
    for command, row in medians.iterrows():
        seconds = [f"{row[f'{state} start']:.2f} s" for state in ("cold", "warm")]
        peaks = [f"{row[f'{s} peak of memory'] / 2**20:.0f} MiB" for s in ("cold", "warm")]
        table.add_row(str(command), *seconds, *peaks)
    console.print(table)


if __name__ == "__main__":
    main()
