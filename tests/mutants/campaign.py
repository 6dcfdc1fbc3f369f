"""Each mutant in a copy of the tree, and what the tests say to it; also a script for some of them.

python -m tests.mutants.campaign [WORD ...]     those whose `breaks` or `file` has one of the words
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from .mutant import Mutant
from .table import MUTANTS

ROOT = Path(__file__).parents[2]
TESTS = "tests/training"
_COPIED = ("sweep", "tests", "experiments", "benchmarks", "pyproject.toml", "README.md")
# Digests that were written down say that bits moved, whatever moved them: they would find nearly
# every mutant, and hide what all other tests miss.
_NOT_ASKED = (
    f"--ignore={TESTS}/test_golden.py",
    f"--deselect={TESTS}/test_orders.py::test_orders_and_schedules_have_the_bits_they_had",
    f"--deselect={TESTS}/test_orders.py::test_builds_for_other_processors",
)
_AT_ONCE = 2  # processes
_PATIENCE = 4  # times what the sound tree takes by itself


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant: `killer` is the test that found it, or "" if none did."""

    mutant: Mutant
    killer: str
    seconds: float

    def __str__(self) -> str:
        found = self.killer or "SURVIVED"
        return f"{self.seconds:5.0f} s  {self.mutant.file}: {self.mutant.breaks}: {found}"


def judge(mutants: Sequence[Mutant], patience: float) -> Iterator[Verdict]:
    """Judge mutants, two at a time, in the order in which they are done.

    Args:
        mutants: which.
        patience: seconds that a run of tests may take. None of the mistakes makes a loop endless,
            so that one which is broken off has found nothing.
    """
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        asked = [pool.submit(_judge, mutant, patience) for mutant in mutants]
        for done in as_completed(asked):
            yield done.result()


def patience() -> float:
    """Run all tests without any mistake; return how many seconds to give each mutant.

    Raises:
        RuntimeError: one fails, so that nothing could be learnt from it.
    """
    start = monotonic()
    with _tree() as tree:
        if failed := _first_failure(tree, [TESTS], None):
            raise RuntimeError(f"without a mutant: {failed}")
    return _PATIENCE * (monotonic() - start)


def _judge(mutant: Mutant, patience: float) -> Verdict:
    """Ask the tests that are most likely to know, and all others if they say nothing."""
    start = monotonic()
    with _tree() as tree:
        mutant.apply(tree)
        killer = ""
        for tests, marks in (
            ([f"{TESTS}/{test}" for test in mutant.by], ""),
            ([TESTS], "not soak"),
        ):
            killer = killer or _first_failure(tree, tests, patience, marks)
    return Verdict(mutant, killer, monotonic() - start)


@contextmanager
def _tree() -> Iterator[Path]:
    """Make a copy of all that the tests need, to be thrown away."""
    with TemporaryDirectory() as directory:
        tree = Path(directory)
        for name in _COPIED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, tree / name, ignore=_IGNORED)
            else:
                shutil.copy(ROOT / name, tree / name)
        yield tree


_IGNORED = shutil.ignore_patterns("__pycache__", ".*")


def _first_failure(
    tree: Path, tests: Sequence[str], patience: float | None, marks: str = "not soak"
) -> str:
    """Return the name of the first test of a tree that fails, of those with these marks, or "".

    One that takes the interpreter down is told by the signal.

    Raises:
        RuntimeError: pytest ran no tests.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-x", "-q", "--tb=no", "-m", marks, *_NOT_ASKED, *tests],
        cwd=tree,
        env=os.environ | {"PYTHONPATH": str(tree)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,  # to end those that it has started too
    )
    try:
        output, _ = process.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return ""
    if process.returncode < 0:
        return signal.Signals(-process.returncode).name
    failed = [line for line in output.splitlines() if line.startswith(("FAILED ", "ERROR "))]
    if process.returncode and not failed:
        raise RuntimeError(f"pytest ended with {process.returncode}:\n{output}")
    return failed[0].split(" - ")[0] if process.returncode else ""


def main(words: Sequence[str]) -> None:
    """Judge some mutants, or all, and print the verdicts as they come."""
    chosen = [
        mutant
        for mutant in MUTANTS
        if not words or any(word in f"{mutant.file} {mutant.breaks}" for word in words)
    ]
    verdicts = []
    for verdict in judge(chosen, 3600):
        print(verdict, flush=True)
        verdicts.append(verdict)
    print(f"{sum(bool(verdict.killer) for verdict in verdicts)} of {len(verdicts)} killed")


if __name__ == "__main__":
    main(sys.argv[1:])
