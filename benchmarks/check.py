"""Whether a kernel became slower than in another commit: `make bench-check BASE=commit`.

The commit is checked out beside the working tree, and a process of each trains the same networks in
alternating turns of one thread, judged by the seconds that it had a processor. A ratio is theirs
over ours, so that below 1 we are slower; the exit status is 1 if a kernel is slower beyond the
interval of its median and beyond the margin. With `--count`, and where valgrind is at hand,
instructions are counted besides: they do not wobble.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.networks import NETWORKS
from sweep.instrument.networks import Case
from sweep.instrument.ours import group, text
from sweep.instrument.rounds import Interval, median_interval, rotated
from sweep.training.costs import steps_per_second

ROOT = Path(__file__).resolve().parents[1]
DEFAULT = ("2-2-2", "16-16-1", "64-64-10")
MARGIN = 0.03

_WORKER = ROOT / "benchmarks" / "worker.py"
_BLOCK = 64  # trials that are whole blocks, whatever the lanes
_COUNTED = 5e6  # operations in a training whose instructions are counted, about
# What kernels are compiled for to be counted: valgrind knows no AVX-512, and all machines agree.
_COUNTED_PROCESSOR = {
    "NUMBA_CPU_NAME": "haswell",
    "NUMBA_CPU_FEATURES": "+avx,+avx2,+fma,+bmi,+bmi2,+popcnt,+lzcnt,+movbe,+f16c",
}


@dataclass(frozen=True)
class Verdict:
    """What the rounds say of one kernel.

    Attributes:
        ratio: their seconds over ours: below 1 we are slower.
        margin: what a change must exceed.
    """

    name: str
    ratio: Interval
    margin: float

    @property
    def slower(self) -> bool:
        """Beyond the interval, and beyond the margin."""
        return self.ratio.high < 1 and self.ratio.median < 1 - self.margin

    @property
    def faster(self) -> bool:
        """Likewise."""
        return self.ratio.low > 1 and self.ratio.median > 1 + self.margin

    def __str__(self) -> str:
        word = "slower" if self.slower else "faster" if self.faster else "no change seen"
        median, low, high, _ = self.ratio
        return f"{self.name:24} {median:.2f} [{low:.2f}, {high:.2f}]: {word}"


class Worker:
    """A process that trains with the `sweep` of one tree."""

    def __init__(
        self, tree: Path, environment: Mapping[str, str], before: Sequence[str] = ()
    ) -> None:
        mark = ["--mark"] if before else []
        self.process = subprocess.Popen(
            [*before, sys.executable, "-P", str(_WORKER), *mark],
            env={**os.environ, "PYTHONPATH": str(tree), "OPENBLAS_NUM_THREADS": "1", **environment},
            cwd=tree,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate()

    def tell(self, **order: Any) -> dict[str, Any]:
        """Give one order and wait for its answer.

        Raises:
            RuntimeError: the process ended instead.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            self.process.stdin.write(json.dumps(order) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        if not (line := self.process.stdout.readline()):
            raise RuntimeError(f"the process of {self.process.args} ended; what it said is above")
        return dict(json.loads(line))


@contextmanager
def checked_out(commit: str) -> Iterator[Path]:
    """A directory with the files of a commit, for as long as the block lasts."""
    with TemporaryDirectory() as directory:
        tree = Path(directory) / "tree"
        _git("worktree", "add", "--detach", "--quiet", str(tree), commit)
        try:
            yield tree
        finally:
            _git("worktree", "remove", "--force", str(tree))


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def rounds_of(
    workers: Mapping[str, Worker], kernels: Mapping[str, tuple[Case, str]], options: Any
) -> Iterator[tuple[str, list[float], bool]]:
    """Of each kernel its name, the ratios of the rounds, and whether the losses are the same."""
    for name, (case, dtype) in kernels.items():
        trials = _trials(workers["ours"], name, case, dtype, options.seconds)
        for worker in workers.values():
            worker.tell(name=name, study=text(case, dtype, trials), trials=trials)
        digests = {worker.tell(train=name)["digest"] for worker in workers.values()}
        ratios = []
        for number in range(options.rounds):
            order = rotated(list(workers), number)
            took = {key: workers[key].tell(train=name)["seconds"] for key in order}
            ratios.append(took["theirs"] / took["ours"])
        yield name, ratios, len(digests) == 1


def _trials(worker: Worker, name: str, case: Case, dtype: str, seconds: float) -> int:
    """How many take it about so long: whole blocks."""
    worker.tell(name=name, study=text(case, dtype, _BLOCK), trials=_BLOCK)
    worker.tell(train=name)
    took = min(worker.tell(train=name)["seconds"] for _ in range(3))
    return max(1, round(seconds / took)) * _BLOCK


def instructions(tree: Path, kernels: Mapping[str, tuple[Case, str]]) -> dict[str, float]:
    """Instructions of one step of one network, by the kernel's name.

    Of a training and one twice as long the difference is counted, so that nothing else is.

    Raises:
        RuntimeError: valgrind does not run this.
    """
    with TemporaryDirectory() as directory:
        output = Path(directory) / "counted"
        valgrind = ["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={output}"]
        environment = {**_COUNTED_PROCESSOR, "PYTHONHASHSEED": "0"}
        for before in ((), (*valgrind, "--dump-before=getpgid")):  # compiled first, then counted
            with Worker(tree, environment, before) as worker:
                steps = _told_to_train(worker, kernels)
        counts = list(_dumped(output))[1::2]
    per_kernel = zip(kernels, steps, counts[1::3], counts[2::3], strict=True)
    return {name: (twice - once) / (n * _BLOCK) for name, n, once, twice in per_kernel}


def _told_to_train(worker: Worker, kernels: Mapping[str, tuple[Case, str]]) -> list[int]:
    """Let a worker train each kernel for some steps and for twice as many; return the former."""
    found = []
    for name, (case, dtype) in kernels.items():
        asked = group(case, dtype, 1)
        per_step = 1e10 / steps_per_second(asked)
        steps = max(2, int(_COUNTED / per_step / _BLOCK))
        for n in (steps, 2 * steps):
            study = text(replace(case, steps=n), dtype, _BLOCK)
            worker.tell(name=f"{name} {n}", study=study, trials=_BLOCK)
        for n in (steps, steps, 2 * steps):  # the first has to find its memory
            worker.tell(train=f"{name} {n}")
        found.append(steps)
    return found


def _dumped(output: Path) -> Iterator[int]:
    """The instructions between one mark and the next, in their order."""
    files = output.parent.glob(f"{output.name}.*")
    for path in sorted(files, key=lambda path: int(path.suffix[1:])):
        yield int(re.findall(r"^(?:summary|totals): (\d+)", path.read_text(), re.MULTILINE)[0])


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parse(arguments)
    kernels = {
        f"{name} {dtype}": (NETWORKS[name], dtype)
        for name in options.networks
        for dtype in options.dtypes
    }
    print(f"working tree beside {_git('log', '-1', '--format=%h %s', options.base)}")
    with checked_out(options.base) as base:
        with ExitStack() as stack:
            trees = {"ours": ROOT, "theirs": base}
            workers = {key: stack.enter_context(Worker(tree, {})) for key, tree in trees.items()}
            verdicts = list(_judged(workers, kernels, options))
        if options.count:
            _count(base, kernels)
    return int(any(verdict.slower for verdict in verdicts))


def _judged(
    workers: Mapping[str, Worker], kernels: Mapping[str, tuple[Case, str]], options: Any
) -> Iterator[Verdict]:
    for name, ratios, same in rounds_of(workers, kernels, options):
        verdict = Verdict(name, median_interval(ratios), options.margin)
        print(verdict, "" if same else "(other losses)", flush=True)
        yield verdict


def _count(base: Path, kernels: Mapping[str, tuple[Case, str]]) -> None:
    """Print the instructions of a network's step in either tree, or why they are not counted."""
    if which("valgrind") is None:
        print("no valgrind, so instructions are not counted")
        return
    try:
        ours, theirs = instructions(ROOT, kernels), instructions(base, kernels)
    except (RuntimeError, ValueError, IndexError) as error:
        print(f"valgrind cannot run these kernels, so instructions are not counted: {error}")
        return
    for name in kernels:
        change = ours[name] / theirs[name] - 1
        print(f"{name:24} {ours[name]:.4g} instructions a step, {change:+.1%}")


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--base", default="HEAD", help="the commit to compare with")
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(DEFAULT))
    parser.add_argument("--dtypes", nargs="+", default=["float64", "float32"])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=0.1, help="of one turn, about")
    parser.add_argument("--margin", type=float, default=MARGIN, help="slower by less is no matter")
    parser.add_argument("--count", action="store_true", help="instructions too, by valgrind")
    return parser.parse_args(arguments)


def _end(*_: object) -> None:
    sys.exit(128 + signal.SIGTERM)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _end)  # or the other tree would be left behind
    sys.exit(main())
