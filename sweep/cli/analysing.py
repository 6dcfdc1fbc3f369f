"""Commands that say what the learning rate did: best, compare; and what a search may miss."""

from collections.abc import Callable
from math import isnan
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from sweep.cli.door import RESULTS, Folder, Json, Name, Only, Overrides, Size, app, trained
from sweep.cli.terminal import columns, note, plural, printable, tell
from sweep.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sweep.analysis import Comparison, Findings

MOST_GROUPS = 8
"""Of more groups than this the best are printed."""

MOST_ROWS = 24
"""Of more rows of a comparison than this the first are printed."""

MOST_PARAGRAPHS = 8
"""How many of what is printed is put into words."""

Rate = Annotated[
    str | None, Option(metavar="AXIS", help="The axis to vary; a learning rate if not said.")
]


@app.command()
def best(  # noqa: PLR0913 - a command's options are its arguments
    name: Name,
    by: Annotated[
        str | None, Option(metavar="MEASURE", help="Best by what; by the usual ones if not said.")
    ] = None,
    rate: Rate = None,
    only: Only = None,
    within: Annotated[
        float, Option(metavar="FACTOR", help="How far above the best loss is still usable.")
    ] = 2.0,
    area: Annotated[
        bool, Option("--area", help="Read the curves too, for the mean loss over the steps.")
    ] = False,
    json: Json = False,
    overrides: Overrides = None,
    size: Size = None,
    results: Folder = RESULTS,
) -> None:
    """Say which learning rate of STUDY is best, and what the others did."""
    from sweep.analysis import Choices, find, sentences
    from sweep.analysis.levels import level_of
    from sweep.analysis.naming import group_names
    from sweep.analysis.sentences import answer, shared_draws
    from sweep.analysis.trials import responses_of

    choices = Choices(within)
    opened = trained(name, overrides, size, results)
    found = find(responses_of(opened, rate, by, only or (), areas=area), by, choices)
    if json:
        shared = shared_draws(opened.study)
        words = {"sentences": [*sentences(found), *filter(None, [shared])]}
        tell({"study": opened.study.name, "best": found.best, "summary": found.summary} | words)
        return
    print(printable(f"{opened.study.name}: {opened.study.title}"))
    shown = found.ranked()[:MOST_GROUPS]
    names, groups = group_names(found.responses.groups, shown), len(found.responses.groups)
    if groups > 1:
        order = f"{plural(groups, 'group')}, the best by {found.lead} first"
        print(printable(answer(found)[0] if found.unlike else order))
    columns([*_best_rows(found, shown, names)])
    if level_of(found.lead).unit == "loss" and "usable_from" in set(found.summary["measure"]):
        print()
        columns([*_summary_rows(found, shown, names)])
    for paragraph in sentences(found, shown):
        print(f"\n{printable(paragraph)}")
    if shared := shared_draws(opened.study):
        print(f"\n{printable(shared)}")
    if groups > len(shown):
        more = plural(groups - len(shown), "more group")
        note(f"{more}: --json prints all of them, --only NAME=VALUE some")


def _best_rows(
    found: "Findings", shown: "Sequence[int]", names: "Sequence[str]"
) -> "Iterator[Sequence[str]]":
    """A row a group and criterion; groups that are but one have no name."""
    from sweep.analysis.naming import number
    from sweep.analysis.sentences import percent, written

    skip = 0 if any(names) else 1
    head = ("GROUP", "BEST BY", "RATE", "INTERVAL", "VALUE", "INTERVAL", "CHOSEN AGAIN")
    yield head[skip:]
    for group, name in zip(shown, names, strict=True):
        for by, row in found.rows(group)[0].items():
            say = written(by)
            cells = (
                name,
                by,
                _said(row["best_rate"], number),
                _interval(row["best_rate_low"], row["best_rate_high"], number),
                _said(row["value"], say),
                _interval(row["value_low"], row["value_high"], say),
                _said(row["support"], percent),
            )
            yield cells[skip:]


def _summary_rows(
    found: "Findings", shown: "Sequence[int]", names: "Sequence[str]"
) -> "Iterator[Sequence[str]]":
    """A row a group: what lies around its best rate; rates at an end of the sweep are marked."""
    from sweep.analysis.naming import number
    from sweep.analysis.sentences import Setting, percent

    skip = 0 if any(names) else 1
    area = {"area_under_curve": "MEAN LOSS"} if found.responses.has("area_under_curve") else {}
    head = "GROUP,USABLE RATES,DECADES,HALF DIVERGE FROM,SENSITIVITY,OVERSHOOT,CONVERGED,STALLED"
    yield [*head.split(","), "DIVERGED", *area.values()][skip:]
    for group, name in zip(shown, names, strict=True):
        value = {measure: row["value"] for measure, row in found.rows(group)[1].items()}
        setting = Setting.of(found, group)
        cells = (
            name,
            _interval(value["usable_from"], value["usable_to"], setting.end),
            _said(value["usable_decades"], lambda width: f"{width:.2g}"),
            setting.rate(value["divergence_threshold"]),
            _said(value["lr_sensitivity"], number),
            _said(value["overshoot"], number),
            *(percent(value[outcome]) for outcome in ("converged", "stalled", "diverged")),
            *(_said(value[name], number) for name in area),
        )
        yield cells[skip:]


def _said(value: float, say: Callable[[float], str]) -> str:
    return "-" if isnan(value) else say(value)


def _interval(low: float, high: float, say: Callable[[float], str]) -> str:
    return "-" if isnan(low) else f"{say(low)} to {say(high)}"


@app.command()
def compare(
    names: Annotated[
        list[str],
        Argument(metavar="STUDY", help="Two or more; the first is what others are compared with."),
    ],
    measure: Annotated[
        str | None,
        Option(metavar="MEASURE", help="By what; the final loss, by validation where all have it."),
    ] = None,
    rate: Rate = None,
    only: Only = None,
    json: Json = False,
    overrides: Overrides = None,
    size: Size = None,
    results: Folder = RESULTS,
) -> None:
    """Compare one measure of several studies, and draw it."""
    from sweep.analysis import compare
    from sweep.analysis.sentences import alignment, verdicts

    if len(set(names)) < len(names):
        raise RequestError("a study is named twice; a comparison needs different ones")
    opened = [trained(name, overrides, size, results) for name in names]
    found = compare(opened, measure, rate=rate, only=only or ())
    note(*(f"warning: {text}" for text in found.unlike))
    if json:
        tables = {"at_best": found.at_best(), "differences": found.differences()}
        words = {"alignment": alignment(found), "sentences": verdicts(found)}
        tell({"measure": found.measure, "warnings": found.unlike} | tables | words)
        return
    from sweep.views.comparison import save_comparison

    paths = save_comparison(found, results)
    print(*map(printable, alignment(found)), sep="\n", end="\n\n")
    columns([*_comparison_rows(found)])
    words_of = verdicts(found)
    for sentence in words_of[:MOST_PARAGRAPHS]:
        print(f"\n{printable(sentence)}")
    for most, what in ((MOST_ROWS, "--json prints all of them, --only NAME=VALUE some"),
                       (MOST_PARAGRAPHS, "in the table alone; --json words all")):  # fmt: skip
        if len(words_of) > most:
            note(f"{plural(len(words_of) - most, 'more row')}: {what}")
            break
    print()
    print(*paths, sep="\n")


def _comparison_rows(found: "Comparison") -> "Iterator[Sequence[str]]":
    """A row a group and study but the first, each at its own best rate."""
    from sweep.analysis.naming import number
    from sweep.analysis.sentences import names_of, written

    skip = 0 if found.shared else 1
    table = found.at_best().head(MOST_ROWS)
    say = written(found.measure)
    head = ("GROUP", "STUDY", "BEST RATE", "VALUE", "FIRST'S RATE", "FIRST'S VALUE")
    training = ("final_loss", "first_final_loss") if "final_loss" in table else ()
    beside = ("ON TRAINING DATA", "FIRST'S") if training else ()
    yield (*head, found.change.upper(), "INTERVAL", *beside)[skip:]
    for name, row in zip(names_of(found, table), table.to_dict("records"), strict=True):
        cells = (
            name,
            row["study"],
            _said(row["rate"], number),
            _said(row["value"], say),
            _said(row["first_rate"], number),
            _said(row["first"], say),
            _said(row[found.change], number),
            _interval(row["low"], row["high"], number),
            *(_said(row[one], number) for one in training),
        )
        yield cells[skip:]


@app.command()
def halving(  # noqa: PLR0913 - a command's options are its arguments
    name: Name,
    measure: Annotated[
        str | None,
        Option(metavar="CURVE", help="loss, validation_loss or batch_loss, on the way."),
    ] = None,
    eta: Annotated[
        int, Option("--eta", metavar="N", min=2, help="Of so many trials one is promoted.")
    ] = 3,
    least: Annotated[
        int | None,
        Option(metavar="STEPS", min=1, help="Of a trial; a hundredth if not said."),
    ] = None,
    trials: Annotated[
        int | None,
        Option(metavar="N", min=1, help="How many a search draws; all if not said."),
    ] = None,
    draws: Annotated[int, Option(metavar="N", min=1, help="How many searches are replayed.")] = 20,
    only: Only = None,
    json: Json = False,
    overrides: Overrides = None,
    size: Size = None,
    results: Folder = RESULTS,
) -> None:
    """Say what stopping trials of STUDY early would have missed and saved."""
    from sweep.analysis import halving as module
    from sweep.analysis.naming import number
    from sweep.analysis.sentences import percent

    opened = trained(name, overrides, size, results)
    found = module.halving(
        opened, measure, eta=eta, least=least, trials=trials, draws=draws, only=only or ()
    )
    if json:
        tell({"study": opened.study.name, "methods": found})
        return
    looked = measure or module.usual_curve(opened.study)
    print(printable(f"{opened.study.name}: {opened.study.title}"))
    print(f"{draws} searches of {plural(found['trials'][0], 'trial')} each, stopped by {looked}")
    head = "METHOD,STEPS SAVED,TO THE END,KEPT THE BEST,FOUND / BEST,IN 90% AT MOST,RANK"
    rows = [tuple(head.split(","))]
    for row in found.to_dict("records"):
        shares = {one: percent(row[one]) for one in ("saved", "kept")}
        numbers = {one: number(row[one]) for one in ("finished", "ratio", "ratio_high", "rank")}
        said = shares | numbers
        names = ("saved", "finished", "kept", "ratio", "ratio_high", "rank")
        rows.append((row["method"], *(said[one] for one in names)))
    columns(rows)
