"""Random tables of trials in which everything happens: ties, divergence, targets never reached."""

import numpy as np
import pandas as pd

from tests.analysis.frames import frame
from tests.oracles import rates


def random_rows(seed: int, n_rates: int = 7, seeds: int = 5) -> list[tuple[object, ...]]:
    """Rows (rate, seed, initial, final, max, steps, outcome), in no order.

    Losses are sixteenths, so that some are equal.
    """
    random = np.random.default_rng(seed)
    swept = np.sort(random.choice(np.geomspace(1e-3, 1e3, 40), n_rates, replace=False))
    rows: list[tuple[object, ...]] = []
    for place, rate in enumerate(swept.tolist()):
        for number in range(seeds):
            final = float(1 + random.integers(0, 16) + (place - n_rates / 2) ** 2 // 2) / 16
            wild = random.random() < 0.7 * (place + 1) / n_rates
            bad = [np.nan, np.inf, -np.inf, 1e200][random.integers(4)]
            steps = int(random.integers(1, 9)) if random.random() < 0.7 else None
            calm = "stalled" if steps is None else "converged"
            final = bad if wild else final
            outcome = "diverged" if wild else calm
            rows.append((rate, number, 1.0, final, 2.0 + place, steps, outcome))
    random.shuffle(rows)  # type: ignore[arg-type]
    return rows


def random_frame(seed: int, **sizes: int) -> pd.DataFrame:
    """Such rows as a table."""
    return frame(["learning_rate", "seed"], random_rows(seed, **sizes))


def as_oracle(table: pd.DataFrame) -> pd.DataFrame:
    """The same trials as the slow twin takes them."""
    steps = table["steps_to_target"].astype("float64")
    columns = [table[n] for n in ("learning_rate", "seed", "initial_loss", "final_loss")]
    return rates.table(list(zip(*columns, steps, table["outcome"].astype(str), strict=True)))
