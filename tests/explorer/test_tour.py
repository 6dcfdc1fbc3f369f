"""Good places of shipped studies: inside their windows, and with something to see."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sweep.explorer.answering import tour
from sweep.explorer.tiles import View
from sweep.explorer.windows import window_of, windows_of
from sweep.study import load_study

SHIPPED = sorted(path.stem for path in Path(__file__).parents[2].glob("experiments/*.toml"))
PLACES = [(name, place) for name in SHIPPED for place in tour(name)]


@pytest.mark.parametrize("name", SHIPPED)
def test_every_map_has_a_tour(name: str) -> None:
    axes = [axis.name for axis in load_study(name).axes if window_of(axis)]
    assert bool(tour(name)) or len(axes) < 2
    for place in tour(name):
        assert place.keys() - {"colour"} == {"name", "words", "at", "zoom"}
        assert place["words"].endswith(".")
        for share, zoom in zip(place["at"], place["zoom"], strict=True):
            assert 0.5 ** (zoom + 1) <= share <= 1 - 0.5 ** (zoom + 1), "beyond the study's window"


@pytest.mark.check
@pytest.mark.parametrize(
    ("name", "place"), PLACES, ids=lambda one: None if isinstance(one, dict) else one
)
def test_a_place_has_something_to_see(name: str, place: dict[str, Any]) -> None:
    study = load_study(name)
    windows = windows_of(study, study.groups()[0])[:2]
    shown = [window.axis for window in windows]
    others = {a.name: a.ranked[0][:1].tolist()[0] for a in study.axes if a.name not in shown}
    along = []
    for window, share, zoom in zip(windows, place["at"], place["zoom"], strict=True):
        level = min(zoom + 4, window.depth)
        first = int((share - 0.5 ** (zoom + 1)) * 2**level)
        along.append(window.values(level, first, 2 ** (level - zoom)))
    x, y = (one.ravel() for one in np.meshgrid(*along))
    view = View(study, windows[0], windows[1], tuple(others.items()))
    values, outcome = view.train(x, y)
    losses = values[view.measures.index("final_loss")]
    low, high = np.quantile(losses[np.isfinite(losses)], [0.05, 0.95])
    shares = np.sort(np.bincount(outcome, minlength=3)) / len(outcome)
    assert shares[1] > 0.05 or high > 3 * low, "one outcome, and one height"
