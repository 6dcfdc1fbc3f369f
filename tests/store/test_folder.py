import errno
import os
import shutil
from pathlib import Path

import pytest

from sweep.errors import RequestError, StoreError
from sweep.store.folder import study_directory
from sweep.store.results import Results
from tests.store.small import Bench, study


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "/etc", "a\\b", "a\0b"])
def test_no_name_leads_out(name: str, tmp_path: Path) -> None:
    named = study()
    named.name = name
    with pytest.raises(RequestError, match="must be a plain file name"):
        study_directory(tmp_path, named)


def test_results_where_a_file_is(bench: Bench) -> None:
    bench.results.write_text("a file")
    with pytest.raises(RequestError, match="results: is a file; results are saved in a directory"):
        bench.run(study())
    assert bench.trained == []
    assert bench.results.read_text() == "a file"


@pytest.mark.parametrize("name", ["small", "small/commits", "small/curves", "small/hidden"])
def test_a_file_where_a_directory_must_be_is_named(bench: Bench, name: str) -> None:
    place = bench.results / name
    place.parent.mkdir(parents=True)
    place.write_text("a file")
    if name != "small/hidden":
        with pytest.raises(
            RequestError, match=rf"cannot be saved here: .*/{name}: Not a directory"
        ):
            bench.run(study())
    with pytest.raises(StoreError, match=rf"/{name}: is a file where a directory must be"):
        Results(bench.directory, study())
    assert place.read_text() == "a file"


def test_an_empty_name_is_no_directory() -> None:
    with pytest.raises(RequestError, match="results: no directory is named"):
        study_directory("", study())


@pytest.mark.parametrize(
    ("call", "code", "why"),
    [
        ("mkdir", errno.EROFS, "Read-only file system"),
        ("open", errno.EACCES, "Permission denied"),
        ("write", errno.ENOSPC, "No space left on device"),
        ("link", errno.EPERM, "Operation not permitted"),
        ("fsync", errno.EIO, "Input/output error"),
    ],
)
def test_what_cannot_be_written_is_refused_before_training(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, call: str, code: int, why: str
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    if call != "mkdir":
        bench.run(study("learning_rate = [3.0]"))
        bench.trained.clear()
    with monkeypatch.context() as patch:
        patch.setattr(os, call, refuse)
        with pytest.raises(RequestError) as raised:
            bench.run(study())
    assert str(raised.value) == f"{bench.directory}: results cannot be saved here: {why}"
    assert bench.trained == []
    bench.run(study())


def test_another_file_of_the_same_name_is_refused(bench: Bench, tmp_path: Path) -> None:
    here, there = tmp_path / "here" / "small.toml", tmp_path / "there" / "small.toml"
    for path, text in ((here, "title = 'here'"), (there, "title = 'there'")):
        path.parent.mkdir()
        path.write_text(text)
    bench.run(study(), origin=here)
    bench.trained.clear()
    with pytest.raises(RequestError, match=r"holds the results of .*/here/small\.toml"):
        bench.run(study("learning_rate = [5.0]"), origin=there)
    assert bench.trained == []
    assert bench.open().study.trials == 12


def test_the_same_file_edited_moved_or_copied_goes_on(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "small.toml"
    path.write_text("title = 'one'")
    bench.run(study(), origin=path)
    path.write_text("title = 'edited'")
    assert bench.run(study(), origin=path).already == 12
    copy = tmp_path / "copy" / "small.toml"
    copy.parent.mkdir()
    shutil.copy(path, copy)
    assert bench.run(study(), origin=copy).already == 12
    copy.write_text("title = 'a copy, edited'")
    with pytest.raises(RequestError, match="another study of the same name"):
        bench.run(study(), origin=copy)
    copy.rename(copy.with_name("moved.toml"))
    path.write_text("title = 'edited again'")
    assert bench.run(study(), origin=path).already == 12


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b'{"origin": 7}', b'{"origin": "/a\\u0000"}']
)
def test_a_damaged_origin_refuses_nobody(bench: Bench, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "small.toml"
    path.write_text("")
    bench.run(study())
    (bench.directory / "origin.json").write_bytes(content)
    assert bench.run(study(), origin=path).already == 12
