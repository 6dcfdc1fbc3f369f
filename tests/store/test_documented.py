"""docs/results.md describes what is written, column by column."""

import json
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sweep.catalogue import CURVE_MEASURES
from sweep.store.files import KINDS
from tests.store.small import Bench, study

PAGE = Path(__file__).parents[2] / "docs" / "results.md"
AXES = "outcome.target = [0.5]\nlearning_rate = [0.5, 7.0]\nseed = [0, 1]"
EVERYTHING = [
    "validation={ inputs=[[1, 2]], targets=[[3, 4]] }",
    'training.optimizer="adam"',
    "batch.size=1",
]


def rows(heading: str) -> dict[str, str]:
    """The first two cells of each row of the table below a heading; code without its marks."""
    (section,) = re.findall(rf"^##+ {heading}\n(.*?)(?=^##|\Z)", PAGE.read_text(), re.M | re.S)
    cells = [line.split("|")[1:3] for line in section.splitlines() if line.startswith("| ")]
    return {name.strip(" `"): kind.strip() for name, kind in cells[1:]}


def documented(kind: pa.DataType, *, swept: bool = False) -> str:
    """How the page names a type."""
    if swept:
        return "double, int64, bool or string"
    if pa.types.is_fixed_size_list(kind) and kind.list_size == 9:
        return "list of 9 double; null but for the last step"
    if pa.types.is_fixed_size_list(kind) and kind.list_size != 20:
        return (
            "list of 1 or 2 numbers a parameter and of up to two more, double or float; "
            "null but for the last step"
        )
    if pa.types.is_fixed_size_list(kind):
        return f"list of {kind.list_size} double or float; null but for the last step"
    return "string (dictionary)" if pa.types.is_dictionary(kind) else str(kind)


@pytest.mark.parametrize("kind", KINDS)
def test_columns_are_those_written(bench: Bench, kind: str) -> None:
    asked = study(AXES, overrides=EVERYTHING)
    bench.run(asked)
    schema = pq.read_schema(bench.directory / kind / "00000000.parquet")
    # what a study has to ask for by name is not in this one
    stated = {n: k for n, k in rows(kind).items() if n.split("`")[0] not in CURVE_MEASURES}
    spread = {
        "an axis each": [axis.name for axis in asked.axes],
        "a parameter each": list(asked.network.parameter_names),
    }
    names = [name for stands in stated for name in spread.get(stands, [stands])]
    assert schema.names == names
    for name, wording in stated.items():
        for column in spread.get(name, [name]):
            found = documented(schema.field(column).type, swept=name == "an axis each")
            assert wording.removesuffix(", null for never").startswith(found), column


def test_only_documented_columns_have_nulls(bench: Bench) -> None:
    bench.run(study(AXES, overrides=EVERYTHING))
    for kind in KINDS:
        table = pq.read_table(bench.directory / kind)
        null = {name for name in table.column_names if table[name].null_count}
        assert null <= {name for name, wording in rows(kind).items() if "null" in wording}


def test_fields_of_a_record_are_those_written(bench: Bench) -> None:
    bench.run(study(AXES))
    record = json.loads((bench.directory / "commits" / "00000000.json").read_text())
    assert list(rows("The record of a chunk")) == list(record)


def test_files_are_those_written(bench: Bench, tmp_path: Path) -> None:
    origin = tmp_path / "small.toml"
    origin.write_text("")
    bench.run(study(AXES), origin=origin)
    listed = re.findall(r"^      (\S+)", PAGE.read_text(), re.M)
    for path in bench.directory.rglob("*"):
        if path.is_file():
            assert str(path.relative_to(bench.directory)) in listed
