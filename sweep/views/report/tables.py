"""The tables of a report: what each cell says and sorts by, and what each table holds."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from sweep.analysis import MEASURES, Findings, Responses, by_rate
from sweep.analysis.levels import has, level_of, levels
from sweep.catalogue import OUTCOMES
from sweep.views.panels import thinned as spread
from sweep.views.style import label, value_labels

MOST_ROWS = 200  # rows of a table: more than anybody reads, and a page that a phone still scrolls

BEST_TRIALS = 20

CHUNK = ("chunk", "group", "steps", "numerics", "trials", "bytes", "created")
"""The columns of `Results.provenance` that its table has."""

DIGITS = 12  # of a digest in a table: enough to tell groups apart, short enough to read

AROUND = ("training_loss", "usable_from", "usable_to", "divergence_threshold", *OUTCOMES)
"""The measures that are told of each group beside its best value."""

EDGES = {"": "", "only": "the only one", "lowest": "lowest swept", "highest": "highest swept"}


class Column(NamedTuple):
    """The heading of a column; a `numeric` one sorts as numbers."""

    words: str
    numeric: bool


class Cell(NamedTuple):
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
    joined: bool = False,
) -> Table:
    """Return the table of a frame's rows.

    Columns of `axes` are written in as many digits as tell their values apart, those of `shares`
    as per cent, other numbers in four digits. `words` are headings of columns beside the usual.
    Where they are `joined`, `x_low` and `x_high` stand in brackets in the cells of `x`.
    """
    named = words or {}
    columns, cells = [], []
    ends = [f"{name}{end}" for name in frame for end in ("_low", "_high")] if joined else []
    for name in [name for name in map(str, frame) if name not in ends]:
        values = frame[name]
        numeric = is_numeric_dtype(values) and not is_bool_dtype(values)
        usual = label(name) if name in axes else heading(name)
        columns.append(Column(named.get(name, usual), numeric))
        if not numeric:
            cells.append([Cell(str(value), None) for value in values])
            continue
        if name in axes:
            distinct = values.drop_duplicates().tolist()
            names = dict(zip(distinct, value_labels(distinct), strict=True))
            texts = [names[value] for value in values.tolist()]
        else:
            write = _share if name in shares else _number
            texts = [write(value) for value in values]
        if joined and f"{name}_low" in frame:
            low, high = (frame[f"{name}{end}"] for end in ("_low", "_high"))
            texts = [
                text if pd.isna(a) else f"{text} ({write(a)} to {write(b)})"
                for text, a, b in zip(texts, low, high, strict=True)
            ]
        keys = values.to_numpy(np.float64, na_value=np.nan).tolist()
        sorts = [repr(key) if math.isfinite(key) else "" for key in keys]
        cells.append([Cell(*both) for both in zip(texts, sorts, strict=True)])
    return Table(title, note, columns, list(zip(*cells, strict=True)))


def thinned(frame: pd.DataFrame, most: int = MOST_ROWS) -> tuple[pd.DataFrame, str]:
    """Return at most `most` rows, evenly spread, and a note that says so if there were more."""
    note = f"{most} rows of {len(frame):,}, evenly spread." if len(frame) > most else ""
    return frame.iloc[spread(range(len(frame)), most)], note


def heading(name: str) -> str:
    """Return what a column is called: its words where it has any, without its symbol."""
    return label(name, symbol=False)


def _number(value: object) -> str:
    if pd.isna(value):  # type: ignore[call-overload]
        return "–"
    if isinstance(value, int | np.integer):
        return f"{value:,}"
    number = float(value)  # type: ignore[arg-type]
    return f"{number:.4g}" if math.isfinite(number) else "∞" if number > 0 else "−∞"


def _share(value: float) -> str:
    return f"{100 * value:.3g}%" if math.isfinite(value) else "–"


def group_table(findings: Findings, noun: str) -> Table:
    """Return a row a group: its best value, what lies around it and how its trials ended."""
    grouped, lead, summary = [*map(str, findings.responses.groups)], findings.lead, findings.summary
    numbers = [name + end for name in ("best_rate", "value") for end in ("", "_low", "_high")]
    frame = findings.leading()[[*grouped, *numbers, "support", "edge"]].replace({"edge": EDGES})
    for name in AROUND if lead != "range_test" else ():
        if len(told := summary.loc[summary["measure"] == name, "value"]):
            frame[name] = told.to_numpy()
    few, note = thinned(frame)
    words = {
        "best_rate": f"{'suggested' if lead == 'range_test' else 'best'} {noun}",
        "value": level_of(lead).what,
        "edge": "place",
        "training_loss": "on training data",
        "usable_from": "usable from",
        "usable_to": "to",
        "divergence_threshold": "half diverge from",
    }
    level = _share(findings.choices.bootstrap.level)
    seeds = int(findings.best["seeds"].max())
    said = (
        f"Over {seeds:,} seeds; in brackets {level} intervals. Support: the share of resamples "
        "of the seeds in which the same value is best."
        if seeds > 1
        else "One seed: no intervals."
    )
    return table(
        _without_empty(few),
        "By group" if grouped else "In numbers",
        f"{said} ∞: above all values swept. {note}".rstrip(),
        axes=grouped,
        shares=("support", *OUTCOMES),
        words=words,
        joined=True,
    )


def measures_table(findings: Findings) -> Table:
    """Return all measures of each group, a row each."""
    grouped = list(map(str, findings.responses.groups))
    few, note = thinned(_without_empty(findings.summary))
    few = few.assign(meaning=[MEASURES[name].what for name in few["measure"]])
    ends = [name for name in ("value", "low", "high") if name in few]
    return table(
        few[[*grouped, "measure", *ends, "unit", "meaning"]],
        "Measures" + " by group" * bool(grouped),
        f"∞: above all values swept; −∞: below; –: there is none. {note}".rstrip(),
        axes=grouped,
        words={"low": "from", "high": "to"},
    )


def rate_table(responses: Responses) -> Table:
    """Return medians and shares at each value of each group, or at some of them."""
    few, note = _with_best(_without_empty(by_rate(responses)), [*map(str, responses.groups)])
    ends = [str(name) for name in few if str(name).endswith(("_low", "_high"))]
    said = "Medians over seeds, and shares of seeds, each with its interval."
    if few["trials"].max() == 1:
        few, ends, said = few.drop(columns=[*ends, "trials"]), [], "One trial each."
    return table(
        few,
        f"By {heading(responses.rate)}",
        f"{said} ∞: diverged, or never. {note}".rstrip(),
        axes=(*map(str, responses.groups), responses.rate),
        shares=[f"{name}{end}" for name in OUTCOMES for end in ("", "_low", "_high")],
        words={name: "from" if name.endswith("_low") else "to" for name in ends},
    )


def _with_best(table: pd.DataFrame, grouped: Sequence[str]) -> tuple[pd.DataFrame, str]:
    """Return some of the rows, among them the one of the lowest loss in each group."""
    few, note = thinned(table)
    if not note:
        return few, note
    rank = table["final_loss"].sort_values(kind="stable").index
    best = table.loc[rank].drop_duplicates(subset=grouped) if grouped else table.loc[rank[:1]]
    both = table.index.isin(few.index) | table.index.isin(thinned(best)[0].index)
    return table[both], note.replace("spread.", "spread, and the lowest final loss of each group.")


def axis_table(trials: pd.DataFrame, axis: str) -> Table:
    """Return what became of the trials of each value of one axis, whatever the others were."""
    ended = pd.crosstab(trials[axis], trials["outcome"], normalize="index")
    lead, noun = _lead(trials)
    parts = pd.Series(levels(trials, lead)).groupby(trials[axis].to_numpy(), sort=True)
    found = pd.DataFrame({"trials": parts.size()}).assign(
        **{name: ended.get(name, 0.0) for name in OUTCOMES},
        lowest=parts.min(), median=parts.median(),
    )  # fmt: skip
    few, note = thinned(found.reset_index(names=axis))
    words = {name: f"{name} {noun}" for name in ("lowest", "median")}
    said = f"Over all values of the other axes. {note}".rstrip()
    return table(few, f"By {heading(axis)}", said, axes=[axis], shares=OUTCOMES, words=words)


def trials_table(trials: pd.DataFrame, axes: Sequence[str]) -> Table:
    """Return all trials while they are few, otherwise the best ones."""
    if len(trials) <= MOST_ROWS:
        return table(trials, "Trials", axes=axes)
    lead, noun = _lead(trials)
    level = levels(trials, lead)
    few = min(BEST_TRIALS, np.count_nonzero(np.isfinite(level)))
    rows = np.argsort(level, kind="stable")[:few]
    note = f"The lowest by {noun} of {len(trials):,} trials; all are in the parquet files."
    return table(trials.iloc[rows], "Best trials", note, axes=axes)


def _lead(trials: pd.DataFrame) -> tuple[str, str]:
    """The loss that conclusions rest on, that of validation if there is any, and its words."""
    name = "validation_loss" if has(trials, "validation_loss") else "final_loss"
    return name, heading(name)


def chunk_table(provenance: pd.DataFrame) -> Table:
    """Return a row a chunk: when it was saved, of which group it is, how much it holds."""
    few, note = thinned(provenance[[*CHUNK]])
    few = few.assign(
        group=few["group"].str[:DIGITS], created=few["created"].dt.strftime("%Y-%m-%d %H:%M:%S")
    )
    said = "A chunk is what was trained and saved together; times are in UTC."
    return table(few, "Chunks", f"{said} {note}".rstrip())


def _without_empty(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the columns that have any value: without seeds there are no intervals."""
    return frame.loc[:, (frame.notna() & (frame != "")).any()]
