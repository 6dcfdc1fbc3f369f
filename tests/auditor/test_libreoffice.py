"""Sheets that LibreOffice computed and wrote itself."""

import shutil
import subprocess
from pathlib import Path

import pytest

from sweep.auditor.auditing import audit
from sweep.auditor.book import read_book
from tests.auditor.sheets.making import MAKERS, Case, make

pytestmark = [
    pytest.mark.check,
    pytest.mark.skipif(shutil.which("soffice") is None, reason="needs LibreOffice"),
]

CASES = {
    "right": Case("chain", style=3, rows=30, written="absent"),
    "named": Case("parameter_sheet", style=1, rows=30, written="absent"),
    "sign": Case("above", style=2, rows=30, written="absent"),
    "updated_weights": Case("new_weights", style=4, rows=30, written="absent"),
    "wrong_rate": Case("per_rate", rows=30, written="absent"),
}


@pytest.fixture(scope="module")
def rewritten(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, dict[str, dict[str, set[str]]]]:
    """All cases in one run of LibreOffice, with a profile of its own."""
    folder = tmp_path_factory.mktemp("sheets")
    makers = {maker.__name__: at for at, maker in enumerate(MAKERS)}
    wrong = {}
    for name, case in CASES.items():
        case.wanted = (makers[name],) if name in makers else ()
        wrong[name] = make(case, folder / f"{name}.xlsx")
    subprocess.run(
        ["soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless", "--convert-to",
         "xlsx:Calc MS Excel 2007 XML", "--outdir", folder / "out", *folder.glob("*.xlsx")],
        check=True, capture_output=True, timeout=180,
    )  # fmt: skip
    return folder / "out", wrong


@pytest.mark.parametrize("name", CASES)
def test_what_libreoffice_wrote_is_audited(
    name: str, rewritten: tuple[Path, dict[str, dict[str, set[str]]]]
) -> None:
    path, wrong = rewritten[0] / f"{name}.xlsx", rewritten[1][name]
    book = read_book(path)
    computed = [s for s in book.sheets.values() if s.formulas]
    assert all(set(s.formulas) <= set(s.values) for s in computed)  # its values are there
    found = audit(path)
    told: dict[str, set[str]] = {sheet: set() for sheet in wrong}
    for judged in found.tables:
        told[judged.table.sheet] |= {finding.column.heading for finding in judged.wrong}
    assert told == wrong
    assert found.correct == (not any(wrong.values()))
    assert not any("computed anew" in note for note in found.notes)
