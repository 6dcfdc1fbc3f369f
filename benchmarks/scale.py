"""What a study of many trials costs from end to end: ``python -m benchmarks.scale``.

For each number of trials, each part in a process of its own: the chunks through the kernel alone,
on as many threads, with nothing saved; then `runner.run` of the 2-2-2 network into an empty
directory; the run again, which finds nothing to do; two columns of all trials read back. Prints
seconds, the ratio of run to kernel, microseconds a trial of what the kernel does not explain, and
the peak of resident memory, the interpreter and its libraries included; saves all of it as a tidy
table (`benchmarks.tidy`).
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.memory import peak_bytes
from benchmarks.options import console, save
from benchmarks.overhead import kernel_seconds
from benchmarks.tidy import tidy
from sweep.runs import runner
from sweep.store.machine import usable_processors
from sweep.store.results import open_results
from sweep.study import Study, parse_study

PARTS = ("kernel", "run", "again", "read")

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
    return {"seconds": seconds, "peak": peak_bytes()}


def rounds_of(trials: int, arguments: Sequence[str], rounds: int) -> Iterator[dict[str, Any]]:
    """Measure one number of trials; yield a row a number, as `tidy` takes them."""
    for number in range(rounds):
        with tempfile.TemporaryDirectory(dir=".") as results:
            parts = {}
            for part in PARTS:
                command = [sys.executable, "-m", "benchmarks.scale", *arguments]
                command += ["--trials", str(trials), "--part", f"{results}:{part}"]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                parts[part] = json.loads(done.stdout)
            size = sum(path.stat().st_size for path in Path(results).rglob("*") if path.is_file())
        _tell(trials, parts, size)
        for part, found in parts.items():
            for quantity, unit in (("seconds", "seconds"), ("peak", "bytes")):
                yield {
                    "quantity": f"{part}: {quantity}",
                    "value": found[quantity],
                    "unit": unit,
                    "round": number,
                }
        yield {"quantity": "disk", "value": size, "unit": "bytes", "round": number}


def _tell(trials: int, parts: dict[str, dict[str, float]], size: int) -> None:
    kernel, run, again, read = (parts[name]["seconds"] for name in PARTS)
    console.print(
        f"{trials:>10,} trials: kernel {kernel:.2f} s, run {run:.2f} s ({run / kernel:.2f} x, "
        f"{1e6 * (run - kernel) / trials:.2f} us a trial more), nothing to do {again:.2f} s, "
        f"two columns {read:.2f} s; {size / trials:.0f} bytes a trial; peak of the run "
        f"{parts['run']['peak'] / 2**20:.0f} MiB, of reading "
        f"{parts['read']['peak'] / 2**20:.0f} MiB",
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure each number of trials in turn."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    options = _parse(given)
    common = (options.steps, options.parameters, options.threads)
    if options.part:
        print(json.dumps(measured(options.trials[0], *common, options.part)))
        return
    rows: list[dict[str, Any]] = []
    for trials in options.trials:
        same = {
            "network": "2-2-2",
            "layers": "2-2-2",
            "samples": 1,
            "dtype": "float64",
            "threads": options.threads,
            "trials": trials,
        }
        rows += [same | row for row in rounds_of(trials, given, options.rounds)]
    console.print(f"Saved to {save(tidy(rows), options.results, 'scale')}")


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--trials", type=int, nargs="+", default=[10**k for k in range(2, 8)])
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--parameters", default="final", help="record.parameters of the study")
    parser.add_argument("--threads", type=int, default=usable_processors())
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--results", type=Path, default=Path("results/benchmarks"))
    parser.add_argument("--part", help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
