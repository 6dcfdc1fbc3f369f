"""`sweep best` and `sweep compare` as a user meets them, and the same from Python."""

import json
import re
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest

import sweep as package
from sweep.errors import RequestError
from tests.test_cli import Done, refused, sweep

STUDY = """
title = "Three seeds [at] four rates"
[network]
layers = [2, 2, 2]
[data]
inputs = [[0.05, 0.10]]
targets = [[0.01, 0.99]]
[initial]
scheme = "xavier"
[training]
steps = 60
[axes]
learning_rate = [0.1, 1.0, 10.0, 100.0]
seed = { range = [0, 3] }
[outcome]
target = 0.02
[record]
loss = "every 10"
"""


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with two trained studies, and one that is not."""
    folder = tmp_path_factory.mktemp("analysing")
    (folder / "a.toml").write_text(STUDY)
    (folder / "b.toml").write_text(STUDY.replace("steps = 60", "steps = 30").replace("0.1, ", ""))
    (folder / "c.toml").write_text(STUDY)
    (folder / "widths.toml").write_text(
        STUDY.replace("[axes]", "[axes]\ninitial.scale = { linear = [1.0, 2.0], num = 10 }")
    )
    for name in ("a", "b", "widths"):
        assert done("run", f"{name}.toml", cwd=folder).returncode == 0
    return folder


def done(*arguments: str, cwd: Path) -> Done:
    found = sweep(*arguments, cwd=cwd)
    assert (found.returncode, found.stderr) == (0, ""), found
    return found


def test_the_best_rate_is_told_in_a_table_and_in_words(here: Path) -> None:
    before = sorted(here.rglob("*"))
    text = done("best", "a.toml", cwd=here).stdout
    assert sorted(here.rglob("*")) == before
    lines = text.splitlines()
    assert lines[0] == "a: Three seeds [at] four rates"
    assert re.match(r"BEST BY +RATE +INTERVAL +VALUE +INTERVAL +CHOSEN AGAIN$", lines[1])
    assert [line.split()[0] for line in lines[2:5]] == [
        "final_loss", "steps_to_target", "convergence",
    ]  # fmt: skip
    assert "USABLE RATES" in lines[6]
    assert re.search(r"^The best learning rate is \d.* over 3 seeds is ", text, re.MULTILINE)
    trials = package.open_results(here / "results/a").trials()
    best = trials.groupby("learning_rate")["final_loss"].median().idxmin()
    assert lines[2].split()[1] == f"{best:.4g}"


def test_tables_are_printed_for_programs(here: Path) -> None:
    table = pd.read_csv(StringIO(done("best", "a.toml", "--format", "csv", cwd=here).stdout))
    results = package.open_results(here / "results/a")
    pd.testing.assert_frame_equal(table, package.summary(results))
    found = json.loads(done("best", "a.toml", "--format", "json", "--area", cwd=here).stdout)
    assert set(found) == {"study", "best", "summary", "sentences"}
    assert found["best"][0]["best_rate"] == package.best(results)["best_rate"][0]
    measures = {row["measure"]: row["value"] for row in found["summary"]}
    assert measures["divergence_threshold"] == "inf"
    assert 0 < measures["area_under_curve"] < 1


def test_one_criterion_and_another_axis(here: Path) -> None:
    text = done("best", "widths.toml", "--by", "convergence", "--rate", "initial.scale", cwd=here)
    assert text.stdout.splitlines()[1].startswith("GROUP ")
    assert "learning_rate = 0.1  convergence" in text.stdout
    assert "USABLE" not in text.stdout


def test_of_many_groups_the_best_are_printed(here: Path) -> None:
    found = sweep("best", "widths.toml", cwd=here)
    assert found.returncode == 0
    assert found.stdout.count("  final_loss  ") == 8
    assert found.stdout.count("\n\nscale = ") == 8
    assert (
        found.stderr == "2 more groups: --format csv prints all of them, --only NAME=VALUE some\n"
    )


def test_some_groups_are_chosen_by_long_and_short_names(here: Path) -> None:
    for name in ("scale", "initial.scale"):
        only = ("--only", f"{name}=1.111", "--only", "seed=2")
        text = done("best", "widths.toml", "--by", "tail_loss", *only, cwd=here).stdout
        assert text.splitlines()[1].split()[:2] == ["BEST", "BY"]  # one group has no name
        assert "tail_loss" in text
    text = done("compare", "a.toml", "b.toml", "--only", "seed=2", cwd=here).stdout
    assert "one seed gives no interval" in text


def test_studies_are_compared_in_words_and_drawn(here: Path) -> None:
    text = done("compare", "a.toml", "b.toml", cwd=here).stdout
    assert "Aligned on learning_rate: by equal values.\n" in text
    assert "b and a share 3 points, of 3 and 4.\n" in text
    assert "Paired over the 3 seeds that all have.\n" in text
    assert re.search(
        r"^b at .*, its best rate, has a median final loss .* that of a at ", text, re.M
    )
    names = [f"results/compare/a-b/final_loss.{ending}" for ending in ("png", "svg", "csv")]
    assert text.splitlines()[-3:] == names
    assert all((here / name).stat().st_size > 100 for name in names)
    table = pd.read_csv(here / names[2])
    want = package.compare([here / "results/a", here / "results/b"]).differences()
    pd.testing.assert_frame_equal(table, want)
    medians = [
        package.open_results(here / f"results/{name}")
        .trials()
        .groupby("learning_rate")["final_loss"]
        for name in ("a", "b")
    ]
    ratios = (medians[1].median() / medians[0].median()).dropna()
    assert table["ratio"].tolist() == pytest.approx(ratios.tolist(), rel=1e-15)


def test_a_comparison_of_different_tasks_says_so(here: Path) -> None:
    other = STUDY.replace("0.99", "0.5").replace("[data]", 'loss = "mean_squared_error"\n[data]')
    (here / "other.toml").write_text(other)
    done("run", "other.toml", cwd=here)
    found = sweep("compare", "a.toml", "other.toml", "--format", "csv", cwd=here)
    assert found.returncode == 0
    assert found.stderr == (
        "warning: not one loss function: half_squared_error, mean_squared_error\n"
        "warning: not trained on the same data\n"
    )


def test_a_comparison_is_printed_for_programs_and_leaves_no_files(here: Path) -> None:
    before = sorted(here.rglob("*"))
    csv = done("compare", "b.toml", "a.toml", "--format", "csv", cwd=here).stdout
    assert len(pd.read_csv(StringIO(csv))) == 3
    arguments = ("--measure", "converged", "--format", "json")
    found = json.loads(done("compare", "a.toml", "b.toml", *arguments, cwd=here).stdout)
    tables, words = {"at_best", "differences"}, {"alignment", "sentences"}
    assert set(found) == {"measure", "warnings"} | tables | words
    assert sorted(here.rglob("*")) == before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["best", "c.toml"], "nothing is trained yet"),
        (["best", "a.toml", "--rate", "momentum"], "momentum: no axis of this study"),
        (["best", "a.toml", "--rate", "seed"], "the order of its values means nothing"),
        (["best", "a.toml", "--within", "0.5"], "must be 1 or more"),
        (["best", "a.toml", "--by", "luck"], '--by: no measure is called "luck"'),
        (["best", "a.toml", "--by", "validation_loss"], "--by validation_loss: there is no valid"),
        (["best", "a.toml", "--only", "seed=9"], "--only seed=9: no such value; the nearest is 2"),
        (["compare", "a.toml", "b.toml", "--only", "optimizer=adam"], "no axis is called"),
        (["best", "a.toml", "--format", "pdf"], "pdf"),
        (["compare", "a.toml"], "two studies or more"),
        (["compare", "a.toml", "a.toml"], "named twice"),
        (["compare", "a.toml", "c.toml"], "nothing is trained yet"),
        (["compare", "a.toml", "b.toml", "--measure", "luck"], '"luck": no measure'),
        (["compare", "a.toml", "b.toml", "--measure", "validation_loss"], "validation_loss"),
        (
            ["compare", "a.toml", "b.toml", "--rate", "seed"],
            "the order of its values means nothing",
        ),
    ],
)
def test_a_wrong_request_is_refused_in_one_line(
    here: Path, arguments: list[str], says: str
) -> None:
    assert says in refused(*arguments, cwd=here)


def test_the_tables_from_python(here: Path) -> None:
    results = package.open_results(here / "results/a")
    assert package.by_rate(results)["learning_rate"].tolist() == [0.1, 1.0, 10.0, 100.0]
    assert "area_under_curve" in package.by_rate(results, areas=True)
    narrow, wide = (package.best(results, "final_loss", level=level) for level in (0.5, 0.99))
    assert (narrow["value_high"] <= wide["value_high"]).all()
    with pytest.raises(RequestError, match="nothing is trained"):
        package.best(package.open_results(here / "results/a", package.load_study(here / "c.toml",
                     ["training.steps=61"])))  # fmt: skip
