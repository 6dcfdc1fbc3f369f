"""How soon the explorer shows something, in a browser: `python -m benchmarks.exploring`.

Each round starts `sweep explore` with no tile but its kernels at hand, opens the page in a headless
Chromium with a map of 1,024 x 640 pixels, zooms once when the whole view is there, and drags for a
second. The page's own clock is read: from the start of its navigation to the frame after so many
points came, from the wheel's event to the frame after the first tile of another level came, and
between frames. Then a server in this process is asked for new tiles of 32 x 32 points by HTTP: its
own cost is the processor time of all but `train` and what asks. The server trains the first picture
from when it prints its address; the page is opened after a `--pause`. Prints medians, and how many
processes would run at once: beside others' work the clock says little, and processor time more.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from rich.table import Table

from benchmarks.options import console
from sweep.explorer import tiles
from sweep.explorer.windows import windows_of
from sweep.study import load_study
from sweep.training.compile import cache_directory
from sweep.training.trainer import prepare
from tests.browser import Page, browser
from tests.explorer.conftest import command, serving

WATCH = """
let turned = null; Object.assign(window, { seen: {}, beats: [] });
const all = () => [...explorer.tiles.values()], view = (side) => all().filter((t) => t.zx > 0 && t.side >= side).length;
const root = (side) => all().some((t) => t.zx === 0 && t.side >= side), marks = {
  "the first points": () => all().length, "16 x 16": () => root(4) || view(3) >= 32, "32 x 32": () => root(5) || view(3) >= 32,
  "512 x 256": () => view(6) >= 32, "after a zoom": () => turned && all().some((t) => t.zx > turned.zx),
};
addEventListener("wheel", (e) => { turned ??= { at: e.timeStamp, zx: Math.max(...all().map((t) => t.zx)) }; }, true);
const beat = (now) => { // a mark is passed, and a frame later it has been drawn
  beats.push(now); requestAnimationFrame(beat);
  if (window.explorer?.state) for (const [name, came] of Object.entries(marks))
    if (seen[name] === null) seen[name] = performance.now() - (name === "after a zoom" ? turned.at : 0);
    else if (!(name in seen) && came()) seen[name] = null;
};
requestAnimationFrame(beat);
"""  # noqa: E501


def opened(page: Page, study: str, patience: float, pause: float = 1.0) -> dict[str, float]:
    """Milliseconds of one round, and frames a second."""
    with tempfile.TemporaryDirectory() as folder, command(Path(folder), study) as (_, port, token):
        time.sleep(pause)
        page.open("about:blank").open(f"http://127.0.0.1:{port}/#token={token}")
        end = time.monotonic() + patience
        while time.monotonic() < end and not page.evaluate("seen['512 x 256']"):
            time.sleep(0.1)
        x, y = 600.0, 400.0
        page.mouse("Wheel", x, y, deltaY=-200)
        page.wait("seen['after a zoom']")
        found = {name: value for name, value in page.evaluate("seen").items() if value}
        page.evaluate("beats.length = 0")
        before = worked(page)
        start = time.monotonic()
        page.mouse("Pressed", x, y)
        while (since := time.monotonic() - start) < 1.0:
            page.mouse("Moved", x - 200 * since, y + 100 * since, buttons=1)
        work, between = worked(page) - before, np.diff(page.evaluate("beats"))
        page.mouse("Released", x, y)
    found |= {"processor time of a frame": 1000 * work / len(between)}
    return {**found, "frames a second": 1000 / between.mean()}


def worked(page: Page) -> float:
    """Seconds of processor time of the page's thread."""
    page.call("Performance.enable", timeDomain="threadTicks")
    told = page.call("Performance.getMetrics")["metrics"]
    return float(next(one["value"] for one in told if one["name"] == "TaskDuration"))


def costs_of(name: str, count: int) -> np.ndarray:
    """Processor time of `count` new tiles of 32 x 32 in ms: the server's, and that in `train`."""
    study, inside, trained = load_study(name), [0.0], tiles.train
    x, y = (vars(one) for one in windows_of(study, study.groups()[0])[:2])

    def timed(*given: Any, **more: Any) -> object:
        start = time.thread_time()
        found = trained(*given, **more)
        inside[0] += time.thread_time() - start
        return found

    tiles.train, costs = timed, []  # type: ignore[assignment]
    with tempfile.TemporaryDirectory() as folder, serving(study, Path(folder)) as one:
        for i in range(count + 8):  # the first few settle how large a batch is
            view, start = {"x": x, "y": y, "others": {}}, time.process_time() - time.thread_time()
            inside[0] = 0.0
            one.tiles(view, [[6, 6, str(i), "20", 5]], ["tail_loss"], turn=i)
            own = time.process_time() - time.thread_time() - start - inside[0]
            costs.append((1000 * own, 1000 * inside[0]))
    return np.array(costs[8:])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("studies", nargs="*", default=["boundary_single", "boundary_tanh"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--patience", type=float, default=20.0, help="seconds for the whole view")
    parser.add_argument(
        "--pause", type=float, default=1.0, help="seconds from the printed address to its opening"
    )
    options = parser.parse_args()
    os.environ["SWEEP_CACHE_DIR"] = str(cache_directory())
    for name in options.studies:
        prepare(load_study(name).groups()[0])
        with (
            tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
            browser(Path(profile)) as page,
        ):
            page.resize(1480, 811)
            page.call("Page.addScriptToEvaluateOnNewDocument", source=WATCH)
            rounds = [
                opened(page, name, options.patience, options.pause) for _ in range(options.rounds)
            ]
            size = page.evaluate("[map.clientWidth - 126, map.clientHeight - 74].join(' x ')")
        table = Table("ms", "median", "of", title=f"{name}, a map of {size} pixels")
        for what in dict.fromkeys(what for one in rounds for what in one):
            values = [one[what] for one in rounds if what in one]
            table.add_row(what, f"{median(values):.0f}", ", ".join(f"{v:.0f}" for v in values))
        console.print(table)
        console.print(f"processes that would run, over the last minute: {os.getloadavg()[0]:.1f}")
    own, inside = np.median(costs_of("boundary_single", 30), axis=0)
    console.print(f"a tile of 32 x 32: {own:.1f} ms of the server's own, {inside:.1f} ms training")


if __name__ == "__main__":
    main()
