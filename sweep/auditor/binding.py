"""Which quantity each column is, and which constants a table has.

Where headings leave it open, formulas and values decide.
"""

import re
from collections import Counter
from contextlib import suppress
from typing import Any

import numpy as np

from sweep.auditor.book import Book, Home, address
from sweep.auditor.formulas import FormulaError
from sweep.auditor.layout import Column, Table, constant, noise_of, rate_in_title
from sweep.auditor.model import SUMS, State, definitions
from sweep.auditor.probing import Prober
from sweep.auditor.roles import ALL_BIASES, BIASES, QUANTITIES, WEIGHTS
from sweep.errors import RequestError

COURSE = {"i1": 0.05, "i2": 0.10, "t1": 0.01, "t2": 0.99}
"""The worked example's inputs and targets, for a sheet that has typed them into its formulas."""

CLOSE = 1e-4
"""A column that is this near to a quantity is taken for it, rounded or a little wrong."""

MOSTLY = 0.5
"""In more than this share of rows."""

FEWEST_RATES = 5
"""As many weights must have been updated with one rate to know better than a label."""


def bind(book: Book, table: Table) -> list[str]:
    """Give the table's columns their roles and the table its constants; return what was assumed.

    Raises:
        RequestError: the table is that of another exercise, or lacks what cannot be inferred.
    """
    where = f'sheet "{table.sheet}"'
    if table.foreign:
        names = ", ".join(table.foreign[:3])
        raise RequestError(f"{where}: has {names}, which the 2-2-2 exercise has not")
    if missing := sorted(set(WEIGHTS) - {column.roles[0] for column in table.columns}):
        verb = "is" if len(missing) == 1 else "are"
        told = f"no column of numbers is headed {', '.join(missing)}, which {verb} needed"
        raise RequestError(f"{where}: {told}")
    _plain_roles(table)
    fit = _Fit(table)
    notes = list(table.notes)
    if missing := [role for role in COURSE if role not in fit.known]:
        fit.know({role: COURSE[role] for role in missing})
        notes.append(f"no labelled cell for {', '.join(missing)}; the course's values were taken")
    notes += _biases(table, fit)
    notes += _rate(book, table, fit)
    _ambiguous_roles(table, fit)
    _learned_roles(table, fit)
    notes += _set_aside(table, fit)
    return [f"{where}: {note}" for note in notes]


class _Fit:
    """How well columns are what they may be, beside right rows and beside the rows' own numbers."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.columns = {c.role: c.values for c in reversed(table.columns) if c.role}
        self.know({})

    def know(self, constants: dict[str, float]) -> None:
        """Give the table constants; these and the columns of what is given are known."""
        self.table.constants |= constants
        given = (*self.table.fixed, *WEIGHTS, *ALL_BIASES)
        self.known: dict[str, Any] = dict(self.table.constants)
        self.known |= {r: v for r, v in self.columns.items() if r in given}
        self.right = State(self.known, self.table.biases)

    def assign(self, column: Column, role: str) -> None:
        column.role = role
        self.columns.setdefault(role, column.values)

    def own(self, biases: str, **more: Any) -> State:
        """Return the rows' own numbers, as columns have them."""
        return State({**more, **self.known, **self.columns}, biases)

    def share(self, column: Column, role: str) -> float:
        """Return the share of rows, of those with a number, in which a column is the quantity."""
        values = column.values
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
    stated = {column.roles[0] for column in table.columns if "Δ" not in column.heading}
    named = {role for column in table.columns for role in column.roles} | set(table.constants)
    if named & set(BIASES["unit"]):
        table.biases = "unit"
        alike = {"b1": "bh1", "b2": "bh2", "d_et_b1": "d_et_bh1", "d_et_b2": "d_et_bh2"}
        for column in table.columns:
            column.roles = tuple(alike.get(role, role) for role in column.roles)
        table.constants = {alike.get(r, r): value for r, value in table.constants.items()}
        table.homes = {home: alike.get(role, role) for home, role in table.homes.items()}
    elif named & set(BIASES["layer"]):
        table.biases = "layer"
    possible = {*definitions(table.biases), *table.fixed, *BIASES.get(table.biases, ()), "step"}
    for column in table.columns:
        quotient = "Δ" in column.heading and "/" in column.heading and column.roles[0] in stated
        known = (role for role in column.roles if role in possible)
        column.roles = () if quotient else tuple(known)  # a quotient of differences is a check
        if len(column.roles) == 1:
            column.role = column.roles[0]
    table.unknown += [column for column in table.columns if not column.roles]
    table.columns = [column for column in table.columns if column.roles]


def _biases(table: Table, fit: _Fit) -> list[str]:
    """Find the biases: in columns, labelled, or what the sums have beyond their products."""
    notes = []
    labelled = table.biases and not set(ALL_BIASES) & set(fit.columns)
    if labelled and _near_sums(fit, table.biases) <= _near_sums(fit, ""):
        notes = ["biases are labelled, but its sums have none"]
        table.biases = ""
        table.constants = {r: v for r, v in table.constants.items() if r not in ALL_BIASES}
        table.homes = {home: r for home, r in table.homes.items() if r not in ALL_BIASES}
    beyond = {}
    for unit in SUMS if not table.biases else ():
        own = fit.own("")
        rest = fit.columns.get(unit, np.nan) - own.of(own.definitions[unit][0])
        rest = rest[np.isfinite(rest)]
        if len(rest) > 2 and np.ptp(rest) < 1e-7 and abs(rest[0]) > 1e-4:
            beyond[unit] = float(f"{np.median(rest):.9g}")
    if {"h1", "h2"} <= set(beyond) or {"o1", "o2"} <= set(beyond):
        table.biases = "unit"
        table.constants |= {f"b{unit}": beyond.get(unit, 0.0) for unit in SUMS}
        told = ", ".join(f"{value:g} in {unit}" for unit, value in beyond.items())
        notes = [f"its sums have biases that no cell names: {told}"]
    names = BIASES.get(table.biases, ())
    table.moving = any(not constant(fit.columns[n]) for n in names if n in fit.columns)
    none = {n: 0.0 for n in names if n not in {*fit.columns, *table.constants}}
    fit.know(none)
    return notes


def _near_sums(fit: _Fit, biases: str) -> int:
    """Count in how many cells the sums are those of a network with such biases."""
    state = fit.own(biases, **dict.fromkeys(BIASES.get(biases, ()), 0.0))
    return sum(
        int(np.sum(np.isclose(fit.columns[u], state.of(state.definitions[u][0]), rtol=CLOSE)))
        for u in set(SUMS) & set(fit.columns)
    )


def _rate(book: Book, table: Table, fit: _Fit) -> list[str]:
    """Find the rate: what updates refer to, a label, what most updates give, or a title."""
    notes = _voted(book, table, fit) if "eta" not in fit.columns else []
    labelled = table.constants.get("eta")
    if not notes and "eta" not in fit.columns and "eta" not in table.homes.values():
        fitted, by = _fitted_rate(fit)
        stated = rate_in_title(book, table)
        sure = fitted is not None and by >= FEWEST_RATES
        if labelled is None:
            found = fitted if stated is None or sure else stated
            if found is None:
                told = 'has no learning rate; label its cell "eta"'
                raise RequestError(f'sheet "{table.sheet}": {told}')
            how = "most updates were made with" if found is fitted else "its title says"
            notes = [f"no labelled cell for the learning rate; {how} {found:g}"]
            table.constants["eta"] = found
        elif fitted is not None and sure and not np.isclose(labelled, fitted, rtol=1e-3):
            notes = [f"the updates were made with the rate {fitted:g}, not with {labelled:g}"]
            table.constants["eta"] = fitted
    fit.know({})
    table.constants.setdefault("etab", float(np.ravel(fit.known["eta"])[0]))
    fit.know({})
    return notes


def _votes(book: Book, table: Table, fit: _Fit) -> dict[str, Counter[Home | float]]:
    """Count by which cells or typed numbers, as rates, the updates' formulas multiply."""
    given = {r: float(np.ravel(v)[0]) for r, v in fit.known.items() if r not in WEIGHTS}
    prober = Prober(table, book, {"eta": 0.37, "etab": 0.37, **given})
    votes: dict[str, Counter[Home | float]] = {"eta": Counter(), "etab": Counter()}
    for column in table.columns:
        role = column.role
        step = 0 if role[:1] == "n" or len(column.spots) == 1 else 1
        if re.fullmatch(r"[wn]\d|b[ho]?\d", role) and column.formulas[step]:
            with suppress(FormulaError, KeyError):
                found = prober.rate_of((table.sheet, column.spots[step]), role, step)
                if found is not None:
                    votes["etab" if role in ALL_BIASES else "eta"][found] += 1
    return votes


def _voted(book: Book, table: Table, fit: _Fit) -> list[str]:
    """Take the rates that most updates multiply by, whatever labels say; say what is assumed."""
    notes: list[str] = []
    for name, counted in _votes(book, table, fit).items():
        for found, _ in counted.most_common(1):
            cell = found if isinstance(found, tuple) else None
            value = book.value(found) if isinstance(found, tuple) else found
            if (cell and table.homes.get(cell) == name) or not np.isfinite(value):
                continue
            old, table.constants[name] = table.constants.get(name), value
            if cell:
                table.homes = {home: role for home, role in table.homes.items() if role != name}
                table.homes[cell] = name
            if name == "eta" and old is None:
                place = f"in {address(cell[1])}" if cell else "typed into the updates"
                notes = [f"no labelled cell for the learning rate; {value:g} {place} was taken"]
            elif name == "eta" and old != value:
                notes = [f"the updates use the rate {value:g}, not the labelled {old:g}"]
    return notes


def _fitted_rate(fit: _Fit) -> tuple[float | None, int]:
    """The rate with which most weights were updated, whose gradients agree on it, and how many."""
    if len(fit.columns["w1"]) < 2 or fit.table.stride != 1:
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
        score = {}
        for at in range(len(stems)):
            alike = sum(fit.share(column, column.roles[at]) > MOSTLY for column in columns)
            score[at] = alike, sum(column.roles[at] not in fit.columns for column in columns)
        best = max(score, key=score.__getitem__)
        for column in columns:
            fit.assign(column, column.roles[best])


def _stem(text: str) -> str:
    return re.sub(r"\d+$", "", text.strip())


def _learned_roles(table: Table, fit: _Fit) -> None:
    """Assign roles by values where headings say nothing, then to headings spelled alike."""
    free = [role for role in QUANTITIES if role not in fit.columns]
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


def _set_aside(table: Table, fit: _Fit) -> list[str]:
    """Leave out what is headed like a quantity and is none: pasted curves, second columns."""
    given = {*table.fixed, *WEIGHTS, *ALL_BIASES, "step"}
    derived = [column for column in table.columns if column.role not in given]
    computed = sum(column.formulas.any() for column in derived) > len(derived) / 2
    axis = 0 if table.across else 1
    block = max(c.spots[0][axis] for c in table.columns if c.role in WEIGHTS)
    for place in sorted(c.spots[0][axis] for c in table.columns + table.unknown):
        block = place if block < place <= block + 2 else block  # one empty column may be between
    rank = {id(column): (int(column.formulas.sum()), -at) for at, column in enumerate(derived)}
    aside = []
    for column in derived:
        twins = [other for other in derived if other.role == column.role and other is not column]
        typed = computed and not column.formulas.any()
        beyond = typed and column.spots[0][axis] > block
        second = any(rank[id(one)] > rank[id(column)] for one in twins)
        if (beyond or second) and fit.share(column, column.role) < 1:
            aside.append(column)
    table.columns = [column for column in table.columns if column not in aside]
    table.unknown += aside
    names = [f'"{column.heading[:30]}"' for column in table.unknown]
    told = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
    return [f"no columns of the exercise, not judged: {told}"] if names else []
