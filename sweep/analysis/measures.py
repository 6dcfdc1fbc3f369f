"""What is measured of a group of trials: a row a measure, all computed and bootstrapped alike."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from sweep.analysis.choosing import CRITERIA, best_place, rate_at
from sweep.analysis.medians import Medians
from sweep.analysis.ranges import divergence_threshold, sensitivity, usable_range

WORTSMAN = "Wortsman et al., arXiv:2309.14322 (2023), section 2"
SHARED = "a share of trials; see docs/study-file.md for the outcomes"

Statistic = Callable[[Medians, float], np.ndarray]
"""Of the medians and the factor of the usable range: a number (resamples, groups) float64."""


@dataclass(frozen=True)
class Measure:
    """One number a group: what it is, its unit, where its definition comes from.

    `function` gives it, NaN where it has none; `needs` are the columns without which it is left
    out. Infinities say that a rate lies above (inf) or below (-inf) the swept ones, or that a
    loss is that of trials that diverged.
    """

    what: str
    unit: str
    source: str
    function: Statistic
    needs: tuple[str, ...] = ("final_loss", "outcome")


def _best_rate(medians: Medians, _: float, *, by: str) -> np.ndarray:
    return rate_at(medians, best_place(medians, by))


def _at_best(medians: Medians, _: float, *, name: str) -> np.ndarray:
    """The median level at the rate that is best by final loss in the trials themselves."""
    place = best_place(medians.original or medians, "final_loss")[0]
    return np.where(place < 0, np.nan, medians.at(name, np.maximum(place, 0)))


def _value(medians: Medians, _: float, *, by: str) -> np.ndarray:
    """The criterion's value at the rate that is best by it in the trials themselves."""
    place = best_place(medians.original or medians, by)[0]
    return np.where(place < 0, np.nan, CRITERIA[by].at(medians, np.maximum(place, 0)))


def _end(medians: Medians, within: float, *, end: int) -> np.ndarray:
    return usable_range(medians, within)[end]


def _decades(medians: Medians, within: float) -> np.ndarray:
    low, high = usable_range(medians, within)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(low > 0, np.log10(high / low), np.nan)


def _best_measures() -> dict[str, Measure]:
    found = {}
    for by, criterion in CRITERIA.items():
        needs = ("final_loss", "outcome", criterion.needs)
        found[f"best_rate_by_{by}"] = Measure(
            f"the learning rate of the best {criterion.what}",
            "rate",
            "the least of the medians over seeds, or the largest share",
            partial(_best_rate, by=by),
            needs,
        )
        found[f"best_{by}"] = Measure(
            f"the {criterion.what} at that rate",
            criterion.unit,
            "the median over seeds, or a share of them",
            partial(_value, by=by),
            needs,
        )
    return found


MEASURES: dict[str, Measure] = _best_measures() | {
    "usable_from": Measure(
        "the lowest rate whose median final loss is within a factor of the best",
        "rate",
        "log-log interpolation between swept rates",
        partial(_end, end=0),
    ),
    "usable_to": Measure(
        "the highest rate, without a gap, likewise",
        "rate",
        "log-log interpolation between swept rates",
        partial(_end, end=1),
    ),
    "usable_decades": Measure(
        "the width of that range", "decades", "log10(usable_to / usable_from)", _decades
    ),
    "divergence_threshold": Measure(
        "the lowest rate at which half of the seeds diverge",
        "rate",
        "the share interpolated over the logarithm of the rate",
        lambda medians, _: divergence_threshold(medians),
    ),
    "lr_sensitivity": Measure(
        "the expected deviation of min(final loss, initial loss) from its least over the rates",
        "loss",
        WORTSMAN,
        lambda medians, _: sensitivity(medians),
        ("final_loss", "outcome", "initial_loss"),
    ),
    "overshoot": Measure(
        "the median of the highest loss over the initial one, at the best rate by final loss",
        "ratio",
        "the highest loss of all steps, max_loss, over the loss at step 0",
        partial(_at_best, name="overshoot"),
        ("final_loss", "outcome", "initial_loss", "max_loss"),
    ),
    "area_under_curve": Measure(
        "the median of the mean loss over the steps, at the best rate by final loss",
        "loss",
        "the trapezoidal rule over the recorded steps",
        partial(_at_best, name="area_under_curve"),
        ("final_loss", "outcome", "area_under_curve"),
    ),
    "converged": Measure(
        "the share of the group's trials, over all rates, that converged",
        "share, 0 to 1",
        SHARED,
        lambda medians, _: medians.overall("converged"),
    ),
    "stalled": Measure(
        "the share that stalled, likewise",
        "share, 0 to 1",
        SHARED,
        lambda medians, _: medians.overall("stalled"),
    ),
    "diverged": Measure(
        "the share that diverged, likewise",
        "share, 0 to 1",
        SHARED,
        lambda medians, _: medians.overall("diverged"),
    ),
}
"""What a summary has of every group, by name."""


@dataclass(frozen=True)
class RateMeasure:
    """One number at each rate of a group: the median of a level over seeds, or a share of them.

    `name` is the level's or the outcome's; `needs` as in `Measure`.
    """

    what: str
    unit: str
    name: str
    needs: tuple[str, ...] = ("final_loss", "outcome")

    @property
    def is_share(self) -> bool:
        """Whether it is a share, with Wilson's interval."""
        return self.unit.startswith("share")


RATE_MEASURES: dict[str, RateMeasure] = {
    "final_loss": RateMeasure("median final loss", "loss", "final_loss"),
    "steps_to_target": RateMeasure(
        "median steps to the target", "steps", "steps_to_target", ("steps_to_target",)
    ),
    "overshoot": RateMeasure(
        "median of the highest loss over the initial one",
        "ratio",
        "overshoot",
        ("initial_loss", "max_loss"),
    ),
    "area_under_curve": RateMeasure(
        "median of the mean loss over the steps", "loss", "area_under_curve", ("area_under_curve",)
    ),
    "converged": RateMeasure("share of seeds that converged", "share, 0 to 1", "converged"),
    "stalled": RateMeasure("share of seeds that stalled", "share, 0 to 1", "stalled"),
    "diverged": RateMeasure("share of seeds that diverged", "share, 0 to 1", "diverged"),
}
"""What `by_rate` has of every rate, by name."""
