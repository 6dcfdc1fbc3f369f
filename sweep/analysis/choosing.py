"""The best learning rate: which of the swept rates is best, by one criterion or another."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sweep.analysis.medians import Medians


@dataclass(frozen=True)
class Criterion:
    """What a best rate is best by.

    `value` is what is reported, `badness` what is least at the best rate, both (resamples, groups,
    rates); `at` is the value at one rate a group. Of equally good rates the one of the lower
    median final loss is best, and of these the lowest.
    """

    what: str
    unit: str
    needs: str
    badness: Callable[[Medians], np.ndarray]
    at: Callable[[Medians, np.ndarray], np.ndarray]


def _share_at(medians: Medians, place: np.ndarray) -> np.ndarray:
    share = medians.share("converged")
    return np.take_along_axis(share, place[np.newaxis, :, np.newaxis], axis=2)[:, :, 0]


def _never(medians: Medians) -> np.ndarray:
    share = medians.share("converged")
    return np.where(share > 0, -share, np.inf)


CRITERIA: dict[str, Criterion] = {
    "final_loss": Criterion(
        "median final loss",
        "loss",
        "final_loss",
        lambda m: m.of("final_loss"),
        lambda m, place: m.at("final_loss", place),
    ),
    "steps_to_target": Criterion(
        "median steps to the target",
        "steps",
        "steps_to_target",
        lambda m: m.of("steps_to_target"),
        lambda m, place: m.at("steps_to_target", place),
    ),
    "convergence": Criterion(
        "share of seeds that converged", "share, 0 to 1", "outcome", _never, _share_at
    ),
}
"""The ways in which a rate can be best, by name."""


def best_place(medians: Medians, by: str) -> np.ndarray:
    """The place of the best rate (resamples, groups) int64, -1 where none is good at all.

    That is where the median trial diverged at every rate, never reached the target at any, or no
    trial converged.
    """
    bad = CRITERIA[by].badness(medians)
    bad = np.where(np.isnan(bad), np.inf, bad)
    least = bad.min(axis=2, keepdims=True)
    tied = bad == least
    if by != "final_loss" and np.any(tied.sum(axis=2) > 1):
        loss = np.where(tied, medians.of("final_loss"), np.inf)
        loss = np.where(np.isnan(loss), np.inf, loss)
        tied &= loss == loss.min(axis=2, keepdims=True)
    return np.where(np.isfinite(least[:, :, 0]), tied.argmax(axis=2), -1)


def rate_at(medians: Medians, place: np.ndarray) -> np.ndarray:
    """The rates at places (resamples, groups), NaN where a place is -1."""
    groups = np.arange(len(medians.rates))
    return np.where(place < 0, np.nan, medians.rates[groups, place])
