"""Commands that say what the learning rate did: best, compare."""

from enum import StrEnum
from math import isnan
from typing import TYPE_CHECKING, Annotated

import typer

from sweep.cli.door import RESULTS, Folder, Json, Name, Only, Overrides, app, trained
from sweep.cli.terminal import columns, note, plural, printable, tell
from sweep.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sweep.analysis import Comparison, Findings

MOST_GROUPS = 8
"""Of more groups than this the best are printed."""

MOST_ROWS = 24
"""Of more rows of a comparison than this the first are printed."""

MOST_PARAGRAPHS = 8
"""How many of what is printed is put into words."""

Rate = Annotated[
    str | None,
    typer.Option("--rate", metavar="AXIS", help="The axis to vary; a learning rate if not said."),
]


class Form(StrEnum):
    """How tables are printed."""

    table = "table"
    csv = "csv"
    json = "json"


@app.command()
def best(  # noqa: PLR0913 - a command's options are its arguments
    name: Name,
    by: Annotated[
        str | None,
        typer.Option(metavar="MEASURE", help="Best by what; by the usual ones if not said."),
    ] = None,
    rate: Rate = None,
    only: Only = None,
    within: Annotated[
        float, typer.Option(metavar="FACTOR", help="How far above the best loss is still usable.")
    ] = 2.0,
    area: Annotated[
        bool, typer.Option("--area", help="Read the curves too, for the area under each.")
    ] = False,
    form: Annotated[Form, typer.Option("--format", help="How to print it.")] = Form.table,
    json: Json = False,
    overrides: Overrides = None,
    results: Folder = RESULTS,
) -> None:
    """Say which learning rate of STUDY is best, and what the others did."""
    from sweep.analysis import Choices, find
    from sweep.analysis.trials import responses_of

    choices = Choices(within)
    opened = trained(name, overrides, results)
    found = find(responses_of(opened, rate, by, only or (), areas=area), by, choices)
    if form is Form.csv and not json:
        print(found.summary.to_csv(index=False), end="")
    elif json or form is Form.json:
        from sweep.analysis.sentences import sentences

        words = {"sentences": sentences(found)}
        tell({"study": opened.study.name, "best": found.best, "summary": found.summary} | words)
    else:
        print(printable(f"{opened.study.name}: {opened.study.title}"))
        _print(found)


def _print(found: "Findings") -> None:
    """Print the best groups' rows, then what they mean in words."""
    from sweep.analysis.naming import group_names
    from sweep.analysis.sentences import level_of, sentences

    groups = found.responses.groups
    shown = _best_groups(found)
    names = group_names(groups, shown)
    columns(_best_rows(found, shown, names))
    if level_of(str(found.best["by"].iloc[0])).unit == "loss":
        print()
        columns(_summary_rows(found, shown, names))
    for paragraph in sentences(found, shown):
        print(f"\n{printable(paragraph)}")
    if len(groups) > len(shown):
        more = plural(len(groups) - len(shown), "more group")
        note(f"{more}: --format csv prints all of them, --only NAME=VALUE some")


def _best_groups(found: "Findings") -> "Sequence[int]":
    """Return the groups to print: all, or of many those that are best by the first criterion."""
    from sweep.analysis.sentences import level_of

    first = found.best[found.best["by"] == found.best["by"].iloc[0]].reset_index(drop=True)
    if len(first) <= MOST_GROUPS:
        return range(len(first))
    less = not level_of(str(first["by"].iloc[0])).larger
    ranked = first["value"].sort_values(ascending=less, kind="stable", na_position="last")
    return [int(group) for group in ranked.index[:MOST_GROUPS]]


def _best_rows(
    found: "Findings", shown: "Sequence[int]", names: "Sequence[str]"
) -> list[tuple[str, ...]]:
    from sweep.analysis.naming import number
    from sweep.analysis.sentences import level_of, percent

    rows: list[tuple[str, ...]] = [
        ("GROUP", "BEST BY", "RATE", "INTERVAL", "VALUE", "INTERVAL", "CHOSEN AGAIN")
    ]
    criteria = found.best["by"].nunique()
    for group, name in zip(shown, names, strict=True):
        part = found.best.iloc[group * criteria : (group + 1) * criteria]
        for row in part.to_dict("records"):
            say = number if level_of(row["by"]).ratio else percent
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
    from sweep.analysis.naming import number
    from sweep.analysis.sentences import Setting, percent

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


@app.command()
def compare(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="STUDY", help="Two or more; the first is what others are compared with."
        ),
    ],
    measure: Annotated[
        str | None,
        typer.Option(
            metavar="MEASURE",
            help="What to compare them by; the final loss, on validation data where all have some.",
        ),
    ] = None,
    rate: Rate = None,
    only: Only = None,
    form: Annotated[Form, typer.Option("--format", help="How to print it.")] = Form.table,
    json: Json = False,
    overrides: Overrides = None,
    results: Folder = RESULTS,
) -> None:
    """Compare one measure of several studies, and draw it."""
    from sweep.analysis import compare as compare_results

    if len(set(names)) < len(names):
        raise RequestError("a study is named twice; a comparison needs different ones")
    opened = [trained(name, overrides, results) for name in names]
    found = compare_results(opened, measure, rate=rate, only=only or ())
    note(*(f"warning: {text}" for text in found.unlike))
    if form is Form.csv and not json:
        print(found.differences().to_csv(index=False), end="")
    elif json or form is Form.json:
        from sweep.analysis.sentences import alignment, verdicts

        tables = {"at_best": found.at_best(), "differences": found.differences()}
        words = {"alignment": alignment(found), "sentences": verdicts(found)}
        tell({"measure": found.measure, "warnings": found.unlike} | tables | words)
    else:
        from sweep.views.comparison import save_comparison

        paths = save_comparison(found, results)
        _print_comparison(found)
        print(*paths, sep="\n")


def _print_comparison(found: "Comparison") -> None:
    """Print what was aligned, then each study at its own best rate in a table and in words."""
    from sweep.analysis.naming import number
    from sweep.analysis.sentences import alignment, names_of, verdicts

    for line in alignment(found):
        print(printable(line))
    table = found.at_best()
    change = found.change
    head = ("GROUP", "STUDY", "BEST RATE", "VALUE", "FIRST'S RATE", "FIRST'S VALUE")
    training = ("final_loss", "first_final_loss") if "final_loss" in table else ()
    beside = ("ON TRAINING DATA", "FIRST'S") if training else ()
    rows = [(*head, change.upper(), "INTERVAL", *beside)]
    top = table.head(MOST_ROWS)
    for name, row in zip(names_of(found, top), top.to_dict("records"), strict=True):
        numbers = ("rate", "value", "first_rate", "first", change)
        said = [_said(row[one], number) for one in numbers]
        ends = _interval(row["low"], row["high"], number)
        more = [_said(row[one], number) for one in training]
        rows.append((name, row["study"], *said, ends, *more))
    print()
    columns(rows if found.shared else [row[1:] for row in rows])
    words = verdicts(found)
    for sentence in words[:MOST_PARAGRAPHS]:
        print(f"\n{printable(sentence)}")
    if MOST_PARAGRAPHS < len(words) <= MOST_ROWS:
        rest = plural(len(words) - MOST_PARAGRAPHS, "more row")
        note(f"{rest} in the table alone; --json words all")
    if len(table) > MOST_ROWS:
        left = plural(len(table) - MOST_ROWS, "more row")
        note(f"{left}: --json prints all of them, --only NAME=VALUE some")
    print()
