"""`sweep bench` as a command, and the figures of its runs."""

from pathlib import Path

import pandas as pd
import pytest

from benchmarks.figures import main
from sweep.errors import RequestError
from sweep.instrument.bench import bench
from sweep.instrument.networks import INSTRUMENT, NETWORKS
from tests.benchmarks.small import COURSE
from tests.test_cli import STUDY, refused, sweep

SHORT = ("--dtype", "float64", "--rounds", "2", "--seconds", "0.002", "--threads", "1")


def test_a_network_is_measured_and_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(NETWORKS, "2-2-2", COURSE)
    done = sweep("bench", "2-2-2", *SHORT, "--lanes", "4", "--lanes", "8", cwd=tmp_path)
    assert done.returncode == 0, done
    assert "CEILINGS, a second" in done.stdout
    assert done.stdout.count("2-2-2") == 2
    assert "medians of 2 rounds, within from - to with 50% confidence" in done.stdout
    turns = pd.read_parquet(tmp_path / "results" / "bench" / "turns")
    assert sorted(turns["lanes"].unique()) == [4, 8]
    names = [f"{kind}.{end}" for kind in ("throughput", "share", "lanes") for end in ("png", "svg")]
    monkeypatch.chdir(tmp_path)
    main([])
    assert capsys.readouterr().out.split() == [f"results/bench/figures/{name}" for name in names]
    with pytest.raises(SystemExit, match="needs several"):
        main(["threads"])


def test_what_cannot_be_measured_is_refused(tmp_path: Path) -> None:
    said = refused("bench", "2-2-3", cwd=tmp_path)
    assert said.startswith('sweep: no network of the table is called "2-2-3"; there are 2-2-2, ')
    said = refused("bench", "--lanes", "3", cwd=tmp_path)
    assert said == "sweep: --lanes 3: lanes are a power of two from 1 to 64\n"
    refused("bench", "--dtype", "float16", cwd=tmp_path)
    refused("bench", "--rounds", "0", cwd=tmp_path)
    assert "more than the " in refused("bench", "--threads", "4096", cwd=tmp_path)
    (tmp_path / "file").touch()
    said = refused("bench", "--results", "file", cwd=tmp_path)
    assert said.startswith("sweep: file/bench: results cannot be saved here: ")


def test_no_study_takes_the_name(tmp_path: Path) -> None:
    (tmp_path / "bench.toml").write_text(STUDY)
    said = refused("run", "bench.toml", cwd=tmp_path)
    assert said == "sweep: bench: a study cannot have this name, `sweep bench` saves there\n"


def test_networks_of_the_instrument_are_in_the_table() -> None:
    assert set(INSTRUMENT) <= set(NETWORKS)
    samples = {name: len(NETWORKS[name].inputs) for name in INSTRUMENT}
    assert samples == {
        "2-2-2": 1, "16-16-1": 272, "24-8-2": 200, "4-32-16-4": 1000, "64-64-10": 128, "2-8-1": 4,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"networks": [5]}, "networks: must be text, not 5"),
        ({"dtypes": "float16"}, 'dtypes: must be one of "float64", "float32", not "float16"'),
        ({"rounds": "2"}, 'rounds: must be a whole number from 1 to 1000000, not "2"'),
        ({"threads": 0}, "threads: must be a whole number from 1 to 1000000, not 0"),
        ({"seconds": -1}, "seconds: must be a finite number of at least 0.001 "),
        ({"lanes": [3]}, "--lanes 3: lanes are a power of two"),
        ({"results": 5}, "results: must be a path, not 5"),
    ],
)
def test_what_python_is_not_given_is_refused(asked: dict[str, object], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        bench(**asked)
