"""Factors before the learning rates, by step: each schedule as its formula stands."""

from math import cos, pi

SCHEDULES = ("constant", "step", "exponential", "cosine", "one_cycle", "wsd", "range_test")


def factors(
    name: str,
    steps: int,
    *,
    warmup: int = 0,
    every: int = 1,
    gamma: float = 0.1,
    final: float = 0.0,
) -> tuple[float, ...]:
    """One factor for each of `steps` updates; the schedule proper begins after the warm-up."""
    rest = steps - warmup
    formulas = {
        "constant": lambda t: 1.0,
        "step": lambda t: gamma ** (t // every),
        "exponential": lambda t: gamma**t,
        # Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", 2017
        "cosine": lambda t: _from_to(1.0, final, t / rest),
        "one_cycle": lambda t: _one_cycle(t, rest),
        # Haegele et al., "Scaling laws and compute-optimal training ...", 2024, with a fifth
        "wsd": lambda t: final + (1 - final) * min(1, (rest - t) / (rest / 5)),
        # Smith, "Cyclical learning rates for training neural networks", 2017
        "range_test": lambda t: final ** (t / (rest - 1)),
    }
    rising = [(t + 1) / warmup for t in range(warmup)]
    return tuple(rising + [formulas[name](t) for t in range(rest)])


def _from_to(start: float, end: float, share: float) -> float:
    """Half a cosine wave."""
    return end + (start - end) * (1 + cos(pi * share)) / 2


def _one_cycle(t: int, steps: int) -> float:
    """From 1/25 up to 1 in the first 0.3 of the steps, then down to 1/25 of 1e-4.

    Smith and Topin, "Super-convergence", 2018, with the numbers of PyTorch's `OneCycleLR`.
    """
    top, last = 0.3 * steps - 1, steps - 1
    if t <= top:
        return _from_to(1 / 25, 1.0, t / top)
    return _from_to(1.0, 1 / 25 / 1e4, (t - top) / (last - top))
