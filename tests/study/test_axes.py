from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweep.study import parse_study

from .course import DRAWN, course, refused


@pytest.mark.parametrize(
    ("stated", "values"),
    [
        ("learning_rate=[1, 2.5]", [1.0, 2.5]),
        ("learning_rate=[5, 0.1, 1]", [5.0, 0.1, 1.0]),
        ("learning_rate={ log=[1e-2, 1e2], num=5 }", [0.01, 0.1, 1.0, 10.0, 100.0]),
        ("learning_rate={ log=[4, 1], num=3 }", [4.0, 2.0, 1.0]),
        ("learning_rate={ linear=[0, 1], num=11 }", [i / 10 for i in range(11)]),
        ("learning_rate={ range=[1, 4] }", [1.0, 2.0, 3.0]),
        ("learning_rate={ range=[1, 8, 3] }", [1.0, 4.0, 7.0]),
        ("learning_rate={ geometric=[0.1, 3], num=4 }", [0.1, 0.3, 0.9, 2.7]),
        ("learning_rate={ geometric=[8, 0.5], num=3 }", [8.0, 4.0, 2.0]),
        (
            "learning_rate={ linear=[0, 8], level=4.0, first=6, num=3 }",
            [3.0, 3.5, 4.0],
        ),
        ("learning_rate={ log=[4, 1], level=3, first=4, num=1 }", [2.0]),
        ("training.steps={ geometric=[10, 1.5], num=4 }", [10, 15, 22, 34]),
        ("training.steps={ log=[10, 10000], num=4 }", [10, 100, 1000, 10000]),
        ("training.steps={ linear=[1, 10], num=3 }", [1, 6, 10]),
        ("training.steps=[1e3]", [1000]),
        ("network.bias=[true, false]", [True, False]),
        ("network.activation=['tanh', 'relu']", ["tanh", "relu"]),
        ("outcome.diverged_above=[inf, 1]", [float("inf"), 1.0]),
    ],
)
def test_axis_values(stated: str, values: list[object]) -> None:
    (axis,) = course("axes={}", "training.learning_rate=1", f"axes.{stated}").axes
    assert axis.values.tolist() == values
    assert [type(value) for value in axis.values.tolist()] == [type(value) for value in values]
    assert not axis.values.flags.writeable


def test_seeds_are_whole_numbers_up_to_the_last() -> None:
    (seeds,) = course(DRAWN, f"axes={{ seed=[0, {2**63 - 1}] }}", "training.learning_rate=1").axes
    assert seeds.name == "seed"
    assert seeds.values.dtype == np.int64
    assert seeds.values.tolist() == [0, 2**63 - 1]


@pytest.mark.parametrize(
    ("stated", "complaint"),
    [
        ("learning_rate=[]", "must have 1 to 100000000 values, not 0"),
        ("learning_rate=[0.1, 1, 1e-1]", "has the value 0.1 more than once"),
        ("learning_rate=[0.0, -0.0]", "has the value 0.0 more than once"),
        ("learning_rate=[1, 1.0]", "has the value 1.0 more than once"),
        ("network.activation=['tanh', 'tanh']", 'has the value "tanh" more than once'),
        ("record.loss=['every 1', 'every step']", 'has the value "every step" more than once'),
        ("training.steps={ linear=[1, 3], num=9 }", "has the value 1 more than once"),
        ("learning_rate=[0.1, nan]", "[1] must be a finite number of at least 0, not nan"),
        ("learning_rate=[[0.1, 0.2]]", "[0] must be a single value, not [0.1, 0.2]"),
        ("learning_rate=0.1", "must be a list of values, { log = [low, high], num = n }"),
        ("network.bias={ range=[0, 2] }", "must be a list of values, not a table of range"),
        ("learning_rate={ lgo=[1, 2], num=3 }", "not a table of lgo, num"),
        ("learning_rate={ log=[1, 2] }", "not a table of log"),
        ("learning_rate={ log=[1, 2], linear=[1, 2], num=3 }", "not a table of log, linear, num"),
        ("learning_rate={ range=[1, 2], num=3 }", "not a table of range, num"),
        ("learning_rate={ range=[1, 2, 0] }", "must be a whole number from 1 to"),
        ("learning_rate={ range=[1] }", "must have range = [low, high], or [low, high, step]"),
        ("learning_rate={ geometric=[1], num=3 }", "must have geometric = [first, factor]"),
        ("learning_rate={ geometric=[0, 2], num=3 }", "a first value other than 0"),
        ("learning_rate={ geometric=[1, -2], num=3 }", "must be a finite number of at least 0"),
        ("learning_rate={ geometric=[1, 1], num=3 }", "has the value 1.0 more than once"),
        ("learning_rate={ geometric=[1, 10], num=400 }", "grows out of bounds: [1, 10], 400 times"),
        ("learning_rate={ geometric=[0.1, 1e9], num=1048576 }", "grows out of bounds"),
        ("learning_rate={ geometric=[1, 0.1], num=100000000 }", "shrinks to 0: [1, 0.1]"),
        ("learning_rate={ geometric=[1, 10] }", "not a table of geometric"),
        ("training.steps={ geometric=[1, 10], num=17 }", "grows out of bounds"),
        ("training.steps={ geometric=[1, 10], num=12 }", "must be a whole number from 1 to"),
        ("learning_rate={ log=[1, 2], num=3, random=3 }", "not a table of log, num, random"),
        ("learning_rate={ log=[1, 2], random=0 }", "must have a random from 1 to 100000000, not 0"),
        ("learning_rate={ log=[1, 2], random=3, sed=3 }", "not a table of log, random, sed"),
        ("learning_rate={ log=[1, 2], sobol=3, seed=-1 }", "of a draw must be a whole number"),
        ("learning_rate={ geometric=[1, 2], sobol=3 }", "must be a list of values, { log = [lo"),
        ("training.steps={ range=[1, 5], random=9 }", "more than once"),
        (
            "learning_rate={ log=[0, 2], num=3 }",
            "must have both ends of log above 0: they are values",
        ),
        ("learning_rate={ log=[1, 2, 3], num=3 }", "must have log = [low, high]"),
        ("learning_rate={ log=[1, inf], num=3 }", "must be a finite number"),
        ("outcome.diverged_above={ linear=[1, inf], num=3 }", "both ends of linear finite"),
        ("learning_rate={ log=[1, 2], num=1 }", "must have a num from 2 to 100000000, not 1"),
        ("learning_rate={ log=[1, 2], num=3.5 }", "must have a num from 2 to 100000000, not 3.5"),
        ("learning_rate={ log=[1, 2], num=1000000000000 }", "must have a num from 2 to"),
        ("learning_rate={ range=[3, 3] }", "must have a range of 1 to 100000000 values"),
        ("learning_rate={ log=[1, 2], level=3, num=3 }", "level and first: first is missing"),
        ("learning_rate={ log=[1, 2], first=3, num=3 }", "level and first: level is missing"),
        ("learning_rate={ range=[1, 2], level=3, num=3 }", "not a table of range, level, num"),
        (
            "learning_rate={ log=[1, 2], level=3, first=0, random=3 }",
            "a table of log, level, first",
        ),
        ("learning_rate={ log=[1, 2], level=61, first=0, num=3 }", "a level from 0 to 60, not 61"),
        ("learning_rate={ log=[1, 2], level=3, first=9, num=1 }", "a first from 0 to 8, not 9"),
        ("learning_rate={ log=[1, 2], level=3, first=7, num=3 }", "a num from 1 to 2, not 3"),
        (
            "learning_rate={ linear=[1, 2], level=50, first=9, num=3 }",
            "neighbours less than 8 ulp apart: here level up to 49",
        ),
        (
            "learning_rate={ linear=[1, 1.00000000000001], num=9 }",
            "neighbours less than 8 ulp apart: here num may be up to 6",
        ),
        ("learning_rate={ log=[1, 1], level=1, first=0, num=3 }", "apart: its ends are too close"),
        ("seed={ range=[0, 0.5] }", "must be a whole number"),
        ("learning_rate={ range=[0.1, 0.4, -0.1] }", "values in steps above 0, not [0.1, 0.4, -0."),
        ("learning_rate={ range=[0.4, 0.1] }", "a range of 1 to 100000000 values in steps above"),
        ("learning_rate={ range=[0.1, 1e300] }", "a range of 1 to 100000000 values in steps abo"),
        ("learning_rate={ range=[0.1, true] }", "must be a finite number, not true"),
        ("learning_rate={ range=[-0.1, 0.5, 0.1] }", "must be a finite number of at least 0, not"),
        ("learning_rate={ log=[-4, 1], num=3 }", "not exponents, which would be log = [0.0001, 1"),
        ("learning_rate={ range=[0, 1000000000000] }", "must have a range of 1 to"),
        ("training.steps={ range=[-3, 3] }", "must be a whole number from 1"),
    ],
)
def test_what_is_no_axis(stated: str, complaint: str) -> None:
    message = refused(f"axes.{stated}")
    assert complaint in message
    assert message.startswith(f"--set axes.{stated}"[:40])


def test_large_products_are_refused() -> None:
    many = "{ range=[1, 4000000] }"
    assert "at most 1000000000000" in refused(
        DRAWN, f"axes={{ seed={many}, learning_rate={many} }}"
    )
    assert "at most 1000" in refused("axes.training.steps={ range=[1, 1002] }")


def test_spaced_whole_numbers_are_refused_where_they_would_not_be_exact() -> None:
    seeds = f"axes.seed={{ linear=[0, {2**63 - 1}], num=2 }}"
    assert "must have whole numbers up to 9007199254740992 in linear" in refused(DRAWN, seeds)


@given(
    st.sampled_from(["random", "sobol"]),
    st.sampled_from(
        [
            ("learning_rate", "log", 1e-3, 1e2, 0.0),
            ("learning_rate", "linear", 0.5, 0.25, 0.0),
            ("network.multiplier", "linear", -1e308, 1e308, 0.0),
            ("initial.scale", "log", 1e-300, 1e300, 0.0),
            ("seed", "range", 5, 10**6, 0),
            ("training.steps", "linear", 1, 1_000_000, 0),
        ]
    ),
    st.integers(0, 2**63 - 1),
)
def test_drawn_values_lie_between_the_ends(
    how: str, case: tuple[str, str, float, float, float], seed: int
) -> None:
    name, spacing, low, high, kind = case
    stated = f"{{ {spacing}=[{low}, {high}], {how}=16, seed={seed} }}"
    rate = [] if name == "learning_rate" else ["training.learning_rate=1"]
    (axis,) = course(DRAWN, "axes={}", f"axes.{name}={stated}", *rate).axes
    assert len(axis) == 16
    assert axis.values.dtype == np.asarray(kind).dtype
    assert min(low, high) <= axis.values.min()
    assert axis.values.max() <= max(low, high)
    if how == "sobol":  # each quarter has a quarter of them, but for rounding to whole numbers
        ends = np.log([low, high]) if spacing == "log" else np.array([low, high], float)
        found = np.log(axis.values) if spacing == "log" else axis.values.astype(float)
        part = np.floor((found / 4 - ends[0] / 4) / (ends[1] / 4 - ends[0] / 4) * 4 - 1e-6)
        assert np.bincount(np.clip(part, 0, 3).astype(int)).tolist() == [4, 4, 4, 4]


def test_a_short_range_is_drawn_from_evenly() -> None:
    """Of whole numbers every one has the same chance, the ends too."""
    drawn = "training.steps={ linear=[1, 4], sobol=256 }"
    steps, _ = course(f"axes={{ zip.a={{ {drawn}, learning_rate={{ range=[0, 256] }} }} }}").axes
    assert np.bincount(steps.values).tolist() == [0, 64, 64, 64, 64]


@pytest.mark.parametrize(
    ("stated", "values"),
    [
        ("[0.1, 0.4, 0.1]", [0.1, 0.2, 0.3]),
        ("[0.1, 0.41, 0.1]", [0.1, 0.2, 0.3, 0.4]),
        ("[0.5, 3]", [0.5, 1.5, 2.5]),
        ("[1e-3, 4e-3, 1e-3]", [1e-3, 2e-3, 3e-3]),
        ("[0, 1, 0.25]", [0.0, 0.25, 0.5, 0.75]),
        ("[0.7, 0.7000001]", [0.7]),
    ],
)
def test_a_range_of_a_number_is_in_decimals(stated: str, values: list[float]) -> None:
    (axis,) = course(f"axes.learning_rate={{ range={stated} }}").axes
    assert axis.values.tolist() == values


@pytest.mark.parametrize(
    "form", ["log=[1e-3, 1e2], num", "log=[1e-3, 1e2], sobol", "linear=[0, 2], random"]
)
def test_a_long_axis_is_described_and_read_to_the_same_bits(form: str) -> None:
    study = course(f"axes.learning_rate={{ {form} = {2**17} }}")
    assert study.trials == 2**17
    text = study.to_toml()
    assert len(text) < 2000
    again = parse_study(text, "course", Path())
    assert again.axes[0].values.tobytes() == study.axes[0].values.tobytes()
    assert again.groups()[0].points == study.groups()[0].points


def test_a_long_design_is_described_with_what_comes_after_it() -> None:
    design = (
        "axes.design.spread={ draw={ sobol=20000, seed=3 }, learning_rate={ log=[1e-3, 1] }, "
        '"initial.scale"=[1, 2], momentum={ linear=[0, 1] } }'
    )
    edits = [DRAWN, "training.optimizer='momentum'", "axes={ repeats=2 }", design]
    study = course(*edits, "axes.zip.pair={ weight_decay=[0, 0.1], clip_norm=[1, 2] }")
    assert study.trials == 80000
    text = study.to_toml()
    assert len(text) < 2000
    again = parse_study(text, "course", Path())
    assert [one.points for one in again.groups()] == [one.points for one in study.groups()]
