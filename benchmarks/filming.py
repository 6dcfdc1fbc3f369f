"""The pictures and the film of docs/explorer.md: `python -m benchmarks.filming`.

Opens `sweep explore boundary_single` with no tile but its kernels at hand in a headless Chromium,
and looks at it as a reader would, by wheel, mouse and keys. The film is the map as it is while one
dives into it, each frame shown as long as it was; its speed is that of the machine.
"""

import argparse
import base64
import io
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from benchmarks.options import console
from sweep.explorer.answering import tour
from sweep.study import load_study
from sweep.training.compile import cache_directory
from sweep.training.trainer import prepare
from tests.browser import Page, browser
from tests.explorer.conftest import command

STUDY = "boundary_single"
IDLE = "window.explorer?.state && !explorer.busy && explorer.tiles.size > 1"
_FRAME = 0.1  # seconds from one frame of the film to the next, at least
_QUALITY = 45  # of WebP: the film stays below 2 MB


@contextmanager
def opened(width: int, height: int) -> Iterator[Page]:
    """The page in a window of this size, of a server that has no tile yet."""
    with (
        tempfile.TemporaryDirectory() as folder,
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
        command(Path(folder), STUDY) as (_, port, token),
        browser(Path(profile)) as page,
    ):
        page.resize(width, height).open(f"http://127.0.0.1:{port}/#token={token}")
        page.wait("window.explorer?.domain")
        yield page


def middle(page: Page) -> tuple[float, float]:
    """The middle of the map in pixels of the page."""
    x, y = page.evaluate(
        "(() => { const r = map.getBoundingClientRect(); "
        "return [r.left + (112 + r.width - 14) / 2, r.top + (12 + r.height - 62) / 2] })()"
    )
    return x, y


def turn(page: Page, x: float, y: float, halvings: float) -> None:
    """Turn the wheel until the window is halved so often."""
    while halvings > 0:
        page.mouse("Wheel", x, y, deltaY=-200 * min(halvings, 1))
        halvings -= 1


def save(page: Page, file: Path) -> None:
    """Keep the page as a PNG of 256 colours."""
    image = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    image.quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(
        file, optimize=True
    )


def pictures(folder: Path) -> None:
    """Draw the three pictures."""
    with opened(1280, 820) as page:
        x, y = middle(page)
        page.wait(IDLE)
        page.click(x - 117, y - 52)
        page.wait("document.querySelectorAll('.card').length")
        save(page, folder / "explorer.png")
        turn(page, x + 10, y + 60, 4)
        fine = "[...explorer.tiles.values()].filter((t) => t.zx === 7 && t.side === 6).length"
        page.wait(f"{fine} >= 12")
        save(page, folder / "explorer-dive.png")
        page.prefer("dark")
        page.evaluate("document.getElementById('home').click()")
        turn(page, x + 60, y - 10, 1)
        page.wait(IDLE)
        page.evaluate("document.querySelector('.card button').click()")  # pins the point
        page.evaluate("document.getElementById('line').click()")
        page.drag((x - 190, y + 150), (x + 110, y - 170))
        page.wait("document.querySelectorAll('.card').length === 2")
        page.wait(IDLE)
        save(page, folder / "explorer-line.png")


def film(file: Path) -> None:
    """Record a dive to where neighbours are 8 units in the last place apart."""
    place = next(one for one in tour(STUDY) if one["name"] == "8 ulp apart")
    frames: list[tuple[float, Image.Image]] = []
    with opened(980, 640) as page:
        clip = page.evaluate(
            "(() => { const r = document.getElementById('stage').getBoundingClientRect(); "
            "return { x: r.left, y: r.top, width: r.width, height: r.height, scale: 1 } })()"
        )

        def shoot() -> None:
            shot = page.call("Page.captureScreenshot", clip=clip)["data"]
            image = Image.open(io.BytesIO(base64.b64decode(shot))).convert("RGB")
            frames.append((time.monotonic(), image))
            if len(frames) > 1:
                time.sleep(max(0.0, _FRAME - (time.monotonic() - frames[-2][0])))

        def rest(seconds: float) -> None:
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                shoot()

        rest(1.5)
        x, y = middle(page)
        u, v = (f"{int(2**72 * share)}n" for share in place["at"])
        across, up = page.evaluate(
            f"[Number({u} - explorer.state.cx) / 2 ** (72 - explorer.state.lx), "
            f"Number({v} - explorer.state.cy) / 2 ** (72 - explorer.state.ly)]"
        )
        page.mouse("Pressed", x + across, y - up)
        for move in range(1, 9):
            page.mouse("Moved", x + across * (1 - move / 8), y - up * (1 - move / 8), buttons=1)
            shoot()
        page.mouse("Released", x, y)
        for halvings in (5, 7, 13):
            for _ in range(2 * halvings):
                # A part of a pixel is a long way, many halvings later.
                page.evaluate(f"explorer.state.cx = {u}, explorer.state.cy = {v}, 0")
                page.mouse("Wheel", x, y, deltaY=-100)
                shoot()
            rest(1.2)
        rest(1.0)
    ends = [when for when, _ in frames[1:]] + [frames[-1][0] + 1.5]
    times = [int(1000 * (end - when)) for end, (when, _) in zip(ends, frames, strict=True)]
    first, *rest_of = [image for _, image in frames]
    first.save(
        file, save_all=True, append_images=rest_of, duration=times, loop=0, quality=_QUALITY,
        method=6,
    )  # fmt: skip
    size = file.stat().st_size / 1e6
    console.print(f"{file}: {len(frames)} frames, {sum(times) / 1000:.1f} s, {size:.2f} MB")


def main() -> None:
    """Draw all, or only what is named."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--folder", type=Path, default=Path("docs/images"))
    parser.add_argument("--only", choices=["pictures", "film"])
    options = parser.parse_args()
    os.environ["SWEEP_CACHE_DIR"] = str(cache_directory())
    prepare(load_study(STUDY).groups()[0])
    if options.only != "film":
        pictures(options.folder)
    if options.only != "pictures":
        film(options.folder / "explorer.webp")


if __name__ == "__main__":
    main()
