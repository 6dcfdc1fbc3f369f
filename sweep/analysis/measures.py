"""What is measured of a group of trials: a row a measure, all computed and bootstrapped alike.

Between two swept rates a quantity is taken to change linearly with the logarithm of the rate, with
the rate itself where one of the two is 0.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sweep.analysis.levels import CLIPPED, CRITERIA, LEVELS
from sweep.analysis.medians import Medians, best_place, rate_at, value_at_best
from sweep.catalogue import OUTCOMES

Statistic = Callable[[Medians, float], np.ndarray]
"""Of the medians and the factor of the usable range: a number (resamples, groups) float64."""


@dataclass(frozen=True)
class Measure:
    """One number a group: what it is, and its unit; docs/analysis.md has the definitions.

    `function` gives it, NaN where it has none; `needs` are the levels without which it is left
    out. Infinities say that a rate lies above (inf) or below (-inf) the swept ones, or that a
    loss is that of trials that diverged.
    """

    what: str
    unit: str
    function: Statistic
    needs: tuple[str, ...] = ("final_loss",)


def best_measures(by: str) -> dict[str, Measure]:
    """The rate that is best by a level, and the level there."""
    name = CRITERIA.get(by, by)
    level, needs = LEVELS[name], ("final_loss", name)
    return {
        f"best_rate_by_{by}": Measure(
            f"the learning rate of the best {level.what}", "rate",
            lambda medians, _: rate_at(medians, best_place(medians, name)), needs,
        ),
        f"best_{by}": Measure(
            f"the {level.what} at that rate", level.unit,
            lambda medians, _: value_at_best(medians, name, name), needs,
        ),
    }  # fmt: skip


def usable_range(medians: Medians, within: float) -> tuple[np.ndarray, np.ndarray]:
    """The lowest and the highest usable rate, each (resamples, groups) float64.

    Usable are the rates around the best one, without a gap, whose median final loss is at most
    `within` times the lowest one. The logarithm of the loss is interpolated between the last
    usable rate and its neighbour; if the neighbour's median trial diverged, or a loss is not
    positive, the range ends at the last usable rate. At the ends of the sweep it ends there, and
    NaN is returned where no best rate exists or its loss is negative.
    """
    loss, place = medians.of(medians.lead), best_place(medians, medians.lead)
    best, places = np.maximum(place, 0), np.arange(loss.shape[2])
    lowest = _picked(loss, best)
    known = (place >= 0) & (lowest >= 0)
    limit = np.where(known, within * lowest, np.nan)
    inside = (loss <= limit[:, :, np.newaxis]) | (places == best[:, :, np.newaxis])
    before = np.maximum.accumulate(np.where(inside, -1, places), axis=2)
    after = np.where(inside, len(places), places)[:, :, ::-1]
    after = np.minimum.accumulate(after, axis=2)[:, :, ::-1]
    below, above = _picked(before, best), _picked(after, best)  # the first that are not usable
    with np.errstate(divide="ignore", invalid="ignore"):
        logs, level = np.log(loss), np.log(limit)
    low = _crossing(medians.rates, logs, level, below + 1, np.maximum(below, 0))
    high = _crossing(medians.rates, logs, level, above - 1, np.minimum(above, len(places) - 1))
    return np.where(known, low, np.nan), np.where(known, high, np.nan)


def _picked(values: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Of (resamples, groups, rates) those at one place a group."""
    return np.take_along_axis(values, place[:, :, np.newaxis], axis=2)[:, :, 0]


def _crossing(
    rates: np.ndarray, values: np.ndarray, level: np.ndarray | float,
    inner: np.ndarray, outer: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """The rate between two places at which the values come to a level; at `inner` if they do not.

    Interpolated on the logarithmic axis of rates if it can be. At either end it is that rate, to
    the bit.
    """
    groups = np.arange(len(rates))
    start, end = rates[groups, inner], rates[groups, outer]
    first, last = _picked(values, inner), _picked(values, outer)
    with np.errstate(divide="ignore", invalid="ignore"):
        part = (level - first) / (last - first)
        part = np.where(np.isfinite(part), part, 0.0)
        geometric = start * np.exp(part * (np.log(end) - np.log(start)))
        linear = start + part * (end - start)
    found = np.where((start > 0) & (end > 0), geometric, linear)
    return np.asarray(np.where(part == 0, start, np.where(part == 1, end, found)))


def divergence_threshold(medians: Medians) -> np.ndarray:
    """The lowest rate at which half of the seeds diverge (resamples, groups) float64.

    The share that diverged is interpolated between the last rate below one half and the first at
    or above it. Infinite if fewer than half diverge at every rate: the threshold lies above the
    swept range. -inf if half diverge at the lowest rate already: it lies below.
    """
    share = medians.of("diverged")
    seen, first = (share >= 0.5).any(axis=2), (share >= 0.5).argmax(axis=2)
    rate = _crossing(medians.rates, share, 0.5, np.maximum(first - 1, 0), first)
    return np.where(seen, np.where(first > 0, rate, -np.inf), np.inf)


def sensitivity(medians: Medians) -> np.ndarray:
    """The learning-rate sensitivity (resamples, groups) float64, in units of the loss.

    E over the swept rates of min(final loss, initial loss) - its least value, where the loss of
    a rate is its median over the seeds and E gives each swept rate the same weight (Wortsman et
    al., arXiv:2309.14322, 2023, section 2).
    """
    loss = medians.of(CLIPPED)
    there = ~np.isnan(loss)
    least = np.where(there, loss, np.inf).min(axis=2, keepdims=True)
    least = np.where(np.isfinite(least), least, np.nan)
    total = np.where(there, loss - least, 0.0).sum(axis=2)
    with np.errstate(invalid="ignore"):  # a resample may hold no seed that a group has
        found: np.ndarray = total / there.sum(axis=2)
    return found


def decades(medians: Medians, within: float) -> np.ndarray:
    """The width of the usable range in decades, NaN where it begins at 0 (resamples, groups)."""
    low, high = usable_range(medians, within)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(low > 0, np.log10(high) - np.log10(low), np.nan)


def _at_best(name: str) -> Statistic:
    return lambda medians, _: value_at_best(medians, name, medians.lead)


def _overall(outcome: str) -> Measure:
    what = f"the share of the group's trials, over all rates, that {outcome}"
    return Measure(what, "share, 0 to 1", lambda medians, _: medians.overall(outcome))


MEASURES: dict[str, Measure] = {
    **{name: one for by in CRITERIA for name, one in best_measures(by).items()},
    "usable_from": Measure(
        "the lowest rate whose median loss is within a factor of the best", "rate",
        lambda medians, within: usable_range(medians, within)[0],
    ),
    "usable_to": Measure(
        "the highest rate, without a gap, likewise", "rate",
        lambda medians, within: usable_range(medians, within)[1],
    ),
    "usable_decades": Measure("the width of that range", "decades", decades),
    "divergence_threshold": Measure(
        "the lowest rate at which half of the seeds diverge", "rate",
        lambda medians, _: divergence_threshold(medians),
    ),
    "lr_sensitivity": Measure(
        "the expected deviation of min(final loss, initial loss) from its least over the rates",
        "loss", lambda medians, _: sensitivity(medians), (CLIPPED,),
    ),
    "overshoot": Measure(
        "the median of the highest loss over the initial one, at the best rate",
        "ratio", _at_best("overshoot"), ("overshoot",),
    ),
    "area_under_curve": Measure(
        "the median of the mean loss over the steps, at the best rate",
        "loss", _at_best("area_under_curve"), ("area_under_curve",),
    ),
    "training_loss": Measure(
        "the median final loss on the training data, at the best rate by validation",
        "loss", _at_best("final_loss"), ("validation_loss",),
    ),
    **{outcome: _overall(outcome) for outcome in OUTCOMES},
}  # fmt: skip
"""What a summary has of every group, by name."""

RATE_LEVELS = (
    "validation_loss", "validation_accuracy", "final_loss", "steps_to_target", "overshoot",
    "area_under_curve", *OUTCOMES,
)  # fmt: skip
"""What `by_rate` has of every rate."""
