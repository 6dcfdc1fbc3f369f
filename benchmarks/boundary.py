"""Draw the data and weights of the paper on the boundary of trainability, once, for `experiments/`.

Sohl-Dickstein, "The boundary of neural network trainability is fractal" (2024, arXiv 2402.06184),
draws them with JAX's Threefry generator in its older form, in float64. Needs the extra `peers`:

    python -m benchmarks.boundary

The files are part of the repository; a test draws them again where JAX is installed.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FOLDER = Path(__file__).parents[1] / "experiments" / "boundary"
WIDTH = 16
SAMPLES = 272
STEPS = 1000
"""Of mini-batches: the window that the paper shows of them was trained with the keys of 1,000."""


def drawn() -> dict[str, NDArray[np.float64] | NDArray[np.int16]]:
    """The arrays by the names of their files.

    Returns:
        initial: (272,) the weights, of each hidden neuron those of its inputs, then the output's.
        data_272, data_16, data_1: (samples, 17), inputs and in the last column targets; those of
            fewer samples are drawn anew, they are no part of those of more.
        batches: (1000, 16) int16, the samples of each step, from 0.
    """
    import jax  # noqa: PLC0415 - an extra that few install
    from jax import random  # noqa: PLC0415

    with jax.threefry_partitionable(False), jax.enable_x64(True):
        found: dict[str, NDArray[np.float64] | NDArray[np.int16]] = {}
        for samples in (SAMPLES, WIDTH, 1):
            rng, key = random.split(random.PRNGKey(0))
            first, second = random.split(key)
            weights = (random.normal(first, (WIDTH, WIDTH)), random.normal(second, (WIDTH, 1)))
            found["initial"] = np.concatenate([np.asarray(w).T.ravel() for w in weights])
            rng, key = random.split(rng)
            inputs = random.normal(key, (samples, WIDTH))
            rng, key = random.split(rng)
            targets = random.normal(key, (samples, 1))
            found[f"data_{samples}"] = np.concatenate([inputs, targets], axis=1)
        keys = random.split(random.PRNGKey(42), STEPS)
        rows = [random.randint(key, (WIDTH,), 0, SAMPLES) for key in keys]
        found["batches"] = np.asarray(rows).astype(np.int16)
    return found


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, array in drawn().items():
        np.save(FOLDER / f"{name}.npy", array)


if __name__ == "__main__":
    main()
