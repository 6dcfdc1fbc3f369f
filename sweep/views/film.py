"""The film of a zoom: the boundary in each window, and where in it the next one lies."""

from collections.abc import Sequence
from io import BytesIO
from math import log10
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from sweep.runs.zooming import Frame, Zoom
from sweep.store.files import complete
from sweep.views.boundary import draw_boundary
from sweep.views.source import Options, Source
from sweep.views.style import OUTCOME_COLORS, theme

PIXELS = 100
"""An inch of a frame."""

SHOWN = 800
"""Milliseconds that a frame is shown; the last one twice as long."""


def film(zoom: Zoom, file: Path) -> Path:
    """Draw a zoom as a GIF that starts again, a frame a window; return its path.

    A frame is the figure `boundary` without its counts of boxes: colours go by rank in the frame
    alone, so that a trial may have another colour in the next one. A rectangle is the next window.
    The title has the width in decades below that of the first. The same zoom gives the same bytes.
    """
    figures = [_drawn(zoom, *pair) for pair in
               zip(zoom.frames, [*zoom.frames[1:], None], strict=True)]  # fmt: skip
    greys = np.repeat(np.linspace(0, 255, 55).round()[:, np.newaxis], 3, axis=1)
    stalled = 255 * np.array([to_rgb(OUTCOME_COLORS["stalled"])])
    shades = 255 * colormaps["Spectral_r"](np.linspace(0, 1, 200))[:, :3]
    palette = Image.new("P", (1, 1))  # one for all frames, or colours would flicker
    palette.putpalette([*np.concatenate([shades, greys, stalled]).round().astype(int).ravel()])
    first, *others = (
        Image.fromarray(one).quantize(palette=palette, dither=Image.Dither.NONE)
        for one in _images(figures)
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    duration = [SHOWN] * len(others) + [2 * SHOWN]
    with complete(file) as temporary:
        first.save(temporary, format="GIF", save_all=True, append_images=others,
                   duration=duration, loop=0)  # fmt: skip
    return file


def _drawn(zoom: Zoom, frame: Frame, following: Frame | None) -> Figure:
    decades = -log10(frame.width) or 0.0
    x, y = zoom.axes
    options = Options(
        x=x, y=y, title=f"{zoom.study}, {decades:.1f} decades closer", inches=(6.4, 5.2)
    )
    figure = draw_boundary(Source.of(frame.results), options, counts=False)
    if following:
        axes, image = figure.axes[0], figure.axes[0].images[0]
        extent = np.array(image.get_extent(), np.float64).reshape(2, 2)
        swept = [one.values for one in frame.results.study.axes if len(one) > 1]
        # Between the middles of the first and the last cell the points are even on the paper.
        place = [
            low
            + (np.searchsorted(_rising(values), sorted(ends)) + 0.5) / len(values) * (high - low)
            for values, ends, (low, high) in zip(swept, following.ends, extent, strict=True)
        ]
        (left, right), (bottom, top) = place
        axes.add_patch(
            Rectangle((left, bottom), right - left, top - bottom, fill=False, edgecolor="black")
        )
    return figure


def _rising(values: np.ndarray) -> np.ndarray:
    return values if values[0] < values[-1] else values[::-1]


def _images(figures: Sequence[Figure]) -> list[np.ndarray]:
    """(height, width, 3) uint8 of each figure; what they show stands at one place in all."""
    with theme():
        for figure in figures:
            figure.set_dpi(PIXELS)
            figure.draw_without_rendering()
        boxes = np.array(
            [[one.get_position().extents for one in figure.axes] for figure in figures]
        )
        low, high = boxes[:, :, :2].max(axis=0), boxes[:, :, 2:].min(axis=0)
        images = []
        for figure in figures:
            figure.set_layout_engine("none")
            for axes, start, size in zip(figure.axes, low, high - low, strict=True):
                axes.set_position((*start, *size))
            with BytesIO() as drawn:
                figure.savefig(drawn, format="png", dpi=PIXELS)
                images.append(np.asarray(Image.open(drawn).convert("RGB")))
    return images
