"""What has the name of a file of ours and is none; and what is somebody else's."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from sweep.errors import RequestError, StoreError
from sweep.store.export import export_table
from sweep.store.files import complete, content, refuse_place
from sweep.store.repair import repair, verify
from sweep.store.results import Results, open_results
from tests.store.small import Bench, study


def a_directory(path: Path) -> None:
    path.mkdir()
    (path / "kept.txt").touch()


def a_socket(path: Path) -> None:
    os.mknod(path, stat.S_IFSOCK | 0o600)


STAND_INS = {"directory": a_directory, "pipe": os.mkfifo, "socket": a_socket}


@pytest.mark.parametrize("stand_in", STAND_INS.values(), ids=STAND_INS)
@pytest.mark.parametrize("name", ["commits", "trials", "curves", "parameters"])
def test_what_is_no_file_is_told_and_set_aside(
    bench: Bench, name: str, stand_in: Callable[[Path], None]
) -> None:
    bench.run(study())
    digest = bench.digest()
    (path,) = (bench.directory / name).glob("00000001.*")
    path.unlink()
    stand_in(path)
    (said,) = verify(bench.directory)
    assert said.startswith(f"{name}/00000001" if name == "commits" else str(path))
    report = bench.run(study())
    assert report.trained == (0 if name == "commits" else 5)
    assert len(report.findings) == 1
    assert (bench.directory / "aside" / f"{name}-{path.name}.1").exists()
    assert (bench.digest(), verify(bench.directory)) == (digest, [])


@pytest.mark.parametrize("stand_in", STAND_INS.values(), ids=STAND_INS)
@pytest.mark.parametrize("name", ["study.toml", "origin.json"])
def test_so_is_what_is_no_file_beside_the_chunks(
    bench: Bench, tmp_path: Path, name: str, stand_in: Callable[[Path], None]
) -> None:
    origin = tmp_path / "small.toml"
    origin.write_text("")
    bench.run(study(), origin=origin)
    path = bench.directory / name
    before = path.read_bytes()
    path.unlink()
    stand_in(path)
    report = bench.run(study(), origin=origin)
    assert report.findings == (f"{name} is not a file; set aside in aside/",)
    assert (report.trained, path.read_bytes()) == (0, before)


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (Path.unlink, "No such file or directory"),
    "empty": (lambda path: path.write_bytes(b""), "network.layers: is missing"),
    "bits": (lambda path: path.write_bytes(b"\xff\xfe"), "is not UTF-8 text (byte 0)"),
    "cut": (lambda path: path.write_text(path.read_text()[:40]), ""),
    "pipe": (lambda path: (path.unlink(), os.mkfifo(path)), "is not a file"),
}


@pytest.mark.parametrize(("damage", "why"), DAMAGE.values(), ids=DAMAGE)
def test_a_study_that_is_lost_or_damaged_is_named_and_written_again(
    bench: Bench, damage: Callable[[Path], object], why: str
) -> None:
    bench.run(study())
    kept = bench.directory / "study.toml"
    before = kept.read_text()
    damage(kept)
    (said,) = verify(bench.directory)
    assert said.startswith(str(kept))
    assert why in said
    assert said.endswith("; `sweep run` writes it again")
    assert "small.toml" not in said
    with pytest.raises(StoreError) as raised:
        open_results(bench.directory)
    assert said.startswith(str(raised.value))
    assert bench.run(study()).trained == 0
    assert (kept.read_text(), verify(bench.directory)) == (before, [])


def test_temporaries_of_strangers_stay(bench: Bench) -> None:
    bench.run(study())
    mine, theirs = ".00000009.parquet.tmp", (".draft.1a2b3c4d.tmp", "x.tmp", ".00000009.tmp")
    for name in (mine, *theirs):
        (bench.directory / "trials" / name).touch()
    assert repair(bench.directory) == [f"removed trials/{mine}, half-written when a run was killed"]
    assert {name for name in theirs if (bench.directory / "trials" / name).exists()} == {*theirs}


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(StoreError, match="pipe is not a file"):
        content(tmp_path / "pipe")


TABLE = pd.DataFrame({"trial": [0, 1], "learning_rate": [0.1, 0.2], "outcome": ["a", "b"]})


@pytest.mark.parametrize("ending", ["csv", "parquet", "xlsx"])
def test_only_what_the_same_command_wrote_is_written_over(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"table.{ending}"
    refuse_place(path, "export")
    export_table(TABLE, path)
    refuse_place(path, "export")
    with pytest.raises(RequestError, match="was written by `sweep export`; choose another name"):
        refuse_place(path, "worksheet")
    path.write_bytes(b"PK\x03\x04 somebody's own")
    with pytest.raises(RequestError, match=r"exists, and `sweep export` did not write it; choose"):
        refuse_place(path, "export")


@pytest.mark.parametrize(
    "name", ["data.csv", "notes.md", "page.html", "book.xlsx", "table.parquet", "plot.png", "plain"]
)
@pytest.mark.parametrize("text", ["", "x,y\n1,2\n", "how `sweep export` and `sweep explain` work"])
def test_files_of_strangers_are_kept(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    for writer in ("export", "explain", "report", "worksheet", "audit"):
        with pytest.raises(RequestError, match=f"exists, and `sweep {writer}` did not write it"):
            refuse_place(path, writer)


def test_what_has_two_commas_more_is_no_table_of_ours(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    for text, ours in (
        ("trial,rate,step,loss\n", True),
        ("trial,step,loss,validation_loss\n", True),
        ("trial,rate,outcome,notes\n", False),
        ("trials,outcome\n", False),
        ("trial,outcome", False),
    ):
        path.write_text(text)
        if ours:
            refuse_place(path, "export")
        else:
            with pytest.raises(RequestError, match="did not write it"):
                refuse_place(path, "export")


def test_a_pipe_is_no_place(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "t.csv")
    with pytest.raises(RequestError, match="did not write it"):
        refuse_place(tmp_path / "t.csv", "export")


def test_results_of_nothing(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="there are no results here"):
        open_results(tmp_path)
    assert Results(tmp_path / "none", study()).trained == 0
    with complete(tmp_path / "x") as path:
        path.touch()
