"""The page in a real browser: no complaint, no request, every picture there, tables that sort."""

import math
import re
import struct
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from tests.browser import Page, browser, needs_browser
from tests.views.report.small import HOSTILE, report, trials

pytestmark = [needs_browser, pytest.mark.check]

SORTED = """
(function (title, column) {
  const head = [...document.querySelectorAll("h3")].find((one) => one.textContent === title);
  const table = head.parentElement.querySelector(`[aria-labelledby="${head.id}"] table`);
  const names = [...table.tHead.rows[0].cells];
  const at = names.findIndex((one) => one.textContent === column);
  names[at].querySelector("button").click();
  return {
    sort: names.map((one) => one.getAttribute("aria-sort")).filter((one) => one !== null),
    here: names[at].getAttribute("aria-sort"),
    cells: [...table.tBodies[0].rows].map((row) => row.cells[at].textContent),
  };
})
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A browser with the report of a hostile study."""
    directory = tmp_path_factory.mktemp("browser")
    groups = [trials(**{"training.optimizer": name}) for name in (HOSTILE, "sgd", "adam")]
    table = pd.concat(groups, ignore_index=True)
    axes = ["training.optimizer", "learning_rate", "seed"]
    path = directory / "report.html"
    path.write_text(report(table, axes=axes, text=HOSTILE), encoding="utf-8")
    with browser(directory / "profile") as one:
        yield one.open(path)


def test_the_browser_has_nothing_to_complain_of(page: Page) -> None:
    assert page.complaints == []
    assert page.requests == []
    assert page.evaluate("document.title") == " ".join(HOSTILE.split())


def test_a_complaint_would_be_heard(page: Page, tmp_path: Path) -> None:
    """The check above can fail: it hears of what the policy forbids, and of requests."""
    good = Path(page.evaluate("location.href").removeprefix("file://"))
    foreign = "<body style='color:red'><img src='https://example.invalid/x'><script>boom()</script>"
    bad = tmp_path / "bad.html"
    bad.write_text(good.read_text(encoding="utf-8").replace("<body>", foreign), encoding="utf-8")
    page.open(bad)
    complaints, requests = " ".join(page.complaints), list(page.requests)
    page.complaints.clear()
    page.requests.clear()
    page.open(good)
    for directive in ("style-src", "img-src", "script-src"):
        assert re.search(rf"Content Security Policy directive:? ['\"]{directive}", complaints)
    assert requests == ["https://example.invalid/x"]


def test_every_picture_is_there(page: Page) -> None:
    sizes = page.evaluate("[...document.images].map((one) => [one.naturalWidth, one.alt])")
    assert len(sizes) == 1
    assert all(width > 0 and words for width, words in sizes)


def test_text_of_a_study_made_no_element(page: Page) -> None:
    assert page.evaluate("document.scripts.length") == 1
    strange = "img[onerror], body > :not(header, main, footer, script)"
    assert page.evaluate(f"document.querySelectorAll('{strange}').length") == 0


def test_numbers_sort_as_numbers_and_what_is_none_comes_last(page: Page) -> None:
    up = page.evaluate(f"{SORTED}('Trials', 'final loss')")
    assert up["sort"] == [up["here"]] == ["ascending"]
    down = page.evaluate(f"{SORTED}('Trials', 'final loss')")
    assert down["here"] == "descending"
    numbers = [[float(cell) for cell in one["cells"] if cell != "–"] for one in (up, down)]
    assert numbers[0] == sorted(numbers[0])
    assert numbers[1] == sorted(numbers[0], reverse=True)
    assert len(numbers[0]) == 27
    for one in (up, down):  # nine trials diverged
        assert one["cells"][27:] == ["–"] * 9
    whole = page.evaluate(f"{SORTED}('Trials', 'trial')")["cells"]
    assert whole == [str(n) for n in range(12) for _ in range(3)]  # as text 10 comes before 2


def test_text_sorts_as_text_and_one_column_at_a_time(page: Page) -> None:
    up = page.evaluate(f"{SORTED}('Trials', 'outcome')")
    assert up["cells"] == ["converged"] * 12 + ["diverged"] * 9 + ["stalled"] * 15
    assert up["sort"] == ["ascending"]


@pytest.mark.parametrize("width", [320, 390, 1400])
def test_the_page_never_scrolls_sideways(page: Page, width: int) -> None:
    page.resize(width, phone=width < 500)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    picture = page.evaluate("document.images[0].getBoundingClientRect().width")
    assert 0 < picture <= width
    shot = page.screenshot()
    assert struct.unpack(">II", shot[16:24])[0] == width


def test_the_keyboard_reaches_what_scrolls_and_sorts(page: Page) -> None:
    reached = "th button, .scroll, pre, summary"
    places = page.evaluate(f"[...document.querySelectorAll('{reached}')].map((e) => e.tabIndex)")
    assert len(places) > 20
    assert set(places) == {0}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(page: Page, scheme: str) -> None:
    page.prefer(scheme)
    pairs = page.evaluate("""
      ["body", ".note", "th", "summary", "figcaption", "dt"].map((name) => {
        const one = document.querySelector(name);
        let ground = one;
        while (getComputedStyle(ground).backgroundColor === "rgba(0, 0, 0, 0)") {
          ground = ground.parentElement;
        }
        return [getComputedStyle(one).color, getComputedStyle(ground).backgroundColor];
      })
    """)
    for text, ground in pairs:  # WCAG 2.1, success criterion 1.4.3
        assert contrast(text, ground) >= 4.5, (text, ground)
    figure = page.evaluate("getComputedStyle(document.images[0]).backgroundColor")
    assert figure == "rgb(255, 255, 255)"


def luminance(color: str) -> float:
    """WCAG's relative luminance of "rgb(1, 2, 3)"."""
    channels = [int(part) / 255 for part in color.strip("rgb()").split(",")]
    linear = [c / 12.92 if c <= 0.03928 else math.pow((c + 0.055) / 1.055, 2.4) for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted(map(luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def test_it_prints_on_some_pages(page: Page) -> None:
    made = page.pdf()
    assert made.startswith(b"%PDF")
    assert 2 <= made.count(b"/Type /Page\n") <= 12


def test_headings_are_printed_as_text(page: Page) -> None:
    """A button at the head of a table is printed on the first of its pages only."""
    page.call("Emulation.setEmulatedMedia", media="print")
    found = page.evaluate("""
      [...document.querySelectorAll("th")].map((head) => [
        getComputedStyle(head.querySelector("button")).display,
        getComputedStyle(head, "::before").content === JSON.stringify(head.textContent),
      ])
    """)
    page.call("Emulation.setEmulatedMedia", media="")
    assert len(found) > 20
    assert set(map(tuple, found)) == {("none", True)}
    assert page.evaluate("getComputedStyle(document.querySelector('th button')).display") != "none"
