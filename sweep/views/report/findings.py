"""What was found, in plain words: sentences from the tables that analysis makes.

Nothing is claimed beyond the sweep: a best rate at its end may lie further out, a threshold that
was not met lies above, a single seed gives no interval, and all of that is said.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from sweep.catalogue import OUTCOMES
from sweep.views.style import WORDS, label, value_labels

COUNTED = 100
"""Of so many trials the outcomes are counted; of more they are shares."""

MOST_GROUPS = 6
"""Groups that are told one by one; of more the best and the worst are."""


@dataclass(frozen=True)
class Finding:
    """Sentences that belong together, under a heading if they are about one group of several."""

    heading: str
    sentences: Sequence[str]


@dataclass(frozen=True)
class Told:
    """What sentences are about: the axis that is varied, its name in words and the groups' axes.

    `best` and `summary` are what `sweep.analysis` makes of the trials: a row a group and criterion,
    and a row a group and measure. `level` is that of their intervals, `within` the factor of the
    usable range, `ends` the lowest and the highest value swept.
    """

    rate: str
    grouped: tuple[str, ...]
    best: pd.DataFrame
    summary: pd.DataFrame
    level: float
    within: float
    ends: tuple[float, float]

    @property
    def noun(self) -> str:
        """What the varied axis is called in a sentence."""
        return WORDS[self.rate][0] if self.rate in WORDS else self.rate


Group = tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]
"""The rows of one group: of `best` by criterion, of `summary` by measure."""


def outcomes_in_words(counts: Mapping[str, int], asked: int) -> Finding:
    """Say how the trials ended, and how many the study still lacks."""
    total = sum(counts.values())
    sentences = [_ended({name: count for name, count in counts.items() if count}, total)]
    if total < asked:
        sentences.append(
            f"Of the {asked:,} trials that the study asks for, {asked - total:,} are still to be "
            "trained; nothing here is about them."
        )
    return Finding("", sentences)


def _ended(counts: Mapping[str, int], total: int) -> str:
    if len(counts) == 1:
        (name,) = counts
        return f"The one trial {name}." if total == 1 else f"All {total:,} trials {name}."
    *first, last = (
        f"{count:,} {name}" if total <= COUNTED else f"{share(count, total)} {name}"
        for name, count in counts.items()
    )
    missing = [name for name in OUTCOMES if name not in counts]
    none = f"; none {missing[0]}" if missing else ""
    return f"Of {total:,} trials {', '.join(first)} and {last}{none}."


def losses_in_words(initial: float, final: "pd.Series[float]") -> Finding:
    """Say where the final losses lie, of trials that are not told apart by any axis.

    `initial` is the loss of the first of them before its first step.
    """
    if len(final) == 1:
        ends = f"{_finite(initial)} to {_finite(float(final.iloc[0]))}"
        return Finding("", [f"Its loss went from {ends}."])
    level = final.fillna(math.inf)
    low, middle, high = (float(x) for x in (level.min(), level.median(), level.max()))
    if low == math.inf:
        return Finding("", ["No final loss is finite."])
    ends = f"{number(low)} and {_finite(high)}"
    said = f"Final losses lie between {ends}, half of them at or below {_finite(middle)}."
    return Finding("", [said])


def _finite(value: float) -> str:
    return number(value) if math.isfinite(value) else "infinity"


def share(count: int, total: int) -> str:
    """Return a share in words and per cent that never round to all or none: "0.004%"."""
    if count in (0, total):
        return "none" if count == 0 else "all"
    percent = 100 * count / total
    if percent > 99.95:
        return f"all but {total - count:,}"
    return f"{percent:.1f}%" if percent >= 0.1 else f"{percent:.1g}%"


def rates_in_words(told: Told) -> list[Finding]:
    """Say where the good rates lie, group by group; of many groups the best and the worst."""
    groups = _groups(told)
    if len(groups) == 1:
        return [Finding("", list(_about(told, *groups[0])))]
    if not all(map(_comparable, told.grouped)):
        about = [
            Finding(_named(told, best), list(_about(told, best, rest))) for best, rest in groups
        ]
        few = about[:MOST_GROUPS]
        rest = f" The first {len(few)} of {len(about):,} are told." * (len(few) < len(about))
        return [
            Finding("", [f"Groups differ in what is minimised, and are not compared.{rest}"]),
            *few,
        ]
    ranked = sorted(groups, key=_final)
    named = [("", group) for group in ranked]
    if len(groups) > MOST_GROUPS:
        of = f"of {len(groups):,} groups"
        named = [(f"The best {of}: ", ranked[0]), (f"The worst {of}: ", ranked[-1])]
    return [
        Finding("", [_ranking(told, ranked)]),
        *(
            Finding(which + _named(told, best), list(_about(told, best, rest)))
            for which, (best, rest) in named
        ),
    ]


def _comparable(axis: str) -> bool:
    """Say whether losses at different values of an axis measure one thing."""
    return axis != "network.loss" and not axis.startswith("data.")


def _ranking(told: Told, ranked: Sequence[Group]) -> str:
    """Say which group is the best at its best and which the worst."""
    (best, _), (worst, _) = ranked[0], ranked[-1]
    low, high = _final(ranked[0]), _final(ranked[-1])
    if low == math.inf:
        return f"In none of {len(ranked):,} groups is any {told.noun} good: see below."
    last = f"the highest, {number(high)}, that of {_named(told, worst)}"
    if high == math.inf:
        last = f"{_named(told, worst)} has none, for want of a {told.noun} that is any good"
    return (
        f"Each group at its own best {told.noun}, the lowest final loss of {len(ranked):,} groups, "
        f"{number(low)}, is that of {_named(told, best)}; {last}."
    )


def _groups(told: Told) -> list[Group]:
    keys = list(told.grouped)

    def parts(table: pd.DataFrame, by: str) -> dict[Any, dict[str, dict[str, Any]]]:
        found: dict[Any, dict[str, dict[str, Any]]] = {}
        for row in table.to_dict("records"):
            key = tuple(row[name] for name in keys)
            found.setdefault(key, {})[str(row[by])] = {str(k): v for k, v in row.items()}
        return found

    best, summary = parts(told.best, "by"), parts(told.summary, "measure")
    return [(rows, summary[key]) for key, rows in best.items()]


def _final(group: Group) -> float:
    value = float(group[0]["final_loss"]["value"])
    return math.inf if math.isnan(value) else value


def _named(told: Told, best: Mapping[str, Mapping[str, Any]]) -> str:
    row = next(iter(best.values()))
    values = {name: value_labels([row[name]])[0] for name in told.grouped}
    return ", ".join(f"{label(name, symbol=False)} = {value}" for name, value in values.items())


def _about(
    told: Told, best: Mapping[str, Mapping[str, Any]], summary: Mapping[str, Mapping[str, Any]]
) -> Iterator[str]:
    final = best["final_loss"]
    if math.isnan(final["best_rate"]):
        yield f"At every {told.noun} swept the median trial diverged, so that none is the best."
    else:
        yield from _best_by_loss(told, final)
        yield from _usable(told, summary)
    if "steps_to_target" in best:
        yield _soonest(told, best["steps_to_target"])
    if "convergence" in best and best["convergence"]["seeds"] > 1:
        yield _surest(told, best["convergence"])
    yield _threshold(told, summary["divergence_threshold"], summary["diverged"]["value"])


def _best_by_loss(told: Told, row: Mapping[str, Any]) -> Iterator[str]:
    single = row["seeds"] <= 1
    of = "final loss" if single else "median final loss"
    yield (
        f"The lowest {of}, {number(row['value'])}{_interval(told, row, 'value')}, is that of "
        f"{told.noun} {number(row['best_rate'])}{_interval(told, row, 'best_rate')}."
    )
    if row["edge"] == "only":
        yield f"No other {told.noun} was tried."
    elif row["edge"]:
        yield (
            f"That is the {row['edge']} of the {row['rates']:,} values swept: "
            "the best may well lie beyond it."
        )
    if single:
        yield (
            "Each value was tried once, from one start: there is no interval, and another start "
            "may give other numbers."
        )


def _usable(told: Told, summary: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    low, high = summary["usable_from"]["value"], summary["usable_to"]["value"]
    if math.isnan(low) or told.ends[0] == told.ends[1]:
        return
    if low == high:
        yield f"No other {told.noun} swept ends within a factor of {number(told.within)} of it."
        return
    decades = summary["usable_decades"]["value"]
    wide = f" ({decades:.2g} decades)" if math.isfinite(decades) and decades > 0 else ""
    cut = [name for name, end, at in (
        ("lowest", told.ends[0], low), ("highest", told.ends[1], high)
    ) if end == at]  # fmt: skip
    beyond = (
        f", as far as the {' and the '.join(cut)} value swept and perhaps beyond" if cut else ""
    )
    yield (
        f"Within a factor of {number(told.within)} of that loss ends every {told.noun} from "
        f"{number(low)} to {number(high)}{wide}{beyond}."
    )


def _soonest(told: Told, row: Mapping[str, Any]) -> str:
    if math.isnan(row["best_rate"]):
        whose = "trial" if row["seeds"] <= 1 else "median trial"
        return f"At no {told.noun} swept did the {whose} reach the target."
    median = "" if row["seeds"] <= 1 else "a median of "
    return (
        f"The target is reached soonest at {told.noun} {number(row['best_rate'])}"
        f"{_interval(told, row, 'best_rate')}, after {median}{number(row['value'])} steps"
        f"{_interval(told, row, 'value')}."
    )


def _surest(told: Told, row: Mapping[str, Any]) -> str:
    if math.isnan(row["best_rate"]):
        return "No trial converged."
    low, high = (f"{100 * row[name]:.3g}" for name in ("value_low", "value_high"))
    return (
        f"The largest share of seeds, {100 * row['value']:.3g}% ({_level(told)} {low} to {high}%), "
        f"converged at {told.noun} {number(row['best_rate'])}"
        f"{_interval(told, row, 'best_rate')}."
    )


def _threshold(told: Told, row: Mapping[str, Any], diverged: float) -> str:
    value = row["value"]
    if value == math.inf:
        few = "Fewer than half of the trials" if diverged else "None of the trials"
        return (
            f"{few} diverged at any {told.noun} swept: if there is a threshold of divergence, "
            f"it lies above {number(told.ends[1])}."
        )
    if value == -math.inf:
        return (
            f"Half of the trials or more diverged at the lowest {told.noun} swept already: the "
            f"threshold lies below {number(told.ends[0])}."
        )
    if math.isnan(value):
        return "Where trials begin to diverge cannot be told."
    at = f"{told.noun} {number(value)} on{_interval(told, row, '')}"
    return f"Half of the trials diverge from {at}."


def _interval(told: Told, row: Mapping[str, Any], name: str) -> str:
    """Return the interval of a number in brackets, where there is one."""
    low, high = (row[f"{name}_{end}".lstrip("_")] for end in ("low", "high"))
    if math.isnan(low) or math.isnan(high):
        return ""
    if number(low) == number(high):
        return f" ({_level(told)}: the same)"
    infinite = "infinity" if name == "value" else f"above {number(told.ends[1])}"
    least = f"below {number(told.ends[0])}" if low == -math.inf else number(low)
    most = infinite if high == math.inf else number(high)
    return f" ({_level(told)} {least} to {most})"


def _level(told: Told) -> str:
    return f"{100 * told.level:.3g}% interval"


def number(value: float) -> str:
    """Return a number in three digits as prose has it: "0.0023", "1.2 × 10⁻⁶", "12,300"."""
    text = f"{value:.3g}"
    mantissa, _, exponent = text.partition("e")
    if not exponent:
        return text
    if 0 < int(exponent) < 7:
        return f"{float(text):,.0f}"
    return f"{mantissa} × 10{str(int(exponent)).translate(_RAISED)}"


_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
