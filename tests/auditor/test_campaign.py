"""The audit campaign: generated sheets with mistakes put in, and what the auditor says of them.

The sheets are made by `sheets/`, which has its own formulas and arithmetic and imports nothing from
sweep. Some of the mistakes cannot be told apart by values alone (a rate from a cell with half the
rate, or the gradient of the weight whose input is half as large), hence the 80% for names.
"""

from collections import Counter, defaultdict
from pathlib import Path

import pytest

from sweep.auditor.auditing import Audit, audit
from tests.auditor.sheets.making import ALL, Case, draw_case, make

COLUMNS_FOUND, MISTAKES_NAMED = 0.95, 0.80


class Score:
    """What was put in, found and named, over many sheets."""

    def __init__(self) -> None:
        self.count: Counter[str] = Counter()
        self.missed: list[str] = []

    def add(self, case: Case, wrong: dict[str, set[str]], found: Audit) -> None:
        self.count["sheets"] += 1
        self.count["sheets without a mistake"] += not case.made
        self.count[f"sheets with {case.written} values"] += 1
        told: dict[str, set[str]] = defaultdict(set)
        causes: dict[str, set[str]] = defaultdict(set)
        for judged in found.tables:
            for finding in judged.wrong:
                assert finding.cause is not None
                told[judged.table.sheet].add(finding.column.heading)
                causes[finding.column.heading].add(finding.cause.mistake.name)
        for sheet, columns in wrong.items():
            self.count["wrong columns"] += len(columns)
            self.count["wrong columns found"] += len(columns & told[sheet])
            self.count["false alarms"] += len(told[sheet] - columns)
            if columns != told[sheet]:
                self.missed.append(f"{case}: {columns} told {told[sheet]}")
        for maker, made in case.made:
            named = {name for heading in made.headings for name in causes[heading]}
            self.count["mistakes"] += 1
            self.count["mistakes named"] += bool(named & set(made.names))
            if not named & set(made.names):
                self.missed.append(f"{case}: {maker} told {named}")


def run(seeds: range, rows: tuple[int, ...], directory: Path) -> Score:
    score = Score()
    for seed in seeds:
        case = draw_case(seed, list(ALL), rows)
        path = directory / f"{seed}.xlsx"
        wrong = make(case, path)
        score.add(case, wrong, audit(path))
        path.unlink()
    for what, count in score.count.items():
        print(f"{count:6} {what}")
    print(*score.missed, sep="\n")
    return score


def judge(score: Score) -> None:
    count = score.count
    assert count["wrong columns found"] >= COLUMNS_FOUND * count["wrong columns"]
    assert count["false alarms"] == 0
    assert count["mistakes named"] >= MISTAKES_NAMED * count["mistakes"]


def test_a_campaign(tmp_path: Path) -> None:
    score = run(range(68), (40, 40, 40, 100), tmp_path)
    judge(score)
    assert score.count["sheets"] >= 60
    assert score.count["mistakes"] >= 50
    assert score.count["sheets without a mistake"] >= 10
    for written in ("cached", "absent", "values"):
        assert score.count[f"sheets with {written} values"] >= 10


@pytest.mark.soak
def test_a_long_campaign(tmp_path: Path) -> None:
    judge(run(range(100, 440), (40, 100, 100, 1000), tmp_path))


@pytest.mark.parametrize("layout", ALL)
@pytest.mark.parametrize("written", ["cached", "absent", "values"])
def test_a_sheet_without_a_mistake_is_correct(layout: str, written: str, tmp_path: Path) -> None:
    path = tmp_path / "right.xlsx"
    make(Case(layout, style=7, variant=1, rows=12, written=written), path)
    found = audit(path)
    assert found.correct
    assert not any(judged.affected or judged.unread for judged in found.tables)
    assert {judged.table.rows for judged in found.tables} == {12}
    # Excel's and Python's powers and exponentials differ in the last bits.
    assert max(judged.largest for judged in found.tables) < 1e-11
