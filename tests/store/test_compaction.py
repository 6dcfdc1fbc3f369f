"""Small chunks become fewer: the same rows, seen by everybody once."""

import pandas as pd
import pytest

from sweep.store import ledger as ledgers
from sweep.store.files import KINDS
from sweep.store.ledger import read_ledger
from sweep.store.parquet import DamagedError, read
from sweep.store.repair import repair, verify
from tests.store.small import Bench, study

MANY = study("learning_rate = { linear = [0.5, 40], num = 13 }\nseed = { range = [0, 20] }")


@pytest.fixture
def undisturbed(bench: Bench) -> str:
    """The digest of a run that merges nothing."""
    results, bench.results = bench.results, bench.results / "one chunk"
    bench.run(MANY, chunk=MANY.trials)
    assert len(read_ledger(bench.directory).commits) == 1
    found, bench.results = bench.digest(), results
    return found


@pytest.mark.parametrize("shuffle_seed", [None, 3])
def test_many_chunks_become_few(bench: Bench, undisturbed: str, shuffle_seed: int | None) -> None:
    bench.run(MANY, chunk=1, shuffle_seed=shuffle_seed)
    commits = list(read_ledger(bench.directory).commits.values())
    assert len(commits) <= 16 + 8
    assert max(commit.trials for commit in commits) >= 128
    assert (commits[0].first_position == 0) == (shuffle_seed is None)
    assert bench.digest() == undisturbed
    assert sorted(bench.open().trials()["trial"]) == list(range(260))
    for kind in KINDS:
        assert len(list((bench.directory / kind).iterdir())) == len(commits)
        rows = pd.read_parquet(bench.directory / kind)
        assert not rows.duplicated(["trial", *(["step"] if "step" in rows else [])]).any()
    assert verify(bench.directory) == []
    assert repair(bench.directory) == []
    assert bench.run(MANY).trained == 0


def test_runs_that_add_a_little_are_merged_too(bench: Bench, undisturbed: str) -> None:
    for seeds in range(1, 21):
        asked = (
            f"learning_rate = {{ linear = [0.5, 40], num = 13 }}\nseed = {{ range = [0, {seeds}] }}"
        )
        assert bench.run(study(asked), chunk=8).trained == 13
    assert len(read_ledger(bench.directory).commits) <= 16
    assert bench.digest() == undisturbed
    assert bench.run(MANY).trained == 0


def test_a_row_is_written_again_a_few_times_only(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []
    real = ledgers.Ledger.merge
    monkeypatch.setattr(
        ledgers.Ledger,
        "merge",
        lambda self, commits, tables: (
            written.append(len(tables["trials"])) or real(self, commits, tables)
        ),
    )
    bench.run(MANY, chunk=1)
    assert 16 * 16 <= sum(written) <= 3 * MANY.trials  # ones, sixteens, and 128 and more


@pytest.mark.parametrize("limit", ["_MAX_TRIALS", "_MAX_BYTES"])
def test_chunks_that_are_large_already_stay(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(ledgers, limit, 3)
    bench.run(MANY, chunk=10)
    assert len(read_ledger(bench.directory).commits) == 26


def test_damage_is_left_for_repair_to_find(bench: Bench, undisturbed: str) -> None:
    fifteen = study("learning_rate = { linear = [0.5, 40], num = 13 }\nseed = { range = [0, 15] }")
    bench.run(fifteen, chunk=13)
    path = bench.directory / "curves" / "00000004.parquet"
    path.write_bytes(path.read_bytes().replace(b"PAR1", b"RAP1"))
    bench.run(MANY, chunk=13)
    assert len(read_ledger(bench.directory).commits) == 20
    assert len(repair(bench.directory, thorough=True)) == 1
    assert bench.run(MANY, chunk=13).trained == 13
    assert bench.digest() == undisturbed


def test_results_that_are_open_meanwhile_stay_readable(bench: Bench, undisturbed: str) -> None:
    bench.run(study("learning_rate = { linear = [0.5, 40], num = 13 }\nseed = [0]"), chunk=1)
    opened = bench.open()
    before, files = opened.trials(), read_ledger(bench.directory).commits["00000003"].files
    bench.run(MANY, chunk=5)
    with pytest.raises(DamagedError, match="is missing"):
        read(bench.directory, files[0])
    pd.testing.assert_frame_equal(opened.trials(), before)
    assert len(opened.curves()) == 13 * 6
