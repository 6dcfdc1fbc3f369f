"""The shape of a fully connected network and the names of its parameters."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

ACTIVATIONS = (
    "sigmoid",
    "tanh",
    "relu",
    "leaky_relu",
    "elu",
    "softplus",
    "gelu",
    "gelu_tanh",
    "silu",
    "identity",
    "softmax",
)
"""What a study can name; softmax as the last layer's only."""

LAST_ACTIVATIONS: Mapping[str, tuple[str, ...]] = {
    "half_squared_error": ACTIVATIONS,
    "mean_squared_error": ACTIVATIONS,
    "huber": ACTIVATIONS,
    "binary_cross_entropy": ("sigmoid",),
    "softmax_cross_entropy": ("softmax",),
}
"""The activations that the last layer may have, by loss."""

LOSSES = tuple(LAST_ACTIVATIONS)


@dataclass(frozen=True)
class Network:
    """A fully connected network.

    `layers` holds the size of every layer, inputs first; `activations` one name of `ACTIVATIONS`
    for each layer but the inputs, where a layer's z becomes its outputs

    - sigmoid 1 / (1 + e^-z), tanh, relu max(0, z), identity z
    - leaky_relu: z, or 0.01 z below 0
    - elu: z, or e^z - 1 below 0
    - softplus: log(1 + e^z)
    - gelu: z Phi(z), Phi being the normal distribution function
    - gelu_tanh: z/2 (1 + tanh(sqrt(2/pi) (z + 0.044715 z^3)))
    - silu: z sigmoid(z)
    - softmax: e^z_j / sum over the layer of e^z_k

    and `loss` is one of `LOSSES`, with targets T, outputs A = A(z) and e = T - A:

    - half_squared_error: E = 1/samples * sum over samples and outputs of 1/2 e^2
    - mean_squared_error: E = mean over samples and outputs of e^2
    - huber: E = mean over samples and outputs of 1/2 e^2 where |e| <= 1, |e| - 1/2 elsewhere
    - binary_cross_entropy: E = mean over samples and outputs of -(T log A + (1 - T) log(1 - A))
    - softmax_cross_entropy: E = mean over samples of -sum over outputs of T log A
    """

    layers: tuple[int, ...]
    activations: tuple[str, ...]
    bias: bool
    loss: str

    @property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """The (to, from) shape of each layer's weights, first layer first."""
        return tuple((size, before) for before, size in pairwise(self.layers))

    @property
    def n_parameters(self) -> int:
        """How many numbers a trial trains: all weights, and the biases where there are any."""
        return count_parameters(self.layers, bias=self.bias)

    @cached_property
    def parameter_names(self) -> tuple[str, ...]:
        """One column name a parameter, in parameter order.

        `w1_2_1` is the weight of layer 1 to neuron 2 from neuron 1, `b1_2` that neuron's bias.
        Layer by layer: all weights [to][from], row by row, then the layer's biases.
        """
        return tuple(self._names())

    def _names(self) -> Iterator[str]:
        for layer, (size, before) in enumerate(self.shapes, start=1):
            for to in range(1, size + 1):
                for origin in range(1, before + 1):
                    yield f"w{layer}_{to}_{origin}"
            if self.bias:
                yield from (f"b{layer}_{to}" for to in range(1, size + 1))


def count_parameters(layers: tuple[int, ...], *, bias: bool) -> int:
    """How many weights and biases a network of these layer sizes has."""
    return sum((before + bias) * size for before, size in pairwise(layers))
