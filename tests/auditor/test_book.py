"""Workbooks are read, and what could harm is refused in one line."""

import io
import math
import zipfile
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from sweep.auditor import book as reading
from sweep.auditor.book import address, read_book
from sweep.errors import RequestError

SPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def archive(path: Path, cells: str, extra: dict[str, str] | None = None) -> Path:
    """A workbook of one sheet, written part by part."""
    parts = {
        "xl/workbook.xml": f'<workbook xmlns="{SPACE}" xmlns:r="{RELATIONS}"><sheets>'
        '<sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}">'
        '<Relationship Id="r1" Target="worksheets/sheet1.xml" Type="x"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{SPACE}"><sheetData>{cells}</sheetData>'
        "</worksheet>",
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in (parts | (extra or {})).items():
            file.writestr(name, text)
    return path


def test_values_formulas_names_and_merged_areas(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet("My sheet")
    sheet.write("A1", "w1")
    sheet.write("B2", 0.25)
    sheet.write_formula("C2", "=B2*2", None, 0.5)
    sheet.merge_range("D1:F1", "Weights")
    book.define_name("eta", "='My sheet'!$B$2")
    book.close()
    read = read_book(path)
    found = read.sheets["My sheet"]
    assert found.values == {(1, 1): "w1", (2, 2): 0.25, (2, 3): 0.5, (1, 4): "Weights"}
    assert found.formulas == {(2, 3): "@0,-1@*2"}
    assert found.merged == [(1, 4, 1, 6)]
    assert set(read.names) == {"eta"}
    assert address((2, 28)) == "AB2"


def test_a_formula_shared_down_a_column(tmp_path: Path) -> None:
    cells = (
        '<row r="1"><c r="A1"><v>1</v></c>'
        '<c r="B1"><f t="shared" ref="B1:B3" si="0">A1+$A$1</f></c></row>'
        '<row r="2"><c r="A2"><v>2</v></c><c r="B2"><f t="shared" si="0"/></c></row>'
        '<row r="3"><c r="A3" t="str"><v>3</v></c><c r="B3"><f t="shared" si="0"/></c></row>'
    )
    book = read_book(archive(tmp_path / "s.xlsx", cells))
    assert [book.value(("S", (row, 2))) for row in (1, 2, 3)] == [2, 3, 4]


def test_a_long_column_is_computed_without_recursion(tmp_path: Path) -> None:
    rows = "".join(f'<row r="{n}"><c r="A{n}"><f>A{n - 1}+1</f></c></row>' for n in range(2, 5001))
    book = read_book(archive(tmp_path / "l.xlsx", '<row r="1"><c r="A1"><v>1</v></c></row>' + rows))
    assert book.value(("S", (5000, 1))) == 5000


def test_cells_that_wait_for_themselves_have_no_number(tmp_path: Path) -> None:
    cells = '<row r="1"><c r="A1"><f>B1</f></c><c r="B1"><f>A1+1</f></c></row>'
    value = read_book(archive(tmp_path / "c.xlsx", cells)).value(("S", (1, 1)))
    assert math.isnan(value)


def test_values_that_are_not_what_formulas_give_are_computed_anew(tmp_path: Path) -> None:
    cells = '<row r="1"><c r="A1"><v>3</v></c><c r="B1"><f>A1*2</f><v>0</v></c></row>'
    book = read_book(archive(tmp_path / "z.xlsx", cells))
    assert book.stale == {"S"}
    assert book.value(("S", (1, 2))) == 6


def refused(path: Path) -> str:
    with pytest.raises(RequestError) as error:
        read_book(path)
    assert "\n" not in str(error.value)
    return str(error.value).removeprefix(f"{path}: ")


def test_files_of_another_kind_are_refused(tmp_path: Path) -> None:
    for ending in (".xlsm", ".xls", ".ods", ".csv"):
        path = tmp_path / f"a{ending}"
        path.write_bytes(b"x")
        assert refused(path) == f"only .xlsx is read; save the sheet as .xlsx, not {ending}"
    path = tmp_path / "a.xlsx"
    assert refused(path) == "no such file"
    path.write_bytes(b"w1,w2\n")
    assert refused(path) == "is not an .xlsx file"
    path.write_bytes(reading.OLE + b"\0" * 600)
    assert refused(path) == "is an old .xls file; save the sheet as .xlsx"
    path.write_bytes(reading.OLE + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"))
    assert refused(path) == "is encrypted; save it without a password"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    assert refused(path) == "is an OpenDocument sheet; save it as .xlsx"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("word/document.xml", "<a/>")
    assert "is not a workbook" in refused(path)


def test_damage_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "d.xlsx", '<row r="1"><c r="A1"><v>1</v></c></row>' * 200)
    whole = path.read_bytes()
    for cut in (len(whole) // 2, len(whole) - 10):
        path.write_bytes(whole[:cut])
        assert "damaged" in refused(path)
    archive(path, '<row r="1"><c r="A1"><v>1</v>')
    assert "damaged" in refused(path)
    archive(path, '<row r="1"><c r="1A"><v>1</v></c></row>')
    assert "is not a workbook that can be read: " in (told := refused(path))
    assert "1A" in told
    archive(path, '<row r="1"><c r="A1" t="s"><v>7</v></c></row>')
    assert "not a workbook that can be read" in refused(path)


def test_flipped_bytes_never_raise_anything_else(tmp_path: Path) -> None:
    path = archive(tmp_path / "f.xlsx", '<row r="1"><c r="A1"><v>1</v></c></row>' * 50)
    whole = bytearray(path.read_bytes())
    for at in range(0, len(whole), 7):
        damaged = bytearray(whole)
        damaged[at] ^= 0x55
        path.write_bytes(damaged)
        try:
            read_book(path)
        except RequestError:
            continue


def test_bombs_are_refused_before_they_unpack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zeros = "0" * 1_000_000
    path = archive(tmp_path / "b.xlsx", "", {f"xl/media/{n}": zeros for n in range(110)})
    assert path.stat().st_size < 200_000
    assert "unpacks to 104 MiB in 113 parts" in refused(path)
    archive(path, "", {f"p{n}": "" for n in range(2100)})
    assert "2,103 parts" in refused(path)
    monkeypatch.setattr(reading, "MOST_CELLS", 100)
    archive(path, '<row r="1">' + "<c/>" * 900 + "</row>")
    assert "has more than 100 cells" in refused(path)
    monkeypatch.setattr(reading, "MOST_BYTES", 1000)
    path.write_bytes(reading.ZIP + b"\0" * 2000)
    assert "the most that is read" in refused(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize(
    "part", ["xl/worksheets/sheet1.xml", "xl/styles.xml", "xl/charts/chart1.xml"]
)
def test_xml_that_declares_entities_is_refused(tmp_path: Path, part: str, encoding: str) -> None:
    bomb = (
        f'<?xml version="1.0" encoding="{encoding}"?>'
        '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>'
    )
    path = archive(tmp_path / "e.xlsx", "", {} if "sheet1" in part else {part: ""})
    content = io.BytesIO(path.read_bytes())
    with zipfile.ZipFile(content) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            new.writestr(name, bomb.encode(encoding) if name == part else old.read(name))
    assert refused(path) == "is refused: its XML declares a document type"


def test_macros_and_links_are_not_opened(tmp_path: Path) -> None:
    cells = (
        '<row r="1"><c r="A1"><f>cmd|\'/C calc\'!A0</f></c><c r="B1"><f>WEBSERVICE("http://example.org")</f></c>'
        '<c r="C1"><f>[1]Sheet1!A1</f><v>4</v></c></row>'
    )
    parts = {"xl/vbaProject.bin": "x", "xl/externalLinks/externalLink1.xml": "<a/>"}
    book = read_book(archive(tmp_path / "m.xlsx", cells, parts))
    assert math.isnan(book.value(("S", (1, 1))))
    assert math.isnan(book.value(("S", (1, 2))))
    assert book.value(("S", (1, 3))) == 4  # as it was saved


def test_text_in_parts_and_errors(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    book = openpyxl.Workbook()
    book.active["A1"] = "w"
    book.active["A2"] = "0,5"
    book.save(path)
    read = read_book(path)
    assert read.value(("Sheet", (2, 1))) == 0.5
    cells = (
        '<row r="1"><c r="A1" t="e"><v>#DIV/0!</v></c><c t="b"><v>1</v></c>'
        '<c t="inlineStr"><is><r><t>a</t></r><r><t>b</t></r></is></c></row>'
    )
    found = read_book(archive(tmp_path / "u.xlsx", cells)).sheets["S"].values
    assert math.isnan(float(found[1, 1]))
    assert (found[1, 2], found[1, 3]) == (1.0, "ab")


def test_a_long_list_is_refused_before_it_is_parsed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def parsed(*_: object) -> None:
        pytest.fail("a sheet beyond the limit was parsed")

    monkeypatch.setattr(reading, "MOST_CELLS", 100)
    path = archive(tmp_path / "n.xlsx", '<row><c r="A1"><v>1</v></c></row>' * 100)
    assert read_book(path).sheets["S"].values == {(1, 1): 1.0}
    monkeypatch.setattr(reading.WorkSheetParser, "parse", parsed)
    archive(path, '<row><c r="A1"><v>1</v></c></row>' * 101)
    assert refused(path) == "has more than 100 cells"


def test_strings_inside_strings_a_hundred_thousand_deep_end_in_no_traceback(tmp_path: Path) -> None:
    deep = "<r>" * 100_000 + "<t>w1</t>" + "</r>" * 100_000
    path = archive(tmp_path / "d.xlsx", f'<row><c r="A1" t="inlineStr"><is>{deep}</is></c></row>')
    assert read_book(path).sheets["S"].values == {}
    shared = {"xl/sharedStrings.xml": f'<sst xmlns="{SPACE}"><si>{deep}</si></sst>'}
    archive(path, '<row><c r="A1" t="s"><v>0</v></c></row>', shared)
    assert read_book(path).sheets["S"].values == {(1, 1): "w1"}


def test_a_cell_far_away_costs_no_more_than_one_near(tmp_path: Path) -> None:
    far = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    path = archive(tmp_path / "far.xlsx", '<row r="1"><c r="A1"><v>2</v></c></row>' + far)
    assert read_book(path).sheets["S"].values == {(1, 1): 2.0, (1_048_576, 16_384): 1.0}


def test_letters_in_the_font_symbol_are_read_as_they_look(tmp_path: Path) -> None:
    path = tmp_path / "g.xlsx"
    book = xlsxwriter.Workbook(str(path))
    sheet, symbol = book.add_worksheet(), book.add_format({"font_name": "Symbol"})
    sheet.write("A1", "h", symbol)
    sheet.write_rich_string("A2", symbol, "\u00b6", "E/", symbol, "\uf0b6", "w1")
    sheet.write("A3", "h")
    book.close()
    assert read_book(path).sheets["Sheet1"].values == {(1, 1): "η", (2, 1): "∂E/∂w1", (3, 1): "h"}
