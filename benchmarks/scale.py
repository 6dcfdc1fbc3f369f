"""What a study of many trials costs from end to end: ``python -m benchmarks.scale``.

For each number of trials, each part in a process of its own: the chunks through the kernel alone,
on as many threads, with nothing saved; then `runner.run` of the 2-2-2 network into an empty
directory; the run again, which finds nothing to do; two columns of all trials read back. Prints
seconds, the ratio of run to kernel, microseconds a trial of what the kernel does not explain, and
the peak of resident memory (`ru_maxrss`, the interpreter and its libraries included).
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.overhead import kernel_seconds
from sweep import runner
from sweep.processors import usable_processors
from sweep.store.results import open_results
from sweep.study import Study, parse_study

TEXT = """
[network]
layers = [2, 2, 2]
[data]
inputs = [[0.05, 0.10]]
targets = [[0.01, 0.99]]
[initial]
scheme = "uniform"
[training]
steps = {steps}
[axes]
learning_rate = {{ log = [1e-2, 1e2], num = 100 }}
seed = {{ range = [0, {seeds}] }}
[record]
loss = "nothing"
parameters = "{parameters}"
"""


def study(trials: int, steps: int, parameters: str) -> Study:
    """A grid of 100 rates by as many seeds as it takes."""
    text = TEXT.format(steps=steps, seeds=trials // 100, parameters=parameters)
    return parse_study(text, "scale", Path())


def measured(trials: int, steps: int, parameters: str, threads: int, part: str) -> dict[str, float]:
    """The seconds of one part, and the peak memory of this process in bytes."""
    asked, seconds = study(trials, steps, parameters), 0.0
    results, _, part = part.partition(":")
    if part == "kernel":
        seconds = kernel_seconds(asked, threads)
    elif part == "run":
        seconds = runner.run(asked, Path(results), threads=threads).seconds
    elif part == "again":
        start = time.perf_counter()
        assert runner.run(asked, Path(results), threads=threads).already == trials
        seconds = time.perf_counter() - start
    else:
        start = time.perf_counter()
        found = open_results(Path(results) / "scale").trials(["learning_rate", "final_loss"])
        seconds = time.perf_counter() - start
        assert len(found) == trials
    scale = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss: bytes there, KiB elsewhere
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale
    return {"seconds": seconds, "peak": peak}


def main() -> None:
    """Measure each number of trials in turn."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--trials", type=int, nargs="+", default=[10**4, 10**5, 10**6, 10**7])
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--parameters", default="final", help="record.parameters of the study")
    parser.add_argument("--threads", type=int, default=usable_processors())
    parser.add_argument("--part", help=argparse.SUPPRESS)
    options = parser.parse_args()
    common = (options.steps, options.parameters, options.threads)
    if options.part:
        print(json.dumps(measured(options.trials[0], *common, options.part)))
        return
    for trials in options.trials:
        with tempfile.TemporaryDirectory(dir=".") as results:
            parts = {}
            for part in ("kernel", "run", "again", "read"):
                command = [sys.executable, "-m", "benchmarks.scale", *sys.argv[1:]]
                command += ["--trials", str(trials), "--part", f"{results}:{part}"]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                parts[part] = json.loads(done.stdout)
            size = sum(path.stat().st_size for path in Path(results).rglob("*") if path.is_file())
        kernel, run, again, read = (parts[name]["seconds"] for name in parts)
        print(
            f"{trials:>10,} trials: kernel {kernel:.2f} s, run {run:.2f} s ({run / kernel:.2f} x, "
            f"{1e6 * (run - kernel) / trials:.2f} us a trial more), nothing to do {again:.2f} s, "
            f"two columns {read:.2f} s; {size / trials:.0f} bytes a trial; peak of the run "
            f"{parts['run']['peak'] / 2**20:.0f} MiB, of reading "
            f"{parts['read']['peak'] / 2**20:.0f} MiB",
            flush=True,
        )


if __name__ == "__main__":
    main()
