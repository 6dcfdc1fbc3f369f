"""What plain readers of the directory see follows what the study asks for."""

from contextlib import suppress
from itertools import count
from pathlib import Path

import pandas as pd
import pytest

from sweep.errors import StoreError
from sweep.store import files
from sweep.store import shown as showing
from sweep.store.files import KINDS
from sweep.store.ledger import read_ledger
from sweep.store.repair import repair, verify
from tests.store.small import Bench, study

SHORT = study()
OTHER = study(dtype="float32")


def shown(bench: Bench) -> dict[str, set[str]]:
    return {kind: {path.stem for path in (bench.directory / kind).iterdir()} for kind in KINDS}


def seen(bench: Bench) -> set[int]:
    """The largest step of each trial that a plain reader sees; asserts that it sees none twice."""
    trials = pd.read_parquet(bench.directory / "trials")
    assert not trials.duplicated(["learning_rate", "seed"]).any()
    curves = pd.read_parquet(bench.directory / "curves")
    assert set(curves["trial"]) == set(trials["trial"])
    return set(curves.groupby("trial")["step"].max())


@pytest.fixture
def both(bench: Bench) -> Bench:
    """Results of `OTHER`, hidden, beside those of `SHORT`."""
    bench.run(OTHER)
    bench.run(SHORT)
    return bench


def test_only_what_is_asked_for_is_shown(both: Bench) -> None:
    assert seen(both) == {30}
    assert pd.read_parquet(both.directory / "curves")["loss"].dtype == "float64"
    assert shown(both)["trials"] == {"00000003", "00000004", "00000005"}
    assert both.open(OTHER).trained == both.open(SHORT).trained == 12
    assert both.open(OTHER).curves()["loss"].dtype == "float32"
    assert verify(both.directory) == []


def test_what_is_asked_for_again_is_shown_again(both: Bench) -> None:
    before = both.open(OTHER).content_digest()
    assert both.run(OTHER).trained == 0
    assert shown(both) == {kind: {"00000000", "00000001", "00000002"} for kind in KINDS}
    assert both.digest() == before
    assert repair(both.directory) == []
    assert both.run(SHORT).trained == 0
    assert verify(both.directory) == []


def test_damage_in_hiding_is_found_and_set_aside(both: Bench) -> None:
    path = both.directory / "hidden" / "trials" / "00000001.parquet"
    path.write_bytes(path.read_bytes()[:-1])
    (said,) = verify(both.directory)
    assert "trials/00000001.parquet has" in said
    assert len(repair(both.directory)) == 1
    assert not path.exists()
    assert both.open(OTHER).trained == 7
    assert both.run(OTHER).trained == 5


@pytest.mark.parametrize("asked", [SHORT, OTHER], ids=["nothing moves", "all moves"])
@pytest.mark.parametrize("call", ["link", "remove"])
def test_a_crash_midway_loses_and_doubles_nothing(
    both: Bench, monkeypatch: pytest.MonkeyPatch, asked: object, call: str
) -> None:
    """Of every file that is linked or removed on the way, the one that it ends with."""
    digests = [both.open(one).content_digest() for one in (SHORT, OTHER)]
    for at in count(1):
        done: list[object] = []
        real = getattr(files, call)

        def one_by_one(paths: object, real=real, done=done, at=at) -> None:  # noqa: ANN001
            for path in list(paths):
                if len(done) == at:
                    raise OSError("the machine stops")
                if Path(path).exists():
                    done.append(path)
                real({path: paths[path]} if isinstance(paths, dict) else [path])

        with monkeypatch.context() as patch:
            patch.setattr(showing, call, one_by_one)
            with suppress(StoreError):
                both.run(asked)
        assert [both.open(one).content_digest() for one in (SHORT, OTHER)] == digests
        assert verify(both.directory) == []
        repair(both.directory)
        assert_each_file_once(both)
        if len(done) < at:
            break
        both.run(SHORT)
    assert at == (1 if asked is SHORT else 24 + 1)
    assert both.run(asked).trained == 0


def assert_each_file_once(bench: Bench) -> None:
    ledger = read_ledger(bench.directory)
    assert set(ledger.commits) == {f"{number:08d}" for number in range(6)}
    found = [path.relative_to(bench.directory) for path in bench.directory.rglob("0000*")]
    assert len(found) == 4 * len(ledger.commits)
    for path in found:
        assert (path.parts[0] == "hidden") == (path.stem in ledger.hidden)
