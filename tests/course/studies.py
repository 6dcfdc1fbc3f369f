"""Studies that explain and worksheet are tried on, and what the kernel makes of them."""

from pathlib import Path
from typing import Any, cast

import numpy as np

from sweep.course.expression import Quantity, compute
from sweep.course.formulas import OPTIMIZERS
from sweep.course.snapshot import Snapshot, _snapshot, snapshot_of
from sweep.study import Study, load_study, parse_study
from sweep.training.trainer import Instant

EXPERIMENTS = Path(__file__).parents[2] / "experiments"

TWO_SAMPLES = """
title = "=1+1 <b>[two]</b> *samples* $a_b$"
[network]
layers = [2, 3, 2]
activation = ["{hidden}", "{last}"]
bias = true
loss = "{loss}"
multiplier = [1.0, 0.5]
[data]
inputs = [[0.3, -0.7], [-0.2, 0.9]]
targets = [[0.25, 0.75], [1.0, 0.0]]
[initial]
scheme = "xavier"
seed = 7
[training]
steps = 12
optimizer = "{optimizer}"
weight_decay = {decay}
clip_norm = {clip}
learning_rate = 0.1
[record]
loss = "every step"
parameters = "every step"
"""


def course(name: str, *overrides: str) -> Study:
    """A shipped study."""
    return load_study(EXPERIMENTS / f"{name}.toml", overrides)


def small(
    hidden: str = "tanh",
    last: str = "sigmoid",
    loss: str = "half_squared_error",
    optimizer: str = "sgd",
    decay: float = 0.0,
    clip: str = "inf",
    overrides: tuple[str, ...] = (),
) -> Study:
    """A network of two samples with biases and multipliers."""
    text = TWO_SAMPLES.format(
        hidden=hidden, last=last, loss=loss, optimizer=optimizer, decay=decay, clip=clip
    )
    return parse_study(text, "small", Path(), overrides)


WIDE = """
[network]
layers = [12, 20, 10]
activation = ["relu", "softmax"]
bias = true
loss = "softmax_cross_entropy"
[data]
name = "white_noise"
samples = 30
[initial]
scheme = "he"
[training]
steps = 4
optimizer = "momentum"
[batch]
size = 9
[axes]
learning_rate = [0.01, 0.1]
"""


def wide() -> Study:
    """A network with more weights than are written out, in mini-batches."""
    return parse_study(WIDE, "wide", Path())


def parameters(snapshot: Snapshot, after: bool = False) -> np.ndarray:
    """The (P,) parameters of a snapshot, before or after its update."""
    prefix = "next_" * after
    return np.array(
        [
            float(np.squeeze(snapshot.numbers[Quantity(prefix + p.kind, p.layer, p.to, p.origin)]))
            for p in snapshot.definitions.all_parameters
        ]
    )


SNAPSHOTS = {
    "course": lambda: snapshot_of(course("lr_graphs"), ["learning_rate=0.5"], 3),
    "half": lambda: snapshot_of(course("lr_graphs_half"), ["learning_rate=2"], 1),
    "biases": lambda: snapshot_of(course("step_by_step"), (), 0),
    "momentum": lambda: invented(small(optimizer="momentum", decay=0.1, clip="0.05"), 5),
    "adam": lambda: invented(small("elu", "identity", "huber", "adam"), 4),
    "adamw": lambda: invented(small("silu", "tanh", optimizer="adamw", decay=0.1), 2),
    "rmsprop": lambda: invented(small("gelu", "softplus", "mean_squared_error", "rmsprop")),
    "nesterov": lambda: invented(
        small("gelu_tanh", "softmax", "softmax_cross_entropy", "nesterov"), 2
    ),
    "logits": lambda: invented(small("leaky_relu", loss="binary_cross_entropy"), 2),
    "softmax": lambda: invented(small("relu", "softmax"), 2),
    "scheduled": lambda: invented(
        small(overrides=('schedule.name="cosine"', "schedule.warmup=2")), 4
    ),
    "wide": lambda: invented(wide(), 2),
    "last": lambda: invented(small(), 12),
}
"""A snapshot of every optimizer, activation and loss, and of networks that are told otherwise."""


def invented(study: Study, step: int = 0) -> Snapshot:
    """Drawn parameters and an update by the formulas: no kernel is compiled for it."""
    group = study.groups()[0]
    generator, count = np.random.default_rng(step), group.network.n_parameters
    rows = len(OPTIMIZERS[group.training.optimizer].kept)
    drawn, kept = generator.normal(size=count) / 2, generator.random((rows, count)) / 9
    now, after = (Instant(at, 0.5, drawn, kept, -1) for at in (step, min(step + 1, group.steps)))
    snapshot = _snapshot(study, group, 0, now, after)
    given = cast("dict[Quantity, Any]", snapshot.numbers.given)
    del given[Quantity("loss")]
    if after.step > step:
        parameters = snapshot.definitions.all_parameters
        for p in parameters:
            for q in snapshot.definitions.kept(p):
                given[q] = compute(snapshot.definitions.of(q), snapshot.numbers.__getitem__)
        for p in parameters:
            q = Quantity(f"next_{p.kind}", p.layer, p.to, p.origin)
            given[q] = compute(snapshot.definitions.of(q), snapshot.numbers.__getitem__)
    return snapshot
