import json
from dataclasses import replace
from math import inf
from pathlib import Path

import pytest

from sweep.errors import StoreError
from sweep.store.commit import Commit, File, new_commit, read_commit
from sweep.store.files import DamagedError
from tests.store.small import study


@pytest.fixture
def commit() -> Commit:
    group = study("seed = [4]\ntraining.steps = [10, 20]", "learning_rate = 0.1").groups()[1]
    file = File("trials", "trials/00000007.parquet", 10, "0" * 64, 1)
    return replace(new_commit(group, 3, 1), files=(file,))


def test_a_record_reads_back_equal(commit: Commit) -> None:
    assert read_commit(commit.to_json(), "00000007") == commit
    assert commit.labels == {"training.steps": 20}
    assert commit.fixed == {
        "network.multiplier": 1.0,
        "initial.scale": 1.0,
        "initial.offset": 0.0,
        "training.drift": 0.0,
        "learning_rate": 0.1,
        "weight_decay": 0.0,
        "clip_norm": inf,
    }
    assert commit.axes == ("seed",)


def test_infinite_values_are_strict_json() -> None:
    group = study("outcome.diverged_above = [inf]", "steps = 5\nlearning_rate = 0.1").groups()[0]
    content = new_commit(group, 0, 1).to_json()
    record = json.loads(content, parse_constant=pytest.fail)
    assert record["labels"] == {"outcome.diverged_above": "inf"}
    assert record["fixed"]["clip_norm"] == "inf"


@pytest.mark.parametrize("layout", [1, 2])
def test_a_record_of_a_layout_before_can_be_read(commit: Commit, layout: int) -> None:
    earlier = replace(commit, schema=layout)
    assert read_commit(earlier.to_json(), "00000007") == earlier


def test_no_flipped_bit_reads_differently(commit: Commit) -> None:
    good = commit.to_json()
    harmless = 0
    for at in range(8 * len(good)):
        bad = bytearray(good)
        bad[at // 8] ^= 1 << at % 8
        try:
            assert read_commit(bytes(bad), "00000007") == commit
            harmless += 1
        except DamagedError:
            pass
    assert harmless < 8 * len(good) / 50  # a space of the layout that became another blank


def test_no_truncation_is_read(commit: Commit) -> None:
    good = commit.to_json().rstrip()
    for length in range(len(good)):
        with pytest.raises(DamagedError):
            read_commit(good[:length], "00000007")


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b'"x"', b"{}", b"[" * 100_000, b"\xff"])
def test_what_is_no_record_is_damaged(content: bytes) -> None:
    with pytest.raises(DamagedError):
        read_commit(content, "00000007")


def test_another_layout_is_refused_not_damaged(commit: Commit) -> None:
    later = replace(commit, schema=5).to_json()
    with pytest.raises(
        StoreError, match=r"00000007\.json has layout 5; .* reads layouts 1 to 4"
    ) as raised:
        read_commit(later, "00000007")
    assert not isinstance(raised.value, DamagedError)


@pytest.mark.parametrize("path", ["../../etc/passwd", "trials/00000008.parquet", "/trials/7"])
def test_a_record_names_its_own_files_only(commit: Commit, path: str) -> None:
    (file,) = commit.files
    foreign = replace(commit, files=(replace(file, path=path),))
    with pytest.raises(DamagedError, match="not its own"):
        read_commit(foreign.to_json(), Path(file.path).stem)
