"""One table judged: which columns are wrong, from which row, by how much, and why."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sweep.auditor.computing import Calculator, number
from sweep.auditor.formulas import FormulaError
from sweep.auditor.layout import Column, Table
from sweep.auditor.mistakes import (
    CONSTANT,
    COUNTED,
    EMPTY,
    ERROR,
    NOT_COPIED,
    PINNED,
    TEXT,
    UNKNOWN,
)
from sweep.auditor.model import DEFINITIONS, State
from sweep.auditor.probing import Explained, Prober, explain
from sweep.auditor.reading import Sheet, Spot
from sweep.auditor.roles import CONSTANTS, WEIGHTS

RELATIVE, ABSOLUTE = 1e-8, 1e-13
"""For errors and derivatives. LibreOffice saves 15 digits, and t - a loses 4 or 5 of them while an
error falls to 1e-9."""

RELATIVE_PLAIN = 1e-11
PLAIN = {*WEIGHTS, "h1", "h2", "ah1", "ah2", "o1", "o2", "ao1", "ao2"}
"""What loses no digits: a small, late update shows in its tenth, and so does 2.71828 for e."""

HELD = (
    ("ah1", "ah2"), ("ao1", "ao2"), ("ah1", "ao1"), ("ah2", "ao2"), ("ah1", "ao1", "ao2"),
    ("ah2", "ao1", "ao2"), ("ah1", "ah2", "ao1", "ao2"), ("h1", "h2"), ("o1", "o2"),
    WEIGHTS[:4], WEIGHTS[4:], WEIGHTS,
)  # fmt: skip
"""What may be pinned to the first row together."""


MOST_DECIMALS = 13
"""Typed numbers that all have no more decimals are rounded ones."""


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
    largest: float = 0.0
    decimals: int | None = None
    unread: dict[str, str] = field(default_factory=dict)
    """Headings of columns whose formulas could not be read, and why; their values were judged."""


class Judge:
    """Judges one table whose columns have their roles."""

    def __init__(self, table: Table, calculator: Calculator) -> None:
        self.table = table
        self.sheet: Sheet = calculator.book.sheets[table.sheet]
        self.values = {
            column.role: values_of(column, table, calculator)
            for column in reversed(table.columns)
            if column.role
        }
        self.constants: dict[str, Any] = dict(table.constants)
        self.constants |= {r: _first(self.values[r]) for r in CONSTANTS if r in self.values}
        weights = {w: self.values[w] for w in WEIGHTS}
        self.right = State({**self.constants, **weights})
        self.own = State({**self.constants, **self.values})
        self.prober = Prober(table, calculator, self.constants)
        self.calculator = calculator
        self.decimals = _decimals(self.values, self.sheet, table)
        self.result = Judged(table, decimals=self.decimals)

    def judged(self) -> Judged:
        """Return the verdict on every column."""
        for column in self.table.columns:
            if column.role and column.role != "step":
                self.result.checked += 1
                for finding in self._column(column):
                    (self.result.wrong if finding.cause else self.result.affected).append(finding)
        return self.result

    def tolerance(self, role: str, right: np.ndarray) -> np.ndarray:
        """Return how far a value may be from the right one."""
        slack = ABSOLUTE
        if self.decimals is not None:
            slack += 10.0**-self.decimals * (3 + 3 * float(np.max(self.constants["eta"])))
        relative = RELATIVE_PLAIN if role in PLAIN else RELATIVE
        allowed: np.ndarray = relative * np.abs(right) + slack
        return allowed

    def _expected(self, role: str) -> np.ndarray:
        made = self.right.of(DEFINITIONS[role][0]) if role in WEIGHTS else self.right[role]
        wanted: np.ndarray = np.array(np.broadcast_to(made, self.table.rows), dtype=float)
        return wanted

    def _differs(self, role: str, values: np.ndarray, right: Any) -> np.ndarray:
        """Return where values are not the right ones; not where nothing is right."""
        right = np.broadcast_to(right, len(values))
        with np.errstate(all="ignore"):
            near = np.abs(values - right) <= self.tolerance(role, right)
        return np.asarray(~(near | (values == right)) & ~np.isnan(right))

    def _column(self, column: Column) -> Iterator[Finding]:
        role = column.role
        values = values_of(column, self.table, self.calculator)
        if role in CONSTANTS:
            yield from self._constant(column, values)
            return
        right = self._expected(role)
        off = self._differs(role, values, right)
        self._measure(values, right, off)
        causes = self._causes(column, values, off)
        for cause, rows in causes.items():
            yield Finding(column, rows, right, _largest(values, right, rows), cause)
        followed = off & ~np.any([*causes.values(), np.zeros_like(off)], axis=0)
        if followed.any() and not causes:
            yield Finding(column, followed, right, _largest(values, right, followed), None)

    def _constant(self, column: Column, values: np.ndarray) -> Iterator[Finding]:
        first = np.full(len(values), self.constants[column.role])
        off = ~(values == first)
        if off.any():
            yield Finding(column, off, first, _largest(values, first, off), Explained(COUNTED))

    def _measure(self, values: np.ndarray, right: np.ndarray, off: np.ndarray) -> None:
        fine = ~off & np.isfinite(right) & (np.abs(right) > 1e-9)
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
        if wrong.any():
            has_formulas = bool(by_formula) and not unread
            for cause, rows in self._by_values(column, values, wrong, has_formulas).items():
                causes[cause] = causes.get(cause, np.zeros_like(off)) | rows
        return _merged(causes)

    def _formulas(
        self, column: Column, off: np.ndarray
    ) -> tuple[dict[int, Explained | None], bool]:
        """Return what is wrong with the formula of each row that has one that can be read."""
        found: dict[int, Explained | None] = {}
        unread = False
        for step, spot in enumerate(column.spots):
            if spot not in self.sheet.formulas or (column.role in WEIGHTS and step == 0):
                continue
            try:
                found[step] = self.prober.judge((self.sheet.name, spot), column.role, step)
            except FormulaError as unknown:
                unread = True
                if off[step]:
                    self.result.unread[column.heading] = str(unknown)
        return found, unread

    def _unexplained(self, role: str, values: np.ndarray) -> np.ndarray:
        """Return where values are not even right for what the row's other columns hold."""
        wrong = np.ones(len(values), bool)
        for tree in DEFINITIONS.get(role, ()):
            own = (
                np.broadcast_to(self.own.of(tree), len(values))
                if _known(tree, self.own)
                else np.nan
            )
            wrong &= self._differs(role, values, own) | np.isnan(own)
        return wrong

    def _by_values(
        self, column: Column, values: np.ndarray, wrong: np.ndarray, has_formulas: bool
    ) -> dict[Explained, np.ndarray]:
        """Explain typed numbers, or those whose formulas are not there to be read."""
        causes: dict[Explained, np.ndarray] = {}
        empty = wrong & np.isnan(values)
        for step in np.flatnonzero(empty):
            cause = Explained(_absent(self.sheet, column.spots[step]))
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
            or _one_number(values[rest], len(rest))
        ):
            cause = Explained(CONSTANT)
        else:
            cause = self._tried(column.role, values, rest)
        return causes | {cause: rest}

    def _tried(self, role: str, values: np.ndarray, wrong: np.ndarray) -> Explained:
        """Name the known mistake that gives the values of the wrong rows."""

        def fits(tried: Any) -> bool:
            tried = np.broadcast_to(tried, len(values))
            there = wrong & np.isfinite(tried)
            if there.sum() < max(1, wrong.sum() - 2):
                return False
            return not self._differs(role, values, tried)[there].any()

        return (
            explain(role, self.own, fits, set(self.values))
            or explain(role, self.right, fits, set(self.values))
            or self._pinned(role, fits)
            or Explained(CONSTANT if wrong.sum() <= max(3, len(wrong) // 10) else UNKNOWN)
        )

    def _pinned(self, role: str, fits: Any) -> Explained | None:
        """Try the values of the first row in place of each row's own."""
        first = {
            name: np.full_like(values, values[0])
            for name, values in self.values.items()
            if np.ndim(values) and name not in CONSTANTS and name != role
        }
        groups = [[name] for name in first] + [list(names) for names in HELD]
        for names in groups:
            held = {name: first[name] for name in names if name in first}
            state = State({**self.constants, **self.values, **held})
            for tree in DEFINITIONS.get(role, ()):
                if _known(tree, state) and fits(state.of(tree)):
                    return Explained(PINNED)
        return None


def values_of(column: Column, table: Table, calculator: Calculator) -> np.ndarray:
    """Return the numbers of a column, float64; NaN for what is none or is not there."""
    sheet = calculator.book.sheets[table.sheet]
    found = np.empty(len(column.spots))
    for at, spot in enumerate(column.spots):
        value = sheet.values.get(spot)
        if value is None and spot in sheet.formulas:
            found[at] = calculator.value((table.sheet, spot))
        else:
            found[at] = np.nan if value is None else number(value)
    return found


def _known(tree: Any, state: State) -> bool:
    try:
        state.of(tree)
    except KeyError:
        return False
    return True


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


def _one_number(values: np.ndarray, rows: int) -> bool:
    """Whether a few cells all hold the same number."""
    return len(values) <= rows // 2 and _equal(values, values[0])


def _absent(sheet: Sheet, spot: Spot) -> Any:
    value = sheet.values.get(spot)
    if isinstance(value, str):
        return TEXT
    return ERROR if spot in sheet.formulas or value is not None else EMPTY


def _merged(causes: dict[Explained, np.ndarray]) -> dict[Explained, np.ndarray]:
    """Count what no known mistake explains with the column's largest that is explained."""
    vague = [cause for cause in causes if cause.mistake.name == UNKNOWN.name]
    named = [cause for cause in causes if cause not in vague]
    if not (vague and named):
        return causes
    main = max(named, key=lambda cause: int(causes[cause].sum()))
    return {
        cause: rows | np.any([causes[c] for c in vague], axis=0) if cause is main else rows
        for cause, rows in causes.items()
        if cause not in vague
    }


def _decimals(values: dict[str, np.ndarray], sheet: Sheet, table: Table) -> int | None:
    """Return to how many decimals typed numbers are rounded; None for computed ones."""
    if any(spot in sheet.formulas for column in table.columns for spot in column.spots[1:3]):
        return None
    counts: Counter[int] = Counter()
    for role, column in values.items():
        if role not in CONSTANTS and role != "step":
            for value in column[1:20]:
                if np.isfinite(value):
                    counts[len(np.format_float_positional(value).partition(".")[2])] += 1
    most = max(counts, default=20)
    return most if most <= MOST_DECIMALS else None
