import hashlib
import json
from dataclasses import asdict

import numpy as np
import pytest

from sweep.study import Group, find_study, load_study
from sweep.study.fields import FIELD, FIELDS
from sweep.study.group import array_digest, identity_digest
from sweep.study.settings import REQUIRED, Role

from .course import BIASED, DRAWN, EVERYTHING, course, group

VALIDATED = "validation={ inputs=[[1, 2]], targets=[[3, 4]] }"
NOISE = "data={ name='white_noise' }"
MOONS = "data={ name='moons', one_hot=true }"
TEACHER = "data={ name='teacher' }"
TWO = "data={ inputs=[[1, 2], [3, 4]], targets=[[0, 1], [1, 1]] }"

# Every field as another value than the course has, and what that value needs to be possible.
CHANGES = {
    "title": ["title='other'"],
    "network.layers": [DRAWN, "network.layers=[2, 3, 2]"],
    "network.width": [DRAWN, "network.width=3"],
    "network.depth": [DRAWN, "network.depth=2"],
    "network.activation": ["network.activation='tanh'"],
    "network.bias": [BIASED],
    "network.loss": ["network.loss='mean_squared_error'"],
    "network.multiplier": ["network.multiplier=2"],
    "data.inputs": ["data.inputs=[[0.05, 0.11]]"],
    "data.targets": ["data.targets=[[0.5, 0.5]]"],
    "data.name": ["data={ name='white_noise', samples=1 }"],
    "data.samples": [NOISE, "data.samples=9"],
    "data.noise": [MOONS, "data.noise=0.5"],
    "data.seed": [NOISE, "data.seed=9"],
    "data.hidden": [TEACHER, "data.hidden=[2]"],
    "data.one_hot": [TWO, "data={ inputs=[[1, 2], [3, 4]], targets=[[0], [1]], one_hot=true }"],
    "data.standardise": [NOISE, "data.standardise='inputs'"],
    "validation.share": [NOISE, "validation.share=0.25"],
    "validation.seed": [NOISE, "validation.share=0.25", "validation.seed=5"],
    "validation.inputs": [VALIDATED, "validation.inputs=[[1, 1]]"],
    "validation.targets": [VALIDATED, "validation.targets=[[1, 1]]"],
    "initial.weights": ["initial.weights=[[[1, 1], [1, 1]], [[1, 1], [1, 1]]]"],
    "initial.biases": [BIASED, "initial.biases=[[1, 1], [1, 1]]"],
    "initial.scheme": ["initial={ scheme='he' }"],
    "initial.scale": [DRAWN, "initial.scale=2"],
    "initial.seed": [DRAWN, "initial.seed=2"],
    "initial.offset": ["initial.offset=[1, 2]"],
    "initial.direction": ["initial.direction=[1, 2]"],
    "initial.along": ["initial.direction=[1, 2]", "initial.along=[1, 2]"],
    "batch.table": ["batch.table=[[0]]"],
    "batch.size": ["batch.size=1"],
    "batch.order": ["batch.size=1", "batch.order='replacement'"],
    "batch.seed": ["batch.size=1", "batch.seed=2"],
    "batch.measured": ["batch.size=1", "batch.measured='on all data'"],
    "training.steps": ["training.steps=7"],
    "training.optimizer": ["training.optimizer='adamw'"],
    "training.drift": ["training.drift=[1, 2]"],
    "training.stop": ["training.stop='either'"],
    "training.dtype": ["training.dtype='float32'"],
    "training.learning_rate": ["training.learning_rate=3"],
    "training.bias_learning_rate": [BIASED, "training.bias_learning_rate=3"],
    "training.momentum": ["training.optimizer='momentum'", "training.momentum=0.5"],
    "training.alpha": ["training.optimizer='rmsprop'", "training.alpha=0.5"],
    "training.beta1": ["training.optimizer='adam'", "training.beta1=0.5"],
    "training.beta2": ["training.optimizer='adam'", "training.beta2=0.5"],
    "training.epsilon": ["training.optimizer='adam'", "training.epsilon=0.5"],
    "training.weight_decay": ["training.optimizer='adamw'", "training.weight_decay=0.5"],
    "training.clip_norm": ["training.clip_norm=0.5"],
    "schedule.name": ["schedule.name='one_cycle'"],
    "schedule.warmup": ["schedule.warmup=7"],
    "schedule.every": ["schedule={ name='step', every=7 }", "schedule.every=8"],
    "schedule.gamma": ["schedule={ name='step', every=7 }", "schedule.gamma=0.5"],
    "schedule.final": ["schedule={ name='cosine' }", "schedule.final=0.5"],
    "outcome.target": ["outcome.target=1e-3"],
    "outcome.diverged_above": ["outcome.diverged_above=9"],
    "outcome.rule": ["outcome.rule='tail_below_initial'"],
    "record.loss": ["record.loss='nothing'"],
    "record.parameters": ["record.parameters='nothing'"],
    "record.measures": ["record.measures=['period']"],
    "refine.depth": ["axes.learning_rate=[0.1, 0.2, 0.5]", "refine.depth=2"],
    "refine.by": ["axes.learning_rate=[0.1, 0.2, 0.5]", "refine.depth=2", "refine.by='final_loss'"],
    "refine.factor": [
        "axes.learning_rate=[0.1, 0.2, 0.5]",
        "refine={ depth=2, by='final_loss' }",
        "refine.factor=3",
    ],
    "plot.mark": ["plot.mark={ learning_rate=[1] }"],
    "plot.inputs": ["plot.inputs=['a']"],
    "plot.outputs": ["plot.outputs=['b']"],
}
IN_FILES = {name for name in FIELD if FIELD[name].role is Role.FILE}
DEFAULTS = [name for name in CHANGES if FIELD[name].default not in (None, REQUIRED)]
DEFAULTS.remove("schedule.every")  # only the schedule "step" takes it, and has no default


def default_of(name: str, *edits: str) -> str:
    """The default of a field in the course so edited, as TOML."""
    default = FIELD[name].default
    value = default(course(*edits).settings) if callable(default) else default
    return json.dumps(value) if isinstance(value, str | bool | dict | tuple) else repr(value)


def lanes(found: Group) -> list[bytes]:
    """What all of a group's trials are given, exactly."""
    inputs = asdict(found.lanes(np.arange(found.trials)))
    return [array.tobytes() for array in [*inputs.pop("hyper").values(), *inputs.values()]]


def test_every_field_is_tried() -> None:
    assert {field.name for field in FIELDS} == set(CHANGES) | IN_FILES


@pytest.mark.parametrize("name", CHANGES)
def test_the_digest_changes_with_the_fields_of_a_group_and_no_others(name: str) -> None:
    role = next(field.role for field in FIELDS if field.name == name)
    *needed, _ = overrides = CHANGES[name]
    changed = group(*overrides).digest != group(*needed).digest
    assert changed == (role in (Role.GROUP, Role.DATA))


@pytest.mark.parametrize("name", DEFAULTS)
def test_stating_a_default_changes_nothing(name: str) -> None:
    *needed, _ = CHANGES[name]
    stated = group(*needed, f"{name}={default_of(name, *needed)}")
    assert (stated.digest, stated.fixed) == (group(*needed).digest, group(*needed).fixed)


@pytest.mark.parametrize(
    ("axis", "field"),
    [
        ("momentum", "training.momentum"),
        ("weight_decay", "training.weight_decay"),
        ("clip_norm", "training.clip_norm"),
        ("batch_seed", "batch.seed"),
        ("network.multiplier", "network.multiplier"),
        ("initial.offset.1", "initial.offset"),
        ("initial.along.1", "initial.along"),
    ],
)
def test_an_axis_of_one_value_is_the_field(axis: str, field: str) -> None:
    edits = ["training.optimizer='momentum'", "batch.size=1", "initial.direction=[1, 2]"]
    value = "[0, 3]" if axis.endswith(".1") else "3"
    swept, stated = group(*edits, f"axes.{axis}=[3]"), group(*edits, f"{field}={value}")
    assert swept.digest == stated.digest
    assert lanes(swept) == lanes(stated)
    for flag in ("multiplied", "decayed", "clipped", "own_orders"):
        assert getattr(swept, flag) == getattr(stated, flag), flag


@pytest.mark.parametrize(
    ("schedule", "shaped"),
    [
        ("name='constant'", False),
        ("name='step', every=2", False),
        ("name='exponential', gamma=0.5", False),
        ("name='constant', warmup=5", False),
        ("name='cosine'", True),
        ("name='one_cycle'", True),
        ("name='wsd'", True),
        ("name='range_test', final=100", True),
    ],
)
def test_steps_are_part_of_the_identity_where_the_schedule_depends_on_them(
    schedule: str, shaped: bool
) -> None:
    stated = f"schedule={{ {schedule} }}"
    assert group(stated).schedule.shaped_by_steps == shaped
    assert (group(stated).digest != group(stated, "training.steps=10").digest) == shaped


@pytest.mark.parametrize(
    "same",
    [
        ["axes={}", "training.learning_rate=0.1"],
        ["axes.learning_rate=[3]"],
        ["network.activation=['sigmoid', 'sigmoid']"],
        ["outcome.target=-0.0"],
        ["data.inputs=[[5e-2, 1e-1]]"],
        ["record.loss='every 1'"],
        ["record.measures=[]"],
        ["axes.training.dtype=['float64']"],
        ["axes.outcome.target=[0]"],
        ["axes.training.steps=[2]"],
        ["axes.schedule.name=['constant']"],
        ["axes.schedule.warmup=[0]"],
        ["axes.training.optimizer=['sgd']"],
        ["training.clip_norm=5"],
        ["initial.offset=[1, 1]"],
        ["network.width=2"],
        ["axes.network.depth=[1]"],
        ["network={ layers=[2, 5, 7, 2], width=2, depth=1 }"],
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
    text = b'{"a":[0.1,Infinity],"b":null,"numerics":2}'
    wanted = hashlib.sha256(text).hexdigest()
    assert identity_digest({"b": None, "a": (0.1, float("inf"))}) == wanted


@pytest.mark.parametrize(
    ("study", "digest"),
    [
        ("lr_graphs", "9443724d83456d60fc81939b0e5732649e734d57620de691730e7e191dabc401"),
        ("lr_by_init", "48a756322d03b25417872f565b818fe3192e4bbe5d4aceaf60e4c4c48973b453"),
    ],
)
def test_digests_stay_what_they_are(study: str, digest: str) -> None:
    # Results on people's disks are found by these: a change here needs a new NUMERICS.
    (only,) = load_study(find_study(study)).groups()
    assert only.digest == digest


def test_the_digest_of_a_study_of_everything_stays_what_it_is() -> None:
    digest = "33c26615832b5480d5688d1a7925194dd61d1baacfa73d87f33a208355ef9e73"
    assert group(*EVERYTHING).digest == digest
