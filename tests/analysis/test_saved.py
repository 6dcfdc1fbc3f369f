"""What is said of a study of mini-batches is what its saved parameters say, group by group.

Five optimizers, 30 rates and 10 seeds on spirals, in batches of 32, against the same in batches of
128. Best rates, summaries, the comparison and the report's table are set beside
`tests.oracles.saved`, which reads the saved files and works out every loss on all samples anew.
"""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sweep import best, compare, report, run, summary
from sweep.store.results import Results
from tests.oracles import rates, saved

pytestmark = pytest.mark.check

STUDY = """
title = "Which optimizer learns the spirals?"
[network]
layers = [2, 8, 1]
bias = true
activation = ["tanh", "sigmoid"]
loss = "binary_cross_entropy"
[data]
name = "spirals"
samples = 200
[validation]
share = 0.3
[batch]
size = 32
[initial]
scheme = "xavier"
[training]
steps = 200
[axes]
"training.optimizer" = ["sgd", "momentum", "nesterov", "rmsprop", "adam"]
learning_rate = { log = [1e-3, 100.0], num = 30 }
seed = { range = [0, 10] }
[outcome]
target = 0.6
diverged_above = 1000.0
"""

GROUPS = ["adam", "momentum", "nesterov", "rmsprop", "sgd"]
RTOL = 1e-11  # sums in another order, and another exp

Pair = tuple[Results, pd.DataFrame]


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> list[Pair]:
    """Both studies, each with its trials as the saved files tell them."""
    folder, found = tmp_path_factory.mktemp("saved"), []
    for size in (32, 128):
        (folder / f"batch{size}.toml").write_text(STUDY.replace("size = 32", f"size = {size}"))
        results = run(folder / f"batch{size}.toml", results=folder / "results", progress=False)
        (group, *_) = results.study.groups()
        assert group.validation is not None
        samples = {
            name: (data.inputs, data.targets)
            for name, data in (("training", group.data), ("validation", group.validation))
        }
        found.append((results, saved.losses(results.directory, 8, samples)))
    return found


def group(trials: pd.DataFrame, name: str) -> pd.DataFrame:
    return trials[trials["training.optimizer"] == name]


def test_everything_happens_in_these_studies(studies: list[Pair]) -> None:
    for _, trials in studies:
        assert trials.shape[0] == 1500
        assert set(trials["outcome"]) == {"converged", "stalled", "diverged"}


@pytest.mark.parametrize(
    ("by", "column", "larger"),
    [
        ("validation_loss", "validation_loss", False),
        ("validation_accuracy", "validation_accuracy", True),
        ("final_loss", "training_loss", False),
    ],
)
def test_best_rates_are_those_of_the_saved_parameters(
    studies: list[Pair], by: str, column: str, larger: bool
) -> None:
    for results, trials in studies:
        table = best(results, resamples=20).query("by == @by")
        assert table["training.optimizer"].tolist() == GROUPS
        for row in table.to_dict("records"):
            own = group(trials, row["training.optimizer"])
            rate, value = saved.at_best(own, column, larger=larger)
            assert row["best_rate"] == rate
            assert row["value"] == pytest.approx(value, rel=RTOL)


def test_what_lies_around_is_that_of_the_losses_on_validation_data(studies: list[Pair]) -> None:
    for results, trials in studies:
        assert best(results, resamples=20)["by"].iloc[0] == "validation_loss"
        table = summary(results, resamples=20).set_index(["training.optimizer", "measure"])["value"]
        for name in GROUPS:
            own = group(trials, name)
            judged = saved.told(own, "validation_loss")
            rate = rates.best(judged, "final_loss")
            there = own[own["learning_rate"] == rate]
            want = {
                "best_rate_by_validation_loss": rate,
                "training_loss": rates.median(there["training_loss"].tolist()),
                "usable_from": rates.usable(judged, 2.0)[0],
                "usable_to": rates.usable(judged, 2.0)[1],
                "divergence_threshold": rates.threshold(judged),
                "converged": (own["outcome"] == "converged").mean(),
                "diverged": (own["outcome"] == "diverged").mean(),
            }
            found = table[name][list(want)].to_numpy()
            np.testing.assert_allclose(found, list(want.values()), rtol=1e-9, err_msg=name)


def test_studies_are_compared_by_the_losses_on_validation_data(studies: list[Pair]) -> None:
    (small, first), (large, other) = studies
    found = compare([small, large], resamples=20)
    assert (found.measure, found.unlike, found.seeds) == ("validation_loss", (), 10)
    table = found.at_best().set_index("training.optimizer")
    assert table.index.tolist() == GROUPS
    keys = ["training.optimizer", "learning_rate"]
    medians = [
        trials.groupby(keys)["validation_loss"].agg(lambda loss: rates.median(loss.tolist()))
        for trials in (first, other)
    ]
    for name in GROUPS:
        (rate, loss), (own_rate, own_loss) = (
            saved.at_best(group(trials, name), "validation_loss") for trials in (first, other)
        )
        row = table.loc[name]
        assert (row["first_rate"], row["rate"]) == (rate, own_rate)
        assert row["ratio"] == pytest.approx(own_loss / loss, rel=RTOL)
    changes = found.differences().set_index(keys)["ratio"]
    assert len(changes) == 150
    with np.errstate(invalid="ignore"):
        want = (medians[1] / medians[0])[changes.index]
    np.testing.assert_allclose(changes, want, rtol=RTOL)


def test_the_report_has_a_row_a_group_with_these_numbers(
    studies: list[Pair], tmp_path: Path
) -> None:
    for results, trials in studies:
        page = report(results, tmp_path / "page.html").read_text(encoding="utf-8")
        first = re.search(
            r'<h3 id="table-1">.*?<thead>(.*?)</thead>.*?<tbody>(.*?)</tbody>', page, re.S
        )
        assert first is not None
        words = re.findall(r'data-words="([^"]*)"', first[1])
        cell = r'<td(?: data-key="([^"]*)")?[^>]*>([^<]*)</td>'
        rows = [
            dict(zip(words, re.findall(cell, row), strict=True))
            for row in re.findall(r"<tr>(.*?)</tr>", first[2], re.S)
        ]
        assert [row[words[0]][1] for row in rows] == GROUPS
        for row, name in zip(rows, GROUPS, strict=True):
            own = group(trials, name)
            rate, loss = saved.at_best(own, "validation_loss")
            there = own[own["learning_rate"] == rate]
            assert float(row["best learning rate"][0]) == rate
            assert float(row["median loss on validation data"][0]) == pytest.approx(loss, rel=RTOL)
            assert float(row["on training data"][0]) == pytest.approx(
                rates.median(there["training_loss"].tolist()), rel=RTOL
            )
            assert float(row["diverged"][0]) == (own["outcome"] == "diverged").mean()
        values = {name: saved.at_best(group(trials, name), "validation_loss") for name in GROUPS}
        lead = min(GROUPS, key=lambda name: values[name][1])
        said = f"{lead} has the lowest median loss on validation data over 10 seeds: "
        assert f"{said}{values[lead][1]:.4g} " in page
