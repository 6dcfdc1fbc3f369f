"""What was found is said in plain words, and what was not found too."""

import re
from dataclasses import replace
from math import inf, nan
from pathlib import Path

import pandas as pd
import pytest

from sweep.analysis import Bootstrap, Choices, Responses, best, find, sentences
from sweep.analysis.sentences import answer, ending, losses, percent, portion, shared_draws
from sweep.study import load_study
from tests.analysis.frames import frame, three_seeds

AXES = ["learning_rate", "seed"]


def said(table: pd.DataFrame, by: str | None = None, axes: list[str] = AXES) -> list[str]:
    return sentences(
        find(Responses.of(table, axes), by, Choices(bootstrap=Bootstrap(resamples=99)))
    )


def test_one_group_is_a_paragraph() -> None:
    (paragraph,) = said(three_seeds().query("seed == 6"))
    assert paragraph == (
        "The best learning rate is 10: there the final loss is 0.003. From 4.312 to 10 (0.37 "
        "decades, read off between swept ones), the loss stays within a factor of 2 of it. The "
        "target is reached soonest at 10: after 9 steps. Of the rates at which it converged, 10 is "
        "the best. The trial diverges from 31.62 on."
    )


def test_intervals_are_said_with_their_seeds() -> None:
    (paragraph,) = said(three_seeds())
    assert paragraph.startswith(
        "The best learning rate is 10 (95% interval: this alone): there the median final loss over "
        "3 seeds is 0.002 (95% interval 0.001 to 0.003). From 5 to 10 (0.3 decades, read "
        "off between swept ones), the loss stays"
    )
    assert (
        "reached soonest at 10 (95% interval: this alone): in the median after 8 steps" in paragraph
    )
    assert "100% of the seeds converged (95% interval 43.9% to 100%)." in paragraph
    assert paragraph.endswith("on (95% interval 31.62 to above 100).")


def test_one_criterion_is_said_alone() -> None:
    (paragraph,) = said(three_seeds(), "convergence")
    assert paragraph.startswith("Convergence is likeliest at 10 ")
    assert paragraph.count(".") == 2  # one in 43.9%, one at the end


def all_diverged(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(outcome="diverged", final_loss=nan, max_loss=inf)


def test_nothing_good_is_said_plainly() -> None:
    bad = all_diverged(three_seeds())
    (paragraph,) = said(bad)
    assert paragraph == (
        "No learning rate is any good: at each the median trial diverged. The median trial reached "
        "the target at no rate. No trial converged. Half of the seeds diverged at the lowest rate "
        "already, 0.1."
    )


def test_the_ends_of_the_sweep_are_pointed_out() -> None:
    rows = [(r, 1, 1.0, loss, 1.0, None, "stalled") for r, loss in ((1.0, 0.15), (2.0, 0.1))]
    (paragraph,) = said(frame(AXES, rows), "final_loss")
    assert paragraph == (
        "The best learning rate is 2: there the final loss is 0.1. It is the highest rate swept; a "
        "better one may lie above. From 1, the lowest rate swept, to 2, the highest rate swept "
        "(0.3 decades), the loss stays within a factor of 2 of it. No trial diverged, up to 2."
    )


def test_a_single_rate_is_no_best() -> None:
    (paragraph,) = said(three_seeds().query("learning_rate == 10"), "final_loss")
    assert paragraph.startswith(
        "At 10, the only learning rate, the median final loss over 3 seeds is"
    )


def test_some_divergence_is_told_from_none() -> None:
    rows = [
        (r, s, 1.0, 0.5, 1.0, None, "diverged" if s < n else "stalled")
        for r, n in {1.0: 0, 10.0: 1}.items() for s in range(4)
    ]  # fmt: skip
    (paragraph,) = said(frame(AXES, rows), "final_loss")
    assert paragraph.endswith("Fewer than half of the seeds diverged at each rate, up to 10.")


def test_groups_are_named_by_what_sets_them_apart() -> None:
    parts = [three_seeds().assign(optimizer=o, dtype="float32") for o in ("sgd", "adam")]
    words = said(pd.concat(parts), axes=["optimizer", "dtype", *AXES])
    assert [text.split(":")[0] for text in words] == ["optimizer = adam", "optimizer = sgd"]
    assert words[0].startswith("optimizer = adam: the best learning rate is 10")


def test_another_axis_is_called_by_its_name() -> None:
    table = three_seeds().rename(columns={"learning_rate": "initial.scale"})
    responses = Responses.of(table, ["initial.scale", "seed"], "initial.scale")
    (paragraph,) = sentences(find(responses))
    assert paragraph.startswith("The best initial.scale is 10")
    assert not re.search(r"\brates?\b", paragraph)
    (paragraph,) = sentences(find(replace(responses, trials=all_diverged(table))))
    assert "reached the target at no value. " in paragraph
    assert not re.search(r"\brates?\b", paragraph)


def ranged(**columns: object) -> pd.DataFrame:
    """`three_seeds` as a range test lays it out."""
    fall = three_seeds()["learning_rate"].map({0.1: 0.5, 1.0: 2.0, 10.0: 1.0, 100.0: -1.0})
    return three_seeds().assign(descent=fall, **columns)


def test_a_range_test_suggests_a_rate_and_says_nothing_of_usable_ones() -> None:
    table = ranged()
    suggests = "The range test suggests a learning rate of 1 (95% interval: this alone): there the"
    lowest = "Its averaged loss is lowest at 10 (95% interval: this alone): 0.002 (95% interval 0."
    (ended,) = said(table.query("learning_rate < 50"))
    assert ended.endswith("0.003), where the test ended and a lower one may lie beyond.")
    (paragraph,) = said(table)
    for words in (paragraph, " ".join(answered(table)), said(table, "final_loss")[0]):
        assert "usable" not in words
        assert "stays within" not in words
        assert lowest in words
    assert paragraph.startswith(suggests)
    assert answered(table)[0].startswith(suggests)
    assert not find(Responses.of(table, AXES)).summary["measure"].str.startswith("usable").any()
    parts = [ranged(optimizer="adam"), ranged(optimizer="sgd")]
    parts[1]["learning_rate"] *= 2
    assert answered(pd.concat(parts, ignore_index=True), "optimizer") == [
        "The range test suggests learning rates from 1 (optimizer = adam) to 2 (optimizer = sgd).",
        "The averaged loss is lowest with optimizer = adam: 0.002 at 10.",
    ]


def test_soonest_says_where_trials_have_different_steps() -> None:
    steps = three_seeds()["learning_rate"].map({0.1: 400, 1.0: 400, 10.0: 100, 100.0: 100})
    table = three_seeds().assign(**{"training.steps": steps.astype(int)})
    assert "after 8 steps" in said(table)[0]
    assert "have 100 to 400 steps, and those of fewer less time." in said(table)[0]


def test_groups_are_ranked_the_best_first() -> None:
    parts = [three_seeds().assign(optimizer=name) for name in ("adam", "lion", "sgd")]
    parts[0]["final_loss"] *= 3
    parts[1] = parts[1].assign(outcome="diverged")
    whole = pd.concat(parts, ignore_index=True)
    assert find(Responses.of(whole, ["optimizer", *AXES])).ranked() == [2, 0, 1]
    unlike = whole.rename(columns={"optimizer": "network.loss"})
    assert find(Responses.of(unlike, ["network.loss", *AXES])).ranked() == [0, 1, 2]


def test_shares_are_short() -> None:
    assert [percent(x) for x in (0.0, 2 / 3, 0.996, 1.0)] == ["0%", "66.7%", "99.6%", "100%"]


def answered(table: pd.DataFrame, *grouped: str) -> list[str]:
    return answer(find(Responses.of(table, [*grouped, *AXES]), choices=Choices()))


def test_a_study_is_answered_in_two_sentences() -> None:
    first, second = answered(three_seeds())
    assert first == (
        "The best learning rate is 10 (95% interval: this alone): there the median final loss over "
        "3 seeds is 0.002 (95% interval 0.001 to 0.003)."
    )
    assert second == (
        "From 5 to 10 (0.3 decades, read off between swept ones), the loss stays within a factor "
        "of 2 of it; half of the seeds diverge from 56.23 on (95% interval 31.62 to above 100)."
    )


def test_an_answer_points_out_the_end_of_the_sweep() -> None:
    first, second = answered(three_seeds().query("learning_rate < 50"))
    assert first.endswith("; it is the highest rate swept; a better one may lie above.")
    assert second.endswith("; no trial diverged, up to 10.")


def test_groups_are_ranked_from_the_best_to_the_worst() -> None:
    parts = [three_seeds().assign(**{"training.optimizer": name}) for name in ("adam", "sgd")]
    parts[0]["final_loss"] *= 3
    first, second = answered(pd.concat(parts, ignore_index=True), "training.optimizer")
    assert first == (
        "Of 2 groups, each at its own best learning rate, optimizer = sgd has the lowest median "
        "final loss over 3 seeds: 0.002 (95% interval 0.001 to 0.003) at 10; optimizer = adam has "
        "the highest: 0.006 at 10."
    )
    assert second == "All have their best at 10."


def test_a_group_without_any_good_rate_is_counted() -> None:
    wild = three_seeds().assign(outcome="diverged")
    parts = [wild.assign(optimizer="adam"), three_seeds().assign(optimizer="sgd")]
    (first, _) = answered(pd.concat(parts, ignore_index=True), "optimizer")
    assert first.endswith("; 1 have none, for want of a learning rate that is any good.")
    parts[1] = wild.assign(optimizer="sgd")
    (only,) = answered(pd.concat(parts, ignore_index=True), "optimizer")
    assert only == "In none of 2 groups is any learning rate good: the median trial diverged."


def test_groups_of_different_losses_are_not_ranked() -> None:
    parts = [three_seeds().assign(**{"network.loss": name}) for name in ("huber", "half")]
    (only,) = answered(pd.concat(parts, ignore_index=True), "network.loss")
    assert only == "Groups differ in what is minimised, by loss, and are not ranked."


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ((3, 2, 1), "Of 6 trials 3 converged, 2 stalled and 1 diverged."),
        ((3, 3, 0), "Of 6 trials 3 converged and 3 stalled; none diverged."),
        ((0, 0, 6), "All 6 trials diverged."),
        ((1, 0, 0), "The one trial converged."),
        ((0, 500, 500), "Of 1,000 trials 50.0% stalled and 50.0% diverged; none converged."),
    ],
)
def test_outcomes_are_counted_or_shares(counts: tuple[int, ...], words: str) -> None:
    meant = " Stalled: short of the target, be it stuck or still falling." * (counts[1] > 0)
    said = ending(dict(zip(("converged", "stalled", "diverged"), counts, strict=True)))
    assert said == words + meant


@pytest.mark.parametrize(
    ("count", "total", "words"),
    [
        (0, 9, "none"), (9, 9, "all"), (1, 8, "12.5%"), (1, 10**6, "0.0001%"),
        (10**6 - 3, 10**6, "all but 3"), (3, 2000, "0.1%"),
    ],
)  # fmt: skip
def test_a_share_never_rounds_to_all_or_none(count: int, total: int, words: str) -> None:
    assert portion(count, total) == words


def test_without_an_axis_to_vary_losses_are_told() -> None:
    final = three_seeds()["final_loss"].where(lambda loss: loss < 1e100)
    assert losses(1.0, final) == (
        "Final losses lie between 0.001 and infinity, half of them at or below 0.215."
    )
    assert losses(1.5, pd.Series([0.01])) == "Its loss went from 1.5 to 0.01."
    assert losses(1.5, pd.Series([nan, nan])) == "No final loss is finite."


def validated() -> pd.DataFrame:
    """`three_seeds`, of which 1 is the best by validation."""
    table = three_seeds()
    validation = table["final_loss"].where(table["learning_rate"] < 10, 0.5) + 0.1
    diverged = table["outcome"] == "diverged"
    return table.assign(
        validation_loss=validation.mask(diverged), validation_accuracy=0.75 - validation / 2
    )


def test_validation_leads_with_training_beside() -> None:
    (paragraph,) = said(validated())
    assert paragraph.startswith(
        "The best learning rate is 1 (95% interval: this alone): there the median loss on "
        "validation data over 3 seeds is 0.12 (95% interval 0.11 to 0.13), and on the training "
        "data 0.02 (95% interval 0.01 to 0.03). From 0.4"
    )
    assert "the loss on validation data stays within a factor of 2 of it." in paragraph
    assert "By median accuracy on validation data over 3 seeds it is 1 " in paragraph
    assert "By median final loss over 3 seeds it is 10 (95% interval: this alone): 0." in paragraph
    first, _ = answered(validated())
    assert "0.02 (95% interval 0.01 to 0.03)." in first


@pytest.mark.parametrize(
    ("by", "rate", "value"),
    [
        ("validation_loss", 1.0, 0.12),
        ("validation_accuracy", 1.0, 0.69),
        ("overshoot", 1.0, 1.0),
        ("max_loss", 1.0, 1.0),
        ("converged", 10.0, 1.0),
        ("diverged", 10.0, 0.0),
    ],
)
def test_a_rate_is_the_best_by_any_measure(by: str, rate: float, value: float) -> None:
    row = best(Responses.of(validated(), AXES), by)
    assert row[["by", "best_rate"]].to_numpy().tolist() == [[by, rate]]
    assert row["value"].item() == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    ("edits", "shared"),
    [
        ([], "one choice of validation samples and one order of batches, of which"),
        (["axes.batch_seed=[0,1]"], "one choice of validation samples, of which"),
        (["axes.batch_seed=[0,1]", "axes.validation.seed=[0,1]"], ""),
        (["axes.seed=[3]"], ""),
    ],
)
def test_what_all_seeds_share_is_said(edits: list[str], shared: str, tmp_path: Path) -> None:
    path = tmp_path / "drawn.toml"
    path.write_text(
        "[network]\nlayers = [2, 3, 1]\n[data]\nname = 'moons'\nsamples = 40\n"
        "[validation]\nshare = 0.25\n[batch]\nsize = 8\n[initial]\nscheme = 'normal'\n"
        "[training]\nsteps = 8\n[axes]\nlearning_rate = [0.1, 1.0]\nseed = [0, 1, 2]\n"
    )
    said = shared_draws(load_study(path, edits))
    assert (shared in said) if shared else said == ""
    assert ("sweep validation.seed too." in said) == ("batch_seed" in str(edits) and bool(shared))
