"""One table judged: which columns are wrong, from which row, by how much, and why."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from sweep.auditor import mistakes
from sweep.auditor.book import Book, Spot
from sweep.auditor.formulas import FormulaError, Tree
from sweep.auditor.layout import MOST_DIGITS, Column, Table, digits_of, noise_of
from sweep.auditor.mistakes import Explained
from sweep.auditor.model import State
from sweep.auditor.probing import Prober, explain
from sweep.auditor.roles import ALL_BIASES, BIASES, CONSTANTS, UNITS, WEIGHTS

RELATIVE, ABSOLUTE = 1e-8, 1e-13
"""For errors and derivatives. LibreOffice saves 15 digits, and t - a loses 4 or 5 of them while an
error falls to 1e-9."""

RELATIVE_PLAIN = 1e-11
PLAIN = {*WEIGHTS, *ALL_BIASES, *UNITS}
"""What loses no digits: a small, late update shows in its tenth, and so does 2.71828 for e."""

SAME_CONSTANT = 1e-9
"""Typed constants may differ by this, relative: filling down gives 0.0500000000000001."""

FEWEST_SAVED = 9
"""Programs save the results of formulas with at least as many digits; those of fewer are exact."""

DRAWS = 6
"""In how many ways rounded numbers are put back to what they may have been."""

UNFINISHED = 3
"""As many empty cells make a last row one that is not finished yet."""

SHOWN_ROWS = 40
"""In how many of the wrong rows a mistake is tried on the numbers."""

MOST_TOLD = 4
"""As often a mistake is told of a column, if it is another one in other rows."""

Causes = dict[Explained, np.ndarray]
"""Mistakes in a column, with the rows of each, bool."""

ORDER = (*CONSTANTS, *UNITS, "e1", "e2", "et", "d_", "m_", "c", "k", "n", "w", "b")
"""What is computed from what: a cause is told before what may follow from it."""


@dataclass
class Finding:
    """A column that is wrong, or that follows from one that is.

    `rows` marks the wrong cells and `right` is what each row's own weights give, float64, both of
    the table's length. What only follows from other columns has no `cause`.
    """

    column: Column
    rows: np.ndarray
    right: np.ndarray
    cause: Explained | None
    way: Tree | None = None
    """The right formula."""

    @property
    def spots(self) -> list[Spot]:
        """The wrong cells."""
        return [self.column.spots[at] for at in np.flatnonzero(self.rows)]

    @property
    def by(self) -> float:
        """The largest deviation relative to what is right, infinite where there is no number."""
        values, right = self.column.values[self.rows], self.right[self.rows]
        with np.errstate(all="ignore"):
            by = (np.abs(values - right) / np.maximum(np.abs(right), 1e-300))[~np.isnan(right)]
        return float(np.max(np.where(np.isnan(by), np.inf, by))) if len(by) else float("inf")


@dataclass
class Judged:
    """A table's wrong columns, those that only follow from them, and how exact the others are."""

    table: Table
    unfinished: int
    """How many of the last rows are not finished."""
    decimals: int | None
    """To how many decimals its typed numbers are rounded; None for computed ones."""
    wrong: list[Finding] = field(default_factory=list)
    affected: list[Finding] = field(default_factory=list)
    checked: int = 0
    largest: float = 0.0
    unread: dict[str, str] = field(default_factory=dict)
    """Headings of columns whose formulas could not be read, and why; their values were judged."""


class Judge:
    """Judges one table whose columns have their roles."""

    def __init__(self, table: Table, book: Book) -> None:
        self.table, self.sheet = table, book.sheets[table.sheet]
        self.columns = [column for column in table.columns if column.role not in ("", "step")]
        first = {column.role: column for column in reversed(self.columns)}
        self.values = {role: column.values for role, column in first.items()}
        self.constants: dict[str, Any] = dict(table.constants)
        firsts = {r: v[np.isfinite(v)] for r, v in self.values.items() if r in table.fixed}
        self.constants |= {r: float(v[0]) if len(v) else float("nan") for r, v in firsts.items()}
        self.given = WEIGHTS + tuple(
            b for b in BIASES.get(table.biases, ()) if table.moving and b in self.values
        )
        given = {name: self.values[name] for name in self.given}
        self.right = State({**self.constants, **given}, table.biases)
        zeroed = {r: np.where(c.filled, c.values, 0.0) for r, c in first.items()}
        self.own = State({**self.constants, **zeroed}, table.biases)
        """What formulas see: an empty cell counts as 0."""
        self.noise = {}
        for role, values in self.values.items():
            saved = first[role].formulas.mean() > 0.5 and digits_of(values)[1] < FEWEST_SAVED
            self.noise[role] = np.zeros(len(values)) if saved else noise_of(values)
        for name in self.given:
            self.noise[name][0] = 0.0  # the first weights are what they are
        self.draws = self._draws()
        self.prober = Prober(table, book, self.constants)
        empty = np.sum([~column.filled for column in self.columns], axis=0)
        empty[0] = 0
        last = int(np.flatnonzero(empty < UNFINISHED)[-1])
        self.finished = np.arange(table.rows) <= last
        decimals, digits = digits_of(np.concatenate([v[1:20] for v in self.values.values()]))
        computed = any(column.formulas[1:3].any() for column in self.columns)
        rounded = 0 < digits < MOST_DIGITS and not computed  # programs save so many
        unfinished = table.rows - 1 - last
        self.result = Judged(table, unfinished, decimals if rounded else None)

    def judged(self) -> Judged:
        """Return the verdict on every column, causes first."""
        for column in self.columns:
            self.result.checked += 1
            for finding in self._column(column):
                (self.result.wrong if finding.cause else self.result.affected).append(finding)
        self.result.wrong.sort(key=lambda f: list(map(f.column.role.startswith, ORDER)).index(True))
        return self.result

    def _draws(self) -> list[State]:
        """Return states with rounded numbers put back to what they may have been."""
        free = tuple(name for name in self.values if name not in self.table.fixed)
        if not any(self.noise[name].any() for name in free):
            return []
        draw, shape = np.random.default_rng(7), (DRAWS, self.table.rows)
        found = []
        for only in (self.given, free):
            drawn = {r: self.values[r] + self.noise[r] * draw.uniform(-1, 1, shape) for r in only}
            found.append(State({**self.constants, **drawn}, self.table.biases))
        return found

    def _tolerance(self, role: str, right: np.ndarray, tree: Tree, own: bool) -> np.ndarray:
        """Return how far a value may be from the right one: what rounding explains."""
        relative = RELATIVE_PLAIN if role in PLAIN else RELATIVE
        allowed: np.ndarray = relative * np.abs(right) + ABSOLUTE + 2 * self.noise.get(role, 0.0)
        if self.draws:
            with np.errstate(all="ignore"):
                drawn = self.draws[own].of(tree)
                away = np.max(np.abs(np.broadcast_to(drawn, (DRAWS, len(right))) - right), axis=0)
            allowed = allowed + 3 * np.nan_to_num(away)
        return allowed

    def _differs(self, role: str, values: np.ndarray, tree: Tree, own: bool) -> np.ndarray:
        """Return where values are not what a formula gives; not where nothing is right."""
        state = self.own if own else self.right
        right = np.broadcast_to(state.of(tree), len(values))
        with np.errstate(all="ignore"):
            near = np.abs(values - right) <= self._tolerance(role, right, tree, own)
        return np.asarray(~(near | (values == right)) & ~np.isnan(right))

    def _column(self, column: Column) -> Iterator[Finding]:
        role, values = column.role, column.values
        lost = np.zeros(len(values), bool)
        if role in self.given and self.table.stride != 1:
            return  # what led from row to row is not there
        there = self.finished | column.filled
        if role in self.table.fixed:
            right, way = np.full(len(values), self.constants[role]), None
            off = ~(np.abs(values - right) <= SAME_CONSTANT * np.abs(right)) & there
            causes = {Explained(mistakes.COUNTED): off} if off.any() else {}
        else:
            way = self.right.definitions[role][0]
            right = np.array(np.broadcast_to(self.right.of(way), self.table.rows), dtype=float)
            off = self._differs(role, values, way, own=False) & there
            causes = self._causes(column, off)
            # An error that comes of a row whose own weights are errors already.
            lost = np.isnan(right) & np.isnan(values) & column.formulas
            fine = ~off & np.isfinite(right) & np.isfinite(values) & (np.abs(right) > 1e-9)
            by = np.max(np.abs(values[fine] / right[fine] - 1), initial=self.result.largest)
            self.result.largest = float(by)
        for cause, rows in causes.items():
            yield Finding(column, rows, right, cause, way)
        if (follows := off | lost).any() and not causes:
            yield Finding(column, follows, right, None)

    def _causes(self, column: Column, off: np.ndarray) -> Causes:
        """Return the mistakes in a column whose numbers are wrong where they are `off`."""
        causes: Causes = defaultdict(partial(np.zeros, len(off), bool))
        typed = np.ones(len(off), bool)
        for step in np.flatnonzero(column.formulas):
            if column.role in self.given and step == 0:
                continue
            home = (self.sheet.name, column.spots[step])
            try:
                cause = self.prober.judge(home, column.role, int(step))
            except FormulaError as unknown:  # its saved value is judged, if there is one
                self.result.unread[column.heading] = str(unknown)
                typed[step] = not np.isnan(column.values[step])
                continue
            typed[step] = False
            if cause is not None:
                causes[cause][step] = True
        for cause in [cause for cause, rows in causes.items() if not (rows & off).any()]:
            del causes[cause]  # a wrong formula is told where its number is wrong too
        wrong = typed & off
        for tree in self.own.definitions.get(column.role, ()):
            with suppress(KeyError):  # what is right for the row's other columns is not wrong
                wrong &= self._differs(column.role, column.values, tree, own=True)
        empty = wrong & np.isnan(column.values)
        for step in np.flatnonzero(empty):
            text = isinstance(self.sheet.values.get(column.spots[step]), str)
            filled = mistakes.ERROR if column.filled[step] else mistakes.EMPTY
            causes[Explained(mistakes.TEXT if text else filled)][step] = True
        if (rest := wrong & ~empty).any():
            causes[self._by_values(column, rest, not typed.all())] |= rest
        return _merged(causes)

    def _by_values(self, column: Column, wrong: np.ndarray, has_formulas: bool) -> Explained:
        """Explain typed numbers, or those whose formulas are not there to be read."""
        values, count, first = column.values, int(wrong.sum()), int(np.argmax(wrong))
        alike = count > 1 and _equal(values[wrong], values[first])
        if count > 2 and wrong[first:].all() and _equal(values[wrong], values[max(first - 1, 0)]):
            return Explained(mistakes.NOT_COPIED)
        pasted = alike and (count <= len(wrong) // 2 or count > 3)
        if has_formulas or pasted or (count == 1 and len(wrong) > 2):
            return Explained(mistakes.CONSTANT)
        return self._tried(column.role, values, wrong)

    def _tried(self, role: str, values: np.ndarray, wrong: np.ndarray) -> Explained:
        """Name the known mistake that gives the values of the wrong rows."""
        shown = np.flatnonzero(wrong)
        shown = shown[:: max(1, len(shown) // SHOWN_ROWS)]
        right = np.broadcast_to(self.right[role], len(values))
        way = self.right.definitions[role][0]
        slack = self._tolerance(role, values, way, own=False)[shown]
        if self.draws:  # what is allowed around the right number is allowed around the wrong one
            slack = np.maximum(
                slack - np.abs(values - right)[shown] * 3, 4 * self.noise[role][shown] + 1e-12
            )
            slack = np.maximum(slack, self._tolerance(role, right, way, own=False)[shown])

        def fits(tried: Any) -> bool:
            tried = np.broadcast_to(tried, len(values))[shown]
            there = np.isfinite(tried)
            near = np.abs(tried - values[shown])[there] <= slack[there]
            return there.sum() >= max(1, len(shown) - 2) and bool(near.all())

        others = [r for r in dict.fromkeys((*self.values, *WEIGHTS, *CONSTANTS)) if r != role]
        rows = ("prev.", "next.", "3.", "-3.", "first.")
        free = [held for held in self.values if held not in self.table.fixed]
        others += [where + held for where in rows for held in free]
        others += [new for new in (f"n{n}" for n in range(1, 9)) if new not in others]
        for state in (self.own, self.right):
            found = explain(role, state, fits, self.values.__contains__, others)
            if found:
                return found
        few = wrong.sum() <= max(3, len(wrong) // 10)
        return Explained(mistakes.CONSTANT if few else mistakes.UNKNOWN)


def _equal(values: np.ndarray, to: float) -> bool:
    """Whether all are one number, copied: programs write 15 to 17 digits."""
    return bool(np.allclose(values, to, rtol=1e-13, atol=0))


def _merged(causes: Causes) -> Causes:
    """Count what no known mistake explains with the column's largest that is explained.

    A mistake that is another one in each of many rows is told as in the first of them.
    """
    found: Causes = {}
    for cause, rows in causes.items():
        alike = [other for other in causes if other.mistake is cause.mistake]
        one = alike[0] if len(alike) > MOST_TOLD else cause
        found[one] = found.get(one, np.zeros_like(rows)) | rows
    vague = [cause for cause in found if cause.mistake is mistakes.UNKNOWN]
    if vague and len(vague) < len(found):
        main = max((c for c in found if c not in vague), key=lambda c: int(found[c].sum()))
        for cause in vague:
            found[main] = found[main] | found.pop(cause)
    return found
