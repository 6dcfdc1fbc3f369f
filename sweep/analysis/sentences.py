"""What was found, in plain words: all sentences of the terminal and of the report.

Nothing is claimed beyond the sweep: a best rate at its end may lie further out, a threshold that
was not met lies above, a single seed gives no interval, and all of that is said.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from math import inf, isinf, isnan, nan

import numpy as np
import pandas as pd

from sweep.analysis.comparison import Comparison, Side
from sweep.analysis.levels import level_of
from sweep.analysis.naming import group_names, number, short_name, telling
from sweep.analysis.responses import SEEDS
from sweep.analysis.tables import Findings, Row
from sweep.catalogue import OUTCOMES
from sweep.study import Study

WORDS = {"learning_rate": "learning rate", "bias_learning_rate": "learning rate of the biases"}

MOST_NAMED = 8  # how many groups that cannot be compared are named
COUNTED = 100  # of so many trials the outcomes are counted; of more they are shares


def percent(share: float) -> str:
    """A share in per cent, of three digits."""
    return f"{100 * share:.3g}%"


def points(share: float) -> str:
    """A difference of shares."""
    return f"{100 * share:.3g} percentage points"


def portion(count: int, total: int) -> str:
    """A share in words and per cent that never round to all or none: "0.004%"."""
    if count in (0, total):
        return "none" if count == 0 else "all"
    if 100 * count / total > 99.95:
        return f"all but {total - count:,}"
    return f"{100 * count / total:{'.1f' if 100 * count / total >= 0.1 else '.1g'}}%"


class Setting:
    """What the sentences about one group refer to: the axis, its rates and ends, the seeds.

    `steps` are the fewest and the most of its trials if they differ; of a range test, which is
    `tested`, the rates are those that its trials passed through.
    """

    def __init__(self, found: Findings, group: int) -> None:
        responses, self.choices = found.responses, found.choices
        self.axis = WORDS.get(responses.rate, responses.rate)
        self.tested, rows = responses.has("descent"), responses.rows[group]
        self.rates = [rate for rate in responses.rates[group].tolist() if not isnan(rate)]
        self.lowest, self.highest = self.rates[0], self.rates[-1]
        self.seeds = int((rows >= 0).any(axis=0).sum())
        self.steps: list[int] = []
        if "training.steps" in responses.trials:
            steps = responses.trials["training.steps"].iloc[rows[rows >= 0]]
            if steps.min() < steps.max():
                self.steps = [int(steps.min()), int(steps.max())]

    @property
    def noun(self) -> str:
        """What one value of the axis is called."""
        return "rate" if "rate" in self.axis else "value"

    def median(self, by: str) -> str:
        """What a criterion's value is called: a median where there are seeds."""
        noun = level_of(by).noun
        return f"median {noun} over {self.seeds:,} seeds" if self.seeds > 1 else noun

    def interval(self, low: float, high: float, say: Callable[[float], str]) -> str:
        """An interval in brackets; nothing where there is none."""
        if isnan(low):
            return ""
        level = percent(self.choices.bootstrap.level)
        ends = ": this alone" if say(low) == say(high) else f" {say(low)} to {say(high)}"
        return f" ({level} interval{ends})"

    def rate(self, value: float) -> str:
        """A rate, or on which side of the swept ones it lies."""
        if value == inf:
            return f"above {number(self.highest)}"
        return f"below {number(self.lowest)}" if value == -inf else number(value)

    def end(self, rate: float) -> str:
        """A usable rate; one at an end of the sweep, beyond which others may be usable, marked."""
        beyond = "≤" if rate <= self.lowest else "≥" if rate >= self.highest else ""
        return f"{beyond}{number(rate)}"

    def best(self, row: Row) -> str:
        """The best rate and its interval."""
        interval = self.interval(row["best_rate_low"], row["best_rate_high"], number)
        return f"{number(row['best_rate'])}{interval}"

    def value(self, row: Row, say: Callable[[float], str] = number) -> str:
        """The value at the best rate and its interval."""
        return f"{say(row['value'])}{self.interval(row['value_low'], row['value_high'], say)}"


def written(by: str) -> Callable[[float], str]:
    """How the value of a criterion is written."""
    return number if level_of(by).ratio else percent


def sentences(found: Findings, which: Iterable[int] | None = None) -> list[str]:
    """A paragraph for each group: the best rate, what lies around it, where trials diverge.

    Of all groups in their order, or of those numbered in `which`.
    """
    groups, words = found.responses.groups, []
    wanted = [*(range(len(groups)) if which is None else which)]
    for group, name in zip(wanted, group_names(groups, wanted), strict=True):
        text = " ".join(filter(None, _said(*found.rows(group), Setting(found, group))))
        words.append(f"{name}: {text[0].lower()}{text[1:]}" if name else text)
    return words


def _said(best: Mapping[str, Row], known: Mapping[str, Row], setting: Setting) -> Iterator[str]:
    """The sentences about one group, the first criterion's first."""
    (lead, row), *others = best.items()
    yield SAYS[lead](row, setting) if lead in SAYS else _by_level(row, setting, known)
    if around := level_of(lead).unit == "loss":
        yield _usable(known, setting, lead)
    for by, other in others:
        yield SAYS.get(by, _by_level_too)(other, setting)
    if around:
        yield _threshold(known, setting)


def _by_level(row: Row, setting: Setting, known: Mapping[str, Row]) -> str:
    """The best rate, and what the loss on the training data is beside one of validation."""
    if setting.tested:
        return _by_level_too(row, setting)
    if isnan(row["best_rate"]):
        return f"No {setting.axis} is any good: at each the median trial diverged."
    what, value = setting.median(row["by"]), setting.value(row, written(row["by"]))
    if "training_loss" in known and row["by"] == "validation_loss":  # which is of the same rate
        beside = known["training_loss"]
        interval = setting.interval(beside["low"], beside["high"], number)
        value += f", and on the training data {number(beside['value'])}{interval}"
    if row["edge"] == "only":
        return f"At {number(row['best_rate'])}, the only {setting.axis}, the {what} is {value}."
    text = f"The best {setting.axis} is {setting.best(row)}: there the {what} is {value}."
    beyond = {"lowest": "below", "highest": "above"}.get(row["edge"])
    at_edge = f" It is the {row['edge']} {setting.noun} swept; a better one may lie {beyond}."
    return text + at_edge * bool(beyond)


def _by_level_too(row: Row, setting: Setting) -> str:
    """The same of a criterion that is not the first; of a range test, where its loss is lowest."""
    if setting.tested and row["by"] == "final_loss" and not isnan(row["best_rate"]):
        end = ", where the test ended and a lower one may lie beyond" * (row["edge"] == "highest")
        return f"Its averaged loss is lowest at {setting.best(row)}: {setting.value(row)}{end}."
    if isnan(row["best_rate"]):
        return f"By {level_of(row['by']).noun} none is."
    value = setting.value(row, written(row["by"]))
    return f"By {setting.median(row['by'])} it is {setting.best(row)}: {value}."


def _by_steps(row: Row, setting: Setting) -> str:
    if isnan(row["best_rate"]):
        which = "median trial" if setting.seeds > 1 else "trial"
        return f"The {which} reached the target at no {setting.noun}."
    count = setting.value(row, lambda value: "never" if value == inf else f"{value:,.10g}")
    noun = " step" if count.partition(" ")[0] == "1" else " steps"
    steps = count.replace(" (", f"{noun} (", 1) if " (" in count else count + noun
    median = "in the median " if setting.seeds > 1 else ""
    of = " to ".join(f"{n:,}" for n in setting.steps)
    uneven = f"; its trials have {of} steps, and those of fewer less time" * bool(of)
    return f"The target is reached soonest at {setting.best(row)}: {median}after {steps}{uneven}."


def _by_convergence(row: Row, setting: Setting) -> str:
    if isnan(row["best_rate"]):
        return "No trial converged."
    if setting.seeds == 1:
        return (
            f"Of the {setting.noun}s at which it converged, {number(row['best_rate'])} is the best."
        )
    share = setting.value(row, percent).replace("%", "% of the seeds converged", 1)
    return f"Convergence is likeliest at {setting.best(row)}: {share}."


def _by_descent(row: Row, setting: Setting) -> str:
    if isnan(row["best_rate"]) or row["value"] <= 0:
        return "The loss falls at no rate, and the range test suggests none."
    return (
        f"The range test suggests a learning rate of {setting.best(row)}: there the loss falls "
        f"fastest, by {number(row['value'])} a decade."
    )


SAYS: dict[str, Callable[[Row, Setting], str]] = {
    "range_test": _by_descent,
    "steps_to_target": _by_steps,
    "convergence": _by_convergence,
}
"""How other criteria than a median level are said."""


def _usable(known: Mapping[str, Row], setting: Setting, lead: str) -> str:
    names = ("usable_from", "usable_to", "usable_decades")
    low, high, width = (known[name]["value"] if name in known else nan for name in names)
    if isnan(low) or setting.lowest == setting.highest:
        return ""
    told = [f"{width:.2g} decade{'s' * (f'{width:.2g}' != '1')}"] * (not isnan(width))
    told += ["read off between swept ones"] * (not {low, high} <= {*setting.rates})
    decades = f" ({', '.join(told)})" if told else ""
    loss = "loss" if lead == "final_loss" else level_of(lead).noun
    lower = f", the lowest {setting.noun} swept," if low <= setting.lowest else ""
    upper = f", the highest {setting.noun} swept" if high >= setting.highest else ""
    return (
        f"From {number(low)}{lower} to {number(high)}{upper}{decades}, the "
        f"{loss} stays within a factor of {number(setting.choices.within)} of it."
    )


def _threshold(known: Mapping[str, Row], setting: Setting) -> str:
    row, highest = known["divergence_threshold"], number(setting.highest)
    if known["diverged"]["value"] == 0:
        return f"No trial diverged, up to {highest}."
    trials = "Half of the seeds" if setting.seeds > 1 else "The trial"
    if row["value"] == inf:
        return f"Fewer than half of the seeds diverged at each {setting.noun}, up to {highest}."
    if row["value"] == -inf:
        return f"{trials} diverged at the lowest {setting.noun} already, {number(setting.lowest)}."
    interval = setting.interval(row["low"], row["high"], setting.rate)
    verb = "diverge" if setting.seeds > 1 else "diverges"
    return f"{trials} {verb} from {number(row['value'])} on{interval}."


def shared_draws(study: Study) -> str:
    """What all seeds have in common though it was drawn, of which no interval says anything."""
    groups, axes = study.groups(), {axis.name for axis in study.axes if len(axis) > 1}
    split = any(one.validation is not None and one.validation.rows is not None for one in groups)
    drawn = {
        "validation.seed": "choice of validation samples" * split,
        "batch_seed": "order of batches" * any(one.batch.seeded for one in groups),
    }
    left = {axis: words for axis, words in drawn.items() if words and axis not in axes}
    if not left or not axes.intersection(SEEDS):
        return ""
    return (
        f"All seeds share one {' and one '.join(left.values())}, of which intervals say nothing: "
        f"sweep {' and '.join(left)} too."
    )


def answer(found: Findings) -> list[str]:
    """At most two sentences about the whole study: its best rate, or which group is the best."""
    if len(found.responses.groups) > 1:
        return list(_suggested(found) if found.lead == "range_test" else _ranking(found))
    setting, (best, known) = Setting(found, 0), found.rows(0)
    if found.lead == "range_test":
        return [SAYS[by](row, setting) if by in SAYS else _by_level_too(row, setting)
                for by, row in best.items()]  # fmt: skip
    first = _by_level(best[found.lead], setting, known).removesuffix(".")
    said = (_usable(known, setting, found.lead), _threshold(known, setting))
    second = "; ".join(part[0].lower() + part[1:].removesuffix(".") for part in said if part)
    return [f"{first.replace('. It is', '; it is')}.", f"{second[0].upper()}{second[1:]}."]


def _suggested(found: Findings) -> Iterator[str]:
    """Which rates a range test suggests for its groups, and where the averaged loss is lowest."""
    names = group_names(found.responses.groups)
    rates = found.leading().assign(name=names).query("value > 0").sort_values("best_rate")
    if rates.empty:
        yield f"The range test suggests a rate for none of {len(names):,} groups."
        return
    low, high = (f"{number(row['best_rate'])} ({row['name']})"
                 for row in rates.iloc[[0, -1]].to_dict("records"))  # fmt: skip
    yield f"The range test suggests learning rates from {low} to {high}."
    losses = found.best[found.best["by"] == "final_loss"].reset_index(drop=True).assign(name=names)
    if not found.unlike and losses["value"].notna().any():
        least = losses.sort_values("value", kind="stable").iloc[0].to_dict()
        value, rate = number(least["value"]), number(least["best_rate"])
        yield f"The averaged loss is lowest with {least['name']}: {value} at {rate}."


def _ranking(found: Findings) -> Iterator[str]:
    """Which group is the best at its own best rate and which the worst, and where these lie."""
    names = group_names(found.responses.groups)
    if found.unlike:
        axes = list(map(str, found.responses.groups))
        by = " and ".join(short_name(name, axes) for name in found.unlike)
        yield f"Groups differ in what is minimised, by {by}, and are not ranked."
        return
    setting, count, by = Setting(found, 0), len(names), found.lead
    ranked = found.leading().assign(name=names).iloc[found.ranked()].dropna(subset="best_rate")
    if ranked.empty:
        yield f"In none of {count:,} groups is any {setting.axis} good: the median trial diverged."
        return
    best, worst = ranked.iloc[0].to_dict(), ranked.iloc[-1].to_dict()
    beside = ""
    if by == "validation_loss":
        known = found.rows(int(ranked.index[0]))[1]
        beside = f" (on the training data {number(known['training_loss']['value'])})"
    least, most = ("highest", "lowest") if level_of(by).larger else ("lowest", "highest")
    none = f"; {count - len(ranked):,} have none, for want of a {setting.axis} that is any good"
    say = written(by)
    yield (
        f"Of {count:,} groups, each at its own best {setting.axis}, {best['name']} has the {least} "
        f"{setting.median(by)}: {setting.value(best, say)} at {number(best['best_rate'])}{beside}; "
        f"{worst['name']} has the {most}: {say(worst['value'])} at {number(worst['best_rate'])}"
        f"{none * (len(ranked) < count)}."
    )
    low, high = (number(end) for end in (ranked["best_rate"].min(), ranked["best_rate"].max()))
    edge = int(ranked["edge"].isin(["lowest", "highest"]).sum())
    beyond = f"; {edge:,} of them lie at an end of the sweep, and a better one perhaps beyond"
    where = f"Their best {setting.noun}s lie from {low} to {high}"
    where = f"All have their best at {low}" if low == high else where
    yield f"{where}{beyond * bool(edge)}."


def ending(counts: Mapping[str, int]) -> str:
    """How trials ended, from how many had each outcome."""
    total = sum(counts.values())
    there = {name: counts[name] for name in OUTCOMES if counts.get(name)}
    meant = " Stalled: short of the target, be it stuck or still falling." * ("stalled" in there)
    if len(there) == 1:
        (name,) = there
        return f"{'The one trial' if total == 1 else f'All {total:,} trials'} {name}.{meant}"
    *first, last = (
        f"{count if total <= COUNTED else portion(count, total)} {name}"
        for name, count in there.items()
    )
    none = "".join(f"; none {name}" for name in OUTCOMES if name not in there)
    return f"Of {total:,} trials {', '.join(first)} and {last}{none}.{meant}"


def losses(initial: float, final: "pd.Series[float]") -> str:
    """Where the final losses lie, of trials that are not told apart by any axis.

    `initial` is the loss of the first of them before its first step.
    """
    level = final.fillna(inf)
    low, high, middle = (
        number(value) if value < inf else "infinity"
        for value in (level.min(), level.max(), level.median())
    )
    if len(final) == 1:
        return f"Its loss went from {number(initial)} to {low}."
    if level.min() == inf:
        return "No final loss is finite."
    return f"Final losses lie between {low} and {high}, half of them at or below {middle}."


def alignment(found: Comparison) -> list[str]:
    """What was aligned and what was not, a sentence each."""
    first, keys = found.sides[0], [*found.shared, found.rate]
    said = [f"Aligned on {', '.join(keys)}: by equal values."]
    for side in found.sides[1:]:
        both = len(first.places[keys].merge(side.places[keys]))
        own, other = len(side.places), len(first.places)
        if both < max(own, other):
            said.append(
                f"{side.name} and {first.name} share {both:,} points, of {own:,} and {other:,}."
            )
        said += _alone(found, first, side)
        said += _alone(found, side, first)
    if found.own:
        said.append(f"Not aligned, each value by itself: {', '.join(found.own)}.")
    if found.seeds:
        said.append(f"Paired over the {found.seeds:,} seeds that all have.")
    else:
        said.append(f"Not paired: {found.unpaired}.")
    return said


def _alone(found: Comparison, side: Side, other: Side) -> list[str]:
    """Which groups only one of two sides has."""
    shared = list(found.shared)
    if not shared:
        return []
    own = side.places[shared].drop_duplicates(ignore_index=True)
    both = own.merge(other.places[shared].drop_duplicates(), how="left", indicator=True)
    alone = np.flatnonzero(both["_merge"] == "left_only").tolist()
    if not alone:
        return []
    names = group_names(own, alone[:MOST_NAMED])
    more = f"; and {len(alone) - MOST_NAMED:,} more" if len(alone) > MOST_NAMED else ""
    return [f"Only {side.name} has {'; '.join(names)}{more}."]


def verdicts(found: Comparison) -> list[str]:
    """A sentence for each side and group, each side at its own best rate."""
    table = found.at_best()
    return [
        f"{name}: {_verdict(found, row)}" if name else _verdict(found, row)
        for name, row in zip(names_of(found, table), table.to_dict("records"), strict=True)
    ]


def names_of(found: Comparison, table: pd.DataFrame) -> list[str]:
    """What sets the rows' groups apart, by the axes that tell those of the first side apart."""
    axes = telling(found.sides[0].medians.responses.groups[list(found.shared)])
    return group_names(table[list(found.shared)], axes=axes)


def _verdict(found: Comparison, row: Row) -> str:
    first, what, change = found.sides[0].name, found.level.what, row[found.change]
    if isnan(change):
        return f"{row['study']} and {first} have no {what} to compare at any rate."
    if isinf(row["first"]) != isinf(row["value"]):
        good, bad = (first, row["study"]) if isinf(row["value"]) else (row["study"], first)
        return f"{good} has a {what} at its best rate, {bad} at none."
    same = 1.0 if found.level.ratio else 0.0
    if change == same:
        amount = "equal to that of"
    elif found.level.ratio:
        amount = f"{number(change)} times that of"
    else:
        amount = f"{points(abs(change))} {'above' if change > 0 else 'below'} that of"
    beside = ""
    if "final_loss" in row:
        losses = number(row["final_loss"]), number(row["first_final_loss"])
        beside = f"; their losses on the training data are {' and '.join(losses)}"
    own = "" if isnan(row["rate"]) else f"{number(row['rate'])}, its best rate,"
    return (
        f"{row['study']} at {own or 'every rate'} has a {what} {amount} {first} at "
        f"{'every rate' if isnan(row['first_rate']) else number(row['first_rate'])}"
        f"{_change_interval(found, row, same)}{beside}."
    )


def _change_interval(found: Comparison, row: Row, same: float) -> str:
    """The interval, and whether it tells the two apart."""
    if isnan(row["low"]):
        return "; one seed gives no interval"
    if row["low"] == row["high"] == row[found.change]:
        return ", in every resample"
    apart = "" if row["low"] > same or row["high"] < same else "; the seeds do not tell them apart"
    level, low, high = percent(found.bootstrap.level), row["low"], row["high"]
    ends = f"{number(low)} to {number(high)}"
    if not found.level.ratio:
        ends = f"{100 * low:.3g} to {points(high)}"
    return f" ({level} interval {ends}{apart})"


def caption(found: Comparison) -> str:
    """The title of a comparison's figure: its measure, its intervals if any, and what differs."""
    what, tables = found.level.what, (found.curves(), found.differences())
    level = percent(found.bootstrap.level)
    some = any(table["low"].notna().any() for table in tables)
    said = [f", with {level} intervals" * some, *(f"; {text}" for text in found.unlike)]
    return f"{what[0].upper()}{what[1:]}{''.join(said)}"
