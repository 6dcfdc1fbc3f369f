"""Directions that initial parameters are moved along: drawn, stated or read from a file."""

from pathlib import Path

import numpy as np
import pytest

import sweep
from sweep.errors import RequestError
from sweep.study import load_study
from sweep.study.elementary import direction
from sweep.study.reading import files_of
from sweep.training.trainer import train

from .course import BIASED, course, group, refused

TWO = np.random.default_rng(5).normal(size=(2, 8))
PLANE = "axes={ learning_rate=[0.5], 'initial.along.0'=[-1, 0, 1], 'initial.along.1'=[0, 2] }"


def test_a_seed_draws_one_for_all_weights_and_biases() -> None:
    found = group("initial.direction=3").initial.directions
    np.testing.assert_array_equal(found, [direction(3, 8)])
    several = group(BIASED, "initial.direction=[3, 4]").initial.directions
    np.testing.assert_array_equal(several, [direction(3, 12), direction(4, 12)])
    assert group().initial.directions.shape == (0, 8)


def test_what_is_drawn_and_what_is_stated_are_one_study() -> None:
    drawn = group("initial.direction=3", "initial.along=0.5")
    stated = group(f"initial.direction={[direction(3, 8).tolist()]}", "initial.along=[0.5]")
    assert drawn.digest == stated.digest
    assert drawn.points == stated.points
    assert drawn.digest != group().digest


@pytest.mark.parametrize("name", ["two.npy", "two.csv"])
def test_a_file_holds_one_or_several(tmp_path: Path, name: str) -> None:
    text = course("initial.direction=[1, 2]", PLANE).to_toml()
    (tmp_path / "plane.toml").write_text(
        text.replace("direction = [1, 2]", f"direction = '{name}'")
    )
    if name.endswith("npy"):
        np.save(tmp_path / name, TWO)
    else:
        (tmp_path / name).write_text("\n".join(",".join(map(repr, row)) for row in TWO.tolist()))
    study = load_study(tmp_path / "plane.toml")
    np.testing.assert_array_equal(study.groups()[0].initial.directions, TWO)
    assert study.groups()[0].digest == group(f"initial.direction={TWO.tolist()}").digest
    assert name not in study.to_toml()
    assert files_of(tmp_path / "plane.toml") == [tmp_path / "plane.toml", tmp_path / name]
    (tmp_path / name).unlink()
    with pytest.raises(RequestError, match=rf'initial.direction: "{name}"'):
        load_study(tmp_path / "plane.toml")


def test_a_saved_study_is_the_same(tmp_path: Path) -> None:
    many = np.random.default_rng(6).normal(size=(9, 8))
    study = course(f"initial.direction={many.tolist()}", "axes.initial.along.8=[0, 1]")
    made = study.save(tmp_path / "saved.toml")
    assert [one.name for one in made] == ["saved.toml", "saved-directions.npy"]
    assert load_study(made[0]).groups()[0].digest == study.groups()[0].digest


def test_any_point_of_the_plane_is_evaluated_to_the_bits_of_a_run() -> None:
    study = course("initial.direction=[1, 2]", PLANE, "training.steps=20")
    (only,) = study.groups()
    trained = train(only, np.arange(6)).measures["final_loss"]
    columns = only.columns(np.arange(6))
    found = sweep.evaluate(study, {name: columns[name] for name in columns})
    np.testing.assert_array_equal(found["final_loss"], trained)
    assert len({*trained.tolist()}) == 6


def test_an_array_of_columns_is_refused(tmp_path: Path) -> None:
    (tmp_path / "plane.toml").write_text(
        course("initial.direction=1").to_toml().replace("direction = [1]", "direction = 'two.npy'")
    )
    np.save(tmp_path / "two.npy", TWO.T)
    with pytest.raises(RequestError, match=r'"two\.npy" has 8 x 2 numbers'):
        load_study(tmp_path / "plane.toml")


def test_a_seed_may_be_spelt_as_any_whole_number() -> None:
    assert group("initial.direction=[1.0, 2e0]").digest == group("initial.direction=[1, 2]").digest


@pytest.mark.parametrize(
    ("edits", "complaint"),
    [
        (["initial.along=1"], "initial.along: has no effect: no initial.direction is stated"),
        (["axes.initial.along.0=[1]"], "has no effect: no initial.direction is stated"),
        (["initial.direction=1", "axes.initial.along.1=[1]"],
         "axes.initial.along.1: names no direction: the directions are 0 to 0"),
        (["initial.direction=[1, 2]", "initial.along=[1]"],
         "initial.along: must have one value, or 2 (one a direction), not 1"),
        (["initial.direction=1", "initial.along=2", "axes.initial.along.0=[1]"],
         "initial.along: has no effect: every direction has a value of its own"),
        (["initial.direction=[[1, 2, 3]]"],
         "initial.direction: must have 8 numbers, one for each weight and bias, not 3"),
        ([f"initial.direction={[[1] * 16]}"],
         "initial.direction: must have 8 numbers, one for each weight and bias, not 16"),
        (["initial.direction=[0.5, 1]"], "must be a seed, a list of seeds or of lists of numbers"),
        (["initial.direction=[]"], "must be a seed, a list of seeds or of lists of numbers"),
        (["initial.direction=-1"], "must be a seed, a list of seeds"),
        ([f"initial.direction={list(range(11))}"], "are 11 directions; at most 10"),
        (["initial.direction=1", "initial.along='far'"], "initial.along: must be a finite number"),
    ],
)  # fmt: skip
def test_what_makes_no_direction_is_refused(edits: list[str], complaint: str) -> None:
    assert complaint in refused(*edits)
