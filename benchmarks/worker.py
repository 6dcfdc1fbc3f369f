"""A process that trains what it is told, with the `sweep` that is first on its path.

It knows no more of the package than the tree of another commit has: `benchmarks.check` starts one
for each of two trees. It reads a line of JSON for each order, and answers each with one:

    {"name": ..., "study": ..., "trials": ...}   make a study ready, its first trials to be trained
    {"train": name}                              train it once

The answer has `seconds`, of a processor and of one thread, and `digest`, of the final losses. With
`--mark` a call that does nothing else, `getpgid`, surrounds every training, for a profiler to see.
"""

import hashlib
import json
import os
import sys
import time
from pathlib import Path

import numpy as np

from sweep.study import parse_study
from sweep.training.trainer import prepare, train


def main() -> None:
    mark = "--mark" in sys.argv
    ready = {}
    for line in sys.stdin:
        order = json.loads(line)
        if "study" in order:
            (group,) = parse_study(order["study"], "check", Path()).groups()
            prepare(group)
            ready[order["name"]] = group, np.arange(order["trials"])
            answer = {}
        else:
            answer = _trained(*ready[order["train"]], mark=mark)
        print(json.dumps(answer), flush=True)


def _trained(group: object, index: np.ndarray, *, mark: bool) -> dict[str, object]:
    if mark:
        os.getpgid(0)
    start = time.thread_time()
    losses = train(group, index).measures["final_loss"]
    seconds = time.thread_time() - start
    if mark:
        os.getpgid(0)
    return {"seconds": seconds, "digest": hashlib.sha256(losses.tobytes()).hexdigest()}


if __name__ == "__main__":
    main()
