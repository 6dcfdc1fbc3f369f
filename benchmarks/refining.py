"""What training maps from coarse to fine saves and misses: `python -m benchmarks.refining`.

Each study is run whole and with each depth of `[refine]`, into folders of its own, with the kernels
at hand. Prints the share of points that were trained, the share of the whole grid's outcomes that
the picture shows otherwise, the box-counting dimension of it, and CPU and wall time, of the runs
and over those of the whole grid.
"""

import argparse
import tempfile
import time

import numpy as np
import pandas as pd
from rich.table import Table

from benchmarks.options import console
from sweep.analysis.dimension import box_dimension
from sweep.catalogue import OUTCOMES
from sweep.runs import runner
from sweep.store.results import open_results
from sweep.study import load_study
from sweep.training.trainer import prepare

SHIPPED = ("boundary_single", "boundary_relu", "boundary_tanh")
COLUMNS = ("study", "depth", "trained", "shown otherwise", "dimension", "CPU s", "s", "CPU", "wall")


def measured(name: str, depths: list[int], edits: list[str]) -> pd.DataFrame:
    """A row for the whole grid, of depth 0, and one for each of `depths`, of one study."""
    rows, whole = [], np.empty(0)
    for depth in (0, *depths):
        study = load_study(name, [*edits, *([f"refine.depth={depth}"] if depth else [])])
        for group in study.groups():
            prepare(group)
        with tempfile.TemporaryDirectory() as directory:
            cpu, wall = time.process_time(), time.perf_counter()
            runner.run(study, directory)
            seconds = np.array([time.process_time() - cpu, time.perf_counter() - wall])
            results = open_results(f"{directory}/{study.name}")
            shown = results.trials(["outcome"], whole=True)["outcome"].cat.codes.to_numpy()
            trained = results.trained / study.trials
        shape = [len(axis) for axis in study.axes if len(axis) > 1]
        whole, first = (whole, rows[0][-2:]) if depth else (shown, seconds)
        roughness = box_dimension(shown.reshape(shape) == OUTCOMES.index("diverged")).fit
        missed = np.mean(shown != whole)
        rows.append((name, depth, trained, missed, roughness, *(seconds / first), *seconds))
    names = ["study", "depth", "trained", "missed", "dimension", "cpu", "wall", "cpu_s", "wall_s"]
    return pd.DataFrame(rows, columns=names)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("studies", nargs="*", default=SHIPPED, metavar="STUDY")
    parser.add_argument("--depths", nargs="+", type=int, default=[3, 4])
    parser.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE")
    options = parser.parse_args()
    table = Table(*COLUMNS)
    for name in options.studies:
        for row in measured(name, options.depths, options.set).itertuples():
            table.add_row(
                row.study, str(row.depth or "whole"), f"{row.trained:.1%}", f"{row.missed:.2%}",
                f"{row.dimension:.2f}", f"{row.cpu_s:.2f}", f"{row.wall_s:.2f}", f"{row.cpu:.2f}",
                f"{row.wall:.2f}",
            )  # fmt: skip
    console.print(table)


if __name__ == "__main__":
    main()
