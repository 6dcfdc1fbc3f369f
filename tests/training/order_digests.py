"""One number for drawn orders and one for schedules; a script for processes of another CPU."""

import hashlib

import numpy as np

from sweep.study import Schedule
from sweep.training.batches import drawn_order
from sweep.training.schedules import SCHEDULES, rate_factors

SEEDS = [0, 1, 2**32, 2**64 - 1]
POSITIONS = np.array([0, 1, 2, 77, 2**32, 2**32 + 1, 2**40 + 3])


def orders() -> str:
    drawn = [
        drawn_order(order, seed, 37, 37 if order == "shuffle" else 11, POSITIONS)
        for order in ("shuffle", "replacement")
        for seed in SEEDS
    ]
    return hashlib.sha256(
        b"".join(np.ascontiguousarray(one).tobytes() for one in drawn)
    ).hexdigest()


def schedules() -> str:
    """Of a prime number of steps: no loop of NumPy's ends with whole registers."""
    steps = 10007
    chosen = [Schedule(name, 100, every=7, gamma=0.997, final=1e-5) for name in SCHEDULES]
    factors = [rate_factors(schedule, steps, 0, steps) for schedule in chosen]
    return hashlib.sha256(b"".join(one.tobytes() for one in factors)).hexdigest()


if __name__ == "__main__":
    print(orders())
    print(schedules())
