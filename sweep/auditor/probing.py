"""What a student's formula computes, tried on random states of the exercise.

References become quantities through the sheet's layout. On rows where every quantity is right, a
formula is right if its value is, whichever way it is written; and a wrong one is explained by the
single change that makes it right.
"""

import math
import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any

import numpy as np

from sweep.auditor import mistakes
from sweep.auditor.book import Book, Home, address, cells_of, spot_of
from sweep.auditor.changing import expanded, find, parts, renamed, spelled, symbols
from sweep.auditor.formulas import (
    LIST,
    Area,
    Call,
    Cell,
    FormulaError,
    Name,
    Number,
    Tree,
    parse,
    replace,
)
from sweep.auditor.layout import Table
from sweep.auditor.mistakes import Explained, explained
from sweep.auditor.model import State, parted, symbol_of, trajectory
from sweep.auditor.roles import ALL_BIASES, QUANTITIES, UNITS, WEIGHTS

FARTHEST, SAMPLES = 7, 5
"""Each state is a row with seven before and seven after it, so that other rows can be meant."""

EXACT = 1e-9
"""Formulas that are written another way differ by 1e-13 or less, since the states are of size 1; a
2.71828 for e differs by 1e-7."""

MOST_MEANINGS = 12
"""If the cells that one formula refers to mean something else in more rows than these, the rows
beyond are taken to be as wrong as the last."""

DERIVED = re.compile(r"[dm]_|[nck]\d")
"""Quantities that a sheet need not have columns for."""

DEEPEST = 12
"""How many cells without a heading a formula may lead through."""

CURVES = {
    "1/1+EXP(-x)": "1/1+EXP(-x): 1 + EXP(-x) belongs in brackets",
    "1/(1-EXP(-x))": "1-EXP(-x) where 1+EXP(-x) belongs",
    "1+EXP(-x)": "1/... is missing",
    "EXP(-x)": "EXP(-x) alone",
    "EXP(x)": "EXP(x) alone",
    "1/EXP(-x)+1": "1/EXP(-x)+1: EXP(-x) + 1 belongs in brackets",
    "1/1-EXP(-x)": "1/1-EXP(-x)",
    "TANH(x)": "TANH where the sigmoid belongs",
    "MAX(0,x)": "MAX(0, x) where the sigmoid belongs",
    "LN(1+EXP(x))": "LN(1 + EXP(x)) where the sigmoid belongs",
    "x*(1-x)": "x (1 - x) where the sigmoid belongs",
    "(1/(1+EXP(-x)))*(1-1/(1+EXP(-x)))": "the sigmoid's derivative",
}
"""What stands where the sigmoid belongs."""

ROUNDED_E = ("2.71", "2.718", "2.7182", "2.7183", "2.71828", "2.718281828")

Verdict = Explained | FormulaError | None
"""A mistake, a formula that cannot be read, or nothing to say."""


class Prober:
    """Judges the formulas of one table."""

    def __init__(self, table: Table, book: Book, constants: dict[str, Any]) -> None:
        self.table, self.book = table, book
        rows = 2 * FARTHEST + 1
        self.state = trajectory(constants, rows, SAMPLES, 20, table.biases, table.moving)
        self.state["step"] = 0.317  # nothing has a use for it
        self.places: dict[Home, tuple[str, int]] = {
            (table.sheet, spot): (column.role, step)
            for column in table.columns
            if column.role
            for step, spot in enumerate(column.spots)
        }
        values = book.sheets[table.sheet].values
        for column in table.columns:
            for before, step, on in ((0, -1, -1), (-1, table.rows, 1)):
                row, at = column.spots[before]
                spot = (row, at + on) if table.across else (row + on, at)
                home = (table.sheet, spot)
                blank = not book.has_formula(home) and not isinstance(values.get(spot), float)
                if column.role and blank:  # above the first row, or below the last
                    self.places.setdefault(home, (column.role, step))
        self.roles = {role for role, _ in self.places.values()} | {*table.constants}
        self.cells: dict[str, Home] = {}
        """The cells that symbols name, of those that are no quantities."""
        self._judged: dict[tuple[str, str], dict[Hashable, Verdict]] = {}

    def meaning(self, home: Home, step: int) -> tuple[str, int] | None:
        """Return what a cell means for a formula in row `step`: a role, and how many rows away."""
        if home in self.places:
            role, at = self.places[home]
            return role, 0 if role in self.table.fixed else at - step
        role = self.table.homes.get(home, "")
        return (role, 0) if role else None

    def judge(self, home: Home, role: str, step: int) -> Explained | None:
        """Return what is wrong with the formula of a cell; None if it is right.

        Raises:
            FormulaError: it, or what it leads to, is not arithmetic.
        """
        known = self._judged.setdefault((self.book.sheets[home[0]].formulas[home[1]], role), {})
        key = tuple(self._sign(cell, home, step) for cell in self.book.cells(home))
        if key not in known and len(known) < MOST_MEANINGS:
            try:
                known[key] = self._judge(home, role, step)
            except FormulaError as error:
                known[key] = error
        found = known.get(key, next(reversed(known.values())))
        if isinstance(found, FormulaError):
            raise found
        return found

    def _sign(self, cell: Home, home: Home, step: int) -> Hashable:
        """Return what tells apart the cells of one formula that mean different things."""
        meant = self.meaning(cell, step)
        if meant:
            return meant[0], meant[1] if abs(meant[1]) < FARTHEST else "far"
        if self.book.has_formula(cell):
            return cell[0], cell[1][0] - home[1][0], cell[1][1] - home[1][1]
        value = self.book.value(cell)
        return None if np.isnan(value) else value

    def _judge(self, home: Home, role: str, step: int) -> Explained | None:
        pins: dict[str, str] = {}
        tree = self.symbolic(home, step, pins)
        value = self.state.of(tree)
        if self._right(tree, role):
            return None
        return (
            self._smoothed(tree, role)
            or self._slid(home, role, step)
            or self._rowed(tree, pins, role)
            or (None if np.isfinite(_here(value)).any() else Explained(mistakes.ERROR))
            or _curve(role, self.state, lambda tried: same(tried, value))
            or self._repaired(tree, pins, role)
            or Explained(mistakes.UNKNOWN)
        )

    def symbolic(
        self,
        home: Home,
        step: int,
        pins: dict[str, str],
        deep: int = 0,
        slides: set[str] | None = None,
    ) -> Tree:
        """Return a cell's formula with symbols in place of cells.

        A cell that means nothing is what its own formula says, or a symbol such as "B3"; `pins`
        gets the address of each symbol whose reference a `$` keeps in its row. With `slides`, which
        gets their names, constants are put back whose references have moved down with the row.

        Raises:
            FormulaError: it leads through too many cells, or cannot be read.
        """
        if deep > DEEPEST:
            raise FormulaError("a formula that leads through too many cells")

        def named(part: Tree) -> Tree:
            if isinstance(part, Name):
                return replace(self.book.named(part), named)
            if isinstance(part, Area):
                rows = cells_of(part, home)
                leaves = [tuple(self._leaf(c, home, step, {}, deep) for c in row) for row in rows]
                return Call(LIST, tuple(Call(LIST, row) for row in leaves))
            if isinstance(part, Cell):
                place = part.column if self.table.across else part.row
                moved = None if slides is None or place.pinned else spot_of(part, home)
                if slides is not None and moved and (meant := self._slid_from(moved, step)):
                    slides.add(meant)
                    return Name(meant)
                kept = pins if place.pinned else {}
                return self._leaf(spot_of(part, home), home, step, kept, deep)
            return part

        return replace(self.book.tree(home), named)

    def _leaf(self, cell: Home, home: Home, step: int, pins: dict[str, str], deep: int) -> Tree:
        """Return what a cell is in a formula, and note where it is in `pins`."""
        meant = self.meaning(cell, step)
        if meant:
            symbol = symbol_of(*meant)
        elif self.book.has_formula(cell):
            return self.symbolic(cell, step, {}, deep + 1)
        else:
            symbol = address(cell[1]) if cell[0] == home[0] else f"{cell[0]}!{address(cell[1])}"
            self.cells[symbol] = cell
            self.state[symbol] = self.book.value(cell)
        pins[symbol] = address(cell[1])
        return Name(symbol)

    def rate_of(self, home: Home, role: str, step: int) -> Home | float | None:
        """Return the cell, or typed number, that an update has for the rate; None if none is."""
        tree = self.symbolic(home, step, {})
        rate = "etab" if role in ALL_BIASES else "eta"
        for symbol in symbols(tree):
            known = symbol in self.cells or symbol == rate
            if known and self._right(renamed(tree, {symbol: rate}), role):
                homes = {role: home for home, role in self.table.homes.items()}
                return self.cells.get(symbol) or homes.get(rate)
        for number in set(_numbers(tree)):
            if self._right(_exchanged(tree, {Number(number): Name(rate)}), role):
                return number
        return None

    def _smoothed(self, tree: Tree, role: str) -> Explained | None:
        """Right but for ROUND, or for a number typed for e."""

        def exact(part: Tree) -> Tree:
            rounds = isinstance(part, Call) and part.function.startswith("ROUND")
            return part.arguments[0] if isinstance(part, Call) and rounds else part

        near_e = {Number(n): Number(math.e) for n in _numbers(tree) if abs(n - math.e) < 0.02}
        for mistake, changed in (
            (mistakes.ROUNDED, replace(tree, exact)),
            (mistakes.E_ROUNDED, _exchanged(tree, near_e)),
        ):
            if changed != tree and self._right(changed, role):
                return Explained(mistake)
        return None

    def _slid(self, home: Home, role: str, step: int) -> Explained | None:
        """Right but for references to cells above that move down with the row."""
        slides: set[str] = set()
        tree = self.symbolic(home, step, {}, slides=slides)
        if not slides or not self._right(tree, role):
            return None
        names = sorted(map(spelled, slides))
        told = " and ".join(f"{name}'s" for name in names)
        slide = "references slide" if len(names) > 1 else "reference slides"
        return Explained(mistakes.SLIDES, f"{told} {slide}, for want of a $")

    def _slid_from(self, cell: Home, step: int) -> str | None:
        """Which constant a reference to a cell meant, if it has moved down with its row since."""
        along = self.table.across
        for (sheet, start), name in self.table.homes.items():
            beside = sheet == cell[0] and cell[1][not along] == start[not along]
            if step and beside and cell[1][along] - start[along] == step:
                return name
        return None

    def _rowed(self, tree: Tree, pins: dict[str, str], role: str) -> Explained | None:
        """Right but for references that stay in a row, for a rate's that slides, or for both."""
        update = role in (*WEIGHTS, *ALL_BIASES)
        stays = {s: parted(s)[1] for s in symbols(tree) if s in pins and s not in self.cells}
        stays = {s: name for s, name in stays.items() if name not in self.table.fixed}
        ways = [{s: symbol_of(n, -1 if update else 0) for s, n in stays.items()}, stays]
        for names in ways:
            if self._right(renamed(tree, names), role):
                return Explained(mistakes.PINNED, _kept(names, pins))
        rate = "etab" if role in ALL_BIASES else "eta"
        for symbol in symbols(tree) if update or role[0] in "nck" else ():
            for names in ({}, *ways):
                if symbol in names or not self._right(renamed(tree, {**names, symbol: rate}), role):
                    continue
                told = f"{spelled(symbol)} where {spelled(rate)} belongs"
                if symbol in self.cells and symbol not in pins:
                    told += "; its reference slides, for want of a $"
                if names:
                    return Explained(mistakes.PINNED, f"{_kept(names, pins)}; and {told}")
                return Explained(mistakes.RATE, told)
        return None

    def _repaired(self, tree: Tree, pins: dict[str, str], role: str) -> Explained | None:
        """Find the single change that makes the formula right."""
        tree, wanted = self._folded(tree), ways_of(role, self.state, self.there)
        into = sorted({name for way in wanted for name in symbols(way)})
        change = find(tree, wanted[:3], lambda one: self._right(one, role), into)
        if change is None:
            value, others = self.state.of(tree), [*into, *QUANTITIES]
            return explain(role, self.state, lambda one: same(one, value), self.there, others)
        found, stands = explained(change, role), change.stands
        pinned = change.kind == "another" and stands in pins and stands not in self.cells
        if pinned and parted(stands)[1] == parted(change.belongs)[1]:
            return Explained(mistakes.PINNED, f"{pins[stands]} stays; {found.told}")
        return found

    def _folded(self, tree: Tree) -> Tree:
        """Return a formula with what has no column and is written out by its name."""
        units = [unit for unit in UNITS if not self.there(unit)]

        def folded(part: Tree) -> Tree:
            whole = isinstance(part, Call) and part.function != LIST
            named = (Name(unit) for unit in units if whole and self._right(part, unit))
            return next(named, part)

        return replace(tree, folded)

    def _right(self, tree: Tree, role: str) -> bool:
        """Whether a formula gives what a role is."""
        return same(self.state.of(tree), self.state[role])

    def there(self, symbol: str) -> bool:
        """Whether a symbol is of a column here."""
        return parted(symbol)[1] in self.roles


def _kept(names: dict[str, str], pins: dict[str, str]) -> str:
    told = [f"a $ keeps {parted(s)[1].replace('d_et_', 'dE/d')} at {pins[s]}" for s in names]
    return " and ".join(told)


def _numbers(tree: Tree) -> list[float]:
    numbers = (part.value for part, _ in parts(tree) if isinstance(part, Number))
    return [number for number in numbers if isinstance(number, float)]


def _exchanged(tree: Tree, by: Mapping[Number, Tree]) -> Tree:
    """Return the tree with other parts in place of some numbers."""
    return replace(tree, lambda part: by.get(part, part) if isinstance(part, Number) else part)


def _here(value: Any) -> Any:
    """The row in the middle, float64 of shape (SAMPLES,)."""
    return np.broadcast_to(value, (SAMPLES, 2 * FARTHEST + 1))[:, FARTHEST]


def same(value: Any, right: Any) -> bool:
    """Whether two results on random states are those of one formula."""
    return bool(np.allclose(_here(value), _here(right), rtol=EXACT, atol=1e-13))


def ways_of(role: str, state: State, there: Callable[[str], bool]) -> list[Tree]:
    """Return the right formulas of a role that a sheet may have, what has no column written out."""

    def possible(way: Tree) -> bool:
        return all(there(s) for s in symbols(way) if DERIVED.match(parted(s)[1]))

    first, *others = state.definitions[role]
    return [expanded(first, state.definitions, there), *filter(possible, others)]


def _curve(role: str, state: State, fits: Callable[[Any], bool]) -> Explained | None:
    """Something like the sigmoid, or the sum itself, where a sigmoid belongs."""
    if role[0] != "a":
        return None
    for text, told in CURVES.items():
        if fits(state.of(renamed(parse(text), {"x": role[1:]}))):
            return Explained(mistakes.CURVE, told)
    for e in ROUNDED_E:
        if fits(state.of(renamed(parse(f"1/(1+{e}^(-x))"), {"x": role[1:]}))):
            return Explained(mistakes.E_ROUNDED)
    if fits(state[role[1:]]):
        mistake = mistakes.SUM_H if role[1] == "h" else mistakes.SUM_O
        return Explained(mistake, f"{role[1:]} itself, without the sigmoid")
    return None


def explain(
    role: str,
    state: State,
    fits: Callable[[Any], bool],
    there: Callable[[str], bool],
    others: Iterable[str],
) -> Explained | None:
    """Return the single change of a right formula that, evaluated on `state`, gives what fits.

    `there` says whether a role has a column, and `others` are the symbols that may have come in.
    """
    others = list(others)
    if curve := _curve(role, state, fits):
        return curve
    for right in ways_of(role, state, there):
        change = find(right, [right], lambda tree: fits(state.of(tree)), others, repairs=False)
        if change:
            return explained(change, role)
    for other in QUANTITIES:
        if other != role and fits(state[other]):
            return Explained(mistakes.FORMULA, f"the formula of {spelled(other)}")
    return None
