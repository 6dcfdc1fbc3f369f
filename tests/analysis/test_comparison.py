"""Studies are aligned where they swept the same, and paired where they drew the same seeds."""

from math import inf, isnan, nan

import numpy as np
import pandas as pd
import pytest

from sweep.analysis import LEVELS, Comparison, Responses, best, compare
from sweep.analysis.sentences import alignment, verdicts
from sweep.catalogue import CURVE_MEASURES
from sweep.errors import RequestError
from tests.analysis.frames import frame, three_seeds

AXES = ["learning_rate", "seed"]


def halved() -> pd.DataFrame:
    """`three_seeds` with half the loss, one rate missing and one more, and the seeds 6 to 8."""
    table = three_seeds().assign(final_loss=lambda t: t["final_loss"] / 2)
    table = table.replace({"learning_rate": {0.1: 0.2}})
    more = table[table["seed"] == 5].assign(seed=8)
    return pd.concat([table[table["seed"] != 5], more], ignore_index=True)


def pair(measure: str = "final_loss") -> Comparison:
    return compare([("a", three_seeds(), AXES), ("b", halved(), AXES)], measure)


def test_differences_are_of_shared_rates_and_seeds() -> None:
    found = pair()
    assert (found.rate, found.shared, found.own, found.seeds) == ("learning_rate", (), (), 2)
    table = found.differences()
    assert table["study"].tolist() == ["b"] * 3
    assert table["learning_rate"].tolist() == [1.0, 10.0, 100.0]
    # the medians of seeds 6 and 7 alone
    assert table["first"].tolist() == [0.025, 0.0025, inf]
    assert table["value"].tolist() == [0.0125, 0.00125, inf]
    assert table["ratio"].tolist()[:2] == [0.5, 0.5]
    assert isnan(table["ratio"][2])
    # each seed has half the loss in b, so that every resample of seeds has
    assert table["low"].tolist()[:2] == table["high"].tolist()[:2] == [0.5, 0.5]


def test_each_study_at_its_own_best_rate() -> None:
    better = three_seeds().assign(final_loss=lambda t: 1e-3 * t["final_loss"].rsub(1).abs())
    table = compare([("a", three_seeds(), AXES), ("b", better, AXES)]).at_best()
    assert table[["first_rate", "rate"]].to_numpy().tolist() == [[10.0, 0.1]]
    assert table["value"].tolist() == [0.0004]
    assert table["ratio"].tolist() == [0.2]


def test_shares_are_compared_by_difference() -> None:
    table = pair("diverged").differences()
    assert table["difference"].tolist() == [0.0, 0.0, 0.0]
    assert table["first"].tolist() == [0.0, 0.0, 1.0]


def scaled(axis: str, *values: float) -> pd.DataFrame:
    """`three_seeds` for each value of one more axis, with so many times the loss."""
    parts = [three_seeds().assign(**{axis: value}) for value in values]
    for part, value in zip(parts, values, strict=True):
        part["final_loss"] *= value
    return pd.concat(parts, ignore_index=True)


def test_axes_that_only_one_has_split_it() -> None:
    two = scaled("momentum", 1, 2)
    found = compare([("a", three_seeds(), AXES), ("b", two, ["momentum", *AXES])])
    assert found.own == ("momentum",)
    assert [side.name for side in found.sides] == ["a", "b, momentum = 1", "b, momentum = 2"]
    table = found.differences().set_index(["study", "learning_rate"])
    assert table.loc[("b, momentum = 2", 10.0), "ratio"] == 2.0
    assert "Not aligned, each value by itself: momentum." in alignment(found)


def test_axes_that_all_have_are_aligned_by_value() -> None:
    a, b = scaled("width", 2, 4), scaled("width", 4, 8)
    found = compare([("a", a, ["width", *AXES]), ("b", b, ["width", *AXES])])
    assert found.shared == ("width",)
    assert found.differences()["width"].unique().tolist() == [4]
    assert found.at_best()["ratio"].tolist() == [1.0]
    assert verdicts(found)[0].startswith(
        "width = 4: b at 10, its best rate, has a median final loss"
    )
    assert "b and a share 4 points, of 8 and 8." in alignment(found)


def test_axes_that_follow_from_shared_ones_split_nothing() -> None:
    a, b = scaled("width", 2, 4), scaled("width", 2, 4)
    b["initial.scale"] = 1 / b["width"]
    found = compare([("a", a, ["width", *AXES]), ("b", b, ["width", "initial.scale", *AXES])])
    assert (found.own, len(found.sides)) == ((), 2)
    assert found.at_best()["width"].tolist() == [2, 4]


def test_without_common_seeds_each_study_is_drawn_apart() -> None:
    other = three_seeds().assign(seed=lambda t: t["seed"] + 100)
    found = compare([("a", three_seeds(), AXES), ("b", other, AXES)])
    assert found.seeds == 0
    table = found.differences()
    assert table["ratio"].tolist()[:3] == [1.0, 1.0, 1.0]
    assert (table["low"][:3] < 1).all()
    assert (table["high"][:3] > 1).all()


@pytest.mark.parametrize(
    ("axes", "seeds", "why"),
    [
        (["learning_rate"], [5], "by different seeds, a by seed, b by none"),
        (["learning_rate", "batch_seed"], [5, 6], "by different seeds, a by seed, b by batch_seed"),
        (AXES, [5, 8, 9], "the studies have but one seed in common"),
        (AXES, [8, 9], "the studies have no seeds in common"),
    ],
)
def test_why_studies_are_not_paired_is_said(axes: list[str], seeds: list[int], why: str) -> None:
    table = three_seeds()
    other = pd.concat([table[table["seed"] == 5].assign(seed=seed) for seed in seeds])
    other = other.assign(batch_seed=other["seed"]).reset_index(drop=True)
    found = compare([("a", table, AXES), ("b", other, axes)])
    assert found.seeds == 0
    assert alignment(found)[-1].startswith("Not paired: ")
    assert alignment(found)[-1].endswith(f"{why}.")


def test_seeds_of_each_rates_own_are_not_paired() -> None:
    rows = [(r, int(10 * r) + s, 1.0, r, 1.0, None, "stalled") for r in (1.0, 2.0) for s in (0, 1)]
    random = frame(AXES, rows)
    found = compare([("a", random, AXES), ("b", random, AXES)])
    assert found.seeds or alignment(found)[-1] == (
        "Not paired: in a each rate has seeds of its own."
    )


def test_of_equally_good_rates_it_takes_the_one_that_best_names() -> None:
    table = three_seeds().query("learning_rate < 50")
    table = table.assign(outcome="converged", steps_to_target=5)
    studies = [("a", table, AXES), ("b", table, AXES)]
    for measure, by in (("converged", "convergence"), ("steps_to_target",) * 2):
        want = best(Responses.of(table, AXES), by)["best_rate"].item()
        assert want == 10.0  # all rates are equally good by the measure: the lowest loss decides
        assert compare(studies, measure).at_best()[["first_rate", "rate"]].to_numpy().tolist() == [
            [want, want]
        ]


def test_a_table_without_final_losses_is_compared_by_what_it_has() -> None:
    table = three_seeds().assign(best_loss=0.5).drop(columns="final_loss")
    found = compare([("a", table, AXES), ("b", table, AXES)], "best_loss")
    assert found.at_best()["rate"].tolist() == [0.1]  # of equal ones the lowest


def test_where_no_rate_is_any_good_none_is_named() -> None:
    worse = three_seeds().assign(outcome="stalled")
    found = compare([("a", three_seeds(), AXES), ("b", worse, AXES)], "converged")
    assert found.at_best()["rate"].isna().all()
    assert verdicts(found)[0].startswith("b at every rate has a share of seeds that converged 100")


def test_a_single_seed_has_no_interval() -> None:
    one = three_seeds().query("seed == 6")
    table = compare([("a", three_seeds(), AXES), ("b", one, AXES)]).differences()
    assert table["ratio"].tolist()[:3] == [1.0, 1.0, 1.5]
    assert table[["low", "high"]].isna().to_numpy().all()


@pytest.mark.parametrize("measure", LEVELS)
def test_every_measure_can_be_compared(measure: str) -> None:
    table = three_seeds().assign(
        best_loss=0.5,
        best_step=5,
        tail_loss=0.5,
        validation_loss=0.5,
        validation_accuracy=0.5,
        area_under_curve=0.5,
        descent=0.5,
        **dict.fromkeys(CURVE_MEASURES, 0.5),
    )
    found = compare([("a", table, AXES), ("b", table, AXES)], measure)
    change = found.differences()[found.change]
    same = 1.0 if LEVELS[measure].ratio else 0.0
    assert set(change.dropna()) == {same}
    assert len(verdicts(found)) == 1


def test_pairing_narrows_intervals() -> None:
    random = np.random.default_rng(3)
    level = random.lognormal(sigma=2, size=30)
    rows = [(1.0, s, 1.0, level[s], 1.0, None, "stalled") for s in range(30)]
    a = frame(AXES, rows)
    b = a.assign(final_loss=a["final_loss"] * random.uniform(1.9, 2.1, 30))
    paired = compare([("a", a, AXES), ("b", b, AXES)], seed=1).differences()
    apart = b.assign(seed=b["seed"] + 30)
    free = compare([("a", a, AXES), ("b", apart, AXES)], seed=1).differences()
    narrow, wide = ((t["high"] / t["low"])[0] for t in (paired, free))
    assert narrow < 1.3
    assert wide > 3.0


@pytest.mark.parametrize(
    ("studies", "measure", "says"),
    [
        ([("a", AXES)], "final_loss", "two studies"),
        ([("a", AXES), ("b", AXES)], "pie", '"pie": no measure'),
        ([("a", AXES), ("b", ["seed"])], "final_loss", "no learning rate"),
        ([("a", AXES), ("b", AXES)], "best_loss", "a: its trials have no best_loss"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    studies: list[tuple[str, list[str]]], measure: str, says: str
) -> None:
    with pytest.raises(RequestError, match=says):
        compare([(name, three_seeds(), axes) for name, axes in studies], measure)


def test_words_say_who_is_better() -> None:
    worse = three_seeds().assign(outcome="diverged", final_loss=nan)
    found = compare([("a", three_seeds(), AXES), ("b", worse, AXES)])
    assert verdicts(found) == ["a has a median final loss at its best rate, b at none."]
    assert alignment(found)[-1] == "Paired over the 3 seeds that all have."
