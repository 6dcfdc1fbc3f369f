"""The data sets that are made: their shapes, what they look like, their bits."""

import numpy as np
import pytest

from sweep.study import Group
from sweep.study.fields import FIELD
from sweep.study.generated import GENERATED
from sweep.study.group import array_digest
from sweep.study.settings import FETCHED, Role

from .course import DRAWN, course, group, refused

LAYERS = {"parity": "[5, 3, 1]", "teacher": "[3, 4, 2]", "white_noise": "[16, 16, 1]"}


def made(name: str, *edits: str) -> Group:
    layers = f"network.layers={LAYERS.get(name, '[2, 3, 1]')}"
    return group(layers, DRAWN, f"data={{ name='{name}' }}", *edits)


def test_xor_and_parity_are_all_rows_of_bits() -> None:
    xor = made("xor").data
    assert xor.inputs.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert xor.targets.ravel().tolist() == [0, 1, 1, 0]
    parity = made("parity").data
    assert len(np.unique(parity.inputs, axis=0)) == 32
    assert parity.targets.ravel().tolist() == [bin(row).count("1") % 2 for row in range(32)]


@pytest.mark.parametrize("name", ["spirals", "moons", "circles"])
def test_planes_have_two_classes_that_noise_alone_blurs(name: str) -> None:
    clean, noisy = (made(name, "data.samples=301", f"data.noise={x}").data for x in (0, 0.125))
    assert clean.inputs.shape == (301, 2)
    assert clean.targets.ravel().tolist() == [i % 2 for i in range(301)]
    assert clean.targets.tolist() == noisy.targets.tolist()
    # 602 normal draws: their mean and spread within four standard errors.
    difference = (noisy.inputs - clean.inputs) / 0.125
    assert abs(difference.mean()) < 4 / 602**0.5
    assert abs(difference.std() - 1) < 4 / (2 * 602) ** 0.5


def test_planes_look_as_described() -> None:
    radius = {name: np.hypot(*made(name).data.inputs.T) for name in ("spirals", "circles")}
    first = np.arange(200) % 2 == 0
    assert radius["circles"][first] == pytest.approx(1)
    assert radius["circles"][~first] == pytest.approx(0.5)
    x, y = made("spirals").data.inputs.T
    turns = np.arctan2(y, x) / (2 * np.pi) - 1.5 * radius["spirals"] + 0.5 * ~first
    assert np.abs(turns - np.rint(turns)).max() < 1e-12
    assert np.histogram(radius["spirals"] ** 2, 4, (0, 1))[0].min() > 30  # of 50, evenly in area
    x, y = made("moons").data.inputs.T
    assert np.hypot(x - ~first, y - 0.5 * ~first) == pytest.approx(1)
    assert (np.sign(y - 0.5 * ~first) == np.where(first, 1, -1)).all()


def test_a_teacher_is_a_network_of_tanh() -> None:
    """Its outputs change little with small inputs' scale and never beyond its last weights."""
    plain, noisy = made("teacher").data, made("teacher", "data.noise=0.5").data
    assert plain.inputs.shape == (200, 3)
    assert plain.targets.shape == (200, 2)
    assert plain.inputs.tolist() == noisy.inputs.tolist()
    assert 0.4 < (noisy.targets - plain.targets).std() < 0.6
    linear = made("teacher", "data.hidden=[]", "data.samples=100").data
    assert linear.inputs.tolist() == plain.inputs[:100].tolist()
    weights, rest, _, _ = np.linalg.lstsq(linear.inputs, linear.targets, rcond=None)
    assert weights.shape == (3, 2)
    assert rest.max() < 1e-25
    _, rest, _, _ = np.linalg.lstsq(plain.inputs, plain.targets, rcond=None)
    assert rest.min() > 0.1


def test_white_noise_is_independent_and_normal() -> None:
    data = made("white_noise", "data.samples=5000").data
    columns = np.concatenate([data.inputs, data.targets], axis=1)
    assert np.abs(columns.mean(axis=0)).max() < 4 / 5000**0.5
    correlation = np.corrcoef(columns.T) - np.eye(17)
    assert np.abs(correlation).max() < 5 / 5000**0.5


@pytest.mark.parametrize("name", GENERATED)
@pytest.mark.parametrize("number", ["samples", "noise", "seed", "hidden"])
def test_a_set_takes_the_numbers_it_says(name: str, number: str) -> None:
    value = {"samples": "50", "noise": "0.5", "seed": "9", "hidden": "[3]"}[number]
    if number in GENERATED[name]:
        changed = made(name, f"data.{number}={value}")
        assert changed.data.digest != made(name).data.digest
        assert changed.digest != made(name).digest
    else:
        complaint = f'data.{number}: has no effect: the data set "{name}" takes no {number}'
        layers = f"network.layers={LAYERS.get(name, '[2, 3, 1]')}"
        told = refused(layers, DRAWN, f"data={{ name='{name}' }}", f"data.{number}={value}")
        assert complaint in told


DIGESTS = {
    "xor": "23790e207ab0d9d1", "parity": "4bbc151749c381fe",
    "spirals": "25e2393af6afb1a4", "moons": "2fa6bf147a933d81",
    "circles": "4d723a32a0f49a06", "teacher": "0a85108e8646ddcf", "white_noise": "002ff552ca6d551b",
}  # fmt: skip


@pytest.mark.parametrize("name", GENERATED)
def test_the_bits_never_change(name: str) -> None:
    noise = ["data.noise=0.25"] if "noise" in GENERATED[name] else []
    data = made(name, *noise).data
    assert array_digest(data.inputs, data.targets)[:16] == DIGESTS[name]


def test_data_may_be_swept() -> None:
    study = course(
        "network.layers=[2, 3, 1]", DRAWN, "axes={ data.name=['moons', 'circles'] }",
        "axes.data.seed=[1, 2, 3]", "training.learning_rate=1", "data.samples=10",
    )  # fmt: skip
    assert len({group.data.digest for group in study.groups()}) == 6
    assert len({group.digest for group in study.groups()}) == 6
    assert "data.inputs" not in study.to_toml()


@pytest.mark.parametrize(
    ("edits", "complaint"),
    [
        (["data={ name='moon' }"], 'data.name: must be one of "xor", "parity"'),
        (["data={ name='parity' }", "network.layers=[17, 1]"],
         'data.name: "parity" has 2^17 samples; at most 2^16'),
        (["data={ name='white_noise', samples=1000 }", "network.layers=[1000, 1]"],
         'data.name: "white_noise" has 1000 samples of 1001 numbers; at most 1000000 numbers'),
        (["data={ name='xor' }", "network.layers=[3, 1]"],
         "data.inputs: must have 3 numbers a sample, as network.layers = [3, 1] wants, not 2"),
        (["data={ name='xor' }"], "data.targets: must have 2 numbers a sample"),
        (["data={}"], "data: must state inputs and targets, a file, or a name: xor, parity"),
        (["data={ seed=1 }"], "data: must state inputs and targets"),
        (["data.seed=1"], "data.seed: has no effect: data.name names no set that takes it"),
        (["axes.data.name=['xor', 'iris']", "network.layers=[2, 1]"],
         '"iris" is read, and cannot be one of several sets'),
        (["axes.data.name=['xor', 'parity']", "network.layers=[2, 1]"],
         "axes.data.name: has values that make no difference"),
        (["data={ name='white_noise', samples=5000 }", "network.layers=[100, 1]",
          "axes.data.seed={ range=[0, 40] }"], "numbers in all groups; at most 16000000"),
    ],
)  # fmt: skip
def test_what_cannot_be_made_is_refused(edits: list[str], complaint: str) -> None:
    assert complaint in refused(DRAWN, *edits)


def test_the_sets_a_study_can_name_are_either_made_or_fetched() -> None:
    assert not set(GENERATED) & set(FETCHED)
    assert FIELD["data.name"].role is Role.DATA
