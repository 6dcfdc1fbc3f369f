"""What the files that a study names hold, in place of their names."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import numpy as np

from sweep.study import checks
from sweep.study.document import Document, Entry
from sweep.study.group import count_parameters
from sweep.study.settings import FETCHED
from sweep.study.tables import Table, inside, read_indices, read_numbers, read_table

_Content = TypeVar("_Content")
_COLUMNS = ("data.input_columns", "data.target_columns")


def with_files(document: Document, directory: Path) -> Document:
    """`document` with what its files hold as values of the fields that these give.

    Relative names are taken from `directory`, which no file may lie outside of. Data that
    scikit-learn brings along is fetched likewise.

    Raises:
        RequestError: a file cannot be read, or is something else.
    """
    entries = dict(document.entries)
    if "batch.file" in entries:
        rows = _read(document, "batch.file", directory, read_indices)
        entries["batch.table"] = _entry(entries.pop("batch.file"), rows)
    if "initial.file" in entries:
        weights = _weights(document, _read(document, "initial.file", directory, read_numbers))
        entries["initial.weights"] = _entry(entries.pop("initial.file"), weights)
    if isinstance(document.stated("initial.direction"), str):
        numbers = _read(document, "initial.direction", directory, read_numbers)
        entries["initial.direction"] = _entry(
            entries["initial.direction"], _directions(document, numbers)
        )
    tables = {
        part: _read(document, f"{part}.file", directory, read_table)
        for part in ("data", "validation")
        if f"{part}.file" in entries
    }
    if tables:
        classes = None
        for part, table in tables.items():
            inputs, targets, classes, names = _arrays(document, f"{part}.file", table, classes)
            stated = entries.pop(f"{part}.file")
            if part == "data":
                for name, known in zip(("plot.inputs", "plot.outputs"), names, strict=True):
                    entries.setdefault(name, _entry(stated, known))
            entries[f"{part}.inputs"] = _entry(stated, inputs)
            entries[f"{part}.targets"] = _entry(stated, targets)
        for name in _COLUMNS:
            entries.pop(name, None)
    named = document.stated("data.name")
    if isinstance(named, str) and named in FETCHED:
        found = _fetched(document, named)
        stated = entries.pop("data.name")
        entries["data.inputs"], entries["data.targets"] = (_entry(stated, one) for one in found)
    return replace(document, entries=entries)


def _entry(stated: Entry, value: object) -> Entry:
    return Entry(value, f"{stated.where}, {checks.one_line(str(stated.value), 60)}")


def _read(
    document: Document, name: str, directory: Path, read: Callable[[Path], _Content]
) -> _Content:
    with document.telling(name):
        file = checks.text(document.entries[name].value)
    with document.telling(name, checks.show(file)):
        return read(inside(directory, file))


def _weights(document: Document, numbers: np.ndarray) -> list[list[list[float]]]:
    """The numbers of a file as layers [layer][to][from] of a network."""
    with _telling_of_file(document, "initial.file"):
        layers = checks.layer_sizes(document.stated("network.layers"))
        ends = np.cumsum([n_in * n_out for n_in, n_out in pairwise(layers)])
        if numbers.size != ends[-1]:
            shown = checks.counted(numbers.size, "number")
            raise ValueError(f"has {shown}; layers of {list(layers)} have {ends[-1]} weights")
    parts = np.split(numbers.ravel(), ends[:-1])
    return [part.reshape(-1, n_in).tolist() for part, n_in in zip(parts, layers, strict=False)]


def _directions(document: Document, numbers: np.ndarray) -> list[list[float]]:
    """The numbers of a file, of which a matrix must have a row a direction, as such rows."""
    with _telling_of_file(document, "initial.direction"):
        sizes = checks.layer_sizes(document.stated("network.layers"))
        count = count_parameters(sizes, bias=document.stated("network.bias") is True)
        if numbers.size % count or (numbers.ndim > 1 and numbers.shape[-1] != count):
            shown = " x ".join(map(str, numbers.shape))
            raise ValueError(
                f"has {shown} numbers; a direction has {count}, for weights and biases"
            )
    found: list[list[float]] = numbers.reshape(-1, count).tolist()
    return found


def _arrays(
    document: Document, name: str, table: Table, classes: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, tuple[list[str], list[str]]]:
    """The inputs and targets in a table; where targets are labels, their places in `classes`.

    `classes` are the different labels, those of this table if it is the first. Last what the inputs
    and the outputs are called: by their columns, outputs that are classes by their labels.
    """
    asked_inputs, asked_targets = (_columns(document, column) for column in _COLUMNS)
    if not asked_targets:
        file, known = document.entries[name].value, checks.one_line(", ".join(table.names), 200)
        raise document.refuse(
            "data.target_columns", f"is missing: say which columns of {file} are targets: {known}"
        )
    one_hot = document.stated("data.one_hot") is True
    with _telling_of_file(document, name):
        targets = [table.find(one) for one in asked_targets]
        rest = [one for one in table.names if one not in targets]
        inputs = [table.find(one) for one in asked_inputs] or rest
        if both := set(inputs) & set(targets):
            raise ValueError(f"has {checks.show(min(both))} among inputs and targets")
        if not inputs:
            raise ValueError("has no columns but those of targets")
        labels = table.column(targets[0]) if len(targets) == 1 else np.empty(0)
        if classes is not None or (one_hot and _are_labels(labels)):
            at, classes = places(labels, classes, targets[0])
            return table.numbers(inputs), at, classes, (inputs, list(map(str, classes)))
        if labels.dtype == object:
            raise ValueError(
                f"has text in the column {checks.show(targets[0])}; data.one_hot = true makes "
                "a target of each of its values"
            )
        outputs = [] if one_hot else targets
        return table.numbers(inputs), table.numbers(targets), None, (inputs, outputs)


def _are_labels(column: np.ndarray) -> bool:
    """Whether a column is told apart by its values alone: text, or integers that no float64 is."""
    if column.dtype.kind in "iu":
        return int(column.max()) >= 2**53 or int(column.min()) <= -(2**53)
    return column.dtype == object


def places(
    column: np.ndarray, classes: np.ndarray | None, name: str, others: str = "data.file"
) -> tuple[np.ndarray, np.ndarray]:
    """The place of each label among the classes of `others`, (rows, 1) float64, and these."""
    labels = column.astype(object)  # Python's numbers compare exactly
    classes = np.unique(labels) if classes is None else classes
    if isinstance(labels[0], str) != isinstance(classes[0], str):
        kinds = ("text", "numbers") if isinstance(labels[0], str) else ("numbers", "text")
        raise ValueError(
            f"has {kinds[0]} in the column {checks.show(name)}, where {others} has {kinds[1]}"
        )
    place = np.minimum(np.searchsorted(classes, labels), len(classes) - 1)
    unknown = np.flatnonzero(classes[place] != labels)
    if len(unknown):
        raise ValueError(f"has {checks.show(labels[unknown[0]])}, which {others} has not")
    return place[:, np.newaxis].astype(np.float64), classes


def _columns(document: Document, name: str) -> Sequence[str | int]:
    with document.telling(name):
        return checks.column_names(document.stated(name)) if name in document.entries else ()


def _telling_of_file(document: Document, name: str) -> AbstractContextManager[None]:
    """Complaints within are about the file that the field `name` names."""
    return document.telling(name, checks.show(document.entries[name].value))


def _fetched(document: Document, name: str) -> tuple[np.ndarray, np.ndarray]:
    """A data set of scikit-learn: inputs (samples, columns) and targets (samples, 1), float64."""
    try:
        sets = import_module("sklearn.datasets")
    except ImportError:
        hint = f"{checks.show(name)} comes with scikit-learn: pip install 'sweep[sklearn]'"
        raise document.refuse("data.name", hint) from None
    options = {"scaled": False} if name == "diabetes" else {}
    inputs, targets = getattr(sets, f"load_{name}")(return_X_y=True, **options)
    return inputs.astype(np.float64), targets[:, np.newaxis].astype(np.float64)
