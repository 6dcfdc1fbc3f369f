from collections.abc import Callable
from pathlib import Path

import pytest

from sweep.errors import StoreError
from sweep.store import files
from sweep.store.files import KINDS
from sweep.store.repair import repair, verify
from tests.store.small import Bench, study


def names(directory: Path) -> set[str]:
    return {
        str(path.relative_to(directory))
        for path in directory.rglob("*")
        if path.is_file() and path.name not in (".lock", "study.toml")
    }


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 16
    path.write_bytes(data)


def test_sound_results_have_no_findings(bench: Bench) -> None:
    bench.run(study())
    before = names(bench.directory)
    assert verify(bench.directory) == []
    assert repair(bench.directory, thorough=True) == []
    assert names(bench.directory) == before


def test_what_a_crash_left_is_removed_and_said(bench: Bench) -> None:
    bench.run(study())
    before = names(bench.directory)
    for left in ("trials/.00000003.parquet.12ab34cd.tmp", ".study.toml.12ab34cd.tmp"):
        (bench.directory / left).write_bytes(b"half")
    assert verify(bench.directory) == []
    assert repair(bench.directory) == [
        "removed trials/.00000003.parquet.12ab34cd.tmp, half-written when a run was killed",
        "removed .study.toml.12ab34cd.tmp, half-written when a run was killed",
    ]
    assert names(bench.directory) == before


def test_what_cannot_be_placed_is_set_aside(bench: Bench) -> None:
    bench.run(study())
    before = names(bench.directory)
    (bench.directory / "curves/00000003.parquet").write_bytes(b"half")
    assert verify(bench.directory) == [
        "commits/00000003.json is lost; files of the chunk are there"
    ]
    (said,) = repair(bench.directory)
    why = "curves/00000003.parquet has no record, and none could be made of its chunk"
    assert said == f"{why}; set aside in aside/"
    aside = {"aside/note.txt", "aside/curves-00000003.parquet.1"}
    assert names(bench.directory) == before | aside
    assert (bench.directory / "aside/curves-00000003.parquet.1").read_bytes() == b"half"
    assert "curves-00000003.parquet.1: " in (bench.directory / "aside/note.txt").read_text()


def test_files_of_others_are_left_alone_and_named(bench: Bench) -> None:
    bench.run(study())
    own = ["trials/mine.parquet", "commits/notes.json", "trials/.mine.tmp", "notes.txt"]
    for name in own:
        (bench.directory / name).write_bytes(b"mine")
    (said,) = bench.run(study()).findings
    assert said.startswith("trials/mine.parquet is none of sweep's files; left alone")
    assert all((bench.directory / name).read_bytes() == b"mine" for name in own)
    assert bench.open().trained == 12


def test_lost_records_are_made_again(bench: Bench) -> None:
    bench.run(study())
    bench.run(study(training="steps = 40"))  # the first chunks are hidden
    digest, before = bench.digest(), names(bench.directory)
    records = sorted(
        path for path in bench.directory.rglob("*.json") if path.parent.name == "commits"
    )
    contents = [path.read_bytes() for path in records]
    assert len(records) == 6
    for path in records:
        path.unlink()
    assert len(verify(bench.directory)) == 6
    assert bench.open().trained == 0
    assert names(bench.directory) == before - {str(p.relative_to(bench.directory)) for p in records}
    report = bench.run(study(training="steps = 40"))
    assert report.trained == 0
    assert [finding.partition(" ")[2] for finding in report.findings] == [
        "was lost; made again from the files of its chunk"
    ] * 6
    assert [path.read_bytes() for path in records] == contents
    assert (bench.digest(), names(bench.directory)) == (digest, before)


def test_a_lost_record_of_a_chunk_that_is_not_whole_stays_lost(bench: Bench) -> None:
    bench.run(study())
    digest = bench.digest()
    for name in ("commits/00000000.json", "commits/00000001.json", "curves/00000001.parquet"):
        (bench.directory / name).unlink()
    flip(bench.directory / "parameters/00000000.parquet")
    assert bench.run(study()).trained == 10
    assert bench.digest() == digest
    aside = {path.name for path in (bench.directory / "aside").iterdir()}
    assert {f"{kind}-00000000.parquet.1" for kind in KINDS} <= aside


DAMAGE = {
    "a flip among the trials": ("trials/00000001.parquet", flip),
    "a flip among the curves": ("curves/00000001.parquet", flip),
    "a truncated file": ("parameters/00000001.parquet", lambda path: path.write_bytes(b"PAR1")),
    "a file that is gone": ("trials/00000001.parquet", Path.unlink),
}


@pytest.mark.parametrize(("name", "damage"), DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_chunk_is_set_aside_and_trained_again(
    bench: Bench, name: str, damage: object
) -> None:
    bench.run(study())
    digest, before = bench.digest(), names(bench.directory)
    damage(bench.directory / name)
    (said,) = verify(bench.directory)
    assert name in said
    (found,) = repair(bench.directory, thorough=True)
    assert name in found
    assert found.endswith("set chunk 00000001 aside in aside/, its trials will be trained again")
    kept = {name for name in before if "00000001" not in name}
    moved = names(bench.directory) - kept
    assert moved > {"aside/note.txt"}
    assert all(name.startswith("aside/") and name.endswith((".1", ".txt")) for name in moved)
    assert bench.open().trained == 7
    assert bench.run(study()).trained == 5
    assert bench.digest() == digest
    assert verify(bench.directory) == []


@pytest.mark.parametrize("damage", [flip, lambda path: path.write_bytes(b"")])
def test_a_damaged_record_is_made_again(bench: Bench, damage: Callable[[Path], None]) -> None:
    bench.run(study())
    digest, record = bench.digest(), bench.directory / "commits/00000001.json"
    content = record.read_bytes()
    damage(record)
    with pytest.raises(StoreError, match="`sweep run` sets it aside"):
        bench.open()
    (said,) = verify(bench.directory)
    assert said.startswith("commits/00000001.json: it")
    (found,) = repair(bench.directory)
    assert found == f"{said}; made again from the files of its chunk"
    assert record.read_bytes() == content
    assert (bench.directory / "aside/commits-00000001.json.1").is_file()
    assert bench.run(study()).trained == 0
    assert bench.digest() == digest


def test_a_run_finds_damaged_trials_itself(bench: Bench) -> None:
    bench.run(study())
    digest = bench.digest()
    flip(bench.directory / "trials" / "00000000.parquet")
    (bench.directory / "curves" / "00000002.parquet").unlink()
    report = bench.run(study())
    assert report.trained == 5 + 2
    assert [finding.split(" ")[0].rpartition("/")[2] for finding in report.findings] == [
        "00000002.parquet",
        "00000000.parquet",
    ]
    assert bench.digest() == digest


def test_damage_after_damage_keeps_both(bench: Bench) -> None:
    for _ in range(2):
        bench.run(study())
        flip(bench.directory / "trials" / "00000002.parquet")
        repair(bench.directory, thorough=True)
    aside = names(bench.directory / "aside")
    assert {"trials-00000002.parquet.1", "trials-00000002.parquet.2"} <= aside


def test_a_crash_while_setting_aside_is_made_good(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.run(study())
    digest = bench.digest()
    flip(bench.directory / "trials" / "00000001.parquet")
    moves = []

    def move(path: Path, target: Path) -> None:
        if moves:
            raise OSError("the machine stops")
        moves.append(path)
        path.rename(target)

    with monkeypatch.context() as patch:
        patch.setattr(files, "move", move)
        with pytest.raises(StoreError, match="could not be set aside"):
            repair(bench.directory, thorough=True)
    report = bench.run(study())
    assert report.trained == 5
    assert "trials/00000001.parquet is missing" in report.findings[0]
    assert bench.digest() == digest


def test_trials_are_numbered_on(bench: Bench) -> None:
    bench.run(study("learning_rate = [0.5]\nseed = [0, 1, 2]"))
    bench.run(study())
    bench.run(study("learning_rate = [90.0]\nseed = [0]"))
    trials = bench.open(study()).trials()
    assert trials["trial"].tolist() == list(range(12))
    assert bench.open().trials()["trial"].tolist() == [12]
