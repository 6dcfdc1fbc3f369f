"""Curves reduced: what trials recorded by step, as one matrix and as medians with their bands."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from sweep.views.tables import Array, row_quantiles, worst

BAND = (0.1, 0.5, 0.9)
"""Quantiles drawn where several trials share a curve: band, median, band."""

FEW = 5
"""Trials of one curve up to which each is drawn: too few for quantiles to say more."""

ENDS_AT = "training.steps"
"""The column, if it is an axis, that says how many steps a trial was to have."""


class Line(NamedTuple):
    """What is drawn of n trials: (s,) their steps, band and median, and (k, s) each of a few."""

    step: np.ndarray
    low: Array
    middle: Array
    high: Array
    each: Array
    n: int


@dataclass(frozen=True)
class Paths:
    """What n trials recorded at s steps.

    `trials` has a row a trial: its first row of the table; `steps` (s,) are ascending, and `matrix`
    (n, s) float64. A trial that stopped keeps the last value that it recorded, and what is not a
    number is the worst there is. NaN is past the number of steps that a trial was to have.
    `stopped` says whether any trial stopped early.
    """

    trials: pd.DataFrame
    steps: np.ndarray
    matrix: Array
    stopped: bool = False

    @classmethod
    def of(cls, table: pd.DataFrame, measure: str) -> "Paths":
        """Lay the rows of a table of `trial`, `step` and `measure` out by trial and step."""
        trial, numbers = pd.factorize(table["trial"])
        step, steps = pd.factorize(table["step"], sort=True)
        found = table[measure].to_numpy(np.float64, na_value=np.nan)
        values = np.full((len(numbers), len(steps)), np.nan)
        values[trial, step] = np.where(np.isnan(found), worst(measure), found)
        first = np.zeros(len(numbers), np.int64)
        first[trial[::-1]] = np.arange(len(trial))[::-1]
        trials = table.iloc[first].reset_index(drop=True)
        return cls(trials, np.asarray(steps), *_carried(values, trials, np.asarray(steps)))

    def until(self, last: float) -> "Paths":
        """Return the same up to the step `last`."""
        kept = self.steps <= last
        return replace(self, steps=self.steps[kept], matrix=self.matrix[:, kept])

    def line(self, rows: np.ndarray) -> Line:
        """Return what is drawn of the trials `rows` (n,) bool: median and band, or each."""
        values = self.matrix[rows]
        there = ~np.isnan(values).all(axis=0)
        values, step = values[:, there], self.steps[there]
        if len(values) == 1:
            return Line(step, values[0], values[0], values[0], values[:0], 1)
        low, middle, high = row_quantiles(np.ascontiguousarray(values.T), BAND)
        each = values if len(values) <= FEW else values[:0]
        return Line(step, low, middle, high, each, len(values))


def _carried(values: Array, trials: pd.DataFrame, steps: np.ndarray) -> tuple[Array, bool]:
    """Fill what is not there with what was recorded last, up to a trial's number of steps."""
    absent = np.isnan(values)
    if not absent.any():
        return values, False
    ends = trials[ENDS_AT].to_numpy()[:, None] if ENDS_AT in trials else steps[-1:]
    last = np.maximum.accumulate(np.where(absent, 0, np.arange(len(steps))), axis=1)
    values = np.take_along_axis(values, last, axis=1)
    beyond = steps > ends
    values[np.broadcast_to(beyond, values.shape)] = np.nan
    return values, bool((absent & ~beyond).any())
