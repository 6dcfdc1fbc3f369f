"""Commands that say what the learning rate did, what a search may miss, and how fast it goes."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from sweep.cli.door import RESULTS, Folder, Json, Name, Only, Overrides, Size, app, trained
from sweep.cli.terminal import columns, note, plural, printable, said, tell
from sweep.errors import RequestError
from sweep.runs.progress import short

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pandas as pd

    from sweep.analysis import Findings

Dtype = StrEnum("Dtype", ["float64", "float32"])

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
    from sweep.analysis.naming import group_names, number
    from sweep.analysis.sentences import answer, percent, shared_draws, written
    from sweep.analysis.trials import responses_of

    choices = Choices(within)
    opened = trained(name, overrides, size, results)
    found = find(responses_of(opened, rate, by, only or (), areas=area), by, choices)
    shared = shared_draws(opened.study)
    if json:
        words = {"sentences": [*filter(None, [*sentences(found), shared])]}
        tell({"study": opened.study.name, "best": found.best, "summary": found.summary} | words)
        return
    print(printable(f"{opened.study.name}: {opened.study.title}"))
    shown = found.ranked()[:MOST_GROUPS]
    names, groups = group_names(found.responses.groups, shown), len(found.responses.groups)
    if groups > 1:
        order = f"{plural(groups, 'group')}, the best by {found.lead} first"
        print(printable(answer(found)[0] if found.unlike else order))
    rows = [("GROUP", "BEST BY", "RATE", "INTERVAL", "VALUE", "INTERVAL", "CHOSEN AGAIN")]
    for group, label in zip(shown, names, strict=True):  # of a group that is alone it is empty
        for criterion, row in found.rows(group)[0].items():
            say = written(criterion)
            rows.append(
                (
                    label,
                    criterion,
                    said(number, row["best_rate"]),
                    said(number, row["best_rate_low"], row["best_rate_high"]),
                    said(say, row["value"]),
                    said(say, row["value_low"], row["value_high"]),
                    said(percent, row["support"]),
                )
            )
    columns(rows)
    if level_of(found.lead).unit == "loss" and "usable_from" in set(found.summary["measure"]):
        print()
        columns(_summary_rows(found, shown, names))
    for paragraph in filter(None, [*sentences(found, shown), shared]):
        print(f"\n{printable(paragraph)}")
    if groups > len(shown):
        more = plural(groups - len(shown), "more group")
        note(f"{more}: --json prints all of them, --only NAME=VALUE some")


def _summary_rows(
    found: "Findings", shown: "Sequence[int]", names: "Sequence[str]"
) -> "Iterator[Sequence[str]]":
    """A row a group: what lies around its best rate; rates at an end of the sweep are marked."""
    from sweep.analysis.naming import number
    from sweep.analysis.sentences import Setting, percent

    head = "GROUP,USABLE RATES,DECADES,HALF DIVERGE FROM,SENSITIVITY,OVERSHOOT,CONVERGED,STALLED"
    yield f"{head},DIVERGED,MEAN LOSS".split(",")
    for group, name in zip(shown, names, strict=True):
        value = {measure: row["value"] for measure, row in found.rows(group)[1].items()}
        setting = Setting(found, group)
        yield (
            name,
            said(setting.end, value["usable_from"], value["usable_to"]),
            said("{:.2g}".format, value["usable_decades"]),
            setting.rate(value["divergence_threshold"]),
            said(number, value["lr_sensitivity"]),
            said(number, value["overshoot"]),
            *(percent(value[outcome]) for outcome in ("converged", "stalled", "diverged")),
            said(number, value["area_under_curve"]) if "area_under_curve" in value else "",
        )


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
    from sweep.analysis.naming import number
    from sweep.analysis.sentences import alignment, names_of, verdicts, written

    if len(set(names)) < len(names):
        raise RequestError("a study is named twice; a comparison needs different ones")
    opened = [trained(name, overrides, size, results) for name in names]
    found = compare(opened, measure, rate=rate, only=only or ())
    note(*(f"warning: {text}" for text in found.unlike))
    words = verdicts(found)
    if json:
        tables = {"at_best": found.at_best(), "differences": found.differences()}
        told = {"alignment": alignment(found), "sentences": words}
        tell({"measure": found.measure, "warnings": found.unlike} | tables | told)
        return
    from sweep.views.comparison import save_comparison

    paths = save_comparison(found, results)
    print(*map(printable, alignment(found)), sep="\n", end="\n\n")
    table, say = found.at_best().head(MOST_ROWS), written(found.measure)
    training = {"final_loss": "ON TRAINING DATA", "first_final_loss": "FIRST'S"}
    beside = [name for name in training if name in table]
    head = ("GROUP", "STUDY", "BEST RATE", "VALUE", "FIRST'S RATE", "FIRST'S VALUE")
    rows = [(*head, found.change.upper(), "INTERVAL", *(training[name] for name in beside))]
    for name, row in zip(names_of(found, table), table.to_dict("records"), strict=True):
        rows.append(
            (
                name,
                row["study"],
                said(number, row["rate"]),
                said(say, row["value"]),
                said(number, row["first_rate"]),
                said(say, row["first"]),
                said(number, row[found.change]),
                said(number, row["low"], row["high"]),
                *(said(number, row[one]) for one in beside),
            )
        )
    columns(rows)
    for sentence in words[:MOST_PARAGRAPHS]:
        print(f"\n{printable(sentence)}")
    for most, what in ((MOST_ROWS, "--json prints all of them, --only NAME=VALUE some"),
                       (MOST_PARAGRAPHS, "in the table alone; --json words all")):  # fmt: skip
        if len(words) > most:
            note(f"{plural(len(words) - most, 'more row')}: {what}")
            break
    print("", *paths, sep="\n")


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
    says: dict[str, Callable[[Any], str]]
    says = {"method": str, "saved": percent, "finished": number, "kept": percent, "ratio": number,
            "ratio_high": number, "rank": number}  # fmt: skip
    rows = [[say(row[one]) for one, say in says.items()] for row in found.to_dict("records")]
    columns([head.split(","), *rows])


@app.command()
def bench(
    networks: Annotated[
        list[str] | None, Argument(metavar="NETWORK", help="Rows of the table of networks.")
    ] = None,
    dtype: Annotated[
        list[Dtype] | None,
        Option(help="Both by default. May be repeated."),
    ] = None,
    threads: Annotated[
        list[int] | None,
        Option(metavar="N", min=1, help="How many; by default one a usable CPU. May be repeated."),
    ] = None,
    lanes: Annotated[
        list[int] | None,
        Option(metavar="N", help="Networks side by side; by default what suits. May be repeated."),
    ] = None,
    rounds: Annotated[int, Option(metavar="N", min=1, help="Turns of each.")] = 7,
    seconds: Annotated[float, Option(metavar="S", min=0.001, help="Of one turn, about.")] = 0.3,
    results: Folder = RESULTS,
    json: Json = False,
) -> None:
    """Measure how fast networks train, beside what this machine can do at most."""
    from sweep.instrument.bench import bench, summary

    found = bench(
        networks or (),
        dtypes=[str(one) for one in dtype or Dtype],
        threads=threads or (),
        lanes=lanes or (),
        rounds=rounds,
        seconds=seconds,
        results=results,
        say=note,
    )
    machine, measured = found.machine, found.measured
    if json:
        noise = {"noise": measured.noise, "warning": measured.noise.warning}
        tables = {"ceilings": measured.ceilings, "summary": summary(measured.turns)}
        tell({"machine": machine} | noise | tables | {"file": found.file})
    else:
        bits = machine.register_bytes * 8
        print(f"{machine.name}, {bits} bits a register, {plural(machine.processors, 'CPU')}")
        print(f"{measured.noise}\n")
        _print_ceilings(measured.ceilings)
        print()
        _print_summary(summary(measured.turns), rounds)
        print(f"  {found.file}")
    if measured.noise.warning:
        note(measured.noise.warning)


def _print_ceilings(ceilings: "pd.DataFrame") -> None:
    names = ceilings["ceiling"].unique().tolist()
    rows = [["CEILINGS, a second", *names]]
    for (dtype, threads), own in ceilings.groupby(["dtype", "threads"], sort=False):
        best = own.groupby("ceiling")["per_second"].max()
        rows.append([_of(dtype, threads), *(short(best[name], "") for name in names)])
    columns(rows, right=range(1, len(rows[0])))


def _print_summary(table: "pd.DataFrame", rounds: int) -> None:
    heads = ["NETWORK", "", "LANES", "STEPS/S", "FROM - TO", "GRADIENTS/S", "OF THE LIMIT"]
    rows = [[*heads, "FROM - TO", "LIMIT"]]
    for row in table.to_dict("records"):
        speed, low, high = (short(row[name], "") for name in ("speed", "low", "high"))
        share = f"{row['share_low']:.0%} - {row['share_high']:.0%}"
        of, gradients = _of(row["dtype"], row["threads"]), short(row["gradients"], "")
        start = [row["network"], of, str(row["lanes"]), speed, f"{low} - {high}", gradients]
        rows.append([*start, f"{row['share']:.0%}", share, row["limit"]])
    columns(rows, right=(2, 3, 4, 5, 6, 7))
    held = table["confidence"].iloc[0]
    print(f"  medians of {plural(rounds, 'round')}, within from - to with {held:.0%} confidence")


def _of(dtype: object, threads: object) -> str:
    return f"{dtype}, {threads} thread{'s' * (threads != 1)}"
