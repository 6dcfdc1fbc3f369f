"""Studies from Python: keywords are the fields of a file, and what is saved is the same study."""

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sweep
from sweep.catalogue import ACTIVATIONS, OPTIMIZERS, SCHEDULES
from sweep.errors import RequestError
from sweep.study import Group, Study, parse_study
from sweep.study.keywords import KEYWORDS, Keywords

INPUTS = np.array([[0.0, 0.5], [1.0, 0.25], [0.75, 1.0]])
TARGETS = np.array([[0.0], [1.0], [0.5]])
PLAIN: dict[str, Any] = {
    "layers": [2, 3, 1],
    "data": (INPUTS, TARGETS),
    "scheme": "he",
    "steps": 10,
    "learning_rate": [0.1, 1.0],
}
FILE = """
[network]
layers = [2, 3, 1]
[data]
inputs = [[0.0, 0.5], [1.0, 0.25], [0.75, 1.0]]
targets = [[0.0], [1.0], [0.5]]
[initial]
scheme = "he"
[training]
steps = 10
[axes]
learning_rate = [0.1, 1.0]
"""


def identity(group: Group) -> tuple[object, ...]:
    """All that decides a group's results, and which trials it has."""
    return (group.digest, group.points, group.steps, dict(group.labels), group.trials)


def same(one: Study, other: Study) -> bool:
    return [*map(identity, one.groups())] == [*map(identity, other.groups())]


def refused(**fields: Any) -> str:
    with pytest.raises(RequestError) as error:
        Study("mine", **{**PLAIN, **fields})
    assert str(error.value).isprintable()
    return str(error.value)


def test_the_keywords_are_the_fields() -> None:
    points = {"axes", "where", "repeats"}
    arrays = {
        f"{table}_{part}" for table in ("data", "validation") for part in ("inputs", "targets")
    }
    assert set(Keywords.__annotations__) == set(KEYWORDS) - arrays | points | {"validation"}
    shown = inspect.signature(sweep.Study).parameters
    assert list(shown) == ["name", *Keywords.__annotations__]


def test_a_study_of_keywords_is_that_of_a_file() -> None:
    made = sweep.Study("mine", **PLAIN)
    assert same(made, parse_study(FILE, "mine", Path()))
    assert (made.name, made.origin, made.trials) == ("mine", None, 2)


@pytest.mark.parametrize(
    ("fields", "edits"),
    [
        ({"learning_rate": sweep.log(1e-3, 10, 7)}, ["axes.learning_rate={log=[1e-3, 10], num=7}"]),
        ({"learning_rate": sweep.log(1e-3, 10, sobol=8, seed=3)},
         ["axes.learning_rate={log=[1e-3, 10], sobol=8, seed=3}"]),
        ({"learning_rate": sweep.linear(0, 1, 5)}, ["axes.learning_rate={linear=[0, 1], num=5}"]),
        ({"learning_rate": sweep.geometric(0.1, 3, 4)},
         ["axes.learning_rate={geometric=[0.1, 3], num=4}"]),
        ({"learning_rate": np.array([0.5, 2])}, ["axes.learning_rate=[0.5, 2]"]),
        ({"learning_rate": pd.Series([0.5, 2])}, ["axes.learning_rate=[0.5, 2]"]),
        ({"learning_rate": (0.5, 2)}, ["training.learning_rate=[0.5, 2]"]),
        ({"learning_rate": np.float32(0.5)}, ["training.learning_rate=0.5"]),
        ({"seed": range(5)}, ["axes.seed={range=[0, 5]}"]),
        ({"seed": range(3, 11, 4)}, ["axes.seed=[3, 7]"]),
        ({"optimizer": ["sgd", "adam"]}, ["axes.training.optimizer=['sgd', 'adam']"]),
        ({"activation": ("tanh", "identity")}, ["network.activation=['tanh', 'identity']"]),
        ({"activation": ["tanh", "relu"]}, ["axes.network.activation=['tanh', 'relu']"]),
        ({"bias": True, "loss": "huber", "target": 0.1}, ["network.bias=true",
         "network.loss='huber'", "outcome.target=0.1"]),
        ({"schedule": "step", "schedule_every": 3}, ["schedule={name='step', every=3}"]),
        ({"data": "moons", "data_samples": 20}, ["data={name='moons', samples=20}"]),
        ({"data": ["moons", "circles"]}, ["data={}", "axes.data.name=['moons', 'circles']"]),
        ({"validation": (INPUTS[:1], [0.5])},
         ["validation={inputs=[[0.0, 0.5]], targets=[[0.5]]}"]),
        ({"batch_size": 2, "batch_seed": [1, 2]}, ["batch.size=2", "axes.batch_seed=[1, 2]"]),
        ({"direction": 3, "along": [0, 0.5]}, ["initial.direction=3",
         "axes.initial.along=[0, 0.5]"]),
        ({"direction": [1, 2], "along": (0, 0.5)}, ["initial.direction=[1, 2]",
         "initial.along=[0, 0.5]"]),
        ({"direction": np.eye(9)[:2]}, [f"initial.direction={np.eye(9)[:2].tolist()}"]),
        ({"axes": {"learning_rate.0": [0.1, 0.2]}}, ["axes.learning_rate.0=[0.1, 0.2]"]),
        ({"momentum": [0.5, 0.9], "optimizer": "momentum", "where": "momentum < learning_rate"},
         ["axes.momentum=[0.5, 0.9]", "training.optimizer='momentum'",
          "axes.where='momentum < learning_rate'"]),
        ({"repeats": 4, "record_loss": "nothing"}, ["axes.repeats=4", "record.loss='nothing'"]),
        ({"title": "T", "clip_norm": None}, ["title='T'"]),
    ],
)  # fmt: skip
def test_a_keyword_states_its_field(fields: dict[str, Any], edits: list[str]) -> None:
    whole = "learning_rate" in fields and isinstance(fields["learning_rate"], tuple | np.float32)
    first = ["axes={}"] * whole
    assert same(
        sweep.Study("mine", **{**PLAIN, **fields}),
        parse_study(FILE, "mine", Path(), [*first, *edits]),
    )


def with_lists(array: np.ndarray) -> object:
    return array.tolist()


def with_torch(array: np.ndarray) -> object:
    return pytest.importorskip("torch").tensor(array)


class OnlyDLPack:
    """An array of a library that NumPy does not know."""

    def __init__(self, array: np.ndarray) -> None:
        self._array = array

    def __dlpack__(self, **options: Any) -> Any:
        return self._array.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self._array.__dlpack_device__()


class OnlyInterchange:
    """A table of a library that NumPy does not know."""

    def __init__(self, array: np.ndarray) -> None:
        self._frame = pd.DataFrame(array, columns=[f"x{at}" for at in range(array.shape[1])])

    def __dataframe__(self, *args: Any, **options: Any) -> Any:
        return self._frame.__dataframe__(*args, **options)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.parametrize(
    "library",
    [pd.DataFrame, pl.DataFrame, with_torch, with_lists, OnlyDLPack, OnlyInterchange],
    ids=["pandas", "polars", "torch", "lists", "dlpack", "interchange"],
)
def test_arrays_of_any_library_are_taken(library: Any) -> None:
    made = sweep.Study("mine", **{**PLAIN, "data": (library(INPUTS), library(TARGETS))})
    assert same(made, sweep.Study("mine", **PLAIN))


LABELS = np.array(["cat", "ant", "bee", "ant", "cat", "bee"])


@pytest.mark.parametrize(
    "column",
    [
        LABELS, LABELS.tolist(), LABELS.astype(object), pd.Series(LABELS), pl.Series(LABELS),
        pd.Series(LABELS, dtype="category"), pd.Series(LABELS, dtype="string"),
        pd.DataFrame({"kind": LABELS}), pl.DataFrame({"kind": LABELS}),
        pl.Series(LABELS, dtype=pl.Categorical),
    ],
)  # fmt: skip
def test_texts_are_classes(column: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    pair = (pd.DataFrame(np.arange(12).reshape(6, 2), columns=["wide", "long"]), column)
    fields: dict[str, Any] = {**PLAIN, "layers": [2, 3, 3], "data": pair, "data_one_hot": True}
    made = sweep.Study("mine", **fields, validation=([[0, 0]], ["bee"]))
    (group,) = made.groups()
    assert group.data.targets.argmax(axis=1).tolist() == [2, 0, 1, 0, 2, 1]
    assert group.validation is not None
    assert group.validation.targets.tolist() == [[0, 1, 0]]
    assert made.plot.outputs == ("ant", "bee", "cat")
    assert made.plot.inputs == ("wide", "long")
    made.save("mine.toml")
    loaded = sweep.load_study("mine.toml")
    assert same(made, loaded)
    assert loaded.plot == made.plot
    pair[0].assign(kind=LABELS).to_csv("data.csv", index=False)
    read = {"data": None, "data_file": "data.csv", "data_target_columns": ["kind"]}
    assert same(sweep.Study("mine", **{**fields, **read}, validation=([[0, 0]], [1])), made)


def test_columns_of_tables_have_names() -> None:
    inputs, targets = pd.DataFrame(INPUTS, columns=["wide", "long"]), pl.DataFrame(TARGETS, ["y"])
    made = sweep.Study(**{**PLAIN, "data": (inputs, targets)})
    assert (made.plot.inputs, made.plot.outputs) == (("wide", "long"), ("y",))
    for column in (pd.Series(TARGETS[:, 0], name="y"), pl.Series("y", TARGETS[:, 0])):
        assert sweep.Study(**{**PLAIN, "data": (inputs, column)}).plot.outputs == ("y",)
        assert sweep.Study(**{**PLAIN, "data": (inputs, column.rename(""))}).plot.outputs == ()
    stated = sweep.Study(**{**PLAIN, "data": (inputs, TARGETS)}, plot_inputs=["a", "b"])
    assert (stated.plot.inputs, stated.plot.outputs) == (("a", "b"), ())


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"lr": 0.1}, "Study(lr=...): is not a field of a study; did you mean learning_rate?"),
        ({"optimiser": "sgd"}, "did you mean optimizer?"),
        ({"optimizer": "sdg"}, 'Study(optimizer=...): training.optimizer: must be one of "sgd"'),
        ({"layers": 3}, "sweep.Study(layers=...): network.layers: must be a list of 2 to 100"),
        ({"data": (INPUTS, TARGETS[:2])}, "data.targets: has 2 samples and data.inputs has 3"),
        ({"data": (INPUTS,)}, "sweep.Study(data=...): must be two arrays, (inputs, targets)"),
        ({"data": INPUTS}, "sweep.Study(data=...): must be two arrays, (inputs, targets)"),
        ({"data": (INPUTS, ["a", "b", "c"])}, 'not "a" in row 0, column 0; data_one_hot=True make'),
        ({"data": (INPUTS, [0, 1, None])}, "targets must be numbers, not None in row 2, column 0"),
        ({"data": (pd.DataFrame({"x": [1, 2, 3], "y": ["a", "b", "c"]}), TARGETS)},
         'inputs must be numbers, not "a" in row 0, column 1'),
        ({"data": (np.ma.masked_array(INPUTS, INPUTS > 0.9), TARGETS)}, "has masked entries"),
        ({"learning_rate": np.ma.masked_array([0.1, 0.2], [0, 1])}, "has masked entries"),
        ({"data": (INPUTS + 1j, TARGETS)}, "inputs must be numbers, not 1j in row 0, column 0"),
        ({"data": (INPUTS, TARGETS.astype("m8[s]"))}, "targets must be numbers, not 0 seconds in"),
        ({"layers": [2, 3, 2], "activation": ["tanh", "softmax"], "loss": "softmax_cross_entropy",
          "data": (INPUTS, np.eye(2)[[0, 1, 0]])}, "a list is an axis; a tuple has a value"),
        ({"data": (INPUTS, ["a", "b", None]), "data_one_hot": True}, "numbers alone, not None in"),
        ({"data": (INPUTS, ["a", "b", "b"]), "data_one_hot": True, "layers": [2, 2],
          "validation": (INPUTS[:1], ["c"])}, '(validation=...): has "c", which data has not'),
        ({"data": (INPUTS + np.inf, TARGETS)}, "inputs must be finite"),
        ({"data": (INPUTS[np.newaxis], TARGETS)}, "a row a sample, not the shape [1, 3, 2]"),
        ({"data": (INPUTS, np.array([2**53 + 1, 0, 1]))}, "targets must be at most 2^53"),
        ({"data": (INPUTS, object())}, "sweep.Study(data=...): must be an array, not"),
        ({"validation": INPUTS}, "sweep.Study(validation=...): must be two arrays"),
        ({"axes": [1]}, "sweep.Study(axes=...): must be a dictionary of axes, not [1]"),
        ({"axes": {"learning_rate": [1]}}, "axes.learning_rate: is already stated; keep one"),
        ({"seed": range(3), "repeats": 3}, "is already stated as"),
        ({"where": "sed > 3"}, "sweep.Study(where=...): axes.where:"),
        ({"learning_rate": sweep.log(-3, 1, 5)}, "they are values, not exponents"),
        ({"schedule": "step"}, 'schedule.every: is missing: the schedule "step" needs it'),
        ({"loss": "binary_cross_entropy", "activation": "sigmoid",
          "data": (INPUTS, TARGETS + 1)}, 'must be from 0 to 1 with "binary_cross_entropy"'),
        ({"data": None}, "data: must state inputs and targets, a file, or a name"),
        ({"data_file": "nowhere.csv", "data": None}, "cannot be read: No such file"),
    ],
)  # fmt: skip
def test_what_makes_no_study_is_refused_in_one_line(fields: Any, complaint: str) -> None:
    assert complaint in refused(**fields)


@pytest.mark.parametrize("study", [3, None, ["lr_graphs"]])
def test_what_is_neither_name_nor_path_nor_study_is_refused(study: Any) -> None:
    with pytest.raises(RequestError, match=r"^study: must be a name, a path or a sweep\.Study"):
        sweep.load_study(study)


def test_wrong_names_and_overrides_are_refused() -> None:
    with pytest.raises(RequestError, match="the study's name"):
        sweep.Study(3, **PLAIN)  # type: ignore[arg-type]
    with pytest.raises(RequestError, match=r"^overrides: must be texts such as .*, not 3"):
        sweep.load_study("lr_graphs", [3])  # type: ignore[list-item]


def test_a_study_can_be_edited(tmp_path: Path) -> None:
    made = sweep.Study("mine", **PLAIN)
    assert sweep.load_study(made) is made
    assert sweep.load_study(made, "training.steps=20").training.steps == 20
    made.save(tmp_path / "mine.toml")
    loaded = sweep.load_study(tmp_path / "mine.toml")
    assert sweep.load_study(loaded, ["training.steps=20"]).origin == tmp_path / "mine.toml"


def test_larger_data_is_saved_beside_the_study(tmp_path: Path) -> None:
    draws = np.random.default_rng(1).normal(size=(50, 4))
    made = sweep.Study(
        **{
            **PLAIN,
            "data": (draws[:, :2], draws[:, 2]),
            "validation": (draws[:9, :2], draws[:9, 3]),
        },
        batch_table=np.arange(100).reshape(4, 25) % 50,
    )
    files = made.save(tmp_path / "new name.toml")
    assert [one.name for one in files] == [
        "new name.toml", "new name-data.npy", "new name-validation.npy", "new name-batches.npy"
    ]  # fmt: skip
    loaded = sweep.load_study(tmp_path / "new name.toml")
    assert same(made, loaded)
    assert loaded.name == "new name"
    text = files[0].read_text()
    with pytest.raises(RequestError, match="exists already; choose another name"):
        made.save(tmp_path / "new name.toml")
    assert files[0].read_text() == text
    with pytest.raises(RequestError, match=r"must end in \.toml"):
        made.save(tmp_path / "new")
    for name in ("q .toml", "a\0.toml", f"{'x' * 201}.toml"):
        with pytest.raises(RequestError, match="the study's name, the file's stem, must be of 1"):
            made.save(tmp_path / name)
    with pytest.raises(RequestError, match="file: must be a path, not 3"):
        made.save(3)  # type: ignore[arg-type]
    with pytest.raises(RequestError, match="cannot be written: No such file"):
        made.save(tmp_path / "nowhere" / "new.toml")


def test_large_weights_are_saved_beside_the_study(tmp_path: Path) -> None:
    draws = np.random.default_rng(1)
    weights = [draws.normal(size=(50, 2)), draws.normal(size=(1, 50))]
    made = sweep.Study(**{**PLAIN, "layers": [2, 50, 1], "weights": weights, "scheme": None})
    _, file = made.save(tmp_path / "mine.toml")
    assert file.name == "mine-weights.npy"
    assert same(made, sweep.load_study(tmp_path / "mine.toml"))


def test_a_study_too_long_for_a_file_says_how_to_shorten_it(tmp_path: Path) -> None:
    rates = np.random.default_rng(1).random(20_000)
    made = sweep.Study(**{**PLAIN, "learning_rate": rates})
    with pytest.raises(RequestError, match=r"describe values by a spacing such as sweep\.log"):
        made.save(tmp_path / "mine.toml")
    assert not [*tmp_path.iterdir()]
    sweep.Study(**{**PLAIN, "learning_rate": sweep.log(0.1, 1, 20_000)}).save(tmp_path / "a.toml")
    assert sweep.load_study(tmp_path / "a.toml").trials == 20_000


def test_a_study_object_runs_and_tells_as_its_file_does(tmp_path: Path) -> None:
    made, folder = sweep.Study("mine", **PLAIN), tmp_path / "results"
    assert sweep.plan(made, results=folder).trials == 2
    assert sweep.plan(made, overrides=["training.steps=7"], results=folder).steps == (7, 7)
    results = sweep.run(made, results=folder, progress=False)
    assert sweep.status(made, results=folder).trained == 2
    assert sweep.verify(made, results=folder).faults == []
    assert results.trials()["learning_rate"].tolist() == [0.1, 1.0]
    made.save(tmp_path / "mine.toml")
    again = sweep.run(tmp_path / "mine.toml", results=tmp_path / "other", progress=False)
    assert again.content_digest() == results.content_digest()
    with pytest.raises(RequestError, match="another study of the same name; give this one another"):
        sweep.run(made, results=tmp_path / "other", progress=False)
    opened = sweep.open_results(tmp_path / "other" / "mine").study
    assert sweep.run(opened, results=tmp_path / "other", progress=False).trained == 2


SPACED = st.builds(sweep.log, st.floats(1e-6, 0.5), st.floats(1, 100), st.integers(2, 20))
RATES = st.lists(st.floats(0, 10), min_size=1, max_size=4, unique=True)


@st.composite
def studies(draw: st.DrawFn) -> dict[str, Any]:
    """The keywords of a random study."""
    layers = draw(st.lists(st.integers(1, 5), min_size=2, max_size=4))
    count, hidden = draw(st.integers(1, 40)), [*ACTIVATIONS]
    hidden.remove("softmax")
    numbers = np.random.default_rng(draw(st.integers(0, 99)))
    schedule = draw(st.sampled_from([*SCHEDULES]))
    more = {"every": draw(st.integers(1, 9)), "gamma": draw(st.floats(0, 2)), "final": 0.5}
    taken = SCHEDULES[schedule].numbers
    fields: dict[str, Any] = {
        "layers": layers,
        "activation": draw(st.sampled_from(hidden) | st.just(hidden[:3])),
        "bias": draw(st.booleans()),
        "data": tuple(numbers.normal(size=(count, size)) for size in (layers[0], layers[-1])),
        "scheme": draw(st.sampled_from(["he", "xavier", "uniform"])),
        "optimizer": draw(st.sampled_from([*OPTIMIZERS]) | st.just(["sgd", "adamw"])),
        "steps": draw(st.integers(1, 100) | st.just([5, 50])),
        "learning_rate": draw(RATES | SPACED | st.floats(0, 10)),
        "seed": draw(st.integers(0, 9) | st.builds(range, st.integers(1, 50))),
        "schedule": schedule,
        "target": draw(st.floats(0, 1)),
        **{f"schedule_{name}": value for name, value in more.items() if name in taken},
    }
    if draw(st.booleans()):
        fields["batch_size"] = draw(st.integers(1, max(count // 2, 1)))
    if draw(st.booleans()) and count > 2:
        fields |= {"validation_share": 0.5, "data_standardise": "inputs"}
    return fields


@settings(max_examples=60)
@given(fields=studies())
def test_a_study_that_is_saved_and_loaded_is_the_same(
    fields: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    made = Study("random", **fields)
    file = tmp_path_factory.mktemp("saved") / "random.toml"
    made.save(file)
    loaded = sweep.load_study(file)
    assert same(made, loaded)
    assert loaded.to_toml() == made.to_toml()
