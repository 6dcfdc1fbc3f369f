"""What a trial costs beside its training: `python -m benchmarks.tools`.

A study of many trials that train next to nothing, the 2-2-2 network for one step at as many
learning rates, from the plan to the table read back: `sweep`, and what its users would otherwise
write, a plain Python function in joblib (a row of parquet each) or in Optuna (random search, for
its grid looks at all trials before each one), in memory and in a journal on the disk. All losses
are checked against the plain function's. Rounds of one turn of each; prints microseconds a trial
and the ratio to sweep's within the round, by trial: the journal gets a twentieth of the trials.
"""

import argparse
import math
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from rich.table import Table

from benchmarks.options import confine, console, save
from benchmarks.tidy import tidy
from sweep.instrument.rounds import interleaved, median_interval
from sweep.runs import runner
from sweep.store.machine import usable_processors
from sweep.store.results import open_results
from sweep.study import parse_study

LOW, HIGH = 1e-2, 1e2
INPUTS, TARGETS = (0.05, 0.10), (0.01, 0.99)
WEIGHTS = (0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55)
TOLERANCE = 1e-12  # relative, of a loss after one step: rounding alone
TEXT = f"""
network.layers = [2, 2, 2]
data = {{{{ inputs = [{list(INPUTS)}], targets = [{list(TARGETS)}] }}}}
initial.weights = [[[0.15, 0.20], [0.25, 0.30]], [[0.40, 0.45], [0.50, 0.55]]]
training.steps = 1
axes.learning_rate = {{{{ log = [{LOW}, {HIGH}], num = {{trials}} }}}}
record = {{{{ loss = "nothing", parameters = "nothing" }}}}
"""

Turn = Callable[[int], pd.DataFrame]


class UnequalLossesError(Exception):
    """A tool's trials are not those of the plain function."""


def _sigmoid(z: float) -> float:
    return 1.0 / (1.0 + math.exp(-z))


def loss_after_one_step(learning_rate: float) -> float:
    """The trial, as one writes it for a tool that calls a function."""
    w = _stepped(WEIGHTS, learning_rate)
    _, _, o1, o2 = _outputs(w)
    return 0.5 * ((o1 - TARGETS[0]) ** 2 + (o2 - TARGETS[1]) ** 2)


def _outputs(w: Sequence[float]) -> tuple[float, float, float, float]:
    i1, i2 = INPUTS
    h1, h2 = _sigmoid(w[0] * i1 + w[1] * i2), _sigmoid(w[2] * i1 + w[3] * i2)
    return h1, h2, _sigmoid(w[4] * h1 + w[5] * h2), _sigmoid(w[6] * h1 + w[7] * h2)


def _stepped(w: Sequence[float], eta: float) -> list[float]:
    h1, h2, o1, o2 = _outputs(w)
    d1 = (o1 - TARGETS[0]) * o1 * (1 - o1)
    d2 = (o2 - TARGETS[1]) * o2 * (1 - o2)
    g1 = (d1 * w[4] + d2 * w[6]) * h1 * (1 - h1)
    g2 = (d1 * w[5] + d2 * w[7]) * h2 * (1 - h2)
    i1, i2 = INPUTS
    slopes = (g1 * i1, g1 * i2, g2 * i1, g2 * i2, d1 * h1, d1 * h2, d2 * h1, d2 * h2)
    return [value - eta * slope for value, slope in zip(w, slopes, strict=True)]


def with_sweep(trials: int, threads: int) -> pd.DataFrame:
    """Plan, train, commit, read back."""
    with tempfile.TemporaryDirectory(dir=".") as directory:
        study = parse_study(TEXT.format(trials=trials), "tools", Path())
        runner.run(study, Path(directory), threads=threads)
        found = open_results(Path(directory) / "tools").trials(["learning_rate", "final_loss"])
    return found.rename(columns={"final_loss": "loss"})


def with_joblib(trials: int, threads: int) -> pd.DataFrame:
    """A pool of processes, its results saved and read back."""
    from joblib import Parallel, delayed  # noqa: PLC0415 - absent tools are named

    rates = np.geomspace(LOW, HIGH, trials).tolist()
    losses = Parallel(n_jobs=threads)(delayed(loss_after_one_step)(rate) for rate in rates)
    with tempfile.TemporaryDirectory(dir=".") as directory:
        path = Path(directory) / "trials.parquet"
        pd.DataFrame({"learning_rate": rates, "loss": losses}).to_parquet(path, index=False)
        return pd.read_parquet(path)


def with_optuna(trials: int, threads: int) -> pd.DataFrame:
    """In memory."""
    return _optuna(trials, None)


def with_optuna_journal(trials: int, threads: int) -> pd.DataFrame:
    """In a journal, from which the table is read back as another process would."""
    from optuna.storages import JournalStorage  # noqa: PLC0415
    from optuna.storages.journal import JournalFileBackend  # noqa: PLC0415

    with tempfile.TemporaryDirectory(dir=".") as directory:
        path = str(Path(directory) / "journal.log")
        return _optuna(trials, lambda: JournalStorage(JournalFileBackend(path)))


def _optuna(trials: int, storage: Callable[[], object] | None) -> pd.DataFrame:
    import optuna  # noqa: PLC0415

    def objective(trial: "optuna.Trial") -> float:
        return loss_after_one_step(trial.suggest_float("learning_rate", LOW, HIGH, log=True))

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.RandomSampler(seed=0)
    kept = storage and storage()
    study = optuna.create_study(study_name="tools", storage=kept, sampler=sampler)
    study.optimize(objective, n_trials=trials)
    if storage is not None:
        study = optuna.load_study(study_name="tools", storage=storage())
    found = study.trials_dataframe(attrs=("params", "value"))
    return found.rename(columns={"params_learning_rate": "learning_rate", "value": "loss"})


TOOLS = {
    "sweep": with_sweep,
    "joblib": with_joblib,
    "optuna": with_optuna,
    "optuna, journal": with_optuna_journal,
}

# A tool that waits for the disk at each trial does so many times fewer: it would take minutes.
FEWER = {"optuna, journal": 20}


def checked(name: str, trials: int, threads: int) -> pd.DataFrame:
    """A tool's table, whose losses are those of the plain function.

    Raises:
        ImportError: the tool is not installed.
        UnequalLossesError: they are not.
    """
    found = TOOLS[name](trials, threads)
    expected = np.array([loss_after_one_step(rate) for rate in found["learning_rate"]])
    error = float(np.max(np.abs(found["loss"] / expected - 1)))
    if len(found) != trials or not error <= TOLERANCE:
        raise UnequalLossesError(f"{name}: {len(found)} trials, losses off by {error:.1e}")
    return found


def present(names: Sequence[str], threads: int) -> list[str]:
    """Those tools that are installed and do what is asked; the others are named."""
    found = []
    for name in names:
        try:
            checked(name, 20, threads)
        except ImportError as error:
            console.print(f"{name}: left out ({error})", style="dim")
        else:
            found.append(name)
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=usable_processors())
    parser.add_argument("--tools", nargs="+", choices=TOOLS, default=list(TOOLS))
    parser.add_argument("--results", type=Path, default=Path("results/benchmarks"))
    options = parser.parse_args(arguments)
    confine(options.threads)
    names = present(list(dict.fromkeys(["sweep", *options.tools])), options.threads)
    counts = {name: -(-options.trials // FEWER.get(name, 1)) for name in names}
    turns = interleaved(
        {name: lambda name=name: TOOLS[name](counts[name], options.threads) for name in names},
        options.rounds,
    )
    turns["trials"] = turns["turn"].map(counts)
    turns["each"] = turns["seconds"] / turns["trials"]
    _report(turns, names)
    saved = save(_table(turns, options.threads), options.results, "tools")
    console.print(f"Saved to {saved}")


def _report(turns: pd.DataFrame, names: Sequence[str]) -> None:
    table = Table("tool", "trials", "microseconds a trial", "over sweep's")
    each = turns.pivot_table(index="round", columns="turn", values="each")
    for name in names:
        own = turns[turns["turn"] == name]
        ratio = median_interval(each[name] / each["sweep"])
        table.add_row(
            name, f"{own['trials'].iloc[0]:,}", f"{own['each'].median() * 1e6:.3g}", str(ratio)
        )
    console.print(table)
    console.print("Medians, and the interval of the ratio's")


def _table(turns: pd.DataFrame, threads: int) -> pd.DataFrame:
    return tidy(
        {
            "network": "2-2-2",
            "layers": "2-2-2",
            "samples": 1,
            "dtype": "float64",
            "threads": threads,
            "trials": turn.trials,
            "quantity": f"{turn.turn}: from the plan to the table",
            "value": turn.each,
            "unit": "seconds a trial",
            "round": turn.round,
        }
        for turn in turns.itertuples()
    )


if __name__ == "__main__":
    main()
