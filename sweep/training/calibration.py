"""How fast this machine trains a group: a few steps of a few trials, timed and thrown away."""

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from sweep.study import Group, Record
from sweep.training.costs import steps_per_second
from sweep.training.trainer import prepare, shape_of, train

_SECONDS = 0.1  # that are timed: some thousand times the clock's resolution
_LONGEST = 1.0  # the guess at one step of one block above which nothing is tried
_BLOCKS = 16  # at most: more are no faster


def calibrate(groups: Sequence[Group]) -> float | None:
    """How many times as fast as guessed this machine trains, by the group with most to do.

    One thread trains it for about a fifth of a second; its kernel is compiled if need be. None if
    the smallest possible trial would take longer than a second.
    """
    group = max(groups, key=lambda one: one.trials * one.steps / steps_per_second(one))
    guess = steps_per_second(group)
    lanes = shape_of(group).lanes
    if lanes / guess > _LONGEST:
        return None
    prepare(group)
    steps, trials = 1, min(group.trials, lanes)
    most = min(group.trials, lanes * _BLOCKS)
    while True:
        seconds = _timed(_shortened(group, steps), trials)
        if seconds > _SECONDS or (steps == group.steps and trials == most):
            # A last block that is not full takes as long as one that is.
            return -(-trials // lanes) * lanes * steps / seconds / guess
        growth = max(2, min(int(_SECONDS / seconds), 64))
        if steps < group.steps:
            steps = min(steps * growth, group.steps)
        else:
            trials = min(trials * growth, most)


def _timed(group: Group, trials: int) -> float:
    """The seconds that the first trials of a group take."""
    index = np.arange(trials)
    start = time.perf_counter()
    train(group, index)
    return time.perf_counter() - start


def _shortened(group: Group, steps: int) -> Group:
    """The group with fewer steps, of which the same share is recorded."""
    if steps == group.steps:
        return group
    kind, _, number = group.record.loss.partition(" ")
    every = max(group.steps // int(number), 1) if kind == "log" else 1
    return replace(
        group,
        training=replace(group.training, steps=steps),
        schedule=replace(group.schedule, warmup=min(group.schedule.warmup, steps - 1)),
        record=Record(f"every {every}" if kind == "log" else group.record.loss, "final"),
    )
