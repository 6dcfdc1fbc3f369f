"""The page: what it is made of, and its text as HTML.

All text goes through the template's escaping; the page's own style and script are the only ones
that its Content-Security-Policy lets a browser heed, whatever text a study brings along.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from sweep.views.report.cells import Table
from sweep.views.report.findings import Finding
from sweep.views.report.listing import Listing
from sweep.views.report.pictures import Picture

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Share:
    """Part of the bar of outcomes: `left` and `width` in per cent."""

    name: str
    words: str
    left: float
    width: float


@dataclass(frozen=True)
class Report:
    """What the page says, all of it plain text.

    `name` is the study's, `edits` the changes of fields made to it. `origin` and `chunks` tell
    where the numbers come from; `as_run` is the study with every default written out.
    """

    name: str
    title: str
    question: str
    facts: Mapping[str, str]
    outcomes: Sequence[Share]
    study_file: Listing
    edits: Sequence[str]
    findings: Sequence[Finding]
    pictures: Sequence[Picture]
    tables: Sequence[Table]
    origin: Mapping[str, str]
    chunks: Table
    as_run: Listing
    version: str


def render(report: Report) -> str:
    """Return the whole page as HTML."""
    style, script = _own("page.css"), _own("page.js")
    policy = "; ".join(
        [
            "default-src 'none'",
            "img-src data:",
            f"style-src {_source(style)}",
            f"script-src {_source(script)}",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
    return _template().render(report=report, style=style, script=script, policy=policy)


def _own(name: str) -> str:
    """Return a file that comes with the package, which the template trusts as it is."""
    return (_HERE / name).read_text(encoding="utf-8")


def _source(text: str) -> str:
    """Return how a policy names an inline style or script: by its SHA-256."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("page.html")
