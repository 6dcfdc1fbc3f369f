"""The same of a study's results: what is committed of it is read and measured."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from sweep.analysis import tables
from sweep.analysis.areas import with_areas
from sweep.analysis.comparison import Comparison
from sweep.analysis.comparison import compare as compare_tables
from sweep.analysis.resampling import RESAMPLES, Bootstrap
from sweep.analysis.responses import Responses, rate_axis
from sweep.analysis.sides import COMPARED
from sweep.analysis.tables import WITHIN, Choices
from sweep.errors import RequestError
from sweep.store.results import Results, open_results

NEEDED = ("initial_loss", "final_loss", "max_loss", "steps_to_target", "outcome")
"""The columns of trials that measures are made from."""


def responses_of(results: Results, rate: str | None = None, *, areas: bool = False) -> Responses:
    """Lay out the trained trials of a study for analysis; `rate` is the axis to vary.

    With `areas` the curves are read too, a part at a time, for the area under each.

    Raises:
        RequestError: nothing is trained, no rate is swept, or no curves were recorded.
        StoreError: a file is damaged or cannot be read.
    """
    axes = [axis.name for axis in results.study.axes]
    rate_axis(axes, rate)
    return Responses.of(_trials(results, axes, areas=areas), axes, rate)


def compare(
    studies: Sequence[Results | str | Path],
    measure: str = "final_loss",
    *,
    rate: str | None = None,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Comparison:
    """The same measure of several studies, of each its results or their directory.

    The first is what the others are compared with; see `sweep.analysis.compare` for what is
    aligned. `.curves()`, `.differences()` and `.at_best()` are the tables.

    Raises:
        RequestError: nothing is trained, the studies cannot be aligned, or there is no such
            measure.
        StoreError: a file is damaged or cannot be read.
    """
    opened = [one if isinstance(one, Results) else open_results(one) for one in studies]
    wanted = COMPARED[measure].needs if measure in COMPARED else ()
    areas = measure == "area_under_curve"
    tables = [_table(one, wanted, areas=areas) for one in opened]
    bootstrap = Bootstrap(level, resamples, seed)
    return compare_tables(tables, measure, rate, bootstrap)


def _table(
    results: Results, more: Sequence[str], *, areas: bool
) -> tuple[str, pd.DataFrame, list[str]]:
    """A study's name, its trials and its axes."""
    axes = [axis.name for axis in results.study.axes]
    return results.study.name, _trials(results, axes, more, areas=areas), axes


def _trials(
    results: Results, axes: Sequence[str], more: Sequence[str] = (), *, areas: bool = False
) -> pd.DataFrame:
    """The trained trials: their axes and what measures are made from."""
    if not results.trained:
        raise RequestError(f"{results.directory}: nothing is trained yet")
    trials = results.trials([*(["trial"] if areas else []), *axes, *NEEDED, *more])
    return with_areas(trials, results) if areas else trials


def best(
    results: Results,
    by: str | None = None,
    *,
    rate: str | None = None,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> pd.DataFrame:
    """The best learning rate of each group of a study: see `sweep.analysis.best`.

    Args:
        results: of a study that was run.
        by: "final_loss", "steps_to_target" or "convergence"; each of them by default.
        rate: the axis to vary, by default the learning rate.
        level: of the intervals.
        resamples: how many the bootstrap draws.
        seed: of these draws.

    Raises:
        RequestError: nothing is trained, or there is no such axis or criterion.
        StoreError: a file is damaged or cannot be read.
    """
    choices = Choices(WITHIN, Bootstrap(level, resamples, seed))
    return tables.best(responses_of(results, rate), by, choices)


def summary(
    results: Results,
    *,
    rate: str | None = None,
    within: float = WITHIN,
    areas: bool = False,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> pd.DataFrame:
    """All measures of each group of a study: see `sweep.analysis.summary` and `MEASURES`.

    Rates are usable whose median final loss is at most `within` times the best; with `areas` the
    curves are read too. The rest is as for `best`.

    Raises:
        RequestError: nothing is trained, there is no such axis, or no curves were recorded.
        StoreError: a file is damaged or cannot be read.
    """
    choices = Choices(within, Bootstrap(level, resamples, seed))
    return tables.summary(responses_of(results, rate, areas=areas), choices)


def by_rate(
    results: Results,
    *,
    rate: str | None = None,
    areas: bool = False,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> pd.DataFrame:
    """Medians and shares at each rate of each group of a study: see `sweep.analysis.by_rate`.

    Raises:
        RequestError: nothing is trained, there is no such axis, or no curves were recorded.
        StoreError: a file is damaged or cannot be read.
    """
    choices = Choices(WITHIN, Bootstrap(level, resamples, seed))
    return tables.by_rate(responses_of(results, rate, areas=areas), choices)
