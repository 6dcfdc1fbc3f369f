"""The notebook of the documentation, executed anew: `python -m tests.notebook` writes it again."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

NOTEBOOK = Path(__file__).parents[1] / "docs" / "notebook.ipynb"

SECONDS = 600
"""For one cell, which may compile kernels on a busy machine."""


def read(path: Path = NOTEBOOK) -> NotebookNode:
    """The notebook as it is kept."""
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call,no-any-return]


def executed(path: Path, directory: Path) -> NotebookNode:
    """The notebook with the outputs of all its cells, run one after the other in `directory`.

    Raises:
        CellExecutionError: a cell failed.
    """
    notebook = read(path)
    client = NotebookClient(
        notebook,
        timeout=SECONDS,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": str(directory)}},
    )
    client.execute(env=os.environ | {"PYTHONPATH": str(NOTEBOOK.parents[1])})
    notebook.metadata["language_info"] = {"name": "python"}
    return notebook


if __name__ == "__main__":
    with TemporaryDirectory() as directory:
        nbformat.write(executed(NOTEBOOK, Path(directory)), NOTEBOOK)  # type: ignore[no-untyped-call]
