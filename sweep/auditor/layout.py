"""Where things are on a sheet: tables of a row a step, and constants beside their labels.

And how exact the numbers of a column are: what rounding may have done to them.
"""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from sweep.auditor.book import Book, Home, Sheet, Spot, number, spot_of
from sweep.auditor.formulas import Cell
from sweep.auditor.roles import ALL_BIASES, CONSTANTS, WEIGHTS, normal, roles_of, under, weightlike

FEWEST_WEIGHTS = 6
"""As many headings of weights make a row of headings; then all eight are asked for."""

GAP = 6
"""How many rows may stand between headings and numbers."""

MOST_HEADINGS = 1_000
"""How many texts of a row are taken for headings; a column of a long list has more."""

LONGEST_TITLE = 80
"""A longer text is no title that states a rate."""
TITLE = re.compile(
    r"\b(?:eta|lr|rate|lernrate|alpha)\b\)?\s*(?:is|of|von|de|:|-|_)?\s*(\d*[.,]?\d+)(?![\w.])"
)

REACH = 4
"""How many cells to the right of a label its number may stand."""

MOST_DIGITS = 15
"""A column with numbers of more digits than this is not rounded."""

FEWEST_DECIMALS, FEWEST_DIGITS = 2, 4
"""Nobody rounds results to fewer."""

LOOKED_AT = 200
"""How many numbers of a column tell its digits."""


@dataclass(eq=False)
class Column:
    """One quantity, a value a step: what its heading says and may mean, and where its cells are.

    `values` are float64, NaN for what is no number or not there; `filled` and `formulas` say which
    cells hold anything, and a formula.
    """

    heading: str
    roles: tuple[str, ...]
    spots: list[Spot]
    values: np.ndarray
    filled: np.ndarray
    formulas: np.ndarray
    role: str = ""


@dataclass
class Table:
    """One training run on a sheet, with its columns and the constants that it is to use."""

    sheet: str
    columns: list[Column]
    heads: list[Spot]
    unknown: list[Column]
    """Columns whose heading says nothing: a quantity in a spelling of its own, or anything."""
    foreign: list[str]
    """Headings that another exercise has."""
    notes: list[str]
    """What was assumed of it, a clause each."""
    constants: dict[str, float] = field(default_factory=dict)
    homes: dict[Home, str] = field(default_factory=dict)
    """The labelled cells of the constants."""
    biases: str = ""
    """"layer" or "unit" if it has biases, as in `roles.BIASES`."""
    moving: bool = False
    """Whether its biases are updated."""

    @property
    def across(self) -> bool:
        """Whether its steps run to the right."""
        spots = self.columns[0].spots
        return len(spots) > 1 and spots[0][0] == spots[1][0]

    @property
    def rows(self) -> int:
        """How many steps it has."""
        return len(self.columns[0].spots)

    @property
    def stride(self) -> float:
        """How many steps a row is from the last, as a column of steps says of typed weights."""
        steps = [column.values for column in self.columns if column.roles[:1] == ("step",)]
        apart = np.unique(np.diff(steps[0])) if steps else np.zeros(0)
        typed = not any(c.formulas[1:].any() for c in self.columns if c.role in WEIGHTS)
        return float(apart[0]) if typed and len(apart) == 1 and apart[0] > 1 else 1.0

    @property
    def fixed(self) -> tuple[str, ...]:
        """The quantities that are the same in each row."""
        return CONSTANTS + (() if self.moving else ALL_BIASES)


def constant(values: np.ndarray) -> bool:
    """Whether all the numbers of a column are one, but for the noise of typing and filling down."""
    known = values[np.isfinite(values)]
    return len(known) == 0 or bool(np.ptp(known) <= 1e-12 * np.abs(known[0]))


def digits_of(values: np.ndarray) -> tuple[int, int]:
    """Return the most decimals and the most significant digits that numbers of a column have."""
    decimals = significant = 0
    for value in values[np.isfinite(values)][:LOOKED_AT]:
        mantissa, _, exponent = np.format_float_scientific(value).partition("e")
        kept = len(mantissa.lstrip("-").replace(".", "").rstrip("0"))
        significant = max(significant, kept)
        decimals = max(decimals, kept - 1 - int(exponent))
    return decimals, significant


def noise_of(values: np.ndarray) -> np.ndarray:
    """Return how far a column's numbers may be from what they were before rounding, float64.

    Rounded to d decimals, they are within 10^-d / 2; to s digits, within |value| 10^(1 - s) / 2:
    the larger of both is returned. The first row, which may be typed, does not tell how many.
    """
    decimals, significant = digits_of(values[1:] if len(values) > 1 else values)
    noise = np.zeros(len(values))
    if significant <= MOST_DIGITS and decimals >= FEWEST_DECIMALS:
        noise += 0.5 * 10.0**-decimals
        if significant >= FEWEST_DIGITS:
            size = np.where(np.isfinite(values), np.abs(values), 0.0)
            noise = np.maximum(noise, 0.5 * 10.0 ** (1 - significant) * size)
    return noise


Headings = dict[int, tuple[str, tuple[str, ...]]]
"""What may be headings in a row: text and roles by column."""


class View:
    """A sheet's cells, or the same with rows and columns exchanged."""

    def __init__(self, sheet: Sheet, across: bool) -> None:
        self.sheet, self.across = sheet, across
        self.rows: dict[int, dict[int, float | str | None]] = {}
        for spot in {**sheet.formulas, **sheet.values}:
            row, column = self.turned(spot)
            self.rows.setdefault(row, {})[column] = sheet.values.get(spot)
        self.texts = {
            row: sorted(column for column, value in cells.items() if isinstance(value, str))
            for row, cells in self.rows.items()
        }
        """The columns of each row's texts, in order: to find one by halving."""
        self.reach = {
            self.turned((top, left)): bottom if across else right
            for top, left, bottom, right in sheet.merged
        }
        """The last column of each merged area, by its first cell, which holds its text."""

    def turned(self, spot: Spot) -> Spot:
        """Return where a cell is in this view, or from there on the sheet."""
        return (spot[1], spot[0]) if self.across else spot

    def filled(self, row: int, column: int) -> bool:
        """Whether a cell has a number or a formula."""
        value = self.rows.get(row, {}).get(column)
        return (value is not None and number(value) == number(value)) or (
            self.turned((row, column)) in self.sheet.formulas
        )

    def group(self, row: int, column: int) -> str:
        """Return the text above a heading that stands for it and its neighbours."""
        texts = self.texts.get(row - 1, [])
        before = bisect_right(texts, column)
        if not before or column > self.reach.get((row - 1, texts[before - 1]), column):
            return ""
        return str(self.rows[row - 1][texts[before - 1]])

    def stated(self, row: int) -> list[tuple[int, str, str]]:
        """Return column, group and text of what may be headings, `MOST_HEADINGS` at most."""
        found: list[tuple[int, str, str]] = []
        for column, value in sorted(self.rows[row].items()):
            if len(found) == MOST_HEADINGS:
                break
            if isinstance(value, str) and value:
                found.append((column, self.group(row, column), value))
            elif value in range(1, 9) and (group := self.group(row, column)):
                found.append((column, group, f"{value:.0f}"))
        return found

    def headings(self, row: int) -> Headings:
        """Return the text and roles of what may be headings in a row.

        A text above that would make all weights something else stands there by chance.
        """
        stated = self.stated(row)
        grouped = {column: (text, under(group, text)) for column, group, text in stated}
        plain = {column: (text, roles_of(text)) for column, _, text in stated}
        return plain if _weights(plain) >= FEWEST_WEIGHTS > _weights(grouped) else grouped


def find_tables(book: Book, sheet: Sheet) -> list[Table]:
    """Return the tables of a sheet, steps downward; if there is none, steps to the right."""
    for across in (False, True):
        view = View(sheet, across)
        heads = [row for row in sorted(view.rows) if _heads(view, row)]
        tables = [
            table
            for row, after in zip(heads, [*heads[1:], None], strict=False)
            for part in _parts(view.headings(row))
            if (table := _table(book, view, row, after, part))
        ]
        if tables:
            return tables
    return []


def _heads(view: View, row: int) -> bool:
    """Whether a row has the headings of a table: enough of the likely ones are of weights."""
    if len(view.rows[row]) < FEWEST_WEIGHTS:
        return False
    likely = sum(weightlike(group + text) for _, group, text in view.stated(row))
    return likely >= FEWEST_WEIGHTS and _weights(view.headings(row)) >= FEWEST_WEIGHTS


def _weights(headings: Headings) -> int:
    return len({roles[0] for _, roles in headings.values() if roles} & set(WEIGHTS))


def _parts(headings: Headings) -> Iterator[Headings]:
    """Split headings where a second table begins beside the first.

    A second w1 begins one, if sums or errors come again too; else it is a gradient or a new weight.
    """
    part: Headings = {}
    for column, (text, roles) in headings.items():
        taken = {have[0] for _, have in part.values() if have}
        if roles and roles[0] in WEIGHTS and roles[0] in taken:
            later = [have[0] for at, (_, have) in headings.items() if at > column and have]
            if any(role in taken and role[0] in "haoe" for role in later):
                again = _again(part)
                yield {at: heading for at, heading in part.items() if at not in again}
                part = {at: part[at] for at in again}
            else:
                n = roles[0][1]
                part[column] = (text, (f"n{n}", f"d_et_w{n}", f"c{n}", f"k{n}"))
                continue
        part[column] = (text, roles)
    yield part


def _again(part: Headings) -> list[int]:
    """Return the last columns of headings that were there before: the next table's first ones."""
    found: list[int] = []
    for at in reversed(part):
        before = [roles[0] for other, (_, roles) in part.items() if other < at and roles]
        if not part[at][1] or part[at][1][0] not in before:
            break
        found.insert(0, at)
    return found


def _table(book: Book, view: View, row: int, after: int | None, headings: Headings) -> Table | None:
    """Return the table under a row of headings, if most of its weights have numbers."""
    headings, notes = _completed(headings)
    weights = [at for at, (_, roles) in headings.items() if roles[:1] and roles[0] in WEIGHTS]

    def full(at: int) -> int:
        return sum(view.filled(at, column) for column in weights)

    start = next((row + k for k in range(1, GAP + 1) if full(row + k) >= FEWEST_WEIGHTS), None)
    if start is None or (after is not None and start >= after):
        return None
    end = start
    while full(end) >= FEWEST_WEIGHTS - 2 and end != after:
        end += 1
    found = {
        at: _column(book, view, at, range(start, end), text.strip(), roles)
        for at, (text, roles) in headings.items()
    }
    found = {at: column for at, column in found.items() if _stated_each_row(column)}
    columns = list(found.values())
    known = [column for column in columns if column.roles and column.roles[0] != "other"]
    given = re.compile(r"[wnck]\d|step|etab?|[it]\d|b.*")
    if end - start == 1 and all(given.fullmatch(column.roles[0]) for column in known):
        return None  # a list of the first weights, or of the last too
    heads = [view.turned((row, at)) for at in found]
    foreign = [column.heading for column in columns if column.roles[:1] == ("other",)]
    unknown = [column for column in columns if not column.roles]
    return Table(view.sheet.name, known, heads, unknown, foreign, notes)


def _column(
    book: Book, view: View, at: int, rows: range, text: str, roles: tuple[str, ...]
) -> Column:
    sheet, spots = view.sheet, [view.turned((row, at)) for row in rows]
    formulas = np.array([spot in sheet.formulas for spot in spots])
    there = np.array([spot in sheet.values for spot in spots]) | formulas
    values = [book.value((sheet.name, spot)) for spot in spots]
    return Column(text, roles, spots, np.where(there, values, np.nan), there, formulas)


def _completed(headings: Headings) -> tuple[Headings, list[str]]:
    """Name the weights that no heading names where the neighbours tell which column it must be."""
    found, notes = dict(headings), []
    at = {roles[0]: column for column, (_, roles) in headings.items() if roles}
    for n, weight in enumerate(WEIGHTS, 1):
        beside = {at.get(f"w{n - 1}", -9) + 1, at.get(f"w{n + 1}", -9) - 1}
        free = [c for c in beside & set(found) if not found[c][1] or found[c][1][0][0] == "n"]
        if weight not in at and len(free) == 1:
            text = found[free[0]][0]
            found[free[0]] = (text, (weight,))
            notes.append(f'the column "{text.strip()}" was taken for {weight}, by its place')
    return found, notes


def _stated_each_row(column: Column) -> bool:
    """Whether a column has numbers; a constant given in the first row alone is a labelled cell."""
    filled = int(np.sum(np.isfinite(column.values) | column.formulas))
    constant = not column.roles or column.roles[0] in CONSTANTS
    return 2 * filled >= len(column.spots) if constant else filled > 0


LABELLED = {*CONSTANTS, *ALL_BIASES}


@dataclass
class Label:
    """A labelled number; one of a `choice`, if several stand in the label's row."""

    role: str
    home: Home
    value: float
    choice: bool = False


def labels(book: Book, taken: dict[str, set[Spot]]) -> list[Label]:
    """Return the labelled and named constants of a book outside of its tables' cells `taken`."""
    found = []
    for sheet in book.sheets.values():
        here = taken[sheet.name]
        texts = [(s, v) for s, v in sheet.values.items() if isinstance(v, str) and s not in here]
        for spot, text in texts:
            role = next((r for r in roles_of(text) if r in LABELLED), None)
            inside = re.search(r"([-+]?\d*[.,]?\d+(?:e-?\d+)?\s*%?)\s*$", text.split("=")[-1])
            if role and ("=" in text or ":" in text) and inside:
                found.append(Label(role, (sheet.name, spot), number(inside[1])))
            elif role:
                homes = [(sheet.name, at) for at in _beside(sheet, spot, role, here)]
                several = len(homes) > 1
                found += [Label(role, home, book.value(home), several) for home in homes]
    for name, tree in book.names.items():
        role = next((r for r in roles_of(name) if r in LABELLED), None)
        if role and isinstance(tree, Cell) and tree.sheet in book.sheets:
            home = spot_of(tree, (tree.sheet, (0, 0)))
            found.append(Label(role, home, book.value(home)))
    return [label for label in found if label.value == label.value]


def _beside(sheet: Sheet, spot: Spot, role: str, taken: set[Spot]) -> list[Spot]:
    """Return the cells of a label's number: right of it, else beneath; of a rate's all in a row."""

    def filled(at: Spot) -> bool:
        value = sheet.values.get(at)
        has = at in sheet.formulas if value is None else number(value) == number(value)
        return has and at not in taken

    row, column = spot
    right = [(row, column + k) for k in range(1, REACH + 1)]
    for way in (right, [(row + k, column) for k in (1, 2)]):
        there = (at for at in way if at in taken or at in sheet.values or at in sheet.formulas)
        at = next(there, spot)
        if filled(at):
            found = [at]
            while role == "eta" and filled(after := (found[-1][0], found[-1][1] + 1)):
                found.append(after)
            return found
    return []


def bind_constants(book: Book, tables: list[Table]) -> None:
    """Give each table the constants that are labelled for it: near by, or on another sheet."""
    taken: dict[str, set[Spot]] = {name: set() for name in book.sheets}
    for table in tables:
        taken[table.sheet] |= {*table.heads, *(s for c in table.columns for s in c.spots)}
    known = labels(book, taken)
    for table in tables:
        homes = ((table.sheet, spot) for column in table.columns for spot in column.spots[1:3])
        used = Counter(
            cell for home in homes if book.has_formula(home) for cell in book.needed(home)
        )
        top = min(table.heads)
        for role in sorted(LABELLED - {column.roles[0] for column in table.columns}):
            fit = sorted(
                (n for n in known if n.role == role and not (n.choice and not used[n.home])),
                key=lambda label: (
                    label.home[0] != table.sheet,
                    -used[label.home],
                    abs(label.home[1][0] - top[0]) + abs(label.home[1][1] - top[1]),
                ),
            )
            if fit:
                table.constants[role] = fit[0].value
                table.homes[fit[0].home] = role


def rate_in_title(book: Book, table: Table) -> float | None:
    """Return the rate that a sheet's name or a text above the table states, such as "lr 0.1"."""
    values = book.sheets[table.sheet].values.values()
    texts = (table.sheet, *(text for text in values if isinstance(text, str)))
    for text in [text for text in texts if len(text) <= LONGEST_TITLE][:2000]:
        if match := TITLE.search(normal(text.replace("=", " ").replace("_", " "))):
            return number(match[1])
    return None
