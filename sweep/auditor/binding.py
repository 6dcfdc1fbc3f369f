"""Which quantity each column is, and which constants a table has.

Where headings leave it open, the values decide.
"""

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from sweep.auditor.computing import Calculator
from sweep.auditor.judging import values_of
from sweep.auditor.layout import Column, Table, rate_in_title
from sweep.auditor.model import DEFINITIONS, State
from sweep.auditor.reading import Book
from sweep.auditor.roles import CONSTANTS, WEIGHTS
from sweep.errors import RequestError

COURSE = {"i1": 0.05, "i2": 0.10, "t1": 0.01, "t2": 0.99}
"""The worked example's inputs and targets, for a sheet that has typed them into its formulas."""

CLOSE = 1e-4
"""A column that is this near to a quantity is taken for it, rounded or a little wrong."""

KNOWN = {*DEFINITIONS, *CONSTANTS, "step"}
"""All quantities that a column may be: not the derivative of an error by an input, say."""

MOSTLY = 0.5
"""In more than this share of rows."""

USUAL = (
    "h1", "h2", "ah1", "ah2", "o1", "o2", "ao1", "ao2", "e1", "e2", "et",
    *(f"d_et_{w}" for w in WEIGHTS),
)  # fmt: skip
"""What a column with an unknown heading is compared with."""

ACTIVATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0),
    "identity": lambda x: x,
    "softplus": lambda x: np.log1p(np.exp(x)),
}
"""What other exercises have in the sigmoid's place."""


def bind(book: Book, table: Table, calculator: Calculator) -> list[str]:
    """Give the table's columns their roles and the table its constants; return what was assumed.

    Raises:
        RequestError: the table is that of another exercise, or lacks what cannot be inferred.
    """
    where = f'sheet "{table.sheet}"'
    if table.foreign:
        raise RequestError(
            f"{where}: has {', '.join(table.foreign[:3])}, which the 2-2-2 exercise has not"
        )
    _plain_roles(table)
    known: dict[str, Any] = dict(table.constants)
    for column in reversed(table.columns):
        if column.role in (*CONSTANTS, *WEIGHTS):
            known[column.role] = values_of(column, table, calculator)
    notes = _inputs(where, table, known)
    notes += _rate(where, book, table, known)
    fit = _Fit(table, calculator, known)
    _ambiguous_roles(table, fit)
    _learned_roles(table, fit)
    _refuse_others(where, fit.columns, fit.right)
    return notes


class _Fit:
    """How well columns are what they may be, beside right rows and beside the rows' own numbers."""

    def __init__(self, table: Table, calculator: Calculator, known: dict[str, Any]) -> None:
        self.table, self.calculator, self.known = table, calculator, known
        self.right = State(known)
        self.columns = {c.role: self.values(c) for c in reversed(table.columns) if c.role}

    def values(self, column: Column) -> np.ndarray:
        return values_of(column, self.table, self.calculator)

    def assign(self, column: Column, role: str) -> None:
        column.role = role
        self.columns.setdefault(role, self.values(column))

    def share(self, column: Column, role: str) -> float:
        """Return the share of rows in which a column is the quantity."""
        if role == "step" or len(column.spots) < 2:
            return 0.0
        values = self.values(column)
        others = {name: held for name, held in self.columns.items() if name != role}
        shares = []
        for state in (self.right, State({**self.known, **others})):
            with np.errstate(all="ignore"):
                near = np.isclose(values, state[role], rtol=CLOSE, atol=1e-9)
            shares.append(float(np.mean(near)))
        return max(shares)


def _inputs(where: str, table: Table, known: dict[str, Any]) -> list[str]:
    missing = [role for role in COURSE if role not in known]
    if not missing:
        return []
    for role in missing:
        known[role] = table.constants[role] = COURSE[role]
    names = ", ".join(missing)
    return [f"{where}: no labelled cell for {names}; the course's values were taken"]


def _rate(where: str, book: Book, table: Table, known: dict[str, Any]) -> list[str]:
    if "eta" in known:
        return []
    stated = rate_in_title(book, table)
    found = stated if stated is not None else _fitted_rate(known)
    if found is None:
        raise RequestError(f'{where}: has no learning rate; label its cell "eta"')
    known["eta"] = table.constants["eta"] = found
    how = "its title says" if stated is not None else "most updates were made with"
    return [f"{where}: no labelled cell for the learning rate; {how} {found:g}"]


def _fitted_rate(known: dict[str, Any]) -> float | None:
    """The rate with which most of the weights were updated."""
    if len(known["w1"]) < 2:
        return 1.0  # no update, no rate
    state = State(known)
    with np.errstate(all="ignore"):
        rates = [
            np.nanmedian((known[w][:-1] - known[w][1:]) / state[f"d_et_{w}"][:-1]) for w in WEIGHTS
        ]
    middle = float(np.median(rates))
    agree = np.sum(np.isclose(rates, middle, rtol=1e-3))
    return float(f"{middle:.9g}") if agree >= 3 and np.isfinite(middle) else None


def _plain_roles(table: Table) -> None:
    """Assign the roles that headings state without doubt, of those that the exercise has."""
    stated = {column.roles[0] for column in table.columns if "Δ" not in column.heading}
    for column in table.columns:
        quotient = "Δ" in column.heading and "/" in column.heading and column.roles[0] in stated
        known = (role for role in column.roles if role in KNOWN)
        column.roles = () if quotient else tuple(known)  # a quotient of differences is a check
        if len(column.roles) == 1:
            column.role = column.roles[0]
    table.unknown += [column for column in table.columns if not column.roles]
    table.columns = [column for column in table.columns if column.roles]


def _ambiguous_roles(table: Table, fit: _Fit) -> None:
    """Assign the other roles, alike to all columns of a family: to h1 and h2, to dw1 to dw8."""
    families: dict[tuple[str, ...], list[Column]] = {}
    for column in table.columns:
        if not column.role:
            families.setdefault(tuple(map(_stem, column.roles)), []).append(column)
    for stems, columns in families.items():
        taken = set(fit.columns)
        scores = [
            (
                sum(fit.share(column, column.roles[at]) > MOSTLY for column in columns),
                sum(column.roles[at] not in taken for column in columns),
                -at,
            )
            for at in range(len(stems))
        ]
        best = -max(scores)[2]
        for column in columns:
            fit.assign(column, column.roles[best])


def _stem(text: str) -> str:
    return re.sub(r"\d+$", "", text.strip())


def _learned_roles(table: Table, fit: _Fit) -> None:
    """Assign roles by values where headings say nothing, then to headings spelled alike."""
    free = [role for role in USUAL if role not in fit.columns]
    learned: dict[str, str] = {}
    for column in table.unknown:
        role = next((role for role in free if fit.share(column, role) > MOSTLY), None)
        if role:
            learned[_stem(column.heading)] = _stem(role)
            fit.assign(column, role)
            free.remove(role)
    for column in table.unknown:
        stem = _stem(column.heading)
        role = learned.get(stem, "") + column.heading.strip().removeprefix(stem)
        if not column.role and role in free:
            fit.assign(column, role)
            free.remove(role)
    table.columns += [column for column in table.unknown if column.role]


def _refuse_others(where: str, columns: dict[str, np.ndarray], right: State) -> None:
    """Refuse a network with another activation in all its units."""
    units = [unit for unit in ("h1", "h2", "o1", "o2") if f"a{unit}" in columns]
    own = State({**{name: right[name] for name in CONSTANTS}, **columns})
    for name, function in ACTIVATIONS.items():
        with np.errstate(all="ignore"):
            fits = [np.allclose(columns[f"a{u}"], function(own[u]), rtol=1e-6) for u in units]
        if len(fits) > 2 and all(fits):
            raise RequestError(
                f"{where}: its activation is {name}; the 2-2-2 exercise has the sigmoid"
            )
