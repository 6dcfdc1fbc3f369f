"""Maps from coarse to fine: against plain loops on pictures of any shape, and on a real study."""

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import sweep
from sweep.catalogue import OUTCOMES
from sweep.errors import RequestError
from sweep.runs import refinement
from sweep.study import Study

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
[axes]
"""


def study(tmp_path: Path, *counts: int, more: str = "") -> Study:
    names = ("learning_rate", "initial.scale")
    axes = [
        f"{name} = {{ log = [0.1, 100], num = {n}}}" for name, n in zip(names, counts, strict=False)
    ]
    rate = "learning_rate = [1]\n" if not counts else ""
    path = tmp_path / "map.toml"
    path.write_text(TEXT + rate + "\n".join(axes) + "\n" + more)
    return sweep.load_study(path)


class Picture:
    """In place of training: what a picture shows at each point, and how many were asked for."""

    def __init__(self, asked: Study, seed: int) -> None:
        self.axes = [axis for axis in asked.axes if len(axis) > 1]
        shape = [len(axis) for axis in self.axes]
        rng = np.random.default_rng(seed)
        x = np.meshgrid(*[np.linspace(0, 1, n) for n in shape], indexing="ij")
        wave = sum(np.sin(rng.uniform(2, 14) * part + rng.uniform(0, 6)) for part in x)
        self.loss = np.exp(5 * np.asarray(wave))
        self.loss[self.loss > np.exp(6)] = np.inf
        self.codes = np.digitize(wave, [-0.5, 0.9])
        self.asked: list[int] = []
        self.fails_after = 10**9

    def evaluate(
        self, _: Study, points: Mapping[str, np.ndarray], *, measures: Sequence[str], threads: Any
    ) -> pd.DataFrame:
        if len(self.asked) == self.fails_after:
            raise KeyboardInterrupt
        at = tuple(np.searchsorted(one.values, points[one.name]) for one in self.axes)
        self.asked.append(len(at[0]))
        outcome = pd.Categorical.from_codes(self.codes[at], pd.Index(OUTCOMES))
        return pd.DataFrame({**points, "final_loss": self.loss[at], "outcome": outcome})


def in_loops(  # noqa: C901 - the rule at length
    picture: np.ndarray, depth: int, differ: Any
) -> tuple[dict[tuple[int, ...], int], dict[tuple[int, ...], tuple[int, ...]]]:
    """The level of each point that is trained; and the trained point that stands for each point."""
    shape = picture.shape

    def corners(cell: tuple[int, ...], step: int, parts: int) -> list[tuple[int, ...]]:
        sides = [
            sorted({min(c * step + step * part // parts, n - 1) for part in range(parts + 1)})
            for c, n in zip(cell, shape, strict=True)
        ]
        return list(product(*sides))

    def nearest(point: tuple[int, ...], step: int) -> tuple[int, ...]:
        return tuple(
            min(int((p + step // 2) / step) * step, n - 1)
            for p, n in zip(point, shape, strict=True)
        )

    def cells(step: int) -> list[tuple[int, ...]]:
        return list(product(*[range(max(-(-(n - 1) // step), 1)) for n in shape]))

    step, levels = 2**depth, {}
    candidates = cells(step)
    for cell in candidates:
        levels.update(dict.fromkeys(corners(cell, step, 1), 0))
    stands = {point: nearest(point, step) for point in np.ndindex(*shape)}
    for level in range(1, depth + 1):
        split: set[tuple[int, ...]] = set()
        while True:
            found = [
                cell
                for cell in candidates
                if cell not in split
                and differ([picture[p] for p in corners(cell, step, 2) if p in levels])
            ]
            if not found:
                break
            for cell in found:
                for point in corners(cell, step, 2):
                    levels.setdefault(point, level)
            split.update(found)
        for point in stands:
            cell = tuple(
                min(p // step, max(-(-(n - 1) // step), 1) - 1)
                for p, n in zip(point, shape, strict=True)
            )
            if cell in split:
                stands[point] = nearest(point, step // 2)
        step //= 2
        candidates = [c for c in cells(step) if tuple(one // 2 for one in c) in split]
    return levels, stands


def losses_differ(values: list[float]) -> bool:
    finite = [value for value in values if value < np.inf]
    return 0 < len(finite) < len(values) or (len(finite) > 0 and max(finite) > 3 * min(finite))


@pytest.mark.parametrize("counts", [(33,), (2, 2), (20, 31), (64, 5), (17, 33)])
def test_what_is_trained_and_shown_is_that_of_the_rule_in_loops(
    tmp_path: Path, counts: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = study(tmp_path, *counts)
    for seed, depth in ((0, 3), (1, 4), (2, 0), (3, 7), (4, 2)):
        picture = Picture(asked, seed)
        monkeypatch.setattr(refinement, "evaluate", picture.evaluate)
        for by, table, differ in (
            ("outcome", picture.codes, lambda found: len(set(found)) > 1),
            ("final_loss", picture.loss, losses_differ),
        ):
            found = sweep.refine(asked, by, factor=3, depth=depth)
            levels, stands = in_loops(table, depth, differ)
            points = {
                tuple(map(int, np.unravel_index(point, counts))): level
                for point, level in found.trials[["point", "level"]].to_numpy().tolist()
            }
            assert points == levels
            shown = found.picture(by)
            assert shown.shape == counts
            for point, other in stands.items():
                assert shown[point] == table[other], (point, other)
            assert found.share == len(levels) / table.size


def test_rows_are_those_that_evaluate_gives(tmp_path: Path) -> None:
    asked = study(tmp_path, 33, 40)
    found = sweep.refine(asked, depth=3, measures=["best_step", "final_loss"])
    axes = ["learning_rate", "initial.scale"]
    alone = sweep.evaluate(
        asked, found.trials[axes], measures=["best_step", "final_loss", "outcome"]
    )
    pd.testing.assert_frame_equal(found.trials[list(alone)], alone, check_exact=True)
    assert 0.05 < found.share < 0.6
    grid = [axis.ranked[0] for axis in found.axes]
    points = dict(zip(axes, map(np.ravel, np.meshgrid(*grid, indexing="ij")), strict=True))
    whole = sweep.evaluate(asked, points)["outcome"].cat.codes.to_numpy().reshape(33, 40)
    assert (found.picture("outcome") != whole).mean() < 0.02
    assert [axis.name for axis in found.axes] == axes


def test_it_goes_on_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, file = study(tmp_path, 40, 64), tmp_path / "map.parquet"
    picture = Picture(asked, 1)
    monkeypatch.setattr(refinement, "evaluate", picture.evaluate)
    undisturbed = sweep.refine(asked, depth=4)
    batches = len(picture.asked)
    assert batches > 4
    for fails_after in (2, 1):
        picture.fails_after = len(picture.asked) + fails_after
        with pytest.raises(KeyboardInterrupt):
            sweep.refine(asked, depth=4, file=file)
    picture.fails_after = 10**9
    done = sum(picture.asked[batches:])
    found = sweep.refine(asked, depth=4, file=str(file))
    assert sum(picture.asked[batches:]) == len(undisturbed.trials) > done
    pd.testing.assert_frame_equal(found.trials, undisturbed.trials)
    assert (found.row == undisturbed.row).all()
    count = len(picture.asked)
    sweep.refine(asked, depth=4, file=file)
    assert len(picture.asked) == count


@pytest.mark.parametrize(
    ("counts", "more", "options", "line"),
    [
        ((), "", {}, "map: has no whole grid of one or two axes of numbers"),
        ((4, 4), "seed = [0, 1]", {}, "map: has no whole grid of one or two axes of numbers"),
        ((4, 4), 'where = "learning_rate < 1"', {}, "map: has no whole grid"),
        ((4,), 'training.optimizer = ["sgd", "adam"]', {}, "map: has no whole grid"),
        ((4, 4), "", {"factor": 1.0}, "factor must be above 1, depth from 0 to 20"),
        ((4, 4), "", {"depth": 21}, "factor must be above 1, depth from 0 to 20"),
        ((4, 4), "", {"by": "final_los"}, "'final_los' is none that is kept; did you mean final_"),
    ],
)
def test_what_is_no_map_is_refused(
    tmp_path: Path, counts: tuple[int, ...], more: str, options: dict[str, Any], line: str
) -> None:
    with pytest.raises(RequestError, match=line):
        sweep.refine(study(tmp_path, *counts, more=more), **options)


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "map.parquet"
    sweep.refine(study(tmp_path, 8, 8), depth=1, file=file)
    with pytest.raises(RequestError, match="is no refinement of this study with these measures"):
        sweep.refine(study(tmp_path, 8, 9), depth=1, file=file)
    with pytest.raises(RequestError, match="is no refinement of this study"):
        sweep.refine(study(tmp_path, 8, 8), "best_loss", depth=1, file=file)
    file.write_text("mine")
    with pytest.raises(RequestError, match="is no refinement of this study"):
        sweep.refine(study(tmp_path, 8, 8), depth=1, file=file)
    assert file.read_text() == "mine"
