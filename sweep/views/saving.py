"""Figures written as files."""

import warnings
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from sweep.store.files import complete
from sweep.views.style import theme

PNG_DPI = 200  # pixels an inch: sharp in print at the figures' own size


FORMATS: dict[str, dict[str, str | None]] = {
    "png": {"Software": "sweep"},
    "svg": {"Creator": "sweep", "Date": None},
    "pdf": {"Creator": "sweep", "CreationDate": None},
}
"""The formats, and what their heads say; a date or a version would differ from file to file."""

USUAL = ("png", "svg")


SLACK = 0.02  # inches by which words may leave the figure, or lie on others: less than shows


def fits(figure: Figure) -> bool:
    """Say whether a figure has room for its words: inside it, and none on others."""
    with theme(), warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        figure.draw_without_rendering()
        words = _words(figure)
        whole = figure.get_tightbbox()
    if any("constrained_layout not applied" in str(one.message) for one in said):
        return False
    width, height = figure.get_size_inches()
    if min(whole.x0, whole.y0, width - whole.x1, height - whole.y1) <= -SLACK:
        return False
    common = [Bbox.intersection(one, other) for one, other in combinations(words, 2)]
    slack = SLACK * figure.dpi
    return not any(box is not None and min(box.width, box.height) > slack for box in common)


def _words(figure: Figure) -> list[Bbox]:
    """Return where the titles, the notes, the names of axes and the legends are, in pixels."""
    found = [*figure.texts, *figure.legends]
    for axes in figure.axes:
        found += [axes.title, axes.xaxis.label, axes.yaxis.label]
        found += [legend] if (legend := axes.get_legend()) else []
    boxes = [one.get_window_extent() for one in found if one.get_visible()]
    return [box for box in boxes if box.width > 1 and box.height > 1]  # others are empty


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
    with theme():
        for path, ending in zip(paths, formats, strict=True):
            with complete(path) as temporary:
                figure.savefig(temporary, dpi=PNG_DPI, metadata=FORMATS[ending])
            figure.set_layout_engine("none")  # all files have the layout of the first
    figure.set_layout_engine(layout)
    return paths
