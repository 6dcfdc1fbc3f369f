"""Any points of a study, trained in one batch: to the bit what its own run gives."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import sweep
from sweep.analysis.levels import LEVELS, levels
from sweep.catalogue import OUTCOMES, VALIDATION_MEASURES
from sweep.errors import RequestError
from sweep.store.derived import with_areas
from sweep.study import Study

XOR = """
[network]
layers = [2, 2, 2]
activation = "sigmoid"
bias = true
[data]
inputs = [[0, 0], [0, 1], [1, 0], [1, 1]]
targets = [[1, 0], [0, 1], [0, 1], [1, 0]]
[initial]
scheme = "uniform"
[training]
steps = 30
[outcome]
target = 0.2
diverged_above = 100
[record]
loss = "every 7"
parameters = "every 15"
[axes]
"""
RATES = "learning_rate = [0.1, 30.0, 1.0]\n"
STUDIES = {
    "optimizers": 'training.optimizer = ["sgd", "momentum"]\nmomentum = [0.9]\nseed = [3, 1]\n',
    "batches": "batch_seed = [0, 5]\nseed = [7]\n",
    "arithmetics": 'training.dtype = ["float64", "float32"]\ninitial.scale = [1, 2]\n',
    "lengths": '"learning_rate.1" = [0.5, 2]\n',
}
MORE = {
    "lengths": ["axes.training.steps=[30, 12]"],
    "optimizers": ['axes.where="optimizer == \\"momentum\\" or momentum == 0.9"'],
    "batches": [
        "batch.size=3",
        "validation={ inputs=[[0.1, 0], [1, 0.9]], targets=[[1, 0], [1, 0]] }",
        'training.stop="either"',
    ],
}


def study(tmp_path: Path, axes: str, *overrides: str) -> Study:
    path = tmp_path / "points.toml"
    path.write_text(XOR + RATES + axes)
    return sweep.load_study(path, overrides)


@pytest.mark.parametrize("name", STUDIES)
def test_bits_are_those_of_a_run_in_the_order_given(tmp_path: Path, name: str) -> None:
    asked, edits = study(tmp_path, STUDIES[name], *MORE.get(name, ())), MORE.get(name, ())
    path = tmp_path / "points.toml"
    results = sweep.run(path, results=tmp_path, overrides=edits, progress=False)
    ran = results.trials()
    order = np.random.default_rng(5).permutation(len(ran))
    axes = [axis.name for axis in asked.axes]
    points = ran[axes].iloc[order]
    found = sweep.evaluate(asked, points, curves=True, parameters=True, threads=2)
    wanted = ran.iloc[order]
    pd.testing.assert_frame_equal(
        found.trials, wanted.drop(columns="trial"), check_exact=True, check_index_type=False
    )
    place = pd.Series(np.argsort(order), index=ran["trial"].to_numpy())
    for kind in ("curves", "parameters"):
        own = getattr(results, kind)()
        own["trial"] = own["trial"].map(place)
        own = own.sort_values(["trial", "step"], ignore_index=True)
        pd.testing.assert_frame_equal(getattr(found, kind), own, check_exact=True)
    assert [len(rows) for _, rows in found.groups] == [g.trials for g in asked.groups()]
    alone = sweep.evaluate(asked, points, threads=1)
    pd.testing.assert_frame_equal(alone, found.trials, check_exact=True)


def test_points_between_those_of_the_grid_are_those_of_a_study_that_has_them(
    tmp_path: Path,
) -> None:
    asked = study(tmp_path, "seed = [2]\n")
    rates = np.random.default_rng(0).uniform(0.01, 5, 37)
    found = sweep.evaluate(asked, {"learning_rate": rates, "weight_decay": 1e-3})
    edits = [f"axes.learning_rate={rates.tolist()}", "training.weight_decay=1e-3"]
    ran = sweep.run(
        tmp_path / "points.toml", results=tmp_path, overrides=edits, progress=False
    ).trials()
    for name in ("final_loss", "best_step", "outcome"):
        assert found[name].tolist() == ran[name].tolist()
    assert found["seed"].tolist() == [2] * 37


def test_what_is_not_asked_for_is_left_out(tmp_path: Path) -> None:
    asked = study(tmp_path, "seed = [2]\n")
    points = pd.DataFrame({"learning_rate": [1.0, 2.0]}, index=["a", "b"])
    found = sweep.evaluate(asked, points, measures=["outcome", "final_loss"])
    assert list(found) == ["learning_rate", "seed", "outcome", "final_loss"]
    assert list(found.index) == ["a", "b"]
    whole = sweep.evaluate(asked, points, curves=True)
    assert whole.parameters.empty
    assert whole.curves["step"].tolist() == [0, 7, 14, 21, 28, 30] * 2
    assert whole.curves["loss"].iloc[-1] == whole.trials["final_loss"].iloc[-1]


def test_measures_are_those_that_studies_are_compared_by(tmp_path: Path) -> None:
    edits = ["record.loss='every step'", "training.stop='either'", "outcome.diverged_above=0.275"]
    file, names = tmp_path / "points.toml", ["area_under_curve", "overshoot", "best_loss"]
    asked = study(tmp_path, "seed = [2, 3]\n", *edits)
    results = sweep.run(file, results=tmp_path, overrides=edits, progress=False)
    trials = with_areas(results.trials(), results)
    assert set(trials["outcome"]) == {"stalled", "diverged"}
    for record in ("every step", "nothing"):
        asked = study(tmp_path, "seed = [2, 3]\n", *edits[1:], f'record.loss="{record}"')
        found = sweep.evaluate(asked, trials[["learning_rate", "seed"]], measures=names)
        assert found["area_under_curve"].tolist() == trials["area_under_curve"].tolist()
        assert found["overshoot"].tolist() == levels(trials, "overshoot").tolist()
    every = set(LEVELS) - {"descent", *OUTCOMES, *VALIDATION_MEASURES} | {"diverged_at", "outcome"}
    whole = sweep.evaluate(asked, trials[["learning_rate", "seed"]], measures=sorted(every))
    assert every < {*whole}
    batches = [*edits[:2], "batch.size=2"]
    for edited, line in ((batches, "see batches"), (["record.loss='every 5'"], "every 5")):
        asked = study(tmp_path, "seed = [2, 3]\n", *edited)
        with pytest.raises(RequestError, match=line):
            sweep.evaluate(asked, trials[["learning_rate", "seed"]], measures=names, curves=True)


def test_points_come_as_any_table(tmp_path: Path) -> None:
    asked = study(tmp_path, 'training.optimizer = ["sgd", "adam"]\n')
    points = {"learning_rate": [1.0, 2.0, 1.0], "optimizer": ["sgd", "momentum", "sgd"]}
    by_hand = sweep.evaluate(asked, points)
    assert by_hand["training.optimizer"].tolist() == points["optimizer"]
    assert by_hand["final_loss"][0] == by_hand["final_loss"][2] != by_hand["final_loss"][1]
    for table in (pl.DataFrame(points), pd.DataFrame(points)):
        pd.testing.assert_frame_equal(sweep.evaluate(asked, table), by_hand)
    one = sweep.evaluate(asked, {"learning_rate": 1.0, "optimizer": "sgd"})
    assert one["final_loss"].tolist() == by_hand["final_loss"][:1].tolist()
    none = sweep.evaluate(asked, {"learning_rate": [], "optimizer": "sgd"})
    assert len(none) == 0
    assert list(none) == list(by_hand)


def test_what_has_no_effect_at_a_point_is_not_looked_at_there(tmp_path: Path) -> None:
    asked = study(tmp_path, 'training.optimizer = ["sgd", "adam"]\n')
    points = {"optimizer": ["sgd", "momentum"], "momentum": [np.nan, 0.5], "learning_rate": 1.0}
    found = sweep.evaluate(asked, points)
    without = sweep.evaluate(asked, {"optimizer": "sgd", "learning_rate": 1.0})
    assert found["final_loss"][0] == without["final_loss"][0]


@pytest.mark.parametrize(
    ("points", "line"),
    {
        "number": (3, "points: must be a table or a dictionary of columns, not of type int"),
        "column": (pd.Series([1.0]), "dictionary of columns, not of type Series"),
        "matrix": (np.ones((2, 1)), "dictionary of columns, not of type ndarray"),
        "masked": ({"learning_rate": np.ma.masked_array([1, 2], [0, 1])}, "has masked entries"),
        "object": ({"learning_rate": np.array([1, None])}, "must be numbers, not object"),
        "no axis": ({"learning_rat": [1.0]}, '"learning_rat" is no field .* mean learning_rate'),
        "ends so": ({"seed": 1, "learning_rate": [1], "name": "a"}, "say which: data.name or "),
        "missing": ({"seed": [1]}, "learning_rate is missing, of which the study has 3 values"),
        "twice": ({"learning_rate": 1, "training.learning_rate": 1}, "learning_rate is named twi"),
        "lengths": ({"learning_rate": [1, 2], "seed": [1, 2, 3]}, "learning_rate 2, seed 3"),
        "no vector": ({"learning_rate": [[1.0]]}, r"must be a vector, not of shape \(1, 1\)"),
        "text": ({"learning_rate": ["a"]}, "learning_rate must be numbers, not <U1"),
        "nan": ({"learning_rate": [1, np.nan]}, r"learning_rate\[1\] must be a finite number"),
        "below": ({"learning_rate": [1, 2, -3.0]}, r"rate\[2\] must be .* at least 0, not -3.0"),
        "no whole": ({"learning_rate": 1, "seed": [0, 1.5, 9]}, r"seed\[1\] must be a whole .*1.5"),
        "no name": ({"learning_rate": 1, "optimizer": ["sdg"]}, 'optimizer must be one of "sgd"'),
        "none": ({"learning_rate": [1, 1], "optimizer": ["sgd", None]}, r"optimizer\[1\] is missi"),
        "idle": ({"learning_rate": 1, "alpha": 0.5}, 'alpha has no effect: the optimizer "sgd"'),
        "fields": ({"learning_rate": 1, "training.stop": "never", "batch.size": 9}, "batch.size "),
        "groups": ({"learning_rate": 1, "training.steps": np.arange(1, 1500)}, "compile than 1000"),
    }.values(),
)  # fmt: skip
def test_wrong_points_are_refused_in_a_line(tmp_path: Path, points: Any, line: str) -> None:
    asked = study(tmp_path, "seed = [2]\n")
    with pytest.raises(RequestError, match=line) as refused:
        sweep.evaluate(asked, points)
    assert "\n" not in str(refused.value)


def test_what_is_not_kept_is_refused(tmp_path: Path) -> None:
    asked = study(tmp_path, "seed = [2]\n", 'record.loss="nothing"')
    points = {"learning_rate": [1.0]}
    with pytest.raises(RequestError, match="'final_los' is none that is kept; did you mean final_"):
        sweep.evaluate(asked, points, measures=["final_los"])
    with pytest.raises(RequestError, match=r"must be a list of names, such as \['final_loss'\]"):
        sweep.evaluate(asked, points, measures="final_loss")
    with pytest.raises(RequestError, match=r'record\.loss is "nothing"'):
        sweep.evaluate(asked, points, curves=True)
    for threads, told in ((0, "0"), ("2", '"2"')):
        with pytest.raises(RequestError, match=f"threads must be at least 1, not {told}"):
            sweep.evaluate(asked, points, threads=threads)  # type: ignore[call-overload]


def test_no_points_have_the_columns_of_many(tmp_path: Path) -> None:
    asked = study(tmp_path, "seed = [2]\n")
    some = sweep.evaluate(asked, {"learning_rate": [1.0]})
    none = sweep.evaluate(asked, {"learning_rate": np.empty(0)}, curves=True, parameters=True)
    assert none.trials.dtypes.to_dict() == some.dtypes.to_dict()
    assert none.trials.empty
    assert none.curves.empty
    assert none.parameters.empty


@pytest.mark.parametrize("kind", [np.longdouble, object])
def test_numbers_of_other_kinds_are_taken(tmp_path: Path, kind: type) -> None:
    asked = study(tmp_path, "seed = [2]\n")
    points = {"learning_rate": np.array([1.0, 2.0], kind), "seed": np.array([2**62 + 1, 3], object)}
    found = sweep.evaluate(asked, points, measures=["final_loss"])
    plain = {"learning_rate": [1.0, 2.0], "seed": np.array([2**62 + 1, 3])}
    wanted = sweep.evaluate(asked, plain, measures=["final_loss"])
    assert found["final_loss"].tolist() == wanted["final_loss"].tolist()
