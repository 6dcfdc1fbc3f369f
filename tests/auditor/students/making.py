"""The workbook that a student hands in: a layout's sheets with all that stands on them."""

import math
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import xlsxwriter
from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.workbook.defined_name import DefinedName

from tests.auditor.students.exercise import INPUTS, WEIGHTS, WORD, number
from tests.auditor.students.layouts import LAYOUTS, SPELLINGS
from tests.auditor.students.mistakes import Made
from tests.auditor.students.student import BIASES, NOTHING, Student


class Pad:
    """The cells of a workbook to be: content and value by sheet, row and column."""

    def __init__(self) -> None:
        self.cells: dict[str, dict[tuple[int, int], tuple[Any, Any]]] = {}
        self.names: dict[str, str] = {}
        self.symbols: list[tuple[str, int, int]] = []

    def put(self, sheet: str, row: int, column: int, content: Any, value: Any = None) -> None:
        held = self.cells.setdefault(sheet, {})
        assert (row, column) not in held, (sheet, row, column, content, held[row, column])
        held[row, column] = (content, content if value is None else value)

    def save(self, path: Path, saved: str) -> None:
        """Write the workbook: with the values of formulas as `saved` says, or without."""
        (self._save_plain if saved == "none" else self._save_computed)(path, saved)

    def _save_plain(self, path: Path, _: str) -> None:
        book = Workbook()
        book.remove(book.active)
        for name, cells in self.cells.items():
            sheet = book.create_sheet(name)
            for (row, column), (content, _value) in cells.items():
                cell = sheet.cell(row, column, content)
                if (name, row, column) in self.symbols:
                    cell.font = Font(name="Symbol")
        for name, where in self.names.items():
            book.defined_names[name] = DefinedName(name, attr_text=where)
        book.save(path)

    def _save_computed(self, path: Path, saved: str) -> None:
        book = xlsxwriter.Workbook(str(path), {"strings_to_formulas": False})
        for name, cells in self.cells.items():
            sheet = book.add_worksheet(name)
            for (row, column), (content, value) in cells.items():
                if isinstance(content, str) and content.startswith("="):
                    sheet.write_formula(row - 1, column - 1, content, None, _shown(value, saved))
                elif content != "":
                    sheet.write(row - 1, column - 1, content)
        for name, where in self.names.items():
            book.define_name(name, f"={where}")
        book.close()


def _shown(value: float, saved: str) -> float | str:
    """What a program saves as a formula's result."""
    if saved == "stale":
        return 0
    if not math.isfinite(value):
        return "#DIV/0!"
    return float(f"{value:.10g}") if saved == "ten" else value


def make(
    name: str, seed: int, path: Path, mistake: str = ""
) -> tuple[list[tuple[str, str]], Made | None]:
    """Write a layout's workbook; return sheet and heading of the wrong column, and the mistake."""
    lay = LAYOUTS[name]
    chance = random.Random(f"{name}{seed}")
    rates = [lay.eta] if lay.tables == "one" else [0.1, 0.5, 2.0]
    sheet = chance.choice(["Sheet1", "Backprop", "Tabelle1"])
    pad, made = Pad(), None
    wrong: list[tuple[str, str]] = []
    top, left = lay.corner
    for eta in rates:
        where = f"LR {eta}" if lay.tables == "sheets" else sheet
        spoilt = mistake if eta == rates[-1] else ""
        student = Student(lay, seed * 7 + 1, eta, top, left, where, spoilt)
        top += (lay.rows + 6) * (lay.tables == "below")
        left += (len(student.columns) + 3) * (lay.tables == "beside")
        _write(pad, student, chance)
        if student.made:
            made = student.made
            wrong.append((where, student.heads[made.role]))
    pad.save(path, lay.saved)
    return wrong, made


LATER = ("o1", "y1", "o2", "y2", "e1", "e2", "et", *(f"g{n}" for n in range(1, 9)))
"""What an unfinished row lacks."""


def _write(pad: Pad, s: Student, chance: random.Random) -> None:
    lay = s.layout
    homes = _constants(pad, s)
    for role, heading in s.heads.items():
        along = s.places[role]
        row, column = (s.top + along, s.left) if lay.across else (s.top, s.left + along)
        pad.put(s.sheet, row, column, heading)
    last = lay.rows - (1 if "unfinished" in lay.extras else 0)
    for step in range(lay.rows):
        for role in s.columns:
            if step < last or role not in LATER:
                pad.put(s.sheet, *s.at(role, step), *_cell(s, role, step, homes))
    if "next weights" in lay.extras:
        before = lay.rows - 1
        for role in (f"w{n}" for n in range(1, 9)):
            text = s.right[role]
            value = number(text, lambda _, r: s.eta if r == "eta" else s.look(r, before))
            pad.put(s.sheet, *s.at(role, lay.rows), _addressed(s, text, lay.rows, homes), value)
    for extra in lay.extras:
        if extra in EXTRAS:
            EXTRAS[extra](pad, s, s.left + len(s.columns) + (8 if "gaps" in lay.extras else 2))


def _addressed(s: Student, text: str, step: int, homes: dict[str, str]) -> str:
    """A formula with the addresses of cells."""

    def named(word: re.Match[str]) -> str:
        function = word[2].isupper()
        return word[0] if function else s.address(word[1] or "", word[2], step, homes)

    return "=" + WORD.sub(named, text)


def _cell(s: Student, role: str, step: int, homes: dict[str, str]) -> tuple[str | float, float]:
    """What is written into a cell, and its value."""
    held, value, saved = s.content(role, step), s.look(role, step), s.layout.saved
    if isinstance(held, str) and held not in NOTHING:
        rounded = saved.startswith("round")
        if not rounded and saved != "values":
            return _addressed(s, held, step, homes), value
        held = round(value, int(saved[-1])) if rounded else value
    return held, value


def _constants(pad: Pad, s: Student) -> dict[str, str]:
    """Write the constants where the layout has them; return how formulas name them."""
    lay, homes = s.layout, {}
    given = [] if lay.constants in ("columns",) else list(INPUTS)
    if lay.constants == "typed":
        homes |= {role: repr(INPUTS[role]) for role in given}
        given = []
    sheet, row, column = s.sheet, 1, 1
    if lay.constants == "sheet" or lay.rate == "sheet":
        sheet = "Parameters"
    labels = SPELLINGS[lay.spelling]
    cells: list[tuple[str, str, float]] = [
        (
            role,
            (labels.get(role[0]) or role[0] + "{}").replace("{₁}", "{}").format(role[1]),
            INPUTS[role],
        )
        for role in given
    ]
    if lay.biases.endswith("cells"):
        cells += [(b, b, s.start[b]) for b in BIASES[lay.biases.split()[0]]]
    if lay.rate in ("cell", "sheet", "named"):
        cells.append(("eta", lay.label, s.eta))
    if lay.across or (cells and sheet == s.sheet):
        column = s.left + len(s.columns) + 3 if not lay.across else 1
        row = s.top + 1 if not lay.across else 1
    for n, (role, label, value) in enumerate(cells):
        pad.put(sheet, row + n, column, label)
        pad.put(sheet, row + n, column + 1, value)
        address = f"${get_column_letter(column + 1)}${row + n}"
        homes[role] = address if sheet == s.sheet else f"{sheet}!{address}"
        if lay.constants == "named" or (lay.rate == "named" and role == "eta"):
            name = {"eta": "eta"}.get(role, f"{role[:-1]}_{role[-1]}")
            pad.names[name] = f"{sheet}!{address}"
            homes[role] = name
    _rate(pad, s, homes)
    return homes


def _rate(pad: Pad, s: Student, homes: dict[str, str]) -> None:
    lay = s.layout
    row, column = (
        (s.top - 1, s.left + 3) if not lay.across else (s.top + len(s.columns) + 2, s.left)
    )
    letter = get_column_letter(column + 1)
    if lay.rate == "above":
        pad.put(s.sheet, row, column, lay.label)
        pad.put(s.sheet, row, column + 1, s.eta)
        homes["eta"] = f"${letter}${row}"
        if "symbol" in lay.extras:
            pad.symbols.append((s.sheet, row, column))
    elif lay.rate == "typed":
        homes["eta"] = repr(s.eta)
    elif lay.rate == "text":
        pad.put(s.sheet, row, column, f"{lay.label}{s.eta}")
        homes["eta"] = repr(s.eta)
    elif lay.rate == "list":
        pad.put(s.sheet, row, column, lay.label)
        for n, rate in enumerate((0.1, 0.2, 0.5, 0.8, 1.0, 2.0)):
            pad.put(s.sheet, row, column + 1 + n, rate)
            if rate == s.eta:
                homes["eta"] = f"${get_column_letter(column + 1 + n)}${row}"
    elif lay.rate == "bare":
        pad.put(s.sheet, row, column + 1, s.eta)
        homes["eta"] = f"${letter}${row}"


def _helper(pad: Pad, s: Student, right: int) -> None:
    pad.put(s.sheet, s.top, right, "A")
    for step in range(s.layout.rows):
        y, t = (s.address("", r, step, {}) for r in ("y1", "t1"))
        value = (s.look("y1", step) - s.look("t1", step)) * s.look("y1", step)
        pad.put(s.sheet, s.top + 1 + step, right, f"=({y}-{t})*{y}", value)


def _curves(pad: Pad, s: Student, right: int) -> None:
    for n, rate in enumerate((0.1, 0.5, 1, 2)):
        pad.put(s.sheet, s.top, right + n, f"E_{rate}")
        for step in range(s.layout.rows):
            value = round(0.24 / (1 + rate * step / 9), 8)
            pad.put(s.sheet, s.top + 1 + step, right + n, value)


def _notes(pad: Pad, s: Student, _: int) -> None:
    lines = ("steps to illustrate w6", "the rate of w5 is taken from step 3", "E decreases in 12")
    for n, line in enumerate(lines):
        pad.put(s.sheet, s.top + s.layout.rows + 4 + n, 2, line)


def _derivation(pad: Pad, s: Student, _: int) -> None:
    lines = [
        "h1 = w1*i1 + w2*i2", "h2 = w3*i1 + w4*i2", "a_h1 = σ(h1) = 1/(1 + exp(-h1))",
        "o1 = w5*a_h1 + w6*a_h2", "o2 = w7*a_h1 + w8*a_h2", "a_o1 = σ(o1)", "E_total = E1 + E2",
        "E1 = ½ * (t1 - a_o1)²", "∂E_total/∂w5 = ∂(E1 + E2)/∂w5", "∂E_total/∂w5 = ∂E1/∂w5",
        "∂E_total/∂w5 = (a_01 - t1) * a_o1 * (1 - a_o1) * a_h1", "w5 = w5 - ƞ * ∂E_total/∂w5",
    ]  # fmt: skip
    for n, line in enumerate(lines):
        pad.put(s.sheet, 3 + n, 1 + 5 * (n % 3), line)
    for n, (w, v) in enumerate(WEIGHTS.items()):
        pad.put(s.sheet, 20 + n % 4, 20 + 2 * (n // 4), f"{w} = {v}")


def _units(pad: Pad, s: Student, _: int) -> None:
    for role in s.columns[:5]:
        pad.put(s.sheet, s.top + 1, s.left + s.places[role], "(-)")


def _averages(pad: Pad, s: Student, _: int) -> None:
    rows, at = s.layout.rows, s.left + s.places["et"]
    letter = get_column_letter(at)
    mean = sum(s.look("et", n) for n in range(rows)) / rows
    text = f"=AVERAGE({letter}{s.top + 1}:{letter}{s.top + rows})"
    pad.put(s.sheet, s.top + rows + 3, at - 1, "mean")
    pad.put(s.sheet, s.top + rows + 3, at, text, mean)


def _groups(pad: Pad, s: Student, _: int) -> None:
    groups = {"w1": "Weights", "i1": "Given", "h1": "Forward pass", "g1": "Backward pass"}
    for role, text in groups.items():
        place = (s.top - 1, s.left + s.places[role])
        if place not in pad.cells[s.sheet]:
            pad.put(s.sheet, *place, text)


def _title(pad: Pad, s: Student, _: int) -> None:
    pad.put(s.sheet, 1, 1, "Backpropagation of a 2-2-2 network, lr 7")


EXTRAS: dict[str, Callable[[Pad, Student, int], None]] = {
    "helper": _helper,
    "curves": _curves,
    "curves touching": lambda pad, s, right: _curves(pad, s, right - 2),
    "notes": _notes,
    "title": _title,
    "derivation": _derivation,
    "units row": _units,
    "averages": _averages,
    "groups": _groups,
}
"""What else stands on sheets."""
