"""Early stopping, replayed: against the same rules in plain loops, and on a study."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import sweep
from sweep.analysis.halving import (
    FIRST,
    Seen,
    _losses,
    asha,
    earlier_below,
    hyperband,
    judged,
    median_stopping,
    seen_of,
    successive_halving,
)
from sweep.errors import RequestError

RUNGS, CHECKS = [2, 5, 10, 30], [1, 4, 7, 20]


def drawn(seed: int, n: int) -> Seen:
    """Losses with ties and with trials that are lost on the way."""
    rng = np.random.default_rng(seed)
    losses = rng.integers(0, 12, (n, len(RUNGS))).astype(float)
    least, means = (rng.integers(0, 9, (n, len(CHECKS))).astype(float) for _ in range(2))
    for table in (losses, least):
        wild = rng.random(n) < 0.2
        table[wild, rng.integers(1, 3) :] = np.inf
    final = np.where(np.isinf(losses[:, -1]), np.inf, losses[:, -1] + rng.random(n))
    return Seen(np.array(RUNGS), losses, np.array(CHECKS), least, means, final)


def medians_in_loops(seen: Seen, eta: int) -> list[int]:
    came: list[list[float]] = [[] for _ in CHECKS]
    steps = []
    for least, means in zip(seen.least.tolist(), seen.means.tolist(), strict=True):
        end = RUNGS[-1]
        for check, step in enumerate(CHECKS):
            before = sorted(came[check])
            came[check].append(means[check])
            above = len(before) >= FIRST and least[check] > before[(len(before) - 1) // 2]
            if above or least[check] == float("inf"):
                end = step
                break
        steps.append(end)
    return steps


def halved_in_loops(losses: dict[int, list[float]], rungs: list[int], eta: int) -> dict[int, int]:
    steps, alive = {}, list(losses)
    for rung, step in enumerate(rungs):
        steps.update(dict.fromkeys(alive, step))
        best = sorted(alive, key=lambda trial: losses[trial][rung])[: max(len(alive) // eta, 1)]
        alive = [trial for trial in best if losses[trial][rung] < float("inf")]
    return steps


def halving_in_loops(seen: Seen, eta: int) -> list[int]:
    steps = halved_in_loops(dict(enumerate(seen.losses.tolist())), RUNGS, eta)
    return [steps[trial] for trial in range(len(steps))]


def hyperband_in_loops(seen: Seen, eta: int) -> list[int]:
    weights = [int(np.ceil(len(RUNGS) * eta**s / (s + 1))) for s in (3, 2, 1, 0)]
    steps: list[int] = []
    for start in range(4):
        first = sum(weights[:start]) * len(seen.final) // sum(weights)
        stop = sum(weights[: start + 1]) * len(seen.final) // sum(weights)
        part = {t: seen.losses[t, start:].tolist() for t in range(first, stop)}
        found = halved_in_loops(part, RUNGS[start:], eta)
        steps += [found[trial] for trial in range(first, stop)]
    return steps


def asha_in_loops(seen: Seen, eta: int) -> list[int]:
    came: list[list[float]] = [[] for _ in RUNGS]
    steps = []
    for losses in seen.losses.tolist():
        for rung in range(len(RUNGS)):
            came[rung].append(losses[rung])
            places = max(len(came[rung]) // eta, 1)
            if losses[rung] > sorted(came[rung])[places - 1] or losses[rung] == float("inf"):
                break
        steps.append(RUNGS[rung])
    return steps


METHODS: dict[str, tuple[Callable[[Seen, int], np.ndarray], Callable[[Seen, int], list[int]]]] = {
    "median": (median_stopping, medians_in_loops),
    "halving": (successive_halving, halving_in_loops),
    "hyperband": (hyperband, hyperband_in_loops),
    "asha": (asha, asha_in_loops),
}


@pytest.mark.parametrize("name", METHODS)
def test_steps_are_those_of_the_rule_in_loops(name: str) -> None:
    ours, loops = METHODS[name]
    for seed in range(60):
        seen = drawn(seed, [1, 2, 3, 17, 80][seed % 5])
        for eta in (2, 3):
            assert ours(seen, eta).tolist() == loops(seen, eta), (seed, eta)


def test_earlier_ones_below_are_counted() -> None:
    rng = np.random.default_rng(0)
    for n in (*range(9), 100, 127, 128, 129):
        asked, values = rng.integers(0, 9, (2, n)).astype(float)
        wanted = [int((values[:place] < asked[place]).sum()) for place in range(n)]
        assert earlier_below(asked, values).tolist() == wanted


def test_what_is_found_is_judged_by_all_there_is() -> None:
    seen = drawn(3, 4)
    seen.final[:] = [4.0, 1.0, 2.0, np.inf]
    assert judged(seen, np.array([30, 5, 30, 2])) == {
        "spent": 67 / 120, "finished": 2, "kept": 0, "ratio": 2, "rank": 2,
    }  # fmt: skip
    assert judged(seen, np.array([2, 2, 2, 30]))["ratio"] == np.inf
    assert judged(seen, np.array([2, 30, 2, 2])) | {"spent": 0} == {
        "spent": 0, "finished": 1, "kept": 1, "ratio": 1, "rank": 1,
    }  # fmt: skip


STUDY = """
[network]
layers = [2, 2, 2]
[data]
inputs = [[0.05, 0.10]]
targets = [[0.01, 0.99]]
[initial]
scheme = "uniform"
[training]
steps = 200
[axes]
learning_rate = { log = [1e-3, 10], num = 12 }
seed = { range = [0, 20] }
[record]
loss = "every 2"
"""


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("halving") / "rates.toml"
    path.write_text(STUDY)
    sweep.run(path, results=path.parent, progress=False)
    return path.parent / "rates"


def test_a_study_says_what_would_have_been_missed(directory: Path) -> None:
    found = sweep.halving(directory).set_index("method")
    assert (found["spent"] + found["saved"]).tolist() == [1] * 4
    assert found.loc["successive halving", "spent"] < 0.1
    assert found.loc["successive halving", "finished"] == 240 // 81
    assert found["spent"].between(0, 1).all()
    assert (found["ratio"] >= 1).all()
    assert (found["ratio"] <= found["ratio_high"]).all()
    again = sweep.halving(sweep.open_results(directory), "loss", seed=0)
    assert again.set_index("method").equals(found)
    few = sweep.halving(directory, trials=8, draws=5, eta=2, least=50, only="seed=3")
    halved = few.set_index("method").loc["successive halving"]
    assert set(found["trials"]) == {240}
    assert set(few["trials"]) == {8}
    assert (halved["finished"], halved["spent"]) == (2, (4 * 50 + 2 * 100 + 2 * 200) / (8 * 200))


def test_spending_all_finds_the_best(directory: Path) -> None:
    one = sweep.halving(directory, trials=1, draws=3)
    assert one["spent"].tolist() == [1] * 4  # the first always goes on
    assert one["kept"].tolist() == one["ratio"].tolist() == one["rank"].tolist() == [1] * 4


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"measure": "final_loss"}, "measure: must be loss, validation_loss, batch_loss, not 'fin"),
        ({"measure": "validation_loss"}, "rates: has no validation_loss at every step"),
        ({"eta": 1}, "eta must be at least 2"),
        ({"trials": 241}, "trials must be from 1 to 240, those there are, not 241"),
    ],
)
def test_wrong_requests_are_refused(directory: Path, options: dict[str, object], line: str) -> None:
    with pytest.raises(RequestError, match=line):
        sweep.halving(directory, **options)  # type: ignore[arg-type]


def test_what_is_seen_is_what_the_curves_say(directory: Path, tmp_path: Path) -> None:
    edits = ['network.activation="identity"', 'training.stop="either"', "outcome.target=1e-3"]
    edits += ["axes.learning_rate=[1e-2, 0.5, 3, 1e3]", 'record.loss="every 30"']
    path = directory.parent / "rates.toml"
    results = sweep.run(path, results=tmp_path, overrides=edits, progress=False)
    assert set(results.outcomes()) == {"converged", "stalled", "diverged"}
    table = results.trials()
    seen = seen_of(results, table, "loss", 3, None)
    assert seen.rungs.tolist() == [30, 90, 200]
    assert seen.checks.tolist() == [30, 60, 90, 120, 150, 180]
    curves = results.curves()
    recorded = [*range(0, 200, 30), 200]
    for row, (trial, final) in enumerate(zip(table["trial"], table["final_loss"], strict=True)):
        curve = dict(curves.loc[curves["trial"] == trial, ["step", "loss"]].to_numpy().tolist())
        lost = [step for step, loss in curve.items() if not loss <= 1e300]
        known = [[one for at, one in curve.items() if at <= step][-1] for step in recorded]
        losses = [
            float("inf") if lost and step >= lost[0] else loss
            for step, loss in zip(recorded, known, strict=True)
        ]
        at = {step: place for place, step in enumerate(recorded)}
        assert seen.losses[row].tolist() == [losses[at[step]] for step in (30, 90, 200)]
        for column, step in enumerate(seen.checks.tolist()):
            until = losses[: at[step] + 1]
            least = float("inf") if until[-1] == float("inf") else min(until)
            assert seen.least[row, column] == least
            assert seen.means[row, column] == pytest.approx(sum(until) / len(until), rel=1e-12)
        assert seen.final[row] == (float("inf") if lost else final)


class Curves:
    """Results of any curves, as far as they are read here: by trial, losses by step."""

    def __init__(self, by_trial: dict[int, dict[int, float]]) -> None:
        self.by_trial = by_trial

    def curves(self, trials: np.ndarray, columns: list[str]) -> pd.DataFrame:
        assert columns == ["trial", "step", "loss"]
        rows = [
            (t, s, x) for t in self.by_trial if t in trials for s, x in self.by_trial[t].items()
        ]
        return pd.DataFrame(rows, columns=columns)


@pytest.mark.parametrize("seed", range(20))
def test_losses_at_the_recorded_steps_are_those_of_a_loop(seed: int) -> None:
    """Curves every k steps, of which some stop in between, some are lost, some stay lost."""
    rng = np.random.default_rng(seed)
    steps = [*range(0, 40, int(rng.integers(2, 7))), 40]
    by_trial: dict[int, dict[int, float]] = {}
    for trial in rng.permutation(12).tolist():
        end = int(rng.choice([40, *range(41)]))
        there = [*(step for step in steps if step < end), end]
        losses = np.exp(rng.normal(size=len(there)))
        wild = rng.random() < 0.4
        losses[int(rng.integers(len(there))) :] *= [1, [np.nan, np.inf, -np.inf][trial % 3]][wild]
        losses[-1] = 0.5 if rng.random() < 0.2 else losses[-1]  # back again, and lost all the same
        by_trial[trial] = dict(zip(there, losses.tolist(), strict=True))
    asked = rng.permutation(12)[: int(rng.integers(1, 13))]
    found = _losses(Curves(by_trial), asked, np.array(steps), "loss")  # type: ignore[arg-type]
    for trial, row in zip(asked.tolist(), found.tolist(), strict=True):
        known, lost = float("nan"), False
        for step, loss in zip(steps, row, strict=True):
            for at in sorted(by_trial[trial]):
                if at <= step:
                    known = by_trial[trial][at]
                    lost = lost or not math.isfinite(known)
            assert loss == (math.inf if lost else known)


def test_curves_that_stopped_are_carried_on_and_batches_have_their_own(
    directory: Path, tmp_path: Path
) -> None:
    path = directory.parent / "rates.toml"
    edits = ["outcome={ target=0.05 }", 'training.stop="target"', 'record.loss="every 60"']
    stopped = sweep.run(path, results=tmp_path / "stopped", overrides=edits, progress=False)
    found = sweep.halving(stopped, eta=2, draws=3)
    assert (found["kept"] > 0).any()
    batches = ["batch.size=1", "validation={ inputs=[[1, 0]], targets=[[0, 1]] }"]
    for count, usual in ((1, "batch_loss"), (2, "validation_loss")):
        results = tmp_path / usual
        ran = sweep.run(path, results=results, overrides=batches[:count], progress=False)
        assert sweep.halving(ran, draws=2).equals(sweep.halving(ran, usual, draws=2))
        with pytest.raises(RequestError, match="has no loss at every step of every trial"):
            sweep.halving(ran, "loss")


def test_studies_without_curves_are_refused(directory: Path, tmp_path: Path) -> None:
    path = directory.parent / "rates.toml"
    for edit, line in (
        ('record.loss="nothing"', "too few losses were recorded to stop by"),
        ("axes.training.steps=[10, 20]", "trials differ in the steps that are recorded"),
        ("outcome.diverged_above=1e-9", "all trials diverged; there is nothing to find"),
    ):
        run = sweep.run(path, results=tmp_path / line[:8], overrides=[edit], progress=False)
        with pytest.raises(RequestError, match=line):
            sweep.halving(run)
