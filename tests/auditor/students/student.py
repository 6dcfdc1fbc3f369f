"""A student's sheet, made of a layout, a seed and perhaps a mistake: contents and values."""

import math
import random
import re
from dataclasses import dataclass

from openpyxl.utils import get_column_letter

from tests.auditor.students.exercise import INPUTS, WEIGHTS, WORD, formulas, number
from tests.auditor.students.layouts import ORDERS, PLAIN, SPELLINGS, Layout
from tests.auditor.students.mistakes import Made, draw

SUBSCRIPTS = str.maketrans("123456789", "₁₂₃₄₅₆₇₈₉")
BIASES = {"layer": ("b1", "b2"), "unit": ("bh1", "bh2", "bo1", "bo2")}
LONG = (
    " = the derivative of the total error by this weight, that is, by the chain rule, "
    "∂E/∂a_o * ∂a_o/∂o * ... = {}"
)
MARKED = re.compile(r"\{[hageoy]\}")
NAMES = {"a1": "a_h1", "a2": "a_h2", "y1": "a_o1", "y2": "a_o2"}
NOTHING = ("see notes", "")
"""What a cell holds in place of a formula or a number."""


UNSEEN = ("rounded", "three rows below", "text", "an error", "a gap", "e rounded")
"""What values alone do not show: they may be rounded, go in a circle, or spread no number."""


@dataclass
class Student:
    """One sheet of one student: formulas, values, and where each quantity stands."""

    layout: Layout
    seed: int
    eta: float
    top: int
    left: int
    sheet: str
    mistake: str = ""

    def __post_init__(self) -> None:
        lay, self.draw = self.layout, random.Random(self.seed)
        update = lay.update
        self.right = formulas(self.draw, lay.kind, update, lay.biases)
        self.start = (
            WEIGHTS
            | lay.weights
            | {"b1": 0.35, "b2": 0.6, "bh1": 0.35, "bh2": 0.35, "bo1": 0.6, "bo2": 0.6}
        )
        self.columns = [r for r in self._order() if r not in lay.drop]
        for n in range(1, 9):
            if f"g{n}" in lay.drop:
                inner = WORD.sub(_of_the_row_before, self.right[f"g{n}"])
                self.right[f"w{n}"] = f"last_w{n}-eta*({inner})"
        self.made: Made | None = None
        self.values: dict[tuple[str, int], float] = {}
        self.heads = {role: self._heading(role) for role in self.columns}
        if "mistyped" in lay.extras:
            self.heads[self.draw.choice(["w3", "w2", "w6"])] = "Z"
        if self.mistake:
            self._spoil()

    def _order(self) -> list[str]:
        lay = self.layout
        order = list(ORDERS[lay.order])
        if lay.constants != "columns":
            order = [r for r in order if r not in INPUTS]
        if lay.rate == "column":
            order.insert(0, "eta")
        between = {"chain": ["away1", "away2", "sy1", "sy2", "back1", "back2", "sa1", "sa2"],
                   "delta": ["do1", "do2", "dh1", "dh2"], "direct": []}[lay.kind]  # fmt: skip
        at = order.index("g1") if "g1" in order else len(order)
        order[at:at] = between
        order += {
            "row": [],
            "new": [f"n{n}" for n in range(1, 9)],
            "change": [f"c{n}" for n in range(1, 9)],
        }[lay.update]
        if lay.biases:
            names = BIASES[lay.biases.split()[0]]
            if not lay.biases.endswith("cells"):
                at = order.index("h1")
                order[at:at] = names
            order += [f"g{b}" for b in names]
        if "step" in lay.extras:
            order.insert(0, "step")
        return order

    def _heading(self, role: str) -> str:
        if role == "step":
            return self.draw.choice(["step", "Iteration", "#", "epoch"])
        stem, digit = re.fullmatch(r"([a-z]+)(\d?)", role).groups()  # type: ignore[union-attr]
        form = SPELLINGS[self.layout.spelling].get(stem) or PLAIN.get(stem) or stem + "{}"
        if "{₁}" in form:
            return form.replace("{₁}", digit.translate(SUBSCRIPTS))
        if MARKED.search(form):
            told = WORD.sub(lambda m: NAMES.get(m[0], m[0]), self.right[role])
            return MARKED.sub(f"{digit} = {told}", form)
        if "{long}" in form:
            return form.replace("{long}", digit + LONG.format(self.right[role]))
        return form.format(digit)

    # what stands in a cell, and its value

    def content(self, role: str, step: int) -> str | float:
        """A formula's template, or a number or text."""
        value, made = self.rightly(role, step), self.made
        if made and role == made.role and step in made.rows:
            if made.name == "counted input":
                return float(value) + step
            if made.content == "first":
                return self.look(role, 0)
            if made.content is not None:
                return made.content
            if isinstance(value, str) and made.formula:
                return made.formula
        if isinstance(value, float) and self.layout.noise and step:
            value *= 1 + self.draw.choice([0, 2.3e-16, -2.3e-16, 4.5e-16, 1.1e-15])
        return value

    def rightly(self, role: str, step: int) -> str | float:
        """What belongs in a cell."""
        held = role[0] == "b" and "updated" not in self.layout.biases
        if role in self.start and (step == 0 or held):
            return self.start[role]
        given = {"step": float(step), "eta": self.eta, **INPUTS}
        return given[role] if role in given else self.right[role]

    def look(self, role: str, step: int) -> float:
        if step < 0 or step >= self.layout.rows + 5:
            return 0.0
        if (role, step) not in self.values:
            self.values[role, step] = 0.0
            circle = self.made and self.made.name == "three rows below"
            held = self.rightly(role, step) if circle else self.content(role, step)
            if isinstance(held, str) and held not in NOTHING:
                held = number(held, lambda where, word: self.meant(where, word, step))
            elif isinstance(held, str):
                held = math.nan if held else 0.0
            self.values[role, step] = held
        return self.values[role, step]

    def meant(self, where: str, role: str, step: int) -> float:
        """The value of a word of a formula in a row."""
        if where == "slid":
            return self.eta if step == 0 or (step == 1 and self.layout.update != "new") else 0.0
        to = {"": step, "last": step - 1, "next": step + 1, "row3": step + 3, "first": 0}[where]
        given = {"eta": self.eta, **INPUTS}
        if role in given and role not in self.columns:
            return given[role]
        return 0.0 if to >= self.layout.rows else self.look(role, to)

    def _possible(self, made: Made) -> bool:
        """Whether all that a wrong formula refers to is there to be referred to."""
        lay = self.layout
        for where, role in WORD.findall(made.formula or ""):
            there = role in self.columns or role == "eta" or role in ("EXP", "SUM")
            if not (there or (not where and role in INPUTS)):
                return False
            if where == "slid" and (lay.rate not in ("cell", "above", "sheet") or lay.gap):
                return False
        return not (made.name == "h2 is h1" and "unit" in lay.biases)

    def _spoil(self) -> None:
        lay = self.layout
        typed = lay.saved == "values" or lay.saved.startswith("round")
        if typed and self.mistake in UNSEEN:
            return
        made = draw(self.mistake, self.seed, self.right, set(self.columns), lay.rows)
        if made is None or not self._possible(made):
            return
        steps = range(lay.rows)
        before = [self.look(made.role, s) for s in steps]
        self.made = made
        self.values.clear()
        after = [self.look(made.role, s) for s in steps]
        if made.name in ("text", "an error", "a gap", "three rows below"):
            return
        pairs = zip(after, before, strict=True)
        gap = max(abs(a - b) / (abs(b) + 1e-12) for a, b in pairs)
        least = 1e-3 if lay.saved.startswith("round") else 1e-6
        if not gap > least or not all(map(math.isfinite, after)):
            self.made = None
            self.values.clear()

    # addresses

    def at(self, role: str, step: int) -> tuple[int, int]:
        along, down = self.places[role], 1 + self.layout.gap + step
        if self.layout.across:
            return self.top + along, self.left + down
        return self.top + down, self.left + along

    @property
    def places(self) -> dict[str, int]:
        found, at = {}, 0
        for n, role in enumerate(self.columns):
            if n and "gaps" in self.layout.extras and role in ("h1", "w5", "e1", "g1"):
                at += 1
            if role == "g1" and "blank column" in self.layout.extras:
                at += 2
            found[role] = at
            at += 1
        return found

    def address(self, where: str, role: str, step: int, homes: dict[str, str]) -> str:
        if role in homes and role not in self.columns:
            text = homes[role]
            if where == "slid":
                sheet, _, cell = text.rpartition("!")
                letters, row = re.fullmatch(r"\$?([A-Z]+)\$?(\d+)", cell).groups()  # type: ignore[union-attr]
                first = 0 if self.layout.update == "new" else 1
                return f"{sheet + '!' if sheet else ''}{letters}{int(row) + step - first}"
            return text
        to = {"": step, "last": step - 1, "next": step + 1, "row3": step + 3, "first": 0}[where]
        row, column = self.at(role, to)
        letter = get_column_letter(column)
        if where == "first":
            return f"${letter}{row}" if self.layout.across else f"{letter}${row}"
        return f"{letter}{row}"


def _of_the_row_before(word: re.Match[str]) -> str:
    return word[0] if word[2].isupper() or word[2] in INPUTS else f"last_{word[2]}"
