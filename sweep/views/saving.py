"""Figures written as files."""

import warnings
from pathlib import Path

from matplotlib.figure import Figure

from sweep.views.export import complete
from sweep.views.style import theme

PNG_DPI = 200
"""Pixels an inch: sharp in print at the figures' own size."""


def save_figure(figure: Figure, directory: Path, name: str) -> list[Path]:
    """Write a figure as PNG and SVG, text as text, and return the two paths.

    The same figure gives the same bytes: no date, no random identifiers.
    """
    paths = [directory / f"{name}.png", directory / f"{name}.svg"]
    directory.mkdir(parents=True, exist_ok=True)
    layout = figure.get_layout_engine()
    with theme(), warnings.catch_warnings():
        # A letter that the font lacks is a box in the PNG, and itself in the SVG.
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        for path, metadata in zip(paths, ({"Software": None}, {"Date": None}), strict=True):
            with complete(path) as temporary:
                figure.savefig(temporary, dpi=PNG_DPI, metadata=metadata)
            figure.set_layout_engine("none")  # both files have the layout of the first
    figure.set_layout_engine(layout)
    return paths
