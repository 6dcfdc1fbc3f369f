from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweep.study import ACTIVATIONS, LOSSES, Network

from .course import BIASED, group, refused


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
