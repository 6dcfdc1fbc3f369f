"""The experiments on the boundary of trainability in JAX, as the paper describes them.

Sohl-Dickstein, "The boundary of neural network trainability is fractal" (2024, arXiv 2402.06184).
Imports nothing from the package.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
TAIL, CAP = 20, 1e6


def hidden(kind: str) -> Callable[[Any], Any]:
    """The first layer's activation, its multiplier with it."""
    import jax  # noqa: PLC0415 - an extra that few install
    import jax.numpy as jnp  # noqa: PLC0415

    return {
        "tanh": lambda z: jnp.tanh(np.sqrt(2) / 4 * z),
        "relu": lambda z: np.sqrt(2) * jax.nn.relu(z / 4),
        "identity": lambda z: z / 4,
    }[kind]


def losses(
    kind: str, weights: Array, data: Array, batches: NDArray[np.int16] | None, rates: Array,
    steps: int, *, drifting: bool = False,
) -> Array:  # fmt: skip
    """The losses (trials, steps + 1) on all data before each step and after the last.

    `weights` are (272,), `data` (samples, 17), `rates` (trials, 2) of the two layers, or if
    `drifting` what is added to the first layer's weights before every step, and the rate of both;
    `kind` is "tanh", "relu" or "identity".
    """
    import jax  # noqa: PLC0415 - an extra that few install
    import jax.numpy as jnp  # noqa: PLC0415

    act = hidden(kind)

    def loss(layers: tuple[jax.Array, jax.Array], x: jax.Array, y: jax.Array) -> jax.Array:
        out = act(x @ layers[0]) @ layers[1] / 16
        return jnp.mean((out - y) ** 2)

    with jax.enable_x64(True):
        x, y = jnp.asarray(data[:, :16]), jnp.asarray(data[:, 16:])
        first = jnp.asarray(weights[:256].reshape(16, 16).T)
        start = (first, jnp.asarray(weights[256:].reshape(16, 1)))
        order = jnp.asarray(batches[:steps]) if batches is not None else jnp.zeros((steps, 0))

        def trained(rate: jax.Array) -> jax.Array:
            drift = rate[0] if drifting else 0.0
            rate = jnp.stack([rate[1], rate[1]]) if drifting else rate

            def step(layers: Any, chosen: jax.Array) -> Any:
                layers = (layers[0] + drift, layers[1])
                part = (x[chosen], y[chosen]) if batches is not None else (x, y)
                slopes = jax.grad(loss)(layers, *part)
                now = tuple(w - eta * g for w, eta, g in zip(layers, rate, slopes, strict=True))
                return now, loss(layers, x, y)

            last, found = jax.lax.scan(step, start, order)
            return jnp.append(found, loss((last[0] + drift, last[1]), x, y))

        return np.asarray(jax.jit(jax.vmap(trained))(jnp.asarray(rates)))


def converged(found: Array) -> NDArray[np.bool_]:
    """Whether the mean of the last 20 normalised and capped losses is below 1."""
    with np.errstate(invalid="ignore", over="ignore"):
        normalised = found / found[:, :1]
    capped = np.where(np.isfinite(normalised), np.minimum(normalised, CAP), CAP)
    return capped[:, -TAIL:].mean(axis=1) < 1
