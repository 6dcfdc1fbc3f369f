"""What analysis reads of a study's results: its trained trials, laid out by their rates."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from sweep.analysis.levels import LEVELS
from sweep.analysis.naming import named, narrowed
from sweep.analysis.range_test import is_range_test, range_test
from sweep.analysis.responses import Responses, is_rate, rate_axis
from sweep.catalogue import CURVE_MEASURES, VALIDATION_MEASURES
from sweep.errors import RequestError
from sweep.store.derived import AREA, with_areas
from sweep.store.results import Results, results_of
from sweep.study import Study

NEEDED = ("initial_loss", "final_loss", "max_loss", "steps_to_target", "diverged_at", "outcome")
"""The columns of trials that measures are made from, besides those of validation."""


def trained(
    results: Results,
    more: Iterable[str] = (),
    only: str | Iterable[str] = (),
    *,
    areas: bool = False,
) -> tuple[pd.DataFrame, list[str]]:
    """The trained trials of a study and its axes: what measures are made from, and `more` columns.

    `only` are choices of axes' values, as `narrowed` takes them. With `areas` the curves are read
    too, a part at a time, for the area under each.

    Raises:
        RequestError: nothing is trained, the study refines a map, no trial is as chosen, or no
            curves were recorded.
        StoreError: a file is damaged or cannot be read.
    """
    if not results.trained:
        raise RequestError(f"{results.directory}: nothing is trained yet")
    if results.study.refine:
        raise RequestError(
            f"{results.study.name}: is trained from coarse to fine, so that its trials are no even "
            "sample of its values; `sweep plot` shows the map, and a run with --set 'refine={}' "
            "trains all of it"
        )
    axes = [axis.name for axis in results.study.axes]
    validated = any(group.validation for group in results.study.groups())
    kept = results.study.record.measures
    missing = {*VALIDATION_MEASURES, *CURVE_MEASURES}.difference(kept)
    names = [name for name in more if name not in missing]
    names += [*NEEDED, *(VALIDATION_MEASURES if validated else ()), *(["trial"] if areas else [])]
    trials = narrowed(results.trials(list(dict.fromkeys([*axes, *names]))), axes, only)
    trials = with_areas(trials, results) if areas else trials
    return without_accuracy(trials, results.study), axes


def without_accuracy(trials: pd.DataFrame, study: Study) -> pd.DataFrame:
    """The trials, without their accuracy if targets have more than two values: are no classes."""
    targets = (np.unique(group.data.targets) for group in study.groups())
    if all(len(values) <= 2 for values in targets):
        return trials
    return trials.drop(columns="validation_accuracy", errors="ignore")


def responses_of(
    source: Results | Study | str | Path,
    rate: str | None = None,
    by: str | None = None,
    only: str | Iterable[str] = (),
    *,
    areas: bool = False,
) -> Responses:
    """Lay out the trained trials of a study for analysis; `rate` is the axis to vary.

    `source` are its results, their directory, or the study by its name or file. A range test that
    sweeps no rate is laid out by the rates that its schedule passed through. With the columns that
    `by`, one of `LEVELS`, is made from; `only` and `areas` are as for `trained`.

    Raises:
        RequestError: as for `trained`; or no rate is swept.
        StoreError: a file is damaged or cannot be read.
    """
    results = results_of(source)
    swept = [axis.name for axis in results.study.axes]
    if (
        named("--rate", rate) is None
        and is_range_test(results.study)
        and not any(map(is_rate, swept))
    ):
        return range_test(results, only)
    rate_axis(swept, rate)
    areas = areas or named("--by", by) == AREA
    more = LEVELS[by].needs if by in LEVELS and by != AREA else ()
    trials, axes = trained(results, more, only, areas=areas)
    return Responses.of(trials, axes, rate)
