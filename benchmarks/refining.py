"""What training maps from coarse to fine saves and misses: `python -m benchmarks.refining`.

Each map is run whole and with each depth of `[refine]`, into folders of its own, with the kernels
at hand; a study that is not among `MAPS` is one as it is. Prints the share of points that were
trained, the share of the whole grid's outcomes that the picture shows otherwise, the box-counting
dimension of what ended worst in it, and CPU and wall time, of the runs and over those of the whole
grid.
"""

import argparse
import tempfile
import time

import numpy as np
import pandas as pd
from rich.table import Table

from benchmarks.options import console
from sweep.analysis.dimension import box_dimension
from sweep.runs import runner
from sweep.store.results import open_results
from sweep.study import load_study
from sweep.training.trainer import prepare

_RATES = "{ log = [1e-2, 1e3], num = 1024 }"
_BY_SCALE = (
    "axes={ learning_rate = { log = [1e-3, 1e3], num = 1024 },"
    " initial.scale = { log = [0.1, 30], num = 1024 }, seed = [0] }"
)
MAPS: dict[str, list[str]] = {
    "lr_response": [f'axes={{ "learning_rate.0" = {_RATES}, "learning_rate.1" = {_RATES} }}'],
    "lr_by_init": [_BY_SCALE],
    "lr_saturation": [_BY_SCALE, "outcome.target=0.001"],
    "boundary_single": [
        'axes."learning_rate.0"={ linear = [48.298735, 48.299146], num = 1024 }',
        'axes."learning_rate.1"={ linear = [18.2066141, 18.2067690], num = 1024 }',
    ],
}
"""Shipped studies as maps: what is changed of each."""
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
        roughness = box_dimension(shown.reshape(shape) == shown.max()).fit
        missed = np.mean(shown != whole)
        rows.append((name, depth, trained, missed, roughness, *(seconds / first), *seconds))
    names = ["study", "depth", "trained", "missed", "dimension", "cpu", "wall", "cpu_s", "wall_s"]
    return pd.DataFrame(rows, columns=names)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("studies", nargs="*", default=[*MAPS], metavar="STUDY")
    parser.add_argument("--depths", nargs="+", type=int, default=[3, 4, 5])
    parser.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE")
    options = parser.parse_args()
    table = Table(*COLUMNS)
    for name in options.studies:
        edits = [*MAPS.get(name, []), *options.set]
        for row in measured(name, options.depths, edits).itertuples():
            table.add_row(
                row.study, str(row.depth or "whole"), f"{row.trained:.1%}", f"{row.missed:.2%}",
                f"{row.dimension:.2f}", f"{row.cpu_s:.2f}", f"{row.wall_s:.2f}", f"{row.cpu:.2f}",
                f"{row.wall:.2f}",
            )  # fmt: skip
    console.print(table)


if __name__ == "__main__":
    main()
