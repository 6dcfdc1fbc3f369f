"""What is told of a rate: one number a trial, of which it is the median over seeds, or a share."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sweep.catalogue import MEASURES, OUTCOMES
from sweep.store.derived import overshoots


@dataclass(frozen=True)
class Level:
    """One number a trial, to compare.

    Attributes:
        noun: what it is of one trial, "final loss"; of an outcome, what seeds did: "converged".
        unit: "loss", "steps", "ratio" or "share, 0 to 1".
        needs: the columns of trials that it is made from.
        larger: whether more is better.
        share: whether it is 1 or 0, and what is told of a rate is the share of seeds.
    """

    noun: str
    unit: str
    needs: tuple[str, ...]
    larger: bool = False
    share: bool = False

    @property
    def what(self) -> str:
        """What it is at a rate."""
        return f"share of seeds that {self.noun}" if self.share else f"median {self.noun}"

    @property
    def sign(self) -> int:
        """1 where less is better, -1 where more is."""
        return -1 if self.larger else 1

    @property
    def ratio(self) -> bool:
        """Whether two of them are compared by their ratio; shares are by their difference."""
        return not self.unit.startswith("share")


_UNITS = {"step": "steps", "share": "share, 0 to 1"}

LEVELS: dict[str, Level] = (
    {
        name: Level(
            row.words.replace("to reach the target", "to the target"),
            _UNITS.get(row.unit, row.unit),
            row.derived_from or (name,),
            row.larger_is_better,
        )
        for name, row in MEASURES.items()
        if name != "diverged_at"
    }
    | {
        "descent": Level(
            "fall of the loss by decade of the rate", "loss a decade", ("descent",), True
        )
    }
    | {
        name: Level(name, "share, 0 to 1", ("outcome",), name == "converged", share=True)
        for name in OUTCOMES
    }
)
"""What rates and studies are compared by, by name. Where trials diverge the threshold tells."""

CRITERIA = {
    "range_test": "descent",
    "validation_loss": "validation_loss",
    "validation_accuracy": "validation_accuracy",
    "final_loss": "final_loss",
    "steps_to_target": "steps_to_target",
    "convergence": "converged",
}
"""The levels that a rate is the best by if nothing is said, by what `--by` calls them.

Those of validation come first and lead, where there is any; of a range test the loss's descent.
"""

CLIPPED = "clipped_loss"
"""The final loss or the initial one, whichever is lower: what `lr_sensitivity` is made from."""


def level_of(by: str) -> Level:
    """The level that a criterion is about."""
    return LEVELS[CRITERIA.get(by, by)]


def has(trials: pd.DataFrame, name: str) -> bool:
    """Whether trials have the columns that a level is made from, of validation with numbers."""
    needs = ("final_loss", "initial_loss") if name == CLIPPED else LEVELS[name].needs
    there = all(column in trials for column in needs)
    return there and not (name.startswith("validation") and trials[name].isna().all())


def levels(trials: pd.DataFrame, name: str) -> np.ndarray:
    """A level of each trial (trials,) float64.

    It is infinitely bad, -inf if more is better, where a loss was not finite or above the bound
    (`diverged_at` says so, of tables without it the outcome), where it is not finite or never came
    to be, so that such a trial is worse than any other and is never dropped; `initial_loss` and
    `diverged_at` are as they were. An outcome is 1 where the trial had it, else 0.
    """
    if name in OUTCOMES:
        return np.where((trials["outcome"] == name).to_numpy(bool), 1.0, 0.0)
    if name == CLIPPED:
        initial = levels(trials, "initial_loss")
        return np.asarray(np.minimum(levels(trials, "final_loss"), initial))
    if name == "overshoot":
        return overshoots(levels(trials, "initial_loss"), levels(trials, "max_loss"))
    values = trials[name].to_numpy(np.float64, na_value=np.nan)
    bad = ~np.isfinite(values)
    as_it_was = ("initial_loss", "diverged_at")
    if name not in as_it_was and "diverged_at" in trials:
        bad |= trials["diverged_at"].notna().to_numpy(bool)
    elif name not in as_it_was:
        bad |= (trials["outcome"] == "diverged").to_numpy(bool)
    return np.where(bad, -np.inf if name in LEVELS and LEVELS[name].larger else np.inf, values)
