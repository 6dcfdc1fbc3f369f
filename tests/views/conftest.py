"""Hand-written tables, small enough to know every answer."""

import pandas as pd
import pytest

RATES = [0.1, 0.5, 2.0]


@pytest.fixture
def curve_table() -> pd.DataFrame:
    """Three curves of losses 1 / (1 + rate * step), steps 0 to 200."""
    rows = [
        (i, rate, step, 1 / (1 + rate * step))
        for i, rate in enumerate(RATES)
        for step in range(201)
    ]
    return pd.DataFrame(rows, columns=["trial", "learning_rate", "step", "loss"])


@pytest.fixture
def trial_table() -> pd.DataFrame:
    """Four rates by three seeds; seed 7 is worst, the highest rate diverges but for seed 5."""
    rows = [
        (0, 0.1, 5, 0.5, "stalled"),
        (1, 0.1, 6, 0.6, "stalled"),
        (2, 0.1, 7, 0.7, "stalled"),
        (3, 1.0, 5, 0.01, "converged"),
        (4, 1.0, 6, 0.02, "converged"),
        (5, 1.0, 7, 0.3, "stalled"),
        (6, 10.0, 5, 0.0001, "converged"),
        (7, 10.0, 6, 0.0003, "converged"),
        (8, 10.0, 7, 0.0002, "converged"),
        (9, 100.0, 5, 0.4, "stalled"),
        (10, 100.0, 6, float("nan"), "diverged"),
        (11, 100.0, 7, 1e200, "diverged"),
    ]
    names = ["trial", "learning_rate", "seed", "final_loss", "outcome"]
    return pd.DataFrame(rows, columns=names).astype({"outcome": "category"})
