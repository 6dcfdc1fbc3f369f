"""Figures written as files."""

import warnings
from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from sweep.views.export import complete
from sweep.views.style import theme

PNG_DPI = 200
"""Pixels an inch: sharp in print at the figures' own size."""


FORMATS: dict[str, dict[str, None]] = {
    "png": {"Software": None},
    "svg": {"Date": None},
    "pdf": {"CreationDate": None},
}
"""The formats, and what is left out of the files' heads: it would differ from one to the next."""

USUAL = ("png", "svg")


def save_figure(
    figure: Figure, directory: Path, name: str, formats: Sequence[str] = USUAL
) -> list[Path]:
    """Write a figure in each of some `FORMATS`, and return the paths, in their order.

    SVG and PDF hold text as text. The same figure gives the same bytes: no date, no random
    identifiers.
    """
    paths = [directory / f"{name}.{ending}" for ending in formats]
    directory.mkdir(parents=True, exist_ok=True)
    layout = figure.get_layout_engine()
    with theme(), warnings.catch_warnings():
        # A letter that the font lacks is a box in the PNG, and itself in the SVG.
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        for path, ending in zip(paths, formats, strict=True):
            with complete(path) as temporary:
                figure.savefig(temporary, dpi=PNG_DPI, metadata=FORMATS[ending])
            figure.set_layout_engine("none")  # all files have the layout of the first
    figure.set_layout_engine(layout)
    return paths
