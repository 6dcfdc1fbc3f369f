"""The report of a study's results: what it says, put together and written to a file."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from sweep import __version__
from sweep.analysis import Responses, find
from sweep.analysis.naming import narrowed, texts
from sweep.analysis.responses import SEEDS
from sweep.analysis.sentences import answer, ending, losses, portion, shared_draws
from sweep.analysis.trials import NEEDED, is_range_test, range_test, without_accuracy
from sweep.catalogue import OUTCOMES, VALIDATION_MEASURES
from sweep.errors import RequestError
from sweep.runs.progress import short
from sweep.store.files import complete, refuse_place, told
from sweep.store.folder import inputs_of, origin_of
from sweep.store.results import Results, results_of
from sweep.study import Study, leading_comment, study_facts
from sweep.views.kinds import KINDS, choose, draw
from sweep.views.report import tables
from sweep.views.report.page import Picture, picture, render
from sweep.views.source import Source
from sweep.views.style import label

MOST_DIGESTED = 5_000_000
"""Rows whose digest a report waits for; of more `Results.content_digest` gives it."""

MOST_LINES = 400
LONGEST_LINE = 300
"""Of a file that is shown; the middle of a longer line, and further lines, are left out."""

NO_VERSIONS = (*tables.CHUNK, "rows", "machine")
"""The columns of `Results.provenance` that are not versions."""


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
    version: str = __version__


def report(
    results: Results | Study | str | Path,
    output: str | Path | None = None,
    *,
    only: str | Sequence[str] = (),
    overrides: Sequence[str] = (),
) -> Path:
    """Write one page of HTML about what a study found, and return its path.

    Args:
        results: of which something is trained; or their directory, or the study by its name or
            file.
        output: ends in .html; by default `report.html` in the directory of the results.
        only: choices of the trials that it is about, as NAME=VALUE.
        overrides: with which the study was read, to be stated on the page.

    Raises:
        RequestError: nothing is trained, or the page cannot be written there.
        StoreError: a file is damaged or cannot be read.
    """
    results = results_of(results)
    path = Path(output or results.directory / "report.html")
    check_ending(path)
    refuse_place(path, "report", inputs_of(results.directory))
    page = _page(results, texts(only), overrides)
    with told(f"{path}: cannot be written", RequestError), complete(path) as temporary:
        temporary.write_text(page, encoding="utf-8")
    return path


def check_ending(path: Path) -> None:
    """Refuse a file that no browser would take for a page.

    Raises:
        RequestError: its ending is not .html.
    """
    if path.suffix.lower() not in (".html", ".htm"):
        raise RequestError(f"{path}: the page must end in .html")


def _page(found: Results, only: Sequence[str], edits: Sequence[str]) -> str:
    study, source, provenance = found.study, Source.of(found, only), found.provenance()
    drawn = [(one, draw(one.kind, source, one.options)) for one in choose(source)]
    validation = [name for name in VALIDATION_MEASURES if name in source.measures]
    columns = ["trial", *source.axes, *NEEDED, *validation]
    trials = found.trials(None if found.trained <= tables.MOST_ROWS else columns)
    tested = source.rate is None and is_range_test(study)
    origin = origin_of(found.directory)  # the file may be gone: then the study as it was run
    text = origin.read_text(encoding="utf-8-sig") if origin else study.to_toml()
    rows = int(provenance["rows"].sum())
    about = About(
        name=study.name,
        title=study.title,
        question=leading_comment(text),
        facts=study_facts(study)
        | ({"only": ", ".join(only)} if only else {})
        | ({"intervals": shared} if (shared := shared_draws(study)) else {}),
        study_file=listing(text),
        edits=edits,
        as_run=listing(study.to_toml()),
        asked=0 if only or found.refined else study.trials,
        digest=found.content_digest()
        if rows <= MOST_DIGESTED
        else f"not computed for this page, of {rows:,} rows; Results.content_digest() gives it",
    )
    return compose(
        about,
        without_accuracy(narrowed(trials, source.axes, only), study),
        axes=source.axes,
        rate="learning_rate" if tested else None if study.refine else source.rate,
        responses=range_test(found, only) if tested else None,
        pictures=[picture(one, f"{of.name}: {KINDS[of.kind].summary}") for of, one in drawn],
        provenance=provenance,
    )


def compose(
    about: About,
    trials: pd.DataFrame,
    *,
    axes: Sequence[str],
    rate: str | None,
    pictures: Sequence[Picture],
    provenance: pd.DataFrame,
    responses: Responses | None = None,
) -> str:
    """Return the page on `trials`, of which there is at least one.

    `trials` has `trial`, a column an axis, measures and `outcome`; `rate` is the axis to vary, if
    one is; `provenance` is that of `Results.provenance`; `responses` the trials laid out, if not by
    an axis of theirs.
    """
    counts = trials["outcome"].value_counts()
    ended = {name: int(counts.get(name, 0)) for name in OUTCOMES}
    found, shown = _rates(trials, axes, rate, responses)
    others = [axis for axis in axes if axis != rate and axis not in SEEDS]
    return render(
        about=about,
        outcomes=list(_bar(ended)),
        lacking=max(about.asked - len(trials), 0),
        findings=[*found, ending(ended)],
        pictures=pictures,
        tables=[
            *shown,
            *(tables.axis_table(trials, axis) for axis in others),
            tables.trials_table(trials, axes),
        ],
        origin=origin(provenance, about.digest),
        chunks=tables.chunk_table(provenance),
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


def _bar(ended: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    """The parts of the bar of outcomes, `left` and `width` in per cent."""
    total, left = sum(ended.values()), 0.0
    for name, count in ended.items():
        if count:
            words, width = f"{count:,} {name} ({portion(count, total)})", 100 * count / total
            yield {"name": name, "words": words, "left": left, "width": width}
            left += width


def _rates(
    trials: pd.DataFrame, axes: Sequence[str], rate: str | None, responses: Responses | None
) -> tuple[list[str], list[tables.Table]]:
    """What the rate did: in at most two sentences, and group by group in tables."""
    if rate is None:
        return [losses(float(trials["initial_loss"].iloc[0]), trials["final_loss"])], []
    try:
        responses = responses or Responses.of(trials, axes, rate)
    except RequestError as error:  # some designs cannot be laid out by rate
        return [f"The groups are not analysed: {error}."], []
    found = find(responses)
    of_groups = tables.group_table(found, label(rate, symbol=False))
    return answer(found), [of_groups, tables.measures_table(found), tables.rate_table(responses)]


def origin(provenance: pd.DataFrame, digest: str) -> dict[str, str]:
    """Return what all chunks have in common or between which ends they lie, by name.

    `digest` is that of the contents, or says why there is none.
    """
    trials, size = int(provenance["trials"].sum()), int(provenance["bytes"].sum())
    first, last = (
        f"{time:%Y-%m-%d %H:%M:%S}"
        for time in (provenance["created"].min(), provenance["created"].max())
    )
    groups = provenance["group"].unique().tolist()
    some = ", ".join(digest[: tables.DIGITS] for digest in groups[:8])
    same = ["machine"] * ("machine" in provenance)
    same += [name for name in map(str, provenance) if name not in NO_VERSIONS]
    return {
        "trials": f"{trials:,} in {_counted(len(provenance), 'chunk')}, {short(size, 'B')}",
        "saved": f"{first} UTC" if first == last else f"{first} to {last} UTC",
        **{name: _all(provenance[name]) for name in (*same, "numerics")},
        **(
            {"group": groups[0]}
            if len(groups) == 1
            else {"groups": f"{len(groups):,}: {some}" + ", ..." * (len(groups) > 8)}
        ),
        "content (SHA-256)": digest,
    }


def _all(values: "pd.Series[str]") -> str:
    """Return every different value, the usual one first."""
    counts = values.fillna("not known").value_counts()
    if len(counts) == 1:
        return str(counts.index[0])
    return ", ".join(f"{value} ({_counted(n, 'chunk')})" for value, n in counts.items())


def _counted(number: int, thing: str) -> str:
    return f"{number:,} {thing}" + "s" * (number != 1)
