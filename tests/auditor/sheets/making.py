"""Cases drawn from a seed, and the files that they become."""

import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import xlsxwriter
from openpyxl.utils import get_column_letter

from tests.auditor.sheets.exercise import REFERENCE, compute, formulas
from tests.auditor.sheets.layouts import LAYOUTS, Layout, Plan
from tests.auditor.sheets.mistakes import MAKERS, Injected
from tests.auditor.sheets.others import HELD_OUT, LATE

ALL = LAYOUTS | HELD_OUT | LATE


@dataclass
class Case:
    """One sheet: how it is laid out and written, and the mistakes in it."""

    layout: str
    style: int = 0
    variant: int = 0
    rows: int = 40
    eta: float = 0.5
    written: str = "cached"  # "absent": formulas alone; "values": values alone
    wanted: tuple[int, ...] = ()  # which makers
    seed: int = 0
    made: list[tuple[str, Injected]] = field(default_factory=list)


def draw_case(seed: int, layouts: list[str], rows: tuple[int, ...] = (40, 40, 40, 100)) -> Case:
    """A case: one mistake mostly, sometimes none or two."""
    draw = np.random.default_rng(seed)
    count = int(draw.choice([0, 1, 1, 1, 2]))
    return Case(
        layout=layouts[seed % len(layouts)],
        style=int(draw.integers(60)),
        variant=int(draw.integers(6)),
        rows=int(draw.choice(rows)),
        eta=float(draw.choice([0.1, 0.2, 0.5, 0.8, 1.0, 2.0])),
        written=str(draw.choice(["cached", "absent", "values"])),
        wanted=tuple(int(n) for n in draw.choice(len(MAKERS), count, replace=False)),
        seed=seed,
    )


class Table:
    """The cells of one plan's table: what is written there and what it comes to."""

    def __init__(self, plan: Plan, layout: Layout, case: Case) -> None:
        self.plan = plan
        self.columns = [role for role, _ in plan.columns]
        self.right = formulas(case.style, layout.kind)
        if layout.new:
            self.right |= {f"w{n}": f"[-1:n{n}]" for n in range(1, 9)}
        if layout.kind == "change":
            self.right |= {f"c{n}": f"-[eta]*[g{n}]" for n in range(1, 9)}
            self.right |= {f"w{n}": f"[-1:w{n}]+[-1:c{n}]" for n in range(1, 9)}
        if layout.kind == "inline":
            for n in range(1, 9):
                gradient = REFERENCE.sub(r"[-1:\2]", self.right[f"g{n}"])
                self.right[f"w{n}"] = f"[-1:w{n}]-[eta]*({gradient})"
        self.mistakes: list[Injected] = []
        self.values: dict[tuple[str, int], float] = {}

    def formula(self, role: str, step: int) -> str | float:
        """What a cell holds: a formula, or a number."""
        plan = self.plan
        if role in plan.inputs:
            return plan.inputs[role]
        if role == "eta":
            return plan.eta
        if role == "step":
            return float(step)
        text: str | float = (
            plan.initial[role] if role in plan.initial and step == 0 else self.right[role]
        )
        for mistake in self.mistakes:
            if role in mistake.columns and mistake.rows[0] <= step < mistake.rows[1]:
                if mistake.constant == "first":
                    return self.look(role, 0)
                if mistake.constant is not None:
                    return mistake.constant
                if isinstance(text, str):
                    text = mistake.formulas[role]
        return text

    def look(self, role: str, step: int) -> float:
        """The value of a role at a step, whether or not it has a column."""
        if step < 0 or step >= self.plan.rows:
            return 0.0
        if (role, step) not in self.values:
            held = self.formula(role, step)
            value = compute(held, self.look, step) if isinstance(held, str) else held
            self.values[role, step] = value
        return self.values[role, step]

    def at(self, role: str, step: int) -> tuple[int, int]:
        row, column = self.plan.heading
        along, down = self.columns.index(role), 1 + self.plan.gap + step
        return (
            (row + along, column + down) if self.plan.transposed else (row + down, column + along)
        )

    def address(self, role: str, step: int, dollar: bool = False) -> str:
        if role in self.plan.constants:
            return self.plan.constants[role]
        row, column = self.at(role, step)
        letter = get_column_letter(column)
        return f"{letter}${row}" if dollar and not self.plan.transposed else (
            f"${letter}{row}" if dollar else f"{letter}{row}")  # fmt: skip

    def written(self, text: str, step: int) -> str:
        """A formula with the addresses of cells."""

        def address(match: re.Match[str]) -> str:
            where = match[1] or "+0:"
            if where == "$":
                return self.address(match[2], 0, dollar=True)
            return self.address(match[2], step + int(where[:-1]))

        return "=" + REFERENCE.sub(address, text)


def inject(table: Table, layout: Layout, case: Case) -> None:
    """Put the case's mistakes into a table, those that have a place there."""
    draw = np.random.default_rng(case.seed + 1000)
    context = {"columns": table.columns, "rows": table.plan.rows, "new": layout.new}
    for at in case.wanted:
        present = {r: f for r, f in table.right.items() if r in table.columns}
        helpers = {r: f for r, f in table.right.items() if r not in present}
        mine: Any = Right(present, helpers)
        mine["_h"] = "" if "h1" not in table.columns else "yes"
        made = MAKERS[at](draw, mine, context)
        taken = {c for m in table.mistakes for c in m.columns}
        headings = dict(table.plan.columns)
        if made:
            made.headings = tuple(headings[c] for c in made.columns if c in headings)
        if made and not taken & set(made.columns) and _visible(table, made):
            table.mistakes.append(made)
            case.made.append((MAKERS[at].__name__, made))
    table.values.clear()


class Right(dict[str, str]):
    """The present columns' formulas; those of others can be looked up but are not listed."""

    def __init__(self, present: dict[str, str], helpers: dict[str, str]) -> None:
        super().__init__(present)
        self.helpers = helpers

    def __missing__(self, role: str) -> str:
        return self.helpers[role]


def _visible(table: Table, made: Injected) -> bool:
    """Whether the mistake changes a number at all, and only refers to columns that exist."""
    for text in made.formulas.values():
        if any(
            r not in table.columns and r not in table.plan.constants
            for _, r in REFERENCE.findall(text)
        ):
            return False
    before = [table.look(c, s) for c in made.columns for s in range(table.plan.rows)]
    table.values.clear()
    table.mistakes.append(made)
    after = [table.look(c, s) for c in made.columns for s in range(table.plan.rows)]
    table.mistakes.pop()
    table.values.clear()
    change = [abs(a - b) / (abs(b) + 1e-12) for a, b in zip(after, before, strict=True)]
    return max(change) > 1e-7 and all(math.isfinite(a) for a in after)


def make(case: Case, path: Path) -> dict[str, set[str]]:
    """Write the case's file; return the wrong headings by sheet, and fill in `case.made`."""
    layout = ALL[case.layout]
    wrong: dict[str, set[str]] = {}
    tables = []
    for plan in layout.plans(case.rows, case.eta, case.variant):
        table = Table(plan, layout, case)
        if plan.columns and plan.broken and case.wanted:
            inject(table, layout, case)
        headings = dict(plan.columns)
        wrong.setdefault(plan.name, set())
        wrong[plan.name] |= {headings[c] for m in table.mistakes for c in m.columns}
        tables.append(table)
    (_write_plain if case.written == "absent" else _write_cached)(case, layout, tables, path)
    return wrong


def _write_cached(case: Case, layout: Layout, tables: list[Table], path: Path) -> None:
    book = xlsxwriter.Workbook(str(path), {"strings_to_numbers": False})
    for table in tables:
        name = table.plan.name
        sheet = book.get_worksheet_by_name(name) or book.add_worksheet(name)
        for first, left, last, right in table.plan.merges:
            sheet.merge_range(first - 1, left - 1, last - 1, right - 1, "")
        for (row, column), value in table.plan.cells.items():
            sheet.write(row - 1, column - 1, value)
        for row, column, held, value in _cells(table):
            if isinstance(held, str) and held.startswith("=") and case.written != "values":
                sheet.write_formula(row - 1, column - 1, held, None, value)
            else:
                sheet.write(row - 1, column - 1, value)
    for name, (sheet_name, row, column) in layout.names.items():
        book.define_name(name, f"={sheet_name}!${get_column_letter(column)}${row}")
    book.close()


def _write_plain(case: Case, layout: Layout, tables: list[Table], path: Path) -> None:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for table in tables:
        name = table.plan.name
        sheet = book[name] if name in book else book.create_sheet(name)
        for (row, column), value in table.plan.cells.items():
            sheet.cell(row, column, value)
        for first, left, last, right in table.plan.merges:
            sheet.merge_cells(start_row=first, start_column=left, end_row=last, end_column=right)
        for row, column, held, _ in _cells(table):
            sheet.cell(row, column, held)
    for name, (sheet_name, row, column) in layout.names.items():
        target = f"{sheet_name}!${get_column_letter(column)}${row}"
        book.defined_names[name] = openpyxl.workbook.defined_name.DefinedName(
            name, attr_text=target
        )
    book.save(path)


def _cells(table: Table) -> list[tuple[int, int, Any, Any]]:
    """Row, column, what is written and its value, headings first."""
    row, column = table.plan.heading
    found: list[tuple[int, int, Any, Any]] = []
    for at, (_, heading) in enumerate(table.plan.columns):
        place = (row + at, column) if table.plan.transposed else (row, column + at)
        found.append((*place, heading, heading))
    for step in range(table.plan.rows if table.columns else 0):
        for role in table.columns:
            held = table.formula(role, step)
            value = table.look(role, step)
            text = table.written(held, step) if isinstance(held, str) else held
            found.append((*table.at(role, step), text, value))
    return found
