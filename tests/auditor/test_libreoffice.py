"""Sheets that LibreOffice computed and wrote itself."""

import shutil
import subprocess
from pathlib import Path

import pytest

from sweep.auditor.auditing import audit
from sweep.auditor.book import read_book
from tests.auditor.students.making import make

pytestmark = [
    pytest.mark.check,
    pytest.mark.skipif(shutil.which("soffice") is None, reason="needs LibreOffice"),
]

CASES = {
    "right": ("chain", ""),
    "named": ("deltas named", ""),
    "sign": ("derivation right", "plus in the update"),
    "updated": ("new weights", "updated w5"),
    "rate": ("sheets", "rate from a target"),
}
"""A layout and a mistake of the students' each."""


@pytest.fixture(scope="module")
def rewritten(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, dict[str, list[tuple[str, str]]]]:
    """All cases in one run of LibreOffice, with a profile of its own."""
    folder = tmp_path_factory.mktemp("sheets")
    wrong = {
        name: make(layout, 2, folder / f"{name}.xlsx", mistake)[0]
        for name, (layout, mistake) in CASES.items()
    }
    subprocess.run(
        ["soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless", "--convert-to",
         "xlsx:Calc MS Excel 2007 XML", "--outdir", folder / "out", *folder.glob("*.xlsx")],
        check=True, capture_output=True, timeout=180,
    )  # fmt: skip
    return folder / "out", wrong


@pytest.mark.parametrize("name", CASES)
def test_what_libreoffice_wrote_is_audited(
    name: str, rewritten: tuple[Path, dict[str, list[tuple[str, str]]]]
) -> None:
    path, wrong = rewritten[0] / f"{name}.xlsx", rewritten[1][name]
    book = read_book(path)
    computed = [s for s in book.sheets.values() if s.formulas]
    assert all(set(s.formulas) <= set(s.values) for s in computed)  # its values are there
    found = audit(path)
    told = {(t.table.sheet, f.column.heading) for t in found.tables for f in t.wrong}
    assert told == set(wrong)
    assert bool(told) == bool(CASES[name][1])
    assert not any("computed anew" in note for note in found.notes)
