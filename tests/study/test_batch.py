import os
from pathlib import Path

import numpy as np
import pytest

from sweep.errors import RequestError
from sweep.study import Group, load_study
from sweep.study.checks import index_rows

from .course import COURSE, course, group, refused

SAMPLES = ["data={ inputs=[[1, 2], [3, 4], [5, 6]], targets=[[1, 0], [0, 1], [1, 1]] }"]
SIZED = [*SAMPLES, "batch.size=2"]
ROWS = [[0, 2], [1, 0], [2, 2]]


def test_without_batches_a_step_takes_all_samples() -> None:
    batch = group(*SAMPLES).batch
    assert (batch.size, batch.table, batch.seeded) == (None, None, False)
    assert not group(*SAMPLES).own_orders


@pytest.mark.parametrize("order", ["shuffle", "replacement"])
def test_drawn_batches(order: str) -> None:
    found = group(*SIZED, f"batch.order='{order}'", "batch.seed=7")
    assert (found.batch.size, found.batch.order, found.batch.seeded) == (2, order, True)
    assert found.lanes(np.arange(2)).batch_seeds.tolist() == [7, 7]
    assert found.lanes(np.arange(2)).batch_seeds.dtype == np.uint64
    assert not found.own_orders


def test_each_trial_has_an_order_of_its_own_if_their_seed_is_an_axis() -> None:
    found = group(*SIZED, "axes.batch.seed=[4, 5]")
    assert [axis.name for axis in found.axes] == ["learning_rate", "batch_seed"]
    assert found.lanes(np.arange(4)).batch_seeds.tolist() == [4, 5, 4, 5]
    assert found.own_orders


def test_the_size_of_batches_splits_a_study() -> None:
    assert [found.batch.size for found in course(*SAMPLES, "axes.batch.size=[1, 3]").groups()] == [
        1,
        3,
    ]


def test_a_table_states_the_samples_of_every_batch() -> None:
    batch = group(*SAMPLES, f"batch.table={ROWS}").batch
    assert (batch.size, batch.order, batch.seeded) == (2, "table", False)
    assert batch.table is not None
    assert batch.table.tolist() == ROWS
    assert batch.table.dtype == np.int64
    assert not batch.table.flags.writeable


TABLE = "a table states the samples of every batch"
WHOLE = "without batch.size every step takes all samples"


@pytest.mark.parametrize(
    ("edits", "complaint"),
    [
        (["batch.size=4"], "batch.size: is 4; at most 3 samples can be taken"),
        (["batch.order='shuffle'"], f"batch.order: has no effect: {WHOLE}"),
        (["batch.seed=1"], f"batch.seed: has no effect: {WHOLE}"),
        (["axes.batch_seed=[1]"], f"axes.batch_seed: has no effect: {WHOLE}"),
        (["batch={ table=[[0]], size=1 }"], f"batch.size: has no effect: {TABLE}"),
        (["batch={ table=[[0]], order='shuffle' }"], f"batch.order: has no effect: {TABLE}"),
        (["batch={ table=[[0]], seed=0 }"], f"batch.seed: has no effect: {TABLE}"),
        (["batch.table=[[0, 1], [2, 3]]"], "batch.table: [1] names the sample 3; those of data."),
    ],
)
def test_wrong_batches_are_refused(edits: list[str], complaint: str) -> None:
    assert complaint in refused(*SAMPLES, *edits)


def test_a_table_of_too_many_samples_is_refused() -> None:
    with pytest.raises(ValueError, match="has 4001 rows of 1000; at most 4000000 numbers in all"):
        index_rows([[0] * 1000] * 4001)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    path = tmp_path / "batched.toml"
    path.write_text(COURSE + '[batch]\nfile = "order.csv"\n')
    return path


def load(study: Path, *edits: str) -> Group:
    (only,) = load_study(study, [*SAMPLES, *edits]).groups()
    return only


def write(path: Path, array: np.ndarray) -> None:
    with path.open("wb") as file:
        np.save(file, array)


@pytest.mark.parametrize(
    "text", ["0,2\n1,0\n2,2", "0,2\n1,0\n2,2\n\n", "\ufeff0, 2\r\n1,0\r\n2 ,2\r\n"]
)
def test_a_table_may_be_a_file_of_text(study: Path, text: str) -> None:
    (study.parent / "order.csv").write_bytes(text.encode())
    found = load(study)
    assert found.batch.table is not None
    assert found.batch.table.tolist() == ROWS
    assert found.digest == group(*SAMPLES, f"batch.table={ROWS}").digest


@pytest.mark.parametrize("dtype", ["<i8", ">i4", "u1", "<u8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_table_may_be_an_array_that_numpy_saved(study: Path, dtype: str, order: str) -> None:
    write(study.parent / "order.npy", np.array(ROWS, dtype, order=order))
    found = load(study, "batch.file='order.npy'")
    assert found.digest == group(*SAMPLES, f"batch.table={ROWS}").digest


def test_a_study_with_a_table_is_written_whole(study: Path) -> None:
    (study.parent / "order.csv").write_text("0,2\n1,0\n")
    written = load_study(study, SAMPLES).to_toml()
    assert "table = [[0, 2], [1, 0]]" in written
    assert "order.csv" not in written


def test_a_file_takes_the_place_of_a_table_and_the_other_way_round(study: Path) -> None:
    (study.parent / "order.csv").write_text("1\n")
    (study.parent / "other.csv").write_text("2\n")
    for edits, row in (
        ([], [1]),
        (["batch.file='other.csv'"], [2]),
        (["batch.table=[[0]]"], [0]),
        (["batch.table=[[0]]", "batch.file='other.csv'"], [2]),
    ):
        table = load(study, *edits).batch.table
        assert table is not None
        assert table.tolist() == [row]
    study.write_text(study.read_text() + "table = [[0]]\n")
    with pytest.raises(RequestError, match=r"batch\.table: is already stated as batch\.file"):
        load(study)


def test_a_file_that_is_no_table_is_refused_in_one_line(study: Path) -> None:
    folder = study.parent
    for name, text in {
        "ragged.csv": "0,1\n2\n",
        "far.csv": "0,1\n2,3\n",
        "header.csv": "first,second\n0,1\n",
        "negative.csv": "0,-1\n",
        "point.csv": "0,1.0\n",
        "digits.csv": "1" * 5000,
        "arabic.csv": "\u0661",
        "empty.csv": "",
        "text.txt": "0,1\n",
        "noise.npy": "0,1\n",
    }.items():
        (folder / name).write_text(text)
    (folder / "latin.csv").write_bytes(b"\xe9")
    (folder / "large.csv").write_bytes(b"0,\n" * 2**25)
    (folder / "directory.csv").mkdir()
    os.mkfifo(folder / "pipe.csv")
    write(folder / "floats.npy", np.zeros((2, 2)))
    write(folder / "vector.npy", np.zeros(2, np.int64))
    write(folder / "none.npy", np.zeros((0, 2), np.int64))
    write(folder / "wide.npy", np.array([[2**63]], np.uint64))
    write(folder / "whole.npy", np.array(ROWS))
    whole = (folder / "whole.npy").read_bytes()
    (folder / "cut.npy").write_bytes(whole[:-1])
    (folder / "vast.npy").write_bytes(whole.replace(b"(3, 2)", b"(9999999999, 2)"))
    (folder / "code.npy").write_bytes(whole.replace(b"(3, 2)", b"exit()"))
    text, few = "must have whole numbers of at least 0 with commas between in line 1", "of shape"
    for name, complaint in {
        "ragged.csv": "ragged.csv: batch.table: [1] has 1 number and [0] has 2",
        "far.csv": "far.csv: batch.table: [1] names the sample 3; those of data.inputs are 0 to 2",
        "header.csv": f'"header.csv" {text}, not "first,second"',
        "negative.csv": f'"negative.csv" {text}, not "0,-1"',
        "point.csv": f'"point.csv" {text}, not "0,1.0"',
        "digits.csv": f'"digits.csv" {text}, not "111',
        "arabic.csv": f'"arabic.csv" {text}',
        "empty.csv": f'"empty.csv" {text}, not ""',
        "latin.csv": '"latin.csv" is not UTF-8 text (byte 0)',
        "large.csv": '"large.csv" is larger than 67108864 bytes, too large for a table',
        "text.txt": '"text.txt" must end in .csv or .npy',
        "directory.csv": '"directory.csv" is not a file',
        "pipe.csv": '"pipe.csv" is not a file',
        "missing.csv": '"missing.csv" cannot be read: No such file or directory',
        "nul\\u0000.csv": "is no path: it has a NUL in it",
        "noise.npy": '"noise.npy" is not what numpy.save writes',
        "code.npy": '"code.npy" is not what numpy.save writes',
        "floats.npy": f'"floats.npy" must have a matrix of integers, not float64 {few} [2, 2]',
        "vector.npy": f'"vector.npy" must have a matrix of integers, not int64 {few} [2]',
        "none.npy": "none.npy: batch.table: must be a list of equally long lists",
        "wide.npy": "wide.npy: batch.table: [0] must be whole numbers from 0 to 999999",
        "cut.npy": '"cut.npy" has 47 bytes, which is not int64 of shape [3, 2]',
        "vast.npy": "bytes, which is not int64 of shape [9999999999, 2]",
    }.items():
        with pytest.raises(RequestError) as error:
            load(study, f'batch.file="{name}"')
        message = str(error.value)
        assert complaint in message
        assert message.isprintable()


def test_a_wrong_file_is_told_with_its_line(study: Path) -> None:
    with pytest.raises(
        RequestError, match=r'batched\.toml, line 17.*: batch\.file: "order\.csv" c'
    ):
        load(study)
    (study.parent / "order.csv").write_text("7")
    with pytest.raises(RequestError, match=r"batched\.toml, line 17, order\.csv.*: batch\.table: "):
        load(study)


def test_a_file_is_named_by_text(study: Path) -> None:
    with pytest.raises(RequestError, match=r"batch\.file: must be text, not 5"):
        load(study, "batch.file=5")
