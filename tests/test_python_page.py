"""What docs/python.md shows does what it says, from the first example to the last."""

import re
from pathlib import Path

import pytest

from tests.notebook import read

PAGE = Path(__file__).parents[1] / "docs" / "python.md"


def test_the_examples_run_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert blocks
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)
        assert capsys.readouterr().out, "an example shows something"


def test_from_arrays_to_a_figure_it_takes_five_lines() -> None:
    """On the page, in the notebook and in the example: imports aside, as they are printed."""
    page = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert page
    example = PAGE.parents[1] / "examples" / "from_arrays_to_a_figure.py"
    cells = [cell.source for cell in read().cells if "sweep.Study(" in cell.source]
    for text in (page[1], *cells, example.read_text(encoding="utf-8").partition("\n")[2]):
        lines = [line for line in text.splitlines() if line and not line.startswith("import")]
        assert len(lines) == 5
        assert "sweep.plot" in lines[-1]
    assert len(cells) == 1
