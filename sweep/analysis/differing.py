"""What a comparison found, in plain words."""

from collections.abc import Hashable, Mapping
from math import inf, isnan
from typing import Any

import pandas as pd

from sweep.analysis.comparison import Comparison
from sweep.analysis.sentences import group_names, number, percent, telling


def alignment(found: Comparison) -> list[str]:
    """What was aligned and what was not, a sentence each."""
    sides = found.sides
    first, others = sides[0].places, [side.places for side in sides[1:]]
    keys = [*found.shared, found.rate]
    both = [len(first[keys].merge(other[keys])) for other in others]
    said = [f"Aligned on {', '.join(keys)}: by equal values."]
    said += [
        f"{side.name} and {sides[0].name} share {n:,} points, of {len(other):,} and {len(first):,}."
        for side, other, n in zip(sides[1:], others, both, strict=True)
        if n < max(len(first), len(other))
    ]
    if found.own:
        said.append(f"Not aligned, each value by itself: {', '.join(found.own)}.")
    if found.seeds:
        said.append(f"Paired over the {found.seeds:,} seeds that all have.")
    else:
        said.append("Not paired: the studies have no seeds in common, or but one.")
    return said


def verdicts(found: Comparison) -> list[str]:
    """A sentence for each side and group, each side at its own best rate."""
    table = found.at_best()
    words = []
    names = names_of(found, table)
    for name, row in zip(names, table.to_dict("records"), strict=True):
        words.append(f"{name}: {_verdict(found, row)}" if name else _verdict(found, row))
    return words


def names_of(found: Comparison, table: pd.DataFrame) -> list[str]:
    """What sets the rows' groups apart, by the axes that tell those of the first side apart."""
    axes = telling(found.sides[0].responses.groups[list(found.shared)])
    return group_names(table, range(len(table)), axes)


def _verdict(found: Comparison, row: Mapping[Hashable, Any]) -> str:
    first, what = found.sides[0].name, found.compared.what
    change = row[found.change]
    if isnan(change):
        return f"{row['study']} and {first} have no {what} to compare at any rate."
    if found.compared.ratio and change in (0, inf) and inf in (row["first"], row["value"]):
        good, bad = (first, row["study"]) if change == inf else (row["study"], first)
        return f"{good} has a {what} at its best rate, {bad} at none."
    at = f"at {number(row['rate'])}, its best rate,"
    versus = f"{first} at {number(row['first_rate'])}"
    amount, interval = _amount(found, change), _interval(found, row)
    return f"{row['study']} {at} has a {what} {amount} {versus}{interval}."


def _amount(found: Comparison, change: float) -> str:
    """How much the change is, in words."""
    if change == (1.0 if found.compared.ratio else 0.0):
        return "equal to that of"
    if found.compared.ratio:
        return f"{number(change)} times that of"
    return f"{percent(abs(change))} {'above' if change > 0 else 'below'} that of"


def _interval(found: Comparison, row: Mapping[Hashable, Any]) -> str:
    """The interval, and whether it tells the two apart."""
    if isnan(row["low"]):
        return "; one seed gives no interval"
    if row["low"] == row["high"] == row[found.change]:
        return ", in every resample"
    same = 1.0 if found.compared.ratio else 0.0
    apart = "" if row["low"] > same or row["high"] < same else "; the seeds do not tell them apart"
    say = number if found.compared.ratio else percent
    level = f"{100 * found.bootstrap.level:.3g}%"
    return f" ({level} interval {say(row['low'])} to {say(row['high'])}{apart})"
