"""Where things are on a sheet: tables of a row a step, and constants beside their labels."""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from sweep.auditor.computing import Calculator, Home, number, spot_of
from sweep.auditor.formulas import Cell, FormulaError, Name, parse, references
from sweep.auditor.reading import Book, Sheet, Spot
from sweep.auditor.roles import (
    ALL_BIASES,
    CONSTANTS,
    WEIGHTS,
    normal,
    roles_of,
    under,
    weightlike,
)

FEWEST_WEIGHTS = 6
"""As many headings of weights make a row of headings; then all eight are asked for."""

GAP = 6
"""How many rows may stand between headings and numbers."""

MOST_HEADINGS = 1_000
"""How many texts of a row are taken for headings; a column of a long list has more."""

LONGEST_TITLE = 80
"""A longer text is no title that states a rate."""

REACH = 4
"""How many cells to the right of a label its number may stand."""


@dataclass
class Column:
    """One quantity, a value a step: what its heading says and may mean, and where its cells are."""

    heading: str
    roles: tuple[str, ...]
    spots: list[Spot]
    role: str = ""


@dataclass
class Table:
    """One training run on a sheet, with its columns and the constants that it is to use."""

    sheet: str
    columns: list[Column]
    heads: list[Spot]
    unknown: list[Column] = field(default_factory=list)
    """Columns whose heading says nothing: a quantity in a spelling of its own, or anything."""
    foreign: list[str] = field(default_factory=list)
    """Headings that another exercise has."""
    missing: list[str] = field(default_factory=list)
    """Weights that no heading names."""
    notes: list[str] = field(default_factory=list)
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


@dataclass
class Label:
    """A labelled number; one of a `choice`, if several stand in the label's row."""

    role: str
    home: Home
    value: float
    choice: bool = False


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
        cells = self.rows.get(row, {})
        if column not in cells:
            return False
        value = cells[column]
        has_formula = self.turned((row, column)) in self.sheet.formulas
        return has_formula or (value is not None and number(value) == number(value))

    def group(self, row: int, column: int) -> str:
        """Return the text above a heading that stands for it and its neighbours."""
        texts = self.texts.get(row - 1, [])
        before = bisect_right(texts, column)
        if not before:
            return ""
        at = texts[before - 1]
        beyond = column > self.reach.get((row - 1, at), column)
        return "" if beyond else str(self.rows[row - 1][at])

    def stated(self, row: int) -> Iterator[tuple[int, str, str]]:
        """Yield column, group and text of what may be headings, `MOST_HEADINGS` at most."""
        seen = 0
        for column, value in sorted(self.rows[row].items()):
            group = self.group(row, column)
            text = value if isinstance(value, str) else ""
            if isinstance(value, float) and value in range(1, 9) and group:
                text = f"{value:.0f}"
            if text:
                yield column, group, text
                seen += 1
            if seen == MOST_HEADINGS:
                return

    def headings(self, row: int) -> Headings:
        """Return the text and roles of what may be headings in a row.

        A text above that would make all weights something else stands there by chance.
        """
        stated = list(self.stated(row))
        grouped = {column: (text, under(group, text)) for column, group, text in stated}
        plain = {column: (text, roles_of(text)) for column, _, text in stated}
        several = _count(plain) >= FEWEST_WEIGHTS > _count(grouped)
        return plain if several else grouped


def find_tables(book: Book, sheet: Sheet) -> list[Table]:
    """Return the tables of a sheet, steps downward; if there is none, steps to the right."""
    for across in (False, True):
        view = View(sheet, across)
        heads = [row for row in sorted(view.rows) if _weights(view, row) >= FEWEST_WEIGHTS]
        tables = [
            table
            for row, after in zip(heads, [*heads[1:], None], strict=False)
            for part in _parts(view.headings(row))
            if (table := _table(view, row, after, part))
        ]
        if tables:
            return tables
    return []


def _weights(view: View, row: int) -> int:
    """Count the weights among a row's headings."""
    if len(view.rows[row]) < FEWEST_WEIGHTS:
        return 0
    if sum(weightlike(group + text) for _, group, text in view.stated(row)) < FEWEST_WEIGHTS:
        return 0
    return _count(view.headings(row))


def _count(headings: Headings) -> int:
    return len({roles[0] for _, roles in headings.values() if roles} & set(WEIGHTS))


def _parts(headings: Headings) -> Iterator[Headings]:
    """Split headings where a second table begins beside the first.

    A second w1 begins one, if sums or errors come again too; else it is a gradient or a new weight.
    """
    part: Headings = {}
    for column, (text, stated) in headings.items():
        roles = stated
        taken = {have[0] for _, have in part.values() if have}
        if roles and roles[0] in WEIGHTS and roles[0] in taken:
            later = [have[0] for at, (_, have) in headings.items() if at > column and have]
            if any(role in taken and role[0] in "haoe" for role in later):
                yield part
                part = {}
            else:
                n = roles[0][1]
                roles = (f"n{n}", f"d_et_w{n}", f"c{n}", f"k{n}")
        part[column] = (text, roles)
    yield part


def _table(view: View, row: int, after: int | None, headings: Headings) -> Table | None:
    """Return the table under a row of headings, if its eight weights have numbers."""
    headings, notes = _completed(headings)
    weights = [at for at, (_, roles) in headings.items() if roles[:1] and roles[0] in WEIGHTS]
    missing = sorted(set(WEIGHTS) - {headings[at][1][0] for at in weights})
    if len(missing) > len(WEIGHTS) - FEWEST_WEIGHTS:
        return None

    def full(at: int) -> int:
        return sum(view.filled(at, column) for column in weights)

    start = next((row + k for k in range(1, GAP + 1) if full(row + k) >= FEWEST_WEIGHTS), None)
    if start is None or (after is not None and start >= after):
        return None
    end = start
    while full(end) >= FEWEST_WEIGHTS - 2 and end != after:
        end += 1
    rows = range(start, end)
    part = {
        column: heading
        for column, heading in headings.items()
        if _stated_each_row(view, rows, column, heading[1])
    }
    columns = [
        Column(text.strip(), roles, [view.turned((at, column)) for at in rows])
        for column, (text, roles) in part.items()
    ]
    heads = [view.turned((row, column)) for column in part]
    foreign = [column.heading for column in columns if column.roles[:1] == ("other",)]
    known = [column for column in columns if column.roles and column.roles[0] != "other"]
    unknown = [column for column in columns if not column.roles]
    given = {*LABELLED, *WEIGHTS, "step"}
    if len(rows) < 2 and all(column.roles[0] in given for column in known):
        return None  # a list of the first weights
    return Table(view.sheet.name, known, heads, unknown, foreign, missing, notes)


def _completed(headings: Headings) -> tuple[Headings, list[str]]:
    """Name the weights that no heading names where the neighbours tell which column it must be."""
    found, notes = dict(headings), []
    at = {roles[0]: column for column, (_, roles) in headings.items() if roles}
    for n, weight in enumerate(WEIGHTS, 1):
        if weight in at:
            continue
        beside = {at.get(f"w{n - 1}", -9) + 1, at.get(f"w{n + 1}", -9) - 1}
        free = [
            column
            for column in sorted(beside & set(found))
            if not found[column][1] or found[column][1][0][0] == "n"
        ]
        if len(free) == 1:
            text = found[free[0]][0]
            found[free[0]] = (text, (weight,))
            notes.append(f'the column "{text.strip()}" was taken for {weight}, by its place')
    return found, notes


def _stated_each_row(view: View, rows: range, column: int, roles: tuple[str, ...]) -> bool:
    """Whether a column has numbers; a constant given in the first row alone is a labelled cell."""
    filled = sum(view.filled(at, column) for at in rows)
    constant = not roles or roles[0] in CONSTANTS
    return 2 * filled >= len(rows) if constant else filled > 0


LABELLED = {*CONSTANTS, *ALL_BIASES}


def labels(book: Book, sheet: Sheet, taken: set[Spot], calculator: Calculator) -> list[Label]:
    """Return the labelled constants of a sheet outside of its tables' cells `taken`."""
    found = []
    for spot, value in list(sheet.values.items()):
        if not isinstance(value, str) or spot in taken:
            continue
        role = next((r for r in roles_of(value) if r in LABELLED), None)
        inside = re.search(r"([-+]?\d*\.?\d+(?:e-?\d+)?)\s*$", value.split("=")[-1])
        if role is None:
            continue
        if ("=" in value or ":" in value) and inside:
            found.append(Label(role, (sheet.name, spot), float(inside[1])))
        elif (at := _beside(sheet, spot, taken)) is not None:
            homes = [(sheet.name, at)]
            while role == "eta" and (after := _after(homes[-1])) not in taken:
                if not calculator.has_number((sheet.name, after)):
                    break
                homes.append((sheet.name, after))
            several = len(homes) > 1
            found += [Label(role, home, calculator.value(home), several) for home in homes]
    return [label for label in found if label.value == label.value]


def _after(home: Home) -> Spot:
    return home[1][0], home[1][1] + 1


def _beside(sheet: Sheet, spot: Spot, taken: set[Spot]) -> Spot | None:
    row, column = spot
    right = [(row, column + k) for k in range(1, REACH + 1)]
    down = [(row + k, column) for k in (1, 2)]
    for way in (right, down):
        for at in way:
            if at in taken:
                break
            value = sheet.values.get(at)
            if at in sheet.formulas and value is None:
                return at
            if value is not None:
                if number(value) == number(value):
                    return at
                break
    return None


def bind_constants(book: Book, tables: list[Table], calculator: Calculator) -> None:
    """Give each table the constants that are labelled for it: near by, or on another sheet."""
    taken: dict[str, set[Spot]] = {name: set() for name in book.sheets}
    for table in tables:
        taken[table.sheet] |= {*table.heads, *(s for c in table.columns for s in c.spots)}
    known = [
        label
        for sheet in book.sheets.values()
        for label in labels(book, sheet, taken[sheet.name], calculator)
    ]
    known += _named(book, calculator)
    for table in tables:
        used = _used(book, table)
        top = min(table.heads)
        for role in sorted(LABELLED):
            if any(column.roles[0] == role for column in table.columns):
                continue
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


def _named(book: Book, calculator: Calculator) -> Iterator[Label]:
    for name, tree in book.names.items():
        role = next((r for r in roles_of(name) if r in LABELLED), None)
        if role and isinstance(tree, Cell) and tree.sheet in book.sheets:
            home = spot_of(tree, (tree.sheet, (0, 0)))
            yield Label(role, home, calculator.value(home))


def _used(book: Book, table: Table) -> Counter[Home]:
    """Count how often the table's first rows refer to each cell."""
    found: Counter[Home] = Counter()
    formulas = book.sheets[table.sheet].formulas
    for column in table.columns:
        for spot in column.spots[1:3]:
            if spot in formulas:
                try:
                    leaves = list(references(parse(formulas[spot])))
                except FormulaError:
                    continue
                for leaf in leaves:
                    named = isinstance(leaf, Name)
                    meant = book.names.get(leaf.name.lower()) if isinstance(leaf, Name) else leaf
                    if isinstance(meant, Cell) and (meant.sheet or not named):
                        found[spot_of(meant, (table.sheet, spot))] += 1
    return found


def rate_in_title(book: Book, table: Table) -> float | None:
    """Return the rate that a sheet's name or a text above the table states, such as "lr 0.1"."""
    texts = (
        table.sheet,
        *(v for v in book.sheets[table.sheet].values.values() if isinstance(v, str)),
    )
    for text in [text for text in texts if len(text) <= LONGEST_TITLE][:2000]:
        match = re.search(
            r"\b(?:eta|lr|rate|alpha)\b\)?\s*(?:is|of|von|de|:|-|_)?\s*(\d*[.,]?\d+)(?![\w.])",
            normal(text.replace("=", " ").replace("_", " ")),
        )
        if match:
            return float(match[1].replace(",", "."))
    return None
