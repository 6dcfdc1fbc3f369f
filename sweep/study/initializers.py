"""Where training starts: weights that are stated, or the scheme that draws them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sweep.study.network import Network


@dataclass(frozen=True, eq=False)
class Initial:
    """The parameters before the first step.

    `weights` is a read-only float64 vector in parameter order (see `Network.parameter_names`). It
    holds the biases, and the weights if `scheme` is "explicit", zeros in their place otherwise:
    they are drawn as the catalogue says of `scheme`, from `seed`, and multiplied by `scale`,
    unless these two are swept.
    """

    scheme: str
    weights: np.ndarray
    seed: int
    scale: float


def parameter_vector(
    network: Network,
    weights: Sequence[np.ndarray] | None,
    biases: Sequence[np.ndarray] | None,
) -> np.ndarray:
    """The stated weights (to, from) and biases (to,) of each layer in parameter order.

    Returns a read-only float64 vector of `network.n_parameters`, zero where nothing is stated.
    """
    vector = np.zeros(network.n_parameters)
    start = 0
    for layer, (size, before) in enumerate(network.shapes):
        middle = start + size * before
        if weights is not None:
            vector[start:middle] = weights[layer].ravel()
        start = middle + size * network.bias
        if network.bias and biases is not None:
            vector[middle:start] = biases[layer]
    vector.setflags(write=False)
    return vector
