"""Random networks of every kind, each named by a seed."""

from collections.abc import Sequence
from functools import cache

import numpy as np

from sweep.study import ACTIVATIONS, LOSSES, Group

from .groups import group


@cache
def random_network(
    seed: int,
    layers: Sequence[int] | None = None,
    activations: Sequence[str] | None = None,
) -> Group:
    """A network of depth 1 to 4 and widths 1 to 9, with 1 to 5 samples: ten steps, three trials.

    Each layer has its own rate, most layers' biases too; other sizes and activations can be given.
    """
    generator = np.random.default_rng(seed)
    sizes = list(layers or generator.integers(1, 10, 2 + seed % 4).tolist())
    depth = len(sizes) - 1
    names = list(activations or np.roll(generator.permutation(ACTIVATIONS), seed)[:depth].tolist())
    samples, bias = int(generator.integers(1, 6)), bool(seed // 4 % 2)
    text = f"""
        [network]
        layers = {sizes}
        activation = {names}
        bias = {str(bias).lower()}
        loss = '{LOSSES[seed // 2 % 2]}'
        [data]
        inputs = {generator.normal(size=(samples, sizes[0])).tolist()}
        targets = {generator.uniform(size=(samples, sizes[-1])).tolist()}
        [initial]
        scheme = 'xavier'
        [training]
        steps = 10
        learning_rate = {generator.uniform(0.01, 0.1, depth).tolist()}
        [axes]
        seed = [1, 2, 3]
        [record]
        parameters = 'every step'
        """
    edits = []
    if bias:
        edits.append(f"initial.biases={[generator.normal(size=n).tolist() for n in sizes[1:]]}")
    if bias and seed % 3:
        rates = generator.uniform(0, 0.1, depth).tolist()
        edits.append(f"training.bias_learning_rate={rates}")
    return group(text, *edits)
