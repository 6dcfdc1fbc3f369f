"""The film of a zoom: the boundary in each window, and where in it the next one lies."""

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

PIXELS, SHOWN = 100, 800
"""An inch of a frame has so many pixels, and is shown for so many milliseconds."""


def film(zoom: Zoom, file: Path) -> Path:
    """Draw a zoom as a GIF that starts again, a frame a window; return its path.

    A frame is the figure `boundary` without its counts of boxes: colours go by rank in the frame
    alone, so that a trial may have another colour in the next one. A rectangle is the next window.
    The title has the width in decades below that of the first. The same zoom gives the same bytes.
    """
    pairs = zip(zoom.frames, [*zoom.frames[1:], None], strict=True)
    figures, images = [_drawn(zoom, *pair) for pair in pairs], list[Image.Image]()
    greys = np.repeat(np.linspace(0, 255, 55).round()[:, np.newaxis], 3, axis=1)
    shades = 255 * colormaps["Spectral_r"](np.linspace(0, 1, 200))[:, :3]
    stalled = 255 * np.array([to_rgb(OUTCOME_COLORS["stalled"])])
    palette = Image.new("P", (1, 1))  # one for all frames, or colours would flicker
    palette.putpalette([*np.concatenate([shades, greys, stalled]).round().astype(int).ravel()])
    with theme():
        for figure in figures:
            figure.draw_without_rendering()  # which lays it out
        boxes = np.array([[one.get_position().extents for one in f.axes] for f in figures])
        low, high = boxes[:, :, :2].max(axis=0), boxes[:, :, 2:].min(axis=0)
        for figure in figures:
            figure.set_layout_engine("none")
            for axes, start, size in zip(figure.axes, low, high - low, strict=True):
                axes.set_position((*start, *size))  # what they show stands at one place in all
            with BytesIO() as drawn:
                figure.savefig(drawn, format="png", dpi=PIXELS)
                image = Image.open(drawn).convert("RGB")
            images.append(image.quantize(palette=palette, dither=Image.Dither.NONE))
    file.parent.mkdir(parents=True, exist_ok=True)
    duration = [SHOWN] * (len(images) - 1) + [2 * SHOWN]
    with complete(file) as temporary:
        images[0].save(temporary, format="GIF", save_all=True, append_images=images[1:],
                       duration=duration, loop=0)  # fmt: skip
    return file


def _drawn(zoom: Zoom, frame: Frame, following: Frame | None) -> Figure:
    (x, y), decades = zoom.axes, -log10(frame.width) or 0.0
    title = f"{zoom.study}, {decades:.1f} decades closer"
    options = Options(x=x, y=y, title=title, inches=(6.4, 5.2))
    figure = draw_boundary(Source.of(frame.results), options, counts=False)
    if following:
        axes, corners = figure.axes[0], []
        extent = np.array(axes.images[0].get_extent()).reshape(2, 2)
        columns = frame.results.trials(zoom.axes, whole=True)
        for name, ends, (low, high) in zip(zoom.axes, following.ends, extent, strict=True):
            values = np.unique(columns[name])  # the middles of cells, which are even on the paper
            at = (np.searchsorted(values, sorted(ends)) + 0.5) / len(values)
            corners.append(low + at * (high - low))
        (left, right), (bottom, top) = corners
        corner, width, height = (left, bottom), right - left, top - bottom
        axes.add_patch(Rectangle(corner, width, height, fill=False, edgecolor="black"))
    return figure
