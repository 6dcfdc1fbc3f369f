"""The page as HTML: whole, escaped, and allowed to do nothing but what is its own."""

import base64
import hashlib
import re
from html import unescape
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from sweep.views.report.page import LARGEST_DRAWING, picture
from sweep.views.report.writing import LONGEST_LINE, MOST_LINES, listing
from tests.views.report.small import HOSTILE, report, trials

VOID = {"meta", "link", "img", "br"}


class Outline(HTMLParser):
    """The elements of a page, and the text of some."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def text(self, tag: str) -> str:
        """All text in elements of this tag."""
        return "".join(self.texts[tag])

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts.setdefault(self.open[-1], []).append(data)


@pytest.fixture(scope="module")
def hostile() -> str:
    groups = [trials(**{"training.optimizer": name}) for name in (HOSTILE, "sgd")]
    table = pd.concat(groups, ignore_index=True)
    axes = ["training.optimizer", "learning_rate", "seed"]
    return report(table, axes=axes, text=HOSTILE)


def test_text_stays_text_wherever_it_stands(hostile: str) -> None:
    outline = Outline(hostile)
    assert outline.open == []
    assert [tag for tag, _ in outline.tags].count("script") == 1
    assert not any(name.startswith("on") for _, attrs in outline.tags for name in attrs)
    # name, title twice, question, a fact's name and value, file, edit, a picture's words twice,
    # the study as run; and values of an axis in sentences and tables
    assert unescape(hostile).count(HOSTILE) > 12
    assert HOSTILE not in hostile
    assert "49" not in outline.text("h1")


def test_nothing_is_asked_of_any_other_place(hostile: str) -> None:
    for tag, attrs in Outline(hostile).tags:
        for name in ("src", "href", "srcset", "data", "action"):
            assert (attrs.get(name) or "data:").startswith("data:"), (tag, attrs)
    style = Outline(hostile).text("style")
    assert "url(" not in style
    assert "@import" not in style


def test_the_policy_allows_its_own_style_and_script_alone(hostile: str) -> None:
    outline = Outline(hostile)
    (policy,) = (
        attrs["content"] or "" for tag, attrs in outline.tags
        if tag == "meta" and attrs.get("http-equiv") == "Content-Security-Policy"
    )  # fmt: skip
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    digests = {
        tag: base64.b64encode(
            hashlib.sha256("".join(outline.texts[tag]).encode()).digest()
        ).decode()
        for tag in ("style", "script")
    }
    assert rules == {
        "default-src": "'none'",
        "img-src": "data:",
        "style-src": f"'sha256-{digests['style']}'",
        "script-src": f"'sha256-{digests['script']}'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }


def test_every_part_has_a_name_of_its_own(hostile: str) -> None:
    names = [attrs["id"] for _, attrs in Outline(hostile).tags if "id" in attrs]
    assert len(names) == len(set(names)) > 8
    for _, attrs in Outline(hostile).tags:
        assert attrs.get("aria-labelledby", "found") in names


def test_every_table_sorts_by_buttons(hostile: str) -> None:
    heads = re.findall(r"<th [^>]*>(.*?)</th>", hostile)
    assert len(heads) > 20
    assert all(head.startswith('<button type="button">') for head in heads)


@pytest.mark.parametrize(
    ("table", "axes", "rate"),
    [
        (trials([1.0], seeds=1), (), None),
        (trials([1.0], seeds=1), ("learning_rate",), "learning_rate"),
        (trials([10.0, 20.0]).query("seed > 0"), ("learning_rate", "seed"), "learning_rate"),
        (trials(), ("learning_rate", "seed"), None),
        (trials().assign(initial_loss=np.nan), ("learning_rate", "seed"), "learning_rate"),
    ],
    ids=["one trial", "one value", "all diverged", "no rate", "no loss before the first step"],
)
def test_every_shape_of_study_has_a_page(
    table: pd.DataFrame, axes: tuple[str, ...], rate: str | None
) -> None:
    page = report(table, axes=axes, rate=rate)
    assert Outline(page).open == []
    assert "What was found" in page


def test_a_large_study_has_a_small_page() -> None:
    table = trials(np.geomspace(1e-3, 1.0, 2000), seeds=50)
    page = report(table)
    assert len(page) < 500_000
    assert "200 rows of 2,000, evenly spread, and the lowest final loss of each group." in page
    assert "The lowest by final loss of 100,000 trials" in page


def test_a_drawing_too_large_becomes_pixels() -> None:
    figure = Figure(figsize=(4, 3))
    figure.subplots().plot(*np.random.default_rng(1).normal(size=(2, 20_000)), "o")
    made = picture(figure, "dots")
    assert made.source.startswith("data:image/png;base64,")
    assert len(made.source) < LARGEST_DRAWING
    assert (made.width, made.height) == (384, 288)


def test_a_map_of_many_cells_is_pixels_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    figure, asked = Figure(figsize=(4, 3)), list[str]()
    figure.subplots().imshow(np.zeros((600, 600)))
    save = figure.savefig

    def noted(*arguments: object, **choices: object) -> None:
        asked.append(str(choices["format"]))
        save(*arguments, **choices)  # type: ignore[arg-type]

    monkeypatch.setattr(figure, "savefig", noted)
    assert picture(figure, "").source.startswith("data:image/png;base64,")
    assert asked == ["png"]


def test_a_drawing_is_the_same_each_time_and_needs_no_font() -> None:
    def drawn() -> str:
        figure = Figure(figsize=(4, 3))
        figure.subplots().set(xlabel="η")
        return picture(figure, "").source

    assert drawn() == drawn()
    kind, _, data = drawn().partition(",")
    assert kind == "data:image/svg+xml;base64"
    assert b"<text" not in base64.b64decode(data)


def test_a_short_file_is_whole() -> None:
    assert listing("a = 1\n\n# b\n") == "a = 1\n\n# b"


def test_a_long_line_keeps_its_ends_and_says_what_is_gone() -> None:
    values = ", ".join(str(n) for n in range(100_000))
    text = listing(f"x = [{values}]")
    assert len(text) < 2 * LONGEST_LINE
    assert text.startswith("x = [0, 1, 2, ")
    assert text.endswith("99998, 99999]")
    left = len(f"x = [{values}]") - 200 - 75
    assert f" [{left:,} characters left out] " in text


def test_of_many_lines_the_rest_is_counted() -> None:
    text = listing("\n".join(map(str, range(MOST_LINES + 1234))))
    assert text.splitlines()[-2:] == [str(MOST_LINES - 1), "[1,234 lines more]"]
