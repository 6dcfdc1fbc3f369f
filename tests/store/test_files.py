import os
from pathlib import Path

import pytest

from sweep.errors import RequestError, StoreError
from sweep.store import files


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is asked of the system while files are committed, in order, temporaries as such."""
    made: list[str] = []
    opened: dict[int, str] = {}

    def name(path: object) -> str:
        text = Path(str(path)).name
        return f"{text.split('.')[1]}.tmp" if text.endswith(".tmp") else text

    real = {call: getattr(os, call) for call in ("open", "fsync", "link", "unlink", "replace")}

    def spy_open(path: object, *rest: int) -> int:
        handle = real["open"](path, *rest)
        opened[handle] = name(path)
        return handle

    def spy_fsync(handle: int) -> None:
        made.append(f"fsync {opened[handle]}")
        real["fsync"](handle)

    monkeypatch.setattr(os, "open", spy_open)
    monkeypatch.setattr(os, "fsync", spy_fsync)
    for call in ("link", "unlink", "replace"):

        def spy(path: object, *rest: object, call: str = call) -> None:
            made.append(f"{call} {name(path)}")
            real[call](path, *rest)

        monkeypatch.setattr(os, call, spy)
    return made


def test_a_file_is_linked_once_it_is_durable_and_then_its_directory_is_flushed(
    tmp_path: Path, calls: list[str]
) -> None:
    for kind in ("a", "b"):
        (tmp_path / kind).mkdir()
    files.publish({tmp_path / "a" / "one": b"1", tmp_path / "b" / "two": b"2"})
    assert calls == [
        "fsync one.tmp", "fsync two.tmp",
        "link one.tmp", "link two.tmp",
        "fsync a", "fsync b",
        "unlink one.tmp", "unlink two.tmp",
    ]  # fmt: skip
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["one", "two"]


def test_a_taken_name_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"old")
    with pytest.raises(FileExistsError):
        files.publish({tmp_path / "a": b"new", tmp_path / "b": b"new"})
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"b": b"old"}


def test_replace_is_durable_before_the_old_content_goes(tmp_path: Path, calls: list[str]) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    files.replace({path: b"new"})
    assert calls[:3] == ["fsync file.tmp", "replace file.tmp", f"fsync {tmp_path.name}"]
    assert [found.read_bytes() for found in tmp_path.iterdir()] == [b"new"]


@pytest.mark.parametrize("write", [files.replace, files.publish])
def test_what_reads_back_differently_is_not_committed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: object
) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: real(handle, b"\0" * len(data)))
    with pytest.raises(StoreError, match="reads back differently"):
        write({tmp_path / "file": b"data"})
    assert list(tmp_path.iterdir()) == []


def test_short_writes_are_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: real(handle, data[:3]))
    files.publish({tmp_path / "file": b"0123456789"})
    assert (tmp_path / "file").read_bytes() == b"0123456789"


def test_temporaries_are_hidden_and_of_no_known_ending(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "discard", lambda paths: None)
    files.publish({tmp_path / "00000001.json": b""})
    foreign = (".x.json.1a2b3c4d.tmp", "00000001.json.1a2b3c4d.tmp", ".notes.tmp", ".00000001.tmp")
    for name in foreign:
        (tmp_path / name).touch()
    (tmp_path / ".00000002.parquet.tmp").mkdir()
    (left,) = files.temporaries(tmp_path)
    assert left.name.startswith(".00000001.json.")
    assert left.suffix == ".tmp"


def test_move_does_not_overwrite(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")
    (tmp_path / "b").write_bytes(b"b")
    with pytest.raises(FileExistsError):
        files.move(tmp_path / "a", tmp_path / "b")
    files.move(tmp_path / "a", tmp_path / "c")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"b": b"b", "c": b"a"}


def test_what_the_system_refuses_is_one_line(tmp_path: Path) -> None:
    refusal = pytest.raises(RequestError, match=r"^saving: No such file or directory$")
    with refusal, files.told("saving", RequestError):
        files.publish({tmp_path / "none" / "file": b""})


def test_directories_are_made_from_the_top(tmp_path: Path, calls: list[str]) -> None:
    files.make_directories(tmp_path / "a" / "b")
    files.make_directories(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()
    assert calls == [f"fsync {tmp_path.name}", "fsync a"]
