"""A report on hand-written tables, with text that would like to be more than text."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from sweep.views.report.page import Picture, picture
from sweep.views.report.writing import About, compose

HOSTILE = """</script><script>alert(1)</script><img src=x onerror="alert(2)">'&amp;{{ 7*7 }}"""


def about(text: str = "plain", asked: int = 12) -> About:
    return About(
        name=text,
        title=text,
        question=text,
        facts={text: text},
        study_file=f"title = '{text}'\n",
        edits=[text],
        as_run=f"# {text}\n",
        asked=asked,
        digest="d1" * 32,
        version="9.9",
    )


def trials(
    rates: Sequence[float] = (0.1, 1.0, 10.0), seeds: int = 4, **more: object
) -> pd.DataFrame:
    """A loss of |log10 rate| + seed/100, so that 1 is best; 10 diverges but for seed 0."""
    rate, seed = (part.ravel() for part in np.meshgrid(rates, np.arange(seeds), indexing="ij"))
    wild = (rate >= 10) & (seed > 0)
    loss = np.abs(np.log10(rate)) + seed / 100 + 0.01
    found = pd.DataFrame(
        {
            "trial": np.arange(len(rate)),
            "learning_rate": rate,
            "seed": seed,
            "initial_loss": 1.5,
            "final_loss": np.where(wild, np.nan, loss),
            "max_loss": np.where(wild, np.inf, 1.5),
            "steps_to_target": pd.array(np.where(loss < 0.1, 7, -1), "Int64"),
            "outcome": np.where(wild, "diverged", np.where(loss < 0.1, "converged", "stalled")),
        }
    ).assign(**more)
    found.loc[found["steps_to_target"] < 0, "steps_to_target"] = pd.NA
    return found


def provenance(chunks: int = 2) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "chunk": [f"{n:08d}" for n in range(chunks)],
            "group": "0123456789abcdef" * 4,
            "steps": 30,
            "numerics": 2,
            "trials": 6,
            "rows": 18,
            "bytes": 1500,
            "created": pd.to_datetime(["2026-01-02T03:04:05+00:00"] * chunks),
            "sweep": "0.1.0",
            "numpy": ["2.0"] * (chunks - 1) + ["2.1"],
            "machine": "Linux, Some CPU",
        }
    )


def drawing(words: str = "a line") -> Picture:
    figure = Figure(figsize=(7, 4))
    figure.subplots().plot([1, 2, 3])
    return picture(figure, words)


def report(
    table: pd.DataFrame | None = None,
    *,
    axes: Sequence[str] = ("learning_rate", "seed"),
    rate: str | None = "learning_rate",
    text: str = "plain",
    asked: int = 12,
) -> str:
    """The page."""
    return compose(
        about(text, asked),
        trials() if table is None else table,
        axes=axes,
        rate=rate,
        pictures=[drawing(text)],
        provenance=provenance(),
    )
