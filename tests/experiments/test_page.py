"""docs/studies.md has every shipped study, and its commands, pictures and programs are sound."""

import re
from pathlib import Path

import pytest

from sweep.study import shipped_studies

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "studies.md").read_text(encoding="utf-8")
NAMES = [path.stem for path in shipped_studies()]
COMMANDS = re.findall(r"^    sweep (\w+) (.+)$", PAGE, re.M)


@pytest.mark.parametrize("name", NAMES)
def test_a_study_has_its_row_its_part_and_its_run(name: str) -> None:
    assert re.search(rf"^\| \[`{name}`\]\(#", PAGE, re.M)
    assert re.search(rf"^## .*\b{name}\b", PAGE, re.M)
    assert ("run", name) in COMMANDS


def test_commands_name_shipped_studies() -> None:
    named = {word for _, rest in COMMANDS for word in rest.split() if word.startswith("lr_")}
    assert named <= set(NAMES)


def test_links_lead_somewhere() -> None:
    parts = {part.lower().replace(" ", "-") for part in re.findall(r"^## (.+)$", PAGE, re.M)}
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) <= parts
    pictures = re.findall(r"!\[[^\]]+\]\((images/[^)]+)\)", PAGE)
    assert len(pictures) > 9
    assert [picture for picture in pictures if not (DOCS / picture).is_file()] == []


@pytest.mark.parametrize("program", re.findall(r"```python\n(.+?)```", PAGE, re.S))
def test_programs_are_python(program: str) -> None:
    compile(program, "docs/studies.md", "exec")
