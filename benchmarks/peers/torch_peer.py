"""PyTorch on the CPU, a step at a time, written in three ways.

`build` is how one writes it: `vmap(grad)`.
`build_compiled` is that, its step compiled by `torch.compile`. It works, but its C++ is compiled
anew for each size of batch, for seconds and more; so there are few, and each call cuts its networks
into batches itself.
`build_bmm` is how one writes it for speed: batched matrix products and the gradient by hand, in
buffers that stay, with the step of gradient descent in the product that makes the gradient.
"""

import shutil
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.func import grad, vmap

from benchmarks.arithmetic import loss_scale, split
from benchmarks.peers import Train
from sweep.instrument.networks import Case

Layers = list[tuple[Any, Any]]

BACKEND = "inductor"  # of torch.compile

ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "identity": lambda z: z,
}
_aten = torch.ops.aten
# In place: z becomes f(z), and an error dE/dA, with the outputs A, becomes dE/dz.
IN_PLACE: dict[str, tuple[Callable[[Any], Any], Callable[[Any, Any], Any]]] = {
    "sigmoid": (
        torch.sigmoid_,
        lambda error, a: _aten.sigmoid_backward.grad_input(error, a, grad_input=error),
    ),
    "tanh": (
        torch.tanh_,
        lambda error, a: _aten.tanh_backward.grad_input(error, a, grad_input=error),
    ),
    "relu": (
        torch.relu_,
        lambda error, a: _aten.threshold_backward.grad_input(error, a, 0, grad_input=error),
    ),
    "identity": (lambda z: z, lambda error, a: error),
}


def build(case: Case, dtype: str, threads: int, batch: int) -> Train:
    """`threads` of PyTorch's own in every worker."""
    loss = _loss(case, dtype)
    slopes = vmap(grad(loss))

    def train(initial: np.ndarray) -> np.ndarray:
        torch.set_num_threads(threads)
        parameters = torch.from_numpy(initial.copy())
        with torch.no_grad():
            for _ in range(case.steps):
                parameters -= case.learning_rate * slopes(parameters)
            return vmap(loss)(parameters).numpy()

    return train


def build_compiled(case: Case, dtype: str, threads: int, batch: int) -> Train:
    """Batches one after another, the last one filled up; `threads` of PyTorch's own.

    Raises:
        FileNotFoundError: there is no compiler of C++.
    """
    if shutil.which("g++") is None and shutil.which("clang++") is None:
        raise FileNotFoundError("torch.compile needs a compiler of C++")
    loss = _loss(case, dtype)
    slopes = vmap(grad(loss))

    def step(parameters: Any) -> Any:
        return parameters - case.learning_rate * slopes(parameters)

    compiled = torch.compile(step, dynamic=False, backend=BACKEND)

    def descend(parameters: Any) -> Any:
        for _ in range(case.steps):
            parameters = compiled(parameters)
        return vmap(loss)(parameters)

    def train(initial: np.ndarray) -> np.ndarray:
        torch.set_num_threads(threads)
        n = len(initial)
        padded = np.pad(initial, ((0, -n % batch), (0, 0)), "edge")
        with torch.no_grad():
            parts = torch.from_numpy(padded).split(batch)
            return torch.cat([descend(part) for part in parts])[:n].numpy()

    return train


def build_bmm(case: Case, dtype: str, threads: int, batch: int) -> Train:
    """Samples last, so that the first layer of all networks is one product with the data."""
    inputs, targets = (rows.T.contiguous() for rows in _data(case, dtype))
    functions = [IN_PLACE[name] for name in case.activations]
    rate, factor, samples = case.learning_rate, 2 * loss_scale(case), len(case.inputs)

    def train(initial: np.ndarray) -> np.ndarray:
        torch.set_num_threads(threads)
        layers, n = _copies(case, initial), len(initial)
        with torch.inference_mode():
            outputs = [inputs.new_empty(n, size, samples) for size in case.layers[1:]]
            errors = [torch.empty_like(a) for a in outputs]
            for _ in range(case.steps):
                _forward(layers, functions, inputs, outputs)
                torch.sub(outputs[-1], targets, out=errors[-1]).mul_(factor)
                _backward(layers, functions, rate, inputs, outputs, errors)
            _forward(layers, functions, inputs, outputs)
            return (loss_scale(case) * (outputs[-1] - targets).square_().sum((1, 2))).numpy()

    return train


def _forward(layers: Layers, functions: list[Any], inputs: Any, outputs: list[Any]) -> None:
    """Fill the outputs of every layer: (networks, neurons, samples)."""
    for k, (w, b) in enumerate(layers):
        if k:
            torch.bmm(w, outputs[k - 1], out=outputs[k])
        else:
            torch.mm(w.flatten(0, 1), inputs, out=outputs[0].flatten(0, 1))
        if b is not None:
            outputs[k].add_(b.unsqueeze(-1))
        functions[k][0](outputs[k])


def _backward(
    layers: Layers, functions: list[Any], rate: float, inputs: Any, outputs: Any, errors: Any
) -> None:
    """Step down, from the last layer's dE/dA to the first: each passes back before it changes."""
    for k, (w, b) in reversed(list(enumerate(layers))):
        delta = functions[k][1](errors[k], outputs[k])
        if k:
            torch.bmm(w.mT, delta, out=errors[k - 1])
            w.baddbmm_(delta, outputs[k - 1].mT, alpha=-rate)
        else:
            w.flatten(0, 1).addmm_(delta.flatten(0, 1), inputs.T, alpha=-rate)
        if b is not None:
            b.sub_(delta.sum(-1), alpha=rate)


def _loss(case: Case, dtype: str) -> Callable[[Any], Any]:
    """One network's loss, a function of its parameters (P,)."""
    inputs, targets = _data(case, dtype)

    def loss(parameters: Any) -> Any:
        a = inputs
        for (w, b), activation in zip(split(case, parameters), case.activations, strict=True):
            z = a @ w.T
            a = ACTIVATIONS[activation](z if b is None else z + b)
        return loss_scale(case) * ((a - targets) ** 2).sum()

    return loss


def _data(case: Case, dtype: str) -> tuple[Any, Any]:
    number = getattr(torch, dtype)
    return torch.tensor(case.inputs, dtype=number), torch.tensor(case.targets, dtype=number)


def _copies(case: Case, initial: np.ndarray) -> Layers:
    """Each layer's weights (n, to, from) and biases (n, to), in arrays of their own."""
    return [
        tuple(None if part is None else torch.tensor(part) for part in layer)
        for layer in split(case, initial)
    ]
