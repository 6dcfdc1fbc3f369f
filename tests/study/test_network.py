from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweep.catalogue import ACTIVATIONS, LOSSES
from sweep.study import Network

from .course import BIASED, DRAWN, course, group, refused


def test_names_go_layer_by_layer_weights_before_biases() -> None:
    network = Network((2, 1, 2), ("tanh", "tanh"), bias=True, loss="half_squared_error")
    names = "w1_1_1 w1_1_2 b1_1 w2_1_1 w2_2_1 b2_1 b2_2"
    assert network.parameter_names == tuple(names.split())


@given(st.lists(st.integers(1, 6), min_size=2, max_size=5), st.booleans())
def test_every_parameter_has_one_name(sizes: list[int], bias: bool) -> None:
    network = Network(tuple(sizes), ("tanh",) * (len(sizes) - 1), bias, "mean_squared_error")
    weights = sum(before * after for before, after in pairwise(sizes))
    assert network.n_parameters == weights + bias * sum(sizes[1:])
    assert len(set(network.parameter_names)) == network.n_parameters


def test_stated_parameters_stand_in_the_order_of_their_names() -> None:
    found = group(BIASED, "initial.biases=[[1, 2], [3, 4]]")
    by_name = dict(zip(found.network.parameter_names, found.initial.weights, strict=True))
    assert by_name["w1_1_2"] == 0.20
    assert by_name["w1_2_1"] == 0.25
    assert by_name["w2_1_2"] == 0.45
    assert [by_name[f"b{layer}_{to}"] for layer in (1, 2) for to in (1, 2)] == [1, 2, 3, 4]


def test_a_drawn_network_holds_its_biases_and_zeros() -> None:
    found = group(BIASED, 'initial={ scheme="he", biases=[[1, 2], [3, 4]] }').initial
    assert found.scheme == "he"
    assert found.weights.tolist() == [0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 3, 4]


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("last", ACTIVATIONS)
def test_a_loss_goes_with_the_last_layers_that_suit_it(loss: str, last: str) -> None:
    edits = f"network.loss='{loss}'", f"network.activation=['tanh', '{last}']"
    needed = {"binary_cross_entropy": "sigmoid", "softmax_cross_entropy": "softmax"}.get(loss, last)
    if last == needed:
        network = group(*edits).network
        assert (network.loss, network.activations) == (loss, ("tanh", last))
    else:
        complaint = f'network.loss: "{loss}" needs "{needed}" as the last layer\'s network.activati'
        assert complaint in refused(*edits)
        assert f'not "{last}"' in refused(*edits)


@pytest.mark.parametrize("stated", ["'softmax'", "['softmax', 'sigmoid']"])
def test_softmax_is_the_last_layers_only(stated: str) -> None:
    complaint = 'network.activation: can be "softmax" in the last layer only, not in layer 0'
    assert complaint in refused(f"network.activation={stated}")


def test_a_network_of_one_layer_may_be_softmax() -> None:
    found = group('initial={ scheme="he" }', "network={ layers=[2, 2], activation='softmax' }")
    assert found.network.activations == ("softmax",)


@pytest.mark.parametrize(
    ("stated", "layers"),
    [
        ("layers=[2, 5, 2], width=3", (2, 3, 2)),
        ("layers=[2, 5, 6, 2], width=3", (2, 3, 3, 2)),
        ("layers=[2, 5, 2], depth=3", (2, 5, 5, 5, 2)),
        ("layers=[2, 5, 5, 2], depth=1", (2, 5, 2)),
        ("layers=[2, 5, 6, 2], depth=3, width=4", (2, 4, 4, 4, 2)),
        ("layers=[2, 2], depth=2, width=4", (2, 4, 4, 2)),
    ],
)
def test_width_and_depth_take_the_place_of_hidden_layers(
    stated: str, layers: tuple[int, ...]
) -> None:
    assert group(DRAWN, f"network={{ {stated} }}").network.layers == layers


def test_width_and_depth_are_axes_of_whole_numbers() -> None:
    edits = DRAWN, "axes.network.width=[3, 4]", "axes.network.depth={ range=[1, 3] }"
    found = [(group.labels, group.network.layers) for group in course(*edits).groups()]
    assert found == [
        ({"network.width": width, "network.depth": depth}, (2, *[width] * depth, 2))
        for width in (3, 4)
        for depth in (1, 2)
    ]


@pytest.mark.parametrize(
    ("edits", "complaint"),
    [
        (["network={ layers=[2, 2], width=3 }"], "network.width: has no effect: network.layers ha"),
        (["network.layers=[2, 2]", "axes.network.width=[3]"], "axes.network.width: has no effect"),
        (["network={ layers=[2, 2], depth=2 }"], "network.depth: needs one size of all hidden lay"),
        (["network={ layers=[2, 3, 4, 2], depth=2 }"], "in network.layers, not [2, 3, 4, 2]"),
        (["network.depth=99"], "network.depth: must be a whole number from 1 to 98, not 99"),
        (["network.width=0"], "network.width: must be a whole number from 1 to 1000000, not 0"),
        (["network.width=600000"], "network.layers: has 2400000 parameters; at most 1000000 can"),
    ],
)
def test_a_width_or_depth_that_cannot_be_is_refused(edits: list[str], complaint: str) -> None:
    assert complaint in refused(DRAWN, *edits)


@pytest.mark.parametrize(
    ("stated", "names"),
    [
        ("'tanh'", ("tanh",) * 4),
        ("['tanh', 'relu']", ("tanh", "tanh", "tanh", "relu")),
        ("['tanh', 'elu', 'silu', 'relu']", ("tanh", "elu", "silu", "relu")),
    ],
)
def test_activations_of_all_layers_or_the_last_or_each(stated: str, names: tuple[str, ...]) -> None:
    edits = DRAWN, "network.depth=3", f"network.activation={stated}"
    assert group(*edits).network.activations == names


def test_a_number_of_activations_that_fits_nothing_is_refused() -> None:
    edits = DRAWN, "network.depth=3", "network.activation=['tanh', 'relu', 'tanh']"
    assert "one name, 2 (of hidden layers and of the last), or 4 (one a layer)" in refused(*edits)
