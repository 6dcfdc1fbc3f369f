"""NumPy, the gradient by hand, written in two ways.

`build` has trials last: an elementwise product and a sum, the fastest where networks are tiny.
`build_matmul` has trials first: batched matrix products, which BLAS takes where they are larger.
"""

from collections.abc import Callable

import numpy as np

from benchmarks.arithmetic import loss_scale, split
from benchmarks.peers import Train
from sweep.instrument.networks import Case

Array = np.ndarray
Layers = list[tuple[Array, Array | None]]

ACTIVATIONS: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda a: a * (1 - a)),
    "tanh": (np.tanh, lambda a: 1 - a * a),
    "relu": (lambda z: np.maximum(z, 0), lambda a: (a > 0).astype(a.dtype)),
    "identity": (lambda z: z, np.ones_like),
}


def build(case: Case, dtype: str, threads: int, batch: int) -> Train:
    """NumPy's elementwise functions have one thread each; a pool gives each its batch."""
    inputs, targets = (np.array(rows, dtype).T[..., None] for rows in (case.inputs, case.targets))
    factor = np.dtype(dtype).type(2 * loss_scale(case) * case.learning_rate)
    functions = [ACTIVATIONS[name] for name in case.activations]

    def forward(layers: Layers) -> list[Array]:
        """Outputs of every layer, the inputs first: (neurons, samples, trials)."""
        outputs = [inputs]
        for (w, b), (activation, _) in zip(layers, functions, strict=True):
            z = (w[:, :, None] * outputs[-1]).sum(1)
            outputs.append(activation(z if b is None else z + b[:, None]))
        return outputs

    def step(layers: Layers) -> None:
        outputs = forward(layers)
        error = factor * (outputs[-1] - targets)
        for layer, (w, b) in reversed(list(enumerate(layers))):
            delta = error * functions[layer][1](outputs[layer + 1])
            if layer:
                error = (w[:, :, None] * delta[:, None]).sum(0)
            np.subtract(w, (delta[:, None] * outputs[layer]).sum(2), out=w)
            if b is not None:
                np.subtract(b, delta.sum(1), out=b)

    def train(initial: Array) -> Array:
        layers = [
            (np.ascontiguousarray(np.moveaxis(w, 0, -1)), None if b is None else b.T.copy())
            for w, b in split(case, initial)
        ]
        for _ in range(case.steps):
            step(layers)
        error = forward(layers)[-1] - targets
        return loss_scale(case) * (error * error).sum((0, 1))

    return train


def build_matmul(case: Case, dtype: str, threads: int, batch: int) -> Train:
    """Samples last, so that the first layer of all networks is one product with the data."""
    inputs, targets = (np.array(rows, dtype).T.copy() for rows in (case.inputs, case.targets))
    factor = np.dtype(dtype).type(2 * loss_scale(case) * case.learning_rate)
    functions = [ACTIVATIONS[name] for name in case.activations]

    def forward(layers: Layers) -> list[Array]:
        """Outputs of every layer: (trials, neurons, samples)."""
        outputs = []
        for (w, b), (activation, _) in zip(layers, functions, strict=True):
            z = w @ outputs[-1] if outputs else _of_all(w, inputs)
            if b is not None:
                z += b[..., None]
            outputs.append(activation(z))
        return outputs

    def step(layers: Layers) -> None:
        outputs = forward(layers)
        error = factor * (outputs[-1] - targets)
        for layer, (w, b) in reversed(list(enumerate(layers))):
            delta = error * functions[layer][1](outputs[layer])
            if layer:
                error = w.mT @ delta
                np.subtract(w, delta @ outputs[layer - 1].mT, out=w)
            else:
                np.subtract(w, _of_all(delta, inputs.T), out=w)
            if b is not None:
                np.subtract(b, delta.sum(-1), out=b)

    def train(initial: Array) -> Array:
        layers = [(w.copy(), None if b is None else b.copy()) for w, b in split(case, initial)]
        for _ in range(case.steps):
            step(layers)
        error = forward(layers)[-1] - targets
        return loss_scale(case) * (error * error).sum((1, 2))

    return train


def _of_all(trials: Array, shared: Array) -> Array:
    """(trials, m, k) times (k, n) as one product."""
    n, rows, _ = trials.shape
    return (trials.reshape(n * rows, -1) @ shared).reshape(n, rows, -1)
