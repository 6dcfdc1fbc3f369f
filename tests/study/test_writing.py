from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweep.study import STARTER, Study, load_study, parse_study, shipped_studies

from .course import BIASED, COURSE, DRAWN, EVERYTHING, course

BATCHED = ["axes.learning_rate=[0.5]", "batch.size=1"]


def bits(study: Study) -> Iterator[object]:
    """All that a study asks of training, exactly."""
    for group in study.groups():
        index = np.arange(group.trials)
        lanes = group.lanes(index)
        single = [getattr(lanes, field.name) for field in fields(lanes) if field.name != "hyper"]
        arrays = [*single, *lanes.hyper.values()]
        yield group.digest, dict(group.labels), dict(group.fixed), group.training, group.record
        yield group.initial.weights.tobytes(), group.data.digest, [a.tobytes() for a in arrays]
        yield group.schedule, group.batch.size, group.batch.order, group.own_orders
        yield (
            [array.tobytes() for array in (group.batch.table,) if array is not None],
            group.validation and group.validation.digest,
        )
        yield {name: column.tolist() for name, column in group.columns(index).items()}


def assert_survives(study: Study) -> None:
    again = parse_study(study.to_toml(), study.name, Path())
    assert list(bits(again)) == list(bits(study))
    assert (again.title, again.plot) == (study.title, study.plot)
    assert again.to_toml() == study.to_toml()


@pytest.mark.parametrize("path", shipped_studies(), ids=lambda path: path.stem)
def test_shipped_studies_survive_being_written(path: Path) -> None:
    study = load_study(path)
    study = load_study(path, ["axes.seed=[1, 5, 3]"]) if study.trials > 10**6 else study
    assert_survives(study)


def test_a_study_of_everything_survives_being_written() -> None:
    assert_survives(course(*EVERYTHING))
    table = ["batch={ table=[[0, 1], [1, 1]] }", "axes={ learning_rate=[0.1] }"]
    assert_survives(course(*EVERYTHING, *table))


rates = st.lists(st.floats(0, 1e308), min_size=1, max_size=4, unique=True)


@given(
    title=st.text(st.characters(codec="utf-8")),
    learning_rates=rates,
    own_rates=rates,
    bias_rates=st.lists(st.floats(0, allow_infinity=False), min_size=2, max_size=2),
    seeds=st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=3, unique=True),
    above=st.lists(st.floats(0, allow_nan=False), min_size=1, max_size=3, unique=True),
    activations=st.sampled_from(["'tanh'", "['gelu_tanh', 'softmax']"]),
    optimizer=st.sampled_from(["sgd", "nesterov", "adamw"]),
    multipliers=st.lists(
        st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=2, unique=True
    ),
    norms=st.lists(st.floats(0, allow_nan=False), min_size=1, max_size=3, unique=True),
)
def test_any_study_survives_being_written(
    title: str,
    learning_rates: list[float],
    own_rates: list[float],
    bias_rates: list[float],
    seeds: list[int],
    above: list[float],
    activations: str,
    optimizer: str,
    multipliers: list[float],
    norms: list[float],
) -> None:
    escaped = "".join(f"\\U{ord(character):08x}" for character in title)
    assert_survives(
        course(
            DRAWN,
            BIASED,
            f'title="{escaped}"',
            f"training.bias_learning_rate={bias_rates}",
            f"network.activation={activations}",
            f"axes.outcome.diverged_above={above}",
            f"axes.learning_rate={learning_rates}",
            f"axes.learning_rate.1={own_rates}",
            f"axes.seed={seeds}",
            f"training.optimizer='{optimizer}'",
            f"network.multiplier={multipliers}",
            f"axes.clip_norm={norms}",
        )
    )


def test_every_default_and_every_value_is_written_out() -> None:
    study = course(
        "axes.learning_rate={ linear=[0.1, 0.3], num=3 }", "axes.network.bias=[false, true]"
    )
    assert study.to_toml() == (
        """\
title = ""

[network]
layers = [2, 2, 2]
activation = "sigmoid"
loss = "half_squared_error"
multiplier = 1.0

[data]
inputs = [[0.05, 0.1]]
targets = [[0.01, 0.99]]
one_hot = false
standardise = "nothing"

[initial]
weights = [[[0.15, 0.2], [0.25, 0.3]], [[0.4, 0.45], [0.5, 0.55]]]
offset = 0.0

[training]
steps = 1000
optimizer = "sgd"
dtype = "float64"
stop = "never"
drift = 0.0
weight_decay = 0.0
clip_norm = inf

[schedule]
name = "constant"
warmup = 0

[outcome]
target = 0.0
diverged_above = inf
rule = "target"

[record]
loss = "every step"
parameters = "final"

[plot]
mark = {}
inputs = []
outputs = []

[axes]
learning_rate = [0.1, 0.2, 0.3]
"network.bias" = [false, true]
"""
    )


@pytest.mark.parametrize(
    ("stated", "written"),
    [
        ("{ range=[0, 100_000] }", "{ range = [0, 100000] }"),
        ("{ range=[5, 10_000, 7] }", "{ range = [5, 9995, 7] }"),
        (str([*range(0, 40, 2)]), "{ range = [0, 39, 2] }"),
        ("{ range=[3, 6] }", "[3, 4, 5]"),
        (str([*range(20, 0, -1)]), None),
        (str([*range(20), 30]), None),
        (str([0, 9, *range(1, 9), *range(10, 20)]), None),
        (str([2**63 - 1 - seed for seed in range(20, 0, -1)]), None),
        (str([0, *(2**63 - 21 + seed for seed in range(20))]), None),
    ],
)
def test_many_whole_numbers_at_equal_distances_are_a_range(stated: str, written: str) -> None:
    study = course(DRAWN, f"axes.seed={stated}")
    assert f"seed = {written or stated}\n" in study.to_toml()
    assert_survives(study)
    paired = course(DRAWN, f"axes.zip.pair={{ seed={stated}, batch_seed={stated} }}", *BATCHED)
    assert f"batch_seed = {written or stated} }}\n" in paired.to_toml()
    assert_survives(paired)


def test_a_long_list_survives_although_its_file_is_larger_than_a_hand_would_write() -> None:
    values = np.random.default_rng(1).uniform(0, 1, 60_000)
    study = parse_study(f"{COURSE.partition('[axes]')[0]}[axes]\nlearning_rate={values.tolist()}",
                        "course", Path())  # fmt: skip
    written = study.to_toml()
    assert len(written) > 2**20
    again = parse_study(written, "course", Path())
    assert again.axes[0].values.tobytes() == study.axes[0].values.tobytes()


def test_the_starter_is_a_study() -> None:
    study = parse_study(STARTER, "starter", Path())
    assert study.trials == 13 * 8
    assert_survives(study)


@pytest.mark.parametrize("hint", ['# "learning_rate.0"', "# bias_learning_rate"])
def test_what_the_starter_hints_at_works(hint: str) -> None:
    assert hint in STARTER
    text = STARTER.replace(hint, hint.removeprefix("# "))
    assert parse_study(text, "starter", Path()).trials == 13 * 8 * 2
