"""Maps from coarse to fine: against plain loops on pictures of any shape, and on a real study."""

from collections.abc import Mapping, Sequence
from itertools import count, product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

import sweep
from sweep.catalogue import OUTCOMES
from sweep.errors import RequestError
from sweep.runs import evaluation, runner, workers
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

    def evaluate(
        self, _: Study, points: Mapping[str, np.ndarray], *, measures: Sequence[str], threads: Any
    ) -> pd.DataFrame:
        at = tuple(np.searchsorted(one.values, points[one.name]) for one in self.axes)
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
    return levels, stands | {point: point for point in levels}


def losses_differ(values: list[float]) -> bool:
    finite = [value for value in values if value < np.inf]
    return 0 < len(finite) < len(values) or (len(finite) > 0 and max(finite) > 3 * min(finite))


@pytest.mark.parametrize("counts", [(33,), (2, 2), (20, 31), (64, 5), (17, 33)])
def test_what_is_trained_and_shown_is_that_of_the_rule_in_loops(
    tmp_path: Path, counts: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = study(tmp_path, *counts)
    for seed, depth in ((0, 3), (1, 4), (2, 1), (3, 7), (4, 2)):
        picture = Picture(asked, seed)
        monkeypatch.setattr(evaluation, "evaluate", picture.evaluate)
        for by, table, differ in (
            ("outcome", picture.codes, lambda found: len(set(found)) > 1),
            ("final_loss", picture.loss, losses_differ),
        ):
            found = sweep.refine(asked, by, factor=3, depth=depth)
            levels, stands = in_loops(table, depth, differ)
            at = [
                np.searchsorted(one.values, found.trials[one.name]).tolist() for one in picture.axes
            ]
            assert dict(zip(zip(*at, strict=True), found.trials["level"], strict=True)) == levels
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


REFINED = """
[refine]
depth = 4
[record]
loss = "nothing"
parameters = "nothing"
"""


def test_a_run_trains_the_same_points_and_goes_on_after_any_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = study(tmp_path, 40, 64, more=REFINED)
    found = sweep.refine(asked)
    train, left = workers.train, 0

    def ends(*args: Any, **options: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise RuntimeError("killed")
        return train(*args, **options)

    monkeypatch.setattr(workers, "train", ends)
    ended = count(1)
    while True:
        left = next(ended)
        try:
            report = runner.run(asked, tmp_path / "results", chunk=9, threads=2)
            break
        except RuntimeError:
            status = sweep.status(asked, results=tmp_path / "results")
            assert (status.refined, status.trials) == (False, 40 * 64)
            assert status.trained < len(found.trials)
    assert next(ended) > 5
    results = sweep.open_results(tmp_path / "results/map")
    assert results.refined
    assert report.already + report.trained == len(found.trials) == results.trained
    trials = results.trials()
    shared = ["learning_rate", "initial.scale", "final_loss", "outcome", "level"]
    pd.testing.assert_frame_equal(trials[shared], found.trials[shared], check_dtype=False)
    whole = results.trials(["outcome"], whole=True)["outcome"].cat.codes.to_numpy()
    assert (whole.reshape(40, 64) == found.picture("outcome")).all()
    assert runner.run(asked, tmp_path / "results").trained == 0
    for kind in ("boundary", "heatmap", "outcomes"):
        figure = sweep.plot(results, kind, x="initial.scale", y="learning_rate")
        said = " ".join(text.get_text() for text in figure.findobj(Text)).replace("\n", " ")
        assert (
            f"{len(trials):,} of 2,560 points trained, each other one shown as the nearest" in said
        )
    (image,) = figure.axes[0].images
    assert (image.get_array() == whole.reshape(40, 64)).all()
    plan = sweep.plan(asked, results=tmp_path / "results")
    assert (plan.refined, plan.trained, plan.seconds) == (True, len(trials), 0)
    assert plan.refine == "20 trials first, then cells that differ in outcome, split 4 times"
    (listed,) = [one for one in sweep.list(tmp_path / "results") if one.study == "map"]
    assert listed.refined
    assert listed.trained == len(trials)


def test_of_a_full_run_later_the_rest_is_trained(tmp_path: Path) -> None:
    more = REFINED.replace("depth = 4", 'depth = 3\nby = "final_loss"\nfactor = 1e3')
    refined, whole = study(tmp_path, 17, 33, more=more), study(tmp_path, 17, 33)
    plain = sweep.load_study(whole, ["record={loss='nothing', parameters='nothing'}"])
    for at, asked in (("one", refined), ("one", plain), ("other", plain)):
        first = runner.run(asked, tmp_path / at)
        assert (first.already > 0) == (first.trained < 17 * 33 and asked is plain)
    digests = {
        sweep.open_results(tmp_path / at / "map").content_digest() for at in ("one", "other")
    }
    assert len(digests) == 1
    again = sweep.open_results(tmp_path / "one/map", refined)
    assert again.refined
    assert len(again.trials()) == len(again.trials(whole=True)) == 17 * 33
    assert runner.run(refined, tmp_path / "one").trained == 0


@pytest.mark.parametrize(
    ("counts", "more", "options", "line"),
    [
        ((), "", {}, "map: needs one or two axes of ascending numbers, .+ not none of several"),
        ((4, 4), "seed = [0, 1]", {}, "map: needs .+, not learning_rate, initial.scale, seed"),
        ((4, 4), 'where = "learning_rate < 1"', {}, "map: needs one or two axes"),
        ((4,), 'training.optimizer = ["sgd", "adam"]', {}, "map: needs one group"),
        ((4, 4), "", {"factor": 0.5}, "factor: must be a finite number of at least 1, not 0.5"),
        ((4, 4), "", {"depth": 21}, "depth: must be a whole number from 1 to 20, not 21"),
        ((4, 4), "", {"by": "final_los"}, 'by: must be one of "outcome", "initial_loss", "final_'),
    ],
)
def test_what_is_no_map_is_refused(
    tmp_path: Path, counts: tuple[int, ...], more: str, options: dict[str, Any], line: str
) -> None:
    with pytest.raises(RequestError, match=line):
        sweep.refine(study(tmp_path, *counts, more=more), **options)
