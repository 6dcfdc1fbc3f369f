"""Zooms: what each window trains, where the next one lies, and what is no zoom."""

import json
from pathlib import Path

import numpy as np
import pytest

import sweep
from sweep.errors import RequestError
from sweep.runs.studies import train
from sweep.runs.zooming import WINDOWS, Zoom, richest

TEXT = """
[network]
layers = [2, 2, 2]
[data]
inputs = [[0.05, 0.10]]
targets = [[0.01, 0.99]]
[initial]
scheme = "uniform"
[training]
steps = 40
[outcome]
target = 0.02
diverged_above = 0.3
[axes]
learning_rate = { log = [0.1, 100], num = 9 }
initial.scale = { linear = [0.5, 30], num = 21 }
"""
RATE, SCALE = "learning_rate", "initial.scale"


@pytest.fixture
def study(tmp_path: Path) -> Path:
    path = tmp_path / "map.toml"
    path.write_text(TEXT)
    return path


def points(found: Zoom) -> list[set[tuple[float, float]]]:
    """The points of each frame."""
    tables = [one.results.trials([RATE, SCALE]) for one in found.frames]
    return [set(zip(one[RATE], one[SCALE], strict=True)) for one in tables]


def trained(found: Zoom) -> list[int]:
    return [one.trained for one in found.frames]


@pytest.mark.parametrize(("at", "factor"), [((3.0, 12.5), 2), ("boundary", 2), ("0.1,30", 4)])
def test_a_window_trains_what_none_before_had(
    at: str | tuple[float, float], factor: int, study: Path, tmp_path: Path
) -> None:
    found = sweep.zoom(study, at, 3, factor=factor, size=8, results=tmp_path, progress=False)
    assert [one.width for one in found.frames] == [float(factor) ** -n for n in range(4)]
    seen: set[tuple[float, float]] = set()
    for frame, asked, count in zip(found.frames, points(found), trained(found), strict=True):
        assert len(asked) == frame.diverged.size == 64
        assert count == len(asked - seen)
        seen |= asked
    if not isinstance(at, str):  # in the middle of each window but the first
        for frame in found.frames[1:]:
            assert all(low < one < high for one, (low, high) in zip(at, frame.ends, strict=True))
    again = sweep.zoom(study, at, 4, factor=factor, size=8, results=tmp_path, progress=False)
    assert trained(again)[:4] == [0, 0, 0, 0]
    assert points(again)[:4] == points(found)
    noted = json.loads((found.directory / WINDOWS).read_text())["windows"]
    study_of_last = sweep.load_study(study, noted[-1]["set"])
    assert sweep.open_results(found.directory, study_of_last).trained == 64


def test_a_window_half_of_which_was_trained_trains_the_other_half(
    study: Path, tmp_path: Path
) -> None:
    """Up to a level further, where of that half every second point was there."""

    def window(level: int, first: int) -> list[str]:
        lattice = f"level = {level}, first = {first}, num = 8"
        return [f"axes.{RATE}={{ log = [0.1, 100], {lattice} }}",
                f"axes.{SCALE}={{ linear=[0.5, 30], level=6, first=9, num=8 }}"]  # fmt: skip

    def count(level: int, first: int) -> int:
        return train(study, window(level, first), results=tmp_path, progress=False).trained

    assert [count(6, 20), count(6, 24), count(6, 16), count(7, 40)] == [64, 32, 32, 32]


def test_an_interrupted_zoom_goes_on(study: Path, tmp_path: Path) -> None:
    commits: list[int] = []

    def stop(_: object) -> None:
        commits.append(1)
        if len(commits) == 3:
            raise ZeroDivisionError

    whole = sweep.zoom(study, depth=3, size=8, results=tmp_path / "whole", progress=False)
    with pytest.raises(ZeroDivisionError):
        sweep.zoom(study, depth=3, size=8, results=tmp_path / "cut", progress=stop, threads=1)
    rest = sweep.zoom(study, depth=3, size=8, results=tmp_path / "cut", progress=False)
    assert sum(trained(rest)) < sum(trained(whole))
    assert [one.overrides for one in rest.frames] == [one.overrides for one in whole.frames]
    for one, other in zip(rest.frames, whole.frames, strict=True):
        assert one.results.content_digest() == other.results.content_digest()


@pytest.mark.parametrize("seed", range(5))
def test_the_richest_part_has_most_boundary_cells(seed: int) -> None:
    """Against loops over every part; of equally rich ones the nearest to the middle."""
    drawn = np.random.default_rng(seed)
    side = drawn.random((13, 13)) < drawn.choice([0.02, 0.5, 0.97])
    width = int(drawn.integers(1, 7))
    counts = {}
    for row in range(13 - width):
        for column in range(13 - width):
            counts[row, column] = sum(
                0 < side[i : i + 2, j : j + 2].sum() < 4
                for i in range(row, row + width)
                for j in range(column, column + width)
            )
    most, middle = max(counts.values()), (12 - width) / 2
    rich = [at for at, count in counts.items() if count == most]
    nearest = min(rich, key=lambda at: (at[0] - middle) ** 2 + (at[1] - middle) ** 2)
    assert richest(side, width) == (list(nearest) if most else None)


def test_the_next_window_is_the_richest_part(study: Path, tmp_path: Path) -> None:
    found = sweep.zoom(study, depth=2, size=16, results=tmp_path, progress=False)
    for frame, following in zip(found.frames, found.frames[1:], strict=False):
        corner = richest(frame.diverged, 8)
        assert corner is not None
        table = frame.results.trials([RATE, SCALE])
        first = table.iloc[corner[0] * 16 + corner[1]]
        assert (first[RATE], first[SCALE]) == tuple(low for low, _ in following.ends)
    none = sweep.zoom(study, size=4, overrides=["outcome.diverged_above=1e9"], results=tmp_path)
    assert (len(none.frames), none.ended) == (1, "this window has no boundary to go on towards")


def test_a_zoom_ends_where_rounding_would_begin(study: Path, tmp_path: Path) -> None:
    """Eight ulp of 29 are 2^-45: 29.5 has 2^49.88 such cells, and level 46 is the last of these."""
    found = sweep.zoom(
        study, (50.0, 29.0), 60, factor=16, size=16, results=tmp_path, progress=False
    )
    assert [one.width for one in found.frames] == [2.0 ** (-4 * n) for n in range(12)]
    assert "less than 8 units in the last place apart" in found.ended
    narrow = ["axes={ learning_rate={ linear=[1, 1.0000000000001], num=4 } }",
              "axes.initial.scale={ linear=[1, 2], num=4 }"]  # fmt: skip
    with pytest.raises(RequestError, match="map: cannot be zoomed: closer neighbours would be"):
        sweep.zoom(study, size=256, overrides=narrow, results=tmp_path)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"at": "1"}, "--at: must be X,Y, of learning_rate and initial.scale, or boundary, not"),
        ({"at": (1, 2, 3)}, "--at: must be X,Y"),
        ({"at": None}, "--at: must be X,Y"),
        ({"at": np.array([1, 2, 3])}, "--at: must be X,Y"),
        ({"at": (10**400, 2)}, "--at: learning_rate must be a number from"),
        ({"at": "1,200"}, '--at: initial.scale must be a number from 0.5 to 30.0, not "200"'),
        ({"at": "nan,1"}, '--at: learning_rate must be a number from 0.1 to 100.0, not "nan"'),
        ({"at": "one,1"}, '--at: learning_rate must be a number from 0.1 to 100.0, not "one"'),
        ({"depth": -1}, "--depth: must be from 0 to 60, not -1"),
        ({"size": 100}, "--size: must be a power of two from 4 to 8192, not 100"),
        ({"factor": 3}, "--factor: must be a power of two from 2 to 16, not 3"),
        ({"factor": 1}, "--factor: must be a power of two"),
        ({"overrides": ["axes.initial.scale=[1, 2]"]}, "zoom needs two axes of linear or log"),
        ({"overrides": ["axes.seed=[1, 2]"]}, "several values of: .*, seed"),
        ({"overrides": ["axes.initial.scale={ log=[1, 9], random=9 }"]}, "zoom needs two axes"),
    ],
)
def test_what_is_no_zoom_is_refused_in_one_line(
    options: dict[str, object], words: str, study: Path, tmp_path: Path
) -> None:
    with pytest.raises(RequestError, match=words) as refused:
        sweep.zoom(study, results=tmp_path / "none", **options)  # type: ignore[arg-type]
    assert str(refused.value).isprintable()
    assert not (tmp_path / "none").exists()
