"""Figures as parts of a page: the picture itself in the place of its address."""

import base64
import io
import warnings
from dataclasses import dataclass

import matplotlib as mpl
from matplotlib.figure import Figure

from sweep.views.style import theme

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
