"""The notebook of the documentation does what it shows, on any machine."""

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from tests.notebook import NOTEBOOK, read

FOREIGN = re.compile(
    r"/(?:home|root|tmp|Users|work)\b|[\d.]+ ?(?:ms|s|min)\b(?! left)|network-steps/s"
)
"""Paths of a machine, and how long something took there."""


def outputs(notebook: NotebookNode) -> list[list[NotebookNode]]:
    return [cell.outputs for cell in notebook.cells if cell.cell_type == "code"]


def texts(notebook: NotebookNode) -> list[str]:
    """All text that cells gave, a figure's picture apart."""
    return [
        output.get("text", "") + "".join(output.get("data", {}).get("text/plain", ""))
        for cell in outputs(notebook)
        for output in cell
    ]


def forms(notebook: NotebookNode) -> list[list[str]]:
    """What kinds of output each cell has."""
    return [
        sorted(kind for output in cell for kind in output.get("data", {output.output_type: None}))
        for cell in outputs(notebook)
    ]


@pytest.mark.check
def test_the_notebook_is_as_it_was_executed_last(tmp_path: Path) -> None:
    made = tmp_path / "made.ipynb"
    code = f"""
import nbformat, pathlib
from tests.notebook import NOTEBOOK, executed
nbformat.write(executed(NOTEBOOK, pathlib.Path({str(tmp_path)!r})), {str(made)!r})
"""
    # In a process of its own: the libraries under a kernel warn of each other.
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=NOTEBOOK.parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    again, kept = read(made), read()
    assert forms(again) == forms(kept)
    assert [one.split() for one in texts(again)] == [one.split() for one in texts(kept)]
    assert (tmp_path / "results").is_dir()


def test_the_notebook_is_small_and_tells_nothing_of_a_machine() -> None:
    notebook = read()
    nbformat.validate(notebook)
    assert NOTEBOOK.stat().st_size < 300_000
    assert len(notebook.cells) == 12
    assert not any(FOREIGN.search(text) for text in texts(notebook))
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert all(set(cell.metadata) <= {"tags"} for cell in notebook.cells)


@pytest.mark.parametrize("text", ["/home/me/x", "took 3.2 s", "12 ms", "5 M network-steps/s"])
def test_what_is_of_a_machine_would_be_noticed(text: str) -> None:
    assert FOREIGN.search(text)


def test_every_cell_of_code_has_an_output() -> None:
    assert all(outputs(read()))
    pictures = [kind for cell in forms(read()) for kind in cell if kind == "image/png"]
    assert len(pictures) == 3
