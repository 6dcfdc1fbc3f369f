"""One table judged: which columns are wrong, from which row, by how much, and why."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sweep.auditor.computing import Calculator
from sweep.auditor.formulas import FormulaError, Tree
from sweep.auditor.layout import Column, Table
from sweep.auditor.mistakes import (
    CONSTANT,
    COUNTED,
    EMPTY,
    ERROR,
    NOT_COPIED,
    TEXT,
    UNKNOWN,
    Explained,
    Mistake,
)
from sweep.auditor.model import State
from sweep.auditor.probing import Prober, explain
from sweep.auditor.reading import Sheet, Spot
from sweep.auditor.roles import ALL_BIASES, BIASES, CONSTANTS, WEIGHTS
from sweep.auditor.values import MOST_DIGITS, digits_of, noise_of, values_of

RELATIVE, ABSOLUTE = 1e-8, 1e-13
"""For errors and derivatives. LibreOffice saves 15 digits, and t - a loses 4 or 5 of them while an
error falls to 1e-9."""

RELATIVE_PLAIN = 1e-11
PLAIN = {*WEIGHTS, *ALL_BIASES, "h1", "h2", "ah1", "ah2", "o1", "o2", "ao1", "ao2"}
"""What loses no digits: a small, late update shows in its tenth, and so does 2.71828 for e."""

SAME_CONSTANT = 1e-9
"""Typed constants may differ by this, relative: filling down gives 0.0500000000000001."""

FEWEST_SAVED = 9
"""Programs save the results of formulas with at least as many digits."""

DRAWS = 6
"""In how many ways rounded numbers are put back to what they may have been."""

UNFINISHED = 3
"""As many empty cells make a last row one that is not finished yet."""

SHOWN_ROWS = 40
"""In how many of the wrong rows a mistake is tried on the numbers."""

ORDER = (
    *CONSTANTS, "h1", "h2", "ah1", "ah2", "o1", "o2", "ao1", "ao2", "e1", "e2", "et", "d_", "m_",
    "c", "k", "n", "w", "b",
)  # fmt: skip
"""What is computed from what: a cause is told before what may follow from it."""


@dataclass
class Finding:
    """A column that is wrong, or that follows from one that is.

    `rows` marks the wrong cells and `right` is what each row's own weights give, float64, both of
    the table's length; `by` is the largest deviation relative to that, infinite where there is no
    number. What only follows from other columns has no `cause`.
    """

    column: Column
    rows: np.ndarray
    right: np.ndarray
    by: float
    cause: Explained | None
    way: Tree | None = None
    """The right formula."""

    @property
    def spots(self) -> list[Spot]:
        """The wrong cells."""
        return [self.column.spots[at] for at in np.flatnonzero(self.rows)]


@dataclass
class Judged:
    """A table's wrong columns, those that only follow from them, and how exact the others are."""

    table: Table
    wrong: list[Finding] = field(default_factory=list)
    affected: list[Finding] = field(default_factory=list)
    checked: int = 0
    cells: int = 0
    largest: float = 0.0
    decimals: int | None = None
    """To how many decimals its typed numbers are rounded; None for computed ones."""
    unread: dict[str, str] = field(default_factory=dict)
    """Headings of columns whose formulas could not be read, and why; their values were judged."""
    unfinished: int = 0
    """How many of the last rows are not finished."""


class Judge:
    """Judges one table whose columns have their roles."""

    def __init__(self, table: Table, calculator: Calculator) -> None:
        self.table, self.calculator = table, calculator
        self.sheet: Sheet = calculator.book.sheets[table.sheet]
        self.columns = [column for column in table.columns if column.role not in ("", "step")]
        self.values = {c.role: values_of(c, table, calculator) for c in reversed(self.columns)}
        self.fixed = {*CONSTANTS, *(() if table.moving else ALL_BIASES)}
        self.constants: dict[str, Any] = dict(table.constants)
        self.constants |= {r: _first(self.values[r]) for r in self.values if r in self.fixed}
        self.given = WEIGHTS + tuple(
            b for b in BIASES.get(table.biases, ()) if table.moving and b in self.values
        )
        self.right = self._state({name: self.values[name] for name in self.given})
        self.own = State({**self.constants, **self._zeroed()}, table.biases)
        self.noise = {role: self._noise(role) for role in self.values}
        for name in self.given:
            self.noise[name][0] = 0.0  # the first weights are what they are
        self.draws = self._draws()
        self.prober = Prober(table, calculator, self.constants)
        self.judged_rows = self._finished()
        decimals, digits = digits_of(np.concatenate([v[1:20] for v in self.values.values()]))
        cells = [spot for column in self.columns for spot in column.spots[1:3]]
        rounded = digits <= MOST_DIGITS and not any(s in self.sheet.formulas for s in cells)
        self.result = Judged(table, decimals=decimals if rounded else None)

    def judged(self) -> Judged:
        """Return the verdict on every column, causes first."""
        result = self.result
        result.unfinished = int(np.sum(~self.judged_rows))
        for column in self.columns:
            result.checked += 1
            for finding in self._column(column):
                (result.wrong if finding.cause else result.affected).append(finding)
        result.wrong.sort(key=lambda finding: _rank(finding.column.role))
        return result

    def _state(self, columns: dict[str, Any]) -> State:
        free = {role: values for role, values in columns.items() if role not in self.fixed}
        return State({**self.constants, **free}, self.table.biases)

    def _zeroed(self) -> dict[str, np.ndarray]:
        """Return the columns as formulas see them: an empty cell counts as 0."""
        found = {}
        for column in reversed(self.columns):
            values = self.values[column.role]
            found[column.role] = np.where(self._filled(column), values, 0.0)
        return found

    def _noise(self, role: str) -> np.ndarray:
        """Return how far values may be rounded; formulas' are, if at all, to many digits."""
        values = self.values[role]
        spots = next(column.spots for column in self.columns if column.role == role)
        computed = sum(spot in self.sheet.formulas for spot in spots) > len(spots) / 2
        if computed and digits_of(values)[1] < FEWEST_SAVED:
            return np.zeros(len(values))
        return noise_of(values)

    def _draws(self) -> list[State]:
        """Return states with rounded numbers put back to what they may have been."""
        if not any(self.noise[name].any() for name in self.values if name not in self.fixed):
            return []
        draw = np.random.default_rng(7)
        found = []
        for only in (self.given, tuple(r for r in self.values if r not in self.fixed)):
            shape = (DRAWS, self.table.rows)
            found.append(
                self._state(
                    {n: self.values[n] + self.noise[n] * draw.uniform(-1, 1, shape) for n in only}
                )
            )
        return found

    def _finished(self) -> np.ndarray:
        """Return which rows are judged: not the last ones of which several cells are empty."""
        empty = np.zeros(self.table.rows)
        for column in self.columns:
            empty += ~self._filled(column)
        judged = np.ones(self.table.rows, bool)
        for row in range(self.table.rows - 1, 0, -1):
            if empty[row] < UNFINISHED:
                break
            judged[row] = False
        return judged

    def _tolerance(self, role: str, right: np.ndarray, tree: Any, own: bool) -> np.ndarray:
        """Return how far a value may be from the right one: what rounding explains."""
        relative = RELATIVE_PLAIN if role in PLAIN else RELATIVE
        allowed: np.ndarray = relative * np.abs(right) + ABSOLUTE + 2 * self.noise.get(role, 0.0)
        if self.draws:
            with np.errstate(all="ignore"):
                drawn = self.draws[own].of(tree)
                away = np.max(np.abs(np.broadcast_to(drawn, (DRAWS, len(right))) - right), axis=0)
            allowed = allowed + 3 * np.nan_to_num(away)
        return allowed

    def _differs(self, role: str, values: np.ndarray, tree: Any, own: bool) -> np.ndarray:
        """Return where values are not what a formula gives; not where nothing is right."""
        state = self.own if own else self.right
        right = np.broadcast_to(state.of(tree), len(values))
        with np.errstate(all="ignore"):
            near = np.abs(values - right) <= self._tolerance(role, right, tree, own)
        return np.asarray(~(near | (values == right)) & ~np.isnan(right))

    def _column(self, column: Column) -> Iterator[Finding]:
        role = column.role
        values = values_of(column, self.table, self.calculator)
        if role in self.fixed:
            yield from self._constant(column, values)
            return
        way = self.right.definitions[role][0]
        right = np.array(np.broadcast_to(self.right.of(way), self.table.rows), dtype=float)
        there = self.judged_rows | self._filled(column)
        self.result.cells += int(np.sum(there & ~np.isnan(right)))
        off = self._differs(role, values, way, own=False) & there
        self._measure(values, right, off)
        causes = self._causes(column, values, off)
        for cause, rows in causes.items():
            yield Finding(column, rows, right, _largest(values, right, rows), cause, way)
        followed = off & ~np.any([*causes.values(), np.zeros_like(off)], axis=0)
        if followed.any() and not causes:
            yield Finding(column, followed, right, _largest(values, right, followed), None)

    def _filled(self, column: Column) -> np.ndarray:
        return np.array([s in self.sheet.values or s in self.sheet.formulas for s in column.spots])

    def _constant(self, column: Column, values: np.ndarray) -> Iterator[Finding]:
        first = np.full(len(values), self.constants[column.role])
        there = self.judged_rows | self._filled(column)
        off = ~(np.abs(values - first) <= SAME_CONSTANT * np.abs(first)) & there
        self.result.cells += len(values)
        if off.any():
            yield Finding(column, off, first, _largest(values, first, off), Explained(COUNTED))

    def _measure(self, values: np.ndarray, right: np.ndarray, off: np.ndarray) -> None:
        fine = ~off & np.isfinite(right) & np.isfinite(values) & (np.abs(right) > 1e-9)
        if fine.any():
            by = float(np.max(np.abs(values[fine] / right[fine] - 1)))
            self.result.largest = max(self.result.largest, by)

    def _causes(
        self, column: Column, values: np.ndarray, off: np.ndarray
    ) -> dict[Explained, np.ndarray]:
        """Return the mistakes in a column, each with its rows."""
        by_formula, unread = self._formulas(column, off)
        causes: dict[Explained, np.ndarray] = {}
        for step, cause in by_formula.items():
            if cause is not None:
                causes.setdefault(cause, np.zeros_like(off))[step] = True
        # A wrong formula is told where its number is wrong too.
        causes = {cause: rows for cause, rows in causes.items() if (rows & off).any()}
        typed = np.array([step not in by_formula for step in range(len(off))])
        wrong = typed & off & self._unexplained(column.role, values)
        for step in unread:
            wrong[step] &= not np.isnan(
                values[step]
            )  # nothing was saved: there is nothing to judge
        if wrong.any():
            for cause, rows in self._by_values(column, values, wrong, bool(by_formula)).items():
                causes[cause] = causes.get(cause, np.zeros_like(off)) | rows
        return _merged(causes)

    def _formulas(
        self, column: Column, off: np.ndarray
    ) -> tuple[dict[int, Explained | None], set[int]]:
        """Return what is wrong with each row's formula, and the rows whose cannot be read."""
        found: dict[int, Explained | None] = {}
        unread = set()
        for step, spot in enumerate(column.spots):
            if spot not in self.sheet.formulas or (column.role in self.given and step == 0):
                continue
            try:
                found[step] = self.prober.judge((self.sheet.name, spot), column.role, step)
            except FormulaError as unknown:
                unread.add(step)
                self.result.unread[column.heading] = str(unknown)
        return found, unread

    def _unexplained(self, role: str, values: np.ndarray) -> np.ndarray:
        """Return where values are not even right for what the row's other columns hold."""
        wrong = np.ones(len(values), bool)
        for tree in self.own.definitions.get(role, ()):
            try:
                wrong &= self._differs(role, values, tree, own=True)
            except KeyError:
                continue
        return wrong

    def _by_values(
        self, column: Column, values: np.ndarray, wrong: np.ndarray, has_formulas: bool
    ) -> dict[Explained, np.ndarray]:
        """Explain typed numbers, or those whose formulas are not there to be read."""
        causes: dict[Explained, np.ndarray] = {}
        empty = wrong & np.isnan(values)
        for step in np.flatnonzero(empty):
            cause = Explained(self._absent(column.spots[step]))
            causes.setdefault(cause, np.zeros_like(wrong))[step] = True
        rest = wrong & ~empty
        if not rest.any():
            return causes
        first = int(np.flatnonzero(rest)[0])
        stays = rest.sum() > 2 and _equal(values[rest], values[max(first - 1, 0)])
        if stays and rest[first:].all():
            cause = Explained(NOT_COPIED)
        elif (
            has_formulas
            or (rest.sum() <= 1 < len(rest) - 1)
            or (
                (rest.sum() <= len(rest) // 2 or rest.sum() > 3)
                and _equal(values[rest], values[rest][0])
                and rest.sum() > 1
            )
        ):
            cause = Explained(CONSTANT)
        else:
            cause = self._tried(column.role, values, rest)
        return causes | {cause: rest}

    def _absent(self, spot: Spot) -> Mistake:
        value = self.sheet.values.get(spot)
        if isinstance(value, str):
            return TEXT
        return ERROR if spot in self.sheet.formulas or value is not None else EMPTY

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
            if there.sum() < max(1, len(shown) - 2):
                return False
            return bool(np.all(np.abs(tried - values[shown])[there] <= slack[there]))

        others = [
            *(r for r in self.values if r != role),
            *(r for r in (*WEIGHTS, *CONSTANTS) if r not in self.values),
        ]
        rows = ("prev.", "next.", "3.", "-3.", "first.")
        moved = [where + role for where in rows for role in self.values if role not in self.fixed]
        moved += [
            f"{where}{w}"
            for where in ("",)
            for w in (f"n{n}" for n in range(1, 9))
            if w not in others
        ]
        for state in (self.own, self.right):
            found = explain(role, state, fits, self.values.__contains__, [*others, *moved])
            if found:
                return found
        return Explained(CONSTANT if wrong.sum() <= max(3, len(wrong) // 10) else UNKNOWN)


def _rank(role: str) -> int:
    if role in ORDER:
        return ORDER.index(role)
    return next((at for at, stem in enumerate(ORDER) if role.startswith(stem)), len(ORDER))


def _first(values: np.ndarray) -> float:
    finite = values[np.isfinite(values)]
    return float(finite[0]) if len(finite) else float("nan")


def _largest(values: np.ndarray, right: np.ndarray, rows: np.ndarray) -> float:
    with np.errstate(all="ignore"):
        by = np.abs(values[rows] - right[rows]) / np.maximum(np.abs(right[rows]), 1e-300)
    known = by[~np.isnan(right[rows])]
    return float(np.max(np.where(np.isnan(known), np.inf, known))) if len(known) else float("inf")


def _equal(values: np.ndarray, to: float) -> bool:
    """Whether all are one number, copied: programs write 15 to 17 digits."""
    return bool(np.allclose(values, to, rtol=1e-13, atol=0))


def _merged(causes: dict[Explained, np.ndarray]) -> dict[Explained, np.ndarray]:
    """Count what no known mistake explains with the column's largest that is explained."""
    vague = [cause for cause in causes if cause.mistake is UNKNOWN]
    named = [cause for cause in causes if cause not in vague]
    if not (vague and named):
        return causes
    main = max(named, key=lambda cause: int(causes[cause].sum()))
    return {
        cause: rows | np.any([causes[c] for c in vague], axis=0) if cause is main else rows
        for cause, rows in causes.items()
        if cause not in vague
    }
