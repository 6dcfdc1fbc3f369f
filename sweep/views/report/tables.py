"""The tables of a report: what analysis found, what became of each value, and the trials."""

from collections.abc import Sequence

import pandas as pd

from sweep.analysis import MEASURES, Responses, by_rate
from sweep.catalogue import OUTCOMES
from sweep.views.report.cells import MOST_ROWS, Table, heading, table, thinned
from sweep.views.report.findings import Told

BEST_TRIALS = 20

CRITERIA = {
    "final_loss": "final loss",
    "steps_to_target": "steps to the target",
    "convergence": "share that converged",
}
"""What a value can be the best by, in words."""

EDGES = {"": "", "only": "the only one", "lowest": "lowest swept", "highest": "highest swept"}


def best_table(told: Told) -> Table:
    """Return the best value of each group by each criterion, with its intervals."""
    found, noun = told.best, told.noun
    if found["seeds"].max() <= 1:  # one trial converged or did not: there is no share to be best
        found = found[found["by"] != "convergence"].drop(columns=["value_low", "value_high"])
    few, note = thinned(found)
    few = few.assign(by=few["by"].map(CRITERIA), edge=few["edge"].map(EDGES))
    words = {
        "by": "best by",
        "best_rate": f"best {noun}",
        "best_rate_low": "from",
        "best_rate_high": "to",
        "value": "its value",
        "value_low": "value from",
        "value_high": "value to",
        "support": "support",
        "edge": "place",
    }
    said = "One seed: no intervals."
    if found["seeds"].max() > 1:
        said = (
            f"From and to: {100 * told.level:.3g}% intervals, by resampling seeds, of shares "
            "Wilson's. Support: the share of resamples in which the same value is best."
        )
    return table(
        _without_empty(few),
        f"Best {noun}" + " by group" * bool(told.grouped),
        f"{said} {note}".rstrip(),
        axes=told.grouped,
        shares=("support",),
        words=words,
    )


def measures_table(told: Told) -> Table:
    """Return all measures of each group, a row each."""
    few, note = thinned(_without_empty(told.summary))
    few = few.assign(meaning=[MEASURES[name].what for name in few["measure"]])
    ends = [name for name in ("value", "low", "high") if name in few]
    return table(
        few[[*told.grouped, "measure", *ends, "unit", "meaning"]],
        "Measures" + " by group" * bool(told.grouped),
        f"∞: above all values swept; −∞: below; –: there is none. {note}".rstrip(),
        axes=told.grouped,
        words={"low": "from", "high": "to"},
    )


def rate_table(responses: Responses) -> Table:
    """Return medians and shares at each value of each group, or at some of them."""
    few, note = _with_best(_without_empty(by_rate(responses)), [*map(str, responses.groups)])
    ends = [str(name) for name in few if str(name).endswith(("_low", "_high"))]
    said = "Medians over seeds, and shares of seeds, each with its interval."
    if few["trials"].max() == 1:
        few, ends, said = (
            few.drop(columns=[*ends, "trials"]),
            [],
            "One trial each.",
        )
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
    loss = trials["final_loss"].where(trials["outcome"] != "diverged", float("inf"))
    parts = loss.fillna(float("inf")).groupby(trials[axis], sort=True)
    found = pd.DataFrame({"trials": parts.size()})
    found = found.assign(**{name: ended.get(name, 0.0) for name in OUTCOMES})
    found = found.assign(lowest=parts.min(), median=parts.median().fillna(float("inf")))
    few, note = thinned(found.reset_index(names=axis))
    words = {"lowest": "lowest final loss", "median": "median final loss"}
    said = "Over all values of the other axes."
    title = f"By {heading(axis)}"
    return table(few, title, f"{said} {note}".rstrip(), axes=[axis], shares=OUTCOMES, words=words)


def trials_table(trials: pd.DataFrame, axes: Sequence[str]) -> Table:
    """Return all trials while they are few, otherwise the best ones."""
    if len(trials) <= MOST_ROWS:
        return table(trials, "Trials", axes=axes)
    rank = trials["final_loss"].where(trials["outcome"] != "diverged").nsmallest(BEST_TRIALS)
    note = f"The lowest final losses of {len(trials):,} trials; all are in the parquet files."
    return table(trials.loc[rank.index], "Best trials", note, axes=axes)


def _without_empty(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the columns that have any value: without seeds there are no intervals."""
    return frame.loc[:, (frame.notna() & (frame != "")).any()]
