"""What a student's formula computes, tried on random states of the exercise.

References become quantities through the sheet's layout. On rows where every quantity is right, a
formula is right if its value is, whichever way it is written; and a wrong one is explained by the
single change that makes it right.
"""

import math
import re
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Any

import numpy as np

from sweep.auditor.changing import expanded, find, renamed, spelled, symbols
from sweep.auditor.computing import Calculator, Home, cells_of, spot_of
from sweep.auditor.formulas import (
    AREA,
    Area,
    Call,
    Cell,
    FormulaError,
    Name,
    Number,
    Tree,
    evaluate,
    parse,
    replace,
)
from sweep.auditor.layout import Table
from sweep.auditor.mistakes import (
    CURVE,
    E_ROUNDED,
    ERROR,
    FORMULA,
    PINNED,
    RATE,
    ROUNDED,
    SUM_H,
    SUM_O,
    UNKNOWN,
    Explained,
    explained,
)
from sweep.auditor.model import State, definitions, parted, symbol_of, trajectory
from sweep.auditor.reading import address
from sweep.auditor.roles import ALL_BIASES, CONSTANTS, WEIGHTS

STEPS, MIDDLE, SAMPLES = 7, 3, 5
"""Each state is one of seven rows that follow each other, so that three rows up and down exist."""

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

UPDATES = (*WEIGHTS, *ALL_BIASES)

WHOLE = ("h1", "h2", "ah1", "ah2", "o1", "o2", "ao1", "ao2", "e1", "e2", "et",
         *(f"d_et_{w}" for w in WEIGHTS))  # fmt: skip
"""Columns whose whole formula may stand in another."""

CURVES = tuple(
    (parse(text), told)
    for text, told in (
        ("1/1+EXP(-x)", "1/1+EXP(-x): 1 + EXP(-x) belongs in brackets"),
        ("1/(1-EXP(-x))", "1-EXP(-x) where 1+EXP(-x) belongs"),
        ("1+EXP(-x)", "1/... is missing"),
        ("EXP(-x)", "EXP(-x) alone"),
        ("EXP(x)", "EXP(x) alone"),
        ("1/EXP(-x)+1", "1/EXP(-x)+1: EXP(-x) + 1 belongs in brackets"),
        ("1/1-EXP(-x)", "1/1-EXP(-x)"),
        ("TANH(x)", "TANH where the sigmoid belongs"),
        ("MAX(0,x)", "MAX(0, x) where the sigmoid belongs"),
        ("x*(1-x)", "x (1 - x) where the sigmoid belongs"),
        ("(1/(1+EXP(-x)))*(1-1/(1+EXP(-x)))", "the sigmoid's derivative"),
    )
)
"""What stands where the sigmoid belongs."""

Verdict = Explained | FormulaError | None
"""A mistake, a formula that cannot be read, or nothing to say."""


class Moment:
    """The values of every quantity in the middle row, float64 of shape (SAMPLES,), and of cells."""

    def __init__(self, table: Table, constants: dict[str, Any]) -> None:
        made = [
            trajectory(constants, STEPS, SAMPLES, seed, table.biases, table.moving)
            for seed in (20, 21)
        ]
        self._near, self._far = made
        self.definitions = self._near.definitions
        self._held: dict[str, Any] = {"step": np.full(SAMPLES, 0.317)}  # nothing has a use for it

    def __getitem__(self, symbol: str) -> Any:
        if symbol not in self._held:
            away, role = parted(symbol)
            state, at = self._far, 0
            if isinstance(away, int):
                near = abs(away) <= MIDDLE
                state, at = (self._near, MIDDLE + away) if near else (self._far, away % STEPS)
            self._held[symbol] = np.broadcast_to(state[role], (SAMPLES, STEPS))[:, at]
        return self._held[symbol]

    def hold(self, cell: str, value: float) -> None:
        """Give a cell that is no quantity its value."""
        self._held[cell] = np.full(SAMPLES, value)

    def of(self, tree: Tree) -> Any:
        """Return the values of a formula of symbols."""

        def look(leaf: Any) -> Any:
            return self[leaf.name]

        with np.errstate(all="ignore"):
            return evaluate(tree, look)


class Prober:
    """Judges the formulas of one table."""

    def __init__(self, table: Table, calculator: Calculator, constants: dict[str, Any]) -> None:
        self.table = table
        self.calculator = calculator
        self.constants = constants
        self.definitions = definitions(table.biases)
        self.moment = Moment(table, constants)
        self.fixed = {*CONSTANTS, *(() if table.moving else ALL_BIASES)}
        self.places: dict[Home, tuple[str, int]] = {
            (table.sheet, spot): (column.role, step)
            for column in table.columns
            if column.role
            for step, spot in enumerate(column.spots)
        }
        for column in table.columns:
            for before, step in ((0, -1), (-1, table.rows)):
                home = self._beyond(column.spots[before], step)
                if home not in self.places and column.role and self._blank(home):
                    self.places[home] = (column.role, step)
        self.roles = {role for role, _ in self.places.values()} | {*table.constants}
        self.cells: dict[str, Home] = {}
        """The cells that symbols name, of those that are no quantities."""
        self._judged: dict[tuple[str, str], dict[Hashable, Verdict]] = {}

    def _beyond(self, spot: tuple[int, int], step: int) -> Home:
        """Return the cell before a column's first, or after its last."""
        row, column = spot
        on = -1 if step < 0 else 1
        return self.table.sheet, (row, column + on) if self.table.across else (row + on, column)

    def _blank(self, home: Home) -> bool:
        """Whether a cell holds nothing to compute with: a heading, or nothing."""
        value = self.calculator.book.sheets[home[0]].values.get(home[1])
        return not self.calculator.has_formula(home) and not isinstance(value, float)

    def meaning(self, home: Home, step: int) -> tuple[str, int] | None:
        """Return what a cell means for a formula in row `step`: a role, and how many rows away."""
        if home in self.places:
            role, at = self.places[home]
            return role, 0 if role in self.fixed else at - step
        role = self.table.homes.get(home, "")
        return (role, 0) if role else None

    def judge(self, home: Home, role: str, step: int) -> Explained | None:
        """Return what is wrong with the formula of a cell; None if it is right.

        Raises:
            FormulaError: it, or what it leads to, is not arithmetic.
        """
        formula = self.calculator.book.sheets[home[0]].formulas[home[1]]
        known = self._judged.setdefault((formula, role), {})
        key = tuple(self._sign(cell, home, step) for cell in self._cells(home))
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
            return meant[0], meant[1] if abs(meant[1]) <= MIDDLE else "far"
        if self.calculator.has_formula(cell):
            return cell[0], cell[1][0] - home[1][0], cell[1][1] - home[1][1]
        value = self.calculator.value(cell)
        return None if np.isnan(value) else value

    def _cells(self, home: Home) -> Iterator[Home]:
        for leaf in self.calculator.leaves(home):
            meant = self.calculator.named(leaf) if isinstance(leaf, Name) else leaf
            if isinstance(meant, Cell):
                yield spot_of(meant, home)
            elif isinstance(meant, Area):
                yield from (cell for row in cells_of(meant, home) for cell in row)

    def _judge(self, home: Home, role: str, step: int) -> Explained | None:
        right = self.moment[role]
        pins: dict[str, str] = {}
        tree = self.symbolic(home, step, pins)
        value = self.moment.of(tree)
        if same(value, right):
            return None
        return (
            self._smoothed(tree, right)
            or self._rowed(tree, pins, role, right)
            or (None if np.isfinite(value).any() else Explained(ERROR))
            or self._curved(role, value)
            or self._repaired(tree, pins, role, right)
            or Explained(UNKNOWN)
        )

    def symbolic(self, home: Home, step: int, pins: dict[str, str], deep: int = 0) -> Tree:
        """Return a cell's formula with symbols in place of cells.

        A cell that means nothing is what its own formula says, or a symbol such as "B3"; `pins`
        gets the address of each symbol whose reference a `$` keeps in its row.

        Raises:
            FormulaError: it leads through too many cells, or cannot be read.
        """
        if deep > DEEPEST:
            raise FormulaError("a formula that leads through too many cells")

        def named(part: Tree) -> Tree:
            if isinstance(part, Name):
                part = self.calculator.named(part)
                if isinstance(part, Call):
                    return replace(part, named)
            if isinstance(part, Area):
                cells = [cell for row in cells_of(part, home) for cell in row]
                return Call(AREA, tuple(self._leaf(c, home, step, {}, deep) for c in cells))
            if isinstance(part, Cell):
                place = part.column if self.table.across else part.row
                kept = pins if place.pinned else {}
                return self._leaf(spot_of(part, home), home, step, kept, deep)
            return part

        return replace(self.calculator.tree(home), named)

    def _leaf(self, cell: Home, home: Home, step: int, pins: dict[str, str], deep: int) -> Tree:
        """Return what a cell is in a formula, and note where it is in `pins`."""
        meant = self.meaning(cell, step)
        if meant:
            symbol = symbol_of(*meant)
        elif self.calculator.has_formula(cell):
            return self.symbolic(cell, step, {}, deep + 1)
        else:
            symbol = address(cell[1]) if cell[0] == home[0] else f"{cell[0]}!{address(cell[1])}"
            self.cells[symbol] = cell
            self.moment.hold(symbol, self.calculator.value(cell))
        pins[symbol] = address(cell[1])
        return Name(symbol)

    def rate_of(self, home: Home, role: str, step: int) -> Home | float | None:
        """Return the cell, or typed number, that an update has for the rate; None if none is."""
        tree = self.symbolic(home, step, {})
        rate, right = "etab" if role in ALL_BIASES else "eta", self.moment[role]
        for symbol in symbols(tree):
            known = symbol in self.cells or symbol == rate
            if known and same(self.moment.of(renamed(tree, {symbol: rate})), right):
                homes = {role: home for home, role in self.table.homes.items()}
                return self.cells.get(symbol) or homes.get(rate)
        for number in set(_numbers(tree)):

            def rated(part: Tree, number: float = number) -> Tree:
                return Name(rate) if part == Number(number) else part

            if same(self.moment.of(replace(tree, rated)), right):
                return number
        return None

    def _smoothed(self, tree: Tree, right: Any) -> Explained | None:
        """Right but for ROUND, or for a number typed for e."""

        def exact(part: Tree) -> Tree:
            rounds = isinstance(part, Call) and part.function.startswith("ROUND")
            return part.arguments[0] if isinstance(part, Call) and rounds else part

        def natural(part: Tree) -> Tree:
            value = part.value if isinstance(part, Number) else None
            near = isinstance(value, float) and abs(value - math.e) < 0.02
            return Number(math.e) if near else part

        for mistake, by in ((ROUNDED, exact), (E_ROUNDED, natural)):
            if same(self.moment.of(replace(tree, by)), right):
                return Explained(mistake)
        return None

    def _rowed(self, tree: Tree, pins: dict[str, str], role: str, right: Any) -> Explained | None:
        """Right but for references that stay in a row, for a rate's that slides, or for both."""
        update = role in UPDATES
        stays = {
            symbol: symbol_of(parted(symbol)[1], -1 if update else 0)
            for symbol in symbols(tree)
            if symbol in pins and symbol not in self.cells and parted(symbol)[1] not in self.fixed
        }
        for name in (dict(stays), {s: parted(s)[1] for s in stays}):
            if same(self.moment.of(renamed(tree, name)), right):
                return Explained(PINNED, self._kept(name, pins))
        if not (update or role[0] in "nck"):
            return None
        rate = "etab" if role in ALL_BIASES else "eta"
        for symbol in symbols(tree):
            for kept in ({}, stays, {s: parted(s)[1] for s in stays}):
                if symbol in kept:
                    continue
                if same(self.moment.of(renamed(tree, {**kept, symbol: rate})), right):
                    told = f"{spelled(symbol)} where {spelled(rate)} belongs"
                    if symbol in self.cells and symbol not in pins:
                        told += "; its reference slides, for want of a $"
                    also = f"{self._kept(kept, pins)}; and " if kept else ""
                    return Explained(PINNED if kept else RATE, also + told)
        return None

    @staticmethod
    def _kept(names: dict[str, str], pins: dict[str, str]) -> str:
        told = [f"a $ keeps {parted(s)[1].replace('d_et_', 'dE/d')} at {pins[s]}" for s in names]
        return " and ".join(told)

    def _curved(self, role: str, value: Any) -> Explained | None:
        """Something like the sigmoid."""
        if role not in ("ah1", "ah2", "ao1", "ao2"):
            return None
        return _curve(role, self.moment, lambda tried: same(tried, value))

    def _repaired(
        self, tree: Tree, pins: dict[str, str], role: str, right: Any
    ) -> Explained | None:
        """Find the single change that makes the formula right."""
        wanted = ways_of(role, self.definitions, self._there)
        into = {name for way in wanted for name in symbols(way)}

        def fits(changed: Tree) -> bool:
            return same(self.moment.of(changed), right)

        change = find(tree, wanted[:3], fits, sorted(into))
        if change is None:
            value = self.moment.of(tree)
            return explain(role, self.moment, lambda tried: same(tried, value), self._there, into)
        found = explained(change, role, repaired=True)
        pinned = change.kind == "another" and change.old in pins and change.old not in self.cells
        if pinned and parted(change.old)[1] == parted(change.new)[1]:
            return Explained(PINNED, f"{pins[change.old]} stays; {found.told}")
        return found

    def _there(self, symbol: str) -> bool:
        """Whether a symbol is of a column here."""
        return parted(symbol)[1] in self.roles


def ways_of(
    role: str, ways: dict[str, tuple[Tree, ...]], there: Callable[[str], bool]
) -> list[Tree]:
    """Return the right formulas of a role that a sheet may have, what has no column written out."""

    def possible(way: Tree) -> bool:
        return all(there(s) for s in symbols(way) if DERIVED.match(parted(s)[1]))

    first, *others = ways[role]
    return [expanded(first, ways, there), *(way for way in others if possible(way))]


def _curve(role: str, state: Any, fits: Callable[[Any], bool]) -> Explained | None:
    """Something like the sigmoid, or the sum itself."""
    for tree, told in CURVES:
        if fits(state.of(renamed(tree, {"x": role[1:]}))):
            return Explained(CURVE, told)
    for e in ("2.71", "2.718", "2.7182", "2.7183", "2.71828", "2.718281828"):
        if fits(state.of(renamed(parse(f"1/(1+{e}^(-x))"), {"x": role[1:]}))):
            return Explained(E_ROUNDED)
    if fits(state[role[1:]]):
        mistake = SUM_H if role[1] == "h" else SUM_O
        return Explained(mistake, f"{role[1:]} itself, without the sigmoid")
    return None


def _numbers(tree: Tree) -> Iterable[float]:
    if isinstance(tree, Call):
        for part in tree.arguments:
            yield from _numbers(part)
    elif isinstance(tree, Number) and isinstance(tree.value, float):
        yield tree.value


def same(value: Any, right: Any) -> bool:
    """Whether two results on random states are those of one formula."""
    return bool(np.allclose(value, right, rtol=EXACT, atol=1e-13))


def explain(
    role: str,
    state: State | Moment,
    fits: Callable[[Any], bool],
    there: Callable[[str], bool],
    others: Iterable[str],
) -> Explained | None:
    """Return the single change of a right formula that, evaluated on `state`, gives what fits.

    `there` says whether a role has a column, and `others` are the symbols that may have come in.
    """
    others = list(others)
    if role[0] == "a" and (curve := _curve(role, state, fits)):
        return curve
    for right in ways_of(role, state.definitions, there):
        change = find(right, [right], lambda tree: fits(state.of(tree)), others)
        if change:
            return explained(change, role, repaired=False)
    for other in WHOLE:
        if other != role and fits(state[other]):
            return Explained(FORMULA, f"the formula of {spelled(other)}")
    return None
