"""JAX on the CPU: `jit(vmap(scan))` over `grad`, written in four ways.

`build` is how one writes it: with matrices, and XLA multiplies a batch of tiny ones.
`build_columns` is the same with a sample a column, which XLA takes better for some sizes.
`build_donated` is the first, whose parameters come back in the memory in which they went in.
`build_unrolled` is how one writes it for speed where the network is tiny: each weight is an array
of its own, and a step fuses into one loop over the trials.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.arithmetic import loss_scale, products, split
from benchmarks.peers import Train
from sweep.instrument.networks import Case

jax.config.update("jax_enable_x64", True)  # else float64 is silently float32

_MOST_SCALARS = 500

ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "sigmoid": jax.nn.sigmoid,
    "tanh": jnp.tanh,
    "relu": jax.nn.relu,
    "identity": lambda z: z,
}


def build(case: Case, dtype: str, threads: int, batch: int) -> Train:
    """XLA has one pool of threads for the process, which all workers share."""
    return _train(case, _loss_of_rows(case, dtype), partial(split, case), unroll=1)


def build_donated(case: Case, dtype: str, threads: int, batch: int) -> Train:
    """As `build`, and parameters are returned: nothing else can take a donated buffer's place."""
    loss = _loss_of_rows(case, dtype)
    descend = _descend(case, loss, unroll=1)

    def step_down(parameters: Any) -> Any:
        found = descend(parameters)
        return found, loss(found)

    train = jax.jit(jax.vmap(step_down), donate_argnums=0)

    def train_all(initial: np.ndarray) -> np.ndarray:
        return np.asarray(train(jax.tree.map(jnp.array, split(case, initial)))[1])

    return train_all


def _loss_of_rows(case: Case, dtype: str) -> Callable[[Any], Any]:
    """One network's loss, a sample a row."""
    inputs, targets = jnp.array(case.inputs, dtype), jnp.array(case.targets, dtype)

    def loss(parameters: Any) -> Any:
        a = inputs
        for (w, b), activation in zip(parameters, case.activations, strict=True):
            z = a @ w.T
            a = ACTIVATIONS[activation](z if b is None else z + b)
        return loss_scale(case) * jnp.sum((a - targets) ** 2)

    return loss


def build_columns(case: Case, dtype: str, threads: int, batch: int) -> Train:
    """As `build`, z = w a."""
    inputs, targets = jnp.array(case.inputs, dtype).T, jnp.array(case.targets, dtype).T

    def loss(parameters: Any) -> Any:
        a = inputs
        for (w, b), activation in zip(parameters, case.activations, strict=True):
            z = w @ a
            a = ACTIVATIONS[activation](z if b is None else z + b[:, None])
        return loss_scale(case) * jnp.sum((a - targets) ** 2)

    return _train(case, loss, partial(split, case), unroll=1)


def build_unrolled(case: Case, dtype: str, threads: int, batch: int) -> Train:
    """As `build`, a scalar at a time; four steps a turn of the loop were the fastest.

    Raises:
        NotImplementedError: XLA would compile the network for minutes.
    """
    if products(case) > _MOST_SCALARS:
        raise NotImplementedError(f"written out, {case.name} takes minutes to compile")
    samples = list(zip(case.inputs, case.targets, strict=True))

    def loss(parameters: Any) -> Any:
        return loss_scale(case) * sum(_squares(parameters, *sample) for sample in samples)

    def _squares(parameters: Any, inputs: tuple[float, ...], targets: tuple[float, ...]) -> Any:
        values = iter(parameters)
        a = list(inputs)
        for (to, _), activation in zip(case.shapes, case.activations, strict=True):
            z = [sum(next(values) * x for x in a) for _ in range(to)]
            a = [ACTIVATIONS[activation](x + next(values) if case.bias else x) for x in z]
        return sum((x - t) ** 2 for x, t in zip(a, targets, strict=True))

    return _train(case, loss, lambda initial: tuple(initial.T), unroll=4)


def _train(
    case: Case, loss: Callable[[Any], Any], unpack: Callable[[np.ndarray], Any], unroll: int
) -> Train:
    descend = _descend(case, loss, unroll)
    train = jax.jit(jax.vmap(lambda parameters: loss(descend(parameters))))
    return lambda initial: np.asarray(train(unpack(initial)))


def _descend(case: Case, loss: Callable[[Any], Any], unroll: int) -> Callable[[Any], Any]:
    """One network's parameters after all steps."""

    def step(parameters: Any, _: None) -> Any:
        slopes = jax.grad(loss)(parameters)
        update = partial(jax.tree.map, lambda w, g: w - case.learning_rate * g)
        return update(parameters, slopes), None

    return lambda parameters: jax.lax.scan(step, parameters, None, case.steps, unroll=unroll)[0]
