"""Tables that sort: what each cell says, and the number it sorts by."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from sweep.views.style import label, value_labels

MOST_ROWS = 200
"""Rows of a table: more than anybody reads, and a page that a phone still scrolls."""


@dataclass(frozen=True)
class Column:
    """The heading of a column; a `numeric` one sorts as numbers."""

    words: str
    numeric: bool


@dataclass(frozen=True)
class Cell:
    """What a cell says; `key` is its number, empty if it has none, and None where text sorts."""

    text: str
    key: str | None


@dataclass(frozen=True)
class Table:
    """A table with a heading, and a note about what it holds."""

    title: str
    note: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]


def table(
    frame: pd.DataFrame,
    title: str,
    note: str = "",
    *,
    axes: Collection[str] = (),
    shares: Collection[str] = (),
    words: Mapping[str, str] | None = None,
) -> Table:
    """Return the table of a frame's rows.

    Columns of `axes` are written in as many digits as tell their values apart, those of `shares`
    as per cent, other numbers in four digits. `words` are headings of columns beside the usual.
    """
    named = words or {}
    columns, cells = [], []
    for name in map(str, frame):
        values = frame[name]
        numeric = is_numeric_dtype(values) and not is_bool_dtype(values)
        usual = label(name) if name in axes else heading(name)
        columns.append(Column(named.get(name, usual), numeric))
        if not numeric:
            cells.append([Cell(str(value), None) for value in values])
        elif name in axes:
            distinct = values.drop_duplicates().tolist()
            names = dict(zip(distinct, value_labels(distinct), strict=True))
            cells.append(_numbers(values, [names[value] for value in values.tolist()]))
        else:
            write = _share if name in shares else _number
            cells.append(_numbers(values, [write(value) for value in values]))
    return Table(title, note, columns, list(zip(*cells, strict=True)))


def thinned(frame: pd.DataFrame, most: int = MOST_ROWS) -> tuple[pd.DataFrame, str]:
    """Return at most `most` rows, evenly spread, and a note that says so if there were more."""
    if len(frame) <= most:
        return frame, ""
    at = np.linspace(0, len(frame) - 1, most).round().astype(int)
    return frame.iloc[at], f"{most} rows of {len(frame):,}, evenly spread."


def heading(name: str) -> str:
    """Return what a column is called: its words where it has any, without its symbol."""
    return label(name, symbol=False)


def _numbers(values: "pd.Series[float]", texts: Sequence[str]) -> list[Cell]:
    keys = values.to_numpy(np.float64, na_value=np.nan)
    return [
        Cell(text, repr(float(key)) if math.isfinite(key) else "")
        for key, text in zip(keys, texts, strict=True)
    ]


def _number(value: object) -> str:
    if pd.isna(value):  # type: ignore[call-overload]
        return "–"
    if isinstance(value, int | np.integer):
        return f"{value:,}"
    number = float(value)  # type: ignore[arg-type]
    return f"{number:.4g}" if math.isfinite(number) else "∞" if number > 0 else "−∞"


def _share(value: float) -> str:
    return f"{100 * value:.3g}%" if math.isfinite(value) else "–"
