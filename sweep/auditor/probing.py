"""What a student's formula computes, tried on random states of the exercise.

References become quantities through the sheet's layout. On rows where every quantity is right, a
formula is right if its value is, whichever way it is written; and a wrong one is explained by the
known mistake that gives the same value.
"""

import math
import re
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from sweep.auditor.changing import symbols
from sweep.auditor.computing import Calculator, Home, cells_of, spot_of
from sweep.auditor.formulas import (
    Area,
    Call,
    Cell,
    FormulaError,
    Name,
    Number,
    Tree,
    Value,
    evaluate,
    references,
    replace,
)
from sweep.auditor.layout import Table
from sweep.auditor.mistakes import (
    E_ROUNDED,
    MISTAKES,
    PINNED,
    ROUNDED,
    Mistake,
    Pattern,
)
from sweep.auditor.model import DEFINITIONS, State, trajectory
from sweep.auditor.roles import WEIGHTS

STEPS, MIDDLE, SAMPLES = 7, 3, 4
"""Each state is one of seven rows that follow each other, so that three rows up and down exist."""

EXACT = 1e-9
"""Formulas that are written another way differ by 1e-13 or less, since the states are of size 1; a
2.71828 for e differs by 1e-7."""

MOST_MEANINGS = 12
"""If the cells that one formula refers to mean something else in more rows than these, the rows
beyond are taken to be as wrong as the last."""

DERIVED = re.compile(r"(prev\.)?([dm]_|[nck]\d)")
"""Quantities that a sheet need not have columns for."""

DEEPEST = 12
"""How many cells without a heading a formula may lead through."""


@dataclass(frozen=True)
class Explained:
    """A mistake, and what it means for the column at hand."""

    mistake: Mistake | Pattern
    told: str = ""


@dataclass(frozen=True)
class Leaf:
    """What a reference means: a quantity some rows away, or a cell that means none."""

    role: str | None
    away: int
    home: Home


Verdict = Explained | FormulaError | None
"""A mistake, a formula that cannot be read, or nothing to say."""

Meaning = Callable[[Leaf, Value], Value]


def _as_it_is(_: Leaf, value: Value) -> Value:
    return value


class Prober:
    """Judges the formulas of one table."""

    def __init__(self, table: Table, calculator: Calculator, constants: dict[str, Any]) -> None:
        self.table = table
        self.calculator = calculator
        self.places: dict[Home, tuple[str, int]] = {
            (table.sheet, spot): (column.role, step)
            for column in table.columns
            if column.role
            for step, spot in enumerate(column.spots)
        }
        self.constants = constants
        self.state = trajectory(constants, STEPS, SAMPLES, seed=20)
        self.far = trajectory(constants, STEPS, SAMPLES, seed=21)
        self._judged: dict[tuple[str, str], dict[Hashable, Verdict]] = {}

    def leaf(self, home: Home, step: int) -> Leaf:
        """Return what a cell means for a formula in row `step`."""
        if home in self.places:
            role, at = self.places[home]
            return Leaf(role, 0 if role in self.constants else at - step, home)
        return Leaf(self.table.homes.get(home), 0, home)

    def signature(self, home: Home, step: int) -> Hashable:
        """Return what tells apart the cells of one formula that mean different things."""
        leaves = self.calculator.leaves(home)
        return tuple(self._sign(cell, home, step) for cell in self._cells(leaves, home))

    def _sign(self, cell: Home, home: Home, step: int) -> Hashable:
        leaf = self.leaf(cell, step)
        if leaf.role:
            return leaf.role, leaf.away if abs(leaf.away) <= MIDDLE else "far"
        if self.calculator.has_formula(cell):
            return cell[0], cell[1][0] - home[1][0], cell[1][1] - home[1][1]
        value = self.calculator.value(cell)
        return None if np.isnan(value) else value

    def _cells(self, leaves: Iterable[Tree], home: Home) -> Iterable[Home]:
        for leaf in leaves:
            meant = self.calculator.named(leaf) if isinstance(leaf, Name) else leaf
            if isinstance(meant, Cell):
                yield spot_of(meant, home)
            elif isinstance(meant, Area):
                yield from (cell for row in cells_of(meant, home) for cell in row)

    def judge(self, home: Home, role: str, step: int) -> Explained | None:
        """Return what is wrong with the formula of a cell; None if it is right.

        Raises:
            FormulaError: it, or what it leads to, is not arithmetic.
        """
        formula = self.calculator.book.sheets[home[0]].formulas[home[1]]
        known = self._judged.setdefault((formula, role), {})
        key = self.signature(home, step)
        if key not in known and len(known) < MOST_MEANINGS:
            try:
                known[key] = self._judge(home, role, step)
            except FormulaError as error:
                known[key] = error
        found = known.get(key, next(reversed(known.values())))
        if isinstance(found, FormulaError):
            raise found
        return found

    def _judge(self, home: Home, role: str, step: int) -> Explained | None:
        right = np.broadcast_to(self.state[role], (SAMPLES, STEPS))[:, MIDDLE]
        tree = self.calculator.tree(home)
        value = self.value(tree, home, step)
        if same(value, right):
            return None
        return (
            self._smoothed(tree, home, step, right)
            or self._pinned(tree, home, step, right)
            or self._rate(tree, home, step, role, right)
            or explain(
                role, self.state, lambda w: same(value, _middle(w)), self._roles(tree, home, step)
            )
            or self._repaired(tree, home, step, role)
            or Explained(UNKNOWN_FORMULA)
        )

    def _roles(self, tree: Tree, home: Home, step: int) -> set[str]:
        """Return what a formula refers to, as roles."""
        leaves = (self.leaf(cell, step) for cell in self._cells(references(tree), home))
        return {leaf.role for leaf in leaves if leaf.role}

    def _repaired(self, tree: Tree, home: Home, step: int, role: str) -> Explained | None:
        """Find the one change, of those that undo themselves, that makes a formula right."""
        right = _middle(self.state[role])
        own = self.symbolic(tree, home, step)
        for mistake in MISTAKES:
            if mistake.undoes_itself:
                for changed, _ in mistake.changes(own, role):
                    try:
                        if same(_middle(self.state.of(changed)), right):
                            return Explained(mistake)
                    except KeyError:
                        continue
        return None

    def symbolic(self, tree: Tree, home: Home, step: int, deep: int = 0) -> Tree:
        """Return a formula with roles in place of cells, and numbers in place of other cells."""

        def named(part: Tree) -> Tree:
            if isinstance(part, Name):
                part = self.calculator.named(part)
            if isinstance(part, Area):
                cells = (cell for row in cells_of(part, home) for cell in row)
                return Call("SUM", tuple(one(cell) for cell in cells))
            return one(spot_of(part, home)) if isinstance(part, Cell) else part

        def one(cell: Home) -> Tree:
            leaf = self.leaf(cell, step)
            if leaf.role is not None and abs(leaf.away) <= 1:
                return Name({-1: "prev.", 0: "", 1: "next."}[leaf.away] + leaf.role)
            if leaf.role is None and self.calculator.has_formula(cell):
                if deep > DEEPEST:
                    raise FormulaError("a formula that leads through too many cells")
                return self.symbolic(self.calculator.tree(cell), cell, step, deep + 1)
            return Number(self.calculator.value(cell))

        return replace(tree, named)

    def value(
        self, tree: Tree, home: Home, step: int, meaning: Meaning = _as_it_is, deep: int = 0
    ) -> Value:
        """Return what a formula gives on each of the states, float64 of shape (SAMPLES,)."""

        def one(cell: Home) -> Value:
            leaf = self.leaf(cell, step)
            if leaf.role is not None:
                return meaning(leaf, self._quantity(leaf))
            if self.calculator.has_formula(cell):
                if deep > DEEPEST:
                    raise FormulaError("a formula that leads through too many cells")
                inner = self.calculator.tree(cell)
                return self.value(inner, cell, step, meaning, deep + 1)
            return meaning(leaf, np.float64(self.calculator.value(cell)))

        def look(leaf: Cell | Area | Name) -> Value:
            meant = self.calculator.named(leaf) if isinstance(leaf, Name) else leaf
            if isinstance(meant, Cell):
                return one(spot_of(meant, home))
            if isinstance(meant, Area):
                return [[one(cell) for cell in row] for row in cells_of(meant, home)]
            return evaluate(meant, look)

        with np.errstate(all="ignore"):
            return evaluate(tree, look)

    def _quantity(self, leaf: Leaf) -> Value:
        role = str(leaf.role)
        if role == "step":
            return np.float64(0.317)  # no formula has a use for it
        state, at = self.state, MIDDLE + leaf.away
        if abs(leaf.away) > MIDDLE:
            state, at = self.far, leaf.away % STEPS
        return np.broadcast_to(state[role], (SAMPLES, STEPS))[:, at]

    def _smoothed(self, tree: Tree, home: Home, step: int, right: Value) -> Explained | None:
        """Right but for ROUND, or for a number typed for e."""

        def exact(part: Tree) -> Tree:
            return (
                part.arguments[0] if isinstance(part, Call) and part.function == "ROUND" else part
            )

        def natural(part: Tree) -> Tree:
            value = part.value if isinstance(part, Number) else None
            near = isinstance(value, float) and abs(value - math.e) < 0.02
            return Number(math.e) if near else part

        for pattern, by in ((ROUNDED, exact), (E_ROUNDED, natural)):
            if same(self.value(replace(tree, by), home, step), right):
                return Explained(pattern)
        return None

    def _pinned(self, tree: Tree, home: Home, step: int, right: Value) -> Explained | None:
        """Right but for references that stay in a row far away, or in the first."""
        stays = {
            spot_of(leaf, home)
            for leaf in references(tree)
            if (isinstance(leaf, Cell) and leaf.row.pinned)
            or (isinstance(leaf, Cell) and leaf.column.pinned)
        }

        for back in (0, -1):

            def own(leaf: Leaf, value: Value, back: int = back) -> Value:
                if (
                    leaf.home in stays
                    and leaf.home in self.places
                    and leaf.role not in self.constants
                ):
                    return self._quantity(Leaf(leaf.role, back, leaf.home))
                return value

            if same(self.value(tree, home, step, own), right):
                return Explained(PINNED)
        return None

    def _rate(self, tree: Tree, home: Home, step: int, role: str, right: Value) -> Explained | None:
        """Right if one cell that means nothing, or something else, were the rate."""
        if role not in WEIGHTS and role[0] not in "nck":
            return None
        mistake = next(m for m in MISTAKES if m.name == "the rate from the wrong cell")
        for cell in dict.fromkeys(self._cells(references(tree), home)):

            def rated(leaf: Leaf, value: Value, cell: Home = cell) -> Value:
                return self.constants["eta"] if leaf.home == cell else value

            if same(self.value(tree, home, step, rated), right):
                return Explained(mistake, "")
        return None


UNKNOWN_FORMULA = Pattern(
    "not one of the known mistakes", "On a right row the formula gives another number."
)


def _middle(values: Value) -> Value:
    return np.broadcast_to(values, (SAMPLES, STEPS))[:, MIDDLE]


def same(value: Value, right: Value) -> bool:
    """Whether two results on random states are those of one formula."""
    value = np.broadcast_to(value, np.shape(right))
    return bool(np.allclose(value, right, rtol=EXACT, atol=1e-13))


def explain(
    role: str, state: State, fits: Callable[[Value], bool], used: Iterable[str]
) -> Explained | None:
    """Return the known mistake whose formula, evaluated on `state`, gives what fits.

    Of the ways to write a derivative those come first that need no other derivative, then those
    by the derivatives in `used`.
    """
    for at, right in enumerate(DEFINITIONS.get(role, ())):
        derived = {name for name in symbols(right) if DERIVED.match(name)}
        if at and role not in WEIGHTS and not derived <= set(used):
            continue
        for mistake in MISTAKES:
            for wrong, told in mistake.changes(right, role):
                try:
                    if fits(state.of(wrong)):
                        return Explained(mistake, told)
                except KeyError:
                    continue  # it names what nothing defines
    return None
