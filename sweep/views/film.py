"""The film of a zoom: the boundary in each window, and where in it the next one lies."""

import shutil
import subprocess
from collections.abc import Sequence
from importlib import import_module
from io import BytesIO
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from sweep.errors import RequestError, StoreError
from sweep.runs.zooming import Frame, Zoom
from sweep.store.files import complete
from sweep.views.boundary import draw_boundary
from sweep.views.source import Options, Source
from sweep.views.style import OUTCOME_COLORS, theme

PIXELS, SHOWN = 100, 800
"""An inch of a frame has so many pixels, and is shown for so many milliseconds."""


def encoder() -> str:
    """The program that writes MP4: ffmpeg, the system's or that of the package imageio-ffmpeg.

    Raises:
        RequestError: there is none.
    """
    found = shutil.which("ffmpeg")
    try:
        return found or str(import_module("imageio_ffmpeg").get_ffmpeg_exe())
    except (ImportError, RuntimeError):
        hint = "install it, or pip install imageio-ffmpeg; a GIF needs neither"
        raise RequestError(
            f"--format mp4: is written by ffmpeg, which is not there: {hint}"
        ) from None


def film(zoom: Zoom, file: Path) -> Path:
    """Draw a zoom, a frame a window, as a GIF that starts again or, by its ending, an MP4.

    A frame is the figure `boundary` without its counts of boxes: colours go by rank in the frame
    alone, so that a trial may have another colour in the next one. A rectangle is the next window.
    The title says how many times closer it is than the first. The same zoom gives the same bytes
    of a GIF. Returns the file's path.

    Raises:
        RequestError: an MP4 needs ffmpeg, which is not there.
        StoreError: ffmpeg could not write it.
    """
    program = encoder() if file.suffix == ".mp4" else ""
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
        if program:
            _encode(program, images, temporary, file)
            return file
        images[0].save(temporary, format="GIF", save_all=True, append_images=images[1:],
                       duration=duration, loop=0)  # fmt: skip
    return file


def _encode(program: str, images: Sequence[Image.Image], target: Path, file: Path) -> None:
    """Write `images` as H.264 in colours that any player knows; the last is shown twice as long."""
    width, height = images[0].size
    given = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}"]
    given += ["-framerate", f"1000/{SHOWN}", "-i", "-"]
    wanted = ["-c:v", "libx264", "-crf", "16", "-pix_fmt", "yuv420p", "-r", "25"]
    wanted += ["-movflags", "+faststart", "-f", "mp4", str(target)]
    told = ["-y", "-loglevel", "error"]
    frames = b"".join(image.convert("RGB").tobytes() for image in [*images, images[-1]])
    command = [program, *told, *given, *wanted]
    done = subprocess.run(command, input=frames, capture_output=True, check=False)
    if done.returncode:
        said = done.stderr.decode(errors="replace").split("\n")[0] or f"status {done.returncode}"
        raise StoreError(f"{file}: ffmpeg could not write it: {said}")


def _drawn(zoom: Zoom, frame: Frame, following: Frame | None) -> Figure:
    (x, y), closer = zoom.axes, 1 / frame.width
    title = zoom.study + f", {closer:,.0f} times closer" * (closer > 1)
    options = Options(x=x, y=y, title=title, inches=(6.4, 5.2))
    figure = draw_boundary(Source.of(frame.results), options, counts=False)
    if following:
        axes, corners = figure.axes[0], []
        columns = frame.results.trials(zoom.axes, whole=True)
        for name, ends in zip(zoom.axes, following.ends, strict=True):
            values = np.unique(columns[name])  # the middles of cells, which are even on the paper
            corners.append((np.searchsorted(values, sorted(ends)) + 0.5) / len(values))
        (left, right), (bottom, top) = corners
        shape = Rectangle((left, bottom), right - left, top - bottom, transform=axes.transAxes)
        shape.set(fill=False, edgecolor="black")
        axes.add_patch(shape)
    return figure
