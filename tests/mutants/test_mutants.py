"""How much the tests see: mistakes made on purpose, and whether any test fails."""

import ast
from collections import Counter
from pathlib import Path

import pytest

from .campaign import ROOT, TESTS, judge, patience
from .table import MUTANTS

_KERNEL = ROOT / "sweep" / "training"
# Guesses at costs, timings, the processor's name, the compiler's settings, and types without which
# nothing compiles: a slip there moves no result, or leaves none.
_NO_MISTAKES_IN = {"costs.py", "build.py", "lanes/kinds.py"}


def test_every_mutant_can_be_made() -> None:
    """Its text is there once, and what comes out is other Python."""
    for mutant in MUTANTS:
        text = mutant.path(ROOT).read_text()
        mutated = mutant.mutated(text)
        assert ast.dump(ast.parse(mutated)) != ast.dump(ast.parse(text)), mutant.breaks


def test_every_module_has_mutants() -> None:
    files = [path for path in _KERNEL.rglob("*.py") if path.name != "__init__.py"]
    modules = {path.relative_to(_KERNEL).as_posix() for path in files}
    assert modules - {mutant.file for mutant in MUTANTS} == _NO_MISTAKES_IN
    assert len(MUTANTS) >= 60
    assert Counter(mutant.breaks for mutant in MUTANTS).most_common(1)[0][1] == 1


def test_the_tests_to_ask_first_are_there() -> None:
    for mutant in MUTANTS:
        assert mutant.by, mutant.breaks
        for test in mutant.by:
            file, _, name = test.partition("::")
            text = Path(ROOT, TESTS, file).read_text()
            assert f"def {name.split('[')[0]}" in text, test


@pytest.mark.soak
def test_nine_of_ten_mutants_are_killed(capsys: pytest.CaptureFixture[str]) -> None:
    """By a test other than a digest written down; an hour on two processors."""
    verdicts = list(judge(MUTANTS, patience()))
    survivors = [verdict for verdict in verdicts if not verdict.killer]
    killed = len(verdicts) - len(survivors)
    with capsys.disabled():
        print(f"\n{killed} of {len(verdicts)} mutants killed; these survived:")
        print(*survivors, sep="\n")
    assert killed >= 0.9 * len(verdicts)
