"""Commands that say what the learning rate did: best, compare."""

from enum import StrEnum
from math import isfinite, isnan
from typing import TYPE_CHECKING, Annotated

import typer

from sweep.cli.door import app
from sweep.cli.opening import trained
from sweep.cli.options import RESULTS, Folder, Name, Overrides
from sweep.cli.terminal import columns, note, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

    from sweep.analysis import Findings

MOST_GROUPS = 8
"""Of more groups than this the best are printed."""

MOST_PARAGRAPHS = 4


class Form(StrEnum):
    """How tables are printed."""

    table = "table"
    csv = "csv"
    json = "json"


class By(StrEnum):
    """What a learning rate can be best by."""

    final_loss = "final_loss"
    steps_to_target = "steps_to_target"
    convergence = "convergence"


@app.command()
def best(
    name: Name,
    by: Annotated[
        By | None, typer.Option(help="Best by what; by each of them if not said.")
    ] = None,
    rate: Annotated[
        str | None, typer.Option(metavar="AXIS", help="The axis to vary, if no learning rate.")
    ] = None,
    within: Annotated[
        float, typer.Option(metavar="FACTOR", help="How far above the best loss is still usable.")
    ] = 2.0,
    area: Annotated[
        bool, typer.Option("--area", help="Read the curves too, for the area under each.")
    ] = False,
    form: Annotated[Form, typer.Option("--format", help="How to print it.")] = Form.table,
    overrides: Overrides = None,
    results: Folder = RESULTS,
) -> None:
    """Say which learning rate of STUDY is best, and what the others did."""
    from sweep.analysis import Choices, find
    from sweep.analysis.studies import responses_of

    choices = Choices(within)
    opened = trained(name, overrides, results)
    found = find(responses_of(opened, rate, areas=area), by, choices)
    if form is Form.csv:
        print(found.summary.to_csv(index=False), end="")
    elif form is Form.json:
        print(_json(found))
    else:
        print(printable(f"{opened.study.name}: {opened.study.title}"))
        _print(found)


def _json(found: "Findings") -> str:
    """Return both tables and the sentences as JSON; what is not a number is text or null."""
    import json

    from sweep.analysis.sentences import sentences

    def records(table: "pd.DataFrame") -> list[dict[str, object]]:
        return [
            {
                str(key): value if not isinstance(value, float) or isfinite(value)
                else None if isnan(value) else str(value)
                for key, value in row.items()
            }
            for row in table.to_dict("records")
        ]  # fmt: skip

    tables = {"best": records(found.best), "summary": records(found.summary)}
    return json.dumps(tables | {"sentences": sentences(found)}, indent=1, default=str)


def _print(found: "Findings") -> None:
    """Print the best groups' rows, then what they mean in words."""
    from sweep.analysis.sentences import group_name, sentences

    groups = found.responses.groups
    shown = _best_groups(found)
    names = [group_name(groups, group) for group in shown]
    columns(_best_rows(found, shown, names))
    if "final_loss" in set(found.best["by"]):
        print()
        columns(_summary_rows(found, shown, names))
    for paragraph in sentences(found, shown[:MOST_PARAGRAPHS]):
        print(f"\n{printable(paragraph)}")
    if len(groups) > len(shown):
        note(f"{len(groups) - len(shown):,} more groups: --format csv prints all of them")


def _best_groups(found: "Findings") -> "Sequence[int]":
    """Return the groups to print: all, or of many those that are best by the first criterion."""
    first = found.best[found.best["by"] == found.best["by"].iloc[0]].reset_index(drop=True)
    if len(first) <= MOST_GROUPS:
        return range(len(first))
    share = first["by"].iloc[0] == "convergence"
    ranked = first["value"].sort_values(ascending=not share, kind="stable", na_position="last")
    return [int(group) for group in ranked.index[:MOST_GROUPS]]


def _best_rows(
    found: "Findings", shown: "Sequence[int]", names: "Sequence[str]"
) -> list[tuple[str, ...]]:
    from sweep.analysis.sentences import number, percent

    rows: list[tuple[str, ...]] = [
        ("GROUP", "BEST BY", "RATE", "INTERVAL", "VALUE", "INTERVAL", "CHOSEN AGAIN")
    ]
    criteria = found.best["by"].nunique()
    for group, name in zip(shown, names, strict=True):
        part = found.best.iloc[group * criteria : (group + 1) * criteria]
        for row in part.to_dict("records"):
            say = percent if row["by"] == "convergence" else number
            rows.append(
                (
                    name,
                    row["by"],
                    _said(row["best_rate"], number),
                    _interval(row["best_rate_low"], row["best_rate_high"], number),
                    _said(row["value"], say),
                    _interval(row["value_low"], row["value_high"], say),
                    _said(row["support"], percent),
                )
            )
    return rows if any(names) else [row[1:] for row in rows]


def _summary_rows(
    found: "Findings", shown: "Sequence[int]", names: "Sequence[str]"
) -> list[tuple[str, ...]]:
    from sweep.analysis.sentences import Setting, number, percent

    head = "GROUP,USABLE RATES,DECADES,HALF DIVERGE FROM,SENSITIVITY,OVERSHOOT"
    rows = [tuple(f"{head},CONVERGED,STALLED,DIVERGED".split(","))]
    measures = len(found.summary) // len(found.responses.groups)
    for group, name in zip(shown, names, strict=True):
        part = found.summary.iloc[group * measures : (group + 1) * measures]
        value = dict(zip(part["measure"], part["value"], strict=True))
        shares = [percent(value[outcome]) for outcome in ("converged", "stalled", "diverged")]
        rows.append(
            (
                name,
                _interval(value["usable_from"], value["usable_to"], number),
                _said(value["usable_decades"], lambda width: f"{width:.2g}"),
                Setting.of(found, group).rate(value["divergence_threshold"]),
                _said(value["lr_sensitivity"], number),
                _said(value["overshoot"], number),
                *shares,
            )
        )
    return rows if any(names) else [row[1:] for row in rows]


def _said(value: float, say: "Callable[[float], str]") -> str:
    return "-" if isnan(value) else say(value)


def _interval(low: float, high: float, say: "Callable[[float], str]") -> str:
    return "-" if isnan(low) else f"{say(low)} to {say(high)}"
