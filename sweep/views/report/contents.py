"""One study's report, put together from its tables and its figures."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from sweep.analysis import Responses, find
from sweep.analysis.responses import SEEDS
from sweep.analysis.sentences import answer, ending, losses, portion
from sweep.catalogue import OUTCOMES
from sweep.errors import RequestError
from sweep.views.report import origin
from sweep.views.report.page import Picture, Report, Share
from sweep.views.report.tables import (
    Table,
    axis_table,
    best_table,
    group_table,
    measures_table,
    rate_table,
    trials_table,
)
from sweep.views.style import label

MOST_LINES = 400
LONGEST_LINE = 300
"""Of a file that is shown; the middle of a longer line, and further lines, are left out."""


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
    responses: Responses | None = None,
) -> Report:
    """Return the report on `trials`, of which there is at least one.

    `trials` has `trial`, a column an axis, measures and `outcome`; `rate` is the axis to vary, if
    one is; `provenance` is that of `Results.provenance`; `responses` the trials laid out, if not by
    an axis of theirs.
    """
    counts = trials["outcome"].value_counts()
    ended = {name: int(counts.get(name, 0)) for name in OUTCOMES}
    found, tables = _rates(trials, axes, rate, responses)
    tables += [axis_table(trials, axis) for axis in axes if axis != rate and axis not in SEEDS]
    tables.append(trials_table(trials, axes))
    return Report(
        name=about.name,
        title=about.title,
        question=about.question,
        facts=about.facts,
        outcomes=list(_bar(ended)),
        lacking=max(about.asked - len(trials), 0),
        study_file=listing(about.study_file),
        edits=about.edits,
        findings=[*found, ending(ended)],
        pictures=pictures,
        tables=tables,
        origin=origin.origin(provenance, about.digest),
        chunks=origin.chunks(provenance),
        as_run=listing(about.as_run),
        version=about.version,
    )


def listing(text: str) -> str:
    """Return a text as a page can hold it: neither long lines nor many, what is left out said."""
    lines = text.splitlines()
    kept = [_shortened(line) for line in lines[:MOST_LINES]]
    if len(lines) > MOST_LINES:
        kept.append(f"[{len(lines) - MOST_LINES:,} lines more]")
    return "\n".join(kept)


def _shortened(line: str) -> str:
    if len(line) <= LONGEST_LINE:
        return line
    start, end = line[: LONGEST_LINE * 2 // 3], line[-LONGEST_LINE // 4 :]
    return f"{start} [{len(line) - len(start) - len(end):,} characters left out] {end}"


def _bar(ended: Mapping[str, int]) -> Iterator[Share]:
    total, left = sum(ended.values()), 0.0
    for name, count in ended.items():
        if count:
            width = 100 * count / total
            yield Share(name, f"{count:,} {name} ({portion(count, total)})", left, width)
            left += width


def _rates(
    trials: pd.DataFrame, axes: Sequence[str], rate: str | None, responses: Responses | None
) -> tuple[list[str], list[Table]]:
    """What the rate did: in at most two sentences, and group by group in tables."""
    if rate is None:
        return [losses(float(trials["initial_loss"].iloc[0]), trials["final_loss"])], []
    try:
        responses = responses or Responses.of(trials, axes, rate)
    except RequestError as error:  # some designs cannot be laid out by rate
        return [f"The groups are not analysed: {error}."], []
    found = find(responses)
    noun = label(rate, symbol=False)
    tables = [group_table(found, noun), best_table(found, noun), measures_table(found)]
    return answer(found), [*tables, rate_table(responses)]
