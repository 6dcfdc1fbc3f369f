from itertools import product
from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweep.catalogue import NUMBERS, OPTIMIZERS

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


@pytest.mark.parametrize(("first", "count"), [(0, 24), (0, 1), (5, 7), (11, 13), (23, 1), (3, 20)])
def test_positions_in_a_row_have_the_values_of_positions_in_any_order(
    first: int, count: int
) -> None:
    axes = "learning_rate=[1, 2], bias_learning_rate=[3, 4, 5], clip_norm=[6, 7, 8, 9]"
    only = group(BIASED, f"axes={{ {axes} }}")
    index = np.arange(first, first + count)
    shuffled = np.random.default_rng(0).permutation(count)
    others = only.columns(index[shuffled])
    for name, values in only.columns(index).items():
        np.testing.assert_array_equal(values[shuffled], others[name], name)
    np.testing.assert_equal(
        only.columns(index, ["clip_norm"]), {"clip_norm": only.columns(index)["clip_norm"]}
    )


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
    assert not {"seed", "initial.scale"} & set(group().fixed)


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
    found = group(f"training.learning_rate={stated}").fixed
    assert {name: found[name] for name in found if name.startswith("learning_rate")} == fixed


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
            "axes.learning_rate: has no effect: every layer has a value of its own",
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
    names = ["learning_rate", "learning_rate.1", "bias_learning_rate.0", "seed", "initial.scale"]
    names += ["network.multiplier", "initial.offset.0", "initial.offset", "momentum"]
    names += ["training.drift", "weight_decay", "clip_norm", "batch_seed"]
    found = group(DRAWN, BIASED, "training.optimizer='nesterov'")
    assert found.sources_among(names) == {
        "learning_rate.0": "learning_rate",
        "bias_learning_rate.0": "bias_learning_rate.0",
        "network.multiplier.0": "network.multiplier",
        "initial.offset.0": "initial.offset.0",
        "learning_rate.1": "learning_rate.1",
        "bias_learning_rate.1": "learning_rate.1",
        "network.multiplier.1": "network.multiplier",
        "training.drift.0": "training.drift",
        "training.drift.1": "training.drift",
        "initial.offset.1": "initial.offset",
        "seed": "seed",
        "initial.scale": "initial.scale",
        "momentum": "momentum",
        "weight_decay": "weight_decay",
        "clip_norm": "clip_norm",
    }


DEFAULTS = {"momentum": 0.9, "alpha": 0.99, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
TAKEN = {name: {n: DEFAULTS[n] for n in row.numbers} for name, row in OPTIMIZERS.items()}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_optimizers_have_the_defaults_of_pytorch(optimizer: str) -> None:
    found = group(f"training.optimizer='{optimizer}'")
    decay = 0.01 if optimizer == "adamw" else 0.0
    wanted = TAKEN[optimizer] | {"weight_decay": decay, "clip_norm": inf}
    assert {name: found.fixed[name] for name in NUMBERS if name in found.fixed} == wanted
    assert {name for name in NUMBERS if name in found.sources} == set(wanted)
    hyper = found.lanes(np.arange(2)).hyper
    assert list(hyper) == list(NUMBERS)
    assert {name: hyper[name].tolist() for name in wanted} == {
        name: [value, value] for name, value in wanted.items()
    }
    assert {values.dtype for values in hyper.values()} == {np.dtype(np.float64)}
    assert (found.decayed, found.clipped) == (optimizer == "adamw", False)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_that_the_optimizer_does_not_take_is_refused(optimizer: str, number: str) -> None:
    chosen, stated = f"training.optimizer='{optimizer}'", f"training.{number}=0.5"
    if number in TAKEN[optimizer] or number in ("weight_decay", "clip_norm"):
        assert group(chosen, stated).lanes(np.array([0])).hyper[number].tolist() == [0.5]
    else:
        complaint = f'has no effect: the optimizer "{optimizer}" takes no {number}'
        assert f"training.{number}: {complaint}" in refused(chosen, stated)
        assert f"axes.{number}: {complaint}" in refused(chosen, f"axes.{number}=[0.5]")


def test_the_decay_of_each_group_is_its_own_optimizers() -> None:
    study = course("axes.training.optimizer=['sgd', 'adamw']")
    assert [found.fixed["weight_decay"] for found in study.groups()] == [0.0, 0.01]


def test_lanes_have_multipliers_and_offsets_by_layer() -> None:
    found = group(
        "network.multiplier=[0.5, -2]",
        "initial.offset=1",
        "axes={ learning_rate=[1], clip_norm=[3, inf] }",
        "axes.initial.offset.1=[0, -1]",
    )
    lanes = found.lanes(np.arange(4))
    assert lanes.multipliers.tolist() == [[0.5] * 4, [-2] * 4]
    assert lanes.offsets.tolist() == [[1] * 4, [0, -1, 0, -1]]
    assert lanes.hyper["clip_norm"].tolist() == [3, 3, inf, inf]
    assert (lanes.multipliers.dtype, lanes.offsets.dtype) == (np.float64, np.float64)


@pytest.mark.parametrize(
    ("edits", "flags"),
    [
        ([], set()),
        (["network.multiplier=1", "training.weight_decay=0", "training.clip_norm=inf"], set()),
        (["network.multiplier=[1, 1]", "initial.offset=3"], set()),
        (["network.multiplier=[1, 0]"], {"multiplied"}),
        (["axes.network.multiplier.1=[1, 2]"], {"multiplied"}),
        (["training.drift=[0, 0]"], set()),
        (["axes.training.drift.1=[0, 1]"], {"drifting"}),
        (["axes.network.multiplier=[1]"], set()),
        (["training.weight_decay=1e-4"], {"decayed"}),
        (["axes.weight_decay=[0, 1]"], {"decayed"}),
        (["training.optimizer='adamw'"], {"decayed"}),
        (["training.optimizer='adamw'", "training.weight_decay=0"], set()),
        (["training.clip_norm=1e300"], {"clipped"}),
        (["axes.clip_norm=[inf, 1]"], {"clipped"}),
        (["batch.size=1", "axes.batch.seed=[1]"], set()),
        (["batch.size=1", "axes.batch.seed=[1, 2]"], {"own_orders"}),
    ],
)
def test_flags_tell_what_the_kernel_can_leave_out(edits: list[str], flags: set[str]) -> None:
    found = group(*edits)
    known = ("drifting", "multiplied", "decayed", "clipped", "own_orders")
    assert {flag for flag in known if getattr(found, flag)} == flags


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("training.learning_rate", "1"),
        ("network.multiplier", "[1, 2]"),
        ("initial.offset", "0.5"),
    ],
)
def test_a_field_that_the_axes_of_all_layers_go_before_is_refused(field: str, value: str) -> None:
    own = {
        axis: f"axes.{axis.removeprefix('training.')}=[1, 2]"
        for axis in (f"{field}.0", f"{field}.1")
    }
    rate = [] if "rate" in field else ["training.learning_rate=1"]
    edits = ["axes={}", *rate, *own.values()]
    assert group(*edits).trials == 4
    complaint = f"{field}: has no effect: every layer has a value of its own"
    assert complaint in refused(f"{field}={value}", *edits)
    one_layer = ["axes={}", *rate, *list(own.values())[1:], f"{field}={value}"]
    assert group(*one_layer).trials == 2


def test_trials_stop_early_if_asked_to() -> None:
    assert group().training.stop == "never"
    assert group("training.stop='either'").training.stop == "either"


VALIDATED = "validation={ inputs=[[1, 2], [3, 4], [5, 6]], targets=[[1, 0], [0, 1], [1, 1]] }"


def test_validation_data_is_a_second_data_set() -> None:
    found = group(VALIDATED)
    assert found.validation is not None
    assert found.validation.inputs.tolist() == [[1, 2], [3, 4], [5, 6]]
    assert found.validation.targets.tolist() == [[1, 0], [0, 1], [1, 1]]
    assert group().validation is None


@pytest.mark.parametrize(
    ("edits", "complaint"),
    [
        (["validation.inputs=[[1, 2]]"], "validation.targets: is missing: validation.inputs needs"),
        (["validation.targets=[[1, 2]]"], "validation.inputs: is missing: validation.targets need"),
        ([VALIDATED, "validation.inputs=[[1, 2]]"], "validation.targets: has 3 samples and valida"),
        (
            ["validation={ inputs=[[1]], targets=[[1, 0]] }"],
            "validation.inputs: must have 2 numbers a sample",
        ),
    ],
)
def test_wrong_validation_data_is_refused(edits: list[str], complaint: str) -> None:
    assert complaint in refused(*edits)
