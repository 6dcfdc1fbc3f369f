from pathlib import Path

import pytest

from sweep.errors import StoreError
from sweep.store import repair as repairing
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
    for left in (
        "trials/.00000003.parquet.12ab.tmp",
        ".study.toml.12ab.tmp",
        "curves/00000003.parquet",
    ):
        (bench.directory / left).write_bytes(b"half")
    assert verify(bench.directory) == []
    assert repair(bench.directory) == [
        "removed trials/.00000003.parquet.12ab.tmp, half-written when a run was killed",
        "removed .study.toml.12ab.tmp, half-written when a run was killed",
        "removed curves/00000003.parquet, of a chunk that was never committed",
    ]
    assert names(bench.directory) == before


DAMAGE = {
    "a flip among the trials": ("trials/00000001.parquet", flip),
    "a flip among the curves": ("curves/00000001.parquet", flip),
    "a flip in a record": ("commits/00000001.json", flip),
    "a truncated file": ("parameters/00000001.parquet", lambda path: path.write_bytes(b"PAR1")),
    "a file that is gone": ("trials/00000001.parquet", Path.unlink),
    "an empty record": ("commits/00000001.json", lambda path: path.write_bytes(b"")),
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
    assert moved
    assert all(name.startswith("aside/") and name.endswith(".1") for name in moved)
    assert bench.open().trained == 7
    assert bench.run(study()).trained == 5
    assert bench.digest() == digest
    assert verify(bench.directory) == []


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
        patch.setattr(repairing, "move", move)
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
