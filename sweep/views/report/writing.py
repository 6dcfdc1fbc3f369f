"""The report of a study's results, written to a file."""

from collections.abc import Sequence
from pathlib import Path

from sweep import __version__
from sweep.analysis.naming import narrowed, texts
from sweep.analysis.range_test import is_range_test, range_test
from sweep.analysis.trials import NEEDED
from sweep.catalogue import VALIDATION_MEASURES
from sweep.errors import RequestError
from sweep.store.files import complete, refuse_place, told
from sweep.store.folder import inputs_of, origin_of
from sweep.store.results import Results, results_of
from sweep.study import leading_comment, study_facts
from sweep.views.kinds import KINDS, choose, draw
from sweep.views.report.contents import About, compose
from sweep.views.report.page import Report, picture, render
from sweep.views.report.tables import MOST_ROWS
from sweep.views.source import Source

MOST_DIGESTED = 5_000_000
"""Rows whose digest a report waits for; of more `Results.content_digest` gives it."""


def report(
    results: Results | str | Path,
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
    page = render(_report(results, texts(only), overrides))
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


def _report(found: Results, only: Sequence[str], edits: Sequence[str]) -> Report:
    source = Source.of(found, only)
    drawn = [(one, draw(one.kind, source, one.options)) for one in choose(source)]
    validation = [name for name in VALIDATION_MEASURES if name in source.measures]
    columns = ["trial", *source.axes, *NEEDED, *validation]
    trials = found.trials(None if found.trained <= MOST_ROWS else columns)
    rate = source.rate
    tested = rate is None and is_range_test(found.study)
    return compose(
        _about(found, only, edits),
        narrowed(trials, source.axes, only),
        axes=source.axes,
        rate="learning_rate" if tested else rate,
        responses=range_test(found, only) if tested else None,
        pictures=[
            picture(figure, f"{one.name}: {KINDS[one.kind].summary}") for one, figure in drawn
        ],
        provenance=found.provenance(),
    )


def _about(found: Results, only: Sequence[str], edits: Sequence[str]) -> About:
    study, text = found.study, _study_file(found)
    return About(
        name=study.name,
        title=study.title,
        question=leading_comment(text),
        facts=study_facts(study) | ({"only": ", ".join(only)} if only else {}),
        study_file=text,
        edits=edits,
        as_run=study.to_toml(),
        asked=0 if only else study.trials,
        digest=_digest(found),
        version=__version__,
    )


def _study_file(found: Results) -> str:
    """The study file that the results came from; as it was run if that file is gone."""
    origin = origin_of(found.directory)
    return origin.read_text(encoding="utf-8-sig") if origin else found.study.to_toml()


def _digest(found: Results) -> str:
    rows = int(found.provenance()["rows"].sum())
    if rows > MOST_DIGESTED:
        return f"not computed for this page, of {rows:,} rows; Results.content_digest() gives it"
    return found.content_digest()
