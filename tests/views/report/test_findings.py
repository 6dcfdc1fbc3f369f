"""What was found, in words: every claim with its numbers, nothing beyond the sweep."""

import numpy as np
import pandas as pd
import pytest

from sweep.views.report.findings import number, outcomes_in_words, share
from sweep.views.style import label
from tests.views.report.small import report, trials

WIDTH = label("network.width", symbol=False)
MISSING = (
    "Of the 1,001 trials that the study asks for, 1 are still to be trained; nothing here is "
    "about them."
)
BELOW = (
    "Half of the trials or more diverged at the lowest learning rate swept already: the "
    "threshold lies below 10."
)


def told(table: pd.DataFrame, *axes: str, rate: str | None = "learning_rate") -> list[str]:
    """All sentences but those about outcomes."""
    findings = report(table, axes=axes or ("learning_rate", "seed"), rate=rate).findings[1:]
    return [sentence for part in findings for sentence in part.sentences]


@pytest.mark.parametrize(
    ("counts", "asked", "sentences"),
    [
        ((3, 2, 1), 6, ["Of 6 trials 3 converged, 2 stalled and 1 diverged."]),
        ((3, 3, 0), 6, ["Of 6 trials 3 converged and 3 stalled; none diverged."]),
        ((0, 0, 6), 6, ["All 6 trials diverged."]),
        ((1, 0, 0), 1, ["The one trial converged."]),
        (
            (0, 500, 500), 1001,
            [
                "Of 1,000 trials 50.0% stalled and 50.0% diverged; none converged.",
                MISSING,
            ],
        ),
    ],
)  # fmt: skip
def test_outcomes_are_counted_or_shares(
    counts: tuple[int, ...], asked: int, sentences: list[str]
) -> None:
    named = dict(zip(("converged", "stalled", "diverged"), counts, strict=True))
    assert outcomes_in_words(named, asked).sentences == sentences


@pytest.mark.parametrize(
    ("count", "total", "words"),
    [
        (0, 9, "none"), (9, 9, "all"), (1, 8, "12.5%"), (1, 10**6, "0.0001%"),
        (10**6 - 3, 10**6, "all but 3"), (3, 2000, "0.1%"),
    ],
)  # fmt: skip
def test_a_share_never_rounds_to_all_or_none(count: int, total: int, words: str) -> None:
    assert share(count, total) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.0, "0"), (0.5, "0.5"), (0.00123456, "0.00123"), (1.26e-6, "1.26 × 10⁻⁶"),
        (12345.0, "12,300"), (72.0, "72"), (1e8, "1 × 10⁸"), (999.6, "1,000"),
    ],
)  # fmt: skip
def test_numbers_of_prose(value: float, words: str) -> None:
    assert number(value) == words


def test_the_best_rate_has_its_loss_and_intervals() -> None:
    # At rate 1 the losses are 0.01, 0.02, 0.03, 0.04: their median is 0.025.
    sentences = told(trials([0.1, 1.0, 10.0]))
    assert sentences[0] == (
        "The lowest median final loss, 0.025 (95% interval 0.01 to 0.04), is that of learning rate "
        "1 (95% interval: the same)."
    )
    # log-log between (0.1, 1.025) and (1, 0.025): log 2 / log 41 of a decade below 1; at 10 the
    # median diverged, so that the range ends at the last rate that did not.
    low = 10 ** -(np.log(2) / np.log(41))
    assert sentences[1] == (
        f"Within a factor of 2 of that loss ends every learning rate from {low:.3g} to 1 "
        f"({-np.log10(low):.2g} decades)."
    )
    assert sentences[2].startswith("The target is reached soonest at learning rate 1 (")
    assert "after a median of 7 steps" in sentences[2]
    assert sentences[3].startswith("The largest share of seeds, 100% (95% interval 51 to 100%)")
    # None diverge at 1, three quarters at 10: half do two thirds of the decade further.
    assert sentences[4].startswith(
        f"Half of the trials diverge from learning rate {10 ** (2 / 3):.3g}"
    )
    assert len(sentences) == 5


def test_a_single_seed_has_no_interval_and_it_is_said() -> None:
    sentences = told(trials([0.1, 1.0, 10.0], seeds=1).drop(columns="seed"), "learning_rate")
    assert sentences[0] == "The lowest final loss, 0.01, is that of learning rate 1."
    assert "there is no interval" in sentences[1]
    assert not any("interval " in sentence for sentence in sentences[2:])
    assert not any("median" in sentence for sentence in sentences)
    assert sentences[-1] == (
        "None of the trials diverged at any learning rate swept: if there is a threshold of "
        "divergence, it lies above 10."
    )


@pytest.mark.parametrize(("rates", "end"), [((0.1, 1.0), "highest"), ((1.0, 5.0), "lowest")])
def test_a_best_rate_at_the_end_may_not_be_the_best(rates: tuple[float, ...], end: str) -> None:
    sentences = told(trials(rates))
    assert sentences[1] == (
        f"That is the {end} of the 2 values swept: the best may well lie beyond it."
    )
    assert f"as far as the {end} value swept and perhaps beyond" in sentences[2]


def test_where_all_diverged_nothing_is_best() -> None:
    wild = trials([10.0, 20.0]).query("seed > 0")
    assert told(wild) == [
        "At every learning rate swept the median trial diverged, so that none is the best.",
        "At no learning rate swept did the median trial reach the target.",
        "No trial converged.",
        BELOW,
    ]


def test_one_rate_alone_is_compared_with_none() -> None:
    sentences = told(trials([1.0]))
    assert sentences[1] == "No other learning rate was tried."
    assert not any("Within a factor" in sentence for sentence in sentences)


def test_groups_are_told_apart_from_the_best_to_the_worst() -> None:
    parts = [trials(**{"training.optimizer": name}) for name in ("adam", "sgd")]
    parts[0]["final_loss"] *= 3
    table = pd.concat(parts, ignore_index=True)
    made = report(table, axes=["training.optimizer", "learning_rate", "seed"])
    assert [part.heading for part in made.findings] == [
        "", "", "optimizer = sgd", "optimizer = adam",
    ]  # fmt: skip
    (ranking,) = made.findings[1].sentences
    assert ranking == (
        "Each group at its own best learning rate, the lowest final loss of 2 groups, 0.025, is "
        "that of optimizer = sgd; the highest, 0.075, that of optimizer = adam."
    )
    assert "0.075" in made.findings[3].sentences[0]


def test_a_group_without_any_good_rate_is_the_last() -> None:
    wild = trials([10.0, 20.0]).query("seed > 0")
    parts = [wild.assign(**{"training.optimizer": "adam"}), trials(**{"training.optimizer": "sgd"})]
    axes = ["training.optimizer", "learning_rate", "seed"]
    made = report(pd.concat(parts, ignore_index=True), axes=axes)
    (ranking,) = made.findings[1].sentences
    assert ranking.endswith(
        "is that of optimizer = sgd; optimizer = adam has none, for want of a learning rate that "
        "is any good."
    )
    parts[1] = wild.assign(**{"training.optimizer": "sgd"})
    made = report(pd.concat(parts, ignore_index=True), axes=axes)
    assert made.findings[1].sentences == [
        "In none of 2 groups is any learning rate good: see below."
    ]


def test_of_many_groups_the_best_and_the_worst_are_told() -> None:
    parts = [trials(**{"network.width": width}) for width in range(9)]
    for width, part in enumerate(parts):
        part["final_loss"] *= 1 + (width - 4) ** 2
        part.loc[part["seed"] == 1, "network.width"] = width  # no number runs along with the rate
    table = pd.concat(parts, ignore_index=True)
    made = report(table, axes=["network.width", "learning_rate", "seed"])
    assert [part.heading for part in made.findings] == [
        "", "", f"The best of 9 groups: {WIDTH} = 4", f"The worst of 9 groups: {WIDTH} = 8",
    ]  # fmt: skip


def test_an_axis_that_is_no_rate_is_named_as_it_is() -> None:
    table = trials().rename(columns={"learning_rate": "momentum"})
    assert "is that of momentum 1" in told(table, "momentum", "seed", rate="momentum")[0]


def test_without_an_axis_to_vary_losses_are_told() -> None:
    # 0.01 to 0.04, 1.01 to 1.04 and once more 1.01, and three that diverged: the median is 1.015
    assert told(trials(), rate=None) == [
        "Final losses lie between 0.01 and infinity, half of them at or below 1.02."
    ]
    assert told(trials([1.0], seeds=1), rate=None) == ["Its loss went from 1.5 to 0.01."]
    wild = trials([10.0, 20.0]).query("seed > 0")
    assert told(wild, rate=None) == ["No final loss is finite."]


def test_groups_of_different_losses_are_not_compared() -> None:
    parts = [trials(**{"network.loss": name}) for name in ("huber", "mean_squared_error")]
    parts[0]["final_loss"] *= 3
    axes = ["network.loss", "learning_rate", "seed"]
    made = report(pd.concat(parts, ignore_index=True), axes=axes)
    heading = label("network.loss", symbol=False)
    assert made.findings[1].sentences == [
        "Groups differ in what is minimised, and are not compared."
    ]
    assert [part.heading for part in made.findings[2:]] == [
        f"{heading} = huber", f"{heading} = mean_squared_error",
    ]  # fmt: skip
