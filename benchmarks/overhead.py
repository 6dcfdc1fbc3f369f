"""What a run costs beside its training: ``python -m benchmarks.overhead``.

Rounds of two turns: `runner.run` of a study into an empty directory, from the start of training to
the last commit, and the same chunks through the kernel alone, on as many threads, with nothing
saved. Prints the ratio of each round and the median.
"""

import argparse
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

from sweep.runs import runner
from sweep.study import Study, find_study, load_study
from sweep.training.costs import chunk_size
from sweep.training.trainer import prepare, train


def kernel_seconds(study: Study, threads: int) -> float:
    """Train every chunk of the study and throw the results away."""
    (group,) = study.groups()
    prepare(group)
    size = chunk_size(group, threads)
    chunks = np.split(np.arange(group.trials), range(size, group.trials, size))
    start = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(partial(train, group), chunks):
            pass
    return time.perf_counter() - start


def run_seconds(study: Study, threads: int) -> float:
    """Run the study into a directory of its own."""
    with tempfile.TemporaryDirectory(dir=".") as directory:
        return runner.run(study, Path(directory), threads=threads).seconds


def main() -> None:
    """Time the rounds."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--study", default="lr_by_init", help="of one group")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    study = load_study(find_study(options.study))
    ratios = []
    for _ in range(options.rounds):
        alone = kernel_seconds(study, options.threads)
        whole = run_seconds(study, options.threads)
        ratios.append(whole / alone)
        print(f"kernel {alone:.2f} s, run {whole:.2f} s, ratio {ratios[-1]:.3f}", flush=True)
    print(f"{options.study}: median ratio {statistics.median(ratios):.3f}")


if __name__ == "__main__":
    main()
