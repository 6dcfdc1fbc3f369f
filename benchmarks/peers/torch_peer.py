"""PyTorch on the CPU: `vmap(grad)`, a step at a time."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.func import grad, vmap

from benchmarks.networks import Case
from benchmarks.peers import Train

ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "identity": lambda z: z,
}


def build(case: Case, dtype: str, threads: int, batch: int) -> Train:
    """`threads` of PyTorch's own in every worker."""
    inputs, targets = (
        torch.tensor(rows, dtype=getattr(torch, dtype)) for rows in (case.inputs, case.targets)
    )

    def loss(parameters: Any) -> Any:
        a = inputs
        for (w, b), activation in zip(case.split(parameters), case.activations, strict=True):
            z = a @ w.T
            a = ACTIVATIONS[activation](z if b is None else z + b)
        return case.loss_scale * ((a - targets) ** 2).sum()

    slopes = vmap(grad(loss))

    def train(initial: np.ndarray) -> np.ndarray:
        torch.set_num_threads(threads)
        parameters = torch.from_numpy(initial.copy())
        with torch.no_grad():
            for _ in range(case.steps):
                parameters -= case.learning_rate * slopes(parameters)
            return vmap(loss)(parameters).numpy()

    return train
