"""docs/study-file.md describes every field, and the defaults it names are the defaults."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from sweep.catalogue import NUMBERS, OPTIMIZERS
from sweep.study import parse_study
from sweep.study.checks import MAX_INDICES
from sweep.study.conditions import MAX_LENGTH
from sweep.study.document import MAX_BYTES
from sweep.study.fields import FIELDS
from sweep.study.generated import GENERATED, MAX_GENERATED
from sweep.study.grid import MAX_JUDGED
from sweep.study.settings import REQUIRED, Field
from sweep.study.spacings import LISTED, MAX_VALUES
from sweep.study.study import MAX_NUMBERS
from sweep.study.tables import MAX_CELLS
from sweep.study.writing import _toml

from .course import BIASED, COURSE, DRAWN, course

REFERENCE = (Path(__file__).parents[2] / "docs/study-file.md").read_text()
FIELDS_PART = REFERENCE.partition("## Data")[0]
ROWS = dict(re.findall(r"^\| `([^`]+)` \| .+? \| (`[^`]*`|) ?\| .{10,} \|$", FIELDS_PART, re.M))


def test_every_field_has_its_row_in_order() -> None:
    assert list(ROWS) == [field.name for field in FIELDS]


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_the_default_is_the_one_described(field: Field) -> None:
    written = ROWS[field.name].strip("`")
    if field.name == "training.weight_decay":
        assert written == str(NUMBERS["weight_decay"].default)
        decay = OPTIMIZERS["adamw"].default("weight_decay")
        assert f"With `adamw` the default is {decay}" in REFERENCE
    elif field.default is REQUIRED or field.default is None or callable(field.default):
        assert not written
    elif isinstance(field.default, tuple):
        assert tuple(json.loads(written)) == field.default
    else:
        assert field.check(tomllib.loads(f"v = {written}")["v"]) == field.default


def test_every_set_that_is_made_is_described() -> None:
    section = REFERENCE.partition("\n### Made\n")[2].partition("\n### ")[0]
    assert re.findall(r"^\| `(\w+)`", section, re.M) == list(GENERATED)


BLOCKS = re.findall(r"```toml\n(.+?)```", REFERENCE, re.S)
EXAMPLES = [block for block in BLOCKS if not block.startswith("[axes")]
UNSWEPT = COURSE.partition("[axes]")[0]


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_part_of_a_study(example: str) -> None:
    stated = tomllib.loads(example)
    layers = stated.get("network", {}).get("layers", [2, 2, 2])
    samples = f"inputs={[[1] * layers[0]] * 64}, targets={[[1] * layers[-1]] * 64}"
    samples = "" if "data" in stated else samples
    edits = [
        f"{table}.{name}={_toml(value)}"
        for table, fields in stated.items()
        for name, value in fields.items()
    ]
    study = course(DRAWN, f"data={{ {samples} }}", *edits)
    assert study.trials > 1
    assert len(EXAMPLES) == 10


AXES = [block for block in BLOCKS if block.startswith("[axes")]


@pytest.mark.parametrize(
    ("example", "axes", "trials"),
    list(zip(AXES, (4, 6, 3, 4, 2, 4), (3, 64 * 2 * 2 * 16 * 2 * 2, 24, 64, 16, 153), strict=True)),
)
def test_the_axes_described_are_a_study(example: str, axes: int, trials: int) -> None:
    rate = [] if "learning_rate" in example else ["training.learning_rate=1"]
    study = parse_study(UNSWEPT + example, "course", Path(), [DRAWN, BIASED, *rate])
    assert len(study.axes) == axes
    assert study.trials == trials


def test_the_limits_are_those_described() -> None:
    flowing = " ".join(REFERENCE.split())
    assert f"are all different, and at most {MAX_VALUES:,}" in flowing
    assert f"more than {LISTED:,} spaced or drawn ones" in flowing
    assert f"most {MAX_BYTES // 1024} KiB." in flowing
    assert f"A table has at most {MAX_INDICES:,} numbers." in flowing
    assert f"64 MiB and {MAX_CELLS:,} cells" in flowing
    assert f"at most {MAX_NUMBERS:,} numbers, a set that is made {MAX_GENERATED:,}." in flowing
    assert f"A condition has at most {MAX_LENGTH:,} characters." in flowing
    assert f"in all groups together at most {MAX_JUDGED:,} points" in flowing


def test_the_overrides_described_work() -> None:
    found = re.findall(r"^sweep run lr_graphs --set (.+?)(?:  +#.*)?$", REFERENCE, re.M)
    assert len(found) == 5
    for override in found:
        assert course(override.replace("'", "")).name == "course"
    assert "learning_rate" in COURSE
