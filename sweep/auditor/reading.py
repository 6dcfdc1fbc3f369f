"""A workbook read as text and numbers, and nothing of it run.

An .xlsx file is a zip archive of XML. This reads each sheet's cells once: value, formula and
merged areas. What else is in the archive (macros, links, pictures, queries) is not opened.
openpyxl, which writes the marked copy, takes 2.5 seconds for a sheet of 1,000 rows, as much
again for its values, and 0.3 ms for each formula that Excel shares down a column.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from xml.etree.ElementTree import Element, ParseError, fromstring
from xml.parsers import expat

from sweep.auditor.formulas import (
    FormulaError,
    Tree,
    column_letters,
    column_number,
    parse,
    relative,
)
from sweep.errors import RequestError

MOST_BYTES = 25 * 2**20
MOST_UNPACKED = 100 * 2**20
MOST_PARTS = 2_000
MOST_CELLS = 500_000
TAGS_A_CELL = 8
LONGEST_PROLOGUE = 1 << 16
"""A sheet of 1,000 rows has some 45,000 cells, 5 MB unpacked and less than 2 MB packed."""

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
CELL_END = re.compile(rb"</(?:\w+:)?c>")
"""A cell that holds anything is closed by this; counted before a part is parsed."""
PLACE = re.compile(r"([A-Z]{1,3})(\d{1,7})")

Spot = tuple[int, int]
"""A cell's row and column, from 1."""


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


@dataclass
class Book:
    """A workbook's sheets in their order, and its named cells by name in small letters."""

    sheets: dict[str, Sheet]
    names: dict[str, Tree]


def address(spot: Spot) -> str:
    """Return a cell's name, such as "B3"."""
    return f"{column_letters(spot[1])}{spot[0]}"


def read_book(path: Path) -> Book:
    """Read an .xlsx file.

    Raises:
        RequestError: it is not there, not an .xlsx file, encrypted, damaged, or too large.
    """
    content = _content(path)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _Archive(path, archive).book()
    except (zipfile.BadZipFile, zlib.error, ParseError, expat.ExpatError, EOFError) as error:
        raise RequestError(f"{path}: is damaged: {error}") from None
    except (LookupError, ValueError, NotImplementedError, UnicodeError) as error:
        raise RequestError(f"{path}: is not a workbook that can be read: {error}") from None


def _content(path: Path) -> bytes:
    if not path.is_file():
        raise RequestError(f"{path}: no such file")
    ending = path.suffix.lower()
    if ending in {".xlsm", ".xls", ".xlsb", ".ods", ".csv", ".xltx", ".xltm", ".numbers"}:
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


class _Archive:
    """One archive that is within the limits, whose parts are read by name."""

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self.path = path
        self.archive = archive
        parts = archive.infolist()
        unpacked = sum(part.file_size for part in parts)
        if unpacked > MOST_UNPACKED or len(parts) > MOST_PARTS:
            raise RequestError(
                f"{path}: unpacks to {unpacked >> 20:,} MiB in {len(parts):,} parts; "
                f"{MOST_UNPACKED >> 20} MiB in {MOST_PARTS:,} is the most that is read"
            )
        if any(part.flag_bits & 1 for part in parts):
            raise RequestError(f"{path}: is encrypted; save it without a password")
        for part in parts:
            if part.filename.endswith((".xml", ".rels", ".vml")):
                with archive.open(part) as stream:
                    _refuse_entities(path, stream.read(LONGEST_PROLOGUE))
        self.known = {part.filename.lstrip("/"): part for part in parts}
        self.tags = self.cells = 0

    def book(self) -> Book:
        if "xl/workbook.xml" not in self.known and "mimetype" in self.known:
            raise RequestError(f"{self.path}: is an OpenDocument sheet; save it as .xlsx")
        targets = {
            part.get("Id"): part.get("Target", "")
            for part in self._elements("xl/_rels/workbook.xml.rels", "Relationship")
        }
        shared = [_text(item) for item in self._shared()]
        found: list[Sheet] = []
        names: dict[str, Tree] = {}
        for element in self._elements("xl/workbook.xml", "sheet", "definedName"):
            if _local(element) == "sheet":
                name = element.get("name", "")
                target = next((v for k, v in element.items() if k.endswith("}id")), "")
                part = self._part(targets.get(target, ""))
                if part in self.known and "worksheets/" in part:
                    found.append(self._sheet(name, part, shared))
            elif tree := _named(element):
                names[element.get("name", "").lower()] = tree
        return Book({sheet.name: sheet for sheet in found}, names)

    @staticmethod
    def _part(target: str) -> str:
        return target.lstrip("/") if target.startswith("/") else str(PurePosixPath("xl") / target)

    def _shared(self) -> Iterator[Element]:
        if "xl/sharedStrings.xml" in self.known:
            yield from self._elements("xl/sharedStrings.xml", "si")

    def _elements(self, part: str, *wanted: str) -> Iterator[Element]:
        """Yield a part's elements of these names, one name after the other."""
        if part not in self.known:
            raise KeyError(f"it has no {part}")
        content = self.archive.read(self.known[part])
        self.tags += content.count(b"<")
        self.cells += len(CELL_END.findall(content))
        if self.cells > MOST_CELLS or self.tags > MOST_CELLS * TAGS_A_CELL:
            raise RequestError(f"{self.path}: has more than {MOST_CELLS:,} cells")
        root = fromstring(content)
        space = root.tag.rpartition("}")[0]
        for name in wanted:
            yield from root.iter(f"{space}}}{name}" if space else name)

    def _sheet(self, name: str, part: str, shared: list[str]) -> Sheet:
        sheet = Sheet(name)
        masters: dict[str, str] = {}
        row = 0
        for element in self._elements(part, "row", "mergeCell"):
            if _local(element) == "row":
                row = int(element.get("r") or row + 1)
                self._row(sheet, row, element, shared, masters)
            else:
                first, _, last = element.get("ref", "").partition(":")
                sheet.merged.append((*_spot(first), *_spot(last or first)))
        return sheet

    @staticmethod
    def _row(
        sheet: Sheet, row: int, element: Element, shared: list[str], masters: dict[str, str]
    ) -> None:
        column = 0
        for cell in element:
            place = cell.get("r")
            spot = _spot(place) if place else (row, column + 1)
            column = spot[1]
            for part in cell:
                if part.tag.endswith("f"):
                    text = _formula(part, spot, masters)
                    if text:
                        sheet.formulas[spot] = text
                elif part.tag.endswith(("v", "is")):
                    found = _value(cell.get("t", "n"), part, shared)
                    if found is not None:
                        sheet.values[spot] = found


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _spot(place: str) -> Spot:
    match = PLACE.fullmatch(place.replace("$", ""))
    if not match:
        raise ValueError(f"a cell is called `{place[:20]}`")
    return int(match[2]), column_number(match[1])


def _text(element: Element) -> str:
    """The text of a string, without the readings that East Asian sheets put beside it."""
    beside = {
        id(inner) for part in element.iter() if _local(part) == "rPh" for inner in part.iter()
    }
    texts = (part for part in element.iter() if _local(part) == "t" and id(part) not in beside)
    return "".join(part.text or "" for part in texts)


def _formula(element: Element, spot: Spot, masters: dict[str, str]) -> str:
    group = element.get("si") if element.get("t") == "shared" else None
    if element.text:
        text = relative(element.text.strip().removeprefix("="), *spot)
        if group is not None:
            masters[group] = text
        return text
    return masters.get(group, "") if group is not None else ""


def _value(kind: str, element: Element, shared: list[str]) -> float | str | None:
    if kind == "inlineStr":
        return _text(element) or None
    text = element.text
    if not text:
        return None
    match kind:
        case "s":
            return shared[int(text)] or None
        case "str" | "d":
            return text
        case "e":
            return float("nan")
    return float(text)


def _named(element: Element) -> Tree | None:
    try:
        return parse(relative((element.text or "").strip(), 0, 0))
    except FormulaError:
        return None


def _refuse_entities(path: Path, content: bytes) -> None:
    """Refuse XML that declares entities: a workbook never does, an attack on memory does."""

    def refuse(*_: object) -> None:
        raise RequestError(f"{path}: is refused: its XML declares a document type")

    def stop(*_: object) -> None:
        raise StopIteration

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = stop
    try:
        parser.Parse(content, False)
    except StopIteration:
        return
    raise RequestError(f"{path}: is refused: its XML does not begin")
