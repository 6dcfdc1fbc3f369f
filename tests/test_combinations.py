"""However a study came to be trained, its contents are the same to the bit."""

import random
from contextlib import suppress
from pathlib import Path

import pytest

from sweep.runs.runner import Progress, run
from sweep.store import ledger as ledgers
from sweep.store.repair import verify
from sweep.store.results import open_results
from sweep.study import Study, parse_study
from sweep.training import compile as compiling

TEXT = """
[network]
layers = [2, 2, 2]
[data]
inputs = [[0.05, 0.1]]
targets = [[0.01, 0.99]]
[initial]
scheme = "uniform"
[training]
steps = {steps}
optimizer = "momentum"
[axes]
learning_rate = {rates}
seed = {{ range = [0, {seeds}] }}
[outcome]
target = 0.05
[record]
loss = "every 10"
"""
RATES = [0.1, 2.0, 30.0, 1e300]
STEPS, SEEDS = 45, 9


class StoppedError(Exception):
    """The run ends here, between two commits."""


def asked(steps: int = STEPS, seeds: int = SEEDS, rates: list[float] = RATES) -> Study:
    return parse_study(TEXT.format(steps=steps, seeds=seeds, rates=rates), "small", Path())


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> str:
    directory = tmp_path_factory.mktemp("one go")
    run(asked(), directory, threads=1, chunk=len(RATES) * SEEDS)
    return open_results(directory / "small").content_digest()


def some_part(draw: random.Random) -> Study:
    """Fewer steps, seeds or rates, or a few more of those that will not be asked for."""
    return asked(
        draw.choice([1, 7, 20, 40, STEPS, STEPS, 50]),
        draw.randint(1, SEEDS + 2),
        draw.sample([*RATES, 0.5], draw.randint(1, len(RATES))),
    )


def run_somehow(
    study: Study, directory: Path, draw: random.Random, lanes: list[int | None]
) -> None:
    """Run with choices that must not matter, perhaps to be stopped by an error on the way."""
    end = draw.choice([None, None, draw.randint(1, 4)])
    commits = []

    def progress(_: Progress) -> None:
        commits.append(None)
        if len(commits) == end:
            raise StoppedError

    with suppress(StoppedError):
        run(
            study,
            directory,
            threads=draw.randint(1, 4),
            chunk=draw.choice([1, 2, 5, 8, 13, 64, None]),
            lanes=draw.choice(lanes),
            shuffle_seed=draw.choice([None, draw.randint(0, 99)]),
            progress=progress,
        )


def try_one(
    directory: Path,
    seed: int,
    lanes: list[int | None],
    monkeypatch: pytest.MonkeyPatch,
    *,
    cold: bool,
) -> str:
    draw = random.Random(seed)
    monkeypatch.setattr(ledgers, "_FAN_IN", draw.choice([2, 3, 16]))
    if cold:
        monkeypatch.setenv("SWEEP_CACHE_DIR", str(directory / "kernels"))
        monkeypatch.setattr(compiling, "_loaded", {})
    for _ in range(draw.randint(0, 4)):
        run_somehow(some_part(draw), directory, draw, lanes)
    run_somehow(asked(), directory, draw, lanes)
    run(asked(), directory, threads=2)
    assert verify(directory / "small") == []
    return open_results(directory / "small").content_digest()


@pytest.mark.quick("0", "1", "2", "3")
@pytest.mark.parametrize("seed", range(12))
def test_contents_do_not_depend_on_the_way(
    tmp_path: Path, expected: str, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    assert try_one(tmp_path, seed, [None, 8], monkeypatch, cold=False) == expected


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 600))
def test_contents_depend_on_the_way_in_no_case_of_many(
    tmp_path: Path, expected: str, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    lanes = [None, 1, 2, 4, 8, 16, 32, 64]
    assert try_one(tmp_path, seed, lanes, monkeypatch, cold=seed % 20 == 0) == expected
