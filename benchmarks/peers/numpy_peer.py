"""NumPy: batched arrays with trials last, the gradient by hand."""

from collections.abc import Callable

import numpy as np

from benchmarks.networks import Case
from benchmarks.peers import Train

Array = np.ndarray


ACTIVATIONS: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda a: a * (1 - a)),
    "tanh": (np.tanh, lambda a: 1 - a * a),
    "relu": (lambda z: np.maximum(z, 0), lambda a: (a > 0).astype(a.dtype)),
    "identity": (lambda z: z, np.ones_like),
}


def build(case: Case, dtype: str, threads: int, batch: int) -> Train:
    """NumPy's elementwise functions have one thread each; a pool gives each its batch."""
    inputs, targets = (np.array(rows, dtype).T[..., None] for rows in (case.inputs, case.targets))
    factor = np.dtype(dtype).type(2 * case.loss_scale * case.learning_rate)
    functions = [ACTIVATIONS[name] for name in case.activations]

    def forward(weights: list[Array], biases: list[Array | None]) -> list[Array]:
        """Outputs of every layer, the inputs first: (neurons, samples, trials)."""
        outputs = [inputs]
        for w, b, (activation, _) in zip(weights, biases, functions, strict=True):
            z = (w[:, :, None] * outputs[-1]).sum(1)
            outputs.append(activation(z if b is None else z + b[:, None]))
        return outputs

    def step(weights: list[Array], biases: list[Array | None]) -> None:
        outputs = forward(weights, biases)
        error = factor * (outputs[-1] - targets)
        for layer in reversed(range(len(weights))):
            delta = error * functions[layer][1](outputs[layer + 1])
            if layer:
                error = (weights[layer][:, :, None] * delta[:, None]).sum(0)
            weights[layer] -= (delta[:, None] * outputs[layer]).sum(2)
            bias = biases[layer]
            if bias is not None:
                bias -= delta.sum(1)

    def train(initial: Array) -> Array:
        parameters = case.split(initial)
        weights = [np.ascontiguousarray(np.moveaxis(w, 0, -1)) for w, _ in parameters]
        biases = [None if b is None else b.T.copy() for _, b in parameters]
        for _ in range(case.steps):
            step(weights, biases)
        error = forward(weights, biases)[-1] - targets
        return case.loss_scale * (error * error).sum((0, 1))

    return train
