"""Where numbers come from, from records written by hand."""

import pandas as pd

from sweep.views.report.tables import chunk_table
from sweep.views.report.writing import origin
from tests.views.report.small import provenance


def test_what_all_chunks_share_is_said_once() -> None:
    assert origin(provenance(), "digest") == {
        "trials": "12 in 2 chunks, 3 kB",
        "saved": "2026-01-02 03:04:05 UTC",
        "machine": "Linux, Some CPU",
        "sweep": "0.1.0",
        "numpy": "2.0 (1 chunk), 2.1 (1 chunk)",
        "numerics": "2",
        "group": "0123456789abcdef" * 4,
        "content (SHA-256)": "digest",
    }


def test_what_differs_is_said_with_its_chunks() -> None:
    table = provenance(20)
    table["group"] = [f"{n:02d}" * 32 for n in range(20)]
    table.loc[3:, "machine"] = None
    table.loc[0, "created"] = pd.Timestamp("2025-12-31T23:59:59+00:00")
    found = origin(table, "")
    assert found["machine"] == "not known (17 chunks), Linux, Some CPU (3 chunks)"
    assert found["saved"] == "2025-12-31 23:59:59 to 2026-01-02 03:04:05 UTC"
    assert found["groups"].startswith("20: 000000000000, 010101010101, ")
    assert found["groups"].endswith(", 070707070707, ...")


def test_older_records_name_no_machine() -> None:
    assert "machine" not in origin(provenance().drop(columns="machine"), "")


def test_a_chunk_has_a_row_and_many_have_some() -> None:
    few = chunk_table(provenance())
    texts = [cell.text for cell in few.rows[0]]
    assert texts == [
        "00000000", "0123456789ab", "30", "2", "6", "1,500", "2026-01-02 03:04:05",
    ]  # fmt: skip
    many = chunk_table(provenance(5000))
    assert len(many.rows) == 200
    assert "200 rows of 5,000" in many.note
