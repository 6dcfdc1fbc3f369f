"""Which quantity each column is, and which constants a table has.

Where headings leave it open, formulas and values decide.
"""

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from sweep.auditor.computing import Calculator, Home
from sweep.auditor.formulas import FormulaError
from sweep.auditor.layout import Column, Table, rate_in_title
from sweep.auditor.model import SUMS, State, definitions
from sweep.auditor.probing import Prober
from sweep.auditor.reading import Book, address
from sweep.auditor.roles import ALL_BIASES, BIASES, CONSTANTS, WEIGHTS
from sweep.auditor.values import noise_of, values_of
from sweep.errors import RequestError

COURSE = {"i1": 0.05, "i2": 0.10, "t1": 0.01, "t2": 0.99}
"""The worked example's inputs and targets, for a sheet that has typed them into its formulas."""

CLOSE = 1e-4
"""A column that is this near to a quantity is taken for it, rounded or a little wrong."""

MOSTLY = 0.5
"""In more than this share of rows."""

USUAL = (
    "h1", "h2", "ah1", "ah2", "o1", "o2", "ao1", "ao2", "e1", "e2", "et",
    *(f"d_et_{w}" for w in WEIGHTS),
)  # fmt: skip
"""What a column with an unknown heading is compared with."""

FEWEST_RATES = 5
"""As many weights must have been updated with one rate to know better than a label."""

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
    if table.missing:
        verb = "is" if len(table.missing) == 1 else "are"
        names = ", ".join(table.missing)
        raise RequestError(f"{where}: no column is headed {names}, which {verb} needed")
    _plain_roles(table)
    fit = _Fit(table, calculator)
    notes = [*table.notes, *_inputs(table, fit), *_biases(table, fit)]
    notes += _rate(book, table, calculator, fit)
    fit.know(table.constants)
    _ambiguous_roles(table, fit)
    _learned_roles(table, fit)
    notes += _set_aside(table, calculator, fit)
    _refuse_others(where, fit.columns, fit.right)
    return [f"{where}: {note}" for note in notes]


class _Fit:
    """How well columns are what they may be, beside right rows and beside the rows' own numbers."""

    def __init__(self, table: Table, calculator: Calculator) -> None:
        self.table, self.calculator = table, calculator
        self.columns = {c.role: self.values(c) for c in reversed(table.columns) if c.role}
        self.know(table.constants)

    def know(self, constants: dict[str, float]) -> None:
        """Take constants for known, beside the columns of weights and constants."""
        given = (*CONSTANTS, *WEIGHTS, *ALL_BIASES)
        self.known: dict[str, Any] = dict(constants)
        self.known |= {r: v for r, v in self.columns.items() if r in given}
        self.right = State(self.known, self.table.biases)

    def values(self, column: Column) -> np.ndarray:
        return values_of(column, self.table, self.calculator)

    def assign(self, column: Column, role: str) -> None:
        column.role = role
        self.columns.setdefault(role, self.values(column))

    def share(self, column: Column, role: str) -> float:
        """Return the share of rows, of those with a number, in which a column is the quantity."""
        values = self.values(column)
        if role == "step" or len(values) < 2:
            return 0.0
        others = {name: held for name, held in self.columns.items() if name != role}
        there, shares = np.isfinite(values), [0.0]
        for state in (self.right, State({**self.known, **others}, self.table.biases)):
            try:
                near = np.isclose(values, state[role], rtol=CLOSE, atol=1e-9)
            except KeyError:
                continue  # nothing defines it, in a network without biases, say
            shares.append(float(np.mean(near[there])) if there.any() else 0.0)
        return max(shares)


def _plain_roles(table: Table) -> None:
    """Assign the roles that headings state without doubt, of those that the exercise has."""
    named = {role for column in table.columns for role in column.roles} | set(table.constants)
    for role in set(table.constants) & set(ALL_BIASES):
        if any(column.roles[:1] == (role,) for column in table.columns):
            del table.constants[role]
    if named & {"bo1", "bo2", "bh1", "bh2"}:
        table.biases = "unit"
        alike = {"b1": "bh1", "b2": "bh2", "d_et_b1": "d_et_bh1", "d_et_b2": "d_et_bh2"}
        for column in table.columns:
            column.roles = tuple(alike.get(role, role) for role in column.roles)
        table.constants = {alike.get(r, r): value for r, value in table.constants.items()}
        table.homes = {home: alike.get(role, role) for home, role in table.homes.items()}
    elif named & {"b1", "b2"}:
        table.biases = "layer"
    possible = {*definitions(table.biases), *CONSTANTS, *BIASES.get(table.biases, ()), "step"}
    stated = {column.roles[0] for column in table.columns if "Δ" not in column.heading}
    for column in table.columns:
        quotient = "Δ" in column.heading and "/" in column.heading and column.roles[0] in stated
        known = (role for role in column.roles if role in possible)
        column.roles = () if quotient else tuple(known)  # a quotient of differences is a check
        if len(column.roles) == 1:
            column.role = column.roles[0]
    table.unknown += [column for column in table.columns if not column.roles]
    table.columns = [column for column in table.columns if column.roles]


def _inputs(table: Table, fit: _Fit) -> list[str]:
    missing = [role for role in COURSE if role not in fit.known]
    if not missing:
        return []
    table.constants |= {role: COURSE[role] for role in missing}
    fit.know(table.constants)
    return [f"no labelled cell for {', '.join(missing)}; the course's values were taken"]


def _biases(table: Table, fit: _Fit) -> list[str]:
    """Find the biases: in columns, labelled, or what the sums have beyond their products."""
    notes = []
    if not table.biases:
        beyond = {}
        for unit in SUMS:
            if unit in fit.columns and len(fit.columns[unit]) > 2:
                own = State({**fit.known, **fit.columns})
                rest = fit.columns[unit] - own.of(own.definitions[unit][0])
                rest = rest[np.isfinite(rest)]
                if len(rest) > 2 and np.ptp(rest) < 1e-7 and abs(rest[0]) > 1e-4:
                    beyond[unit] = float(f"{np.median(rest):.9g}")
        if {"h1", "h2"} <= set(beyond) or {"o1", "o2"} <= set(beyond):
            table.biases = "unit"
            table.constants |= {f"b{unit}": beyond.get(unit, 0.0) for unit in SUMS}
            told = ", ".join(f"{value:g} in {unit}" for unit, value in beyond.items())
            notes = [f"its sums have biases that no cell names: {told}"]
    if table.biases and not notes and not _biased(table, fit):
        notes = ["biases are labelled, but its sums have none"]
        table.biases = ""
        table.constants = {r: v for r, v in table.constants.items() if r not in ALL_BIASES}
        table.homes = {home: r for home, r in table.homes.items() if r not in ALL_BIASES}
    if table.biases:
        for name in BIASES[table.biases]:
            if name not in fit.columns:
                table.constants.setdefault(name, 0.0)
        held = [fit.columns[name] for name in BIASES[table.biases] if name in fit.columns]
        table.moving = any(not constant(values) for values in held)
    fit.know(table.constants)
    return notes


def _biased(table: Table, fit: _Fit) -> bool:
    """Whether the sums are rather those with the stated biases than those without."""
    if any(name in fit.columns for name in ALL_BIASES):
        return True
    counts = []
    for biases in ("", table.biases):
        none = dict.fromkeys(BIASES[table.biases], 0.0)
        state = State({**none, **fit.known, **fit.columns}, biases)
        count = 0
        for unit in set(SUMS) & set(fit.columns):
            right = state.of(state.definitions[unit][0])
            count += int(np.sum(np.isclose(fit.columns[unit], right, rtol=CLOSE)))
        counts.append(count)
    return bool(counts[1] > counts[0])


def constant(values: np.ndarray) -> bool:
    """Whether all the numbers of a column are one, but for the noise of typing and filling down."""
    known = values[np.isfinite(values)]
    return len(known) == 0 or bool(np.ptp(known) <= 1e-12 * np.abs(known[0]))


def _rate(book: Book, table: Table, calculator: Calculator, fit: _Fit) -> list[str]:
    """Find the rate: what updates refer to, a label, what most updates give, or a title."""
    notes = _voted(table, calculator, fit) if "eta" not in fit.columns else []
    labelled = fit.known.get("eta")
    if not notes and "eta" not in fit.columns and "eta" not in table.homes.values():
        fitted, by = _fitted_rate(fit)
        stated = rate_in_title(book, table)
        if labelled is not None and fitted is not None and by >= FEWEST_RATES:
            if not np.isclose(labelled, fitted, rtol=1e-3):
                table.constants["eta"] = fitted
                notes = [f"the updates were made with the rate {fitted:g}, not with {labelled:g}"]
        elif labelled is None:
            found = fitted if stated is None or by >= FEWEST_RATES else stated
            if found is None:
                where = f'sheet "{table.sheet}"'
                raise RequestError(f'{where}: has no learning rate; label its cell "eta"')
            table.constants["eta"] = found
            how = "most updates were made with" if found is fitted else "its title says"
            notes = [f"no labelled cell for the learning rate; {how} {found:g}"]
    fit.know(table.constants)
    table.constants.setdefault("etab", float(np.ravel(fit.known["eta"])[0]))
    return notes


def _voted(table: Table, calculator: Calculator, fit: _Fit) -> list[str]:
    """Take the rate that most updates' formulas multiply by, whatever the labels say."""
    given = {r: float(np.ravel(v)[0]) for r, v in fit.known.items() if r not in WEIGHTS}
    prober = Prober(table, calculator, {"eta": 0.37, "etab": 0.37, **given})
    votes: dict[str, Counter[Home | float]] = {"eta": Counter(), "etab": Counter()}
    for column in table.columns:
        role = column.role
        if not re.fullmatch(r"[wn]\d|b[ho]?\d", role):
            continue
        step = 0 if role[0] == "n" or len(column.spots) == 1 else 1
        home = (table.sheet, column.spots[step])
        try:
            found = prober.rate_of(home, role, step) if calculator.has_formula(home) else None
        except (FormulaError, KeyError):
            continue
        if found is not None:
            votes["etab" if role in ALL_BIASES else "eta"][found] += 1
    return [
        note
        for name, counted in votes.items()
        if counted
        for note in _elected(table, calculator, name, counted.most_common(1)[0][0])
    ]


def _elected(table: Table, calculator: Calculator, name: str, found: Home | float) -> list[str]:
    """Make a cell, or a typed number, the table's rate; return what is to be said of it."""
    cell = found if isinstance(found, tuple) else None
    value = calculator.value(found) if isinstance(found, tuple) else found
    old = table.constants.get(name)
    if (cell and table.homes.get(cell) == name) or not np.isfinite(value):
        return []
    table.constants[name] = value
    if cell:
        table.homes = {home: role for home, role in table.homes.items() if role != name}
        table.homes[cell] = name
    if name == "eta" and old is None:
        place = f"in {address(cell[1])}" if cell else "typed into the updates"
        return [f"no labelled cell for the learning rate; {value:g} {place} was taken"]
    if name == "eta" and old and old != value:
        return [f"the updates use the rate {value:g}, not the labelled {old:g}"]
    return []


def _fitted_rate(fit: _Fit) -> tuple[float | None, int]:
    """The rate with which most weights were updated, whose gradients agree on it, and how many."""
    if len(fit.columns["w1"]) < 2:
        return 1.0, 0  # no update, no rate
    state = State({**fit.known, "eta": 1.0, "etab": 1.0}, fit.table.biases)
    rates = []
    for w in WEIGHTS:
        with np.errstate(all="ignore"):
            change = fit.columns[w][:-1] - fit.columns[w][1:]
            there = np.isfinite(change) & (np.abs(change) > 1e3 * noise_of(fit.columns[w])[1:])
            each = (change / state[f"d_et_{w}"][:-1])[there]
        rates.append(float(np.median(each)) if len(each) else np.nan)
    middle = float(np.nanmedian(rates)) if np.isfinite(rates).any() else np.nan
    agree = int(np.sum(np.isclose(rates, middle, rtol=2e-3)))
    return (float(f"{middle:.4g}"), agree) if agree >= 3 and np.isfinite(middle) else (None, 0)


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
    learned: Counter[tuple[str, str]] = Counter()
    for column in table.unknown:
        role = next((role for role in free if fit.share(column, role) > MOSTLY), None)
        if role:
            learned[_stem(column.heading), _stem(role)] += 1
            fit.assign(column, role)
            free.remove(role)
    alike = {heading: role for (heading, role), count in learned.items() if count > 1}
    for column in table.unknown:
        stem = _stem(column.heading)
        role = alike.get(stem, "") + column.heading.strip().removeprefix(stem)
        if not column.role and role in free:
            fit.assign(column, role)
            free.remove(role)
    table.columns += [column for column in table.unknown if column.role]
    table.unknown = [column for column in table.unknown if not column.role]


def _set_aside(table: Table, calculator: Calculator, fit: _Fit) -> list[str]:
    """Leave out what is headed like a quantity and is none: pasted curves, second columns."""

    def formulas(column: Column) -> int:
        return sum(calculator.has_formula((table.sheet, spot)) for spot in column.spots)

    given = {*CONSTANTS, *WEIGHTS, *ALL_BIASES, "step"}
    derived = [column for column in table.columns if column.role not in given]
    computed = sum(formulas(column) > 0 for column in derived) > len(derived) / 2
    places = sorted({spot for c in table.columns + table.unknown for spot in c.spots[:1]})
    axis = 0 if table.across else 1
    weights = [c.spots[0][axis] for c in table.columns if c.role in WEIGHTS]
    block = _block([spot[axis] for spot in places], max(weights))
    rank = {id(column): (formulas(column), -at) for at, column in enumerate(derived)}
    aside = []
    for column in derived:
        twins = [other for other in derived if other.role == column.role and other is not column]
        typed = computed and not formulas(column)
        beyond = typed and column.spots[0][axis] > block
        second = any(rank[id(one)] > rank[id(column)] for one in twins)
        if (beyond or second) and fit.share(column, column.role) < 1:
            aside.append(column)
    table.columns = [column for column in table.columns if column not in aside]
    fit.columns = {c.role: fit.values(c) for c in reversed(table.columns) if c.role}
    table.unknown += aside
    names = [f'"{column.heading[:30]}"' for column in table.unknown]
    told = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
    return [f"no columns of the exercise, not judged: {told}"] if names else []


def _block(places: list[int], start: int) -> int:
    """The last of the columns that follow `start` with no more than one empty between."""
    end = start
    for place in sorted(places):
        if end < place <= end + 2:
            end = place
    return end


def _refuse_others(where: str, columns: dict[str, np.ndarray], right: State) -> None:
    """Refuse a network with another activation in all its units."""
    units = [unit for unit in SUMS if f"a{unit}" in columns]
    own = State({**{name: right[name] for name in COURSE}, **columns})
    for name, function in ACTIVATIONS.items():
        with np.errstate(all="ignore"):
            fits = [
                np.allclose(columns[f"a{u}"], function(own[u]), rtol=1e-6, equal_nan=True)
                for u in units
            ]
        if len(fits) > 2 and all(fits):
            raise RequestError(
                f"{where}: its activation is {name}; the 2-2-2 exercise has the sigmoid"
            )
