"""Everything on the performance page, from one run: `python -m benchmarks.page`, or `make bench`.

Each section is one or more commands, which leave their tables in a folder of their own below
`results/benchmarks/<run>/`. What is finished is kept: the same command again, with the same
`--run`, goes on where it was. Then the text of every finished section takes its place between two
marks in docs/performance.md.
"""

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import sections
from benchmarks.networks import WIDE
from benchmarks.table import CALLED, TARGETS
from sweep.instrument.machine import this_machine

PAGE = Path(__file__).resolve().parents[1] / "docs" / "performance.md"
RUNS = Path("results/benchmarks")
SWEEP = "sweep.cli"
_THREADED = "jax, threaded"


@dataclass(frozen=True)
class Command:
    """One command of a section.

    Attributes:
        folder: where its tables go.
        module: what to run.
        options: with `{rounds}` and `{seconds}` where the run's go.
    """

    folder: str
    module: str
    options: tuple[str, ...]

    def line(self, rounds: int, seconds: float) -> list[str]:
        """Its words, after the interpreter's, but for where the results go."""
        options = [one.format(rounds=rounds, seconds=seconds) for one in self.options]
        return ["-m", self.module, *options]


@dataclass(frozen=True)
class Section:
    """A part of the page between two marks.

    Attributes:
        name: of the marks.
        commands: what it takes.
        write: makes its text of the commands' folders.
        saves: whether the commands take `--results`.
    """

    name: str
    commands: tuple[Command, ...]
    write: sections.Write
    saves: bool = True


_TURNS = ("--rounds", "{rounds}", "--seconds", "{seconds}")


def _beside(network: str, *peers: str) -> Command:
    """A network and its peers."""
    options = ("--networks", network, *_TURNS, "--peers", *(peers or CALLED[:1]))
    return Command(f"peers-{network}", "benchmarks.table", options)


_OF_TARGETS = tuple(_beside(name) for name in TARGETS)
_EDGES = ("128-128", "128-128-128-128-128-10", "128-1")
_OF_FAMILY = tuple(_beside(name, *CALLED, _THREADED) for name in _EDGES)
_OF_WIDE = tuple(_beside(case.name, *CALLED, _THREADED) for case in WIDE)
_NEWCOMERS = ("numpy", "numba", "torch", "torch, compiled", "jax, donated", "jax, unrolled")
_OF_OTHERS = tuple(
    replace(_beside(network, *peers), folder=f"others-{network}")
    for network, peers in (("2-2-2", _NEWCOMERS), ("64-64-10", ("sklearn",)))
)


def _one(name: str, options: Sequence[str], write: sections.Write = sections.printed) -> Section:
    """A section of the one command of its name."""
    return Section(name, (Command(name, f"benchmarks.{name}", tuple(options)),), write)


_ROUNDS = _TURNS[:2]
_KERNELS = ("2-2-2", "64-64", "4-32", "16-16-1, gelu", "everything")

SECTIONS = (
    Section("limits", (Command("limits", SWEEP, ("bench", *_TURNS)),), sections.limits),
    Section("peers", _OF_TARGETS, sections.peers),
    Section("targets", _OF_TARGETS, sections.targets),
    _one("costs", (*_TURNS, "--only", "adam", "batches of 32"), sections.costs),
    _one("compiling", ("--only", *_KERNELS), sections.compiling),
    Section("family", _OF_FAMILY, sections.peers),
    Section("wide", _OF_WIDE, sections.peers),
    replace(_one("overhead", _ROUNDS), saves=False),
    Section("others", _OF_OTHERS, sections.peers),
    _one("tools", _ROUNDS),
    _one("throughput", (*_ROUNDS, "--seconds", "0.05")),
    _one("starts", ("--rounds", "3")),
    _one("scale", ()),
)
"""In the order in which they are measured, the most telling first."""


def main(arguments: Sequence[str] | None = None) -> None:
    options = _parse(arguments)
    run = RUNS / options.run
    run.mkdir(parents=True, exist_ok=True)
    _refuse_another_machine(run)
    chosen = [section for section in SECTIONS if section.name in options.only]
    end = time.monotonic() + 60 * options.minutes
    for section in chosen:
        for command in section.commands:
            if not finished(run / command.folder) and time.monotonic() < end:
                left = end - time.monotonic()
                _measure(command, run / command.folder, options, left, saves=section.saves)
    _write(run, chosen, options)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    names = [section.name for section in SECTIONS]
    parser.add_argument("--run", default=today, help="its name; what it has is not measured again")
    parser.add_argument("--only", nargs="+", choices=names, default=names)
    parser.add_argument("--minutes", type=float, default=60.0, help="then it ends where it is")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.2, help="of one turn, about")
    parser.add_argument("--page", type=Path, default=PAGE, help="the file to write into")
    return parser.parse_args(arguments)


def _refuse_another_machine(run: Path) -> None:
    """Write down whose run it is: a page is of one machine."""
    mark, digest = run / "machine", this_machine().digest
    if not mark.exists():
        mark.write_text(digest + "\n")
    elif mark.read_text().strip() != digest:
        sys.exit(f"{run} is another machine's; give this run another name with --run")


def finished(folder: Path) -> bool:
    """Whether a command has left all that it had to."""
    return (folder / "said.txt").exists()


def _measure(
    command: Command, folder: Path, options: argparse.Namespace, seconds: float, *, saves: bool
) -> None:
    """Run a command for so long at most; its folder counts once what it said is there."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    line = command.line(options.rounds, options.seconds)
    print(f"python {shlex.join(line)}", flush=True)
    start = time.monotonic()
    where = ["--results", str(folder)] if saves else []
    words = ["-c", "from sweep.cli import main; main()", *line[2:]] if line[1] == SWEEP else line
    asked = [sys.executable, *words, *where]
    wide = {**os.environ, "COLUMNS": "120"}  # or tables would be cut
    try:
        done = subprocess.run(
            asked, check=False, capture_output=True, text=True, timeout=seconds, env=wide
        )
    except subprocess.TimeoutExpired:
        print(f"    broken off after {seconds:.0f} s", flush=True)
        return
    if done.returncode:
        print(f"    failed: {done.stderr.strip().rpartition(chr(10))[2]}", flush=True)
        return
    (folder / "said.txt").write_text(done.stdout)
    print(f"    {time.monotonic() - start:.0f} s", flush=True)


def _write(run: Path, chosen: Sequence[Section], options: argparse.Namespace) -> None:
    """Put every section of which something is finished between its marks."""
    text = options.page.read_text()
    for section in chosen:
        folders = [run / one.folder for one in section.commands if finished(run / one.folder)]
        if folders:
            lines = list(_commands(section, run, options))
            text = placed(text, section.name, "\n".join(lines) + "\n\n" + section.write(folders))
    options.page.write_text(text)
    print(f"{options.page}: written from {run}")


def _commands(section: Section, run: Path, options: argparse.Namespace) -> Iterator[str]:
    """The lines that repeat a section, as a block of code."""
    for one in section.commands:
        if finished(run / one.folder):
            line = shlex.join(one.line(options.rounds, options.seconds))
            yield "    " + f"python {line}".replace(f"python -m {SWEEP}", "sweep")


def placed(page: str, name: str, text: str) -> str:
    """The page with the text between the marks of a section.

    Raises:
        ValueError: the page has no such marks.
    """
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    if not re.search(f"{begin}.*{end}", page, re.DOTALL):
        raise ValueError(f"the page has no {begin} ... {end}")
    before, _, rest = page.partition(begin)
    return f"{before}{begin}\n{text}\n{end}{rest.partition(end)[2]}"


if __name__ == "__main__":
    main()
