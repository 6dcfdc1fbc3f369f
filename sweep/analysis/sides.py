"""What is compared: a measure of one study, at each of its rates, and of its resamples."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from sweep.analysis.resampling import Bootstrap, Ranked
from sweep.analysis.responses import Responses


@dataclass(frozen=True)
class Compared:
    """A measure that studies are compared by: what it is, and whether by ratio or by difference.

    Of each rate it is the median over seeds of `level`, or the mean, which of an outcome is its
    share; `sign` is 1 where less is better and -1 where more is.
    """

    what: str
    level: str
    ratio: bool = True
    mean: bool = False
    sign: int = 1
    needs: tuple[str, ...] = ()


COMPARED: dict[str, Compared] = {
    "final_loss": Compared("median final loss", "final_loss"),
    "best_loss": Compared("median lowest loss", "best_loss", needs=("best_loss",)),
    "tail_loss": Compared(
        "median of the mean of the last losses", "tail_loss", needs=("tail_loss",)
    ),
    "validation_loss": Compared(
        "median loss on validation data", "validation_loss", needs=("validation_loss",)
    ),
    "steps_to_target": Compared("median steps to the target", "steps_to_target"),
    "overshoot": Compared("median of the highest loss over the initial one", "overshoot"),
    "area_under_curve": Compared("median of the mean loss over the steps", "area_under_curve"),
    "converged": Compared(
        "share of seeds that converged", "converged", ratio=False, mean=True, sign=-1
    ),
    "diverged": Compared("share of seeds that diverged", "diverged", ratio=False, mean=True),
}
"""What `sweep compare --measure` takes, by name; `needs` are columns read besides the usual."""


@dataclass(frozen=True, eq=False)
class Side:
    """One study, or the part of it in which the axes that only it has have one value.

    `groups` are the rows of its groups, `shared` the axes that all studies have.
    """

    name: str
    responses: Responses
    groups: np.ndarray
    shared: tuple[str, ...]
    level: Compared

    @cached_property
    def cells(self) -> np.ndarray:
        """The levels (groups, rates, seeds) of the whole study, NaN where there is no trial."""
        return self.responses.cells(self.level.level, slice(None))

    @cached_property
    def places(self) -> pd.DataFrame:
        """A row a group and rate: the shared axes, the rate, its `row` among all, its `value`."""
        rates = self.responses.rates[self.groups]
        group, place = np.nonzero(~np.isnan(rates))
        table = self.responses.groups[list(self.shared)].iloc[self.groups[group]]
        row = self.groups[group] * self.responses.rates.shape[1] + place
        return table.reset_index(drop=True).assign(
            **{self.responses.rate: rates[group, place], "row": row, "value": self.values(row)}
        )

    def values(self, row: np.ndarray) -> np.ndarray:
        """The medians or shares at some groups and rates."""
        cells = self.cells.reshape(-1, self.cells.shape[2])[row]
        if not self.level.mean:
            return Ranked.of(cells).medians()
        found: np.ndarray = _means(cells, np.ones((1, cells.shape[1])))[0]
        return found

    def resampled(self, row: np.ndarray, bootstrap: Bootstrap) -> np.ndarray | None:
        """The same of every resample (resamples, rows); None with a single seed."""
        cells = self.cells.reshape(-1, self.cells.shape[2])[row]
        ranked = None if self.level.mean else Ranked.of(cells)
        found = [
            _means(cells, counts) if ranked is None else ranked.resampled(counts)
            for counts in bootstrap.counts(cells.shape[1], len(row))
        ]
        return np.concatenate(found) if found else None

    def best(self) -> pd.DataFrame:
        """Of each group the rate at which the measure is best, the lowest of equally good ones."""
        ranked = self.places.assign(order=self.level.sign * self.places["value"])
        keys = [*self.shared, "order", self.responses.rate]
        ranked = ranked.sort_values(keys, kind="stable")
        first = ~ranked.duplicated(list(self.shared)) if self.shared else np.arange(len(ranked)) < 1
        return ranked[first].drop(columns="order").reset_index(drop=True)


def _means(cells: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Means of levels (rows, seeds) over the seeds drawn: (resamples, rows)."""
    there = ~np.isnan(cells)
    weights = counts.astype(np.float64)
    with np.errstate(invalid="ignore"):
        found: np.ndarray = (weights @ np.where(there, cells, 0.0).T) / (weights @ there.T)
    return found
