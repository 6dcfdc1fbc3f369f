"""Losses worked out anew from what a study saved, in plain pandas and NumPy, file by file.

For networks of one hidden layer of tanh and one output from logits, as 2-8-1 with
binary_cross_entropy; nothing of what the product computes of a trial is used but how it ended.
"""

from math import inf
from pathlib import Path

import numpy as np
import pandas as pd

from tests.oracles import rates


def losses(
    directory: Path, width: int, samples: dict[str, tuple[np.ndarray, np.ndarray]]
) -> pd.DataFrame:
    """A row a trial: its axes, `outcome`, and of each name of `samples` loss and accuracy.

    `samples` are inputs (s, 2) and targets (s, 1); what diverged has an infinite loss and an
    accuracy of -inf.
    """
    trials = pd.read_parquet(directory / "trials")
    kept = pd.read_parquet(directory / "parameters").sort_values(["trial", "step"])
    last = kept.groupby("trial").tail(1).set_index("trial").loc[trials["trial"]]
    found = trials.drop(columns=[name for name in trials if str(name).endswith("_loss")])
    wild = trials["diverged_at"].notna().to_numpy()
    for name, (inputs, targets) in samples.items():
        z = np.zeros((len(last), len(inputs)))
        for unit in range(1, width + 1):
            column = {i: last[f"w1_{unit}_{i}"].to_numpy()[:, np.newaxis] for i in (1, 2)}
            bias = last[f"b1_{unit}"].to_numpy()[:, np.newaxis]
            hidden = np.tanh(column[1] * inputs[:, 0] + column[2] * inputs[:, 1] + bias)
            z += last[f"w2_1_{unit}"].to_numpy()[:, np.newaxis] * hidden
        z += last["b2_1"].to_numpy()[:, np.newaxis]
        t = targets[:, 0]
        loss = (np.maximum(z, 0) - z * t + np.log1p(np.exp(-np.abs(z)))).mean(axis=1)
        right = ((z > 0) == (t > 0.5)).mean(axis=1)
        bad = wild | ~np.isfinite(loss)
        found[f"{name}_loss"] = np.where(bad, inf, loss)
        found[f"{name}_accuracy"] = np.where(bad, -inf, right)
    return found


def told(found: pd.DataFrame, loss: str) -> pd.DataFrame:
    """The trials of one group as `tests.oracles.rates` takes them, judged by the column `loss`."""
    steps = found["steps_to_target"].astype("float64")
    names = [found[name] for name in ("learning_rate", "seed")]
    return rates.table(
        list(zip(*names, found[loss], found[loss], steps, found["outcome"], strict=True))
    )


def at_best(found: pd.DataFrame, by: str, *, larger: bool = False) -> tuple[float, float]:
    """The rate of the best median of a column, and that median; of equal ones by training loss."""
    medians = {
        rate: tuple(rates.median(part[name].tolist()) for name in (by, "training_loss"))
        for rate, part in found.groupby("learning_rate")
    }
    sign = -1 if larger else 1
    best = min(medians, key=lambda rate: (sign * medians[rate][0], medians[rate][1], rate))
    return best, medians[best][0]
