"""Operations of a step, against counts by hand."""

from dataclasses import replace

import pytest

from benchmarks.arithmetic import products
from benchmarks.networks import NETWORKS
from sweep.instrument import operations
from sweep.instrument.networks import Case
from sweep.instrument.operations import Counts, nearest, needs, of_activation, of_loss
from sweep.instrument.ours import group
from sweep.training.activations import ACTIVATIONS
from sweep.training.lanes import fma, inlined
from sweep.training.specification import Network, Shape
from sweep.training.trainer import shape_of
from tests.benchmarks.small import COURSE, OTHER


def counted(case: Case, dtype: str = "float64") -> Counts:
    return operations.operations(shape_of(group(case, dtype, 1)), len(case.inputs))


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> None:
    """Activations and losses that cost nothing, so that what is left can be counted by hand."""
    monkeypatch.setattr(operations, "of_activation", lambda name, dtype: Counts())
    monkeypatch.setattr(operations, "of_loss", lambda name, dtype: Counts())


def test_the_step_of_the_course() -> None:
    # Forward 8 multiply-adds, back through the second layer 4, into the weights 8; the error of
    # each output a difference and a multiply-add; a product of the rate with each of 4 deltas; the
    # loss's factor 1/2; and one addition for the measures.
    sigmoid = of_activation("sigmoid", "float64")
    found = counted(COURSE)
    assert found.multiply_adds - 4 * sigmoid.multiply_adds == 8 + 4 + 8 + 2
    assert found.additions - 4 * sigmoid.additions == 2 + 1
    assert found.products - 4 * sigmoid.products == 4 + 1
    assert found.divisions == 4  # one a sigmoid
    assert found.loads == found.streamed == 0
    assert found.on_multiply_add_ports == 82


@pytest.mark.usefixtures("free")
def test_a_step_with_biases_and_two_samples() -> None:
    # 3-4-2: a sample takes 20 multiply-adds forward, 20 for the gradient and 8 to pass back, and
    # two additions for each of 6 biases; the update a product and a multiply-add for each of 26.
    found = counted(OTHER)
    assert found.multiply_adds == 2 * 48 + 26
    assert found.products == 26 + 1
    assert found.additions == 2 * 12 + 1


@pytest.mark.usefixtures("free")
def test_a_step_on_one_sample_adds_biases_once() -> None:
    one = replace(OTHER, inputs=OTHER.inputs[:1], targets=OTHER.targets[:1])
    found = counted(one)
    # The change of a bias is a multiply-add, and its gradient is no sum.
    assert found.multiply_adds == 48 + 6
    assert found.additions == 6 + 1
    assert found.products == 6 + 1


def test_losses_are_a_difference_and_a_square() -> None:
    for name in ("half_squared_error", "mean_squared_error"):
        assert of_loss(name, "float64") == Counts(multiply_adds=1, additions=1)


def test_costs_of_activations_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """1 + z^2 and 1 / z^3, a slope of twice the value, and the product with the error."""

    @inlined
    def one_and_square(z: object) -> object:
        return fma(z, z, 1.0)

    @inlined
    def inverse_cube(z: object) -> object:
        return 1.0 / (z * z * z)

    @inlined
    def slope(a: object) -> object:
        return a + a

    sigmoid = ACTIVATIONS["sigmoid"]
    expected = {
        "one": (one_and_square, Counts(multiply_adds=1, additions=1, products=1)),
        "cube": (inverse_cube, Counts(additions=1, products=3, divisions=1)),
    }
    for name, (function, counts) in expected.items():
        row = replace(sigmoid, function=lambda _, f=function: f, slope=slope)
        monkeypatch.setitem(operations.ACTIVATIONS, name, row)
        assert of_activation(name, "float32") == counts


def test_every_activation_is_counted() -> None:
    for name in ACTIVATIONS:
        assert of_activation(name, "float64").on_multiply_add_ports >= 1


def test_a_product_loads_what_its_tiles_need(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "tiles", lambda abreast: dict.fromkeys((4, 2, 1), (6, 4, 2, 1)))
    # 5 x 7 sums of 3 terms: tiles of 4 x 6, 4 x 1, 1 x 6 and 1 x 1, whose sums are taken up first.
    loads = (4 + 6) * 3 + 24 + (4 + 1) * 3 + 4 + (1 + 6) * 3 + 6 + (1 + 1) * 3 + 1
    assert operations._loads(5, 7, 3) == loads


def test_large_networks_move_numbers() -> None:
    network = Network((2, 3), ("identity",), False, False, "half_squared_error", "float64", 8, 4)
    shape = Shape(network, "sgd", "full", False, False, False, False, "never")
    found = operations.operations(shape, 6)
    # Samples go through in a tile of 4 and one of 2. Each reads the 6 weights forward, and takes up
    # and puts by 6 sums of gradients.
    assert found.streamed == 2 * (6 + 6 + 6)
    # 2 * (6 parameters) + 4 * (2 * 3 neurons + 3) values, of 8 lanes of 8 bytes
    assert found.footprint == (2 * 6 + 4 * 9) * 64


def test_all_networks_of_the_table_can_be_counted() -> None:
    for case in NETWORKS.values():
        found = counted(case, "float32")
        assert found.multiply_adds >= products(case)
        assert (found.loads == 0) == shape_of(group(case, "float32", 1)).network.unrolled


RATES = {"multiply-adds": 100.0, "divisions": 10.0, "L1": 80.0, "L2": 40.0, "memory": 1.0}
CACHES = {"L1": 1000, "L2": 10_000}


def test_the_lowest_roof_is_the_limit() -> None:
    counts = Counts(multiply_adds=10, additions=5, products=5, divisions=1, footprint=500)
    needed = needs(counts, RATES, CACHES)
    assert needed == {"multiply-adds": 20, "divisions": 1}
    assert nearest(needed, RATES) == "multiply-adds"
    assert nearest({"multiply-adds": 20, "divisions": 3}, RATES) == "divisions"


@pytest.mark.parametrize(
    ("footprint", "home"), [(1000, None), (1001, "L2"), (10_000, "L2"), (10_001, "memory")]
)
def test_what_does_not_fit_comes_from_further_away(footprint: int, home: str | None) -> None:
    counts = Counts(multiply_adds=1, loads=2, streamed=3, footprint=footprint)
    expected = {"multiply-adds": 1.0, "L1": 2.0} | ({home: 3.0} if home else {})
    assert needs(counts, RATES, CACHES) == expected
