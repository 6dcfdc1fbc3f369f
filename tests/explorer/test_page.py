"""The page in a browser, by real events of mouse, wheel, fingers and keys."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sweep
from sweep.study import Study, load_study
from tests.browser import Page, browser, needs_browser
from tests.explorer.conftest import STUDY, TOKEN, Server, command, serving

pytestmark = [pytest.mark.check, needs_browser]

IDLE = "!explorer.busy && explorer.tiles.size > 1"
PLACE = (
    "[Number(explorer.state.cx) / 2 ** 72, Number(explorer.state.cy) / 2 ** 72, "
    "explorer.state.lx, explorer.state.ly]"
)
CARDS = "document.querySelectorAll('.card').length"
STATUS = "document.getElementById('status').textContent"


@pytest.fixture
def page(server: Server, tmp_path: Path) -> Iterator[Page]:
    with browser(tmp_path / "profile") as found:
        found.resize(1000, 620)
        yield opened(found, server)
        # Going back skips what was added to the history without a hand, which is as it should be.
        assert [one for one in found.complaints if "EntryMarkedSkippable" not in one] == []
        assert all(one.startswith(f"http://127.0.0.1:{server.port}/") for one in found.requests)


def opened(page: Page, server: Server, more: str = "&y=initial.scale:linear:1:2") -> Page:
    page.open("about:blank").open(f"http://127.0.0.1:{server.port}/#token={TOKEN}{more}")
    page.wait(f"window.explorer?.state && {IDLE}")
    return page


def middle(page: Page, right: float = 0.0, up: float = 0.0) -> tuple[float, float]:
    """A place of the map, so many pixels from its middle."""
    box = "(() => { const r = document.getElementById('map').getBoundingClientRect();"
    left, top, width, height = page.evaluate(
        f"{box} return [r.left, r.top, r.width, r.height] }})()"
    )
    return left + (112 + width - 14) / 2 + right, top + (12 + height - 62) / 2 - up


def test_hands_move_the_map(page: Page) -> None:
    start = page.evaluate(PLACE)
    assert start[:2] == [0.5, 0.5]
    page.mouse("Wheel", *middle(page), deltaY=-400)
    zoomed = page.evaluate(PLACE)
    assert np.allclose(np.subtract(zoomed, start), [0, 0, 1, 1], atol=1e-3)
    page.wait(IDLE)
    page.drag(middle(page), middle(page, right=-100, up=50))
    dragged = page.evaluate(PLACE)
    # What was to the right and below has come to the middle.
    moved = [100 / 2 ** zoomed[2], -50 / 2 ** zoomed[3]]
    assert np.allclose(np.subtract(dragged, zoomed), [*moved, 0, 0], atol=1e-3)
    page.mouse("Wheel", *middle(page), deltaY=-200, modifiers=8)  # shift
    assert np.allclose(np.subtract(page.evaluate(PLACE), dragged)[2:], [1, 0], atol=1e-3)
    page.click(*middle(page), times=2)
    assert np.allclose(np.subtract(page.evaluate(PLACE), dragged)[2:], [2, 1], atol=1e-3)
    before = page.evaluate(PLACE)
    page.touch("Start", middle(page, right=-50), middle(page, right=50))
    for apart in (60, 75, 100):
        page.touch("Move", middle(page, right=-apart), middle(page, right=apart))
    page.touch("End")
    pinched = page.evaluate(PLACE)
    assert np.allclose(np.subtract(pinched, before), [0, 0, 1, 1], atol=0.02)
    page.evaluate("document.getElementById('map').focus()")
    page.key("ArrowRight", 39)
    assert page.evaluate(PLACE)[0] > pinched[0]
    page.key("+", 187)
    assert page.evaluate(PLACE)[2] > pinched[2] + 0.9
    page.key("0", 48)
    assert np.allclose(page.evaluate(PLACE), start, atol=1e-3)
    page.wait(IDLE)
    page.key("Enter", 13)
    page.wait(CARDS)
    page.key("p", 80)
    assert "Point A" in page.evaluate("document.querySelector('.card h2').textContent")


def test_back_and_a_shared_address_come_to_the_same_place(page: Page, server: Server) -> None:
    page.mouse("Wheel", *middle(page, right=120, up=40), deltaY=-400)
    page.wait("history.length > 1 && location.hash.includes('zoom')")
    page.wait(IDLE)
    first = page.wait(f"location.hash.includes('token') ? 0 : {PLACE}")
    page.evaluate("new Promise((done) => setTimeout(done, 600))")
    shared = page.evaluate("location.hash")
    assert TOKEN not in shared
    page.mouse("Wheel", *middle(page), deltaY=-400)
    page.evaluate("new Promise((done) => setTimeout(done, 600))")
    assert page.evaluate(PLACE) != first
    page.evaluate("history.back()")
    page.wait(f"Math.abs({PLACE}[2] - {first[2]}) < 1e-3")
    assert np.allclose(page.evaluate(PLACE), first, atol=1e-3)
    opened(page, server, "&" + shared.removeprefix("#"))
    assert np.allclose(page.evaluate(PLACE), first, atol=1e-3)


def test_a_saved_window_is_run_to_the_bits_on_the_screen(page: Page, tmp_path: Path) -> None:
    for _ in range(3):
        page.mouse("Wheel", *middle(page, right=-60), deltaY=-200, modifiers=8)
    page.wait(IDLE)
    page.evaluate("new Promise((done) => setTimeout(done, 300))")
    page.wait(IDLE)
    page.evaluate("document.getElementById('save').click()")
    (tmp_path / "window.toml").write_text(page.wait("explorer.saved"))
    table = sweep.run(tmp_path / "window.toml", results=tmp_path / "out").trials()
    run = table.set_index(["learning_rate", "initial.scale"])["final_loss"]
    shown: dict[tuple[float, float], float] = {}
    tiles: list[Any] = json.loads(page.evaluate(
        "JSON.stringify([...explorer.tiles.values()].map("
        "(t) => [[...t.x], [...t.y], [...t.values[0]]]))"
    ))  # fmt: skip
    for x, y, values in tiles:
        shown |= dict(zip(((a, b) for b in y for a in x), values, strict=True))
    assert len(run) > 2000
    # JSON has the shortest decimals of the numbers, which are read back to the same bits.
    assert [shown[at] for at in run.index] == run.tolist()


def test_points_are_looked_at_pinned_and_joined_by_a_line(page: Page) -> None:
    page.mouse("Moved", *middle(page, right=30))
    assert "learning_rate = " in page.evaluate(STATUS)
    for right in (-150, 150):
        page.click(*middle(page, right=right))
        page.wait(
            f"{CARDS} && "
            "[...document.querySelectorAll('.card button')].at(-1).textContent === 'Pin'"
        )
        page.evaluate("[...document.querySelectorAll('.card button')].at(-1).click()")
    assert page.evaluate(
        "[...document.querySelectorAll('.card h2')].map((h) => h.textContent[6])"
    ) == ["A", "B"]
    page.evaluate("document.getElementById('line').click()")
    page.drag(middle(page, right=-200, up=-100), middle(page, right=200, up=100))
    page.wait("document.querySelector('.card h2').textContent.includes('along the line')")
    page.evaluate("document.getElementById('picture').click()")
    page.wait(f"{STATUS}.includes('small_map.png')")


def test_another_map_has_other_points_and_beside_it_there_are_none(page: Page) -> None:
    page.click(*middle(page))
    page.wait(CARDS)
    page.evaluate("document.querySelector('.card button').click()")
    page.evaluate("document.getElementById('line').click()")
    page.drag(middle(page, right=-50), middle(page, right=50))
    # The other axis is chosen while the line is trained.
    page.evaluate(
        "(() => { const one = document.getElementById('x'); one.value = 'seed'; "
        "one.onchange({ target: one }) })()"
    )
    page.wait(f"{IDLE} && {CARDS} === 0")
    assert "seed = " not in page.evaluate(STATUS)
    page.mouse("Wheel", *middle(page), deltaY=400)
    page.drag(middle(page), middle(page, right=150))
    asked = len(page.requests)
    page.click(*middle(page, right=-200))
    page.evaluate("new Promise((done) => setTimeout(done, 500))")
    assert page.evaluate(CARDS) == 0
    assert not [one for one in page.requests[asked:] if one.endswith("points")]


def test_a_zoom_ends_where_neighbours_are_8_ulp_apart(page: Page) -> None:
    for _ in range(70):
        page.mouse("Wheel", *middle(page, right=33), deltaY=-200, modifiers=8)
    assert "neighbours are 8 ulp apart" in page.evaluate(STATUS)
    page.wait(IDLE)
    x = "Math.max(...[...explorer.tiles.values()].map((t) => t.zx))"
    values = page.evaluate(
        f"[...[...explorer.tiles.values()].find((t) => t.zx === {x} && t.side === 6).x]"
    )
    ulps = np.diff(values) / np.spacing(values[:-1])
    assert 8 <= ulps.min() < 20


def test_keys_alone_draw_a_line_whose_last_losses_are_shown(tmp_path: Path) -> None:
    (tmp_path / "last.toml").write_text(STUDY + '[record]\nloss = "last 8"\n')
    with (
        serving(load_study(tmp_path / "last.toml"), tmp_path) as one,
        browser(tmp_path / "profile") as page,
    ):
        opened(page.resize(1000, 620), one)
        for _ in range(40):  # from the start of the page, by the tabulator alone
            page.key("Tab", 9)
            if page.evaluate("document.activeElement.id") == "map":
                break
        page.key("l", 76)
        page.key("Enter", 13)
        for _ in range(3):
            page.key("ArrowRight", 39)
        page.key("Enter", 13)
        page.wait("document.querySelectorAll('.card canvas').length === 2")
        names = "[...document.querySelectorAll('.card canvas')].map((c) => c.ariaLabel)"
        assert page.evaluate(names)[1].startswith("The last 8 losses of each point")
        assert page.evaluate("document.activeElement.id") == "map"
        page.evaluate("document.querySelector('.card button').focus()")
        page.key("Enter", 13)
        page.wait(f"{CARDS} === 0")
        assert not page.complaints


def test_ten_tabs_have_their_maps_and_a_reload_loses_nothing(
    server: Server, tmp_path: Path
) -> None:
    with browser(tmp_path / "profile") as page:
        sessions = []
        for zoom in range(10):
            place = f"&at=800000000000000000,800000000000000000&zoom={9 + zoom / 4},9&size=544x400"
            page.tab().open(f"http://127.0.0.1:{server.port}/#token={TOKEN}{place}")
            sessions.append((page.session, zoom))
        for page.session, zoom in sessions:
            page.call("Page.bringToFront")
            page.wait(f"window.explorer?.state && {IDLE}")
            sides = "[...explorer.tiles.values()].filter((t) => t.zx > 0).map((t) => t.side)"
            assert set(page.evaluate(sides)) == {6}, zoom
        place = page.evaluate(PLACE)
        page.call("Page.reload")
        page.wait(f"performance.now() < 1e5 && window.explorer?.state && {IDLE}")
        assert np.allclose(page.evaluate(PLACE), place, atol=1e-3)
        assert not page.complaints


def test_a_server_that_was_killed_starts_again_with_its_tiles(tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text(STUDY)
    values = "JSON.stringify([...explorer.tiles.values()].map((t) => [...t.values[0]]).sort())"
    deepest = "Math.max(...[...explorer.tiles.values()].map((t) => t.zx))"
    tiles = tmp_path / "cache" / "tiles"
    with browser(tmp_path / "profile") as page:
        with command(tmp_path) as (process, port, token):
            page.open(f"http://127.0.0.1:{port}/#token={token}")
            page.wait(f"window.explorer?.state && {IDLE}")
            shown, first, before = page.evaluate(values), page.session, page.evaluate(deepest)
            written = {one.name: one.stat().st_ino for one in tiles.iterdir()}
            process.kill()
            process.wait()
            page.evaluate("document.getElementById('map').focus()")
            page.key("+", 187)
            page.wait(f"{STATUS}.includes('server does not answer')")
            asked = len(page.requests)
            page.evaluate("new Promise((done) => setTimeout(done, 1500))")
            assert len(page.requests) < asked + 5, "it asks on and on"
            page.key("0", 48)
        with command(tmp_path, port=port) as (_, _, token):
            page.tab().open(f"http://127.0.0.1:{port}/#token={token}")
            page.wait(f"window.explorer?.state && {IDLE}")
            assert page.evaluate(values) == shown
            assert {n: (tiles / n).stat().st_ino for n in written} == written, "trained anew"
            page.session = first  # the old tab has the new server's token of the browser's storage
            page.call("Page.bringToFront")
            page.evaluate("document.getElementById('map').focus()")
            page.key("+", 187)
            page.wait(f"{deepest} > {before}")


GROWING = """
import sys, time, sweep
for end in range(1, 13):
    sweep.run("small.toml", overrides=[f"axes.seed={{ range = [0, {end}] }}"], results=sys.argv[1])
    time.sleep(1.5)
"""


def test_a_run_is_seen_to_grow(study: Study, server: Server, page: Page, tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text(STUDY)
    results = str(server.folder / "results")
    with subprocess.Popen([sys.executable, "-c", GROWING, results], cwd=tmp_path) as run:
        try:
            work = "document.getElementById('work').textContent"
            seen = page.wait(f"{work}.includes('s left') && {work}")
            of = r"run: [\d,]+ of 120 trials, [\d.,]+ a second, [\d,]+ s left"
            assert re.fullmatch(of, seen)
            page.wait(f"{work}.startsWith('120 of 120')")
        finally:
            run.kill()


def test_short_numbers_are_those_that_they_stand_for(page: Page) -> None:
    numbers = [5.688e-10, 1000.3, 1200.4, 1e-10, 0.5, 37.0, 2.0004e20, 123456.7, 1 / 3, -1e-100]
    shown = page.evaluate(
        f"import('/drawing.js').then((one) => {json.dumps(numbers)}.map((v) => one.short(v)))"
    )
    assert np.allclose([*map(float, shown)], numbers, rtol=1e-3, atol=0)
    assert shown[:6] == ["5.688e-10", "1000", "1200", "1e-10", "0.5", "37"]


def test_digits_tell_ends_apart(page: Page) -> None:
    found = page.evaluate(
        "import('/drawing.js').then(({ apart, short, ticks }) => [[0.04, 0.04 + 1e-15], [1, 2]]"
        ".map((ends) => ends.map((one) => short(one, apart(...ends))))"
        ".concat([ticks(0, 1e308, 5).map((one) => one.text), short(Infinity), short('nan')]))"
    )
    assert found[0][0] != found[0][1]
    assert found[1:] == [
        ["1", "2"],
        ["0.0e+0", "2.0e+307", "4.0e+307", "6.0e+307", "8.0e+307", "1.0e+308"],
        "inf",
        "nan",
    ]


@pytest.mark.parametrize(
    "ends",
    [
        "&x=learning_rate:log:1e-300:1e300&y=initial.scale:linear:1:2",
        "&x=learning_rate:linear:0:1e308&y=initial.scale:log:1:1e308",
    ],
)
def test_a_window_is_as_wide_as_numbers_are(page: Page, server: Server, ends: str) -> None:
    opened(page, server, ends)
    page.mouse("Moved", *middle(page, right=150))
    assert "learning_rate = " in page.evaluate(STATUS)
    for _ in range(12):
        page.mouse("Wheel", *middle(page, right=30), deltaY=-200)
    page.wait(IDLE)
    page.click(*middle(page, right=30))
    page.wait(CARDS)


def refused(page: Page) -> str:
    """What the page says; that the server answers 400 is seen in its console too."""
    said: str = page.wait(STATUS)
    page.complaints[:] = [one for one in page.complaints if "status of 400" not in one]
    return said


def test_what_an_address_says_wrongly_is_refused_in_a_line(page: Page, server: Server) -> None:
    for more, said in (
        ("x=learning_rate:log:3:0.001", "learning_rate: must run from a lower to a higher value"),
        ("x=learning_rate:log:0:1", "learning_rate: must have both ends of log"),
        ("x=learning_rate:linear::1", 'the low end must be a finite number, not ""'),
        ('with={"initial.scale":"abc"}', "others: initial.scale: must be a finite number"),
        ("pins=x", "pins: x is no point of a map"),
        ("pins=1.2.3.4", "learning_rate: point 3 of level 1 is outside the window"),
    ):
        opened(page, server, f"&{more}")
        assert said in refused(page)
        shown = "[explorer.state.x.low, explorer.state.x.high, explorer.state.others]"
        assert page.evaluate(shown) == [0.01, 100, {"initial.scale": 1}]
    for low, said in (("abc", '"abc"'), ("1,5", '"1,5"'), ("1e400", '"1e400"'), (" ", '" "')):
        page.evaluate(
            "document.getElementById('status').textContent = '';"
            f"document.querySelector('#ends input').value = '{low}';"
            "document.getElementById('apply').click()"
        )
        assert refused(page) == f"learning_rate: the low end must be a finite number, not {said}"
    page.evaluate(
        "document.querySelector('#ends input').value = '1';document.getElementById('apply').click()"
    )
    page.wait(f"explorer.state.x.low === 1 && {STATUS} === ''")


def test_beside_a_range_there_is_nothing(page: Page, server: Server) -> None:
    opened(page, server, "")  # 12 seeds, on a lattice of 16
    asked = len(page.requests)
    page.click(*middle(page, up=page.evaluate("document.getElementById('map').clientHeight") * 0.4))
    page.wait(f"{STATUS} === 'outside the window'")
    assert not [one for one in page.requests[asked:] if one.endswith("points")]


def test_a_line_on_which_all_diverged_says_so(tmp_path: Path) -> None:
    lost = STUDY.replace("target = 0.1", "target = 1e-9").replace("0.4", "1e-6")
    (tmp_path / "lost.toml").write_text(lost)
    with (
        serving(load_study(tmp_path / "lost.toml"), tmp_path) as one,
        browser(tmp_path / "profile") as page,
    ):
        opened(page.resize(1000, 620), one)
        page.evaluate("document.getElementById('line').click()")
        page.drag(middle(page, right=-200), middle(page, right=200))
        named = "document.querySelector('.card canvas')?.ariaLabel"
        assert page.wait(named).endswith("points along the line: all diverged")
        assert not page.complaints


def test_without_numbers_there_are_no_colours(tmp_path: Path) -> None:
    slow = STUDY.replace("steps = 30", "steps = 1_000_000_000") + '[record]\nloss = "final"\n'
    (tmp_path / "small.toml").write_text(slow)
    with command(tmp_path) as (_, port, token), browser(tmp_path / "profile") as page:
        page.open(f"http://127.0.0.1:{port}/#token={token}")
        page.wait("window.explorer?.state && explorer.busy")
        page.evaluate("document.getElementById('home').click()")
        page.evaluate("new Promise((done) => setTimeout(done, 700))")
        assert page.evaluate("explorer.domain === null")


def test_a_page_with_a_wrong_token_says_so(server: Server, tmp_path: Path) -> None:
    with browser(tmp_path / "profile") as page:
        page.open(f"http://127.0.0.1:{server.port}/#token=wrong")
        assert "token is wrong" in page.wait(STATUS)


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_screen(page: Page, width: int) -> None:
    page.resize(width, 844, phone=width < 500)
    page.wait(IDLE)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    unnamed = "!e.labels?.length && !e.textContent.trim() && !e.getAttribute('aria-label')"
    assert (
        page.evaluate(
            "[...document.querySelectorAll('select, input, button')]"
            f".filter((e) => {unnamed}).length"
        )
        == 0
    )
