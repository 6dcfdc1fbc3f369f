"""Hand-written tables of trials, small enough to know every answer."""

from math import inf, nan

import pandas as pd

MEASURES = ["initial_loss", "final_loss", "max_loss", "steps_to_target", "outcome"]


def frame(axes: list[str], rows: list[tuple[object, ...]]) -> pd.DataFrame:
    """A table of trials, a row each: its axes, then `MEASURES`."""
    table = pd.DataFrame(rows, columns=[*axes, *MEASURES])
    return table.astype({"outcome": "category", "steps_to_target": "Int64"})


def three_seeds() -> pd.DataFrame:
    """Four rates by three seeds; 10 is best by loss, 1 and 10 by convergence, 100 diverges."""
    return frame(
        ["learning_rate", "seed"],
        [
            (0.1, 5, 1.0, 0.5, 1.0, None, "stalled"),
            (0.1, 6, 1.0, 0.6, 1.0, None, "stalled"),
            (0.1, 7, 1.0, 0.7, 1.0, None, "stalled"),
            (1.0, 5, 1.0, 0.01, 1.0, 80, "converged"),
            (1.0, 6, 1.0, 0.02, 1.0, 90, "converged"),
            (1.0, 7, 1.0, 0.03, 1.0, 70, "converged"),
            (10.0, 5, 1.0, 0.001, 2.0, 8, "converged"),
            (10.0, 6, 1.0, 0.003, 4.0, 9, "converged"),
            (10.0, 7, 1.0, 0.002, 3.0, 7, "converged"),
            (100.0, 5, 1.0, 0.4, 5.0, None, "stalled"),
            (100.0, 6, 1.0, nan, inf, 3, "diverged"),
            (100.0, 7, 1.0, 1e200, inf, None, "diverged"),
        ],
    )
