"""JAX's own functions and gradients on what the oracles train; the updates by hand."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .problem import Descent, Problem

jax.config.update("jax_enable_x64", True)  # else float64 is silently float32

Array = Any

ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "sigmoid": jax.nn.sigmoid,
    "tanh": jnp.tanh,
    "relu": jax.nn.relu,
    "leaky_relu": jax.nn.leaky_relu,
    "elu": jax.nn.elu,
    "softplus": jax.nn.softplus,
    "gelu": lambda z: jax.nn.gelu(z, approximate=False),
    "gelu_tanh": lambda z: jax.nn.gelu(z, approximate=True),
    "silu": jax.nn.silu,
    "square": jnp.square,
    "identity": lambda z: z,
    "softmax": jax.nn.softmax,
}


def gradient(problem: Problem, parameters: Sequence[float]) -> tuple[float, np.ndarray]:
    """The loss and dE/dw (P,) at parameters (P,)."""
    loss, found = _slopes(problem)(*_data(problem), _exact(parameters))
    return float(loss), np.asarray(found)


def descend(
    problem: Problem,
    initial: Sequence[float],
    steps: int,
    weight_rates: Sequence[float],
    bias_rates: Sequence[float] | None = None,
    how: Descent | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Losses (steps + 1,) and parameters (steps + 1, P)."""
    how = how or Descent()
    rates = _exact(problem.rates(weight_rates, bias_rates))
    slopes = _slopes(problem)
    w = _exact(initial)
    losses, parameters, state = [], [w], (jnp.zeros_like(w), jnp.zeros_like(w))
    for step in range(steps + 1):
        loss, g = slopes(*_data(how.seen(problem, step)), w)
        losses.append(float(loss))
        if step < steps:
            eta = rates * how.factor(step)
            w, state = _update(how, float(step + 1), eta, w, g, state)
            parameters.append(w)
    return np.array(losses), np.array(parameters)


def _exact(numbers: Sequence[float]) -> Array:
    return jnp.array(numbers, jnp.float64)


def _data(problem: Problem) -> tuple[Array, Array]:
    return _exact(problem.inputs), _exact(problem.targets)


def _slopes(problem: Problem) -> Callable[[Array, Array, Array], tuple[Array, Array]]:
    """Loss and gradient as a function of inputs, targets and parameters (P,)."""
    return _compiled(replace(problem, inputs=(), targets=()))


@cache
def _compiled(problem: Problem) -> Callable[[Array, Array, Array], tuple[Array, Array]]:
    return jax.jit(jax.value_and_grad(_loss(problem), argnums=2))


def _loss(problem: Problem) -> Callable[[Array, Array, Array], Array]:
    """The loss as a function of inputs, targets and parameters (P,)."""

    def loss(a: Array, t: Array, parameters: Array) -> Array:
        first = 0
        for (to, origin), m, name in zip(
            problem.shapes, problem.factors, problem.activations, strict=True
        ):
            z = m * (a @ parameters[first : first + to * origin].reshape(to, origin).T)
            first += to * origin
            if problem.bias:
                z = z + parameters[first : first + to]
                first += to
            a = ACTIVATIONS[name](z)
        return LOSSES[problem.loss](a, z, t)

    return loss


def _huber(e: Array) -> Array:
    return jnp.where(jnp.abs(e) <= 1, e * e / 2, jnp.abs(e) - 0.5)


# Of outputs, last sums and targets, all (samples, n_out).
LOSSES: dict[str, Callable[[Array, Array, Array], Array]] = {
    "half_squared_error": lambda a, z, t: jnp.sum((a - t) ** 2) / 2 / len(t),
    "mean_squared_error": lambda a, z, t: jnp.mean((a - t) ** 2),
    "huber": lambda a, z, t: jnp.mean(_huber(a - t)),
    "binary_cross_entropy": lambda a, z, t: jnp.mean(
        -t * jax.nn.log_sigmoid(z) - (1 - t) * jax.nn.log_sigmoid(-z)
    ),
    "softmax_cross_entropy": lambda a, z, t: -jnp.sum(t * jax.nn.log_softmax(z)) / len(t),
}


@partial(jax.jit, static_argnums=0)
def _update(
    how: Descent, t: Array, eta: Array, w: Array, g: Array, state: tuple[Array, Array]
) -> tuple[Array, tuple[Array, Array]]:
    """One step, as `Descent` states it: the new parameters and the two averages."""
    m, s = state
    if how.clip_norm < np.inf:
        g = g * jnp.minimum(1.0, how.clip_norm / (jnp.linalg.norm(g) + 1e-6))
    if how.optimizer == "adamw":
        w = w - eta * how.weight_decay * w
    else:
        g = g + how.weight_decay * w
    match how.optimizer:
        case "sgd":
            return w - eta * g, state
        case "momentum":
            m = how.momentum * m + g
            return w - eta * m, (m, s)
        case "nesterov":
            m = how.momentum * m + g
            return w - eta * (g + how.momentum * m), (m, s)
        case "rmsprop":
            s = how.alpha * s + (1 - how.alpha) * g * g
            return w - eta * g / (jnp.sqrt(s) + how.epsilon), (m, s)
        case "adam" | "adamw":
            pass
        case _:
            raise NotImplementedError(f"{how.optimizer} is not written down for JAX")
    m = how.beta1 * m + (1 - how.beta1) * g
    s = how.beta2 * s + (1 - how.beta2) * g * g
    root = jnp.sqrt(s / (1 - how.beta2**t))
    return w - eta * (m / (1 - how.beta1**t)) / (root + how.epsilon), (m, s)
