"""The command that writes the report of a study."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sweep import __version__
from sweep.cli.door import app
from sweep.cli.opening import load, refuse_own, trained, writing
from sweep.cli.options import RESULTS, Folder, Name, Overrides
from sweep.cli.terminal import short
from sweep.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sweep.store.results import Results
    from sweep.views.report.contents import About
    from sweep.views.report.page import Report
    from sweep.views.source import Source

MOST_DIGESTED = 5_000_000
"""Rows whose digest a report waits for; of more `Results.content_digest` gives it."""


@app.command()
def report(
    name: Name,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="The page, ending in .html.")
    ] = None,
    overrides: Overrides = None,
    results: Folder = RESULTS,
) -> None:
    """Write one page about what STUDY found."""
    from sweep.store.files import complete
    from sweep.views.report.page import render

    if output is not None and output.suffix.lower() not in (".html", ".htm"):
        raise RequestError(f"{output}: the page must end in .html")
    found = trained(name, overrides, results)
    path = output or found.directory / "report.html"
    refuse_own(path, found)
    page = render(_report(found, load(name, None)[0], overrides or ()))
    with writing(path), complete(path) as temporary:
        temporary.write_text(page, encoding="utf-8")
    print(f"{path}: {short(len(page.encode()), 'B')}, for any browser")


def _report(found: "Results", file: Path, edits: "Sequence[str]") -> "Report":
    from sweep.views.kinds import KINDS, choose, draw
    from sweep.views.report.contents import NEEDED, compose
    from sweep.views.report.page import picture
    from sweep.views.report.tables import MOST_ROWS
    from sweep.views.source import Source

    subject = Source.of(found)
    drawn = [(one, draw(one.kind, subject, one.options)) for one in choose(subject)]
    columns = None if found.trained <= MOST_ROWS else ["trial", *subject.axes, *NEEDED]
    return compose(
        _about(found, file, edits),
        found.trials(columns),
        axes=subject.axes,
        rate=_rate(subject),
        pictures=[
            picture(figure, f"{one.name}: {KINDS[one.kind].summary}") for one, figure in drawn
        ],
        provenance=found.provenance(),
    )


def _about(found: "Results", file: Path, edits: "Sequence[str]") -> "About":
    from sweep.study import leading_comment, study_facts
    from sweep.views.report.contents import About

    study, text = found.study, file.read_text(encoding="utf-8-sig")
    return About(
        name=study.name,
        title=study.title,
        question=leading_comment(text),
        facts=study_facts(study),
        study_file=text,
        edits=edits,
        as_run=study.to_toml(),
        asked=study.trials,
        digest=_digest(found),
        version=__version__,
    )


def _digest(found: "Results") -> str:
    rows = int(found.provenance()["rows"].sum())
    if rows > MOST_DIGESTED:
        return f"not computed for this page, of {rows:,} rows; Results.content_digest() gives it"
    return found.content_digest()


def _rate(subject: "Source") -> str | None:
    """Return the axis that sentences are about: a learning rate, else the longest ordered one."""
    from sweep.analysis.responses import rate_axis

    try:
        rate = rate_axis(subject.axes)
    except RequestError:
        rate = ""
    return rate if rate in subject.numeric else next(iter(subject.numeric), None)
