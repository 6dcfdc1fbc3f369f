"""Data from files of named columns, and from scikit-learn."""

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from sweep.errors import RequestError
from sweep.study import Study, load_study, parse_study
from sweep.study import tables as module

from .course import COURSE

INPUTS = [[0.1, 2.0], [0.30000000000000004, 4.5], [-1e-300, 6.0]]
TEXT = 'a, b ,"kind, or so"\r\n0.1,2,x\n0.30000000000000004,4.5,y\n-1e-300,6,x\n\n'
COLUMNS = {"a": [row[0] for row in INPUTS], "b": [row[1] for row in INPUTS]}
KIND = "kind, or so"
STATED = f"data={{ file='%s', target_columns=['{KIND}'], one_hot=true }}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    directory = tmp_path / "studies"
    directory.mkdir()
    (directory / "read.toml").write_text(COURSE)
    (directory / "data.csv").write_bytes(b"\xef\xbb\xbf" + TEXT.encode())
    table = pa.table({**COLUMNS, KIND: ["x", "y", "x"]})
    parquet.write_table(table, directory / "data.parquet")
    coded = table.set_column(2, KIND, table[KIND].dictionary_encode())
    parquet.write_table(coded, directory / "coded.parquet", write_page_checksum=True)
    rows = [(*row, kind) for row, kind in zip(INPUTS, "xyx", strict=True)]
    fields = np.array(rows, [("a", "f8"), ("b", "<f4"), (KIND, "U3")])
    np.save(directory / "data.npy", fields)
    matrix = np.array([[*row, kind] for row, kind in zip(INPUTS, (0, 1, 0), strict=True)])
    np.save(directory / "matrix.npy", matrix)
    return directory


def load(folder: Path, *edits: str) -> Study:
    return load_study(folder / "read.toml", edits)


def refused(folder: Path, *edits: str) -> str:
    with pytest.raises(RequestError) as error:
        load(folder, *edits)
    assert str(error.value).isprintable()
    return str(error.value)


@pytest.mark.parametrize("name", ["data.csv", "data.parquet", "coded.parquet", "data.npy"])
def test_named_columns_are_read(folder: Path, name: str) -> None:
    study = load(folder, STATED % name)
    assert study.data.inputs.tolist() == INPUTS
    assert study.data.targets.tolist() == [[1, 0], [0, 1], [1, 0]]
    again = parse_study(study.to_toml(), "read", Path("/nowhere"))
    assert again.groups()[0].digest == study.groups()[0].digest
    assert study.groups()[0].digest == load(folder, STATED % "data.csv").groups()[0].digest


def test_columns_may_be_chosen_by_position(folder: Path) -> None:
    data = "data={ file='matrix.npy', input_columns=[1, '0'], target_columns=[2] }"
    study = load(folder, data, "network.layers=[2, 1]", "initial={ scheme='he' }")
    assert study.data.inputs.tolist() == [row[::-1] for row in INPUTS]
    assert study.data.targets.tolist() == [[0], [1], [0]]


def test_validation_data_has_the_columns_and_classes_of_the_data(folder: Path) -> None:
    (folder / "more.csv").write_text("b,kind,a\n1,y,2\n".replace("kind", f'"{KIND}"'))
    named = STATED.replace("target", "input_columns=['a', 'b'], target")
    study = load(folder, named % "data.csv", "validation.file='more.csv'")
    assert study.groups()[0].validation is not None
    assert study.groups()[0].validation.inputs.tolist() == [[2, 1]]
    assert study.groups()[0].validation.targets.tolist() == [[0, 1]]
    (folder / "more.csv").write_text("b,kind,a\n1,z,2\n".replace("kind", f'"{KIND}"'))
    told = refused(folder, named % "data.csv", "validation.file='more.csv'")
    assert 'validation.file: "more.csv" has "z", which data.file has not' in told


def test_files_are_refused_in_one_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder.parent / "outside.csv").write_text("a,b\n1,2\n")
    (folder / "link.csv").symlink_to(folder.parent / "outside.csv")
    (folder / "linked").symlink_to(folder.parent)
    (folder / "circle.csv").symlink_to(folder / "circle.csv")
    files = {
        "ragged.csv": b"a,b\n1,2\n1\n", "twice.csv": b"a,a\n1,2\n", "bare.csv": b"1,2\n3,4\n",
        "gap.csv": b"a,b\n1,2\n1,\n", "nan.csv": b"a,b\n1,2\n1,nan\n", "head.csv": b"a,b\n",
        "empty.csv": b"", "quote.csv": b'a,b\n"1,2\n', "latin.csv": b"\xe9,b\n1,2\n",
        "text.csv": b"a,b\nx,1\n", "one.csv": b"b\n1\n", "noise.parquet": b"PAR1" * 9,
        "noise.npy": b"x" * 99, "many.csv": b"a,b\n" + b"1,2\n" * 60,
    }  # fmt: skip
    for name, content in files.items():
        (folder / name).write_bytes(content)
    whole = (folder / "data.parquet").read_bytes()
    (folder / "cut.parquet").write_bytes(whole[:-20])
    parquet.write_table(pa.table({"a": [1, None], "b": [1, 2]}), folder / "null.parquet")
    parquet.write_table(pa.table({"a": [[1]], "b": [1]}), folder / "list.parquet")
    np.save(folder / "objects.npy", np.array([{}, 1], object), allow_pickle=True)
    np.save(folder / "cube.npy", np.zeros((2, 2, 2)))
    np.save(folder / "nested.npy", np.zeros(2, [("a", "f8", (3,)), ("b", "f8")]))
    monkeypatch.setattr(module, "MAX_CELLS", 100)
    out = "leads out of the study's directory"
    for name, complaint in {
        "../outside.csv": out, "link.csv": out, "linked/outside.csv": out, "/etc/passwd": out,
        "circle.csv": "cannot be read: ", "x" * 300 + ".csv": "cannot be read: File name too long",
        "nul\\u0000.csv": "is no path: it has a NUL in it", "": "must end in .csv, .parquet",
        "data.txt": "must end in .csv, .parquet or .npy",
        "none.csv": "cannot be read: No such file",
        "ragged.csv": "has 1 cell in line 3 and 2 names of columns",
        "twice.csv": "must have different names of its columns in its first line",
        "bare.csv": 'the names of its columns in its first line, not a sample: "1" is a number',
        "gap.csv": 'lacks a value in the column "b", row 2',
        "nan.csv": 'must have finite numbers in the column "b", not nan in row 2',
        "head.csv": "has no rows", "empty.csv": "has no rows", "quote.csv": "is no CSV: ",
        "latin.csv": "is not UTF-8 text (byte 0)", "text.csv": 'has text in the column "a"',
        "one.csv": "has no columns but those of targets", "many.csv": "has more than 100 cells",
        "noise.parquet": "is no parquet: ", "cut.parquet": "is no parquet: ",
        "null.parquet": 'lacks a value in the column "a"',
        "list.parquet": 'must have numbers or text in the column "a", not list',
        "noise.npy": "is not what numpy.save writes", "objects.npy": "is not object of shape [2]",
        "cube.npy": "must have a matrix of numbers, or a vector of named fields, not float64",
        "nested.npy": 'must have numbers or text in the field "a"',
    }.items():  # fmt: skip
        told = refused(folder, f'data={{ file="{name}", target_columns=["b"] }}')
        assert "data.file: " in told
        assert complaint in told


@pytest.mark.parametrize(
    ("edits", "complaint"),
    [
        (["data={ file='data.csv' }"],
         "data.target_columns: is missing: say which columns of data.csv are targets: a, b, kind"),
        (["data={ file='data.csv', target_columns=['B'] }"],
         'data.file: "data.csv" has no column "B"'),
        (["data={ file='data.csv', target_columns=['kinds, or so'] }"],
         "did you mean kind, or so?"),
        (["data={ file='data.csv', target_columns=[3] }"],
         "has 3 columns, and none at 3, counted from 0"),
        (["data={ file='data.csv', target_columns=['a'], input_columns=['a', 'b'] }"],
         'has "a" among inputs and targets'),
        (["data={ file='data.csv', target_columns=['b', 'b'] }"], "names a column more than once"),
        (["data={ file='data.csv', target_columns=[] }"], "must be a list of 1 to 100000 columns"),
        (["data={ file='data.csv', target_columns=[2] }"],
         "data.one_hot = true makes a target of each of its values"),
        (["data={ file=3 }"], "data.file: must be text, not 3"),
        (["data.target_columns=['b']"], "data.target_columns: has no effect: there is no data.fil"),
    ],
)  # fmt: skip
def test_wrong_columns_are_refused(folder: Path, edits: list[str], complaint: str) -> None:
    assert complaint in refused(folder, *edits)


def test_a_damaged_parquet_file_is_read_or_refused(folder: Path) -> None:
    whole = bytearray((folder / "coded.parquet").read_bytes())
    draw = np.random.default_rng(1)
    for at, bit in zip(draw.integers(0, len(whole), 300), draw.integers(0, 8, 300), strict=True):
        damaged = whole.copy()
        damaged[at] ^= 1 << bit
        (folder / "data.parquet").write_bytes(damaged)
        try:
            load(folder, STATED % "data.parquet")
        except RequestError as error:
            assert str(error).isprintable()  # noqa: PT017 - or it is a study


SETS = {"iris": (150, 4, 3), "digits": (1797, 64, 10), "breast_cancer": (569, 30, 2)}


@pytest.mark.parametrize("name", SETS)
def test_sets_of_scikit_learn(folder: Path, name: str) -> None:
    pytest.importorskip("sklearn")
    samples, inputs, classes = SETS[name]
    study = load(folder, f"data={{ name='{name}', one_hot=true, standardise='inputs' }}",
                 f"network.layers=[{inputs}, 3, {classes}]", "initial={ scheme='he' }")  # fmt: skip
    assert study.data.inputs.shape == (samples, inputs)
    assert study.data.targets.sum(axis=1).tolist() == [1] * samples
    again = parse_study(study.to_toml(), "read", Path("/nowhere"))
    assert again.groups()[0].digest == study.groups()[0].digest


def test_diabetes_is_not_scaled_yet(folder: Path) -> None:
    pytest.importorskip("sklearn")
    study = load(folder, "data={ name='diabetes', standardise='both' }", "network.layers=[10, 1]",
                 "initial={ scheme='he' }")  # fmt: skip
    assert study.data.inputs.shape == (442, 10)
    assert study.data.targets.std() == pytest.approx(1)


def test_without_scikit_learn_its_sets_are_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    told = refused(folder, "data={ name='iris' }")
    assert "data.name: \"iris\" comes with scikit-learn: pip install 'sweep[sklearn]'" in told


NUMBERED = "network.layers=[1, %d]", "initial={ scheme='he' }"
BIG = [9007199254740992, 9007199254740993, 1]


def labelled(folder: Path, name: str, classes: int, *more: str) -> Study:
    data = f"data={{ file='{name}', target_columns=['y'], input_columns=['x'], one_hot=true }}"
    return load(folder, data, *(edit.replace("%d", str(classes)) for edit in NUMBERED), *more)


@pytest.mark.parametrize("name", ["big.csv", "big.parquet", "big.npy"])
@pytest.mark.parametrize("labels", [BIG, [2**64 - 1, 2**64 - 2, 0], [-(2**63), 1 - 2**63, 5]])
def test_whole_numbers_of_64_bits_are_told_apart(
    folder: Path, name: str, labels: list[int]
) -> None:
    rows = list(enumerate(labels))
    kind = "u8" if max(labels) >= 2**63 else "i8"
    column = np.array(labels, kind)
    (folder / "big.csv").write_text("x,y\n" + "".join(f"{x},{y}\n" for x, y in rows))
    parquet.write_table(pa.table({"x": range(3), "y": column}), folder / "big.parquet")
    np.save(folder / "big.npy", np.array(rows, [("x", "i4"), ("y", kind)]))
    found = labelled(folder, name, 3).data.targets
    place = {label: at for at, label in enumerate(sorted(labels))}
    assert found.argmax(axis=1).tolist() == [place[label] for label in labels]
    (folder / "more.csv").write_text(f"x,y\n1,{labels[1]}\n")
    validation = labelled(folder, name, 3, "validation.file='more.csv'").groups()[0].validation
    assert validation is not None
    assert validation.targets.argmax(axis=1).tolist() == [place[labels[1]]]
    (folder / "more.csv").write_text("x,y\n1,a\n")
    with pytest.raises(RequestError, match=r"has text in the column .y., where data.file has numb"):
        labelled(folder, name, 3, "validation.file='more.csv'")


def test_stated_numbers_that_no_float64_is_are_refused() -> None:
    told = "data.targets: [1][0] must be at most 2^53 or a float64, not 9007199254740993"
    with pytest.raises(RequestError) as error:
        parse_study(
            COURSE,
            "big",
            Path(),
            [f"data={{ inputs={[[1, 1]] * 3}, targets={[[one] for one in BIG]} }}"],
        )
    assert told in str(error.value)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found_in_the_first_line(folder: Path, separator: str) -> None:
    text = TEXT.replace('"kind, or so"', "kind").replace(",", separator)
    (folder / "apart.csv").write_text(text, newline="")
    study = load(folder, "data={ file='apart.csv', target_columns=['kind'], one_hot=true }")
    assert study.data.inputs.tolist() == INPUTS


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("5.1,3.5,Iris-setosa\n4.9,3.0,Iris-setosa\n",
         'in its first line, not a sample: "5.1" is a number'),
        ("a b y\n1 2 0\n0 0 1\n", "commas, semicolons, tabs or bars between cells, not spaces"),
        ("a;b;y\n1,5;2;0\n", 'text in the column "a"; a decimal comma is none here: write 1.5'),
        ("a,b,y\n1_0,2,0\n", 'has text in the column "a"'),
    ],
)  # fmt: skip
def test_what_is_no_table_with_a_header_is_refused(folder: Path, text: str, complaint: str) -> None:
    (folder / "wrong.csv").write_text(text)
    data = "data={ file='wrong.csv', input_columns=[0, 1], target_columns=[2], one_hot=true }"
    if " b y" in text:
        data = "data={ file='wrong.csv', target_columns=[0] }"
    assert complaint in refused(folder, data)


def test_columns_that_are_not_used_are_not_read(folder: Path) -> None:
    (folder / "note.csv").write_text("a,b,y,note\n1,2,0,\n3,4,1,x\n")
    table = pa.table({"a": [1, 3], "b": [2, 4], "y": [0, 1], "note": [[None], [{"deep": 1}]]})
    parquet.write_table(table, folder / "note.parquet")
    fields = [("a", "i1"), ("b", "f2"), ("y", "?"), ("note", "M8[s]")]
    np.save(folder / "note.npy", np.array([(1, 2, 0, 0), (3, 4, 1, 1)], fields))
    for name in ("note.csv", "note.parquet", "note.npy"):
        chosen = f"data={{ file='{name}', input_columns=['a', 'b'], target_columns=['y'] }}"
        study = load(folder, chosen, "network.layers=[2, 1]", "initial={ scheme='he' }")
        assert study.data.inputs.tolist() == [[1, 2], [3, 4]]
        assert study.data.targets.tolist() == [[0], [1]]
    assert 'the column "note"' in refused(folder, "data={ file='note.csv', target_columns=['y'] }")


@pytest.mark.parametrize(
    "header",
    ["{'descr': '<f8', 'fortran_order': False, 'shape': (2, True), }",
     "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2, ",
     "{'descr': [], 'fortran_order': False, 'shape': (2, 2), }",
     "{'descr': ('<f8', (2, 'x')), 'fortran_order': False, 'shape': (1,), }",
     "{'descr': '<f8', 'fortran_order': False, 'shape': (-1, -4), }",
     "{'descr': '<f8', 'fortran_order': 2, 'shape': (99999999999999999999, 0), }",
     "(((((", "\"", "{1: 2}", "[]" , "''"],
)  # fmt: skip
def test_a_broken_header_of_an_array_is_refused(folder: Path, header: str) -> None:
    text = header.encode() + b"\n"
    content = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + bytes(32)
    (folder / "data.npy").write_bytes(content)
    assert "data.npy" in refused(folder, "data={ file='data.npy', target_columns=[0] }")


def test_classes_want_one_hot_by_name(folder: Path) -> None:
    pytest.importorskip("sklearn")
    told = refused(folder, "data={ name='digits' }", "network={ layers=[64, 10], "
                   "activation='softmax', loss='softmax_cross_entropy' }",
                   "initial={ scheme='he' }")  # fmt: skip
    assert "not 1; data.one_hot = true makes one of each of its 10 values" in told


@pytest.mark.parametrize(
    ("loss", "targets", "complaint"),
    [
        ("binary_cross_entropy", "[[0.5, 1.5]]", "must be from 0 to 1 with"),
        ("binary_cross_entropy", "[[-0.5, 1]]", "not -0.5, 1 in sample 0 (from 0)"),
        ("softmax_cross_entropy", "[[1, 1]]", "must be probabilities, which add up to 1 in every"),
        ("softmax_cross_entropy", "[[2, -1]]", "not 2, -1 in sample 0"),
        ("softmax_cross_entropy", "[[0.3333333, 0.6666666]]", ""),
        ("binary_cross_entropy", "[[0, 1]]", ""),
        ("half_squared_error", "[[7, -3]]", ""),
    ],
)
def test_targets_of_a_cross_entropy_are_probabilities(
    folder: Path, loss: str, targets: str, complaint: str
) -> None:
    last = {"binary": "sigmoid", "softmax": "softmax"}.get(loss.partition("_")[0], "identity")
    edits = [f"network.loss='{loss}'", f"network.activation=['tanh', '{last}']"]
    if not complaint:
        assert load(folder, *edits, f"data.targets={targets}").trials
        return
    assert complaint in refused(folder, *edits, f"data.targets={targets}")
    beside = ["data.targets=[[0, 1]]", f"validation={{ inputs=[[0, 0]], targets={targets} }}"]
    assert "validation.targets: must be" in refused(folder, *edits, *beside)
    again = parse_study(COURSE, "old", Path(), [*edits, f"data.targets={targets}"])
    assert again.trials == 2  # what results were trained on can be read for ever
