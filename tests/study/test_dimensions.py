"""Zips and conditions in study files: the trials they make, and what is said of wrong ones."""

from pathlib import Path

import numpy as np
import pytest

from sweep.study import Study, parse_study

from .course import BIASED, DRAWN, course, refused

LISTS = "axes={ training.optimizer=['sgd', 'adam'], momentum=[0, 0.9], learning_rate=[1, 2] }"
PAIR = "axes.zip.pair={ learning_rate=[0.1, 0.2, 0.3], seed=[5, 5, 7] }"


def points(study: Study) -> list[tuple[object, ...]]:
    """The values of the study's axes, trial by trial."""
    rows: list[tuple[object, ...]] = []
    for group in study.groups():
        found = group.columns(np.arange(group.trials))
        columns = [
            found[axis.name].tolist()
            if axis.name in found
            else [group.labels[axis.name]] * group.trials
            for axis in study.axes
        ]
        rows += zip(*columns, strict=True)
    return rows


@pytest.mark.parametrize(
    ("edits", "wanted"),
    [
        (["axes={}", PAIR], [(0.1, 5), (0.2, 5), (0.3, 7)]),
        (
            ["axes={}", PAIR, "axes.initial.scale=[1, 2]"],
            [(s, *p) for s in (1, 2) for p in ((0.1, 5), (0.2, 5), (0.3, 7))],
        ),
        (
            ["axes={}", PAIR, "axes.zip.more={ initial.scale=[1, 2], momentum=[0.5, 0.6] }",
             "training.optimizer='momentum'", "axes.where='seed == 5 or momentum > 0.5'"],
            [(0.1, 5, 1, 0.5), (0.1, 5, 2, 0.6), (0.2, 5, 1, 0.5), (0.2, 5, 2, 0.6),
             (0.3, 7, 2, 0.6)],
        ),
        (["axes={}", "axes.zip.a={ learning_rate={ log=[1, 100], num=3 }, seed={ range=[0, 3] } }"],
         [(1, 0), (10, 1), (100, 2)]),
        (["axes={}", "axes.zip.a={ 'learning_rate.0'=[1, 2], learning_rate.1=[3, 3] }"],
         [(1, 3), (2, 3)]),
        (["axes={}", PAIR, "axes.zip.pair.seed=[1, 2, 3]"], [(0.1, 1), (0.2, 2), (0.3, 3)]),
        (["axes={}", PAIR, "axes.seed=[1, 2]"],
         [(1, 0.1), (1, 0.2), (1, 0.3), (2, 0.1), (2, 0.2), (2, 0.3)]),
        (["axes={}", PAIR, "axes.zip.pair={ learning_rate=[4] }"], [(4,)]),
        (["axes={}", PAIR, "training.learning_rate=1", "axes.zip.pair.seed=[3]"], [(3,)]),
    ],
)  # fmt: skip
def test_axes_run_together(edits: list[str], wanted: list[tuple[object, ...]]) -> None:
    assert points(course(DRAWN, *edits)) == wanted


DESIGN = (
    "axes.design.d={ draw={ sobol=64, seed=3 }, learning_rate={ log=[0.01, 100] }, "
    "initial.scale={ linear=[0, 8] }, training.optimizer=['sgd', 'rmsprop', 'adam', 'adamw'], "
    "seed={ range=[0, 4] } }"
)


def test_a_design_draws_points_together() -> None:
    study = course(DRAWN, "axes={}", DESIGN)
    assert [group.trials for group in study.groups()] == [16] * 4
    assert study.trials == 64
    rates, scales, _, seeds = (axis.values for axis in study.axes)
    assert np.bincount((np.log10(rates) + 2).astype(int)).tolist() == [16] * 4
    assert np.bincount(scales.astype(int)).tolist() == [8] * 8
    assert np.bincount(seeds).tolist() == [16] * 4
    quarters = (np.log10(rates) + 2).astype(int) * 4 + (scales / 2).astype(int)
    assert np.bincount(quarters).tolist() == [4] * 16
    again = parse_study(study.to_toml(), study.name, Path())
    assert points(again) == points(study)


@pytest.mark.parametrize("how", ["random", "sobol"])
def test_a_larger_design_has_the_trials_of_a_smaller(how: str) -> None:
    smaller, larger = (
        course(DRAWN, "axes={}", DESIGN, f"axes.design.d.draw={{ {how}={num}, seed=1 }}")
        for num in (20, 50)
    )
    assert smaller.trials == 20
    assert set(points(smaller)) < set(points(larger))


@pytest.mark.parametrize(
    ("edits", "names"),
    [
        ([], ["seed"]),
        (["data={ inputs=[[1, 2]], targets=[[1, 0]] }", "batch.size=1"], ["seed", "batch_seed"]),
        (["axes.batch.size=[1]"], ["seed", "batch_seed"]),
        (["initial={ weights=[[[1, 2], [3, 4]], [[5, 6], [7, 8]]] }", "batch.size=1"],
         ["batch_seed"]),
        (["batch.table=[[0]]"], ["seed"]),
    ],
)  # fmt: skip
def test_repeats_are_seeds_of_all_that_is_drawn(edits: list[str], names: list[str]) -> None:
    study = course(DRAWN, *edits, "axes.repeats=3", "axes.learning_rate=[1, 2]")
    repeats = study.dimensions[-1]
    assert [axis.name for axis in repeats.axes] == names
    assert [axis.values.tolist() for axis in repeats.axes] == [[0, 1, 2]] * len(names)
    assert study.trials == 6
    assert parse_study(study.to_toml(), study.name, Path()).to_toml() == study.to_toml()


def test_a_zip_may_split_a_study_into_groups() -> None:
    study = course(
        "axes={ learning_rate.1=[1, 2] }",
        "axes.zip.a={ training.optimizer=['sgd', 'adam', 'sgd'], learning_rate.0=[1, 2, 3] }",
    )
    assert [group.labels["training.optimizer"] for group in study.groups()] == ["sgd", "adam"]
    assert [group.trials for group in study.groups()] == [4, 2]
    found = [axis.values.tolist() for axis in study.groups()[0].axes]
    assert found == [[1, 2], [1, 3]]
    assert study.trials == 6


@pytest.mark.parametrize(
    ("where", "wanted"),
    [
        ("optimizer == 'adam' and learning_rate > 1", [("adam", 0.0, 2.0)]),
        ("training.optimizer == 'adam' and learning_rate > momentum + 1", [("adam", 0.0, 2.0)]),
        ("optimizer == 'adam' and momentum == 0 and steps == 1000",
         [("adam", 0.0, 1.0), ("adam", 0.0, 2.0)]),
    ],
)  # fmt: skip
def test_a_condition_drops_points(where: str, wanted: list[tuple[object, ...]]) -> None:
    lists = LISTS.replace("momentum=[0, 0.9]", "beta1=[0, 0.9]")
    where = where.replace("momentum", "beta1")
    found = points(course(lists, f'axes.where="{where} and beta1 < 0.5"'))
    assert found == wanted


def test_a_condition_may_leave_an_idle_axis_one_value() -> None:
    """The momentum of `sgd` has no effect: as good as any other one value, unlike two."""
    lists = LISTS.replace("adam", "momentum")
    assert "axes.momentum: has no effect: the optimizer" in refused(lists)
    assert "axes.momentum: has no effect" in refused(lists, "axes.where='momentum >= 0'")
    study = course(lists, "axes.where=\"(momentum > 0) == (optimizer == 'momentum')\"")
    assert points(study) == [
        ("sgd", 0.0, 1.0), ("sgd", 0.0, 2.0), ("momentum", 0.9, 1.0), ("momentum", 0.9, 2.0),
    ]  # fmt: skip
    sgd, _ = study.groups()
    assert list(sgd.idle) == ["momentum"]
    assert "momentum" not in sgd.sources
    rates = {"learning_rate": np.array([2.0, 1.0])}
    assert sgd.grid.positions(rates, 2).tolist() == [1, 0]


def test_labels_that_make_no_difference_are_refused() -> None:
    cases = ["axes.schedule.name=['constant', 'exponential']"]
    assert "axes.schedule.gamma: has no effect" in refused(*cases, "axes.schedule.gamma=[0.1, 0.9]")
    one = course(*cases, "axes.schedule.gamma=[0.9]")
    assert [group.schedule.gamma for group in one.groups()] == [1.0, 0.9]
    where = "axes.where=\"name == 'exponential' or gamma == 0.1\""
    study = course(*cases, "axes.schedule.gamma=[0.1, 0.9]", where)
    assert [group.schedule.gamma for group in study.groups()] == [1.0, 0.1, 0.9]


def test_a_condition_is_asked_before_groups_are_put_together() -> None:
    """Combinations that cannot be trained may be left out by it."""
    axes = [
        "axes.network.activation=['sigmoid', 'softmax', 'tanh']",
        "axes.network.loss=['huber', 'softmax_cross_entropy']",
    ]
    assert "needs" in refused("network.layers=[2, 2]", "initial={ scheme='he' }", *axes)
    where = "axes.where=\"(loss == 'huber') == (activation != 'softmax')\""
    study = course("network.layers=[2, 2]", "initial={ scheme='he' }", *axes, where)
    assert len(study.groups()) == 3


def test_a_study_is_written_with_its_zips_and_condition() -> None:
    study = course(
        DRAWN,
        BIASED,
        "axes={}",
        PAIR,
        "axes.initial.scale=[1, 2, 3]",
        "axes.zip.more={ 'bias_learning_rate.0'=[0, 1], network.loss=['huber', 'huber'] }",
        "axes.where='scale < 3 or bias_learning_rate.0 > 0 or seed == 5'",
    )
    again = parse_study(study.to_toml(), study.name, Path())
    assert again.to_toml() == study.to_toml()
    assert points(again) == points(study)
    assert [group.digest for group in again.groups()] == [group.digest for group in study.groups()]


@pytest.mark.parametrize(
    ("edits", "complaint"),
    [
        (["axes.zip.a={ seed=[1, 2], initial.scale=[1, 2, 3] }"],
         "axes.zip.a.initial.scale: has 3 values and seed has 2; axes that run together"),
        (["axes.zip.a={ seed=[1, 2, 1], initial.scale=[3, 1, 3] }"],
         "axes.zip.a.seed: has the values 1, 3.0 more than once"),
        (["axes.zip.a={ seed=[1], momentun=[1] }"],
         "axes.zip.a.momentun: is not a field of a study; did you mean momentum?"),
        (["axes.zip.a={ network.layers=[1] }"], "network.layers is no single value and cannot be"),
        (["axes.zip={ seed=[1, 2] }"], "axes.zip.seed: must be a table of axes that run together"),
        (["axes.zip.a=[1, 2]"], "axes.zip.a: must be a table of axes that run together"),
        (["axes.zip=3"], "axes.zip: must be a table of axes that run together: [axes.zip.NAME]"),
        (["axes.zip.a={}"], "axes.zip.a: must be a table of axes that run together"),
        (["axes.design.a={ seed=[1, 2] }"], "axes.design.a.seed: lacks axes.design.a.draw = {"),
        (["axes.design.a={ draw={ sobol=3 } }"], "draws 0 axes; it may be 1 to 21"),
        (["axes.design.a={ draw=3, seed=[1, 2] }"], "axes.design.a.draw: must be { random = n, se"),
        (["axes.design.a={ draw={ sobol=3, random=3 }, seed=[1, 2] }"], "draw: must be { random"),
        (["axes.design.a={ draw={ sobol=3 }, seed={ range=[0, 9], num=3 } }"],
         "axes.design.a.seed: must be a list of values, { log = [low, high] }, { linear"),
        (["axes.design.a={ draw={ sobol=3 }, network.bias={ range=[0, 9] } }"],
         "network.bias: must be a list of values to choose from"),
        (["axes.design.a={ draw={ sobol=9 }, seed={ range=[0, 3] } }"], "more than once"),
        (["axes.design=[1]"], "axes.design: must be a table of axes and how to draw them"),
        (["axes.design.a.drow={ sobol=3 }"], "axes.design.a.drow.sobol: is not a field of"),
        (["axes.draw={ sobol=3 }"], "axes.draw.sobol: is not a field of a study"),
        (["axes.repeats=0"], "axes.repeats: must be a whole number from 1 to 100000000, not 0"),
        (["initial={ weights=[[[1, 2], [3, 4]], [[5, 6], [7, 8]]] }", "axes.repeats=2"],
         "axes.repeats: has no effect: nothing is drawn from a seed"),
        (["axes.where=3"], "axes.where: must be a condition as text, not 3"),
        (["axes.where='lerning_rate > 1'"],
         'axes.where: "lerning_rate" is not a field of a study; did you mean learning_rate?'),
        (["axes.where='learning_rate.0 > 1'"],
         "axes.where: learning_rate.0 is no axis of this study and has no single value"),
        (["axes.where='gamma > 1'"], "schedule.gamma is no axis of this study and has no single"),
        (["axes.where=\"dtype == 'x'\""], "must be one of"),
        (["axes.where=\"name == 'xor'\""], '"name" may be data.name or schedule.name; say which'),
        (["axes.where='learning_rate > 1'"], "axes.where: leaves no trial"),
        (["axes.where=\"optimizer == 'sdg'\""], "compares training.optimizer, which must be one"),
        (["axes.seed={ range=[0, 4000000] }", "axes.where='seed > 100 * learning_rate'",
          "axes.initial.scale={ range=[0, 50] }", "axes.clip_norm=[1, 2]", "axes.momentum=[1]"],
         "axes.momentum: has no effect"),
        (["axes={ seed={ range=[0, 4000000] }, learning_rate={ range=[1, 20] } }",
          "axes.where='seed > 100 * learning_rate'"],
         "axes.where: would be asked about more than 33554432 points"),
        (["axes.training.steps={ range=[1, 500] }", "axes.schedule.warmup={ range=[0, 500] }",
          "axes.where='warmup < steps'"], "axes: make 249500 groups to compile; at most 10000"),
        (["axes.training.steps={ range=[1, 99] }", "axes.schedule.warmup={ range=[0, 99] }",
          "axes.where='warmup < steps'"], "axes: leave more groups to compile than 1000"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(edits: list[str], complaint: str) -> None:
    assert complaint in refused(DRAWN, *edits)
