"""The values of cells: as saved, or computed here where a sheet was saved without them."""

import numpy as np

from sweep.auditor.formulas import (
    Area,
    Cell,
    FormulaError,
    Name,
    Tree,
    Value,
    evaluate,
    parse,
    references,
    references_in,
    replace,
)
from sweep.auditor.reading import Book, Sheet, Spot

LARGEST_AREA = 20_000
TRIED = 5
"""How many cells of each formula are compared with what was saved."""

STALE = 1e-5
"""A saved value that differs by more was not computed from the others: fewer digits were kept."""

MOST_IN_A_NAME = 20
"""How many cells and names a name may stand for that is made of other names."""

Home = tuple[str, Spot]
"""A cell in a book: its sheet's name, and its row and column."""


def number(value: float | str | None) -> float:
    """Return what a cell counts as in arithmetic: 0 if empty, NaN for text that is no number."""
    if isinstance(value, str):
        try:
            return float(value.strip().replace(",", ".")) if len(value) < 40 else np.nan
        except ValueError:
            return float("nan")
    return 0.0 if value is None else value


def cells_of(area: Area, home: Home) -> list[list[Home]]:
    """Return the cells of an area, row by row.

    Raises:
        FormulaError: it has more than `LARGEST_AREA` cells.
    """
    sheet, (top, left) = spot_of(area.first, home)
    _, (bottom, right) = spot_of(area.last, home)
    if (abs(bottom - top) + 1) * (abs(right - left) + 1) > LARGEST_AREA:
        raise FormulaError(f"an area of more than {LARGEST_AREA:,} cells")
    rows = range(min(top, bottom), max(top, bottom) + 1)
    columns = range(min(left, right), max(left, right) + 1)
    return [[(sheet, (row, column)) for column in columns] for row in rows]


def spot_of(cell: Cell, home: Home) -> Home:
    """Return the cell that a reference in `home` means."""
    sheet, (row, column) = home
    return cell.sheet or sheet, (cell.row.seen_from(row), cell.column.seen_from(column))


class Calculator:
    """Computes the cells of a book that have a formula and no value."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.names = _resolved(book.names)
        self.columns: dict[tuple[str, Spot, Spot], np.ndarray] = {}
        """The numbers of columns, by sheet, first and last cell, once they were asked for."""
        self.stale = {name for name, sheet in book.sheets.items() if self._stale(sheet)}
        for name in self.stale:
            sheet = book.sheets[name]
            for spot in sheet.formulas:
                sheet.values.pop(spot, None)

    def value(self, home: Home) -> float:
        """Return a cell's number; NaN for text, errors and what cannot be computed."""
        waiting, open_ = [home], set()
        while waiting:
            now = waiting[-1]
            if self._has_value(now):
                waiting.pop()
                continue
            missing = (
                [] if now in open_ else [c for c in self._needed(now) if not self._has_value(c)]
            )
            open_.add(now)
            if missing:
                waiting += missing
            else:
                self.book.sheets[now[0]].values[now[1]] = self._computed(now)
                waiting.pop()
        sheet = self.book.sheets.get(home[0])
        return number(sheet.values.get(home[1])) if sheet else float("nan")

    def has_formula(self, home: Home) -> bool:
        """Whether there is such a cell and it holds a formula."""
        sheet = self.book.sheets.get(home[0])
        return sheet is not None and home[1] in sheet.formulas

    def has_number(self, home: Home) -> bool:
        """Whether there is such a cell and it is not empty or text."""
        sheet = self.book.sheets[home[0]]
        there = home[1] in sheet.values or home[1] in sheet.formulas
        return there and not np.isnan(self.value(home))

    def tree(self, home: Home) -> Tree:
        """Return the formula of a cell that has one.

        Raises:
            FormulaError: it cannot be read.
        """
        return parse(self.book.sheets[home[0]].formulas[home[1]])

    def leaves(self, home: Home) -> tuple[Cell | Area | Name, ...]:
        """Return what the formula of a cell refers to.

        Raises:
            FormulaError: it cannot be read.
        """
        return references_in(self.book.sheets[home[0]].formulas[home[1]])

    def named(self, name: Name) -> Tree:
        """Return what a name stands for.

        Raises:
            FormulaError: the book has no such name, or it is not one cell or number.
        """
        tree = self.names.get(name.name.rpartition("!")[2].lower())
        if tree is None:
            raise FormulaError(f"the name {name.name}")
        return tree

    def _has_value(self, home: Home) -> bool:
        sheet = self.book.sheets.get(home[0])
        return sheet is None or home[1] in sheet.values or home[1] not in sheet.formulas

    def _needed(self, home: Home) -> list[Home]:
        try:
            return [cell for leaf in self.leaves(home) for cell in self._cells(leaf, home)]
        except FormulaError:
            return []

    def _cells(self, leaf: Tree, home: Home) -> list[Home]:
        if isinstance(leaf, Name):
            leaf = self.named(leaf)
        if isinstance(leaf, Cell):
            return [spot_of(leaf, home)]
        if isinstance(leaf, Area):
            return [cell for row in cells_of(leaf, home) for cell in row]
        return []

    def _computed(self, home: Home) -> float:
        def look(leaf: Cell | Area | Name) -> Value:
            meant = self.named(leaf) if isinstance(leaf, Name) else leaf
            if isinstance(meant, Cell):
                return np.float64(self._saved(spot_of(meant, home)))
            if isinstance(meant, Area):
                return [[np.float64(self._saved(c)) for c in row] for row in cells_of(meant, home)]
            return evaluate(meant, look)

        try:
            with np.errstate(all="ignore"):
                return float(evaluate(self.tree(home), look))
        except (FormulaError, TypeError):
            return float("nan")

    def _saved(self, home: Home) -> float:
        """The value of a cell as it stands; NaN where it waits for itself."""
        sheet = self.book.sheets.get(home[0])
        if sheet is None or (home[1] in sheet.formulas and home[1] not in sheet.values):
            return float("nan")
        return number(sheet.values.get(home[1]))

    def _stale(self, sheet: Sheet) -> bool:
        """Whether saved values are not what the formulas give, as some programs leave them."""
        seen: dict[str, list[Spot]] = {}
        for spot, text in sheet.formulas.items():
            if isinstance(sheet.values.get(spot), float):
                seen.setdefault(text, []).append(spot)
        for spots in seen.values():
            for spot in {*spots[:: max(1, len(spots) // TRIED)], spots[-1]}:
                saved, now = number(sheet.values[spot]), self._computed((sheet.name, spot))
                if np.isfinite(now) and not np.isclose(saved, now, rtol=STALE, atol=STALE**2):
                    return True
        return False


def _resolved(names: dict[str, Tree]) -> dict[str, Tree]:
    """Return what names stand for, of those that lead to cells; a circle leads nowhere."""
    plain = {name: tree for name, tree in names.items() if not _names_in(tree)}

    def known(part: Tree) -> Tree:
        return plain.get(part.name.lower(), part) if isinstance(part, Name) else part

    found = dict(plain)
    for name, tree in names.items():
        if name not in plain and len(list(references(tree))) <= MOST_IN_A_NAME:
            one = replace(tree, known)
            if not _names_in(one):
                found[name] = one
    return found


def _names_in(tree: Tree) -> bool:
    return any(isinstance(leaf, Name) for leaf in references(tree))
