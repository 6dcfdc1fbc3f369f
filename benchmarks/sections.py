"""The sections of the performance page that are written from tables: data frames to Markdown."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pandas as pd

from benchmarks.compiling import MOST_SECONDS
from benchmarks.costs import PLAIN, ROWS
from benchmarks.runs import open_run
from benchmarks.table import Target, targets_of
from sweep.instrument.bench import summary
from sweep.instrument.rounds import Interval, median_interval

Write = Callable[[Sequence[Path]], str]
"""From the folders of a section's commands to its text."""


def rows_of(folders: Sequence[Path]) -> pd.DataFrame:
    """All tables that the commands saved."""
    paths = [path for folder in folders for path in sorted(folder.glob("*.parquet"))]
    return pd.concat(map(pd.read_parquet, paths), ignore_index=True)


def markdown(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; text that begins a column of numbers is left as it is."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def between(found: Interval) -> str:
    """A ratio and its interval: "1.55 (1.39 to 1.60)"."""
    digits = [f"{number:.3g}" if number >= 10 else f"{number:.2f}" for number in found[:3]]
    return "{} ({} to {})".format(*digits)


def limits(folders: Sequence[Path]) -> str:
    """How fast each network trains and how near to the machine's limit."""
    run = open_run(folders[0])
    rows = [
        (
            f"{row['network']}",
            f"{row['dtype']}, {row['threads']} thread{'s' * (row['threads'] > 1)}",
            f"{row['speed']:.3g}",
            f"{row['gradients']:.3g}",
            row["limit"],
            f"{row['share']:.0%} ({row['share_low']:.0%} to {row['share_high']:.0%})",
        )
        for row in summary(run.turns).to_dict("records")
    ]
    heads = ("network", "", "steps per second", "sample gradients", "limit", "share of it")
    machine = f"{run.machine['name']}, {run.machine['processors']} CPUs, {run.created[:10]}"
    said = run.warning or "the machine was quiet enough to conclude"
    noise = f"{run.noise[0].upper()}{run.noise[1:]}: {said}."
    ceilings = _ceilings(run.ceilings)
    return f"{machine}. {noise}\n\n{markdown(heads, rows)}\n\nThe ceilings:\n\n{ceilings}"


def _ceilings(ceilings: pd.DataFrame) -> str:
    names = ceilings["ceiling"].unique().tolist()
    rows = []
    for (dtype, threads), own in ceilings.groupby(["dtype", "threads"], sort=False):
        best = own.groupby("ceiling")["per_second"].max()
        rows.append([f"{dtype}, {threads}", *(f"{best[name]:.3g}" for name in names)])
    return markdown(["a second, on threads", *names], rows)


def peers(folders: Sequence[Path]) -> str:
    """Ours over each peer."""
    turns = rows_of(folders)
    others = [name for name in turns["peer"].unique() if name != "ours"]
    rows = []
    for (network, dtype), own in turns.groupby(["network", "dtype"], sort=False):
        ours = own[own["peer"] == "ours"]
        speed = ours["network_steps_per_second"].median()
        bound = speed * ours["operations"].iloc[0] / ours["multiply_adds_per_second"].iloc[0]
        ratios = [own.loc[own["peer"] == name, "ours_over_peer"] for name in others]
        told = [between(median_interval(found)) if len(found) else "" for found in ratios]
        rows.append([str(network), str(dtype), f"{speed:.3g}", f"{bound:.0%}", *told])
    return markdown(["network", "dtype", "steps per second", "bound", *others], rows)


def targets(folders: Sequence[Path]) -> str:
    """What the ratios were meant to be, and whether they are."""
    rows = []
    for (network, dtype), own in rows_of(folders).groupby(["network", "dtype"], sort=False):
        for target in targets_of(str(network)):
            rows += _target(f"{network} {dtype}", own, target, getattr(target, str(dtype)))
    return markdown(["kernel", "over", "ratio", "meant to be", ""], rows)


def _target(
    name: str, turns: pd.DataFrame, target: Target, wanted: float
) -> Iterator[tuple[str, ...]]:
    ratios = turns[turns["peer"].isin(target.peers)].groupby("round")["ours_over_peer"].min()
    if ratios.empty:
        return
    found = median_interval(ratios)
    peers_named = " or ".join(target.peers)
    yield name, peers_named, between(found), f"{wanted:g}", judged(found, wanted)


def judged(found: Interval, wanted: float) -> str:
    """Met, missed, or not to be told: what the interval leaves open."""
    if found.low <= wanted <= found.high:
        return f"{'met' if found.median >= wanted else 'missed'}, within the interval"
    return "met" if found.median >= wanted else "missed"


def _kept_to(found: Interval, most: float) -> str:
    """What `judged` says of a ratio that is meant to be at most so much."""
    median, low, high, confidence = found
    return judged(Interval(-median, -high, -low, confidence), -most)


def costs(folders: Sequence[Path]) -> str:
    """What options cost beside plain gradient descent."""
    turns = rows_of(folders)
    most = {row.name: row.most for row in ROWS}
    rows = []
    for name in turns["name"].unique():
        if name == PLAIN.name:
            continue
        own = turns[turns["name"] == name]
        found = {dtype: median_interval(one["over_plain"]) for dtype, one in own.groupby("dtype")}
        wanted = most.get(name)
        kept = "" if wanted is None else f"{wanted:g}"
        dtypes = ("float64", "float32")
        verdicts = [f"{d} {_kept_to(found[d], wanted)}" for d in dtypes if wanted is not None]
        rows.append([name, *(between(found[d]) for d in dtypes), kept, "; ".join(verdicts)])
    return markdown(["", "float64", "float32", "meant to be at most", ""], rows)


def compiling(folders: Sequence[Path]) -> str:
    """Seconds until a kernel is ready."""
    found = rows_of(folders).sort_values("seconds", ascending=False)
    rows = [
        (str(row["kernel"]), str(row["dtype"]), f"{row['seconds']:.1f}", f"{row['compiling']:.1f}")
        for row in found.to_dict("records")
    ]
    over = int((found["seconds"] > MOST_SECONDS).sum())
    told = f"{len(found)} kernels, median {found['seconds'].median():.1f} s; meant to be at most "
    told += f"{MOST_SECONDS:g} s: {f'missed by {over} of them' if over else 'met'}."
    return f"{markdown(['kernel', 'dtype', 'seconds', 'of them compiling'], rows)}\n\n{told}"


def printed(folders: Sequence[Path]) -> str:
    """What the commands said, as it was."""
    said = "\n\n".join((folder / "said.txt").read_text().rstrip() for folder in folders)
    lines = [line for line in said.splitlines() if not line.startswith("Saved to")]
    return "\n".join(f"    {line}".rstrip() for line in lines)
