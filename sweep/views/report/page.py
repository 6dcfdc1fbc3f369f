"""The page of a report: its figures, and its text as HTML.

All text goes through the template's escaping; the page's own style and script are the only ones
that its Content-Security-Policy lets a browser heed, whatever text a study brings along.
"""

import base64
import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from matplotlib.figure import Figure

from sweep.views.style import theme

_HERE = Path(__file__).parent

LARGEST_DRAWING = 300_000
"""Bytes of a drawing; what takes more, such as thousands of marks, is smaller as pixels."""

DPI = 160  # pixels an inch of figures that are pixels: two on a screen of today for one of the page

CSS_DPI = 96


@dataclass(frozen=True)
class Picture:
    """A picture as a data URI, what it shows in words, and its size in CSS pixels."""

    source: str
    words: str
    width: int
    height: int


def picture(figure: Figure, words: str) -> Picture:
    """Return a figure as a picture, as SVG unless it is too large for that."""
    sizes = [image.get_size() for axes in figure.axes for image in axes.images]
    pixels = sum(rows * columns for rows, columns in sizes)  # of many a drawing would be in vain
    data, kind = b"" if pixels > LARGEST_DRAWING else _written(figure, "svg"), "svg+xml"
    if not 0 < len(data) <= LARGEST_DRAWING:
        data, kind = _written(figure, "png"), "png"
    source = f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
    width, height = (round(CSS_DPI * float(inches)) for inches in figure.get_size_inches())
    return Picture(source, words, width, height)


def _written(figure: Figure, ending: str) -> bytes:
    buffer = io.BytesIO()
    metadata = {"Date": None} if ending == "svg" else {"Software": None}
    # Letters are outlines: a page that is sent around finds other fonts everywhere.
    with theme(), mpl.rc_context({"svg.fonttype": "path"}):
        figure.savefig(buffer, format=ending, dpi=DPI, metadata=metadata)
    return buffer.getvalue()


def render(**parts: object) -> str:
    """Return the whole page as HTML; `parts` are what the template names, all text plain."""
    style, script = ((_HERE / f"page.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    own = [  # a policy names an inline style or script by its SHA-256
        f"{kind}-src 'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
        for kind, text in (("style", style), ("script", script))
    ]
    rules = ("default-src 'none'", "img-src data:", *own, "base-uri 'none'")
    policy = "; ".join((*rules, "form-action 'none'"))
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    page = environment.get_template("page.html")
    return page.render(**parts, style=style, script=script, policy=policy)
