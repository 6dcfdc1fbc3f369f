import hashlib

import numpy as np
import pytest

from sweep.study import find_study, load_study
from sweep.study.fields import FIELDS, Role
from sweep.study.identity import array_digest, identity_digest

from .course import BIASED, DRAWN, group

# Every field as another value than the course has, and what that value needs to be possible.
CHANGES = {
    "title": ["title='other'"],
    "network.layers": [DRAWN, "network.layers=[2, 3, 2]"],
    "network.activation": ["network.activation='tanh'"],
    "network.bias": [BIASED],
    "network.loss": ["network.loss='mean_squared_error'"],
    "data.inputs": ["data.inputs=[[0.05, 0.11]]"],
    "data.targets": ["data.targets=[[0.5, 0.5]]"],
    "initial.weights": ["initial.weights=[[[1, 1], [1, 1]], [[1, 1], [1, 1]]]"],
    "initial.biases": [BIASED, "initial.biases=[[1, 1], [1, 1]]"],
    "initial.scheme": ["initial={ scheme='he' }"],
    "initial.scale": [DRAWN, "initial.scale=2"],
    "initial.seed": [DRAWN, "initial.seed=2"],
    "training.steps": ["training.steps=7"],
    "training.dtype": ["training.dtype='float32'"],
    "training.learning_rate": ["training.learning_rate=3"],
    "training.bias_learning_rate": [BIASED, "training.bias_learning_rate=3"],
    "outcome.target": ["outcome.target=1e-3"],
    "outcome.diverged_above": ["outcome.diverged_above=9"],
    "outcome.rule": ["outcome.rule='tail_below_initial'"],
    "record.loss": ["record.loss='nothing'"],
    "record.parameters": ["record.parameters='nothing'"],
    "plot.mark": ["plot.mark={ learning_rate=[1] }"],
}
ONLY_ONE_VALUE = {"training.optimizer"}


def test_every_field_is_tried() -> None:
    assert {field.name for field in FIELDS} == set(CHANGES) | ONLY_ONE_VALUE


@pytest.mark.parametrize("name", CHANGES)
def test_the_digest_changes_with_the_fields_of_a_group_and_no_others(name: str) -> None:
    role = next(field.role for field in FIELDS if field.name == name)
    *needed, _ = overrides = CHANGES[name]
    changed = group(*overrides).digest != group(*needed).digest
    assert changed == (role is Role.GROUP)


@pytest.mark.parametrize(
    "same",
    [
        ["axes={}", "training.learning_rate=0.1"],
        ["axes.learning_rate=[3]"],
        ["network.activation=['sigmoid', 'sigmoid']"],
        ["outcome.target=-0.0"],
        ["data.inputs=[[5e-2, 1e-1]]"],
        ["record.loss='every 1'"],
        ["axes.training.dtype=['float64']"],
        ["axes.outcome.target=[0]"],
        ["axes.training.steps=[2]"],
    ],
)
def test_what_means_the_same_has_the_same_digest(same: list[str]) -> None:
    assert group(*same).digest == group().digest


def test_zero_biases_need_not_be_stated() -> None:
    stated = group(BIASED, "initial.biases=[[0, 0], [-0.0, 0]]")
    assert stated.digest == group(BIASED).digest
    assert not np.signbit(stated.initial.weights).any()


def test_array_digest_is_of_shapes_and_little_endian_bytes() -> None:
    array = np.array([[1.0, -2.5]])
    wanted = hashlib.sha256(b"[1, 2]" + array.astype("<f8").tobytes()).hexdigest()
    assert array_digest(array) == array_digest(array.astype(">f8")) == wanted
    assert array_digest(array.T) != wanted
    assert array_digest(array, array) != array_digest(np.vstack([array, array]))


def test_identity_digest_is_of_canonical_json() -> None:
    text = b'{"a":[0.1,Infinity],"b":null,"numerics":1}'
    wanted = hashlib.sha256(text).hexdigest()
    assert identity_digest({"b": None, "a": (0.1, float("inf"))}) == wanted


@pytest.mark.parametrize(
    ("study", "digest"),
    [
        ("lr_graphs", "cc8114b66d229704102122d89d8480481fe8ca91a685883ec8e58bbde5fc0a89"),
        ("lr_by_init", "ef4daf3ccb78ab115f9cd027f4d2148cfd136c10aa33ace161d47db3ac3ec916"),
    ],
)
def test_digests_stay_what_they_are(study: str, digest: str) -> None:
    # Results on people's disks are found by these: a change here needs a new NUMERICS.
    (only,) = load_study(find_study(study)).groups()
    assert only.digest == digest
