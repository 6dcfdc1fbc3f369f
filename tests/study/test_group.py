from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweep.study import lane_sources

from .course import BIASED, DRAWN, course, group, refused

grids = st.lists(st.integers(1, 4), min_size=4, max_size=4)


@given(grids)
def test_grid_positions_run_as_a_product_of_the_axes(lengths: list[int]) -> None:
    names = ["learning_rate", "seed", "initial.scale", "learning_rate.1"]
    axes = {name: list(range(1, n + 1)) for name, n in zip(names, lengths, strict=True)}
    found = group(DRAWN, "axes={}", *(f"axes.{name}={axes[name]}" for name in names))
    columns = found.columns(np.arange(found.trials))
    assert list(columns) == names
    rows = list(zip(*(columns[name].tolist() for name in names), strict=True))
    assert rows == list(product(*axes.values()))


@given(grids, st.data())
def test_lanes_are_those_of_the_positions_asked_for(
    lengths: list[int], data: st.DataObject
) -> None:
    first, own, seeds, scales = lengths
    found = group(
        DRAWN,
        BIASED,
        f"axes={{ learning_rate={[i / 8 for i in range(first)]}, seed={list(range(seeds))} }}",
        f"axes.learning_rate.1={[7.5 + i for i in range(own)]}",
        f"axes.initial.scale={[1.5 + i for i in range(scales)]}",
        "training.bias_learning_rate=[0.25, 0.5]",
    )
    index = np.array(data.draw(st.lists(st.integers(0, found.trials - 1))), np.int64)
    columns, lanes = found.columns(index), found.lanes(index)
    assert lanes.weight_rates.tolist() == [
        columns["learning_rate"].tolist(),
        columns["learning_rate.1"].tolist(),
    ]
    assert lanes.bias_rates.tolist() == [[0.25] * len(index), [0.5] * len(index)]
    assert lanes.seeds.tolist() == columns["seed"].tolist()
    assert lanes.scales.tolist() == columns["initial.scale"].tolist()
    assert (lanes.weight_rates.dtype, lanes.seeds.dtype) == (np.float64, np.uint64)


@pytest.mark.parametrize(
    ("overrides", "weight_rates", "bias_rates"),
    [
        (["training.learning_rate=2"], [2, 2], [0, 0]),
        ([BIASED, "training.learning_rate=2"], [2, 2], [2, 2]),
        ([BIASED, "training.learning_rate=[2, 3]"], [2, 3], [2, 3]),
        ([BIASED, "training.learning_rate=2", "training.bias_learning_rate=0"], [2, 2], [0, 0]),
        ([BIASED, "axes.learning_rate=[2]", "axes.learning_rate.0=[3]"], [3, 2], [3, 2]),
        ([BIASED, "axes.learning_rate=[2]", "axes.bias_learning_rate.1=[4]"], [2, 2], [2, 4]),
        (["training.learning_rate=[2, 3]", "axes.learning_rate.1=[4]"], [2, 4], [0, 0]),
    ],
)
def test_rates(overrides: list[str], weight_rates: list[float], bias_rates: list[float]) -> None:
    lanes = group("axes={}", *overrides).lanes(np.array([0]))
    assert lanes.weight_rates[:, 0].tolist() == weight_rates
    assert lanes.bias_rates[:, 0].tolist() == bias_rates


def test_stated_weights_have_no_seeds() -> None:
    lanes = group().lanes(np.array([0, 1]))
    assert lanes.seeds.tolist() == [0, 0]
    assert lanes.scales.tolist() == [1, 1]
    assert group().fixed == {}


@pytest.mark.parametrize("position", [-1, 2])
def test_positions_off_the_grid_are_refused(position: int) -> None:
    with pytest.raises(IndexError, match=r"0 \.\. 1"):
        group().columns(np.array([position]))


@pytest.mark.parametrize(
    ("stated", "fixed"),
    [
        ("0.5", {"learning_rate": 0.5}),
        ("[0.5, 0.5]", {"learning_rate": 0.5}),
        ("[0.5, 1]", {"learning_rate.0": 0.5, "learning_rate.1": 1.0}),
    ],
)
def test_fixed_rates_have_one_form(stated: str, fixed: dict[str, float]) -> None:
    assert group(f"training.learning_rate={stated}").fixed == fixed


def test_labels_split_a_study_into_groups() -> None:
    study = course("axes.training.dtype=['float64', 'float32']", "axes.training.steps=[5, 9]")
    found = [(group.labels, group.training.dtype, group.steps) for group in study.groups()]
    assert found == [
        ({"training.dtype": dtype, "training.steps": steps}, dtype, steps)
        for dtype in ("float64", "float32")
        for steps in (5, 9)
    ]
    assert study.trials == sum(group.trials for group in study.groups()) == 8


@pytest.mark.parametrize(
    ("overrides", "complaint"),
    [
        (["axes={}"], "training.learning_rate: is missing"),
        (["axes={}", "axes.learning_rate.0=[1]"], "training.learning_rate: is missing"),
        (["axes.learning_rate.2=[1]"], "axes.learning_rate.2: names no layer"),
        (
            ["axes.learning_rate.0=[1]", "axes.learning_rate.1=[1]"],
            "axes.learning_rate: has no effect: every layer has a rate of its own",
        ),
        (["axes.seed=[1]"], "axes.seed: has no effect: initial.weights states the weights"),
        (["axes.initial.scale=[1]"], "axes.initial.scale: has no effect: initial.weights states"),
        (["axes.initial.scheme=['he']"], "axes.initial.scheme: has no effect: initial.weights"),
        (["initial.seed=1"], "initial.seed: has no effect: initial.weights states the weights"),
        (["initial.biases=[[1, 1], [1, 1]]"], "initial.biases: has no effect: network.bias is"),
        (["axes.bias_learning_rate=[1]"], "axes.bias_learning_rate: has no effect: network.bias"),
    ],
)
def test_what_could_have_no_effect_is_refused(overrides: list[str], complaint: str) -> None:
    assert complaint in refused(*overrides)


def test_a_field_may_be_idle_in_one_group_and_not_in_another() -> None:
    biases = "initial.biases=[[1, 1], [1, 1]]"
    without, with_biases = course(biases, "axes.network.bias=[false, true]").groups()
    assert not without.network.bias
    assert without.initial.weights.size == 8
    assert with_biases.initial.weights.size == 12


def test_sources_name_what_gives_each_number_of_a_lane() -> None:
    names = ["learning_rate", "learning_rate.1", "bias_learning_rate.0", "seed"]
    assert lane_sources(names, layers=2, bias=True, drawn=True) == {
        "learning_rate.0": "learning_rate",
        "bias_learning_rate.0": "bias_learning_rate.0",
        "learning_rate.1": "learning_rate.1",
        "bias_learning_rate.1": "learning_rate.1",
        "seed": "seed",
    }
