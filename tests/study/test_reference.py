"""docs/study-file.md describes every field, and the defaults it names are the defaults."""

import re
import tomllib
from pathlib import Path

import pytest

from sweep.study.axes import MAX_VALUES
from sweep.study.fields import FIELDS, REQUIRED, Field

from .course import BIASED, COURSE, DRAWN, course

REFERENCE = (Path(__file__).parents[2] / "docs/study-file.md").read_text()
ROWS = dict(re.findall(r"^\| `([^`]+)` \| .+? \| (`[^`]*`|) ?\| .{10,} \|$", REFERENCE, re.M))


def test_every_field_has_its_row_in_order() -> None:
    assert list(ROWS) == [field.name for field in FIELDS]


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_the_default_is_the_one_described(field: Field) -> None:
    written = ROWS[field.name].strip("`")
    if field.default is REQUIRED or field.default is None:
        assert not written
    else:
        assert field.check(tomllib.loads(f"v = {written}")["v"]) == field.default


def test_the_axes_described_are_a_study() -> None:
    (axes,) = re.findall(r"```toml\n\[axes\]\n(.+?)```", REFERENCE, re.S)
    lines = [line.split("#")[0].strip() for line in axes.splitlines()]
    assert len(lines) == 6
    study = course(DRAWN, BIASED, *(f"axes.{line}" for line in lines))
    assert len(study.axes) == 6
    assert f"{MAX_VALUES:,}" in REFERENCE


def test_the_overrides_described_work() -> None:
    found = re.findall(r"^sweep run lr_graphs --set (.+?)(?:  +#.*)?$", REFERENCE, re.M)
    assert len(found) == 5
    for override in found:
        assert course(override.replace("'", "")).name == "course"
    assert "learning_rate" in COURSE
