"""The page: what it is made of, its figures, and its text as HTML.

All text goes through the template's escaping; the page's own style and script are the only ones
that its Content-Security-Policy lets a browser heed, whatever text a study brings along.
"""

import base64
import hashlib
import io
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import matplotlib as mpl
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from matplotlib.figure import Figure

from sweep.views.report.tables import Table
from sweep.views.style import theme

_HERE = Path(__file__).parent

LARGEST_DRAWING = 300_000
"""Bytes of a drawing; what takes more, such as thousands of marks, is smaller as pixels."""

DPI = 160
"""Pixels an inch of figures that are pixels: two on a screen of today for one of the page."""

CSS_DPI = 96


@dataclass(frozen=True)
class Picture:
    """A picture as a data URI, what it shows in words, and its size in CSS pixels."""

    source: str
    words: str
    width: int
    height: int


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

    `name` is the study's, `edits` the changes of fields made to it, `lacking` how many trials it
    still has to train. `origin` and `chunks` tell
    where the numbers come from; `as_run` is the study with every default written out.
    """

    name: str
    title: str
    question: str
    facts: Mapping[str, str]
    outcomes: Sequence[Share]
    lacking: int
    study_file: str
    edits: Sequence[str]
    findings: Sequence[str]
    pictures: Sequence[Picture]
    tables: Sequence[Table]
    origin: Mapping[str, str]
    chunks: Table
    as_run: str
    version: str


def picture(figure: Figure, words: str) -> Picture:
    """Return a figure as a picture, as SVG unless it is too large for that."""
    data, kind = b"" if _is_pixels(figure) else _written(figure, "svg"), "svg+xml"
    if not 0 < len(data) <= LARGEST_DRAWING:
        data, kind = _written(figure, "png"), "png"
    source = f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
    width, height = (round(CSS_DPI * float(inches)) for inches in figure.get_size_inches())
    return Picture(source, words, width, height)


def _is_pixels(figure: Figure) -> bool:
    """Say whether a figure is made of so many pixels that drawing it would be in vain."""
    sizes = [image.get_size() for axes in figure.axes for image in axes.images]
    return sum(rows * columns for rows, columns in sizes) > LARGEST_DRAWING


def _written(figure: Figure, ending: str) -> bytes:
    buffer = io.BytesIO()
    metadata = {"Date": None} if ending == "svg" else {"Software": None}
    # Letters are outlines: a page that is sent around finds other fonts everywhere.
    with theme(), mpl.rc_context({"svg.fonttype": "path"}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        figure.savefig(buffer, format=ending, dpi=DPI, metadata=metadata)
    return buffer.getvalue()


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
