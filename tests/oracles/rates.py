"""What the learning rate did, worked out slowly: pandas group-bys and loops over plain numbers.

Trials are given as rows (rate, seed, initial loss, final loss, steps to the target, outcome) of one
group; a trial that diverged is infinitely bad.
"""

from math import exp, inf, isfinite, isnan, log, nan

import numpy as np
import pandas as pd

COLUMNS = ["rate", "seed", "initial", "final", "steps", "outcome"]


def table(rows: list[tuple[float, int, float, float, float, str]]) -> pd.DataFrame:
    """Rows as a table, in which what diverged is infinite."""
    found = pd.DataFrame(rows, columns=COLUMNS)
    bad = (found["outcome"] == "diverged") | ~np.isfinite(found["final"])
    found["final"] = found["final"].mask(bad, inf)
    found["steps"] = found["steps"].mask(found["outcome"] == "diverged", inf).fillna(inf)
    found["clipped"] = found[["final", "initial"]].min(axis=1)
    return found


def median(values: list[float]) -> float:
    """The middle of the values, or halfway between the middle two."""
    ranked = sorted(values)
    n = len(ranked)
    low, high = ranked[(n - 1) // 2], ranked[n // 2]
    return low if low == high else (low + high) / 2


def medians(found: pd.DataFrame, name: str) -> dict[float, float]:
    """The median at each rate, ascending."""
    return {rate: median(part[name].tolist()) for rate, part in found.groupby("rate")}


def share(found: pd.DataFrame, outcome: str) -> dict[float, float]:
    """The share of seeds with this outcome at each rate."""
    return (found["outcome"] == outcome).groupby(found["rate"]).mean().to_dict()


def best(found: pd.DataFrame, by: str) -> float:
    """The best rate: least by its criterion, then by median final loss, then by itself."""
    loss = medians(found, "final")
    if by == "convergence":
        bad = {rate: -p if p > 0 else inf for rate, p in share(found, "converged").items()}
    else:
        bad = loss if by == "final_loss" else medians(found, "steps")
    if min(bad.values()) == inf:
        return nan
    return min(bad, key=lambda rate: (bad[rate], loss[rate] if by != "final_loss" else 0, rate))


def usable(found: pd.DataFrame, within: float) -> tuple[float, float]:
    """The run of rates around the best whose median loss is within the factor, interpolated."""
    loss = medians(found, "final")
    rates, start = list(loss), best(found, "final_loss")
    if isnan(start):
        return nan, nan
    limit = within * loss[start]
    ends = []
    for step in (-1, 1):
        at = rates.index(start)
        while 0 <= at + step < len(rates) and loss[rates[at + step]] <= limit:
            at += step
        end = rates[at]
        if 0 <= at + step < len(rates) and isfinite(loss[rates[at + step]]):
            other = rates[at + step]
            part = log(limit / loss[end]) / log(loss[other] / loss[end])
            end = exp(log(end) + part * log(other / end))
        ends.append(end)
    return ends[0], ends[1]


def threshold(found: pd.DataFrame) -> float:
    """The lowest rate at which half of the seeds diverge, interpolated."""
    shares = share(found, "diverged")
    rates = list(shares)
    for at, rate in enumerate(rates):
        if shares[rate] >= 0.5:
            if at == 0:
                return -inf
            before = rates[at - 1]
            part = (0.5 - shares[before]) / (shares[rate] - shares[before])
            return before * (rate / before) ** part
    return inf


def sensitivity(found: pd.DataFrame) -> float:
    """The mean over rates of the clipped loss above the least one."""
    clipped = list(medians(found, "clipped").values())
    return sum(loss - min(clipped) for loss in clipped) / len(clipped)
