"""One contract for every row: it is carried out by the kernel, by NumPy, by a formula and by an
oracle that knows nothing of us, and it is described.
"""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from sweep.analysis.networks import FUNCTIONS
from sweep.catalogue import (
    ACTIVATIONS,
    COMMON_NUMBERS,
    LOSSES,
    NUMBERS,
    OPTIMIZERS,
    SCHEDULES,
    SCHEMES,
    Activation,
    Loss,
    Optimizer,
    Schedule,
)
from sweep.course import formulas
from sweep.training import activations, block, losses, optimizers, schedules

from ..oracles import problem
from ..oracles import schedules as oracle

REFERENCE = (Path(__file__).parents[2] / "docs/study-file.md").read_text()

ROWS: list[tuple[Mapping[str, object], list[set[str]]]] = [
    (
        {name: row for name, row in ACTIVATIONS.items() if not row.last_only},
        [{*activations.ACTIVATIONS}, {*FUNCTIONS}, {*formulas.ACTIVATIONS}],
    ),
    (ACTIVATIONS, [{*problem.ACTIVATIONS}]),
    (LOSSES, [{*losses.LOSSES}, {*formulas.LOSSES}, {*problem.LOSSES}]),
    (OPTIMIZERS, [{*optimizers.OPTIMIZERS}, {*formulas.OPTIMIZERS}, {*problem.OPTIMIZERS}]),
    (SCHEDULES, [{*schedules.SCHEDULES}, {*oracle.SCHEDULES}]),
    (SCHEMES, [{*block._SCHEMES}]),
]


@pytest.mark.parametrize(("rows", "tables"), ROWS)
def test_every_row_is_carried_out_and_nothing_else_is(
    rows: Mapping[str, object], tables: list[set[str]]
) -> None:
    assert tables == [{*rows}] * len(tables)


def cells(heading: str) -> list[list[str]]:
    """The cells of the table below a heading of the page on study files."""
    section = REFERENCE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]


def taken(row: Schedule) -> str:
    return ", ".join(
        f"`{name}`" if default is None else f"`{name}` = {default}"
        for name, default in row.numbers.items()
    )


def test_every_row_is_described_as_it_is() -> None:
    def of(row: Activation | Loss) -> list[str]:
        return [f"`{row.name}`", row.formula, row.torch]

    def learning(row: Optimizer | Schedule, takes: str) -> list[str]:
        return [f"`{row.name}`", row.formula, takes, row.torch]

    assert cells("Activations") == [of(row) for row in ACTIVATIONS.values()]
    assert cells("Losses") == [of(row) for row in LOSSES.values()]
    assert cells("Optimizers") == [
        learning(row, ", ".join(f"`{name}`" for name in row.numbers)) for row in OPTIMIZERS.values()
    ]
    assert cells("Schedules") == [learning(row, taken(row)) for row in SCHEDULES.values()]


@pytest.mark.parametrize("row", OPTIMIZERS.values(), ids=lambda row: row.name)
def test_an_optimizer_takes_numbers_that_there_are(row: Optimizer) -> None:
    assert {*row.numbers} <= {*NUMBERS} - {*COMMON_NUMBERS}
    assert {*row.defaults} <= {*row.numbers, *COMMON_NUMBERS}
    assert row.kept_each == len(formulas.OPTIMIZERS[row.name].kept)


def test_it_imports_nothing_heavy() -> None:
    code = "import sys, sweep.catalogue; print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"numpy", "numba", "llvmlite", "pandas", "pyarrow", "sweep.study", "sweep.training"}
    assert not heavy & {*found.stdout.split()}
