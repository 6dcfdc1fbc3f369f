"""What was found, in plain words: a paragraph a group."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf, isnan
from typing import Any

import numpy as np
import pandas as pd

from sweep.analysis.tables import Findings

Row = Mapping[Hashable, Any]
"""A row of `best` or of `summary`."""

WORDS = {"learning_rate": "learning rate", "bias_learning_rate": "learning rate of the biases"}


@dataclass(frozen=True)
class Setting:
    """What the sentences about one group refer to: the axis, its ends, the seeds, the choices."""

    axis: str
    lowest: float
    highest: float
    seeds: int
    within: float
    level: float

    @classmethod
    def of(cls, found: Findings, group: int) -> "Setting":
        """That of a group, by its row."""
        responses, rates = found.responses, found.responses.rates[group]
        return cls(
            WORDS.get(responses.rate, responses.rate),
            float(np.nanmin(rates)),
            float(np.nanmax(rates)),
            int((responses.rows[group] >= 0).any(axis=0).sum()),
            found.choices.within,
            found.choices.bootstrap.level,
        )

    @property
    def over_seeds(self) -> str:
        """What medians are taken over."""
        return f" over {self.seeds:,} seeds" if self.seeds > 1 else ""

    def interval(self, low: float, high: float, say: Callable[[float], str]) -> str:
        """An interval in brackets; nothing where there is none."""
        if isnan(low):
            return ""
        if say(low) == say(high):
            return f" ({100 * self.level:.3g}% interval: this alone)"
        return f" ({100 * self.level:.3g}% interval {say(low)} to {say(high)})"

    def rate(self, value: float) -> str:
        """A rate, or on which side of the swept ones it lies."""
        if value == inf:
            return f"above {number(self.highest)}"
        return f"below {number(self.lowest)}" if value == -inf else number(value)


def sentences(found: Findings, which: Iterable[int] | None = None) -> list[str]:
    """A paragraph for each group: the best rate, what lies around it, where trials diverge.

    Of all groups in their order, or of those numbered in `which`.
    """
    groups, words = found.responses.groups, []
    rows, measures = (len(table) // len(groups) for table in (found.best, found.summary))
    wanted = list(range(len(groups)) if which is None else which)
    for group, name in zip(wanted, group_names(groups, wanted), strict=True):
        setting = Setting.of(found, group)
        best = found.best.iloc[group * rows : (group + 1) * rows]
        part = found.summary.iloc[group * measures : (group + 1) * measures]
        known = {row["measure"]: row for row in part.to_dict("records")}
        said = [SAYS[row["by"]](row, setting) for row in best.to_dict("records")]
        if best["by"].iloc[0] == "final_loss":
            said.insert(1, _usable(known, setting))
            said.append(_threshold(known, setting))
        text = " ".join(filter(None, said))
        words.append(f"{name}: {text[0].lower()}{text[1:]}" if name else text)
    return words


def group_names(
    groups: pd.DataFrame, which: Iterable[int], axes: Sequence[str] | None = None
) -> list[str]:
    """What sets groups apart: "training.optimizer = adam, momentum = 0.9", or nothing.

    Each is named by its values of `axes`, by default those that tell the groups apart.
    """
    named = telling(groups) if axes is None else axes
    rows = (groups[list(named)].iloc[group] for group in which)
    return [", ".join(f"{name} = {plain(row[name])}" for name in named) for row in rows]


def telling(groups: pd.DataFrame) -> list[str]:
    """The axes that tell groups apart: without those that follow from the ones before, in a zip."""
    found: list[str] = []
    known = 1
    for name in groups.columns:
        if (combinations := len(groups[[*found, name]].drop_duplicates())) > known:
            found, known = [*found, str(name)], combinations
    return found


def number(value: float) -> str:
    """A number in four digits."""
    return f"{value:.4g}"


def percent(share: float) -> str:
    """A share in per cent, of three digits."""
    return f"{100 * share:.3g}%"


def plain(value: object) -> str:
    """A value of an axis as it is read."""
    return number(float(value)) if isinstance(value, float | np.floating) else str(value)


def _by_loss(row: Row, setting: Setting) -> str:
    if isnan(row["best_rate"]):
        return f"No {setting.axis} is any good: at each the median trial diverged."
    value = f"{number(row['value'])}{setting.interval(row['value_low'], row['value_high'], number)}"
    if row["edge"] == "only":
        only = f"At {number(row['best_rate'])}, the only {setting.axis}"
        return f"{only}, the {_loss(setting)} is {value}."
    return (
        f"The best {setting.axis} is {_best_rate(row, setting)}: there the {_loss(setting)} is "
        f"{value}.{_at_edge(row)}"
    )


def _loss(setting: Setting) -> str:
    return f"median final loss{setting.over_seeds}" if setting.seeds > 1 else "final loss"


def _by_steps(row: Row, setting: Setting) -> str:
    if isnan(row["best_rate"]):
        return "The median trial reached the target at no rate."
    steps = setting.interval(row["value_low"], row["value_high"], _steps)
    median = "in the median " if setting.seeds > 1 else ""
    return (
        f"The target is reached soonest at {_best_rate(row, setting)}: {median}after "
        f"{_steps(row['value'])} steps{steps}."
    )


def _steps(value: float) -> str:
    return "never" if value == inf else f"{value:,.10g}"


def _by_convergence(row: Row, setting: Setting) -> str:
    if isnan(row["best_rate"]):
        return "No trial converged."
    share = setting.interval(row["value_low"], row["value_high"], percent)
    if setting.seeds == 1:
        return f"Of the rates at which it converged, {number(row['best_rate'])} is the best."
    return (
        f"Convergence is likeliest at {_best_rate(row, setting)}: {percent(row['value'])} of the "
        f"seeds converged{share}."
    )


def _best_rate(row: Row, setting: Setting) -> str:
    interval = setting.interval(row["best_rate_low"], row["best_rate_high"], number)
    return f"{number(row['best_rate'])}{interval}"


def _at_edge(row: Row) -> str:
    beyond = {"lowest": "below", "highest": "above"}.get(row["edge"])
    return f" It is the {row['edge']} rate swept; a better one may lie {beyond}." if beyond else ""


def _usable(known: Mapping[str, Row], setting: Setting) -> str:
    low, high, width = (
        known[name]["value"] for name in ("usable_from", "usable_to", "usable_decades")
    )
    if isnan(low) or setting.lowest == setting.highest:
        return ""
    decades = "" if isnan(width) else f" ({width:.2g} decades)"
    lower = ", the lowest rate swept," if low <= setting.lowest else ""
    upper = ", the highest rate swept" if high >= setting.highest else ""
    return (
        f"From {number(low)}{lower} to {number(high)}{upper}{decades}, the loss stays within a "
        f"factor of {number(setting.within)} of it."
    )


def _threshold(known: Mapping[str, Row], setting: Setting) -> str:
    row = known["divergence_threshold"]
    if known["diverged"]["value"] == 0:
        return f"No trial diverged, up to {number(setting.highest)}."
    trials = "half of the seeds" if setting.seeds > 1 else "the trial"
    if row["value"] == inf:
        return (
            f"Fewer than half of the seeds diverged at each rate, up to {number(setting.highest)}."
        )
    if row["value"] == -inf:
        lowest = number(setting.lowest)
        return f"{trials.capitalize()} diverged at the lowest rate already, {lowest}."
    interval = setting.interval(row["low"], row["high"], setting.rate)
    verb = "diverge" if setting.seeds > 1 else "diverges"
    return f"{trials.capitalize()} {verb} from {number(row['value'])} on{interval}."


SAYS: dict[str, Callable[[Row, Setting], str]] = {
    "final_loss": _by_loss,
    "steps_to_target": _by_steps,
    "convergence": _by_convergence,
}
