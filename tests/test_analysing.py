"""`sweep best` and `sweep compare` as a user meets them, and the same from Python."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import sweep as package
from sweep.errors import RequestError
from sweep.store.results import Results
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
loss = "every step"
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
    assert lines[7].split()[0].startswith(("≤", "≥")) or " to ≥" in lines[7]
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
    results = package.open_results(here / "results/a")
    found = json.loads(done("best", "a.toml", "--json", "--area", cwd=here).stdout)
    assert set(found) == {"study", "best", "summary", "sentences"}
    assert found["best"][0]["best_rate"] == package.best(results)["best_rate"][0]
    measures = {row["measure"]: row["value"] for row in found["summary"]}
    assert measures["divergence_threshold"] == "inf"
    assert 0 < measures["area_under_curve"] < 1


def test_one_criterion_and_another_axis(here: Path) -> None:
    text = done("best", "widths.toml", "--by", "convergence", "--rate", "initial.scale", cwd=here)
    said, head = text.stdout.splitlines()[1:3]
    assert said == "4 groups, the best by convergence first"
    assert head.startswith("GROUP ")
    assert "learning_rate = 0.1  convergence" in text.stdout
    assert "USABLE" not in text.stdout


def test_of_many_groups_the_best_are_printed(here: Path) -> None:
    found = sweep("best", "widths.toml", cwd=here)
    assert found.returncode == 0
    assert found.stdout.count("  final_loss  ") == 8
    assert found.stdout.count("\n\nscale = ") == 8
    assert found.stderr == "2 more groups: --json prints all of them, --only NAME=VALUE some\n"


def test_groups_that_minimise_different_things_are_not_ranked(here: Path) -> None:
    losses = 'network.loss = ["half_squared_error", "mean_squared_error"]'
    (here / "losses.toml").write_text(STUDY.replace("[axes]", f"[axes]\n{losses}"))
    done("run", "losses.toml", cwd=here)
    said = done("best", "losses.toml", cwd=here).stdout.splitlines()[1]
    assert said == "Groups differ in what is minimised, by loss, and are not ranked."


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
    found = sweep("compare", "a.toml", "other.toml", "--json", cwd=here)
    assert found.returncode == 0
    assert found.stderr == (
        "warning: not one loss function: half_squared_error, mean_squared_error\n"
        "warning: not trained on the same data\n"
    )


def test_a_comparison_is_printed_for_programs_and_leaves_no_files(here: Path) -> None:
    before = sorted(here.rglob("*"))
    arguments = ("--measure", "final_loss", "--json")
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
        (["best", "a.toml", "--within", "0.5"], "must be a number of 1 or more"),
        (["best", "a.toml", "--within", "inf"], "must be a number of 1 or more"),
        (["best", "a.toml", "--within", "nan"], "must be a number of 1 or more"),
        (["best", "a.toml", "--by", "luck"], '--by: no measure is called "luck"'),
        (["best", "a.toml", "--by", "validation_loss"], "--by validation_loss: there is no valid"),
        (["best", "a.toml", "--only", "seed=9"], "--only seed=9: no such value; the nearest is 2"),
        (["compare", "a.toml", "b.toml", "--only", "optimizer=adam"], "no axis is called"),
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


def test_measures_at_hand_are_listed_once(here: Path) -> None:
    listed = refused("best", "a.toml", "--by", "luck", cwd=here).partition("there are ")[2]
    names = listed.strip().split(", ")
    assert len(names) == len(set(names)) > 5


def test_the_best_group_comes_first_and_it_is_said(here: Path) -> None:
    lines = done("best", "widths.toml", "--only", "scale=1", "--only", "scale=2",
                 "--by", "final_loss", cwd=here).stdout.splitlines()  # fmt: skip
    assert lines[1] == "2 groups, the best by final_loss first"
    table = package.best(package.open_results(here / "results/widths"), "final_loss")
    ends = table[table["initial.scale"].isin([1.0, 2.0])].sort_values("value")
    assert [line.split()[2] for line in lines[3:5]] == [f"{x:g}" for x in ends["initial.scale"]]


def test_python_takes_a_study_by_its_name_its_file_or_its_results(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(here)
    (here / "experiments").mkdir(exist_ok=True)
    (here / "experiments" / "a.toml").write_text(STUDY)
    want = package.best(package.open_results("results/a"))
    for source in ("a", "a.toml", "results/a", Path("results/a"), Path("a.toml")):
        pd.testing.assert_frame_equal(package.best(source), want)
    assert len(package.summary("a")) == len(package.summary(package.open_results("results/a")))
    assert len(package.by_rate("a", only="seed=1")) == 4
    assert package.compare(["a", "b.toml"]).studies == ("a", "b")
    assert package.export("a", here / "t.csv") == 12
    assert package.plot("a", "response", only="seed=1") is not None
    assert package.report("b.toml", here / "page.html", only="seed=1").name == "page.html"
    assert package.load_study("a.toml", "training.steps=7").groups()[0].steps == 7


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda one: package.best(5), "the study by its name or file, not int"),
        (lambda one: package.best(one.trials()), "the study by its name or file, not DataFrame"),
        (lambda one: package.best("nobody"), "there is no study of this name"),
        (lambda one: package.best(one, 3), "--by: must be a name, not 3"),
        (lambda one: package.best(one, ["final_loss"]), r"--by: must be a name, not \['final"),
        (lambda one: package.best(one, rate=3), "--rate: must be a name, not 3"),
        (lambda one: package.best(one, only=3), "--only: must be NAME=VALUE or a list"),
        (lambda one: package.best(one, level="wide"), "must lie between 0 and 1, not 'wide'"),
        (lambda one: package.best(one, resamples=2.5), "resamples: must be a whole number of at"),
        (lambda one: package.best(one, seed=-1), "seed: must be a whole number of at least 0"),
        (lambda one: package.summary(one, within="2"), "must be a number of 1 or more: '2'"),
        (lambda one: package.by_rate(3), "the study by its name or file, not int"),
        (lambda one: package.compare("ab"), "two studies or more, in a list"),
        (lambda one: package.compare([one, 3]), "the study by its name or file, not int"),
        (lambda one: package.compare([one, one], 3), "--measure: must be a name, not 3"),
        (lambda one: package.export(3, "t.csv"), "the study by its name or file, not int"),
        (lambda one: package.plot(3), "the study by its name or file, not int"),
        (lambda one: package.report(3), "the study by its name or file, not int"),
        (lambda one: package.open_results(3), "results: must be a path, not of type int"),
        (lambda one: package.audit(3), "file: must be a path, not of type int"),
        (lambda one: package.new(3), "file: must be a path, not of type int"),
        (lambda one: package.list(3), "results: must be a path, not of type int"),
        (lambda one: package.bench("pie", threads=1), 'is called "pie"'),
    ],
)
def test_a_wrong_argument_is_refused_in_one_line(
    here: Path, call: Callable[[Results], object], says: str
) -> None:
    with pytest.raises(RequestError, match=says) as refusal:
        call(package.open_results(here / "results/a"))
    assert "\n" not in str(refusal.value)


def test_what_is_no_sample_of_rates_is_not_judged_by_them(tmp_path: Path) -> None:
    """A map that was trained from coarse to fine; its report has the map and no best rate."""
    data = ([[0.5], [1.0]], [[0.3], [0.9]])
    study = package.Study(
        "map", layers=[1, 1, 1], data=data, scheme="normal", steps=9, refine_depth=1,
        axes={"learning_rate.0": package.log(0.1, 1e3, 9), "learning_rate.1": [1.0, 9.0, 99.0]},
    )  # fmt: skip
    results = package.run(study, results=tmp_path, progress=False)
    for asked in (package.best, package.summary):
        with pytest.raises(RequestError, match="map: is trained from coarse to fine"):
            asked(results)
    page = package.report(results).read_text()
    assert "still to be trained" not in page
    assert "best learning" not in page


def test_accuracy_is_of_classes(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    inputs, numbers = rng.normal(size=(8, 2)), rng.normal(size=(8, 1))
    for name, targets, there in (("n", numbers, False), ("c", (numbers > 0) * 1.0, True)):
        study = package.Study(
            name, layers=[2, 1], data=(inputs, targets), validation=(inputs, targets),
            scheme="normal", steps=3, learning_rate=[0.1, 1.0],
        )  # fmt: skip
        found = package.best(package.run(study, results=tmp_path, progress=False))
        assert ("validation_accuracy" in [*found["by"]]) == there


def test_the_area_is_printed_where_it_is_asked_for(here: Path) -> None:
    plain, asked = (done("best", "a.toml", *more, cwd=here).stdout for more in ([], ["--area"]))
    assert "MEAN LOSS" not in plain
    area = package.by_rate(here / "results/a", areas=True)["area_under_curve"].min()
    assert "MEAN LOSS" in asked
    assert np.isfinite(area)
