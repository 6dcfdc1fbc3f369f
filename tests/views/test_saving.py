"""Saved figures: complete, the same bytes every time, and apart from the caller's settings."""

import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from sweep.views.curves import curves
from sweep.views.maps import heatmap
from sweep.views.saving import fits, save_figure
from sweep.views.style import Look


def test_a_figure_is_saved_twice_with_text_as_text(
    curve_table: pd.DataFrame, tmp_path: Path
) -> None:
    figure = curves(
        curve_table, hue="learning_rate", look=Look(title="costs $5 & <more> than a_b^c")
    )
    png, svg = save_figure(figure, tmp_path / "figures", "curves")
    assert png.read_bytes()[:4] == b"\x89PNG"
    assert sorted(path.name for path in png.parent.iterdir()) == ["curves.png", "curves.svg"]
    text = svg.read_text()
    assert "costs $5 &amp; &lt;more&gt; than a_b^c" in text
    assert "learning rate η" in text


def test_a_figure_is_saved_in_the_formats_asked_for(
    curve_table: pd.DataFrame, tmp_path: Path
) -> None:
    first, again = (
        [
            path.read_bytes()
            for path in save_figure(
                curves(curve_table, hue="learning_rate"), tmp_path, name, ["pdf", "svg", "png"]
            )
        ]
        for name in ("one", "two")
    )
    assert first == again
    assert first[0][:5] == b"%PDF-"
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "one.pdf", "one.png", "one.svg", "two.pdf", "two.png", "two.svg",
    ]  # fmt: skip


def test_a_title_in_letters_that_the_font_lacks_is_saved(
    curve_table: pd.DataFrame, tmp_path: Path
) -> None:
    figure = curves(curve_table, hue="learning_rate", look=Look(title="学習率"))
    assert "学習率" in save_figure(figure, tmp_path, "curves")[1].read_text()


def test_the_callers_settings_neither_matter_nor_change(
    trial_table: pd.DataFrame, tmp_path: Path
) -> None:
    def drawn(name: str) -> list[bytes]:
        figure = heatmap(trial_table, x="learning_rate", y="seed")
        return [path.read_bytes() for path in save_figure(figure, tmp_path, name)]

    usual = drawn("usual")
    with mpl.rc_context({"savefig.facecolor": "pink", "font.size": 31, "svg.fonttype": "path"}):
        before = dict(mpl.rcParams)
        assert drawn("odd") == usual
        assert dict(mpl.rcParams) == before
    assert not plt.get_fignums()


def test_a_heatmap_in_svg_is_one_picture_of_modest_size(tmp_path: Path) -> None:
    n = 300
    noise = np.random.default_rng(1).random(n * n)
    table = pd.DataFrame(
        {
            "learning_rate": np.repeat(np.arange(n), n),
            "training.steps": np.tile(np.arange(n), n),
            "final_loss": noise,
            "outcome": "stalled",
        }
    )
    _, svg = save_figure(heatmap(table, x="learning_rate", y="training.steps"), tmp_path, "map")
    assert svg.stat().st_size < 3_000_000
    assert svg.read_text().count("<image") == 2  # the map and its colour bar


@pytest.mark.parametrize("size", [None, (7.0, 4.5), (5.0, 4.0)])
def test_words_have_room_in_figures_of_the_usual_sizes(
    size: tuple[float, float] | None, curve_table: pd.DataFrame, trial_table: pd.DataFrame
) -> None:
    look = Look(title="a title", size=size)
    assert fits(curves(curve_table, hue="learning_rate", look=look))
    assert fits(heatmap(trial_table, x="learning_rate", y="seed", look=look))


@pytest.mark.parametrize(
    ("size", "title"),
    [
        ((1.0, 1.0), "a title"),  # axes collapse
        ((4.0, 1.2), "a title"),  # the legend leaves the figure
        ((3.0, 1.5), "a long title of words that take three lines " * 3),
    ],
)
def test_words_without_room_are_told(
    size: tuple[float, float], title: str, curve_table: pd.DataFrame
) -> None:
    assert not fits(curves(curve_table, hue="learning_rate", look=Look(title=title, size=size)))


def test_the_command_draws_without_scipy_and_leaves_it_to_others() -> None:
    script = (
        "import sys; from sweep.cli.studies import import_seaborn; import_seaborn()\n"
        "import sweep.views.kinds; print('scipy' in sys.modules, 'seaborn' in sys.modules)\n"
        "import scipy.stats"
    )
    said = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout
    assert said.split() == ["False", "True"]
