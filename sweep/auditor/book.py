"""A workbook as numbers, texts and formulas, of which nothing is run; and what its cells come to.

openpyxl's parser reads the cells, the formula and the saved value of each at once. What else is in
the archive (macros, links, pictures, queries, styles but for one font) is not opened.
"""

import io
import re
import zipfile
import zlib
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError, fromstring, iterparse

import numpy as np
from openpyxl.packaging.relationship import get_dependents
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._reader import FORMULA_TAG, WorkSheetParser  # private: see pyproject
from openpyxl.xml.constants import REL_NS, SHEET_MAIN_NS

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
    relative,
)
from sweep.errors import RequestError

MOST_BYTES = 25 * 2**20
MOST_UNPACKED = 100 * 2**20
MOST_PARTS = 2_000
MOST_CELLS = 500_000
TAGS_A_CELL = 8
"""A sheet of 1,000 rows has some 45,000 cells, 5 MB unpacked and less than 2 MB packed."""

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
OTHERS = {".xlsm", ".xls", ".xlsb", ".ods", ".csv", ".xltx", ".xltm", ".numbers"}
CELL_END = re.compile(rb"</(?:\w+:)?c>")
"""A cell that holds anything is closed by this; counted before a part is parsed."""

SPACE = f"{{{SHEET_MAIN_NS}}}"
GREEK = dict(zip(
    "abcdefghijklmnopqrstuvwxyzDS¶", "αβχδεφγηιϕκλμνοπθρστυϖωξψζΔΣ∂", strict=True
))  # fmt: skip
SYMBOL = str.maketrans(GREEK | {chr(0xF000 + ord(letter)): GREEK[letter] for letter in GREEK})
"""What letters look like in the font Symbol, of which a file has the code, in one of two places."""

LARGEST_AREA = 20_000
TRIED = 5
"""How many cells of each formula are compared with what was saved."""

STALE = 1e-5
"""A saved value that differs by more was not computed from the others: fewer digits were kept."""

Spot = tuple[int, int]
"""A cell's row and column, from 1."""

Home = tuple[str, Spot]
"""A cell in a book: its sheet's name, and its row and column."""


@dataclass
class Sheet:
    """The cells of one sheet that hold anything.

    `values` are numbers (float, NaN for an error such as #DIV/0!) and texts, as last computed;
    `formulas` are in relative form without "=". A cell with a formula may have no value.
    """

    name: str
    values: dict[Spot, float | str] = field(default_factory=dict)
    formulas: dict[Spot, str] = field(default_factory=dict)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)


class Book:
    """A workbook: its sheets in their order, its named cells by name in small letters."""

    def __init__(self, sheets: dict[str, Sheet], names: dict[str, Tree]) -> None:
        self.sheets, self.names = sheets, names
        self.stale = {name for name, sheet in sheets.items() if self._stale(sheet)}
        """The sheets whose saved values are not what the formulas give; they are forgotten."""
        for name in self.stale:
            for spot in sheets[name].formulas:
                sheets[name].values.pop(spot, None)

    def value(self, home: Home) -> float:
        """Return a cell's number; NaN for text, errors and what cannot be computed."""
        waiting, seen = [home], set()
        while waiting:
            now = waiting[-1]
            first = now not in seen and self._waits(now)
            seen.add(now)
            missing = [cell for cell in self.needed(now) if self._waits(cell)] if first else []
            waiting += missing
            if not missing:
                waiting.pop()
                if self._waits(now):
                    self.sheets[now[0]].values[now[1]] = self._computed(now)
        return self._saved(home)

    def _waits(self, home: Home) -> bool:
        """Whether a cell has a formula and no value yet."""
        return self.has_formula(home) and home[1] not in self.sheets[home[0]].values

    def _saved(self, home: Home) -> float:
        """The value of a cell as it stands; NaN where it waits for itself."""
        there = home[0] in self.sheets and not self._waits(home)
        return number(self.sheets[home[0]].values.get(home[1])) if there else np.nan

    def has_formula(self, home: Home) -> bool:
        """Whether there is such a cell and it holds a formula."""
        return home[0] in self.sheets and home[1] in self.sheets[home[0]].formulas

    def tree(self, home: Home) -> Tree:
        """Return the formula of a cell that has one.

        Raises:
            FormulaError: it cannot be read.
        """
        return parse(self.sheets[home[0]].formulas[home[1]])

    def named(self, name: Name) -> Tree:
        """Return what a name stands for.

        Raises:
            FormulaError: the book has no such name, or it stands for another name.
        """
        tree = self.names.get(name.name.rpartition("!")[2].lower())
        if tree is None or any(isinstance(leaf, Name) for leaf in references(tree)):
            raise FormulaError(f"the name {name.name}")
        return tree

    def cells(self, home: Home) -> list[Home]:
        """Return the cells that the formula of a cell refers to, those of areas too.

        Raises:
            FormulaError: it cannot be read, or an area of it is too large.
        """
        found: list[Home] = []
        for leaf in _leaves(self.sheets[home[0]].formulas[home[1]]):
            named = references(self.named(leaf)) if isinstance(leaf, Name) else (leaf,)
            for meant in named:
                if isinstance(meant, Cell):
                    found.append(spot_of(meant, home))
                elif isinstance(meant, Area):
                    found += [cell for row in cells_of(meant, home) for cell in row]
        return found

    def needed(self, home: Home) -> list[Home]:
        """Return the same, nothing where a formula cannot be read."""
        try:
            return self.cells(home)
        except FormulaError:
            return []

    def _computed(self, home: Home) -> float:
        def look(leaf: Cell | Area | Name) -> Value:
            if isinstance(leaf, Name):
                return evaluate(self.named(leaf), look)
            if isinstance(leaf, Cell):
                return np.float64(self._saved(spot_of(leaf, home)))
            return [[np.float64(self._saved(c)) for c in row] for row in cells_of(leaf, home)]

        try:
            with np.errstate(all="ignore"):
                found = float(evaluate(self.tree(home), look))
        except (FormulaError, TypeError):
            return float("nan")
        return found if np.isfinite(found) else float("nan")  # a sheet's 1/0 is an error

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


@lru_cache(maxsize=20_000)
def _leaves(text: str) -> tuple[Cell | Area | Name, ...]:
    return tuple(references(parse(text)))


def number(value: float | str | None) -> float:
    """Return what a cell counts as in arithmetic: 0 if empty, NaN for text that is no number."""
    if not isinstance(value, str):
        return 0.0 if value is None else value
    text = value.strip().replace(",", ".").replace("\N{MINUS SIGN}", "-")
    try:
        percent = text.endswith("%")
        return float(text.removesuffix("%")) / (100 if percent else 1) if len(text) < 40 else np.nan
    except ValueError:
        return float("nan")


def address(spot: Spot) -> str:
    """Return a cell's name, such as "B3"."""
    return f"{get_column_letter(spot[1])}{spot[0]}"


def spot_of(cell: Cell, home: Home) -> Home:
    """Return the cell that a reference in `home` means."""
    sheet, (row, column) = home
    return cell.sheet or sheet, (cell.row.seen_from(row), cell.column.seen_from(column))


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


def read_book(path: Path) -> Book:
    """Read an .xlsx file.

    Raises:
        RequestError: it is not there, not an .xlsx file, encrypted, damaged, or too large.
    """
    content = _content(path)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _refuse_bombs(path, archive)
            return _book(path, archive)
    except RequestError:
        raise
    except (zipfile.BadZipFile, zlib.error, ParseError, EOFError) as error:
        raise RequestError(f"{path}: is damaged: {error}") from None
    except Exception as error:  # openpyxl raises whatever a strange part leads it to
        told = " ".join(str(error).split())[:200]
        raise RequestError(f"{path}: is not a workbook that can be read: {told}") from None


def _content(path: Path) -> bytes:
    if not path.is_file():
        raise RequestError(f"{path}: no such file")
    ending = path.suffix.lower()
    if ending in OTHERS:
        raise RequestError(f"{path}: only .xlsx is read; save the sheet as .xlsx, not {ending}")
    if path.stat().st_size > MOST_BYTES:
        raise RequestError(f"{path}: has more than {MOST_BYTES >> 20} MiB, the most that is read")
    content = path.read_bytes()
    if content.startswith(OLE):
        if "EncryptedPackage".encode("utf-16-le") in content:
            raise RequestError(f"{path}: is encrypted; save it without a password")
        raise RequestError(f"{path}: is an old .xls file; save the sheet as .xlsx")
    if not content.startswith(ZIP):
        raise RequestError(f"{path}: is not an .xlsx file")
    return content


def _refuse_bombs(path: Path, archive: zipfile.ZipFile) -> None:
    """Refuse what is encrypted, unpacks to too much, or may declare entities, before parsing."""
    parts = archive.infolist()
    unpacked = sum(part.file_size for part in parts)
    if unpacked > MOST_UNPACKED or len(parts) > MOST_PARTS:
        raise RequestError(
            f"{path}: unpacks to {unpacked >> 20:,} MiB in {len(parts):,} parts; "
            f"{MOST_UNPACKED >> 20} MiB in {MOST_PARTS:,} is the most that is read"
        )
    if any(part.flag_bits & 1 for part in parts):
        raise RequestError(f"{path}: is encrypted; save it without a password")
    for part in parts:  # in UTF-8 or UTF-16: the parser knows no encoding that spells it otherwise
        xml = part.filename.endswith((".xml", ".rels", ".vml"))
        if xml and b"<!DOCTYPE" in archive.read(part).replace(b"\0", b""):
            raise RequestError(f"{path}: is refused: its XML declares a document type")


def _book(path: Path, archive: zipfile.ZipFile) -> Book:
    """Read the sheets one after the other, and what they share."""
    parts = set(archive.namelist())
    if "xl/workbook.xml" not in parts and "mimetype" in parts:
        raise RequestError(f"{path}: is an OpenDocument sheet; save it as .xlsx")
    root = fromstring(archive.read("xl/workbook.xml"))
    targets = {one.id: one.target for one in get_dependents(archive, "xl/_rels/workbook.xml.rels")}
    shared: list[str] = []
    if "xl/sharedStrings.xml" in parts:
        with archive.open("xl/sharedStrings.xml") as stream:
            for _, element in iterparse(stream):
                if element.tag == f"{SPACE}si":
                    shared.append(_text(element))
                    element.clear()
    symbols = _symbols(archive) if "xl/styles.xml" in parts else set()
    sheets: dict[str, Sheet] = {}
    tags = cells = 0
    for element in root.iter(f"{SPACE}sheet"):
        part = targets.get(element.get(f"{{{REL_NS}}}id"), "")
        if part in parts and "worksheets/" in part:
            content = archive.read(part)
            tags += content.count(b"<")
            cells += len(CELL_END.findall(content))
            if cells > MOST_CELLS or tags > MOST_CELLS * TAGS_A_CELL:
                raise RequestError(f"{path}: has more than {MOST_CELLS:,} cells")
            name = element.get("name", "")
            sheets[name] = _Cells(content, shared, symbols, Sheet(name)).read()
    names: dict[str, Tree] = {}
    for element in root.iter(f"{SPACE}definedName"):
        with suppress(FormulaError):
            text = relative((element.text or "").strip(), 0, 0)
            names[element.get("name", "").lower()] = parse(text)
    return Book(sheets, names)


def _text(item: Element) -> str:
    """The text of a string, the runs of another font in what they look like."""
    found = item.findtext(f"{SPACE}t") or ""
    for run in item.iter(f"{SPACE}r"):
        text = run.findtext(f"{SPACE}t") or ""
        found += (
            text.translate(SYMBOL) if _is_symbol(run.find(f"{SPACE}rPr/{SPACE}rFont")) else text
        )
    return found


def _is_symbol(font: Element | None) -> bool:
    return font is not None and font.get("val") == "Symbol"


def _symbols(archive: zipfile.ZipFile) -> set[int]:
    """Return the styles whose font is Symbol, where the letter h looks like an eta."""
    root = fromstring(archive.read("xl/styles.xml"))
    fonts = [
        _is_symbol(font.find(f"{SPACE}name")) for font in root.iterfind(f"{SPACE}fonts/{SPACE}font")
    ]
    styles = root.iterfind(f"{SPACE}cellXfs/{SPACE}xf")
    return {at for at, style in enumerate(styles) if any(fonts[int(style.get("fontId", 0)) :][:1])}


class _Cells(WorkSheetParser):  # type: ignore[misc]  # it has no types
    """openpyxl's parser of a sheet, made to keep a cell's formula beside its value."""

    def __init__(self, content: bytes, shared: list[str], symbols: set[int], sheet: Sheet) -> None:
        super().__init__(io.BytesIO(content), shared, data_only=True)
        self.sheet, self.symbols = sheet, symbols
        self.masters: dict[str, str] = {}

    def read(self) -> Sheet:
        """Return the sheet with all of its cells."""
        for _ in self.parse():
            pass
        areas = self.merged_cells.mergeCell if self.merged_cells else []
        self.sheet.merged = [(a.min_row, a.min_col, a.max_row, a.max_col) for a in areas]
        return self.sheet

    def parse_cell(self, element: Element) -> dict[str, Any]:
        """Note a cell; a formula that is shared stands in the first of its cells."""
        cell: dict[str, Any] = super().parse_cell(element)
        spot, value = (cell["row"], cell["column"]), cell["value"]
        formula = element.find(FORMULA_TAG)
        if formula is not None:
            group = formula.get("si", "") if formula.get("t") == "shared" else ""
            text = relative((formula.text or "").strip().removeprefix("="), *spot)
            text = self.masters.setdefault(group, text) if group and not text else text
            if group and text:
                self.masters[group] = text
            if text:
                self.sheet.formulas[spot] = text
        if cell["data_type"] == "e":
            self.sheet.values[spot] = float("nan")
        elif isinstance(value, str) and value:
            styled = cell["style_id"] in self.symbols
            self.sheet.values[spot] = value.translate(SYMBOL) if styled else value
        elif isinstance(value, int | float):
            self.sheet.values[spot] = float(value)
        return cell

    def _ignored(self, _: Element) -> None:
        """Pass over what a table has no use for, and what strange files spell wrongly."""

    parse_formatting = parse_extensions = parse_legacy = parse_sheet_protection = _ignored
    parse_column_dimensions = parse_custom_views = parse_row_breaks = parse_col_breaks = _ignored
