"""One study's report, put together from its tables and its figures."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from sweep.analysis import Choices, Responses, best, summary
from sweep.analysis.responses import SEEDS
from sweep.catalogue import OUTCOMES
from sweep.errors import RequestError
from sweep.views.report import origin
from sweep.views.report.cells import Table
from sweep.views.report.findings import (
    Finding,
    Told,
    losses_in_words,
    outcomes_in_words,
    rates_in_words,
    share,
)
from sweep.views.report.listing import listing
from sweep.views.report.page import Report, Share
from sweep.views.report.pictures import Picture
from sweep.views.report.tables import (
    axis_table,
    best_table,
    measures_table,
    rate_table,
    trials_table,
)

NEEDED = ("initial_loss", "final_loss", "max_loss", "steps_to_target", "diverged_at", "outcome")
"""The measures of trials that a report is made from."""


@dataclass(frozen=True)
class About:
    """What a study is, in words: all that the page says beside numbers.

    `question` is the comment at the top of `study_file`, the file as it was written; `edits` are
    the changes of fields made to it, `as_run` the study with all defaults written out. `facts` are
    its parts in a few words, `asked` how many trials it has and `digest` that of its contents.
    """

    name: str
    title: str
    question: str
    facts: Mapping[str, str]
    study_file: str
    edits: Sequence[str]
    as_run: str
    asked: int
    digest: str
    version: str


def compose(
    about: About,
    trials: pd.DataFrame,
    *,
    axes: Sequence[str],
    rate: str | None,
    pictures: Sequence[Picture],
    provenance: pd.DataFrame,
) -> Report:
    """Return the report on `trials`, of which there is at least one.

    `trials` has `trial`, a column an axis, measures and `outcome`; `rate` is the axis to vary, if
    one is; `provenance` is that of `Results.provenance`.
    """
    counts = trials["outcome"].value_counts()
    ended = {name: int(counts.get(name, 0)) for name in OUTCOMES}
    findings = [outcomes_in_words(ended, about.asked)]
    tables: list[Table] = []
    if rate is not None:
        found, made = _rates(trials, axes, rate)
        findings += found
        tables += made
    else:
        findings.append(
            losses_in_words(float(trials["initial_loss"].iloc[0]), trials["final_loss"])
        )
    tables += [axis_table(trials, axis) for axis in axes if axis != rate and axis not in SEEDS]
    tables.append(trials_table(trials, axes))
    return Report(
        name=about.name,
        title=about.title,
        question=about.question,
        facts=about.facts,
        outcomes=list(_bar(ended)),
        study_file=listing(about.study_file),
        edits=about.edits,
        findings=findings,
        pictures=pictures,
        tables=tables,
        origin=origin.origin(provenance, about.digest),
        chunks=origin.chunks(provenance),
        as_run=listing(about.as_run),
        version=about.version,
    )


def _bar(ended: Mapping[str, int]) -> Iterator[Share]:
    total, left = sum(ended.values()), 0.0
    for name, count in ended.items():
        if count:
            width = 100 * count / total
            yield Share(name, f"{count:,} {name} ({share(count, total)})", left, width)
            left += width


def _rates(
    trials: pd.DataFrame, axes: Sequence[str], rate: str
) -> tuple[list[Finding], list[Table]]:
    """What the rate did, group by group: in sentences, and as tables."""
    choices = Choices()
    try:
        responses = Responses.of(trials, axes, rate)
    except RequestError as error:  # some designs cannot be laid out by rate
        return [Finding("", [f"The groups are not analysed: {error}."])], []
    told = Told(
        rate=rate,
        grouped=tuple(map(str, responses.groups)),
        best=best(responses, None, choices),
        summary=summary(responses, choices),
        level=choices.bootstrap.level,
        within=choices.within,
        ends=(float(trials[rate].min()), float(trials[rate].max())),
    )
    return rates_in_words(told), [best_table(told), measures_table(told), rate_table(responses)]
