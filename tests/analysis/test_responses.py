"""Trials are laid out by what they are, whatever their rows' order and their seeds' numbers."""

from math import inf, nan

import numpy as np
import pandas as pd
import pytest

from sweep.analysis import Bootstrap, Choices, Responses, find
from sweep.analysis.responses import levels, rate_axis
from sweep.errors import RequestError
from tests.analysis.frames import frame, three_seeds
from tests.analysis.random_frames import random_frame

AXES = ["learning_rate", "seed"]
CHOICES = Choices(bootstrap=Bootstrap(resamples=50))


def one(
    axes: dict[str, object], final: float = 0.5, outcome: str = "stalled"
) -> tuple[object, ...]:
    return (*axes.values(), 1.0, final, 1.0, None, outcome)


def test_every_trial_has_its_cell() -> None:
    found = Responses.of(three_seeds(), AXES)
    assert (found.rate, found.seeds, found.along, found.paired) == (
        "learning_rate", ("seed",), (), True,
    )  # fmt: skip
    assert found.rates.tolist() == [[0.1, 1.0, 10.0, 100.0]]
    assert np.sort(found.rows.ravel()).tolist() == list(range(12))
    cells = found.cells("final_loss")
    assert np.sort(cells[0, 3]).tolist() == [0.4, inf, inf]
    seeds = three_seeds()["seed"].to_numpy()[found.rows]
    assert (seeds == seeds[:, :1]).all()  # a layer is one seed


@pytest.mark.parametrize("seed", range(4))
def test_the_order_of_rows_changes_nothing(seed: int) -> None:
    table = random_frame(seed)
    other = table.sample(frac=1, random_state=seed)
    a, b = (find(Responses.of(t, AXES), choices=CHOICES) for t in (table, other))
    pd.testing.assert_frame_equal(a.best, b.best)
    pd.testing.assert_frame_equal(a.summary, b.summary)


@pytest.mark.parametrize("seed", range(4))
def test_the_numbers_of_seeds_change_nothing(seed: int) -> None:
    table = random_frame(seed)
    named = np.array([77, 5, 2**62, 0, 9])[table["seed"]]
    a, b = (find(Responses.of(t, AXES), choices=CHOICES) for t in (table, table.assign(seed=named)))
    pd.testing.assert_frame_equal(a.best, b.best)
    pd.testing.assert_frame_equal(a.summary, b.summary)


def test_all_other_axes_make_groups_and_repeats_are_one_seed() -> None:
    rows = [
        one({"optimizer": o, "momentum": m, "learning_rate": r, "seed": s, "batch_seed": s})
        for o in ("sgd", "adam") for m in (0.0, 0.9) for r in (1.0, 0.1) for s in (3, 4)
    ]  # fmt: skip
    axes = ["optimizer", "momentum", "learning_rate", "seed", "batch_seed"]
    found = Responses.of(frame(axes, rows), axes)
    assert found.seeds == ("seed", "batch_seed")
    assert found.groups.to_numpy().tolist() == [
        ["adam", 0.0],
        ["adam", 0.9],
        ["sgd", 0.0],
        ["sgd", 0.9],
    ]
    assert found.rows.shape == (4, 2, 2)


def test_rates_of_layers_that_run_together_are_one_axis() -> None:
    rows = [
        one({"learning_rate.0": r, "learning_rate.1": 10 * r, "seed": s})
        for r in (0.1, 1.0) for s in (1, 2)
    ]  # fmt: skip
    axes = ["learning_rate.0", "learning_rate.1", "seed"]
    found = Responses.of(frame(axes, rows), axes)
    assert (found.rate, found.along, len(found.groups)) == (
        "learning_rate.0", ("learning_rate.1",), 1,
    )  # fmt: skip


def test_groups_may_have_rates_of_their_own() -> None:
    rows = [
        one({"optimizer": o, "learning_rate": r})
        for o, r in [("sgd", 0.5), ("adam", 0.01), ("adam", 0.001)]
    ]
    axes = ["optimizer", "learning_rate"]
    found = Responses.of(frame(axes, rows), axes)
    np.testing.assert_array_equal(found.rates, [[0.001, 0.01], [0.5, nan]])


def test_a_design_whose_every_point_is_its_own_has_no_seeds_to_draw() -> None:
    random = np.random.default_rng(0)
    rows = [
        one({"learning_rate": r, "initial.scale": x, "seed": s})
        for r, x, s in zip(random.random(3000), random.random(3000), range(3000), strict=True)
    ]
    axes = ["learning_rate", "initial.scale", "seed"]
    found = Responses.of(frame(axes, rows), axes)
    assert found.along == ("initial.scale",)
    assert found.rows.shape == (1, 3000, 1)
    assert found.paired


def test_a_seed_may_lack_at_some_rates() -> None:
    table = three_seeds().query("not (learning_rate == 1 and seed == 6)")
    found = Responses.of(table, AXES)
    assert found.paired
    assert np.isnan(found.cells("final_loss")).sum() == 1
    best = find(found, choices=CHOICES).best
    assert best["trials"].tolist() == [11] * 3


def test_a_seed_that_comes_twice_counts_twice() -> None:
    twice = pd.concat([three_seeds(), three_seeds()], ignore_index=True)
    found = Responses.of(twice, AXES)
    assert not found.paired
    assert found.rows.shape == (1, 4, 6)


def test_levels_rank_what_diverged_as_worst() -> None:
    rows = [
        (0.1, 1.0, 0.5, 2.0, 7, "converged"), (0.2, 1.0, -inf, inf, 7, "diverged"),
        (0.3, 1.0, nan, nan, None, "stalled"), (0.4, 0.0, 0.0, 0.0, None, "stalled"),
        (0.5, 0.0, 2.0, 3.0, None, "stalled"), (0.6, inf, inf, inf, None, "diverged"),
    ]  # fmt: skip
    table = frame(["learning_rate"], rows)
    assert levels(table, "final_loss").tolist() == [0.5, inf, inf, 0.0, 2.0, inf]
    assert levels(table, "steps_to_target").tolist() == [7, inf, inf, inf, inf, inf]
    assert levels(table, "clipped_loss").tolist() == [0.5, 1.0, 1.0, 0.0, 0.0, inf]
    assert levels(table, "overshoot").tolist() == [2.0, inf, inf, 1.0, inf, inf]
    assert levels(table, "diverged").tolist() == [0, 1, 0, 0, 0, 1]
    accuracy = table.assign(validation_accuracy=0.5).drop(columns="diverged_at", errors="ignore")
    assert levels(accuracy, "validation_accuracy").tolist() == [0.5, -inf, 0.5, 0.5, 0.5, -inf]


@pytest.mark.parametrize(
    ("axes", "rate", "want"),
    [
        (["seed", "learning_rate", "learning_rate.0"], None, "learning_rate"),
        (["learning_rate.1", "learning_rate.0"], None, "learning_rate.0"),
        (["bias_learning_rate"], None, "bias_learning_rate"),
        (["learning_rate", "momentum"], "momentum", "momentum"),
    ],
)
def test_the_axis_to_vary(axes: list[str], rate: str | None, want: str) -> None:
    assert rate_axis(axes, rate) == want


@pytest.mark.parametrize(
    ("axes", "rate", "says"),
    [
        (["momentum", "seed"], None, "vary another axis .*: momentum, seed"),
        ([], None, "nor anything else"),
        (AXES, "momentum", "momentum: no axis of this study; it has learning_rate, seed"),
        (AXES, "seed", "seed: the order of its values means nothing"),
    ],
)
def test_an_axis_that_cannot_be_varied_is_refused(
    axes: list[str], rate: str | None, says: str
) -> None:
    with pytest.raises(RequestError, match=says):
        Responses.of(three_seeds(), axes, rate)


def test_no_trials_are_refused() -> None:
    with pytest.raises(RequestError, match="nothing is trained"):
        Responses.of(three_seeds().head(0), AXES)


def test_kinds_of_seeds_that_all_meet_are_crossed() -> None:
    rows = [
        one({"learning_rate": r, "seed": s, "batch_seed": b}, final=0.1 * s + 0.01 * b + r)
        for r in (0.1, 1.0) for s in (7, 3, 5) for b in (20, 10)
    ]  # fmt: skip
    axes = ["learning_rate", "seed", "batch_seed"]
    table = frame(axes, rows)
    found = Responses.of(table, axes)
    seeds = table.iloc[found.rows[0, 0]]
    assert found.crossed.shape == (2, 6)
    for name, numbers in zip(("seed", "batch_seed"), found.crossed, strict=True):
        assert len({*zip(seeds[name], numbers, strict=True)}) == len({*numbers})
    renamed = table.assign(seed=table["seed"].map({7: 1, 3: 2, 5: 99}))
    np.testing.assert_array_equal(Responses.of(renamed, axes).crossed, found.crossed)
    together = Responses.of(table[table["seed"] != 3][::3], axes)
    assert len(together.crossed) == 1
